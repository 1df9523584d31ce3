// SPDX-License-Identifier: Apache-2.0
#include "identity/keystone/project_api.h"

#include <array>

#include "identity/account_name.h"
#include "identity/directory/store.h"
#include "identity/keystone/fields.h"
#include "identity/keystone/listing.h"
#include "identity/keystone/records.h"
#include "identity/keystone/whole_list.h"
#include "identity/projects/projects.h"
#include "identity/store.h"

namespace nephele::identity::keystone {

namespace {

using http::Access;
using http::Request;
using http::Response;
using http::Verb;
namespace names = directory::store;

constexpr std::size_t description_bytes_max = 4096;
constexpr std::int64_t depth_max = 8;  // of projects below each other: each look at a role goes up all of them

/// What the body says over what there is. A project's domain never changes.
Result<> apply(const json::Object& body, Project& project) {
  TRY(auto name, maybe_text_in(body, "name"));
  TRY(auto description, maybe_text_in(body, "description"));
  TRY(const auto enabled, flag_in(body, "enabled"));
  TRY(auto tags, texts_in(body, "tags"));
  if (name) project.name = std::move(*name);
  if (description) project.description = std::move(*description);
  if (enabled) project.enabled = *enabled;
  if (tags) project.tags = std::move(*tags);
  TRY_VOID(check_label("project", project.name));
  TRY_VOID(check_text("description", project.description, description_bytes_max));
  if (project.tags.size() > 80) return malformed("a project has at most 80 tags");
  for (const auto& tag : project.tags) TRY_VOID(check_label("tag", tag));
  return {};
}

Result<> apply(const json::Object& body, Domain& domain) {
  TRY(auto name, maybe_text_in(body, "name"));
  TRY(auto description, maybe_text_in(body, "description"));
  TRY(const auto enabled, flag_in(body, "enabled"));
  if (name) domain.name = std::move(*name);
  if (description) domain.description = std::move(*description);
  if (enabled) domain.enabled = *enabled;
  TRY_VOID(check_label("domain", domain.name));
  return check_text("description", domain.description, description_bytes_max);
}

/// Who administers the cloud here administers projects.
projects::Caller acting(const Standing& caller) {
  return {.account = caller.token.account.id, .admin = true};
}

LongList::Page page_of(const std::vector<Project>& rows, std::size_t limit, const Links& links) {
  return rows_of(rows, limit, [&](const Project& each) { return project_json(each, links); });
}

class AllProjects final : public LongList {
 public:
  AllProjects(std::string_view around, const Desk& desk, names::Filter filter, const std::vector<Project>& first)
      : LongList(around, page_of(first, filter.limit, desk.links)), desk_(desk), filter_(std::move(filter)) {
    filter_.after = first.back().id.text();
  }

 private:
  Task<Result<Page>> next() override {
    CO_TRY(const auto rows, co_await desk_.database.read([&](sql::Tx& tx) { return names::projects(tx, filter_); }));
    if (!rows.empty()) filter_.after = rows.back().id.text();
    co_return page_of(rows, filter_.limit, desk_.links);
  }

  const Desk desk_;  // NOLINT(cppcoreguidelines-avoid-const-or-ref-data-members): references only
  names::Filter filter_;
};

constexpr RecordKind<Project> project_kind{
    .name = "project", .find = names::project, .render = project_json, .apply = apply};
constexpr RecordKind<Domain> domain_kind{
    .name = "domain", .find = names::domain, .render = domain_json, .apply = apply};

}  // namespace

std::span<const http::Route<ProjectApi>> ProjectApi::routes() {
  using Api = ProjectApi;
  static constexpr std::array<http::Route<Api>, 10> table{{
      {Verb::get, "/identity/v3/projects", Access::late, &Api::user<&Api::list>},
      {Verb::post, "/identity/v3/projects", Access::late, &Api::admin<&Api::create>, body_bytes_max},
      {Verb::get, "/identity/v3/projects/{project}", Access::late, &Api::user<&Api::show>},
      {Verb::patch, "/identity/v3/projects/{project}", Access::late, &Api::admin<&Api::change>, body_bytes_max},
      {Verb::del, "/identity/v3/projects/{project}", Access::late, &Api::admin<&Api::remove>},
      {Verb::get, "/identity/v3/domains", Access::late, &Api::user<&Api::list_domains>},
      {Verb::post, "/identity/v3/domains", Access::late, &Api::admin<&Api::create_domain>, body_bytes_max},
      {Verb::get, "/identity/v3/domains/{domain}", Access::late, &Api::user<&Api::show_domain>},
      {Verb::patch, "/identity/v3/domains/{domain}", Access::late, &Api::admin<&Api::change_domain>, body_bytes_max},
      {Verb::del, "/identity/v3/domains/{domain}", Access::late, &Api::admin<&Api::remove_domain>},
  }};
  return table;
}

Task<Result<Response>> ProjectApi::list(Request& request, Standing caller) {
  CO_TRY(auto filter, filter_asked(request));
  CO_TRY(auto rows, co_await desk_.database.read([&](sql::Tx& tx) {
    if (caller.admin()) return names::projects(tx, filter);
    auto own = caller.bound() ? std::vector{*caller.project} : names::projects_of(tx, caller.token.account.id);
    std::erase_if(own, [&](const Project& each) {
      return (!filter.name_key.empty() && label_key(each.name) != filter.name_key) ||
             (!filter.domain.empty() && each.domain.text() != filter.domain) ||
             (!filter.parent.empty() && each.parent.text() != filter.parent) ||
             (filter.enabled && each.enabled != *filter.enabled);
    });
    return own;
  }));
  if (caller.admin() && !request.query_value("limit") && rows.size() == filter.limit)
    co_return sent_whole("projects", request, desk_.links, [&](std::string_view around) {
      return std::make_unique<AllProjects>(around, desk_, std::move(filter), rows);
    });
  const auto limit = caller.admin() ? filter.limit : rows.size() + 1;
  co_return list_answer("projects", rows, limit, request, desk_.links, project_json);
}

Task<Result<Response>> ProjectApi::create(Request& request, Standing caller) {
  CO_TRY(auto body, co_await given_in(request, project_kind.name));
  CO_TRY(auto domain, text_in(body, "domain_id"));
  CO_TRY(auto parent, text_in(body, "parent_id"));
  CO_TRY(const auto is_domain, flag_in(body, "is_domain"));
  if (is_domain.value_or(false)) co_return malformed("a domain is made at /v3/domains");
  Project project{.id = ProjectId(new_id()),
                  .domain = DomainId(domain),
                  .parent = ProjectId(parent),
                  .name = {},
                  .description = {},
                  .enabled = true,
                  .tags = {},
                  .created = desk_.clock.now()};
  co_return co_await create_record(
      desk_, caller, std::move(body), project_kind, std::move(project), [&](sql::Tx& tx, Project& row) -> Result<> {
        if (names::domain(tx, DomainId(parent))) {
          if (row.domain.empty()) row.domain = DomainId(parent);
          if (row.domain.text() != parent) return malformed("the parent is another domain than the project's");
          row.parent = ProjectId();
        } else if (!parent.empty()) {
          const auto above = names::project(tx, ProjectId(parent));
          if (!above) return no_such("project", parent);
          if (!row.domain.empty() && above->domain != row.domain) return malformed("the parent is in another domain");
          row.domain = above->domain;
          if (names::depth(tx, above->id) >= depth_max)
            return fail(Kind::forbidden, "Max hierarchy depth reached: at most 8 projects stand below each other.");
        }
        if (row.domain.empty()) row.domain = caller.domain ? caller.domain->id : caller.user_domain.id;
        if (!names::domain(tx, row.domain)) return no_such("domain", row.domain.text());
        if (!names::insert(tx, row, label_key(row.name).value())) return taken("project", row.name);
        return {};
      });
}

Task<Result<Response>> ProjectApi::show(Request& request, Standing caller) {
  const ProjectId id(request.parameters.at(0));
  CO_TRY(const auto project, co_await desk_.database.read([&](sql::Tx& tx) -> std::optional<Project> {
    auto found = names::project(tx, id);
    if (!found || caller.admin()) return found;
    // Who has no business there learns nothing of it.
    if (caller.bound() && caller.project->id != id) return std::nullopt;
    if (names::effective_roles(tx, caller.token.account.id, {TargetKind::project, id.text()}).empty())
      return std::nullopt;
    return found;
  }));
  if (!project) co_return no_such("project", id.text());
  co_return record_answer(200, project_kind, *project, desk_.links);
}

Task<Result<Response>> ProjectApi::change(Request& request, Standing caller) {
  co_return co_await change_record(
      desk_, caller, request, project_kind,
      [&](sql::Tx& tx, const Project& project) -> Result<> {
        // First, as it gives the directory's project Astakos' name and description.
        TRY_VOID(lives_.follow(tx, acting(caller), project.id, project.enabled));
        if (!names::update(tx, project, label_key(project.name).value())) return taken("project", project.name);
        if (!project.enabled) store::remove_tokens_for(tx, {TargetKind::project, project.id.text()});
        return {};
      },
      projects::Projects::hold);
}

Task<Result<Response>> ProjectApi::remove(Request& request, Standing caller) {
  co_return co_await remove_record(
      desk_, caller, request, project_kind,
      [&](sql::Tx& tx, const ProjectId& id) -> Result<bool> {
        const Target target{TargetKind::project, id.text()};
        if (names::has_children(tx, id))
          return fail(Kind::forbidden, "The project has projects below it; delete those first.");
        TRY_VOID(lives_.follow_end(tx, acting(caller), id));
        store::forget_default_project(tx, id);
        names::forget_target(tx, target);
        store::remove_tokens_for(tx, target);
        return names::remove(tx, id);
      },
      projects::Projects::hold);
}

Task<Result<Response>> ProjectApi::list_domains(Request& request, Standing caller) {
  CO_TRY(const auto filter, filter_asked(request));
  CO_TRY(auto rows, co_await desk_.database.read([&](sql::Tx& tx) { return names::domains(tx, filter); }));
  if (!caller.admin()) std::erase_if(rows, [&](const Domain& each) { return each.id != caller.user_domain.id; });
  co_return list_answer("domains", rows, filter.limit, request, desk_.links, domain_json);
}

Task<Result<Response>> ProjectApi::create_domain(Request& request, Standing caller) {
  CO_TRY(auto body, co_await given_in(request, domain_kind.name));
  co_return co_await create_record(desk_, caller, std::move(body), domain_kind, Domain{.id = DomainId(new_id())},
                                   [](sql::Tx& tx, const Domain& domain) -> Result<> {
                                     if (!names::insert(tx, domain, label_key(domain.name).value()))
                                       return taken("domain", domain.name);
                                     return {};
                                   });
}

Task<Result<Response>> ProjectApi::show_domain(Request& request, Standing caller) {
  // Of other domains who is no administrator learns nothing.
  const auto& id = request.parameters.at(0);
  if (!caller.admin() && caller.user_domain.id.text() != id) co_return no_such(domain_kind.name, id);
  co_return co_await show_record(desk_, request, domain_kind);
}

Task<Result<Response>> ProjectApi::change_domain(Request& request, Standing caller) {
  co_return co_await change_record(
      desk_, caller, request, domain_kind, [](sql::Tx& tx, const Domain& domain) -> Result<> {
        if (!domain.enabled && domain.id.text() == default_domain)
          return fail(Kind::forbidden,
                      "The default domain cannot be disabled: every account of the cloud's own is in it.");
        if (!names::update(tx, domain, label_key(domain.name).value())) return taken("domain", domain.name);
        if (!domain.enabled) store::remove_tokens_within(tx, domain.id);
        return {};
      });
}

Task<Result<Response>> ProjectApi::remove_domain(Request& request, Standing caller) {
  co_return co_await remove_record(
      desk_, caller, request, domain_kind, [](sql::Tx& tx, const DomainId& id) -> Result<bool> {
        const auto found = names::domain(tx, id);
        if (!found) return false;
        if (found->enabled)
          return fail(Kind::forbidden, "Cannot delete a domain that is enabled, please disable it first.");
        if (names::in_use(tx, id))
          return fail(Kind::forbidden, "The domain has users, groups or projects; delete those first.");
        names::forget_target(tx, {TargetKind::domain, id.text()});
        store::remove_tokens_within(tx, id);
        return names::remove(tx, id);
      });
}

}  // namespace nephele::identity::keystone
