// SPDX-License-Identifier: Apache-2.0
// What both engines promise of many transactions at once.
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <barrier>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/use_future.hpp>
#include <future>
#include <latch>
#include <stdexcept>
#include <thread>
#include <utility>

#include "sql/contract_fixture.h"

namespace nephele::sql {
namespace {

using std::chrono::milliseconds;

/// Event loops of a program, one thread each, until the end of the scope.
class Loops {
 public:
  explicit Loops(std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) threads_.emplace_back([this] { io_.run(); });
  }
  ~Loops() { work_.reset(); }
  Loops(const Loops&) = delete;
  Loops& operator=(const Loops&) = delete;

  template <class T>
  std::future<T> start(Task<T> task) {
    return asio::co_spawn(asio::make_strand(io_), std::move(task), asio::use_future);
  }

 private:
  asio::io_context io_;
  asio::executor_work_guard<asio::io_context::executor_type> work_ = asio::make_work_guard(io_);
  std::vector<std::jthread> threads_;
};

/// Takes every connection of a database for itself until it is opened.
class Gate {
 public:
  Gate(Database& database, std::size_t connections) : inside_(static_cast<std::ptrdiff_t>(connections)) {
    for (std::size_t i = 0; i < connections; ++i) {
      holders_.emplace_back([this, &database] {
        // A connection may have to be made first, and fail while the machine is busy: once more then.
        bool entered = false;
        while (!entered && !open_.load()) {
          (void)database.write_now([&](Tx&) {
            if (!std::exchange(entered, true)) inside_.count_down();
            open_.wait(false);
          });
        }
      });
    }
    for (const auto limit = in(std::chrono::seconds(60)); !inside_.try_wait();) {
      if (std::chrono::steady_clock::now() > limit) {
        open();
        throw std::runtime_error("not every connection could be taken within 60 s");
      }
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
  }
  ~Gate() { open(); }
  Gate(const Gate&) = delete;
  Gate& operator=(const Gate&) = delete;
  void open() {
    open_ = true;
    open_.notify_all();
    holders_.clear();
  }

 private:
  std::latch inside_;
  std::atomic<bool> open_ = false;
  std::vector<std::jthread> holders_;
};

class SqlTraffic : public SqlContract {
 protected:
  Settings settings() {
    Settings chosen = fresh().settings();
    chosen.readers = 3;
    return chosen;
  }
  /// How many write transactions run at once.
  std::size_t writers(const Settings& chosen) const { return GetParam() == Engine::sqlite ? 1 : chosen.readers + 1; }
};

// The read-modify-write that loses updates where isolation is wrong.
Task<int> count_up(Database& database, int times) {
  const std::string text = "SELECT n FROM demo_counter WHERE name = $1" + std::string(database.lock_clause());
  int done = 0;
  for (int i = 0; i < times; ++i) {
    auto body = [&](Tx& tx) {
      const std::int64_t n = tx.one({"demo.lock", text}, "a").integer(0);
      tx.execute({"demo.set", "UPDATE demo_counter SET n = $1 WHERE name = $2"}, n + 1, "a");
    };
    const auto counted = co_await database.write(body);
    done += counted.has_value() ? 1 : 0;
  }
  co_return done;
}

TEST_P(SqlTraffic, SixtyFourWritersLoseNoUpdate) {
  const auto database = testing::TestDatabase::open(settings());
  Loops loops(2);
  std::vector<std::future<int>> writers;
  for (int i = 0; i < 64; ++i) writers.push_back(loops.start(count_up(*database, 25)));
  int done = 0;
  for (auto& writer : writers) done += writer.get();
  EXPECT_EQ(done, 64 * 25);
  EXPECT_EQ(counter(*database), 64 * 25);
}

TEST_P(SqlTraffic, SeveralProgramsOnOneDatabaseLoseNoUpdate) {
  const auto one = testing::TestDatabase::open(settings());
  const auto two = testing::TestDatabase::open(settings());
  Loops loops(2);
  std::vector<std::future<int>> writers;
  for (int i = 0; i < 8; ++i) {
    writers.push_back(loops.start(count_up(*one, 20)));
    writers.push_back(loops.start(count_up(*two, 20)));
  }
  int done = 0;
  for (auto& writer : writers) done += writer.get();
  EXPECT_EQ(done, 16 * 20);
  EXPECT_EQ(counter(*one), 16 * 20);
}

TEST_P(SqlTraffic, WhoFailsAmongOthersFailsAlone) {
  enum class Way : std::uint8_t { good, refuses, throws, conflicts, breaks_later };
  const auto database = testing::TestDatabase::open(settings());
  ASSERT_TRUE(database->write_now([](Tx& tx) { tx.execute(demo::put, 0, "taken", "a"); }));
  const auto attempt = [](Database& on, Way way, int id) -> Task<bool> {
    auto body = [way, id](Tx& tx) -> Result<> {
      tx.execute(demo::add, 1, "b");
      tx.execute(demo::put, id, "x", way == Way::breaks_later ? "no such counter" : "a");
      if (way == Way::refuses) return fail(Kind::conflict, "no");
      if (way == Way::throws) throw std::runtime_error("no");
      if (way == Way::conflicts) tx.execute(demo::put, 0, "x", "a");
      return {};
    };
    co_return (co_await on.write(std::move(body))).has_value();
  };
  std::vector<std::future<bool>> answers;
  {
    Gate gate(*database, writers(settings()));  // so that they wait together
    Loops loops(2);
    for (int id = 1; id <= 200; ++id) answers.push_back(loops.start(attempt(*database, static_cast<Way>(id % 5), id)));
    gate.open();
    for (std::size_t i = 0; i < answers.size(); ++i) EXPECT_EQ(answers[i].get(), (i + 1) % 5 == 0) << i;
  }
  EXPECT_EQ(counter(*database, "b"), 40);
  EXPECT_EQ(notes(*database), 41);
}

TEST_P(SqlTraffic, ADeadlockIsResolvedAndBothGetDone) {
  const auto database = testing::TestDatabase::open(settings());
  std::atomic<int> runs = 0;
  const bool together = GetParam() == Engine::postgresql;  // SQLite's writers are alone
  std::barrier both(2);
  const auto cross = [&](const char* first, const char* second) {
    return [&, first, second, met = false](Tx& tx) mutable {
      ++runs;
      tx.execute(demo::add, 1, first);
      if (together && !std::exchange(met, true)) both.arrive_and_wait();
      tx.execute(demo::add, 1, second);
    };
  };
  {
    const std::jthread there([&] { EXPECT_TRUE(database->write_now(cross("a", "b"))); });
    EXPECT_TRUE(database->write_now(cross("b", "a")));
  }
  EXPECT_EQ(counter(*database, "a"), 2);
  EXPECT_EQ(counter(*database, "b"), 2);
  if (together) {
    EXPECT_GE(runs, 3) << "the victim's body runs again";
  } else {
    EXPECT_EQ(runs, 2);
  }
}

TEST_P(SqlTraffic, AReadSeesOneMomentEvenWhileOthersWrite) {
  const auto database = testing::TestDatabase::open(settings());
  const auto other = testing::TestDatabase::open(settings());
  const auto seen = database->read_now([&](Tx& tx) {
    const std::int64_t before = tx.one(demo::get, "a").integer(0);
    EXPECT_TRUE(other->write_now([](Tx& change) { change.execute(demo::add, 1, "a"); }));
    return std::pair(before, tx.one(demo::get, "a").integer(0));
  });
  ASSERT_TRUE(seen);
  EXPECT_EQ(seen->first, seen->second);
  EXPECT_EQ(counter(*database), 1) << "what was answered is seen by the next read";
}

TEST_P(SqlTraffic, TenThousandAtOnceAreRefusedBeyondTheQueueAndTheOthersAreServed) {
  Settings chosen = settings();
  chosen.queue_max = 100;
  const auto database = testing::TestDatabase::open(chosen);
  const auto attempt = [](Database& on) -> Task<std::string> {
    const auto done = co_await on.write([](Tx& tx) { tx.execute(demo::add, 1, "a"); });
    co_return done ? "done" : std::string(to_string(done.error().kind()));
  };
  Gate gate(*database, writers(chosen));
  Loops loops(2);
  std::vector<std::future<std::string>> answers;
  for (int i = 0; i < 10'000; ++i) answers.push_back(loops.start(attempt(*database)));
  const auto ready = [](std::future<std::string>& answer) {
    return answer.wait_for(milliseconds(0)) == std::future_status::ready;
  };
  const auto until = in(milliseconds(20'000));
  while (std::ranges::count_if(answers, ready) < 9'900 && std::chrono::steady_clock::now() < until)
    std::this_thread::sleep_for(milliseconds(5));
  EXPECT_EQ(std::ranges::count_if(answers, ready), 9'900) << "those are answered while the others wait";
  gate.open();
  int done = 0;
  int busy = 0;
  for (auto& answer : answers) {
    const std::string said = answer.get();
    done += said == "done" ? 1 : 0;
    busy += said == "busy" ? 1 : 0;
  }
  EXPECT_EQ(done, 100);
  EXPECT_EQ(busy, 9'900);
  EXPECT_EQ(counter(*database), 100);
}

TEST_P(SqlTraffic, WhoWaitsTooLongIsToldSo) {
  Settings chosen = settings();
  chosen.wait_max = milliseconds(100);
  const auto database = testing::TestDatabase::open(chosen);
  Gate gate(*database, writers(chosen));
  std::optional<Error> why;
  {
    const std::jthread late([&] {
      const auto done = database->write_now([](Tx& tx) { tx.execute(demo::add, 1, "a"); });
      if (!done) why = done.error();
    });
    std::this_thread::sleep_for(milliseconds(150));  // its time passes
    gate.open();
  }
  ASSERT_TRUE(why);
  EXPECT_EQ(why->kind(), Kind::timeout) << why->sentence();
  EXPECT_EQ(counter(*database), 0);
}

TEST_P(SqlTraffic, ClosingFinishesWhatRunsAndAnswersWhatWaits) {
  auto database = testing::TestDatabase::open(settings());
  const std::size_t all = writers(settings());
  std::atomic<std::size_t> waiting = 0;
  std::atomic<int> refused = 0;
  std::latch inside(static_cast<std::ptrdiff_t>(all));
  std::atomic<bool> open = false;
  std::vector<std::jthread> callers;
  for (std::size_t i = 0; i < all; ++i) {
    callers.emplace_back([&] {
      EXPECT_TRUE(database->write_now([&](Tx& tx) {
        inside.count_down();
        open.wait(false);
        tx.execute({"demo.own", "INSERT INTO demo_counter (name, n) VALUES ($1, 0)"},
                   "caller" + std::to_string(++waiting));
      }));
    });
  }
  inside.wait();
  std::atomic<int> asked = 0;
  Database& borrowed = *database;
  for (int i = 0; i < 10; ++i) {
    callers.emplace_back([&] {
      ++asked;
      const auto done = borrowed.write_now([](Tx& tx) { tx.execute(demo::add, 1, "a"); });
      if (!done && done.error().kind() == Kind::unavailable) ++refused;
    });
  }
  while (asked < 10) std::this_thread::yield();
  std::this_thread::sleep_for(milliseconds(100));  // until they stand in the line
  {
    const std::jthread closer([&] { database.reset(); });
    const auto until = in(milliseconds(10'000));
    while (refused < 10 && std::chrono::steady_clock::now() < until) std::this_thread::sleep_for(milliseconds(2));
    EXPECT_EQ(refused, 10) << "those that wait are answered while others still run";
    open = true;
    open.notify_all();
  }
  callers.clear();
  EXPECT_EQ(counter(db()), 0);
  EXPECT_EQ(counter(db(), ("caller" + std::to_string(all)).c_str()), 0) << "those that ran are on disk";
}

TEST_P(SqlTraffic, ACallerResumesOnItsOwnExecutor) {
  const auto database = testing::TestDatabase::open(settings());
  Loops loop(1);
  const auto where = [](Database& on) -> Task<std::pair<std::thread::id, std::thread::id>> {
    const auto before = std::this_thread::get_id();
    auto body = [](Tx& tx) { return tx.one(demo::get, "a").integer(0); };
    (void)co_await on.read(body);
    co_return std::pair(before, std::this_thread::get_id());
  };
  const auto [before, after] = loop.start(where(*database)).get();
  EXPECT_EQ(before, after);
}

TEST_P(SqlTraffic, MoreStatementsThanAConnectionKeepsAreNoProblem) {
  const auto read = db().read_now([](Tx& tx) {
    for (int i = 0; i < 4200; ++i) {
      const std::string name = "many." + std::to_string(i);
      EXPECT_EQ(tx.one({name, "SELECT CAST($1 AS BIGINT)"}, i).integer(0), i);
    }
  });
  EXPECT_TRUE(read) << read.error().sentence();
}

INSTANTIATE_TEST_SUITE_P(Engines, SqlTraffic, testing::all_engines(), testing::engine_name);

}  // namespace
}  // namespace nephele::sql
