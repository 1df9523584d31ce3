// SPDX-License-Identifier: Apache-2.0
#include "runtimes/store.h"

#include <stdexcept>

#include "runtimes/document.h"

namespace nephele::runtimes::store {
namespace {

constexpr sql::Statement draw{"runtimes.draw_ids",
                              "UPDATE runtimes_counter SET last = last + 2 WHERE name = 'id' AND last < $1 "
                              "RETURNING last"};
constexpr sql::Statement insert_runtime{
    "runtimes.insert",
    "INSERT INTO runtimes_runtime (id, service_id, owner, name, document, body, last_event, created, changed) "
    "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)"};
constexpr sql::Statement insert_function{
    "runtimes.insert_function",
    "INSERT INTO runtimes_function (runtime, role, server, state, error, endpoint, cpu, memory, disk) "
    "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)"};
// Touching the row first takes its lock on either engine.
constexpr sql::Statement take_runtime{"runtimes.take",
                                      "UPDATE runtimes_runtime SET changed = changed WHERE id = $1 "
                                      "RETURNING service_id, owner, name, document, last_event, created"};
constexpr sql::Statement find_runtime{
    "runtimes.find",
    "SELECT service_id, owner, name, document, last_event, created FROM runtimes_runtime WHERE id = $1"};
constexpr sql::Statement functions_of{
    "runtimes.functions",
    "SELECT role, server, state, error, endpoint, cpu, memory, disk FROM runtimes_function WHERE runtime = $1 "
    "ORDER BY role DESC"};
constexpr sql::Statement update_runtime{
    "runtimes.save",
    "UPDATE runtimes_runtime SET name = $2, document = $3, body = $4, last_event = $5, changed = $6 WHERE id = $1"};
constexpr sql::Statement update_function{
    "runtimes.save_function",
    "UPDATE runtimes_function SET state = $3, error = $4, endpoint = $5, cpu = $6, memory = $7, disk = $8 "
    "WHERE runtime = $1 AND role = $2"};
constexpr sql::Statement erase_functions{"runtimes.erase_functions",
                                         "DELETE FROM runtimes_function WHERE runtime = $1"};
constexpr sql::Statement erase_runtime{"runtimes.erase", "DELETE FROM runtimes_runtime WHERE id = $1"};
constexpr sql::Statement by_server{"runtimes.by_server", "SELECT runtime FROM runtimes_function WHERE server = $1"};
constexpr sql::Statement view_runtime{"runtimes.view", "SELECT owner, body FROM runtimes_runtime WHERE id = $1"};
constexpr sql::Statement page_runtimes{
    "runtimes.page", "SELECT id, body FROM runtimes_runtime WHERE owner = $1 AND id > $2 ORDER BY id LIMIT $3"};
constexpr sql::Statement count_states{"runtimes.count_states",
                                      "SELECT state, COUNT(*) FROM runtimes_function GROUP BY state"};

Record record_of(sql::Tx& tx, RuntimeId id, const sql::Row& row) {
  auto document = json::parse(row.text(3), document_limits);
  if (!document || document->if_object() == nullptr)
    throw std::runtime_error("the stored document of runtime " + id.text() + " is no JSON object");
  Record out{.id = id,
             .service_id = row.integer(0),
             .owner = row.text(1),
             .name = row.text(2),
             .document = std::move(*document->if_object()),
             .functions = {},
             .last_event = row.integer(4),
             .created = row.time(5)};
  for (const auto& f : tx.query(functions_of, id)) {
    const auto role = role_from(f.text(0));
    const auto state = function_state_from(f.text(2));
    if (!role || !state) throw std::runtime_error("a stored function of runtime " + id.text() + " is none of ours");
    out.functions.push_back({.role = *role,
                             .vm_id = f.integer(1),
                             .state = *state,
                             .error = f.text(3),
                             .endpoint = f.text(4),
                             .sizes = {.cpu = f.integer(5), .memory_mib = f.integer(6), .disk_mib = f.integer(7)}});
  }
  return out;
}

std::string body_of(const Record& record) {
  return render(record.id, record.service_id, record.name, record.document, record.functions);
}

std::optional<Record> read_with(sql::Tx& tx, const sql::Statement& statement, RuntimeId id) {
  const auto row = tx.maybe_one(statement, id);
  if (!row) return std::nullopt;
  return record_of(tx, id, *row);
}

}  // namespace

std::optional<Ids> draw_ids(sql::Tx& tx) {
  const auto row = tx.maybe_one(draw, number_max - 2);
  if (!row) return std::nullopt;
  return Ids{.service_id = row->integer(0) - 1, .id = RuntimeId(row->integer(0))};
}

void insert(sql::Tx& tx, const Record& record) {
  tx.execute(insert_runtime, record.id, record.service_id, record.owner, record.name, json::write(record.document),
             body_of(record), record.last_event, record.created, record.created);
  for (const auto& f : record.functions)
    tx.execute(insert_function, record.id, to_string(f.role), f.vm_id, to_string(f.state), f.error, f.endpoint,
               f.sizes.cpu, f.sizes.memory_mib, f.sizes.disk_mib);
}

std::optional<Record> take(sql::Tx& tx, RuntimeId id) {
  return read_with(tx, take_runtime, id);
}
std::optional<Record> find(sql::Tx& tx, RuntimeId id) {
  return read_with(tx, find_runtime, id);
}

void save(sql::Tx& tx, const Record& record, Time now) {
  tx.execute(update_runtime, record.id, record.name, json::write(record.document), body_of(record), record.last_event,
             now);
  for (const auto& f : record.functions)
    tx.execute(update_function, record.id, to_string(f.role), to_string(f.state), f.error, f.endpoint, f.sizes.cpu,
               f.sizes.memory_mib, f.sizes.disk_mib);
}

void erase(sql::Tx& tx, RuntimeId id) {
  tx.execute(erase_functions, id);
  tx.execute(erase_runtime, id);
}

std::optional<RuntimeId> runtime_of_server(sql::Tx& tx, std::int64_t server) {
  const auto row = tx.maybe_one(by_server, server);
  return row ? std::optional(RuntimeId(row->integer(0))) : std::nullopt;
}

std::optional<StoredView> view(sql::Tx& tx, RuntimeId id) {
  const auto row = tx.maybe_one(view_runtime, id);
  if (!row) return std::nullopt;
  return StoredView{.owner = row->text(0), .body = row->text(1)};
}

std::vector<PageRow> page(sql::Tx& tx, const std::string& owner, RuntimeId after, std::size_t limit) {
  std::vector<PageRow> out;
  for (const auto& row : tx.query(page_runtimes, owner, after, std::uint64_t{limit}))
    out.push_back({.id = RuntimeId(row.integer(0)), .body = row.text(1)});
  return out;
}

std::vector<StateCount> count_by_state(sql::Tx& tx) {
  std::vector<StateCount> out;
  for (const auto& row : tx.query(count_states)) out.push_back({.state = row.text(0), .functions = row.integer(1)});
  return out;
}

}  // namespace nephele::runtimes::store
