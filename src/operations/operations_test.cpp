// SPDX-License-Identifier: Apache-2.0
#include "operations/operations.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <latch>
#include <mutex>

#include "base/eventually.h"
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
    if (object.starts_with("waits") && work.record().attempt < 13) co_return fail(Kind::busy, "on its way");
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
      if (object.ends_with("fails")) co_return fail(Kind::invalid, "cannot be done");
    }
    co_return Result<>{};
  }
  std::optional<std::chrono::milliseconds> pause(const Record& record, const Error&) override {
    return record.object == "shaky-slow" ? std::optional(300ms) : std::nullopt;
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
  Process(std::unique_ptr<sql::Database> db, const SecretKey& key, const Clock& clock, Settings settings,
          log::Logger log = {})
      : database(std::move(db)),
        operations(*database, key, clock, threads.first(), std::move(settings), std::move(log)) {
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
    settings.place = "here";
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

TEST_P(OperationsTest, AHandlerMayWaitLongerBetweenItsAttempts) {
  auto p = process();  // whose own pauses are 5 and 10 ms
  p->start();
  const auto begun = std::chrono::steady_clock::now();
  EXPECT_EQ(p->wait(p->enqueue("shaky-slow")).state, State::done);
  EXPECT_EQ(p->handler.runs, 3);
  EXPECT_GE(std::chrono::steady_clock::now() - begun, 550ms);
}

/// How loudly each further attempt was spoken of.
class Loudness final : public log::Sink {
 public:
  explicit Loudness(std::string& told) : told_(told) {}
  void write(const log::Event& event) noexcept override {
    const std::lock_guard lock(mutex_);
    if (event.name == "operation.retried") told_ += event.level == log::Level::warn ? 'W' : 'i';
  }

 private:
  std::mutex mutex_;
  std::string& told_;
};

TEST_P(OperationsTest, WhatStaysBusyIsATroubleInTheEnd) {
  std::string told;
  log::Logging logging(clock);
  logging.add(std::make_unique<Loudness>(told));
  {
    Process p(fresh().open(), key, clock, quick(), logging.logger("operations"));
    p.start();
    EXPECT_EQ(p.wait(p.enqueue("waits")).state, State::done);
  }
  EXPECT_EQ(told, "iiiiiiiiiiWW");
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

TEST_P(OperationsTest, WhatIsTriedOnceMoreByHandDoesNotTakeAnErasedSecretForNone) {
  auto p = process();
  p->start();
  const auto id = p->enqueue("secret-fails", Secret("user:password"));
  EXPECT_EQ(p->wait(id).error, "cannot be done");
  EXPECT_TRUE(p->threads.run(p->operations.retry(id)));
  EXPECT_THAT(p->wait(id).error, HasSubstr("erased"));
  EXPECT_EQ(p->handler.seen_secret, "user:password") << "the second attempt saw none";
  EXPECT_TRUE(check_key(*p->database, key));
}

TEST_P(OperationsTest, ALaterOperationOvertakesARunningOne) {
  auto p = process();
  p->start();
  const auto hanging = p->enqueue("hangs");
  ASSERT_TRUE(eventually([&] { return p->handler.runs > 0; }));
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
  ASSERT_TRUE(eventually([&] { return first->handler.runs > 0; }));
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
        EXPECT_TRUE(store::claim(tx, id, {"dead", 1h}, clock.now()));
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
        const auto slow = store::claim(tx, id, {"slow", 0ms}, clock.now());
        const auto next = store::claim(tx, id, {"next", 1h}, clock.now() + 1ms);
        ASSERT_TRUE(slow && next);
        EXPECT_FALSE(store::held(tx, id, slow->epoch));
        EXPECT_TRUE(store::held(tx, id, next->epoch));
      })
      .value();
}

/// A row that the test itself works off.
Held hold(Process& p, std::string object, std::optional<Secret> sealed = std::nullopt) {
  NewOperation wanted;
  wanted.kind = "test";
  wanted.object = std::move(object);
  wanted.sealed = std::move(sealed);
  return p.database->write_now([&](sql::Tx& tx) { return p.operations.hold(tx, wanted); }).value();
}

TEST_P(OperationsTest, WhatItsWriterHoldsIsLeftAloneUntilHeSettlesIt) {
  auto p = process();
  p->start();
  const auto held = hold(*p, "held", Secret("user:password"));
  p->wait(p->enqueue("a"));
  EXPECT_THAT(p->handler.order, ElementsAre("a#1")) << "a worker has looked for work since";
  EXPECT_TRUE(p->database->write_now([&](sql::Tx& tx) { return p->operations.settle(tx, held); }));
  EXPECT_EQ(p->wait(held.id).state, State::done);
  EXPECT_FALSE(p->database->write_now([&](sql::Tx& tx) { return p->operations.settle(tx, held); })) << "once";
  EXPECT_EQ(p->handler.runs, 1);
}

TEST_P(OperationsTest, WhatItsWriterLetsGoIsDoneByAWorkerWithWhatBecameKnown) {
  auto p = process();
  p->start();
  const auto held = hold(*p, "secret", Secret("user:password"));
  json::Object known;
  known.set("service", 7);
  EXPECT_TRUE(p->database->write_now([&](sql::Tx& tx) { return p->operations.let_go(tx, held, known); }));
  EXPECT_EQ(p->wait(held.id).state, State::done);
  EXPECT_EQ(p->handler.seen_secret, "user:password");
  EXPECT_EQ(p->threads.run(p->operations.show(held.id))->payload, json::Value(known));
}

TEST_P(OperationsTest, WhatADeadWriterHeldIsDoneByTheNextProcess) {
  auto first = process();
  first->start();
  const auto held = hold(*first, "orphan");
  first->threads.halt();
  first->started = false;  // nobody is left to stop
  auto second = process();
  second->start();
  // Both are this very process, so its lease has to run out; a dead process's is released at once (above).
  second->database
      ->write_now([&](sql::Tx& tx) {
        tx.execute(sql::Statement{"test.expire", "UPDATE operations_operation SET lease_until_ms = 0"});
      })
      .value();
  EXPECT_EQ(second->wait(held.id).state, State::done);
  EXPECT_EQ(second->handler.runs, 1);
  EXPECT_FALSE(second->database->write_now([&](sql::Tx& tx) { return second->operations.settle(tx, held); }));
}

TEST_P(OperationsTest, WhatItsWriterAbandonsIsDoneWhenTheLeaseIsOverAndWhatHeStillHoldsIsNot) {
  auto settings = quick();
  settings.lease = 300ms;
  auto p = process(settings);
  p->start();
  const auto kept = hold(*p, "kept");
  const auto abandoned = hold(*p, "abandoned");
  p->operations.abandon(abandoned);
  EXPECT_EQ(p->wait(abandoned.id).state, State::done) << "its lease is not renewed because of the other";
  EXPECT_EQ(p->threads.run(p->operations.show(kept.id))->state, State::running);
  EXPECT_EQ(p->handler.runs, 1);
  EXPECT_TRUE(p->database->write_now([&](sql::Tx& tx) { return p->operations.settle(tx, kept); }));
}

TEST_P(OperationsTest, WhatIsInOurHandsStaysThereWhenTheClockIsSetForward) {
  ManualClock stepped{clock.now()};
  Process p(fresh().open(), key, stepped, quick());
  p.start();
  const auto held = hold(p, "held");
  stepped.advance(1h);
  p.wait(p.enqueue("a"));
  EXPECT_THAT(p.handler.order, ElementsAre("a#1")) << "a worker has looked for work since";
  EXPECT_TRUE(p.database->write_now([&](sql::Tx& tx) { return p.operations.settle(tx, held); }));
}

/// A row for a place where this process does not work.
OperationId enqueue_elsewhere(Process& p) {
  NewOperation wanted;
  wanted.kind = "test";
  wanted.object = "b";
  wanted.runs_on = "elsewhere";
  return p.database->write_now([&](sql::Tx& tx) { return p.operations.enqueue(tx, wanted); }).value();
}

TEST_P(OperationsTest, RowsForAnotherHostAreLeftAlone) {
  auto p = process();
  p->start();
  const auto elsewhere = enqueue_elsewhere(*p);
  p->wait(p->enqueue("a"));
  EXPECT_EQ(p->threads.run(p->operations.show(elsewhere))->state, State::pending);
}

TEST_P(OperationsTest, WorkForOthersDoesNotHideOnesOwn) {
  auto p = process();
  const auto theirs = [&](sql::Tx& tx) {
    for (int i = 0; i < 100; ++i) {
      NewOperation wanted;
      wanted.kind = "other";
      wanted.object = "other " + std::to_string(i);
      p->operations.enqueue(tx, std::move(wanted));
    }
  };
  ASSERT_TRUE(p->database->write_now(theirs));
  p->start();
  EXPECT_EQ(p->wait(p->enqueue("a")).state, State::done);
  const auto left =
      p->threads.run(p->operations.list({.state = State::pending, .object = {}, .before = {}, .limit = 200}));
  EXPECT_EQ(left->size(), 100) << "who handles that kind will find them";
}

TEST_P(OperationsTest, AnotherPlaceCanTakeOver) {
  auto p = process();
  p->start();
  const auto id = enqueue_elsewhere(*p);
  ASSERT_TRUE(p->database->write_now([&](sql::Tx& tx) { p->operations.hand_over(tx, "elsewhere", "here"); }));
  EXPECT_EQ(p->wait(id).state, State::done);
}

TEST_P(OperationsTest, AKeyThatDidNotSealWhatIsThereIsRefused) {
  EXPECT_TRUE(check_key(database(), key));
  EXPECT_TRUE(check_key(database(), key)) << "again";
  const auto refused = check_key(database(), SecretKey::random());
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind(), Kind::conflict);
  EXPECT_THAT(refused.error().sentence(), HasSubstr("secret.key"));
}

TEST_P(OperationsTest, AKeyThatDoesNotOpenTheSecretsOfAnEarlierReleaseIsRefused) {
  process()->enqueue("secret", Secret("from before there was a check value"));
  EXPECT_FALSE(check_key(database(), SecretKey::random()));
  EXPECT_TRUE(check_key(database(), key)) << "the refused one left nothing behind";
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
  ASSERT_TRUE(eventually([&] { return p->handler.runs == 2; }));
  EXPECT_FALSE(p->threads.run(p->operations.retry(OperationId(999))));
  EXPECT_EQ(p->threads.run(p->operations.show(OperationId(999))).error().kind(), Kind::not_found);
}

TEST_P(OperationsTest, CancelByHandStopsARunningOne) {
  auto p = process();
  p->start();
  const auto id = p->enqueue("hangs");
  ASSERT_TRUE(eventually([&] { return p->handler.runs > 0; }));
  EXPECT_TRUE(p->threads.run(p->operations.cancel(id)));
  EXPECT_EQ(p->wait(id).state, State::cancelled);
  EXPECT_FALSE(p->threads.run(p->operations.cancel(id)));
}

INSTANTIATE_TEST_SUITE_P(Engines, OperationsTest, sql::testing::all_engines(), sql::testing::engine_name);

}  // namespace
}  // namespace nephele::operations
