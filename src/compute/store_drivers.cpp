// SPDX-License-Identifier: Apache-2.0
#include "compute/store.h"

namespace nephele::compute::store {

namespace {

#define DRIVER_COLUMNS                                                                                            \
  "id, host, instance, hold, address_pool, memory_bytes, overhead_bytes, disk_bytes, cpus_per_machine, said_ms, " \
  "memory_least_bytes"

constexpr sql::Statement all_rows{"driver.all", "SELECT " DRIVER_COLUMNS " FROM compute_driver ORDER BY id"};
constexpr sql::Statement find_row{"driver.find", "SELECT " DRIVER_COLUMNS " FROM compute_driver WHERE id = $1"};
constexpr sql::Statement take_row{
    "driver.take",
    "INSERT INTO compute_driver (" DRIVER_COLUMNS
    ") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) ON CONFLICT (id) DO UPDATE SET host = excluded.host, "
    "instance = excluded.instance, hold = excluded.hold, address_pool = excluded.address_pool, "
    "memory_bytes = excluded.memory_bytes, overhead_bytes = excluded.overhead_bytes, "
    "disk_bytes = excluded.disk_bytes, cpus_per_machine = excluded.cpus_per_machine, said_ms = excluded.said_ms, "
    "memory_least_bytes = excluded.memory_least_bytes"};
constexpr sql::Statement say_row{
    "driver.say",
    "UPDATE compute_driver SET memory_bytes = $3, overhead_bytes = $4, disk_bytes = $5, cpus_per_machine = $6, "
    "said_ms = $7 WHERE id = $1 AND instance = $2"};
constexpr sql::Statement leave_row{"driver.leave",
                                   "UPDATE compute_driver SET said_ms = 0 WHERE id = $1 AND instance = $2"};
constexpr sql::Statement adopt_rows{"driver.adopt", "UPDATE compute_server SET driver = $1 WHERE driver = ''"};
constexpr sql::Statement link_row{"driver.of_link",
                                  "SELECT driver FROM compute_server WHERE link = $1 AND link <> '' LIMIT 1"};

#undef DRIVER_COLUMNS

Bytes bytes(const sql::Row& row, std::size_t column) {
  return Bytes::of(static_cast<std::uint64_t>(row.integer(column)));
}

Post post_from(const sql::Row& row) {
  const Capacity capacity{.memory = bytes(row, 5),
                          .memory_least = bytes(row, 10),
                          .overhead_per_machine = bytes(row, 6),
                          .disk = bytes(row, 7),
                          .cpus_per_machine = static_cast<std::uint32_t>(row.integer(8))};
  return {.driver = {.id = DriverId(row.text(0)),
                     .host = row.text(1),
                     .address_pool = row.text(4),
                     .capacity = capacity,
                     .said = row.time(9)},
          .instance = row.text(2),
          .hold = row.text(3)};
}

}  // namespace

std::vector<Driver> drivers(sql::Tx& tx) {
  std::vector<Driver> found;
  for (const auto& row : tx.query(all_rows)) found.push_back(post_from(row).driver);
  return found;
}

std::optional<Driver> find_driver(sql::Tx& tx, const DriverId& id) {
  auto post = find_post(tx, id);
  return post ? std::optional(std::move(post->driver)) : std::nullopt;
}

std::optional<Post> find_post(sql::Tx& tx, const DriverId& id) {
  const auto row = tx.maybe_one(find_row, id);
  return row ? std::optional(post_from(*row)) : std::nullopt;
}

void take_post(sql::Tx& tx, const Post& post) {
  const auto& d = post.driver;
  tx.execute(take_row, d.id, d.host, post.instance, post.hold, d.address_pool, d.capacity.memory.count(),
             d.capacity.overhead_per_machine.count(), d.capacity.disk.count(), d.capacity.cpus_per_machine, d.said,
             d.capacity.memory_least.count());
}

bool say(sql::Tx& tx, const DriverId& id, std::string_view instance, const Capacity& capacity, Time now) {
  return tx.execute(say_row, id, instance, capacity.memory.count(), capacity.overhead_per_machine.count(),
                    capacity.disk.count(), capacity.cpus_per_machine, now) == 1;
}

void leave_post(sql::Tx& tx, const DriverId& id, std::string_view instance) {
  tx.execute(leave_row, id, instance);
}

std::int64_t adopt_servers(sql::Tx& tx, const DriverId& id) {
  return tx.execute(adopt_rows, id);
}

std::optional<DriverId> driver_of_link(sql::Tx& tx, std::string_view link) {
  const auto row = tx.maybe_one(link_row, link);
  return row ? std::optional(DriverId(row->text(0))) : std::nullopt;
}

}  // namespace nephele::compute::store
