// SPDX-License-Identifier: Apache-2.0
#include "compute/store.h"

#include <algorithm>
#include <charconv>

namespace nephele::compute::store {

namespace {

#define SERVER_COLUMNS                                                                                    \
  "id, owner, name, image, cpus, memory_bytes, disk_bytes, cpus_ceiling, memory_ceiling_bytes, desired, " \
  "observed, activity, reason, address, ports, link, link_end, generation, created_ms, changed_ms, driver"

constexpr sql::Statement next_id{"server.next_id",
                                 "UPDATE compute_counter SET value = value + 1 WHERE name = 'server' RETURNING value"};
constexpr sql::Statement insert_row{
    "server.insert",
    "INSERT INTO compute_server (" SERVER_COLUMNS
    ", memory_reserved_bytes, event_sequence) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, "
    "$15, $16, $17, $18, $19, $19, $20, $6, 0)"};
constexpr sql::Statement find_row{"server.find", "SELECT " SERVER_COLUMNS " FROM compute_server WHERE id = $1"};
constexpr sql::Statement lock_row{"server.lock", "UPDATE compute_server SET id = id WHERE id = $1"};
constexpr sql::Statement page_rows{
    "server.page",
    "SELECT " SERVER_COLUMNS " FROM compute_server WHERE ($1 = '' OR owner = $1) AND id > $2 ORDER BY id LIMIT $3"};
constexpr sql::Statement rows_of_driver{"server.of_driver",
                                        "SELECT " SERVER_COLUMNS
                                        " FROM compute_server WHERE driver = $1 AND id > $2 ORDER BY id LIMIT $3"};
constexpr sql::Statement erase_row{"server.erase", "DELETE FROM compute_server WHERE id = $1"};
constexpr sql::Statement lock_counter{"server.lock_reservations",
                                      "UPDATE compute_counter SET value = value WHERE name = 'server'"};
constexpr sql::Statement reserved_sum{
    "server.reserved",
    "SELECT CAST(COALESCE(SUM(CASE WHEN desired = 'running' THEN memory_reserved_bytes ELSE 0 END), 0) AS BIGINT), "
    "CAST(COALESCE(SUM(disk_bytes), 0) AS BIGINT), "
    "CAST(COALESCE(SUM(CASE WHEN desired = 'running' THEN 1 ELSE 0 END), 0) AS BIGINT) "
    "FROM compute_server WHERE driver = $1"};
constexpr sql::Statement reserved_of{"server.reserved_of",
                                     "SELECT memory_reserved_bytes FROM compute_server WHERE id = $1"};
constexpr sql::Statement desired_row{"server.desired",
                                     "UPDATE compute_server SET desired = $2, changed_ms = $3 WHERE id = $1"};
constexpr sql::Statement observed_row{
    "server.observed", "UPDATE compute_server SET observed = $2, reason = $3, changed_ms = $4 WHERE id = $1"};
constexpr sql::Statement activity_row{"server.activity",
                                      "UPDATE compute_server SET activity = $2, changed_ms = $3 WHERE id = $1"};
constexpr sql::Statement sizes_row{
    "server.sizes",
    "UPDATE compute_server SET cpus = $2, memory_bytes = $3, disk_bytes = $4, memory_reserved_bytes = $5, "
    "changed_ms = $6 WHERE id = $1"};
constexpr sql::Statement ceilings_row{
    "server.ceilings",
    "UPDATE compute_server SET cpus_ceiling = $2, memory_ceiling_bytes = $3, changed_ms = $4 WHERE id = $1"};
constexpr sql::Statement address_row{"server.address",
                                     "UPDATE compute_server SET address = $2, changed_ms = $3 WHERE id = $1"};
constexpr sql::Statement generation_row{
    "server.generation",
    "UPDATE compute_server SET generation = generation + 1, event_sequence = 0, changed_ms = $2 WHERE id = $1 "
    "RETURNING generation"};
constexpr sql::Statement sequence_row{
    "server.sequence",
    "UPDATE compute_server SET event_sequence = $3 WHERE id = $1 AND generation = $2 AND event_sequence < $3"};
constexpr sql::Statement next_index{
    "address.next", "UPDATE compute_counter SET value = value + 1 WHERE name = 'address' RETURNING value"};
constexpr sql::Statement take_row{
    "address.take",
    "INSERT INTO compute_address (address, server_id, rests_until_ms) VALUES ($1, $2, 0) "
    "ON CONFLICT (address) DO UPDATE SET server_id = excluded.server_id, rests_until_ms = 0 "
    "WHERE compute_address.server_id = 0 AND compute_address.rests_until_ms <= $3"};
constexpr sql::Statement free_rows{
    "address.free", "UPDATE compute_address SET server_id = 0, rests_until_ms = $2 WHERE server_id = $1"};
constexpr sql::Statement rest_row{"address.rest",
                                  "UPDATE compute_address SET server_id = 0, rests_until_ms = $2 WHERE address = $1"};
constexpr sql::Statement recovery_insert{"recovery.insert",
                                         "INSERT INTO compute_recovery (server_id, at_ms) VALUES ($1, $2) "
                                         "ON CONFLICT (server_id, at_ms) DO NOTHING"};
constexpr sql::Statement recovery_drop{"recovery.drop", "DELETE FROM compute_recovery WHERE server_id = $1"};
constexpr sql::Statement recovery_count{"recovery.count",
                                        "SELECT COUNT(*) FROM compute_recovery WHERE server_id = $1 AND at_ms > $2"};
constexpr sql::Statement image_insert{
    "image.insert",
    "INSERT INTO compute_image (id, name, command_line, created_ms, disk_least_bytes) VALUES ($1, $2, $3, $4, $5) "
    "ON CONFLICT (id) DO UPDATE SET created_ms = excluded.created_ms, disk_least_bytes = excluded.disk_least_bytes"};
constexpr sql::Statement image_find{
    "image.find",
    "SELECT id, name, command_line, created_ms, disk_least_bytes FROM compute_image WHERE id = $1 OR name = $1 "
    "ORDER BY created_ms DESC, id LIMIT 1"};
constexpr sql::Statement image_all{
    "image.all",
    "SELECT id, name, command_line, created_ms, disk_least_bytes FROM compute_image ORDER BY name, created_ms"};
constexpr sql::Statement fact_find{"installation.find", "SELECT value FROM compute_installation WHERE name = $1"};
constexpr sql::Statement fact_set{
    "installation.set", "INSERT INTO compute_installation (name, value) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING"};

#undef SERVER_COLUMNS

template <class E>
E from_text(std::string_view text, std::initializer_list<E> all) {
  for (const auto value : all)
    if (to_string(value) == text) return value;
  throw sql::Failure(sql::Failure::Cause::corrupt, "server row with unknown word " + std::string(text));
}

std::string join(const std::vector<std::uint16_t>& ports) {
  std::string text;
  for (const auto port : ports) text += (text.empty() ? "" : ",") + std::to_string(port);
  return text;
}

std::vector<std::uint16_t> split(std::string_view text) {
  std::vector<std::uint16_t> ports;
  while (!text.empty()) {
    std::uint16_t port = 0;
    const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), port);
    if (ec != std::errc{}) throw sql::Failure(sql::Failure::Cause::corrupt, "server row with unreadable ports");
    ports.push_back(port);
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    if (text.starts_with(',')) text.remove_prefix(1);
  }
  return ports;
}

Bytes bytes(const sql::Row& row, std::size_t column) {
  return Bytes::of(static_cast<std::uint64_t>(row.integer(column)));
}
Cpus cpus(const sql::Row& row, std::size_t column) {
  return Cpus(static_cast<std::uint32_t>(row.integer(column)));
}

Server server_from(const sql::Row& row) {
  Server s;
  s.id = ServerId(row.integer(0));
  s.owner = row.text(1);
  s.name = row.text(2);
  s.image = ImageId(row.text(3));
  s.sizes = {cpus(row, 4), bytes(row, 5), bytes(row, 6)};
  s.ceilings = {cpus(row, 7), bytes(row, 8)};
  s.desired = from_text(row.text(9), {Desired::running, Desired::stopped, Desired::deleted});
  s.observed = from_text(row.text(10),
                         {Observed::absent, Observed::starting, Observed::ready, Observed::stopped, Observed::error});
  s.activity = from_text(
      row.text(11), {Activity::none, Activity::building, Activity::resizing, Activity::restarting, Activity::removing});
  s.reason = row.text(12);
  s.address = row.text(13);
  s.ports = split(row.text(14));
  s.link = row.text(15);
  s.link_end = static_cast<int>(row.integer(16));
  s.generation = row.integer(17);
  s.created = row.time(18);
  s.changed = row.time(19);
  s.driver = DriverId(row.text(20));
  return s;
}

std::vector<Server> servers_from(const sql::Rows& rows) {
  std::vector<Server> servers;
  servers.reserve(rows.size());
  for (const auto& row : rows) servers.push_back(server_from(row));
  return servers;
}

Image image_from(const sql::Row& row) {
  const Bytes disk_least = Bytes::of(static_cast<std::uint64_t>(row.integer(4)));
  return {ImageId(row.text(0)), row.text(1), "", row.text(2), row.time(3), disk_least};
}

}  // namespace

ServerId next_server_id(sql::Tx& tx) {
  return ServerId(tx.one(next_id).integer(0));
}

void insert(sql::Tx& tx, const Server& s, Time now) {
  tx.execute(insert_row, s.id, s.owner, s.name, s.image, s.sizes.cpus.count(), s.sizes.memory.count(),
             s.sizes.disk.count(), s.ceilings.cpus.count(), s.ceilings.memory.count(), to_string(s.desired),
             to_string(s.observed), to_string(s.activity), s.reason, s.address, join(s.ports), s.link, s.link_end,
             s.generation, now, s.driver);
}

std::optional<Server> find(sql::Tx& tx, ServerId id) {
  const auto row = tx.maybe_one(find_row, id);
  return row ? std::optional(server_from(*row)) : std::nullopt;
}

std::optional<Server> find_to_change(sql::Tx& tx, ServerId id) {
  tx.execute(lock_row, id);
  return find(tx, id);
}

std::vector<Server> page(sql::Tx& tx, const Page& page) {
  return servers_from(
      tx.query(page_rows, page.owner, page.after, static_cast<std::int64_t>(std::min<std::size_t>(page.limit, 1000))));
}

std::vector<Server> all_of(sql::Tx& tx, const DriverId& driver) {
  std::vector<Server> servers;
  constexpr std::int64_t at_once = 1000;
  for (ServerId after;;) {
    auto some = servers_from(tx.query(rows_of_driver, driver, after, at_once));
    const bool last = std::ssize(some) < at_once;
    if (!some.empty()) after = some.back().id;
    std::ranges::move(some, std::back_inserter(servers));
    if (last) return servers;
  }
}

void erase(sql::Tx& tx, ServerId id) {
  tx.execute(recovery_drop, id);
  tx.execute(erase_row, id);
}

void lock_reservations(sql::Tx& tx) {
  tx.execute(lock_counter);
}

Reserved reserved(sql::Tx& tx, const DriverId& driver) {
  const auto row = tx.one(reserved_sum, driver);
  return {bytes(row, 0), bytes(row, 1), static_cast<std::uint64_t>(row.integer(2))};
}

Bytes memory_reserved(sql::Tx& tx, ServerId id) {
  return bytes(tx.one(reserved_of, id), 0);
}

void set_desired(sql::Tx& tx, ServerId id, Desired desired, Time now) {
  tx.execute(desired_row, id, to_string(desired), now);
}
void set_observed(sql::Tx& tx, ServerId id, Observed observed, std::string_view reason, Time now) {
  tx.execute(observed_row, id, to_string(observed), reason, now);
}
void set_activity(sql::Tx& tx, ServerId id, Activity activity, Time now) {
  tx.execute(activity_row, id, to_string(activity), now);
}
void set_sizes(sql::Tx& tx, ServerId id, const Sizes& sizes, Bytes memory_reserved, Time now) {
  tx.execute(sizes_row, id, sizes.cpus.count(), sizes.memory.count(), sizes.disk.count(), memory_reserved.count(), now);
}
void set_ceilings(sql::Tx& tx, ServerId id, const Ceilings& ceilings, Time now) {
  tx.execute(ceilings_row, id, ceilings.cpus.count(), ceilings.memory.count(), now);
}
void set_address(sql::Tx& tx, ServerId id, std::string_view address, Time now) {
  tx.execute(address_row, id, address, now);
}
std::int64_t next_generation(sql::Tx& tx, ServerId id, Time now) {
  return tx.one(generation_row, id, now).integer(0);
}
bool advance_sequence(sql::Tx& tx, ServerId id, std::int64_t generation, std::int64_t sequence) {
  return tx.execute(sequence_row, id, generation, sequence) == 1;
}

std::uint32_t next_address_index(sql::Tx& tx) {
  return static_cast<std::uint32_t>(tx.one(next_index).integer(0));
}
bool take_address(sql::Tx& tx, std::string_view address, ServerId id, Time now) {
  return tx.execute(take_row, address, id, now) == 1;
}
void free_addresses(sql::Tx& tx, ServerId id, Time rests_until) {
  tx.execute(free_rows, id, rests_until);
}
void rest_address(sql::Tx& tx, std::string_view address, Time until) {
  tx.execute(rest_row, address, until);
}

void note_recovery(sql::Tx& tx, ServerId id, Time at) {
  tx.execute(recovery_insert, id, at);
}
int recoveries_since(sql::Tx& tx, ServerId id, Time since) {
  return static_cast<int>(tx.one(recovery_count, id, since).integer(0));
}

void insert_image(sql::Tx& tx, const Image& image) {
  tx.execute(image_insert, image.id, image.name, image.command_line, image.created, image.disk_least.count());
}
std::optional<Image> find_image(sql::Tx& tx, std::string_view name_or_id) {
  const auto row = tx.maybe_one(image_find, name_or_id);
  return row ? std::optional(image_from(*row)) : std::nullopt;
}
std::vector<Image> images(sql::Tx& tx) {
  std::vector<Image> found;
  for (const auto& row : tx.query(image_all)) found.push_back(image_from(row));
  return found;
}

std::optional<std::string> fact(sql::Tx& tx, std::string_view name) {
  const auto row = tx.maybe_one(fact_find, name);
  return row ? std::optional(row->text(0)) : std::nullopt;
}
void set_fact(sql::Tx& tx, std::string_view name, std::string_view value) {
  tx.execute(fact_set, name, value);
}

}  // namespace nephele::compute::store
