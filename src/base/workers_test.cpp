// SPDX-License-Identifier: Apache-2.0
#include "base/workers.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <latch>
#include <stdexcept>

#include "base/stoppable.h"
#include "base/test_run.h"

namespace nephele {
namespace {

using namespace std::chrono_literals;

TEST(Workers, GiveTheValueOfTheJob) {
  Workers workers("test", 2, 8);
  auto plain = [](Workers& w) -> Task<Result<int>> { co_return co_await w.run([] { return 6 * 7; }); };
  EXPECT_EQ(*run_to_end(plain(workers)), 42);
  auto nothing = [](Workers& w) -> Task<Result<>> { co_return co_await w.run([] {}); };
  EXPECT_TRUE(run_to_end(nothing(workers)));
  auto result = [](Workers& w) -> Task<Result<int>> {
    co_return co_await w.run([]() -> Result<int> { return fail(Kind::not_found, "none"); });
  };
  EXPECT_EQ(run_to_end(result(workers)).error().kind(), Kind::not_found);
}

TEST(Workers, ThrowTheJobsExceptionAtTheCallerAndGoOn) {
  Workers workers("test", 1, 8);
  auto work = [](Workers& w) -> Task<Result<int>> {
    co_return co_await w.run([]() -> int { throw std::runtime_error("in the job"); });
  };
  EXPECT_THROW((void)run_to_end(work(workers)), std::runtime_error);
  auto after = [](Workers& w) -> Task<Result<int>> { co_return co_await w.run([] { return 1; }); };
  EXPECT_EQ(*run_to_end(after(workers)), 1);
}

TEST(Workers, AnswerBusyAtOnceWhenTheQueueIsFull) {
  RunningContext context(1);
  Workers workers("hashing", 1, 2);
  std::latch begun(1);
  std::latch go_on(1);
  auto block = [](Workers& w, std::latch& here, std::latch& gate) -> Task<Result<int>> {
    co_return co_await w.run([&here, &gate] {
      here.count_down();
      gate.wait();
      return 1;
    });
  };
  auto quick = [](Workers& w) -> Task<Result<int>> { co_return co_await w.run([] { return 2; }); };
  auto first = asio::co_spawn(context.executor(), block(workers, begun, go_on), asio::use_future);
  begun.wait();  // the only thread is taken; two may wait
  auto second = asio::co_spawn(context.executor(), quick(workers), asio::use_future);
  auto third = asio::co_spawn(context.executor(), quick(workers), asio::use_future);
  const auto fourth = context.wait(quick(workers));
  EXPECT_EQ(fourth.error().kind(), Kind::busy);
  EXPECT_THAT(fourth.error().sentence(), testing::HasSubstr("hashing has too much waiting work"));
  go_on.count_down();
  EXPECT_EQ(*first.get(), 1);
  EXPECT_EQ(*second.get(), 2);
  EXPECT_EQ(*third.get(), 2);
  EXPECT_EQ(*context.wait(quick(workers)), 2) << "the queue has room again";
}

TEST(Workers, RunWhatIsQueuedBeforeTheyGo) {
  std::atomic<int> done{0};
  RunningContext context(1);
  std::vector<std::future<Result<>>> answers;
  {
    Workers workers("test", 2, 100);
    auto work = [](Workers& w, std::atomic<int>& counter) -> Task<Result<>> {
      co_return co_await w.run([&counter] { ++counter; });
    };
    for (int i = 0; i < 50; ++i)
      answers.push_back(asio::co_spawn(context.executor(), work(workers, done), asio::use_future));
    for (auto& answer : answers) EXPECT_TRUE(answer.get());
  }
  EXPECT_EQ(done, 50);
}

TEST(Workers, AFullQueueOfManyCallersLosesNobody) {
  RunningContext context(2);
  Workers workers("test", 2, 4);
  std::atomic<int> ran{0};
  auto work = [](Workers& w, std::atomic<int>& counter) -> Task<Result<>> {
    co_return co_await w.run([&counter] { ++counter; });
  };
  std::vector<std::future<Result<>>> answers;
  for (int i = 0; i < 500; ++i)
    answers.push_back(asio::co_spawn(context.executor(), work(workers, ran), asio::use_future));
  int done = 0;
  for (auto& answer : answers) {
    const auto one = answer.get();
    if (one) ++done;
    if (!one) EXPECT_EQ(one.error().kind(), Kind::busy);
  }
  EXPECT_EQ(ran, done);
  EXPECT_GT(done, 0);
  EXPECT_TRUE(context.wait(work(workers, ran))) << "no place in the queue was lost";
}

TEST(Workers, AStoppableJobHearsThatItsCallerIsCancelled) {
  Workers workers("test", 1, 8);
  std::atomic<bool> heard{false};
  auto job = [&heard](const std::stop_token& stop) -> Result<int> {
    const auto until = std::chrono::steady_clock::now() + 20s;
    while (!stop.stop_requested() && std::chrono::steady_clock::now() < until) std::this_thread::sleep_for(1ms);
    heard = stop.stop_requested();
    return 1;
  };
  const auto answer = run_to_end(with_deadline(Task<Result<int>>(run_stoppable(workers, job)), in(20ms), "the caller"));
  EXPECT_EQ(answer.error().kind(), Kind::timeout);
  EXPECT_TRUE(heard) << "the caller has waited for the job";
}

TEST(Workers, AStoppableJobThatNobodyStopsGivesItsValueOrItsException) {
  Workers workers("test", 1, 8);
  auto quick = [](const std::stop_token& stop) -> Result<bool> { return stop.stop_requested(); };
  EXPECT_FALSE(*run_to_end(Task<Result<bool>>(run_stoppable(workers, quick))));
  auto throws = [](const std::stop_token&) -> Result<> { throw std::runtime_error("in the job"); };
  EXPECT_THROW((void)run_to_end(Task<Result<>>(run_stoppable(workers, throws))), std::runtime_error);
}

}  // namespace
}  // namespace nephele
