// SPDX-License-Identifier: Apache-2.0
// What a transaction costs: sql_bench [--postgres]. Prints a line a figure.
#include <fmt/format.h>

#include <atomic>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <cstring>
#include <functional>
#include <thread>

#include "sql/contract_fixture.h"

namespace nephele::sql {
namespace {

using Steady = std::chrono::steady_clock;

double seconds_of(const std::function<void()>& work) {
  const auto before = Steady::now();
  work();
  return std::chrono::duration<double>(Steady::now() - before).count();
}

void print(std::string_view engine, std::string_view what, double value, std::string_view unit) {
  fmt::print("{:<11} {:<44} {:>12.1f} {}\n", engine, what, value, unit);
}

Task<> reader(Database& database, int times) {
  auto body = [](Tx& tx) { return tx.one(demo::get, "a").integer(0); };
  for (int i = 0; i < times; ++i) (void)co_await database.read(body);
}

Task<> writer(Database& database, int times) {
  auto body = [](Tx& tx) { tx.execute(demo::add, 0, "a"); };
  for (int i = 0; i < times; ++i) (void)co_await database.write(body);
}

/// Seconds that `tasks` coroutines on one event loop take.
double seconds_of_tasks(int tasks, const std::function<asio::awaitable<void>()>& make) {
  asio::io_context io(1);
  for (int i = 0; i < tasks; ++i) asio::co_spawn(io, make(), asio::detached);
  return seconds_of([&] { io.run(); });
}

void measure(std::string_view engine, Engine which) {
  testing::TestDatabase fresh(which);
  const auto opened = fresh.open();
  Database& database = *opened;
  if (const auto migrated = database.migrate(demo_steps); !migrated)
    throw std::runtime_error(migrated.error().sentence());

  constexpr int inside = 20'000;
  (void)database.read_now([&](Tx& tx) {
    const double s = seconds_of([&] {
      for (int i = 0; i < inside; ++i) tx.one(demo::get, "a");
    });
    print(engine, "point read inside a transaction", s * 1e9 / inside, "ns");
  });

  constexpr int reads = 5000;
  const double one = seconds_of_tasks(1, [&]() -> asio::awaitable<void> { return reader(database, reads); });
  print(engine, "read transaction, one caller", one * 1e9 / reads, "ns");
  const double many = seconds_of_tasks(64, [&]() -> asio::awaitable<void> { return reader(database, reads / 8); });
  print(engine, "read transactions, 64 callers", 64.0 * reads / 8 / many, "per s");

  constexpr int writes = 300;
  const double single = seconds_of_tasks(1, [&]() -> asio::awaitable<void> { return writer(database, writes); });
  print(engine, "write transactions, one caller", writes / single, "per s");
  const double grouped = seconds_of_tasks(64, [&]() -> asio::awaitable<void> { return writer(database, writes); });
  print(engine, "write transactions, 64 callers", 64.0 * writes / grouped, "per s");
}

}  // namespace
}  // namespace nephele::sql

int main(int count, char** words) {
  using namespace nephele::sql;
  try {
    measure("sqlite", Engine::sqlite);
    if (count > 1 && std::strcmp(words[1], "--postgres") == 0) measure("postgresql", Engine::postgresql);
    return 0;
  } catch (const std::exception& thrown) {
    fmt::print(stderr, "sql_bench: {}\n", thrown.what());
    return 1;
  }
}
