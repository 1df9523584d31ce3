// SPDX-License-Identifier: Apache-2.0
#include "identity/astakos/user_catalogs.h"

#include <unordered_map>
#include <unordered_set>

#include "identity/account_name.h"
#include "identity/store.h"
#include "sql/batch.h"

namespace nephele::identity::astakos {

namespace {

constexpr std::size_t uuid_bytes_max = 64, page_rows = 1000;
constexpr auto text = sql::Batch::Column::text;

const sql::Batch& by_uuid() {
  static const sql::Batch batch("identity.catalog.by_uuid",
                                "SELECT id, name FROM identity_account WHERE id IN (VALUES ", {text}, ")");
  return batch;
}
const sql::Batch& by_key() {
  static const sql::Batch batch("identity.catalog.by_key",
                                "SELECT name_key, id FROM identity_account WHERE name_key IN (VALUES ", {text}, ")");
  return batch;
}

/// First column to second, of the rows that have one of these.
std::unordered_map<std::string, std::string> found(sql::Tx& tx, const sql::Batch& batch,
                                                   const std::unordered_set<std::string>& wanted) {
  const std::vector<sql::Value> values(wanted.begin(), wanted.end());
  std::unordered_map<std::string, std::string> all;
  for (const auto& row : batch.run(tx, values)) all.emplace(row.text(0), row.text(1));
  return all;
}

/// Each of `asked` once, in its order, with what `known` has under its key.
template <class KeyOf>
json::Object told(const std::vector<std::string>& asked, const std::unordered_map<std::string, std::string>& known,
                  KeyOf key_of) {
  json::Object out;
  std::unordered_set<std::string_view> seen;
  for (const auto& each : asked)
    if (const auto at = known.find(key_of(each)); at != known.end() && seen.insert(each).second)
      out.append(each, at->second);
  return out;
}

std::string key_or_nothing(const std::string& name) {
  return name_key(name).value_or("");
}

}  // namespace

json::Object names_of(sql::Tx& tx, const std::vector<std::string>& uuids) {
  std::unordered_set<std::string> wanted;
  for (const auto& uuid : uuids)
    if (uuid.size() <= uuid_bytes_max && !uuid.contains('\0')) wanted.insert(uuid);  // no engine takes a NUL
  return told(uuids, found(tx, by_uuid(), wanted), [](const std::string& uuid) { return uuid; });
}

json::Object uuids_of(sql::Tx& tx, const std::vector<std::string>& names) {
  std::unordered_set<std::string> wanted;
  for (const auto& name : names)
    if (auto key = key_or_nothing(name); !key.empty()) wanted.insert(std::move(key));
  return told(names, found(tx, by_key(), wanted), key_or_nothing);
}

AllUsers all_users(sql::Tx& tx) {
  AllUsers all;
  const AccountFilter filter{.limit = page_rows};
  for (auto page = store::page(tx, filter, 0); !page.empty(); page = store::page(tx, filter, page.back().number)) {
    for (const auto& account : page) {
      all.names.append(account.id.text(), account.name);
      all.uuids.append(account.name, account.id.text());
    }
  }
  return all;
}

}  // namespace nephele::identity::astakos
