// SPDX-License-Identifier: Apache-2.0
#include "identity/astakos/users_api.h"

#include <algorithm>
#include <array>
#include <limits>
#include <map>
#include <memory>
#include <span>

#include "identity/administration/store.h"
#include "identity/astakos/group_guard.h"
#include "identity/directory/store.h"
#include "identity/keystone/fields.h"
#include "identity/long_list.h"
#include "identity/projects/projects.h"
#include "identity/store.h"
#include "identity/ways/store.h"

namespace nephele::identity::astakos {

namespace {

using http::Access;
using http::Request;
using http::Response;
using http::Verb;
using life::store::Listed;

constexpr std::string_view failure = "astakos.users.failed";
constexpr std::size_t body_bytes_max = std::size_t{64} * 1024, page_rows = 500, password_characters = 20;

json::Value time_or_null(const std::optional<Time>& time) {
  return time ? json::Value(timestamp(*time)) : json::Value();
}

/// What stands beside the account itself, of a page of them.
struct Beside {
  std::map<std::string, std::vector<ways::Way>> ways;
  std::map<std::string, std::optional<Time>> token_expires;
};

Beside beside(sql::Tx& tx, std::span<const AccountId> accounts) {
  return {.ways = ways::store::ways_of(tx, accounts),
          .token_expires = administration::store::token_expiry_of(tx, accounts)};
}

json::Object method_json(const ways::Way& way) {
  json::Object out;
  out.append("identifier", way.identifier.empty() ? json::Value() : json::Value(way.identifier));
  out.append("active", way.active);
  out.append("affiliation", way.affiliation.empty() ? way.module : way.affiliation);
  out.append("backend", "astakos");
  out.append("metadata", way.info);
  return out;
}

json::Object user_json(const Listed& user, const Beside& beside) {
  const auto& [account, life, groups, providers, last_logins] = user;
  json::Array roles, methods;
  for (const auto& group : groups) roles.emplace_back(group);
  if (const auto found = beside.ways.find(account.id.text()); found != beside.ways.end())
    for (const auto& way : found->second) methods.emplace_back(method_json(way));
  std::optional<Time> token_expires;
  if (const auto found = beside.token_expires.find(account.id.text()); found != beside.token_expires.end())
    token_expires = found->second;
  json::Object out;
  out.append("id", account.id.text());
  out.append("first_name", account.first_name);
  out.append("last_name", account.last_name);
  out.append("email", account.email);
  out.append("roles", std::move(roles));
  out.append("is_active", life.active);
  out.append("is_rejected", life.rejected);
  out.append("deactivated_reason", life.deactivated_reason);
  out.append("accepted_policy", life.accepted_policy);
  out.append("rejected_reason", life.rejected_reason);
  out.append("date_joined", timestamp(account.created));
  out.append("moderated_at", time_or_null(life.moderated_at));
  out.append("verified_at", time_or_null(life.verified));
  out.append("auth_token_expires", time_or_null(token_expires));
  out.append("authentication_methods", std::move(methods));
  return out;
}

json::Value around(json::Object user) {
  json::Object out;
  out.append("user", std::move(user));
  return out;
}

Answer<json::Object> user_in(const json::Object& body) {
  const auto* user = body.find("user");
  if (user == nullptr || user->if_object() == nullptr) return refuse(FaultName::bad_request, "\"user\" is an object");
  return *user->if_object();
}

template <class T>
Answer<T> good(Result<T> read) {
  if (!read) return refuse(FaultName::bad_request, read.error().sentence());
  return std::move(*read);
}

/// What the caller names is text of ours to judge; nobody gets a user without names.
Answer<NewAccount> wanted_in(const json::Object& user, const std::string& password) {
  NewAccount wanted;
  TRY(wanted.email, good(keystone::text_in(user, "username")));
  TRY(wanted.first_name, good(keystone::text_in(user, "first_name")));
  TRY(wanted.last_name, good(keystone::text_in(user, "last_name")));
  if (wanted.first_name.empty() || wanted.last_name.empty())
    return refuse(FaultName::bad_request, "\"first_name\" and \"last_name\" are missing");
  wanted.password = Secret(password);
  return wanted;
}

}  // namespace

UsersApi::UsersApi(Identity& identity, life::AccountLife& life, projects::Projects& projects, sql::Database& database,
                   IdentityCallers& callers, const administration::Precedence& precedence,
                   std::vector<std::string> groups, log::Logger log)
    : identity_(identity),
      life_(life),
      projects_(projects),
      database_(database),
      callers_(callers),
      precedence_(precedence),
      groups_(std::move(groups)),
      log_(std::move(log)) {}

std::span<const http::Route<UsersApi>> UsersApi::routes() {
  using Api = UsersApi;
  static constexpr auto table = slash_optional(std::array<http::Route<Api>, 6>{{
      {Verb::get, "/identity/v2.0/users/", Access::late, &Api::list},
      {Verb::get, "/identity/v2.0/users/detail/", Access::late, &Api::list},
      {Verb::post, "/identity/v2.0/users/", Access::late, &Api::guarded<&Api::create>, body_bytes_max},
      {Verb::get, "/identity/v2.0/users/{user}/", Access::late, &Api::guarded<&Api::show>},
      {Verb::put, "/identity/v2.0/users/{user}/", Access::late, &Api::guarded<&Api::change>, body_bytes_max},
      {Verb::post, "/identity/v2.0/users/{user}/action/", Access::late, &Api::guarded<&Api::act>, body_bytes_max},
  }});
  return table;
}

template <UsersApi::Handler handler>
Task<Response> UsersApi::guarded(Request& request) {
  const auto caller = co_await caller_in(request, callers_, groups_);
  if (!caller) co_return fault_answer(caller.error(), request);
  const auto answer = co_await (this->*handler)(request, caller->token.account.id.text());
  co_return answer ? json_answer(200, json::write(*answer)) : fault_answer(answer.error(), request);
}

namespace {

struct UserPage {
  LongList::Page rows = {};
  std::size_t count = 0;
  std::int64_t last = 0;  ///< the number that the next page is behind
};

Task<Result<UserPage>> page_of_users(sql::Database& database, std::int64_t after, std::size_t left) {
  const AccountFilter filter{.limit = std::min(left, page_rows)};
  co_return co_await database.read([&](sql::Tx& tx) {
    auto found = life::store::page(tx, filter, after);
    std::vector<AccountId> ids;
    for (const auto& user : found.rows) ids.push_back(user.account.id);
    const auto about = beside(tx, ids);
    UserPage page{.count = found.rows.size(), .last = found.last};
    for (const auto& user : found.rows) {
      if (!page.rows.text.empty()) page.rows.text += ',';
      page.rows.text += json::write(user_json(user, about));
    }
    page.rows.last = page.count < filter.limit || page.count == left;
    return page;
  });
}

class Users final : public LongList {
 public:
  Users(std::string_view around, sql::Database& database, UserPage first, std::size_t left)
      : LongList(around, std::move(first.rows)), database_(database), last_(first.last), left_(left) {}

 private:
  Task<Result<Page>> next() override {
    CO_TRY(auto page, co_await page_of_users(database_, last_, left_));
    left_ -= page.count;
    last_ = page.last;
    co_return std::move(page.rows);
  }

  sql::Database& database_;
  std::int64_t last_;
  std::size_t left_;
};

}  // namespace

/// All of them, however many; who wants pages asks with `limit` and `marker`, which are ours.
Task<Response> UsersApi::list(Request& request) {
  const auto caller = co_await caller_in(request, callers_, groups_);
  if (!caller) co_return fault_answer(caller.error(), request);
  const auto limit = limit_in(request);
  if (!limit) co_return fault_answer(limit.error(), request);
  std::int64_t after = 0;
  if (const auto marker = request.query_value("marker")) {
    const auto number = co_await database_.read([&](sql::Tx& tx) { return store::number_of(tx, AccountId(*marker)); });
    if (!number) co_return fault_answer(fault_from(number.error(), request, log_, failure), request);
    if (!*number) co_return fault_answer({FaultName::bad_request, "marker is the id of no user"}, request);
    after = **number;
  }
  const std::size_t all = limit->value_or(std::numeric_limits<std::size_t>::max());
  auto first = co_await page_of_users(database_, after, all);
  if (!first) co_return fault_answer(fault_from(first.error(), request, log_, failure), request);
  if (first->rows.last) co_return json_answer(200, "{\"users\":[" + first->rows.text + "]}");
  const std::size_t left = all - first->count;
  co_return sent_as_read(json_answer(200, {}),
                         std::make_unique<Users>("{\"users\":[]}", database_, std::move(*first), left));
}

Task<Answer<json::Object>> UsersApi::shown(const Request& request, AccountId user) {
  auto found = co_await database_.read([&](sql::Tx& tx) -> Result<json::Object> {
    const auto stored = store::find(tx, user);
    const auto life = life::store::life(tx, user);
    if (!stored || !life) return fail(Kind::not_found, "no user has the id " + user.text());
    Listed listed{.account = stored->account, .life = *life, .groups = {}};
    for (const auto& group : directory::store::groups_of(tx, user)) listed.groups.push_back(group.name);
    return user_json(listed, beside(tx, std::array{user}));
  });
  if (!found) co_return std::unexpected(fault_from(found.error(), request, log_, failure));
  co_return std::move(*found);
}

Task<Answer<json::Value>> UsersApi::show(Request& request, std::string) {
  CO_TRY(auto user, co_await shown(request, AccountId(request.parameters.at(0))));
  co_return around(std::move(user));
}

Task<Answer<json::Value>> UsersApi::create(Request& request, std::string actor) {
  CO_TRY(const auto body, co_await json_object_body(request, body_bytes_max));
  CO_TRY(const auto user, user_in(body));
  CO_TRY(auto password, good(keystone::text_in(user, "password")));
  if (password.empty()) password = random_password(password_characters);
  CO_TRY(auto wanted, wanted_in(user, password));
  const auto account = co_await life_.add_accepted(std::move(wanted), std::move(actor));
  if (!account) co_return std::unexpected(fault_from(account.error(), request, log_, failure));
  const auto token = co_await identity_.issue_token(account->id);
  if (!token) co_return std::unexpected(fault_from(token.error(), request, log_, failure));
  json::Object made;
  made.append("id", account->id.text());
  made.append("password", password);
  made.append("auth_token", token->token.reveal());
  co_return around(std::move(made));
}

Task<Answer<json::Value>> UsersApi::change(Request& request, std::string actor) {
  const AccountId id(request.parameters.at(0));
  CO_TRY(const auto body, co_await json_object_body(request, body_bytes_max));
  CO_TRY(const auto user, user_in(body));
  AccountChange change{.actor = actor, .holds = precedence_.holds(AccountId(actor), id)};
  CO_TRY(change.email, good(keystone::maybe_text_in(user, "username")));
  CO_TRY(change.first_name, good(keystone::maybe_text_in(user, "first_name")));
  CO_TRY(change.last_name, good(keystone::maybe_text_in(user, "last_name")));
  CO_TRY(auto password, good(keystone::maybe_text_in(user, "password")));
  if (password) change.password = Secret(std::move(*password));
  const auto changed = co_await identity_.change(id, std::move(change));
  if (!changed) co_return std::unexpected(fault_from(changed.error(), request, log_, failure));
  CO_TRY(auto now, co_await shown(request, id));
  co_return around(std::move(now));
}

Task<Answer<json::Object>> UsersApi::done(const Request& request, AccountId user, std::string action, json::Value how,
                                          std::string actor) {
  json::Object out;
  out.append("id", user.text());
  auto holds = precedence_.holds(AccountId(actor), user);
  Result<> result;
  if (action == "activate") {
    result = co_await life_.activate(user, std::move(actor), std::move(holds));
    out.append("is_active", true);
  } else if (action == "deactivate") {
    result = co_await life_.deactivate(user, std::string(how.text_at({"reason"})), std::move(actor), std::move(holds));
    out.append("is_active", false);
  } else if (action == "signTerms") {
    result = co_await life_.agree(user, std::move(actor), 0, std::move(holds));
    out.append("has_signed_terms", true);
  } else if (action == "renewToken") {
    auto token = co_await identity_.renew_token(user, {.actor = std::move(actor), .holds = std::move(holds)});
    if (!token) co_return std::unexpected(fault_from(token.error(), request, log_, failure));
    out.append("auth_token", token->token.reveal());
  } else if (action == "setDefaultProject") {
    const auto* text = how.if_string();
    std::string project(text != nullptr ? *text : how.text_at({"project"}));
    if (project.empty()) project = std::string(how.text_at({"project_id"}));
    result = co_await projects_.set_default({.account = AccountId(std::move(actor))}, user, ProjectId(project),
                                            std::move(holds));
    out.append("default_project", project);
  } else {
    co_return refuse(FaultName::bad_request, "Invalid action");
  }
  if (!result) co_return std::unexpected(fault_from(result.error(), request, log_, failure));
  co_return out;
}

Task<Answer<json::Value>> UsersApi::act(Request& request, std::string actor) {
  CO_TRY(const auto body, co_await json_object_body(request, body_bytes_max));
  if (body.size() != 1) co_return refuse(FaultName::bad_request, "Invalid action");
  const auto& [action, how] = *body.begin();
  const AccountId user(request.parameters.at(0));
  CO_TRY(auto out, co_await done(request, user, action, how, std::move(actor)));
  co_return around(std::move(out));
}

}  // namespace nephele::identity::astakos
