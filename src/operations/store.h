// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "operations/operations.h"
#include "operations/process_identity.h"

/// What stands in place of a secret that was erased when its operation failed: who tries it once more must not take it
/// for none.
#define OPERATION_ERASED "erased"

/// All SQL of operations. Every function works in the caller's transaction.
namespace nephele::operations::store {

struct Claimed {
  Record record;
  std::string sealed;
  std::int64_t epoch = 0;
  std::map<std::string, json::Value, std::less<>> steps;
};

/// What a claimer brings along.
struct Claimer {
  std::string instance;
  std::chrono::milliseconds lease;
};

OperationId insert(sql::Tx& tx, const NewOperation& wanted, const std::string& sealed, Time now);

/// A row that is claimed from its start; its epoch is 1.
OperationId insert_held(sql::Tx& tx, const NewOperation& wanted, const std::string& sealed, const Claimer& claimer,
                        Time now);
void replace_payload(sql::Tx& tx, OperationId id, const json::Value& payload);
void replace_object(sql::Tx& tx, OperationId id, std::string_view object);

/// What a process can work on.
struct Ability {
  std::string_view place;
  std::string kinds;  ///< ",compute.build,compute.start,"
};
/// Due rows, oldest first, one per object at most: pending ones whose time has come, running ones whose lease is over.
std::vector<Record> due(sql::Tx& tx, const Ability& ability, Time now, std::size_t limit);
/// Takes the row if it is still due; nothing when another worker was faster.
std::optional<Claimed> claim(sql::Tx& tx, OperationId id, const Claimer& claimer, Time now);

/// True when this epoch still holds the row.
bool held(sql::Tx& tx, OperationId id, std::int64_t epoch);
void record_step(sql::Tx& tx, OperationId id, std::string_view name, const json::Value& result);
void set_progress(sql::Tx& tx, OperationId id, std::string_view text, Time now);

/// Ends the row and erases its secret.
void end(sql::Tx& tx, OperationId id, State state, const std::optional<Error>& error, Time now);
/// Back to pending, to be claimed not before `when`.
void give_back(sql::Tx& tx, OperationId id, Time when, const std::optional<Error>& error, Time now);

/// Prolongs the leases of these rows, where the instance still has them.
void renew(sql::Tx& tx, const std::vector<OperationId>& ids, const Claimer& claimer, Time now);
/// Rows of the instance whose cancellation was asked for.
std::vector<OperationId> asked_to_cancel(sql::Tx& tx, std::string_view instance);

/// Asks the unfinished rows of the object to end: a worker ends pending and running ones as cancelled.
void cancel_object(sql::Tx& tx, std::string_view object, Time now);
bool request_cancel(sql::Tx& tx, OperationId id, Time now);
bool busy(sql::Tx& tx, std::string_view object);
void hand_over(sql::Tx& tx, std::string_view from, std::string_view to);
bool busy_before(sql::Tx& tx, std::string_view object, OperationId than);

std::optional<Record> find(sql::Tx& tx, OperationId id);
/// State, error and kind of an ended row; nothing while it is unfinished. Throws nothing for an unknown id: ended rows
/// are dropped after a while, so an unknown id counts as done.
std::optional<Outcome> outcome(sql::Tx& tx, OperationId id);
std::vector<Record> page(sql::Tx& tx, const Page& page);
bool retry(sql::Tx& tx, OperationId id, Time now, Time deadline);
std::size_t drop_ended(sql::Tx& tx, Time before, std::size_t limit);

void register_worker(sql::Tx& tx, std::string_view instance, std::string_view place, const ProcessIdentity& process,
                     Time now);
void remove_worker(sql::Tx& tx, std::string_view instance);
struct WorkerRow {
  std::string instance;
  ProcessIdentity process;
};
std::vector<WorkerRow> workers_of(sql::Tx& tx, std::string_view place);
/// Makes the rows of a dead instance due at once.
std::int64_t release_leases(sql::Tx& tx, std::string_view instance);

}  // namespace nephele::operations::store
