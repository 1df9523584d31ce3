// SPDX-License-Identifier: Apache-2.0
// The groups of UserApi.
#include "identity/account_name.h"
#include "identity/directory/store.h"
#include "identity/keystone/fields.h"
#include "identity/keystone/listing.h"
#include "identity/keystone/records.h"
#include "identity/keystone/user_api.h"
#include "identity/store.h"

namespace nephele::identity::keystone {

namespace {

using http::Request;
using http::Response;
namespace names = directory::store;

constexpr std::size_t description_bytes_max = 4096;

Result<> apply(const json::Object& body, Group& group) {
  TRY(auto name, maybe_text_in(body, "name"));
  TRY(auto description, maybe_text_in(body, "description"));
  if (name) group.name = std::move(*name);
  if (description) group.description = std::move(*description);
  TRY_VOID(check_label("group", group.name));
  return check_text("description", group.description, description_bytes_max);
}

constexpr RecordKind<Group> group_kind{.name = "group", .find = names::group, .render = group_json, .apply = apply};

/// Both of a membership's sides exist.
Result<> check_sides(sql::Tx& tx, const GroupId& group, const AccountId& account) {
  if (!names::group(tx, group)) return no_such("group", group.text());
  if (!store::find(tx, account)) return no_such("user", account.text());
  return {};
}

}  // namespace

Task<Result<Response>> UserApi::list_groups(Request& request, Standing) {
  CO_TRY(const auto filter, filter_asked(request));
  CO_TRY(const auto rows, co_await desk_.database.read([&](sql::Tx& tx) { return names::groups(tx, filter); }));
  co_return list_answer("groups", rows, filter.limit, request, desk_.links, group_json);
}

Task<Result<Response>> UserApi::create_group(Request& request, Standing caller) {
  CO_TRY(auto body, co_await given_in(request, group_kind.name));
  CO_TRY(auto domain, text_in(body, "domain_id"));
  if (domain.empty()) domain = (caller.domain ? *caller.domain : caller.user_domain).id.text();
  Group group{.id = GroupId(new_id()), .domain = DomainId(std::move(domain)), .name = {}, .description = {}};
  co_return co_await create_record(desk_, caller, std::move(body), group_kind, std::move(group),
                                   [](sql::Tx& tx, const Group& wanted) -> Result<> {
                                     if (!names::domain(tx, wanted.domain))
                                       return no_such("domain", wanted.domain.text());
                                     if (!names::insert(tx, wanted, label_key(wanted.name).value()))
                                       return taken("group", wanted.name);
                                     return {};
                                   });
}

Task<Result<Response>> UserApi::show_group(Request& request, Standing) {
  co_return co_await show_record(desk_, request, group_kind);
}

Task<Result<Response>> UserApi::change_group(Request& request, Standing caller) {
  co_return co_await change_record(desk_, caller, request, group_kind, [](sql::Tx& tx, const Group& group) -> Result<> {
    if (!names::update(tx, group, label_key(group.name).value())) return taken("group", group.name);
    return {};
  });
}

Task<Result<Response>> UserApi::remove_group(Request& request, Standing caller) {
  co_return co_await remove_record(desk_, caller, request, group_kind, [](sql::Tx& tx, const GroupId& id) {
    names::forget_actor(tx, {ActorKind::group, id.text()});
    return names::remove(tx, id);
  });
}

Task<Result<Response>> UserApi::members(Request& request, Standing) {
  const GroupId id(request.parameters.at(0));
  CO_TRY(const auto rows, co_await desk_.database.read([&](sql::Tx& tx) -> Result<std::vector<Account>> {
    if (!names::group(tx, id)) return no_such("group", id.text());
    return store::members(tx, id);
  }));
  co_return list_answer("users", rows, rows.size() + 1, request, desk_.links, user_json);
}

Task<Result<Response>> UserApi::add_member(Request& request, Standing caller) {
  const GroupId group(request.parameters.at(0));
  const AccountId account(request.parameters.at(1));
  CO_TRY_VOID(co_await desk_.database.write([&](sql::Tx& tx) -> Result<> {
    TRY_VOID(check_sides(tx, group, account));
    names::add_member(tx, group, account);
    note(tx, desk_, caller, "group.joined", "group " + group.text(), account);
    return {};
  }));
  co_return http::empty_response(204);
}

Task<Result<Response>> UserApi::is_member(Request& request, Standing) {
  const GroupId group(request.parameters.at(0));
  const AccountId account(request.parameters.at(1));
  CO_TRY(const bool member,
         co_await desk_.database.read([&](sql::Tx& tx) { return names::is_member(tx, group, account); }));
  if (!member) co_return no_such("user in group", account.text());
  co_return http::empty_response(204);
}

Task<Result<Response>> UserApi::remove_member(Request& request, Standing caller) {
  const GroupId group(request.parameters.at(0));
  const AccountId account(request.parameters.at(1));
  CO_TRY_VOID(co_await desk_.database.write([&](sql::Tx& tx) -> Result<> {
    if (!names::remove_member(tx, group, account)) return no_such("user in group", account.text());
    note(tx, desk_, caller, "group.left", "group " + group.text(), account);
    return {};
  }));
  co_return http::empty_response(204);
}

}  // namespace nephele::identity::keystone
