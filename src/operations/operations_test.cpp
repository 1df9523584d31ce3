// SPDX-License-Identifier: Apache-2.0
#include "operations/operations.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <latch>
#include <mutex>

#include "base/io_threads.h"
#include "operations/store.h"
#include "sql/testing/test_databases.h"

namespace nephele::operations {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;

/// A handler that tests steer: what it does is looked up by the object.
class Scripted final : public Handler {
 public:
  Task<Result<>> run(Work& work) override {
    ++runs;
    {
      const std::lock_guard lock(mutex);
      order.push_back(work.record().object + "#" + std::to_string(work.record().attempt));
    }
    const auto& object = work.record().object;
    if (object.starts_with("fails")) co_return fail(Kind::invalid, "cannot be done");
    if (object.starts_with("shaky") && work.record().attempt < 3) co_return fail(Kind::unavailable, "not yet");
    if (object.starts_with("throws")) throw std::logic_error("a bug");
    if (object.starts_with("hangs")) co_await sleep_for(1h);
    if (object.starts_with("steps")) {
      for (const char* step : {"one", "two", "three"}) {
        if (!work.starts(step)) continue;
        ++steps;
        if (std::string_view(step) == "two" && work.record().attempt == 1)
          co_return fail(Kind::busy, "interrupted between steps");
        CO_TRY_VOID(co_await work.finished(step, json::Value(step)));
      }
    }
    if (object.starts_with("secret")) {
      CO_TRY(const auto secret, co_await reveal(work));
      const std::lock_guard lock(mutex);
      seen_secret = secret;
    }
    co_return Result<>{};
  }
  void failed(sql::Tx&, const Record& record, const Error& error) override {
    const std::lock_guard lock(mutex);
    failures.push_back(record.object + ": " + error.sentence());
  }
  void cancelled(sql::Tx&, const Record& record) override {
    const std::lock_guard lock(mutex);
    cancellations.push_back(record.object);
  }

  std::atomic<int> runs{0};
  std::atomic<int> steps{0};
  std::mutex mutex;
  std::vector<std::string> order, failures, cancellations;
  std::string seen_secret;

 private:
  static Task<Result<std::string>> reveal(Work& work) {
    CO_TRY(const auto secret, work.sealed());
    co_return secret.reveal();
  }
};

/// A process's worth of operations on a database of its own.
struct Process {
  Process(std::unique_ptr<sql::Database> db, const SecretKey& key, const Clock& clock, Settings settings)
      : database(std::move(db)), operations(*database, key, clock, threads.first(), std::move(settings), {}) {
    operations.handle("test", handler);
  }
  ~Process() {
    if (started) threads.run(operations.stop());
  }
  void start() {
    threads.run(operations.start()).value();
    started = true;
  }
  OperationId enqueue(const std::string& object, std::optional<Secret> sealed = std::nullopt) {
    return database
        ->write_now([&](sql::Tx& tx) {
          NewOperation wanted;
          wanted.kind = "test";
          wanted.object = object;
          wanted.sealed = sealed;
          return operations.enqueue(tx, std::move(wanted));
        })
        .value();
  }
  Outcome wait(OperationId id) { return threads.run(operations.wait(id, in(30s))).value(); }

  IoThreads threads{1};  // outlives the database's threads, which answer on it
  std::unique_ptr<sql::Database> database;
  Scripted handler;
  Operations operations;
  bool started = false;
};

class OperationsTest : public sql::testing::TestDatabases {
 protected:
  void SetUp() override { migrate(Operations::migrations()); }

  static Settings quick() {
    Settings settings;
    settings.host = "here";
    settings.poll = 50ms;
    settings.first_retry = 5ms;
    settings.retry_max = 20ms;
    return settings;
  }
  std::unique_ptr<Process> process(Settings settings = quick()) {
    return std::make_unique<Process>(fresh().open(), key, clock, std::move(settings));
  }

  SecretKey key = SecretKey::random();
  SystemClock clock;
};

TEST_P(OperationsTest, AnEnqueuedOperationIsDoneOnce) {
  auto p = process();
  p->start();
  EXPECT_EQ(p->wait(p->enqueue("a")).state, State::done);
  EXPECT_EQ(p->handler.runs, 1);
}

TEST_P(OperationsTest, WhatWasEnqueuedBeforeTheStartIsDoneAfterwards) {
  auto p = process();
  const auto id = p->enqueue("a");
  p->start();
  EXPECT_EQ(p->wait(id).state, State::done);
}

TEST_P(OperationsTest, ARolledBackTransactionLeavesNoOperation) {
  auto p = process();
  const auto answer = p->database->write_now([&](sql::Tx& tx) -> Result<> {
    p->operations.enqueue(
        tx,
        NewOperation{
            .kind = "test", .object = "a", .actor = {}, .request_id = {}, .payload = {}, .sealed = {}, .runs_on = {}});
    return fail(Kind::conflict, "no");
  });
  EXPECT_FALSE(answer);
  EXPECT_TRUE(p->threads.run(p->operations.list({}))->empty());
}

TEST_P(OperationsTest, AnUnavailableSystemIsTriedAgainUntilItAnswers) {
  auto p = process();
  p->start();
  EXPECT_EQ(p->wait(p->enqueue("shaky")).state, State::done);
  EXPECT_EQ(p->handler.runs, 3);
}

TEST_P(OperationsTest, AnErrorThatStaysEndsItAndTellsTheHandler) {
  auto p = process();
  p->start();
  const auto outcome = p->wait(p->enqueue("fails"));
  EXPECT_EQ(outcome.state, State::failed);
  EXPECT_EQ(outcome.kind, Kind::invalid);
  EXPECT_EQ(outcome.error, "cannot be done");
  EXPECT_THAT(p->handler.failures, ElementsAre("fails: cannot be done"));
  EXPECT_EQ(p->handler.runs, 1);
}

TEST_P(OperationsTest, AnExceptionOfAHandlerEndsTheOperationNotTheWorker) {
  auto p = process();
  p->start();
  EXPECT_THAT(p->wait(p->enqueue("throws")).error, HasSubstr("a bug"));
  EXPECT_EQ(p->wait(p->enqueue("a")).state, State::done);
}

TEST_P(OperationsTest, FinishedStepsAreNotRepeated) {
  auto p = process();
  p->start();
  EXPECT_EQ(p->wait(p->enqueue("steps")).state, State::done);
  EXPECT_EQ(p->handler.steps, 4) << "one, two (interrupted), two, three";
}

TEST_P(OperationsTest, OperationsOfOneObjectRunInTheirOrder) {
  auto p = process();
  OperationId last;
  for (int i = 0; i < 5; ++i) last = p->enqueue("a");
  p->start();
  p->wait(last);
  EXPECT_THAT(p->handler.order, ElementsAre("a#1", "a#1", "a#1", "a#1", "a#1"));
  std::int64_t running_together = 0;
  for (const auto& record : *p->threads.run(p->operations.list({}))) running_together += record.state != State::done;
  EXPECT_EQ(running_together, 0);
}

TEST_P(OperationsTest, ASecretIsReadableForTheHandlerOnlyAndErasedAtTheEnd) {
  auto p = process();
  const auto id = p->enqueue("secret", Secret("user:password"));
  constexpr sql::Statement stored{"test.sealed", "SELECT sealed FROM operations_operation WHERE id = $1"};
  const auto column = [&] {
    return p->database->read_now([&](sql::Tx& tx) { return tx.one(stored, id).text(0); }).value();
  };
  EXPECT_FALSE(column().empty());
  EXPECT_THAT(column(), testing::Not(HasSubstr("password")));
  p->start();
  p->wait(id);
  EXPECT_EQ(p->handler.seen_secret, "user:password");
  EXPECT_EQ(column(), "");
}

TEST_P(OperationsTest, ALaterOperationOvertakesARunningOne) {
  auto p = process();
  p->start();
  const auto hanging = p->enqueue("hangs");
  while (p->handler.runs == 0) std::this_thread::yield();
  const auto waiting = p->enqueue("hangs");
  OperationId removal;
  p->database
      ->write_now([&](sql::Tx& tx) {
        p->operations.cancel_object(tx, "hangs");
        NewOperation wanted;
        wanted.kind = "test";
        wanted.object = "hangs";  // hangs too, but is cancelled by stop()
        removal = p->operations.enqueue(tx, std::move(wanted));
      })
      .value();
  EXPECT_EQ(p->wait(hanging).state, State::cancelled);
  EXPECT_EQ(p->wait(waiting).state, State::cancelled);
  EXPECT_THAT(p->handler.cancellations, ElementsAre("hangs", "hangs"));
}

TEST_P(OperationsTest, AWaitThatEndsLeavesTheWorkRunning) {
  auto p = process();
  p->start();
  const auto id = p->enqueue("hangs");
  const auto outcome = p->threads.run(p->operations.wait(id, in(50ms)));
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().kind(), Kind::timeout);
  EXPECT_EQ(p->threads.run(p->operations.show(id))->state, State::running);
}

TEST_P(OperationsTest, AStoppedWorkerGivesItsWorkBack) {
  auto first = process();
  first->start();
  const auto id = first->enqueue("hangs");
  while (first->handler.runs == 0) std::this_thread::yield();
  first.reset();
  auto second = process();
  const auto record = second->threads.run(second->operations.show(id));
  EXPECT_EQ(record->state, State::pending);
}

TEST_P(OperationsTest, TheLeaseOfADeadProcessOfThisHostIsReleasedAtOnce) {
  auto p = process();
  const auto id = p->enqueue("a");
  p->database
      ->write_now([&](sql::Tx& tx) {
        store::register_worker(tx, "dead", "here", ProcessIdentity{"another boot", 1, 1}, clock.now());
        EXPECT_TRUE(store::claim(tx, id, {"dead", "here", 1h}, clock.now()));
      })
      .value();
  p->start();
  EXPECT_EQ(p->wait(id).state, State::done);
}

TEST_P(OperationsTest, AWorkerWhoseLeaseWasLostCannotWrite) {
  auto p = process();
  const auto id = p->enqueue("a");
  p->database
      ->write_now([&](sql::Tx& tx) {
        const auto slow = store::claim(tx, id, {"slow", "here", 0ms}, clock.now());
        const auto next = store::claim(tx, id, {"next", "here", 1h}, clock.now() + 1ms);
        ASSERT_TRUE(slow && next);
        EXPECT_FALSE(store::held(tx, id, slow->epoch));
        EXPECT_TRUE(store::held(tx, id, next->epoch));
      })
      .value();
}

TEST_P(OperationsTest, RowsForAnotherHostAreLeftAlone) {
  auto p = process();
  p->start();
  const auto elsewhere = p->database
                             ->write_now([&](sql::Tx& tx) {
                               NewOperation wanted;
                               wanted.kind = "test";
                               wanted.object = "b";
                               wanted.runs_on = "elsewhere";
                               return p->operations.enqueue(tx, std::move(wanted));
                             })
                             .value();
  p->wait(p->enqueue("a"));
  EXPECT_EQ(p->threads.run(p->operations.show(elsewhere))->state, State::pending);
}

TEST_P(OperationsTest, TwoProcessesDoEverythingExactlyOnce) {
  auto first = process();
  auto second = process();
  first->start();
  second->start();
  std::vector<OperationId> ids;
  for (int i = 0; i < 60; ++i) ids.push_back((i % 2 ? first : second)->enqueue("object " + std::to_string(i)));
  for (const auto id : ids) EXPECT_EQ(first->wait(id).state, State::done);
  EXPECT_EQ(first->handler.runs + second->handler.runs, 60);
}

TEST_P(OperationsTest, AFailedOperationCanBeRetriedByHandAndAnUnknownOneCannot) {
  auto p = process();
  p->start();
  const auto id = p->enqueue("fails");
  p->wait(id);
  EXPECT_TRUE(p->threads.run(p->operations.retry(id)));
  while (p->handler.runs < 2) std::this_thread::yield();
  EXPECT_FALSE(p->threads.run(p->operations.retry(OperationId(999))));
  EXPECT_EQ(p->threads.run(p->operations.show(OperationId(999))).error().kind(), Kind::not_found);
}

TEST_P(OperationsTest, CancelByHandStopsARunningOne) {
  auto p = process();
  p->start();
  const auto id = p->enqueue("hangs");
  while (p->handler.runs == 0) std::this_thread::yield();
  EXPECT_TRUE(p->threads.run(p->operations.cancel(id)));
  EXPECT_EQ(p->wait(id).state, State::cancelled);
  EXPECT_FALSE(p->threads.run(p->operations.cancel(id)));
}

INSTANTIATE_TEST_SUITE_P(Engines, OperationsTest, sql::testing::all_engines(), sql::testing::engine_name);

}  // namespace
}  // namespace nephele::operations
