// SPDX-License-Identifier: Apache-2.0
#include "identity/keystone/role_api.h"

#include <algorithm>
#include <array>

#include "identity/account_name.h"
#include "identity/keystone/fields.h"
#include "identity/keystone/listing.h"
#include "identity/keystone/records.h"
#include "identity/store.h"

namespace nephele::identity::keystone {

namespace {

using http::Access;
using http::Request;
using http::Response;
using http::Verb;
namespace names = directory::store;

constexpr std::size_t description_bytes_max = 4096;

Result<> apply(const json::Object& body, Role& role) {
  TRY(auto name, maybe_text_in(body, "name"));
  TRY(auto description, maybe_text_in(body, "description"));
  if (name) role.name = std::move(*name);
  if (description) role.description = std::move(*description);
  TRY_VOID(check_label("role", role.name));
  return check_text("description", role.description, description_bytes_max);
}

constexpr RecordKind<Role> role_kind{.name = "role", .find = names::role, .render = role_json, .apply = apply};

std::vector<std::string> segments_of(std::string_view path) {
  std::vector<std::string> out;
  while (!path.empty()) {
    path.remove_prefix(std::min(path.find_first_not_of('/'), path.size()));
    const auto end = std::min(path.find('/'), path.size());
    if (end > 0) out.push_back(http::percent_decode(path.substr(0, end)).value_or(""));
    path.remove_prefix(end);
  }
  return out;
}

/// `.../projects/P/users/U/roles[/R]`, `.../domains/D/groups/G/roles[/R]`, `.../system/users/U/roles[/R]`, and with
/// `OS-INHERIT/` before and `/inherited_to_projects` behind what holds for the projects below.
Assignment assignment_in(const Request& request) {
  Assignment out;
  // Segments as the router reads them: percent-decoded, so that none passes for another.
  const auto segments = segments_of(request.path);
  std::size_t at = 2;  // behind /identity/v3
  out.inherited = segments.at(at) == "OS-INHERIT";
  if (out.inherited) ++at;
  const auto& ids = request.parameters;
  std::size_t next = 0;
  const bool system = segments.at(at) == "system";
  if (system) {
    out.target = {TargetKind::system, "all"};
  } else {
    out.target = {segments.at(at) == "domains" ? TargetKind::domain : TargetKind::project, ids.at(next++)};
  }
  out.actor = {segments.at(at + (system ? 1 : 2)) == "groups" ? ActorKind::group : ActorKind::user, ids.at(next++)};
  if (next < ids.size()) out.role = RoleId(ids[next]);
  return out;
}

/// Whose account a role is about; nobody's where it is a group's.
AccountId account_of(const Assignment& assignment) {
  return assignment.actor.kind == ActorKind::user ? AccountId(assignment.actor.id) : AccountId();
}

Result<> check_parts(sql::Tx& tx, const Assignment& assignment) {
  const auto& [actor, target, role, inherited] = assignment;
  if (actor.kind == ActorKind::user && !store::find(tx, AccountId(actor.id))) return no_such("user", actor.id);
  if (actor.kind == ActorKind::group && !names::group(tx, GroupId(actor.id))) return no_such("group", actor.id);
  if (target.kind == TargetKind::project && !names::project(tx, ProjectId(target.id)))
    return no_such("project", target.id);
  if (target.kind == TargetKind::domain && !names::domain(tx, DomainId(target.id))) return no_such("domain", target.id);
  if (!role.empty() && !names::role(tx, role)) return no_such("role", role.text());
  return {};
}

json::Object id_json(const std::string& id) {
  json::Object out;
  out.append("id", id);
  return out;
}

/// One row of /role_assignments; names where they are asked for.
json::Object assignment_json(sql::Tx& tx, const Assignment& each, bool with_names, const Links& links) {
  const auto domain_of = [&](const DomainId& id) { return names::domain(tx, id).value_or(Domain{.id = id}); };
  json::Object role = id_json(each.role.text());
  json::Object actor = id_json(each.actor.id);
  json::Object target = id_json(each.target.id);
  if (with_names) {
    if (const auto found = names::role(tx, each.role)) role.append("name", found->name);
    if (each.actor.kind == ActorKind::user) {
      if (const auto found = store::find(tx, AccountId(each.actor.id)))
        actor = short_json(each.actor.id, found->account.name, domain_of(found->account.domain));
    } else if (const auto found = names::group(tx, GroupId(each.actor.id))) {
      actor = short_json(each.actor.id, found->name, domain_of(found->domain));
    }
    if (each.target.kind == TargetKind::project) {
      if (const auto found = names::project(tx, ProjectId(each.target.id)))
        target = short_json(each.target.id, found->name, domain_of(found->domain));
    } else if (each.target.kind == TargetKind::domain) {
      target.append("name", domain_of(DomainId(each.target.id)).name);
    }
  }
  if (each.target.kind == TargetKind::system) {
    target = {};
    target.append("all", true);
  }
  json::Object scope;
  scope.append(std::string(to_string(each.target.kind)), std::move(target));
  if (each.inherited) scope.append("OS-INHERIT:inherited_to", "projects");
  json::Object out;
  out.append("role", std::move(role));
  out.append(std::string(to_string(each.actor.kind)), std::move(actor));
  out.append("scope", std::move(scope));
  const std::string where = each.target.kind == TargetKind::system
                                ? std::string("/system")
                                : "/" + std::string(to_string(each.target.kind)) + "s/" + each.target.id;
  json::Object around;
  around.append("assignment", links.v3((each.inherited ? "/OS-INHERIT" : "") + where + "/" +
                                       std::string(to_string(each.actor.kind)) + "s/" + each.actor.id + "/roles/" +
                                       each.role.text() + (each.inherited ? "/inherited_to_projects" : "")));
  out.append("links", std::move(around));
  return out;
}

Result<names::AssignmentFilter> assignments_asked(const Request& request) {
  names::AssignmentFilter filter;
  TRY(auto user, text_asked(request, "user.id"));
  TRY(auto group, text_asked(request, "group.id"));
  TRY(auto project, text_asked(request, "scope.project.id"));
  TRY(auto domain, text_asked(request, "scope.domain.id"));
  TRY(const auto system, text_asked(request, "scope.system"));
  TRY(filter.role, text_asked(request, "role.id"));
  if (!user.empty()) filter.actor = Actor{ActorKind::user, std::move(user)};
  if (!group.empty()) filter.actor = Actor{ActorKind::group, std::move(group)};
  if (!project.empty()) filter.target = Target{TargetKind::project, std::move(project)};
  if (!domain.empty()) filter.target = Target{TargetKind::domain, std::move(domain)};
  if (!system.empty()) filter.target = Target{TargetKind::system, "all"};
  filter.limit = 10 * page_rows_max;
  return filter;
}

/// Of a user, also what his groups have.
std::vector<Assignment> found(sql::Tx& tx, const names::AssignmentFilter& filter, bool with_groups) {
  auto all = names::assignments(tx, filter);
  if (!with_groups || !filter.actor || filter.actor->kind != ActorKind::user) return all;
  for (const auto& group : names::groups_of(tx, AccountId(filter.actor->id))) {
    auto of_group = filter;
    of_group.actor = Actor{ActorKind::group, group.id.text()};
    for (auto& each : names::assignments(tx, of_group)) {
      each.actor = *filter.actor;
      all.push_back(std::move(each));
    }
  }
  return all;
}

/// What groups give, as their members' own; asked for with ?effective.
void resolve_groups(sql::Tx& tx, std::vector<Assignment>& all) {
  std::vector<Assignment> out;
  for (auto& each : all) {
    if (each.actor.kind == ActorKind::user) {
      out.push_back(std::move(each));
      continue;
    }
    for (const auto& member : store::members(tx, GroupId(each.actor.id))) {
      auto one = each;
      one.actor = {ActorKind::user, member.id.text()};
      out.push_back(std::move(one));
    }
  }
  all = std::move(out);
}

}  // namespace

std::span<const http::Route<RoleApi>> RoleApi::routes() {
  using Api = RoleApi;
  static const auto table = [] {
    std::vector<http::Route<Api>> rows{
        {Verb::get, "/identity/v3/roles", Access::late, &Api::admin<&Api::list>},
        {Verb::post, "/identity/v3/roles", Access::late, &Api::admin<&Api::create>, body_bytes_max},
        {Verb::get, "/identity/v3/roles/{role}", Access::late, &Api::admin<&Api::show>},
        {Verb::patch, "/identity/v3/roles/{role}", Access::late, &Api::admin<&Api::change>, body_bytes_max},
        {Verb::del, "/identity/v3/roles/{role}", Access::late, &Api::admin<&Api::remove>},
        {Verb::get, "/identity/v3/role_assignments", Access::late, &Api::user<&Api::assignments>},
    };
    // Every actor at every target, directly and inherited.
    static constexpr std::array<std::string_view, 6> places{
        "/identity/v3/projects/{id}/users/{actor}/roles", "/identity/v3/projects/{id}/groups/{actor}/roles",
        "/identity/v3/domains/{id}/users/{actor}/roles",  "/identity/v3/domains/{id}/groups/{actor}/roles",
        "/identity/v3/system/users/{actor}/roles",        "/identity/v3/system/groups/{actor}/roles"};
    static constexpr std::array<std::string_view, 6> grants{"/identity/v3/projects/{id}/users/{actor}/roles/{role}",
                                                            "/identity/v3/projects/{id}/groups/{actor}/roles/{role}",
                                                            "/identity/v3/domains/{id}/users/{actor}/roles/{role}",
                                                            "/identity/v3/domains/{id}/groups/{actor}/roles/{role}",
                                                            "/identity/v3/system/users/{actor}/roles/{role}",
                                                            "/identity/v3/system/groups/{actor}/roles/{role}"};
    static constexpr std::array<std::string_view, 4> inherited{
        "/identity/v3/OS-INHERIT/projects/{id}/users/{actor}/roles/{role}/inherited_to_projects",
        "/identity/v3/OS-INHERIT/projects/{id}/groups/{actor}/roles/{role}/inherited_to_projects",
        "/identity/v3/OS-INHERIT/domains/{id}/users/{actor}/roles/{role}/inherited_to_projects",
        "/identity/v3/OS-INHERIT/domains/{id}/groups/{actor}/roles/{role}/inherited_to_projects"};
    for (const auto path : places) rows.push_back({Verb::get, path, Access::late, &Api::admin<&Api::grants>});
    const auto add = [&](std::string_view path) {
      rows.push_back({Verb::put, path, Access::late, &Api::admin<&Api::grant>, body_bytes_max});
      rows.push_back({Verb::get, path, Access::late, &Api::admin<&Api::has_grant>});
      rows.push_back({Verb::del, path, Access::late, &Api::admin<&Api::withdraw>});
    };
    for (const auto path : grants) add(path);
    for (const auto path : inherited) add(path);
    return rows;
  }();
  return table;
}

Task<Result<Response>> RoleApi::list(Request& request, Standing) {
  CO_TRY(const auto filter, filter_asked(request));
  CO_TRY(const auto rows, co_await desk_.database.read([&](sql::Tx& tx) { return names::roles(tx, filter); }));
  co_return list_answer("roles", rows, filter.limit, request, desk_.links, role_json);
}

Task<Result<Response>> RoleApi::create(Request& request, Standing caller) {
  CO_TRY(auto body, co_await given_in(request, role_kind.name));
  CO_TRY(auto domain, text_in(body, "domain_id"));
  Role role{.id = RoleId(new_id()), .domain = DomainId(std::move(domain)), .name = {}, .description = {}};
  co_return co_await create_record(desk_, caller, std::move(body), role_kind, std::move(role),
                                   [](sql::Tx& tx, const Role& wanted) -> Result<> {
                                     if (!wanted.domain.empty() && !names::domain(tx, wanted.domain))
                                       return no_such("domain", wanted.domain.text());
                                     if (!names::insert(tx, wanted, label_key(wanted.name).value()))
                                       return taken("role", wanted.name);
                                     return {};
                                   });
}

Task<Result<Response>> RoleApi::show(Request& request, Standing) {
  co_return co_await show_record(desk_, request, role_kind);
}

Task<Result<Response>> RoleApi::change(Request& request, Standing caller) {
  co_return co_await change_record(desk_, caller, request, role_kind, [](sql::Tx& tx, const Role& role) -> Result<> {
    if (!names::update(tx, role, label_key(role.name).value())) return taken("role", role.name);
    return {};
  });
}

Task<Result<Response>> RoleApi::remove(Request& request, Standing caller) {
  co_return co_await remove_record(desk_, caller, request, role_kind,
                                   [](sql::Tx& tx, const RoleId& id) { return names::remove(tx, id); });
}

Task<Result<Response>> RoleApi::grants(Request& request, Standing) {
  const auto asked = assignment_in(request);
  CO_TRY(const auto rows, co_await desk_.database.read([&](sql::Tx& tx) -> Result<std::vector<Role>> {
    TRY_VOID(check_parts(tx, asked));
    return names::roles_at(tx, asked.actor, asked.target);
  }));
  co_return list_answer("roles", rows, rows.size() + 1, request, desk_.links, role_json);
}

Task<Result<Response>> RoleApi::grant(Request& request, Standing caller) {
  const auto wanted = assignment_in(request);
  CO_TRY_VOID(co_await desk_.database.write([&](sql::Tx& tx) -> Result<> {
    TRY_VOID(check_parts(tx, wanted));
    names::insert(tx, wanted);
    note(tx, desk_, caller, "role.granted", words_of(wanted), account_of(wanted));
    return {};
  }));
  co_return http::empty_response(204);
}

Task<Result<Response>> RoleApi::has_grant(Request& request, Standing) {
  const auto asked = assignment_in(request);
  CO_TRY(const bool there, co_await desk_.database.read([&](sql::Tx& tx) { return names::exists(tx, asked); }));
  if (!there) co_return no_such("role assignment with role", asked.role.text());
  co_return http::empty_response(204);
}

Task<Result<Response>> RoleApi::withdraw(Request& request, Standing caller) {
  const auto asked = assignment_in(request);
  CO_TRY_VOID(co_await desk_.database.write([&](sql::Tx& tx) -> Result<> {
    if (!names::remove(tx, asked)) return no_such("role assignment with role", asked.role.text());
    note(tx, desk_, caller, "role.withdrawn", words_of(asked), account_of(asked));
    return {};
  }));
  co_return http::empty_response(204);
}

Task<Result<Response>> RoleApi::assignments(Request& request, Standing caller) {
  CO_TRY(auto filter, assignments_asked(request));
  const bool own =
      filter.actor && filter.actor->kind == ActorKind::user && filter.actor->id == caller.token.account.id.text();
  if (!caller.admin() && !own) co_return not_admin();
  std::optional<Target> alone;  // all that he may see of
  if (caller.bound() && !caller.admin()) alone = Target{TargetKind::project, caller.project->id.text()};
  const bool elsewhere = alone && filter.target && *filter.target != *alone;
  if (alone) filter.target = alone;
  const bool with_names = flag_asked(request, "include_names").value_or(false);
  const bool effective = flag_asked(request, "effective").value_or(false);
  CO_TRY(auto rows, co_await desk_.database.read([&](sql::Tx& tx) {
    auto all = elsewhere ? std::vector<Assignment>{} : found(tx, filter, effective);
    if (effective) resolve_groups(tx, all);
    json::Array out;
    for (const auto& each : all) out.emplace_back(assignment_json(tx, each, with_names, desk_.links));
    return out;
  }));
  co_return page_answer("role_assignments", std::move(rows), request, desk_.links);
}

}  // namespace nephele::identity::keystone
