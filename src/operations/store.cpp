// SPDX-License-Identifier: Apache-2.0
#include "operations/store.h"

#include <algorithm>

#include "sql/batch.h"

namespace nephele::operations::store {

namespace {

#define OPERATION_COLUMNS                                                                                  \
  "id, kind, version, object, actor, request_id, runs_on, state, attempt, progress, last_error, payload, " \
  "created_ms, updated_ms, deadline_ms, cancel_requested"

constexpr sql::Statement next_id{"operation.next_id",
                                 "UPDATE operations_counter SET value = value + 1 WHERE name = 'operation' "
                                 "RETURNING value"};
constexpr sql::Statement insert_row{
    "operation.insert",
    "INSERT INTO operations_operation (id, kind, version, object, actor, request_id, runs_on, state, attempt, "
    "not_before_ms, deadline_ms, epoch, lease_until_ms, owner, cancel_requested, progress, last_error, last_kind, "
    "payload, sealed, created_ms, updated_ms) VALUES ($1, $2, $3, $4, $5, $6, $7, 'pending', 0, $8, $9, 0, 0, '', 0, "
    "'', '', '', $10, $11, $12, $12)"};
constexpr sql::Statement due_rows{
    "operation.due",
    "SELECT " OPERATION_COLUMNS
    " FROM operations_operation o WHERE o.state IN ('pending', 'running') AND "
    "((o.state = 'pending' AND o.not_before_ms <= $1) OR (o.state = 'running' AND o.lease_until_ms <= $1)) "
    "AND (o.runs_on = '' OR o.runs_on = $2) AND $4 LIKE '%,' || o.kind || ',%' AND NOT EXISTS (SELECT 1 FROM "
    "operations_operation e WHERE "
    "e.object = o.object AND e.id < o.id AND e.state IN ('pending', 'running')) ORDER BY o.id LIMIT $3"};
constexpr sql::Statement claim_row{
    "operation.claim",
    "UPDATE operations_operation SET state = 'running', attempt = attempt + 1, epoch = epoch + 1, owner = $2, "
    "lease_until_ms = $3, updated_ms = $4 WHERE id = $1 AND ((state = 'pending' AND not_before_ms <= $4) OR "
    "(state = 'running' AND lease_until_ms <= $4)) RETURNING " OPERATION_COLUMNS ", sealed, epoch"};
constexpr sql::Statement steps_of{"operation.steps",
                                  "SELECT name, result FROM operations_step WHERE operation_id = $1"};
constexpr sql::Statement held_row{
    "operation.held",
    "UPDATE operations_operation SET epoch = epoch WHERE id = $1 AND epoch = $2 AND state = 'running'"};
constexpr sql::Statement older_row{
    "operation.older",
    "SELECT 1 FROM operations_operation WHERE object = $1 AND id < $2 AND state IN ('pending', 'running') LIMIT 1"};
constexpr sql::Statement payload_row{"operation.payload", "UPDATE operations_operation SET payload = $2 WHERE id = $1"};
constexpr sql::Statement object_row{"operation.object", "UPDATE operations_operation SET object = $2 WHERE id = $1"};
constexpr sql::Statement take_new_row{
    "operation.take_new",
    "UPDATE operations_operation SET state = 'running', epoch = 1, owner = $2, lease_until_ms = $3 WHERE id = $1"};
constexpr sql::Statement insert_step{"operation.step",
                                     "INSERT INTO operations_step (operation_id, name, result) VALUES ($1, $2, $3) "
                                     "ON CONFLICT (operation_id, name) DO UPDATE SET result = excluded.result"};
constexpr sql::Statement progress_row{"operation.progress",
                                      "UPDATE operations_operation SET progress = $2, updated_ms = $3 WHERE id = $1"};
constexpr sql::Statement end_row{"operation.end",
                                 "UPDATE operations_operation SET state = $2, last_error = $3, last_kind = $4, "
                                 "sealed = CASE WHEN $2 = 'failed' AND sealed <> '' THEN '" OPERATION_ERASED
                                 "' ELSE '' END, owner = '', "
                                 "lease_until_ms = 0, updated_ms = $5 WHERE id = $1"};
constexpr sql::Statement give_back_row{
    "operation.give_back",
    "UPDATE operations_operation SET state = 'pending', not_before_ms = $2, last_error = $3, last_kind = $4, "
    "owner = '', lease_until_ms = 0, updated_ms = $5 WHERE id = $1"};
const sql::Batch& renew_rows() {
  using enum sql::Batch::Column;
  static const sql::Batch batch(
      "operation.renew", "UPDATE operations_operation SET lease_until_ms = v.column3 FROM (VALUES ",
      {number, text, number}, ") AS v WHERE id = v.column1 AND owner = v.column2 AND state = 'running'");
  return batch;
}
constexpr sql::Statement asked_rows{
    "operation.asked_to_cancel",
    "SELECT id FROM operations_operation WHERE owner = $1 AND state = 'running' AND cancel_requested = 1"};
constexpr sql::Statement cancel_all{
    "operation.cancel_object",
    "UPDATE operations_operation SET cancel_requested = 1, not_before_ms = 0, updated_ms = $2 "
    "WHERE object = $1 AND state IN ('pending', 'running')"};
constexpr sql::Statement cancel_one{
    "operation.cancel_one",
    "UPDATE operations_operation SET cancel_requested = 1, not_before_ms = 0, updated_ms = $2 "
    "WHERE id = $1 AND state IN ('pending', 'running')"};
constexpr sql::Statement busy_row{
    "operation.busy",
    "SELECT 1 FROM operations_operation WHERE object = $1 AND state IN ('pending', 'running') LIMIT 1"};
constexpr sql::Statement hand_over_rows{
    "operation.hand_over",
    "UPDATE operations_operation SET runs_on = $2 WHERE runs_on = $1 AND state IN ('pending', 'running')"};
constexpr sql::Statement find_row{"operation.find",
                                  "SELECT " OPERATION_COLUMNS " FROM operations_operation WHERE id = $1"};
constexpr sql::Statement outcome_row{"operation.outcome",
                                     "SELECT state, last_error, last_kind FROM operations_operation WHERE id = $1"};
constexpr sql::Statement page_rows{
    "operation.page",
    "SELECT " OPERATION_COLUMNS
    " FROM operations_operation WHERE ($1 = 0 OR id < $1) AND ($2 = '' OR state = $2) AND ($3 = '' OR object = $3) "
    "ORDER BY id DESC LIMIT $4"};
constexpr sql::Statement retry_row{
    "operation.retry",
    "UPDATE operations_operation SET state = 'pending', not_before_ms = $2, deadline_ms = $3, cancel_requested = 0, "
    "updated_ms = $2 WHERE id = $1 AND state = 'failed'"};
constexpr sql::Statement old_rows{
    "operation.old",
    "SELECT id FROM operations_operation WHERE state NOT IN ('pending', 'running') AND updated_ms < $1 "
    "ORDER BY updated_ms LIMIT $2"};
constexpr sql::Statement drop_steps{"operation.drop_steps", "DELETE FROM operations_step WHERE operation_id = $1"};
constexpr sql::Statement drop_row{"operation.drop", "DELETE FROM operations_operation WHERE id = $1"};
constexpr sql::Statement insert_worker{
    "operation.worker_insert",
    "INSERT INTO operations_worker (instance, host, boot_id, pid, started_ticks, seen_ms) "
    "VALUES ($1, $2, $3, $4, $5, $6)"};
constexpr sql::Statement drop_worker{"operation.worker_drop", "DELETE FROM operations_worker WHERE instance = $1"};
// The column is named for the time when a place was a host.
constexpr sql::Statement place_workers{
    "operation.workers", "SELECT instance, boot_id, pid, started_ticks FROM operations_worker WHERE host = $1"};
constexpr sql::Statement release_rows{
    "operation.release", "UPDATE operations_operation SET lease_until_ms = 0 WHERE owner = $1 AND state = 'running'"};

#undef OPERATION_COLUMNS

State state_from(std::string_view text) {
  for (const auto state : {State::pending, State::running, State::done, State::failed, State::cancelled})
    if (to_string(state) == text) return state;
  throw sql::Failure(sql::Failure::Cause::corrupt, "operation with unknown state " + std::string(text));
}

json::Value parsed(const std::string& text) {
  auto value = json::parse(text);
  if (!value)
    throw sql::Failure(sql::Failure::Cause::corrupt, "operation with unreadable JSON: " + value.error().sentence());
  return std::move(*value);
}

Record record_from(const sql::Row& row) {
  Record record;
  record.id = OperationId(row.integer(0));
  record.kind = row.text(1);
  record.version = static_cast<int>(row.integer(2));
  record.object = row.text(3);
  record.actor = row.text(4);
  record.request_id = row.text(5);
  record.runs_on = row.text(6);
  record.state = state_from(row.text(7));
  record.attempt = static_cast<int>(row.integer(8));
  record.progress = row.text(9);
  record.last_error = row.text(10);
  record.payload = parsed(row.text(11));
  record.created = row.time(12);
  record.updated = row.time(13);
  record.deadline = row.time(14);
  record.cancel_requested = row.boolean(15);
  return record;
}

std::vector<Record> records_from(const sql::Rows& rows) {
  std::vector<Record> records;
  records.reserve(rows.size());
  for (const auto& row : rows) records.push_back(record_from(row));
  return records;
}

std::string sentence_of(const std::optional<Error>& error) {
  return error ? error->sentence() : std::string();
}
std::string_view kind_of(const std::optional<Error>& error) {
  return error ? to_string(error->kind()) : "";
}

std::optional<Kind> kind_from(std::string_view text) {
  for (const auto kind : {Kind::invalid, Kind::unauthorized, Kind::forbidden, Kind::not_found, Kind::conflict,
                          Kind::over_quota, Kind::busy, Kind::unavailable, Kind::timeout, Kind::internal})
    if (nephele::to_string(kind) == text) return kind;
  return std::nullopt;
}

}  // namespace

OperationId insert(sql::Tx& tx, const NewOperation& wanted, const std::string& sealed, Time now) {
  const OperationId id(tx.one(next_id).integer(0));
  tx.execute(insert_row, id, wanted.kind, wanted.version, wanted.object, wanted.actor, wanted.request_id,
             wanted.runs_on, now + wanted.delay, now + wanted.delay + wanted.limit, json::write(wanted.payload), sealed,
             now);
  return id;
}

std::vector<Record> due(sql::Tx& tx, const Ability& ability, Time now, std::size_t limit) {
  return records_from(tx.query(due_rows, now, ability.place, static_cast<std::int64_t>(limit), ability.kinds));
}

std::optional<Claimed> claim(sql::Tx& tx, OperationId id, const Claimer& claimer, Time now) {
  const auto row = tx.maybe_one(claim_row, id, claimer.instance, now + claimer.lease, now);
  if (!row) return std::nullopt;
  Claimed claimed{record_from(*row), row->text(16), row->integer(17), {}};
  for (const auto& step : tx.query(steps_of, id)) claimed.steps.emplace(step.text(0), parsed(step.text(1)));
  return claimed;
}

bool held(sql::Tx& tx, OperationId id, std::int64_t epoch) {
  return tx.execute(held_row, id, epoch) == 1;
}

OperationId insert_held(sql::Tx& tx, const NewOperation& wanted, const std::string& sealed, const Claimer& claimer,
                        Time now) {
  const OperationId id = insert(tx, wanted, sealed, now);
  tx.execute(take_new_row, id, claimer.instance, now + claimer.lease);
  return id;
}

void replace_payload(sql::Tx& tx, OperationId id, const json::Value& payload) {
  tx.execute(payload_row, id, json::write(payload));
}

void replace_object(sql::Tx& tx, OperationId id, std::string_view object) {
  tx.execute(object_row, id, object);
}

void record_step(sql::Tx& tx, OperationId id, std::string_view name, const json::Value& result) {
  tx.execute(insert_step, id, name, json::write(result));
}

void set_progress(sql::Tx& tx, OperationId id, std::string_view text, Time now) {
  tx.execute(progress_row, id, text, now);
}

void end(sql::Tx& tx, OperationId id, State state, const std::optional<Error>& error, Time now) {
  tx.execute(end_row, id, to_string(state), sentence_of(error), kind_of(error), now);
}

void give_back(sql::Tx& tx, OperationId id, Time when, const std::optional<Error>& error, Time now) {
  tx.execute(give_back_row, id, when, sentence_of(error), kind_of(error), now);
}

void renew(sql::Tx& tx, const std::vector<OperationId>& ids, const Claimer& claimer, Time now) {
  std::vector<sql::Value> values;
  values.reserve(ids.size() * 3);
  for (const auto id : ids)
    values.insert(values.end(), {sql::bind(id), sql::bind(claimer.instance), sql::bind(now + claimer.lease)});
  renew_rows().run(tx, values);
}

std::vector<OperationId> asked_to_cancel(sql::Tx& tx, std::string_view instance) {
  std::vector<OperationId> asked;
  for (const auto& row : tx.query(asked_rows, instance)) asked.emplace_back(row.integer(0));
  return asked;
}

void cancel_object(sql::Tx& tx, std::string_view object, Time now) {
  tx.execute(cancel_all, object, now);
}

bool request_cancel(sql::Tx& tx, OperationId id, Time now) {
  return tx.execute(cancel_one, id, now) == 1;
}

bool busy_before(sql::Tx& tx, std::string_view object, OperationId than) {
  return tx.maybe_one(older_row, object, than).has_value();
}

bool busy(sql::Tx& tx, std::string_view object) {
  return tx.maybe_one(busy_row, object).has_value();
}

void hand_over(sql::Tx& tx, std::string_view from, std::string_view to) {
  tx.execute(hand_over_rows, from, to);
}

std::optional<Record> find(sql::Tx& tx, OperationId id) {
  const auto row = tx.maybe_one(find_row, id);
  return row ? std::optional(record_from(*row)) : std::nullopt;
}

std::optional<Outcome> outcome(sql::Tx& tx, OperationId id) {
  const auto row = tx.maybe_one(outcome_row, id);
  if (!row) return Outcome{};
  const State state = state_from(row->text(0));
  if (state == State::pending || state == State::running) return std::nullopt;
  return Outcome{state, row->text(1), kind_from(row->text(2))};
}

std::vector<Record> page(sql::Tx& tx, const Page& page) {
  return records_from(tx.query(page_rows, page.before, page.state ? to_string(*page.state) : std::string_view{},
                               page.object, static_cast<std::int64_t>(std::min<std::size_t>(page.limit, 1000))));
}

bool retry(sql::Tx& tx, OperationId id, Time now, Time deadline) {
  return tx.execute(retry_row, id, now, deadline) == 1;
}

std::size_t drop_ended(sql::Tx& tx, Time before, std::size_t limit) {
  const auto rows = tx.query(old_rows, before, static_cast<std::int64_t>(limit));
  for (const auto& row : rows) {
    tx.execute(drop_steps, row.integer(0));
    tx.execute(drop_row, row.integer(0));
  }
  return rows.size();
}

void register_worker(sql::Tx& tx, std::string_view instance, std::string_view place, const ProcessIdentity& process,
                     Time now) {
  tx.execute(insert_worker, instance, place, process.boot_id, process.pid, process.started_ticks, now);
}

void remove_worker(sql::Tx& tx, std::string_view instance) {
  tx.execute(drop_worker, instance);
}

std::vector<WorkerRow> workers_of(sql::Tx& tx, std::string_view place) {
  std::vector<WorkerRow> workers;
  for (const auto& row : tx.query(place_workers, place))
    workers.push_back({row.text(0), {row.text(1), row.integer(2), row.integer(3)}});
  return workers;
}

std::int64_t release_leases(sql::Tx& tx, std::string_view instance) {
  return tx.execute(release_rows, instance);
}

}  // namespace nephele::operations::store
