// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/json.h"
#include "runtimes/event_log.h"
#include "runtimes/model.h"
#include "sql/sql.h"

/// All SQL of this service. Every function works in an open transaction.
namespace nephele::runtimes::store {

/// A runtime with its functions.
struct Record {
  RuntimeId id;
  std::int64_t service_id = 0;
  std::string owner;
  std::string name;
  json::Object document;  ///< the caller's members (document.h)
  std::vector<Function> functions;
  std::int64_t last_event = 0;
  Time created;
};

struct Ids {
  std::int64_t service_id;
  RuntimeId id;
};

/// Two numbers of the one sequence: the service's and, one above it, the runtime's. Nothing when 32 bits are used up.
std::optional<Ids> draw_ids(sql::Tx& tx);

void insert(sql::Tx& tx, const Record& record);
/// For changing: nobody else changes this runtime until the transaction ends.
std::optional<Record> take(sql::Tx& tx, RuntimeId id);
/// For looking.
std::optional<Record> find(sql::Tx& tx, RuntimeId id);
/// Writes what may change: name, document, functions, last event; and what a read answers.
void save(sql::Tx& tx, const Record& record, Time now);
void erase(sql::Tx& tx, RuntimeId id);
std::optional<RuntimeId> runtime_of_server(sql::Tx& tx, std::int64_t server);

/// One point read.
struct StoredView {
  std::string owner;
  std::string body;
};
std::optional<StoredView> view(sql::Tx& tx, RuntimeId id);

struct PageRow {
  RuntimeId id;
  std::string body;
};
std::vector<PageRow> page(sql::Tx& tx, const std::string& owner, RuntimeId after, std::size_t limit);

struct StateCount {
  std::string state;
  std::int64_t functions = 0;
};
std::vector<StateCount> count_by_state(sql::Tx& tx);

void insert_event(sql::Tx& tx, RuntimeId id, const std::string& owner, Time time, const RuntimeEvent& event);
std::vector<RuntimeEvent> events_after(sql::Tx& tx, RuntimeId id, std::int64_t sequence, std::size_t limit);
std::string owner_of_events(sql::Tx& tx, RuntimeId id);

/// A key that was used, or is being used for the first time by this very transaction.
struct UsedKey {
  std::string body_hash;
  RuntimeId runtime;
  std::string answer;
};
/// Nothing: the key is now ours and must get its answer in this transaction. Keys from before `oldest` are forgotten.
std::optional<UsedKey> claim_key(sql::Tx& tx, const std::string& owner, const std::string& key,
                                 const std::string& body_hash, Time now, Time oldest);
/// The same without claiming it.
std::optional<UsedKey> find_key(sql::Tx& tx, const std::string& owner, const std::string& key, Time oldest);
void answer_key(sql::Tx& tx, const std::string& owner, const std::string& key, RuntimeId runtime,
                const std::string& answer);

/// Drops at most `limit` rows of each kind that nobody asks for any more; answers how many went.
std::int64_t purge(sql::Tx& tx, Time keys_before, Time events_before, std::int64_t limit);

struct FlavourRow {
  std::string name;
  std::string definition;  ///< JSON
};
bool any_flavour(sql::Tx& tx);
std::optional<std::string> flavour(sql::Tx& tx, const std::string& name);
std::vector<FlavourRow> flavours(sql::Tx& tx, const std::string& after, std::size_t limit);
/// False when the name is taken.
bool insert_flavour(sql::Tx& tx, const FlavourRow& row, Time now);
bool erase_flavour(sql::Tx& tx, const std::string& name);

}  // namespace nephele::runtimes::store
