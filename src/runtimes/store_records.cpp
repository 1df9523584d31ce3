// SPDX-License-Identifier: Apache-2.0
#include "runtimes/store.h"

/// Events, idempotency keys and flavours.
namespace nephele::runtimes::store {
namespace {

constexpr sql::Statement add_event{
    "runtimes.event",
    "INSERT INTO runtimes_event (runtime, sequence, owner, time, type, data) VALUES ($1, $2, $3, $4, $5, $6)"};
constexpr sql::Statement read_events{
    "runtimes.events",
    "SELECT sequence, type, data FROM runtimes_event WHERE runtime = $1 AND sequence > $2 ORDER BY sequence LIMIT $3"};
constexpr sql::Statement event_owner{"runtimes.event_owner",
                                     "SELECT owner FROM runtimes_event WHERE runtime = $1 ORDER BY sequence LIMIT 1"};
constexpr sql::Statement purge_events{
    "runtimes.purge_events",
    "DELETE FROM runtimes_event WHERE (runtime, sequence) IN "
    "(SELECT runtime, sequence FROM runtimes_event WHERE time < $1 ORDER BY time LIMIT $2)"};

constexpr sql::Statement forget_key{"runtimes.forget_key",
                                    "DELETE FROM runtimes_idempotency WHERE owner = $1 AND key = $2 AND created < $3"};
constexpr sql::Statement insert_key{
    "runtimes.claim_key",
    "INSERT INTO runtimes_idempotency (owner, key, body_hash, runtime, answer, created) VALUES ($1, $2, $3, 0, '', $4) "
    "ON CONFLICT (owner, key) DO NOTHING"};
constexpr sql::Statement read_key{
    "runtimes.read_key", "SELECT body_hash, runtime, answer FROM runtimes_idempotency WHERE owner = $1 AND key = $2"};
constexpr sql::Statement finish_key{
    "runtimes.answer_key", "UPDATE runtimes_idempotency SET runtime = $3, answer = $4 WHERE owner = $1 AND key = $2"};
constexpr sql::Statement purge_keys{
    "runtimes.purge_keys",
    "DELETE FROM runtimes_idempotency WHERE (owner, key) IN "
    "(SELECT owner, key FROM runtimes_idempotency WHERE created < $1 ORDER BY created LIMIT $2)"};

constexpr sql::Statement one_flavour{"runtimes.flavour", "SELECT definition FROM runtimes_flavour WHERE name = $1"};
constexpr sql::Statement flavour_page{
    "runtimes.flavours", "SELECT name, definition FROM runtimes_flavour WHERE name > $1 ORDER BY name LIMIT $2"};
constexpr sql::Statement add_flavour{
    "runtimes.add_flavour",
    "INSERT INTO runtimes_flavour (name, definition, created) VALUES ($1, $2, $3) ON CONFLICT (name) DO NOTHING"};
constexpr sql::Statement drop_flavour{"runtimes.erase_flavour", "DELETE FROM runtimes_flavour WHERE name = $1"};

}  // namespace

void insert_event(sql::Tx& tx, RuntimeId id, const std::string& owner, Time time, const RuntimeEvent& event) {
  tx.execute(add_event, id, event.sequence, owner, time, event.type, event.data);
}

std::vector<RuntimeEvent> events_after(sql::Tx& tx, RuntimeId id, std::int64_t sequence, std::size_t limit) {
  std::vector<RuntimeEvent> out;
  for (const auto& row : tx.query(read_events, id, sequence, std::uint64_t{limit}))
    out.push_back({.sequence = row.integer(0), .type = row.text(1), .data = row.text(2)});
  return out;
}

std::string owner_of_events(sql::Tx& tx, RuntimeId id) {
  const auto row = tx.maybe_one(event_owner, id);
  return row ? row->text(0) : std::string{};
}

std::optional<UsedKey> claim_key(sql::Tx& tx, const std::string& owner, const std::string& key,
                                 const std::string& body_hash, Time now, Time oldest) {
  tx.execute(forget_key, owner, key, oldest);
  if (tx.execute(insert_key, owner, key, body_hash, now) == 1) return std::nullopt;
  const auto row = tx.one(read_key, owner, key);
  return UsedKey{.body_hash = row.text(0), .runtime = RuntimeId(row.integer(1)), .answer = row.text(2)};
}

std::optional<UsedKey> find_key(sql::Tx& tx, const std::string& owner, const std::string& key, Time oldest) {
  tx.execute(forget_key, owner, key, oldest);
  const auto row = tx.maybe_one(read_key, owner, key);
  if (!row) return std::nullopt;
  return UsedKey{row->text(0), RuntimeId(row->integer(1)), row->text(2)};
}

void answer_key(sql::Tx& tx, const std::string& owner, const std::string& key, RuntimeId runtime,
                const std::string& answer) {
  tx.execute(finish_key, owner, key, runtime, answer);
}

std::int64_t purge(sql::Tx& tx, Time keys_before, Time events_before, std::int64_t limit) {
  return tx.execute(purge_keys, keys_before, limit) + tx.execute(purge_events, events_before, limit);
}

bool any_flavour(sql::Tx& tx) {
  return !flavours(tx, "", 1).empty();
}

std::optional<std::string> flavour(sql::Tx& tx, const std::string& name) {
  const auto row = tx.maybe_one(one_flavour, name);
  return row ? std::optional(row->text(0)) : std::nullopt;
}

std::vector<FlavourRow> flavours(sql::Tx& tx, const std::string& after, std::size_t limit) {
  std::vector<FlavourRow> out;
  for (const auto& row : tx.query(flavour_page, after, std::uint64_t{limit}))
    out.push_back({.name = row.text(0), .definition = row.text(1)});
  return out;
}

bool insert_flavour(sql::Tx& tx, const FlavourRow& row, Time now) {
  return tx.execute(add_flavour, row.name, row.definition, now) == 1;
}

bool erase_flavour(sql::Tx& tx, const std::string& name) {
  return tx.execute(drop_flavour, name) == 1;
}

}  // namespace nephele::runtimes::store
