// SPDX-License-Identifier: Apache-2.0
#include "base/async.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <boost/asio/error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/strand.hpp>
#include <boost/system/system_error.hpp>
#include <latch>
#include <memory>
#include <stdexcept>
#include <thread>

#include "base/test_run.h"

namespace nephele {
namespace {

using namespace std::chrono_literals;
using std::chrono::steady_clock;

constexpr auto long_time = 30s;  // a limit that a working program never reaches

/// Sends each job to a thread of its own.
struct NewThread {
  std::vector<std::jthread>& threads;
  template <class Job>
  void operator()(Job job) {
    threads.emplace_back([job = std::move(job)]() mutable { job(); });
  }
};

TEST(RunOn, ResumesTheCallerOnItsOwnThreadWithTheValue) {
  std::vector<std::jthread> threads;
  const auto caller = std::this_thread::get_id();
  auto work = [](std::vector<std::jthread>& pool, std::thread::id home) -> Task<std::unique_ptr<int>> {
    std::thread::id worker;
    auto value = co_await run_on(NewThread{pool}, [&worker] {
      worker = std::this_thread::get_id();
      return std::make_unique<int>(42);
    });
    EXPECT_NE(worker, home);
    EXPECT_EQ(std::this_thread::get_id(), home);
    co_return value;
  };
  EXPECT_EQ(*run_to_end(work(threads, caller)), 42);
}

TEST(RunOn, ThrowsTheJobsExceptionAtTheCaller) {
  std::vector<std::jthread> threads;
  auto work = [](std::vector<std::jthread>& pool) -> Task<> {
    co_await run_on(NewThread{pool}, [] { throw std::runtime_error("in the job"); });
  };
  EXPECT_THROW(run_to_end(work(threads)), std::runtime_error);
}

TEST(RunOn, CarriesValuesThatHaveNoDefault) {
  struct Odd {
    explicit Odd(int v) : value(v) {}
    int value;
  };
  std::vector<std::jthread> threads;
  auto work = [](std::vector<std::jthread>& pool) -> Task<int> {
    const Odd odd = co_await run_on(NewThread{pool}, [] { return Odd(7); });
    co_return odd.value;
  };
  EXPECT_EQ(run_to_end(work(threads)), 7);
}

Task<std::unique_ptr<int>> answer_from(std::thread::id& where) {
  co_await sleep_for(1ms);
  where = std::this_thread::get_id();
  co_return std::make_unique<int>(5);
}

TEST(OnExecutor, RunsThereAndResumesHere) {
  RunningContext context(1);
  const auto home = std::this_thread::get_id();
  auto work = [](Executor other, std::thread::id here) -> Task<> {
    std::thread::id where;
    EXPECT_EQ(*co_await on_executor(other, answer_from(where)), 5);
    EXPECT_NE(where, here);
    EXPECT_EQ(std::this_thread::get_id(), here);
    co_await on_executor(other, sleep_for(1ms));
    EXPECT_EQ(std::this_thread::get_id(), here);
  };
  run_to_end(work(context.executor(), home));
}

Task<> throws_there() {
  co_await sleep_for(1ms);
  throw std::runtime_error("there");
}

TEST(OnExecutor, ThrowsHereWhatIsThrownThere) {
  RunningContext context(1);
  EXPECT_THROW(run_to_end(on_executor(context.executor(), throws_there())), std::runtime_error);
}

Task<Result<int>> nap(std::chrono::microseconds span) {
  asio::steady_timer timer(co_await this_executor(), span);
  co_await timer.async_wait(asio::use_awaitable);
  co_return 1;
}

TEST(OnExecutor, IsCancelledFromHereAtAnyMoment) {
  RunningContext homes(2);
  RunningContext others(2);
  auto work = [](Executor other) -> Task<int> {
    int in_time = 0;
    for (int i = 0; i < 150; ++i) {  // work and deadline end in the same moment, in all orders
      auto there = on_executor(strand_over(other), nap(std::chrono::microseconds(500 + i % 7 * 50)));
      const auto answer = co_await with_deadline(std::move(there), steady_clock::now() + 600us, "there");
      if (answer) ++in_time;
    }
    auto endless = on_executor(strand_over(other), nap(1h));
    EXPECT_FALSE(co_await with_deadline(std::move(endless), in(5ms), "there"));
    co_return in_time;
  };
  std::vector<std::future<int>> answers;
  for (int i = 0; i < 8; ++i) answers.push_back(homes.begin(work(others.executor())));
  for (auto& answer : answers) EXPECT_GE(answer.get(), 0);
}

TEST(Bell, KeepsARingForTheNextWait) {
  auto work = []() -> Task<> {
    Bell bell(co_await this_executor());
    bell.ring();
    bell.ring();
    EXPECT_TRUE(co_await bell.wait_until(in(long_time)));
    EXPECT_FALSE(co_await bell.wait_until(in(1ms))) << "two rings before a wait are one";
  };
  run_to_end(work());
}

TEST(Bell, ATimePastStillTakesAKeptRing) {
  auto work = []() -> Task<> {
    Bell bell(co_await this_executor());
    EXPECT_FALSE(co_await bell.wait_until(steady_clock::now() - 1s));
    bell.ring();
    EXPECT_TRUE(co_await bell.wait_until(steady_clock::now() - 1s));
  };
  run_to_end(work());
}

TEST(Bell, WakesAWaiterFromAnotherThread) {
  auto work = []() -> Task<> {
    Bell bell(co_await this_executor());
    for (int i = 0; i < 200; ++i) {
      const std::jthread ringer([&bell] { bell.ring(); });
      EXPECT_TRUE(co_await bell.wait_until(in(long_time)));
    }
  };
  run_to_end(work());
}

Task<> wait_and_count(Bell& bell, std::atomic<int>& woken, std::atomic<int>& waiting) {
  ++waiting;
  if (co_await bell.wait_until(in(long_time))) ++woken;
}

TEST(Bell, WakesAllWhoWait) {
  asio::io_context io;
  Bell bell(io.get_executor());
  std::atomic<int> woken{0};
  std::atomic<int> waiting{0};
  for (int i = 0; i < 5; ++i) asio::co_spawn(io, wait_and_count(bell, woken, waiting), asio::use_future);
  io.run_for(20ms);  // with nobody ringing, a handful of handlers and then rest
  EXPECT_EQ(waiting, 5);
  EXPECT_EQ(woken, 0);
  EXPECT_LT(io.poll(), 5U) << "the waiters wake each other";
  bell.ring();
  io.run();
  EXPECT_EQ(woken, 5);
}

Task<int> take_rings(Bell& bell, std::atomic<int>& left) {
  int taken = 0;
  do {
    if (!co_await bell.wait_until(in(long_time))) co_return -1;
    ++taken;
  } while (left > 0);
  co_return taken;
}

TEST(Bell, LosesNoRingOfManyThreads) {
  RunningContext context(2);
  Bell bell(context.executor());
  std::atomic<int> left{4};
  std::vector<std::jthread> ringers;
  for (int t = 0; t < 4; ++t) {
    ringers.emplace_back([&bell, &left] {
      for (int i = 0; i < 2000; ++i) bell.ring();
      --left;
      bell.ring();  // after the change: whoever sees it waits no more
    });
  }
  const auto begin = steady_clock::now();
  EXPECT_GT(context.wait(take_rings(bell, left)), 0);
  EXPECT_LT(steady_clock::now() - begin, long_time) << "the last ring was lost";
}

TEST(Bell, IsCancelledLikeAnyWait) {
  auto work = []() -> Task<> {
    Bell bell(co_await this_executor());
    auto wait = [](Bell& b) -> Task<Result<bool>> { co_return co_await b.wait_until(in(long_time)); };
    const auto answer = co_await with_deadline(wait(bell), in(5ms), "the bell");
    EXPECT_EQ(answer.error().kind(), Kind::timeout);
    bell.ring();
    EXPECT_TRUE(co_await bell.wait_until(in(long_time))) << "a cancelled waiter is gone";
  };
  run_to_end(work());
}

Task<> until_cancelled(std::atomic<int>& started, std::atomic<int>& ended) {
  struct AtEnd {
    std::atomic<int>& counter;
    ~AtEnd() { ++counter; }
  };
  [[maybe_unused]] const AtEnd at_end{ended};
  ++started;
  for (;;) co_await sleep_for(1h);
}

TEST(Scope, StopCancelsAllAndWaitsForTheLast) {
  auto work = []() -> Task<> {
    std::atomic<int> started{0};
    std::atomic<int> ended{0};
    Scope scope(co_await this_executor());
    for (int i = 0; i < 10; ++i) scope.spawn(until_cancelled(started, ended));
    while (started < 10) co_await sleep_for(1ms);
    EXPECT_EQ(scope.running(), 10U);
    co_await scope.stop();
    EXPECT_EQ(scope.running(), 0U);
    EXPECT_EQ(ended, 10);
    scope.spawn(until_cancelled(started, ended));
    while (scope.running() != 0) co_await sleep_for(1ms);
    EXPECT_EQ(started, 10) << "after stop() nothing starts";
  };
  run_to_end(work());
}

TEST(Scope, StopReachesATaskThatHasNotBegun) {
  auto work = []() -> Task<> {
    std::atomic<int> started{0};
    std::atomic<int> ended{0};
    Scope scope(co_await this_executor());
    scope.spawn(until_cancelled(started, ended));
    co_await scope.stop();
    EXPECT_EQ(started, ended);
  };
  run_to_end(work());
}

TEST(Scope, StopOfAnEmptyScopeReturns) {
  auto work = []() -> Task<> {
    Scope scope(co_await this_executor());
    co_await scope.stop();
    co_await scope.stop();
  };
  run_to_end(work());
}

Task<Result<int>> never() {
  co_await sleep_for(1h);
  co_return 1;
}

Task<> loop_with_deadlines(std::atomic<int>& turns) {
  for (;;) {
    ++turns;
    (void)co_await with_deadline(never(), in(1h), "nobody");
  }
}

TEST(Scope, StopReachesIntoADeadline) {
  auto work = []() -> Task<> {
    std::atomic<int> turns{0};
    Scope scope(co_await this_executor());
    scope.spawn(loop_with_deadlines(turns));
    while (turns == 0) co_await sleep_for(1ms);
    co_await sleep_for(1ms);
    co_await scope.stop();
    EXPECT_EQ(turns, 1);
  };
  run_to_end(work());
}

Task<> loop_on_bell(Bell& bell, std::atomic<int>& turns) {
  for (;;) {
    ++turns;
    (void)co_await bell.wait_until(in(1h));
  }
}

TEST(Scope, StopReachesIntoABell) {  // where a cancellation across executors once crashed
  RunningContext context(2);
  Bell bell(context.executor());
  std::atomic<int> turns{0};
  Scope scope(context.executor());
  for (int i = 0; i < 4; ++i) scope.spawn(loop_on_bell(bell, turns));
  for (int i = 0; i < 100; ++i) bell.ring();
  context.wait([](Scope& s) -> Task<> { co_await s.stop(); }(scope));
  EXPECT_EQ(scope.running(), 0U);
  EXPECT_GE(turns, 4);
}

TEST(Scope, TakesTasksOfManyThreads) {
  RunningContext context(3);
  Scope scope(context.executor());
  std::atomic<int> started{0};
  std::atomic<int> ended{0};
  {
    std::vector<std::jthread> threads;
    for (int t = 0; t < 3; ++t)
      threads.emplace_back([&] {
        for (int i = 0; i < 100; ++i) scope.spawn(until_cancelled(started, ended));
      });
  }
  context.wait([](Scope& s) -> Task<> { co_await s.stop(); }(scope));
  EXPECT_EQ(started, ended);
}

Task<> throws_soon() {
  co_await sleep_for(1ms);
  throw std::logic_error("a bug");
}

TEST(Scope, ABugEndsTheProgram) {
  asio::io_context io;
  Scope scope(io.get_executor());
  scope.spawn(throws_soon());
  EXPECT_THROW(io.run(), std::logic_error);
}

Task<Result<int>> answer_after(std::chrono::milliseconds span, int value) {
  co_await sleep_for(span);
  co_return value;
}

Task<Result<int>> refuse_after(std::chrono::milliseconds span) {
  co_await sleep_for(span);
  co_return fail(Kind::not_found, "nothing there");
}

Task<Result<int>> throw_after(std::chrono::milliseconds span) {
  co_await sleep_for(span);
  throw std::runtime_error("a bug");
}

TEST(WithDeadline, GivesTheAnswerInTime) {
  EXPECT_EQ(*run_to_end(with_deadline(answer_after(1ms, 5), in(long_time), "it")), 5);
  EXPECT_EQ(run_to_end(with_deadline(refuse_after(1ms), in(long_time), "it")).error().kind(), Kind::not_found);
}

TEST(WithDeadline, SaysWhoWasLate) {
  const auto answer = run_to_end(with_deadline(answer_after(1h, 5), in(5ms), "the cluster"));
  EXPECT_EQ(answer.error().kind(), Kind::timeout);
  EXPECT_EQ(answer.error().sentence(), "the cluster did not answer in time; try again");
}

TEST(WithDeadline, ADeadlinePastIsATimeout) {
  EXPECT_EQ(run_to_end(with_deadline(never(), steady_clock::now() - 1s, "it")).error().kind(), Kind::timeout);
}

TEST(WithDeadline, ThrowsAtOnceWhatTheWorkThrows) {
  const auto begin = steady_clock::now();
  EXPECT_THROW((void)run_to_end(with_deadline(throw_after(1ms), in(long_time), "it")), std::runtime_error);
  EXPECT_LT(steady_clock::now() - begin, 10s) << "the exception waited for the deadline";
}

TEST(WithDeadline, NestsAndTheNearerOneWins) {
  auto nested = []() -> Task<Result<int>> { co_return co_await with_deadline(never(), in(1h), "inner"); };
  EXPECT_THAT(run_to_end(with_deadline(nested(), in(5ms), "outer")).error().sentence(), testing::HasSubstr("outer"));
  auto inner = []() -> Task<Result<int>> { co_return co_await with_deadline(never(), in(5ms), "inner"); };
  EXPECT_THAT(run_to_end(with_deadline(inner(), in(1h), "outer")).error().sentence(), testing::HasSubstr("inner"));
}

TEST(WithDeadline, RunsByTheThousandOnStrandsOfSeveralThreads) {
  RunningContext context(3);
  std::vector<std::future<Result<int>>> answers;
  for (int i = 0; i < 300; ++i) {
    auto work = i % 2 == 0 ? answer_after(std::chrono::milliseconds(i % 7), i) : never();
    answers.push_back(
        asio::co_spawn(strand_over(context.executor()),
                       with_deadline(std::move(work), in(std::chrono::milliseconds(i % 2 == 0 ? 30'000 : 5)), "it"),
                       asio::use_future));
  }
  for (std::size_t i = 0; i < answers.size(); ++i) EXPECT_EQ(answers[i].get().has_value(), i % 2 == 0);
}

TEST(Sleep, WaitsAtLeastItsTime) {
  const auto begin = steady_clock::now();
  run_to_end(sleep_for(5ms));
  EXPECT_GE(steady_clock::now() - begin, 5ms);
}

}  // namespace
}  // namespace nephele
