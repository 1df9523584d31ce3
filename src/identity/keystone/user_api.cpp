// SPDX-License-Identifier: Apache-2.0
#include "identity/keystone/user_api.h"

#include <array>

#include "identity/account_name.h"
#include "identity/keystone/fields.h"
#include "identity/keystone/listing.h"
#include "identity/keystone/records.h"
#include "identity/keystone/whole_list.h"
#include "identity/store.h"

namespace nephele::identity::keystone {

namespace {

using http::Access;
using http::Request;
using http::Response;
using http::Verb;

/// Names the user as Keystone does, and not "account".
template <class T>
Result<T> named(Result<T> result, const std::string& id) {
  if (!result && result.error().kind() == Kind::not_found) return no_such("user", id);
  return result;
}

Result<NewAccount> wanted_in(const json::Object& body, const Standing& caller) {
  NewAccount wanted;
  TRY(wanted.name, text_in(body, "name"));
  TRY(auto password, maybe_text_in(body, "password"));
  if (password && !password->empty()) wanted.password = Secret(std::move(*password));
  TRY(const auto enabled, flag_in(body, "enabled"));
  wanted.enabled = enabled.value_or(true);
  TRY(auto domain, text_in(body, "domain_id"));
  if (domain.empty()) domain = (caller.domain ? *caller.domain : caller.user_domain).id.text();
  wanted.domain = DomainId(std::move(domain));
  TRY(wanted.email, text_in(body, "email"));
  TRY(wanted.description, text_in(body, "description"));
  TRY(auto project, text_in(body, "default_project_id"));
  wanted.default_project = ProjectId(std::move(project));
  return wanted;
}

Result<AccountChange> change_in(const json::Object& body) {
  AccountChange change;
  TRY(change.name, maybe_text_in(body, "name"));
  TRY(auto password, maybe_text_in(body, "password"));
  const auto* given = body.find("password");
  if (password && !given->is_null()) change.password = Secret(std::move(*password));
  TRY(change.enabled, flag_in(body, "enabled"));
  TRY(change.email, maybe_text_in(body, "email"));
  TRY(change.description, maybe_text_in(body, "description"));
  TRY(auto project, maybe_text_in(body, "default_project_id"));
  if (project) change.default_project = ProjectId(std::move(*project));
  return change;
}

LongList::Page page_of(const std::vector<Account>& rows, std::size_t limit, const Links& links) {
  return rows_of(rows, limit, [&](const Account& each) { return user_json(each, links); });
}

/// Of all names: by name or address there is one page at most.
class Users final : public LongList {
 public:
  Users(std::string_view around, const Desk& desk, AccountFilter filter, const std::vector<Account>& first)
      : LongList(around, page_of(first, filter.limit, desk.links)), desk_(desk), filter_(std::move(filter)) {
    go_on_behind(first);
  }

 private:
  /// By its number, which stays when the account goes meanwhile or is renamed.
  void go_on_behind(const std::vector<Account>& rows) {
    if (!rows.empty()) last_ = rows.back().number;
  }
  Task<Result<Page>> next() override {
    CO_TRY(const auto rows, co_await desk_.database.read([&](sql::Tx& tx) { return store::page(tx, filter_, last_); }));
    go_on_behind(rows);
    co_return page_of(rows, filter_.limit, desk_.links);
  }

  const Desk desk_;  // NOLINT(cppcoreguidelines-avoid-const-or-ref-data-members): references only
  AccountFilter filter_;
  std::int64_t last_ = 0;
};

}  // namespace

std::span<const http::Route<UserApi>> UserApi::routes() {
  using Api = UserApi;
  static constexpr std::array<http::Route<Api>, 16> table{{
      {Verb::get, "/identity/v3/users", Access::late, &Api::user<&Api::list>},
      {Verb::post, "/identity/v3/users", Access::late, &Api::admin<&Api::create>, body_bytes_max},
      {Verb::get, "/identity/v3/users/{user}", Access::late, &Api::user<&Api::show>},
      {Verb::patch, "/identity/v3/users/{user}", Access::late, &Api::admin<&Api::change>, body_bytes_max},
      {Verb::del, "/identity/v3/users/{user}", Access::late, &Api::admin<&Api::remove>},
      {Verb::post, "/identity/v3/users/{user}/password", Access::late, &Api::user<&Api::change_password>,
       body_bytes_max},
      {Verb::get, "/identity/v3/users/{user}/groups", Access::late, &Api::user<&Api::groups_of>},
      {Verb::get, "/identity/v3/groups", Access::late, &Api::admin<&Api::list_groups>},
      {Verb::post, "/identity/v3/groups", Access::late, &Api::admin<&Api::create_group>, body_bytes_max},
      {Verb::get, "/identity/v3/groups/{group}", Access::late, &Api::admin<&Api::show_group>},
      {Verb::patch, "/identity/v3/groups/{group}", Access::late, &Api::admin<&Api::change_group>, body_bytes_max},
      {Verb::del, "/identity/v3/groups/{group}", Access::late, &Api::admin<&Api::remove_group>},
      {Verb::get, "/identity/v3/groups/{group}/users", Access::late, &Api::admin<&Api::members>},
      {Verb::put, "/identity/v3/groups/{group}/users/{user}", Access::late, &Api::admin<&Api::add_member>,
       body_bytes_max},
      {Verb::get, "/identity/v3/groups/{group}/users/{user}", Access::late, &Api::admin<&Api::is_member>},
      {Verb::del, "/identity/v3/groups/{group}/users/{user}", Access::late, &Api::admin<&Api::remove_member>},
  }};
  return table;
}

/// Who is no administrator sees himself: enough for clients that look up the name they were given.
Task<Result<Response>> UserApi::list(Request& request, Standing caller) {
  if (!caller.admin()) {
    const auto& own = caller.token.account;
    CO_TRY(const auto name, text_asked(request, "name"));
    std::vector<Account> rows;
    if (name.empty() || name_key(name) == name_key(own.name)) rows.push_back(own);
    co_return list_answer("users", rows, rows.size() + 1, request, desk_.links, user_json);
  }
  AccountFilter filter;
  CO_TRY(filter.name, text_asked(request, "name"));
  CO_TRY(filter.email, text_asked(request, "email"));
  CO_TRY(filter.domain, text_asked(request, "domain_id"));
  filter.enabled = flag_asked(request, "enabled");
  CO_TRY(auto marker, text_asked(request, "marker"));
  filter.after = AccountId(std::move(marker));
  CO_TRY(filter.limit, limit_asked(request));
  CO_TRY(const auto rows, co_await desk_.identity.list(filter));
  if (request.query_value("limit") || rows.size() < filter.limit || !filter.name.empty() || !filter.email.empty())
    co_return list_answer("users", rows, filter.limit, request, desk_.links, user_json);
  co_return sent_whole("users", request, desk_.links, [&](std::string_view around) {
    return std::make_unique<Users>(around, desk_, std::move(filter), rows);
  });
}

Task<Result<Response>> UserApi::create(Request& request, Standing caller) {
  CO_TRY(const auto body, co_await given_in(request, "user"));
  CO_TRY(auto wanted, wanted_in(body, caller));
  wanted.actor = caller.token.account.id.text();
  CO_TRY(const auto account, co_await desk_.identity.create(std::move(wanted)));
  co_return answer(201, wrapped("user", user_json(account, desk_.links)));
}

Task<Result<Response>> UserApi::show(Request& request, Standing caller) {
  const std::string id = request.parameters.at(0);
  // Of others he learns nothing, and a name in the place of an id is answered as Keystone's clients expect it.
  if (!caller.admin() && caller.token.account.id.text() != id) co_return no_such("user", id);
  CO_TRY(const auto account, named(co_await desk_.identity.find(AccountId(id)), id));
  co_return answer(200, wrapped("user", user_json(account, desk_.links)));
}

Task<Result<Response>> UserApi::change(Request& request, Standing caller) {
  const std::string id = request.parameters.at(0);
  CO_TRY(const auto body, co_await given_in(request, "user"));
  CO_TRY(auto change, change_in(body));
  change.actor = caller.token.account.id.text();
  CO_TRY(const auto account, named(co_await desk_.identity.change(AccountId(id), std::move(change)), id));
  co_return answer(200, wrapped("user", user_json(account, desk_.links)));
}

Task<Result<Response>> UserApi::remove(Request& request, Standing caller) {
  const std::string id = request.parameters.at(0);
  CO_TRY_VOID(named(co_await desk_.identity.remove(AccountId(id), caller.token.account.id.text()), id));
  co_return http::empty_response(204);
}

Task<Result<Response>> UserApi::change_password(Request& request, Standing caller) {
  const AccountId id(request.parameters.at(0));
  if (caller.token.account.id != id) co_return not_admin();
  CO_TRY(const auto body, co_await given_in(request, "user"));
  CO_TRY(auto original, text_in(body, "original_password"));
  CO_TRY(auto password, text_in(body, "password"));
  CO_TRY_VOID(co_await desk_.identity.authenticate(id, Secret(std::move(original)), request.remote));
  AccountChange change;
  change.password = Secret(std::move(password));
  change.actor = id.text();
  CO_TRY_VOID(co_await desk_.identity.change(id, std::move(change)));
  co_return http::empty_response(204);
}

Task<Result<Response>> UserApi::groups_of(Request& request, Standing caller) {
  const AccountId id(request.parameters.at(0));
  if (!caller.admin() && caller.token.account.id != id) co_return not_admin();
  CO_TRY_VOID(named(co_await desk_.identity.find(id), id.text()));
  CO_TRY(const auto rows,
         co_await desk_.database.read([&](sql::Tx& tx) { return directory::store::groups_of(tx, id); }));
  co_return list_answer("groups", rows, rows.size() + 1, request, desk_.links, group_json);
}

}  // namespace nephele::identity::keystone
