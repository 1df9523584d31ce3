// SPDX-License-Identifier: Apache-2.0
// What every bus must do. The in-process one on both engines; RabbitMQ joins the list of adapters with its own.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <mutex>

#include "base/eventually.h"
#include "base/io_threads.h"
#include "bus/bus.h"
#include "sql/testing/test_databases.h"

namespace nephele::bus {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr Topic jobs{"test.jobs", Topic::Kind::work};
constexpr Topic news{"test.news", Topic::Kind::notify};

/// Remembers keys; refuses those that tests tell it to, a number of times.
class Recorder final : public Consumer, public Listener {
 public:
  Result<> consume(sql::Tx&, const Message& message) override {
    const std::lock_guard lock(mutex_);
    if (message.key == refused_ && refusals_ != 0) {
      --refusals_;
      return fail(Kind::internal, "not this one");
    }
    keys_.push_back(message.key);
    ids_.push_back(message.id);
    return {};
  }
  void notified(const Message& message) override {
    const std::lock_guard lock(mutex_);
    keys_.push_back(message.key);
  }
  void refuse(std::string key, int times) {
    const std::lock_guard lock(mutex_);
    refused_ = std::move(key);
    refusals_ = times;
  }
  std::vector<std::string> keys() {
    const std::lock_guard lock(mutex_);
    return keys_;
  }
  std::vector<std::int64_t> ids() {
    const std::lock_guard lock(mutex_);
    return ids_;
  }

 private:
  std::mutex mutex_;
  std::vector<std::string> keys_;
  std::vector<std::int64_t> ids_;
  std::string refused_;
  int refusals_ = 0;
};

/// One process with a bus on the database.
class Node {
 public:
  explicit Node(std::unique_ptr<sql::Database> db)
      : database(std::move(db)), bus(in_process_bus(*database, clock, threads.first(), quick(), {})) {}
  ~Node() {
    if (started_) threads.run(bus->stop());
  }
  void start() {
    threads.run(bus->start());
    started_ = true;
  }
  Result<> publish(const Topic& topic, std::string key, bool commits = true) {
    return database->write_now([&](sql::Tx& tx) -> Result<> {
      bus->publish(tx, topic, key, json::Object{});
      if (!commits) return fail(Kind::conflict, "rolled back");
      return {};
    });
  }

  IoThreads threads{1};
  std::unique_ptr<sql::Database> database;
  SystemClock clock;
  std::unique_ptr<Bus> bus;

 private:
  static Settings quick() {
    Settings settings;
    settings.poll = 30ms;
    settings.retry_max = 5ms;
    return settings;
  }
  bool started_ = false;
};

class BusContract : public sql::testing::TestDatabases {
 protected:
  void SetUp() override { migrate(migrations()); }
  std::unique_ptr<Node> node() { return std::make_unique<Node>(fresh().open()); }
  Recorder recorder;
};

TEST_P(BusContract, WorkIsHandledOnceAndInOrder) {
  const auto n = node();
  n->bus->consume(jobs, recorder);
  n->start();
  std::vector<std::string> sent;
  for (int i = 0; i < 50; ++i) {
    sent.push_back(std::to_string(i));
    ASSERT_TRUE(n->publish(jobs, sent.back()));
  }
  ASSERT_TRUE(eventually([&] { return recorder.keys().size() == sent.size(); }));
  EXPECT_EQ(recorder.keys(), sent);
  EXPECT_TRUE(std::ranges::is_sorted(recorder.ids()));
  EXPECT_TRUE(eventually([&] { return n->threads.run(n->bus->backlog()).value() == 0; }));
}

TEST_P(BusContract, WorkThatNobodyWasThereForWaits) {
  const auto n = node();
  n->bus->consume(jobs, recorder);
  ASSERT_TRUE(n->publish(jobs, "early"));
  EXPECT_EQ(n->threads.run(n->bus->backlog()).value(), 1);
  n->start();
  EXPECT_TRUE(eventually([&] { return recorder.keys() == std::vector<std::string>{"early"}; }));
}

TEST_P(BusContract, ARolledBackTransactionPublishesNothing) {
  const auto n = node();
  n->bus->consume(jobs, recorder);
  const auto subscription = n->bus->listen(news, recorder);
  n->start();
  EXPECT_FALSE(n->publish(jobs, "no", false));
  EXPECT_FALSE(n->publish(news, "no", false));
  ASSERT_TRUE(n->publish(jobs, "yes"));
  ASSERT_TRUE(eventually([&] { return !recorder.keys().empty(); }));
  EXPECT_THAT(recorder.keys(), ElementsAre("yes"));
}

TEST_P(BusContract, ARefusedMessageIsTriedAgainBeforeLaterOnes) {
  const auto n = node();
  n->bus->consume(jobs, recorder);
  recorder.refuse("first", 3);
  ASSERT_TRUE(n->publish(jobs, "first"));
  ASSERT_TRUE(n->publish(jobs, "second"));
  n->start();
  ASSERT_TRUE(eventually([&] { return recorder.keys().size() == 2; }));
  EXPECT_THAT(recorder.keys(), ElementsAre("first", "second"));
}

TEST_P(BusContract, AMessageThatNobodyCanHandleDoesNotHoldUpTheOthers) {
  const auto n = node();
  n->bus->consume(jobs, recorder);
  recorder.refuse("poison", -1);
  ASSERT_TRUE(n->publish(jobs, "poison"));
  ASSERT_TRUE(n->publish(jobs, "later"));
  n->start();
  ASSERT_TRUE(eventually([&] { return recorder.keys().size() == 1; }));
  EXPECT_THAT(recorder.keys(), ElementsAre("later"));
}

TEST_P(BusContract, TwoProcessesShareTheWork) {
  const auto first = node();
  const auto second = node();
  for (const auto& each : {first.get(), second.get()}) {
    each->bus->consume(jobs, recorder);
    each->start();
  }
  for (int i = 0; i < 40; ++i) ASSERT_TRUE((i % 2 ? first : second)->publish(jobs, std::to_string(i)));
  ASSERT_TRUE(eventually([&] { return recorder.keys().size() >= 40; }));
  EXPECT_TRUE(eventually([&] { return first->threads.run(first->bus->backlog()).value() == 0; }));
  EXPECT_THAT(recorder.keys(), SizeIs(40)) << "each once";
}

TEST_P(BusContract, NotificationsReachEveryListenerOfEveryProcess) {
  const auto here = node();
  const auto there = node();
  Recorder far;
  const auto near_subscription = here->bus->listen(news, recorder);
  const auto far_subscription = there->bus->listen(news, far);
  here->start();
  there->start();
  // What was said before the other process looked for the first time is not kept for it: say it until it is heard.
  ASSERT_TRUE(eventually([&] { return here->publish(news, "hello") && !far.keys().empty(); }));
  EXPECT_TRUE(eventually([&] { return !recorder.keys().empty(); }));
}

TEST_P(BusContract, ASubscriptionEndsWithItsHandle) {
  const auto n = node();
  Recorder other;
  auto ended = n->bus->listen(news, recorder);
  const auto kept = n->bus->listen(news, other);
  n->start();
  ended.reset();
  ASSERT_TRUE(n->publish(news, "x"));
  ASSERT_TRUE(eventually([&] { return !other.keys().empty(); }));
  EXPECT_THAT(recorder.keys(), IsEmpty());
}

INSTANTIATE_TEST_SUITE_P(Engines, BusContract, sql::testing::all_engines(), sql::testing::engine_name);

}  // namespace
}  // namespace nephele::bus
