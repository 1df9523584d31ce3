// SPDX-License-Identifier: Apache-2.0
#include "identity/ways/store.h"

#include <algorithm>

#include "sql/batch.h"
#include "sql/mapped.h"

namespace nephele::identity::ways::store {

namespace {

using sql::mapped;

constexpr sql::Statement of_account{"identity.way.of_account", R"(
  SELECT id, account_id, module, identifier, affiliation, active, info, created_ms, last_login_ms
    FROM identity_way WHERE account_id = $1 ORDER BY created_ms, id)"};
constexpr sql::Statement find_identifier{"identity.way.find", R"(
  SELECT id, account_id, module, identifier, affiliation, active, info, created_ms, last_login_ms
    FROM identity_way WHERE module = $1 AND identifier = $2 AND identifier <> '')"};
constexpr sql::Statement between{"identity.way.between", R"(
  SELECT w.account_id, w.module, w.last_login_ms FROM identity_account a JOIN identity_way w ON w.account_id = a.id
   WHERE a.number > $1 AND a.number <= $2 ORDER BY w.created_ms, w.id)"};
constexpr sql::Statement add_way{"identity.way.insert", R"(
  INSERT INTO identity_way (id, account_id, module, identifier, affiliation, active, info, created_ms, last_login_ms)
  VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT DO NOTHING)"};
constexpr sql::Statement remove_way{"identity.way.remove", "DELETE FROM identity_way WHERE id = $1"};
constexpr sql::Statement update_way{"identity.way.update", R"(
  UPDATE identity_way SET identifier = $2, affiliation = $3, info = $4, last_login_ms = $5 WHERE id = $1)"};
constexpr sql::Statement used_way{"identity.way.used",
                                  "UPDATE identity_way SET last_login_ms = $3 WHERE account_id = $1 AND module = $2"};

constexpr sql::Statement keep_pending{"identity.pending_way.keep", R"(
  INSERT INTO identity_pending_way (token_hash, module, identifier, affiliation, email, first_name, last_name, forced,
         info, created_ms, expires_ms, group_names)
  VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
  ON CONFLICT (module, identifier) DO UPDATE SET token_hash = excluded.token_hash, affiliation = excluded.affiliation,
         email = excluded.email, first_name = excluded.first_name, last_name = excluded.last_name,
         forced = excluded.forced, info = excluded.info, created_ms = excluded.created_ms,
         expires_ms = excluded.expires_ms, group_names = excluded.group_names)"};
constexpr sql::Statement find_pending{"identity.pending_way.find", R"(
  SELECT module, identifier, affiliation, email, first_name, last_name, forced, info, created_ms, expires_ms, group_names
    FROM identity_pending_way WHERE token_hash = $1 AND expires_ms > $2)"};
constexpr sql::Statement take_pending{"identity.pending_way.take",
                                      "DELETE FROM identity_pending_way WHERE token_hash = $1"};
constexpr sql::Statement drop_expired{"identity.pending_way.drop_expired", R"(
  DELETE FROM identity_pending_way WHERE token_hash IN (
    SELECT token_hash FROM identity_pending_way WHERE expires_ms <= $1 ORDER BY expires_ms LIMIT $2))"};

constexpr sql::Statement of_user{"identity.profile.of_user", R"(
  SELECT p.number, p.name, p.provider, p.exclusive, p.priority, p.active, p.may_login, p.may_create, p.may_add,
         p.may_remove, p.way_limit, p.required, p.automoderate
    FROM identity_policy_profile_user u JOIN identity_policy_profile p ON p.number = u.profile
   WHERE u.account_id = $1 AND p.active = 1 ORDER BY p.priority, p.number)"};
constexpr sql::Statement of_groups{"identity.profile.of_groups", R"(
  SELECT DISTINCT p.number, p.name, p.provider, p.exclusive, p.priority, p.active, p.may_login, p.may_create, p.may_add,
         p.may_remove, p.way_limit, p.required, p.automoderate
    FROM identity_group_member m JOIN identity_policy_profile_group g ON g.group_id = m.group_id
    JOIN identity_policy_profile p ON p.number = g.profile
   WHERE m.account_id = $1 AND p.active = 1 ORDER BY p.priority, p.number)"};
constexpr sql::Statement all_profiles{"identity.profile.all", R"(
  SELECT number, name, provider, exclusive, priority, active, may_login, may_create, may_add, may_remove, way_limit,
         required, automoderate
    FROM identity_policy_profile ORDER BY number)"};
constexpr sql::Statement one_profile{"identity.profile.find", R"(
  SELECT number, name, provider, exclusive, priority, active, may_login, may_create, may_add, may_remove, way_limit,
         required, automoderate
    FROM identity_policy_profile WHERE name = $1)"};
constexpr sql::Statement required_profile{"identity.profile.required", R"(
  SELECT 1 FROM identity_policy_profile WHERE active = 1 AND required = 1 LIMIT 1)"};
constexpr sql::Statement users_of{"identity.profile.users",
                                  "SELECT account_id FROM identity_policy_profile_user WHERE profile = $1 ORDER BY 1"};
constexpr sql::Statement groups_of{"identity.profile.groups",
                                   "SELECT group_id FROM identity_policy_profile_group WHERE profile = $1 ORDER BY 1"};
constexpr sql::Statement next_profile{
    "identity.profile.next",
    "UPDATE identity_counter SET value = value + 1 WHERE name = 'policy_profile' RETURNING value"};
constexpr sql::Statement add_profile{"identity.profile.insert", R"(
  INSERT INTO identity_policy_profile (number, name, provider, exclusive, priority, active, may_login, may_create,
         may_add, may_remove, way_limit, required, automoderate)
  VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13) ON CONFLICT DO NOTHING)"};
constexpr sql::Statement update_profile{"identity.profile.update", R"(
  UPDATE identity_policy_profile SET provider = $2, exclusive = $3, priority = $4, active = $5, may_login = $6,
         may_create = $7, may_add = $8, may_remove = $9, way_limit = $10, required = $11, automoderate = $12
   WHERE number = $1)"};
constexpr sql::Statement drop_profile{"identity.profile.remove", "DELETE FROM identity_policy_profile WHERE name = $1"};
constexpr sql::Statement drop_users{"identity.profile.drop_users",
                                    "DELETE FROM identity_policy_profile_user WHERE profile = $1"};
constexpr sql::Statement drop_groups{"identity.profile.drop_groups",
                                     "DELETE FROM identity_policy_profile_group WHERE profile = $1"};
constexpr sql::Statement add_user{"identity.profile.add_user", R"(
  INSERT INTO identity_policy_profile_user (profile, account_id) VALUES ($1, $2) ON CONFLICT DO NOTHING)"};
constexpr sql::Statement add_group{"identity.profile.add_group", R"(
  INSERT INTO identity_policy_profile_group (profile, group_id) VALUES ($1, $2) ON CONFLICT DO NOTHING)"};

constexpr std::size_t tidied_at_once = 100;  // keeps the transaction short after a long silence

json::Object to_object(const std::string& text) {
  auto parsed = json::parse(text);
  auto* object = parsed ? parsed->if_object() : nullptr;
  return object == nullptr ? json::Object{} : std::move(*object);
}

template <class Texts>
std::string list_of(const Texts& texts) {
  json::Array list;
  for (const auto& text : texts) list.emplace_back(text);
  return json::write(list);
}
std::vector<std::string> texts_in(const std::string& list) {
  std::vector<std::string> out;
  const auto parsed = json::parse(list);
  if (const auto* items = parsed ? parsed->if_array() : nullptr)
    for (const auto& item : *items)
      if (const auto* text = item.if_string()) out.push_back(*text);
  return out;
}

Way to_way(const sql::Row& row) {
  return {.id = WayId(row.text(0)),
          .account = AccountId(row.text(1)),
          .module = row.text(2),
          .identifier = row.text(3),
          .affiliation = row.text(4),
          .active = row.boolean(5),
          .info = to_object(row.text(6)),
          .created = row.time(7),
          .last_login = row.maybe_time(8)};
}

Pending to_pending(const sql::Row& row) {
  Proof proof{.module = row.text(0),
              .identifier = row.text(1),
              .affiliation = row.text(2),
              .email = row.text(3),
              .first_name = row.text(4),
              .last_name = row.text(5),
              .info = to_object(row.text(7)),
              .groups = texts_in(row.text(10))};
  for (auto& name : texts_in(row.text(6))) proof.forced.insert(std::move(name));
  return {.proof = std::move(proof), .created = row.time(8), .expires = row.time(9)};
}

std::optional<bool> maybe_boolean(const sql::Row& row, std::size_t column) {
  const auto value = row.maybe_integer(column);
  return value ? std::optional(*value != 0) : std::nullopt;
}

Profile to_profile(const sql::Row& row) {
  return {.number = row.integer(0),
          .name = row.text(1),
          .provider = row.text(2),
          .exclusive = row.boolean(3),
          .priority = row.integer(4),
          .active = row.boolean(5),
          .overrides = {.login = maybe_boolean(row, 6),
                        .create = maybe_boolean(row, 7),
                        .add = maybe_boolean(row, 8),
                        .remove = maybe_boolean(row, 9),
                        .limit = row.maybe_integer(10),
                        .required = maybe_boolean(row, 11),
                        .automoderate = maybe_boolean(row, 12)}};
}

std::string first_text(const sql::Row& row) {
  return row.text(0);
}

Assigned with_members(sql::Tx& tx, Profile profile) {
  const auto number = profile.number;
  return {.profile = std::move(profile),
          .users = mapped(tx.query(users_of, number), first_text),
          .groups = mapped(tx.query(groups_of, number), first_text)};
}

}  // namespace

std::vector<Way> ways_of(sql::Tx& tx, const AccountId& account) {
  return mapped(tx.query(of_account, account), to_way);
}
std::map<std::string, std::vector<Way>> ways_of(sql::Tx& tx, std::span<const AccountId> accounts) {
  static const sql::Batch batch(
      "identity.way.of_accounts",
      "SELECT id, account_id, module, identifier, affiliation, active, info, created_ms, last_login_ms "
      "FROM identity_way WHERE account_id IN (VALUES ",
      {sql::Batch::Column::text}, ") ORDER BY created_ms, id");
  std::vector<sql::Value> ids;
  for (const auto& account : accounts) ids.emplace_back(account.text());
  std::map<std::string, std::vector<Way>> found;
  for (const auto& row : batch.run(tx, ids)) found[row.text(1)].push_back(to_way(row));
  return found;
}
std::vector<ModuleOf> modules_between(sql::Tx& tx, std::int64_t after, std::int64_t last) {
  return mapped(tx.query(between, after, last), [](const sql::Row& row) {
    return ModuleOf{.account = row.text(0), .module = row.text(1), .last_login = row.maybe_time(2)};
  });
}
std::optional<Way> by_identifier(sql::Tx& tx, std::string_view module, std::string_view identifier) {
  return mapped(tx.maybe_one(find_identifier, module, identifier), to_way);
}
bool insert(sql::Tx& tx, const Way& way) {
  return tx.execute(add_way, way.id, way.account, way.module, way.identifier, way.affiliation, way.active,
                    json::write(way.info), way.created, way.last_login) == 1;
}
bool remove(sql::Tx& tx, const WayId& way) {
  return tx.execute(remove_way, way) == 1;
}
void update(sql::Tx& tx, const Way& way) {
  tx.execute(update_way, way.id, way.identifier, way.affiliation, json::write(way.info), way.last_login);
}
void used(sql::Tx& tx, const AccountId& account, std::string_view module, Time now) {
  tx.execute(used_way, account, module, now);
}

std::int64_t purge(sql::Tx& tx, Time now, std::size_t limit) {
  return tx.execute(drop_expired, now, limit);
}
void keep(sql::Tx& tx, std::string_view token_hash, const Pending& pending) {
  (void)purge(tx, pending.created, tidied_at_once);
  const Proof& proof = pending.proof;
  tx.execute(keep_pending, token_hash, proof.module, proof.identifier, proof.affiliation, proof.email, proof.first_name,
             proof.last_name, list_of(proof.forced), json::write(proof.info), pending.created, pending.expires,
             list_of(proof.groups));
}
std::optional<Pending> pending(sql::Tx& tx, std::string_view token_hash, Time now) {
  return mapped(tx.maybe_one(find_pending, token_hash, now), to_pending);
}
bool take(sql::Tx& tx, std::string_view token_hash) {
  return tx.execute(take_pending, token_hash) == 1;
}

std::vector<Profile> profiles_of(sql::Tx& tx, const AccountId& account) {
  auto all = mapped(tx.query(of_user, account), to_profile);
  std::ranges::move(mapped(tx.query(of_groups, account), to_profile), std::back_inserter(all));
  return all;
}
bool any_required_profile(sql::Tx& tx) {
  return tx.maybe_one(required_profile).has_value();
}
std::vector<Assigned> profiles(sql::Tx& tx) {
  std::vector<Assigned> all;
  for (const auto& row : tx.query(all_profiles)) all.push_back(with_members(tx, to_profile(row)));
  return all;
}
std::optional<Assigned> profile(sql::Tx& tx, std::string_view name) {
  const auto row = tx.maybe_one(one_profile, name);
  if (!row) return std::nullopt;
  return with_members(tx, to_profile(*row));
}
bool insert(sql::Tx& tx, Profile& profile) {
  profile.number = tx.one(next_profile).integer(0);
  const auto& o = profile.overrides;
  return tx.execute(add_profile, profile.number, profile.name, profile.provider, profile.exclusive, profile.priority,
                    profile.active, o.login, o.create, o.add, o.remove, o.limit, o.required, o.automoderate) == 1;
}
void update(sql::Tx& tx, const Profile& profile) {
  const auto& o = profile.overrides;
  tx.execute(update_profile, profile.number, profile.provider, profile.exclusive, profile.priority, profile.active,
             o.login, o.create, o.add, o.remove, o.limit, o.required, o.automoderate);
}
bool remove_profile(sql::Tx& tx, std::string_view name) {
  return tx.execute(drop_profile, name) == 1;
}
void assign(sql::Tx& tx, std::int64_t profile, const std::vector<AccountId>& users,
            const std::vector<GroupId>& groups) {
  tx.execute(drop_users, profile);
  tx.execute(drop_groups, profile);
  for (const auto& user : users) tx.execute(add_user, profile, user);
  for (const auto& group : groups) tx.execute(add_group, profile, group);
}

}  // namespace nephele::identity::ways::store
