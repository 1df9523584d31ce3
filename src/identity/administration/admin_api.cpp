// SPDX-License-Identifier: Apache-2.0
#include "identity/administration/admin_api.h"

#include <algorithm>
#include <array>
#include <variant>

#include "identity/account_name.h"
#include "identity/administration/store.h"
#include "identity/astakos/conventions.h"
#include "identity/directory/store.h"
#include "identity/keystone/fields.h"
#include "identity/projects/wire.h"
#include "identity/store.h"

namespace nephele::identity::administration {

namespace {

using astakos::Answer;
using astakos::FaultName;
using astakos::refuse;
using http::Access;
using http::Request;
using http::Response;
using http::Verb;
using life::store::Listed;

constexpr std::string_view failure = "admin.failed";
constexpr std::size_t body_bytes_max = std::size_t{256} * 1024, page_rows = 100, items_max = 1000, events_shown = 50;

json::Array names(const std::vector<std::string>& all) {
  json::Array out;
  for (const auto& name : all) out.emplace_back(name);
  return out;
}

json::Value when(const std::optional<Time>& time) {
  return time ? json::Value(astakos::timestamp(*time)) : json::Value();
}

json::Object row_json(const Listed& user, const std::vector<std::string>& actions) {
  const auto& [account, life, groups, providers, last_logins] = user;
  json::Object out;
  out.append("id", account.number);
  out.append("uuid", account.id.text());
  out.append("email", account.email);
  out.append("username", account.name);
  out.append("full_name", full_name(account));
  out.append("type", account.admin ? "ADMIN" : "USER");
  out.append("status", life::status_text(life));
  out.append("is_active", life.active);
  out.append("groups", names(groups));
  out.append("providers", names(providers));
  out.append("date_joined", astakos::timestamp(account.created));
  out.append("last_login", when(account.last_login));
  out.append("actions", names(actions));
  return out;
}

json::Array events_json(sql::Tx& tx, const AccountId& user) {
  json::Array out;
  for (const auto& [id, event] : store::audit(tx, {.account = user.text()}, std::nullopt, events_shown)) {
    json::Object one;
    one.append("at", astakos::timestamp(event.at));
    one.append("event", event.event);
    one.append("actor", event.actor);
    one.append("details", event.details);
    out.emplace_back(std::move(one));
  }
  return out;
}

json::Object details_json(sql::Tx& tx, const Listed& user, const std::vector<std::string>& actions) {
  const auto extras = store::extras(tx, user.account.id);
  json::Object out = row_json(user, actions);
  out.append("first_name", user.account.first_name);
  out.append("last_name", user.account.last_name);
  out.append("level", extras.level);
  out.append("invitations", extras.invitations);
  out.append("permissions", names(extras.permissions));
  out.append("token_expires", when(extras.token_expires));
  out.append("verified_at", when(user.life.verified));
  out.append("moderated_at", when(user.life.moderated_at));
  out.append("rejected_reason", user.life.rejected_reason);
  out.append("deactivated_reason", user.life.deactivated_reason);
  json::Array projects;
  for (const auto& project : directory::store::projects_of(tx, user.account.id)) {
    json::Object one;
    one.append("id", project.id.text());
    one.append("name", project.name);
    projects.emplace_back(std::move(one));
  }
  out.append("projects", std::move(projects));
  out.append("events", events_json(tx, user.account.id));
  return out;
}

struct Item {
  std::string id;
  ActionData data;
};

ActionData data_in(const json::Value& given) {
  if (const auto* text = given.if_string()) return {.text = *text};
  ActionData data{.subject = std::string(given.text_at({"subject"}))};
  for (const std::string_view name : {"text", "body", "reason", "email"})
    if (const auto text = given.text_at({name}); !text.empty()) data.text = std::string(text);
  return data;
}

/// The list itself, or its text, as the original's pages send it.
Answer<std::vector<Item>> items_in(const json::Object& body) {
  const auto* given = body.find("items");
  json::Value inner;
  if (given != nullptr && given->if_string() != nullptr) {
    auto parsed = json::parse(*given->if_string());
    if (!parsed) return refuse(FaultName::bad_request, "\"items\" is no JSON");
    inner = std::move(*parsed);
    given = &inner;
  }
  if (given == nullptr || given->if_array() == nullptr || given->if_array()->empty())
    return refuse(FaultName::bad_request, "\"items\" is a list of objects with \"id\"");
  if (given->if_array()->size() > items_max) return refuse(FaultName::bad_request, "at most 1000 items at once");
  std::vector<Item> items;
  for (const auto& each : *given->if_array()) {
    const auto* id = each.at_path({"id"});
    const auto* data = each.at_path({"data"});
    std::string name = id == nullptr                ? ""
                       : id->if_string() != nullptr ? *id->if_string()
                       : id->integer()              ? std::to_string(*id->integer())
                                                    : "";
    if (name.empty()) return refuse(FaultName::bad_request, "an item has no \"id\"");
    items.push_back({.id = std::move(name), .data = data == nullptr ? ActionData{} : data_in(*data)});
  }
  return items;
}

/// What is done to each item.
using Deed = std::variant<UserAction, ProjectAction>;

/// The action of a body, if he may do it.
Answer<Deed> deed_in(const json::Object& body, const Powers& powers, const Overrides& overrides) {
  constexpr std::array<std::string_view, 5> other_targets{"vm", "volume", "network", "ip", "group"};
  const auto target = keystone::text_in(body, "target").value_or("");
  const auto op = keystone::text_in(body, "op").value_or("");
  if (target.empty() || op.empty()) return refuse(FaultName::bad_request, "\"target\" and \"op\" are missing");
  if (std::ranges::find(other_targets, target) != other_targets.end())
    return refuse(FaultName::not_implemented, "this cloud has no such action for a " + target + " yet");
  std::optional<Deed> deed;
  if (target == "user") {
    if (const auto action = user_action_from(op)) deed = *action;
  } else if (target == "project") {
    if (const auto action = project_action_from(op)) deed = *action;
  }
  if (!deed) return refuse(FaultName::item_not_found, "there is no such action");
  if (!std::visit([&](auto action) { return may(action, powers, overrides); }, *deed))
    return refuse(FaultName::forbidden, "Forbidden");
  return *deed;
}

}  // namespace

AdminApi::AdminApi(AdminGuard& guard, pages::Desk& desk, UserActions& actions, ProjectActions& projects,
                   Overrides overrides, log::Logger log)
    : guard_(guard),
      desk_(desk),
      actions_(actions),
      projects_(projects),
      overrides_(std::move(overrides)),
      log_(std::move(log)) {}

std::span<const http::Route<AdminApi>> AdminApi::routes() {
  using Api = AdminApi;
  static constexpr auto table = astakos::slash_optional(std::array<http::Route<Api>, 6>{{
      {Verb::get, "/admin/", Access::late, &Api::home},
      {Verb::get, "/admin/json/user/", Access::late, &Api::guarded<&Api::list>},
      {Verb::get, "/admin/json/user/{user}/", Access::late, &Api::guarded<&Api::show>},
      {Verb::get, "/admin/json/project/", Access::late, &Api::guarded<&Api::list_projects>},
      {Verb::get, "/admin/json/project/{project}/", Access::late, &Api::guarded<&Api::show_project>},
      {Verb::post, "/admin/actions/", Access::late, &Api::guarded<&Api::act>, body_bytes_max},
  }});
  return table;
}

template <AdminApi::Handler handler>
Task<Response> AdminApi::guarded(Request& request) {
  auto who = co_await guard_.who(request);
  if (!who) co_return astakos::fault_answer(astakos::fault_from(who.error(), request, log_, failure), request);
  auto answer = co_await (this->*handler)(request, std::move(*who));
  co_return answer ? std::move(*answer) : astakos::fault_answer(answer.error(), request);
}

Task<Result<Response>> AdminApi::home_page(Administrator who) {
  CO_TRY(const auto users, co_await desk_.database.read([](sql::Tx& tx) { return store::user_numbers(tx); }));
  pages::Html facts =
      pages::element("p", {pages::Html(std::to_string(users.total) + " users, " + std::to_string(users.verified) +
                                       " with a proved address, " + std::to_string(users.active) + " active.")});
  facts +=
      pages::element("p", {pages::Html("The commands of snf-manage and the API below /admin/json administer them.")});
  co_return desk_.show(who.visit.value_or(pages::Visit{}), {.title = "Administration", .content = std::move(facts)});
}

Task<Response> AdminApi::home(Request& request) {
  auto who = co_await guard_.who(request);
  if (!who && who.error().kind() == Kind::unauthorized && !request.headers.find("X-Auth-Token"))
    co_return pages::redirect(pages::with_next("/ui/login", "/admin"));
  if (!who && who.error().kind() == Kind::forbidden)
    co_return desk_.bare(403, "Forbidden", "Forbidden: this is for administrators.");
  if (!who) co_return astakos::fault_answer(astakos::fault_from(who.error(), request, log_, failure), request);
  auto page = co_await home_page(std::move(*who));
  if (!page) co_return astakos::fault_answer(astakos::fault_from(page.error(), request, log_, failure), request);
  co_return std::move(*page);
}

/// Users in the order of their ids, a page at a time: `marker` is the uuid of the last of the page before, `next` tells
/// it.
Task<Answer<Response>> AdminApi::list(Request& request, Administrator who) {
  AccountFilter filter{.limit = page_rows};
  bool nobody = false;  // has a name that none can be
  for (const auto& [query, asked] : {std::pair("name", &filter.name), std::pair("email", &filter.email)}) {
    const std::string text = request.query_value(query).value_or("");
    const auto key = name_key(text);
    nobody = nobody || (!key && !text.empty());
    *asked = key.value_or("");
  }
  const std::string marker = request.query_value("marker").value_or("");
  auto found = co_await desk_.database.read([&](sql::Tx& tx) -> Result<json::Object> {
    const auto after =
        marker.empty() ? std::optional<std::int64_t>(0) : identity::store::number_of(tx, AccountId(marker));
    if (!after) return fail(Kind::invalid, "marker is the uuid of no user");
    auto page = nobody ? life::store::Page{} : life::store::page(tx, filter, *after);
    std::vector<AccountId> ids;
    for (const auto& user : page.rows) ids.push_back(user.account.id);
    auto ways = ways::store::ways_of(tx, ids);
    json::Array rows;
    for (auto& user : page.rows) {
      for (const auto& way : ways[user.account.id.text()]) user.providers.push_back(way.module);
      rows.emplace_back(row_json(user, offered(who.powers, overrides_, user.life, user.providers)));
    }
    json::Object out;
    out.append("users", std::move(rows));
    out.append("next", page.rows.size() < page_rows ? json::Value() : json::Value(page.rows.back().account.id.text()));
    return out;
  });
  if (!found) co_return std::unexpected(astakos::fault_from(found.error(), request, log_, failure));
  co_return answered(*found, who);
}

Task<Answer<Response>> AdminApi::show(Request& request, Administrator who) {
  const auto id = co_await actions_.find(request.parameters.at(0));
  if (!id) co_return std::unexpected(astakos::fault_from(id.error(), request, log_, failure));
  const auto found = co_await desk_.database.read([&](sql::Tx& tx) -> Result<json::Object> {
    const auto stored = identity::store::find(tx, *id);
    const auto life = life::store::life(tx, *id);
    if (!stored || !life) return fail(Kind::not_found, "no user has the id " + id->text());
    Listed user{.account = stored->account, .life = *life, .groups = {}};
    for (const auto& group : directory::store::groups_of(tx, *id)) user.groups.push_back(group.name);
    for (const auto& way : ways::store::ways_of(tx, *id)) user.providers.push_back(way.module);
    return details_json(tx, user, offered(who.powers, overrides_, user.life, user.providers));
  });
  if (!found) co_return std::unexpected(astakos::fault_from(found.error(), request, log_, failure));
  co_return answered(*found, who);
}

Response AdminApi::answered(const json::Object& body, const Administrator& who) const {
  auto response = astakos::json_answer(200, json::write(body));
  if (who.visit) response.headers.add("X-CSRF-Token", desk_.token(*who.visit));
  return response;
}

namespace {

json::Object project_json(const projects::ShownProject& project, const std::vector<std::string>& actions) {
  auto said = projects::wire::to_json(project);
  json::Object out;
  if (auto* fields = said.if_object()) out = std::move(*fields);
  out.append("members", project.members);
  out.append("actions", names(actions));
  return out;
}

}  // namespace

/// Projects by id, a page at a time as users; nobody's own ones.
Task<Answer<Response>> AdminApi::list_projects(Request& request, Administrator who) {
  auto page = co_await projects_.page(request.query_value("marker").value_or(""), page_rows);
  if (!page) co_return std::unexpected(astakos::fault_from(page.error(), request, log_, failure));
  json::Array rows;
  for (const auto& project : *page) rows.emplace_back(project_json(project, offered(who.powers, overrides_, project)));
  json::Object out;
  out.append("projects", std::move(rows));
  out.append("next", page->size() < page_rows ? json::Value() : json::Value(page->back().life.id.text()));
  co_return answered(out, who);
}

Task<Answer<Response>> AdminApi::show_project(Request& request, Administrator who) {
  const auto found = co_await projects_.find(request.parameters.at(0));
  if (!found) co_return std::unexpected(astakos::fault_from(found.error(), request, log_, failure));
  co_return answered(project_json(*found, offered(who.powers, overrides_, *found)), who);
}

/// Each item for itself; the ids of those that failed are told, with why.
Task<Answer<Response>> AdminApi::act(Request& request, Administrator who) {
  if (!guard_.trusted(request, who))
    co_return refuse(FaultName::forbidden, "send the X-CSRF-Token that /admin/json answers with");
  CO_TRY(const auto body, co_await astakos::json_object_body(request, body_bytes_max));
  CO_TRY(const auto deed, deed_in(body, who.powers, overrides_));
  CO_TRY(const auto items, items_in(body));
  const std::string actor = who.account.id.text();
  json::Array errors;
  std::string reasons;
  for (const auto& item : items) {
    const auto* const user_action = std::get_if<UserAction>(&deed);
    const auto done = user_action != nullptr
                          ? co_await actions_.act(*user_action, item.id, item.data, actor)
                          : co_await projects_.act(std::get<ProjectAction>(deed), item.id, item.data, actor);
    if (done) continue;
    const auto fault = astakos::fault_from(done.error(), request, log_, failure);
    if (astakos::status_of(fault.name) >= 500) co_return std::unexpected(fault);
    errors.emplace_back(item.id);
    reasons += (reasons.empty() ? "" : "; ") + item.id + ": " + fault.message;
  }
  const bool whole = errors.empty();
  log_.info("admin.action", {{"actor", actor},
                             {"target", keystone::text_in(body, "target").value_or("")},
                             {"op", keystone::text_in(body, "op").value_or("")},
                             {"items", static_cast<std::int64_t>(items.size())},
                             {"failed", static_cast<std::int64_t>(errors.size())}});
  json::Object out;
  out.append("result", whole ? "All actions finished successfully" : reasons);
  out.append("error_ids", std::move(errors));
  co_return astakos::json_answer(whole ? 200 : 400, json::write(out));
}

}  // namespace nephele::identity::administration
