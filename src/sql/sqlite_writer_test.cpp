// SPDX-License-Identifier: Apache-2.0
#include "sql/sqlite_writer.h"

#include <gtest/gtest.h>

#include <thread>

#include "sql/contract_fixture.h"
#include "sql/sqlite_file.h"

namespace nephele::sql {
namespace {

/// The writer alone, with groups made by hand, so that it is certain who shares a commit with whom.
class SqliteWriterTest : public ::testing::Test {
 protected:
  SqliteWriterTest() {
    EXPECT_TRUE(outside_->migrate(demo_steps));
    connection_ = std::make_unique<SqliteConnection>(file_.file(), SqliteConnection::Role::writer);
  }

  void wait(std::move_only_function<bool(Tx&)> body, std::chrono::milliseconds left = std::chrono::seconds(10),
            Purpose purpose = Purpose::change) {
    const std::size_t index = group_.size();
    answers_.emplace_back();
    group_.push_back({std::move(body),
                      [this, index](std::optional<Error> failed) {
                        answers_[index] =
                            failed ? std::string(failed->detail("sql")) + "/" + std::string(to_string(failed->kind()))
                                   : "done";
                        seen_at_answer_.push_back(counter(*outside_));
                      },
                      in(left), purpose});
  }
  void run() { SqliteWriter(*connection_, std::chrono::milliseconds(10'000)).run(std::move(group_)); }

  static auto adds(int n) {
    return [n](Tx& tx) {
      tx.execute(demo::add, n, "a");
      return true;
    };
  }

  testing::TestDatabase file_{Engine::sqlite};
  std::unique_ptr<Database> outside_ = file_.open();
  std::unique_ptr<SqliteConnection> connection_;
  std::vector<Waiting> group_;
  std::vector<std::string> answers_;
  std::vector<std::int64_t> seen_at_answer_;
};

TEST_F(SqliteWriterTest, AGroupSharesOneCommitAndNobodyIsAnsweredBefore) {
  std::int64_t seen_inside = -1;
  wait(adds(1));
  wait(adds(2));
  wait([&](Tx&) {
    seen_inside = counter(*outside_);
    return true;
  });
  run();
  EXPECT_EQ(answers_, (std::vector<std::string>{"done", "done", "done"}));
  EXPECT_EQ(seen_inside, 0);
  EXPECT_EQ(seen_at_answer_, (std::vector<std::int64_t>{3, 3, 3}));
}

TEST_F(SqliteWriterTest, HooksSeeTheSharedCommit) {
  std::int64_t seen = -1;
  wait([&](Tx& tx) {
    tx.after_commit([&] { seen = counter(*outside_); });
    return adds(1)(tx);
  });
  wait(adds(2));
  run();
  EXPECT_EQ(seen, 3);
}

/// 1: the log is on its way to the disk; 2: the disk has it before anybody is answered.
constexpr Statement care{"test.care", "PRAGMA synchronous"};

TEST_F(SqliteWriterTest, TheMostCarefulOfAGroupDecidesWhetherTheDiskIsWaitedFor) {
  using enum Purpose;
  struct Case {
    std::vector<Purpose> group;
    std::int64_t care;
  };
  const Case table[] = {{{passing_change, passing_change}, 1},
                        {{passing_change, change}, 2},
                        {{passing_change}, 1},
                        {{change, passing_change, change}, 2},
                        {{change}, 2}};
  std::int64_t sum = 0;
  for (const auto& [purposes, expected] : table) {
    std::vector<std::int64_t> seen;
    for (const auto purpose : purposes)
      wait(
          [&](Tx& tx) {
            seen.push_back(tx.one(care).integer(0));
            return adds(1)(tx);
          },
          std::chrono::seconds(10), purpose);
    run();
    EXPECT_EQ(seen, std::vector<std::int64_t>(purposes.size(), expected));
    EXPECT_EQ(counter(*outside_), sum += static_cast<std::int64_t>(purposes.size()));
    group_.clear();
    answers_.clear();
  }
}

TEST_F(SqliteWriterTest, WhoFailsIsUndoneAloneAndTheNextSeesNothingOfIt) {
  std::int64_t seen = -1;
  wait(adds(1));
  wait([](Tx& tx) {
    adds(10)(tx);
    return false;
  });
  wait([](Tx& tx) -> bool {
    adds(100)(tx);
    throw std::runtime_error("a bug");
  });
  wait([](Tx& tx) {
    adds(1000)(tx);
    tx.execute(demo::put, 1, "x", "a");
    tx.execute(demo::put, 1, "x", "a");
    return true;
  });
  wait([&](Tx& tx) {
    seen = tx.one(demo::get, "a").integer(0);
    return adds(2)(tx);
  });
  run();
  EXPECT_EQ(answers_, (std::vector<std::string>{"done", "done", "/internal", "unique/conflict", "done"}));
  EXPECT_EQ(seen, 1);
  EXPECT_EQ(counter(*outside_), 3);
}

TEST_F(SqliteWriterTest, ACommitThatAConstraintStopsIsRepeatedOneByOne) {
  int runs = 0;
  wait([&](Tx& tx) {
    ++runs;
    return adds(1)(tx);
  });
  wait([](Tx& tx) {
    tx.execute(demo::put, 1, "x", "no such counter");
    return true;
  });
  wait(adds(2));
  run();
  EXPECT_EQ(answers_, (std::vector<std::string>{"done", "constraint/conflict", "done"}));
  EXPECT_EQ(runs, 2);
  EXPECT_EQ(counter(*outside_), 3);
}

TEST_F(SqliteWriterTest, ATransactionThatFillsTheFileTakesNobodyAlong) {
  const std::string pages = connection_->pragma("PRAGMA page_count");
  connection_->pragma(("PRAGMA max_page_count = " + std::to_string(std::stoi(pages) + 2)).c_str());
  wait(adds(1));
  wait([](Tx& tx) {
    tx.execute(demo::put, 1, std::string(100'000, 'x'), "a");
    return true;
  });
  wait(adds(2));
  run();
  EXPECT_EQ(answers_, (std::vector<std::string>{"done", "disk_full/unavailable", "done"}));
  EXPECT_EQ(counter(*outside_), 3);
}

TEST_F(SqliteWriterTest, WhoseTimeHasPassedIsNotRun) {
  wait(adds(1), std::chrono::milliseconds(-1));
  wait(adds(2));
  run();
  EXPECT_EQ(answers_, (std::vector<std::string>{"/timeout", "done"}));
  EXPECT_EQ(counter(*outside_), 2);
}

TEST_F(SqliteWriterTest, SlowTransactionsDoNotHoldUpTheAnswersOfAWholeGroup) {
  const auto slow = [](Tx& tx) {
    std::this_thread::sleep_for(SqliteWriter::group_time);
    return adds(1)(tx);
  };
  for (int i = 0; i < 3; ++i) wait(slow);
  run();
  EXPECT_EQ(seen_at_answer_, (std::vector<std::int64_t>{1, 2, 3})) << "each has its own commit";
}

}  // namespace
}  // namespace nephele::sql
