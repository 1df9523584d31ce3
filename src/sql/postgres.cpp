// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include "sql/engine.h"
#include "sql/migrate.h"
#include "sql/open.h"
#include "sql/postgres_connection.h"
#include "sql/postgres_worker.h"

namespace nephele::sql {

namespace {

// "nephele" in ASCII: what all programs of the house lock while they migrate.
constexpr std::string_view migration_lock = "SELECT pg_advisory_xact_lock(31073780900392037)";

PostgresLimits limits_for(std::chrono::milliseconds wait_max) {
  // Locks give up before the statement that waits for them, so that the reason is the right one.
  return {.statement = wait_max, .lock = std::max(wait_max * 9 / 10, std::chrono::milliseconds(1))};
}

/// Several connections, each with its own thread, over one line.
class PostgresDatabase final : public QueuedDatabase {
 public:
  PostgresDatabase(PostgresAddress address, const Settings& settings, std::unique_ptr<PostgresConnection> first)
      : QueuedDatabase(settings.wait_max), address_(std::move(address)), line_(settings.queue_max) {
    for (std::size_t i = 0; i <= settings.readers; ++i)
      workers_.push_back(std::make_unique<PostgresWorker>(address_, limits_for(settings.wait_max), stop_));
    workers_.front()->adopt(std::move(first));
    for (auto& worker : workers_) start_thread("sql-pg", [this, &worker = *worker] { serve(worker); });
  }

  ~PostgresDatabase() override {
    stop_.raise();
    line_.close();
    join_threads();
  }

  Engine engine() const noexcept override { return Engine::postgresql; }

  Result<> migrate(std::span<const Migration> migrations) override;

  Result<> backup_to(const std::string&) override {
    return fail(Kind::invalid, fmt::format("{}: PostgreSQL is backed up with pg_dump", address_.shown()));
  }

 private:
  WaitingLine& line_for(Purpose) override { return line_; }

  void serve(PostgresWorker& worker) {
    for (auto one = line_.pop(1); !one.empty(); one = line_.pop(1)) worker.run(std::move(one.front()));
  }

  PostgresAddress address_;
  StopSign stop_;
  WaitingLine line_;
  std::vector<std::unique_ptr<PostgresWorker>> workers_;
};

Result<> PostgresDatabase::migrate(std::span<const Migration> migrations) {
  try {
    const PostgresLimits limits{.statement = migration_time, .lock = migration_wait(wait_max())};
    PostgresConnection connection(address_, limits, in(wait_max()), stop_.descriptor());
    connection.script("BEGIN");
    connection.script(migration_lock);
    TRY_VOID(apply_migrations(connection, [&](std::string_view text) { connection.script(text); }, migrations));
    connection.commit();
    return {};
  } catch (const Failure& failure) {
    return fail(to_error(failure));
  }
}

/// A server that is just starting refuses connections for a moment: that much patience is the caller's.
std::unique_ptr<PostgresConnection> connect_first(const PostgresAddress& address, const Settings& settings,
                                                  const StopSign& stop) {
  const auto until = in(settings.wait_max);
  for (;;) {
    try {
      return std::make_unique<PostgresConnection>(address, limits_for(settings.wait_max), until, stop.descriptor());
    } catch (const Failure&) {
      if (std::chrono::steady_clock::now() >= until || PQping(address.url().c_str()) != PQPING_REJECT) throw;
      stop.wait_until(in(std::chrono::milliseconds(50)));
    }
  }
}

}  // namespace

Result<std::unique_ptr<Database>> open_postgres(const Settings& settings) {
  TRY(PostgresAddress address, PostgresAddress::parse(settings.url));
  try {
    auto first = connect_first(address, settings, StopSign());
    return std::make_unique<PostgresDatabase>(std::move(address), settings, std::move(first));
  } catch (const Failure& failure) {
    return fail(to_error(failure));
  }
}

}  // namespace nephele::sql
