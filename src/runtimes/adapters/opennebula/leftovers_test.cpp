// SPDX-License-Identifier: Apache-2.0
// Which ends have to outlast a power cut (decision 0018).
#include "runtimes/adapters/opennebula/leftovers.h"

#include <gtest/gtest.h>

#include "bus/bus.h"
#include "operations/process_identity.h"
#include "runtimes/flavours.h"
#include "sql/testing/test_databases.h"
#include "sql/testing/with_loop.h"

namespace nephele::runtimes::one {
namespace {

using sql::Outlasts;

class LeftoversTest : protected sql::testing::WithLoop, public sql::testing::TestDatabases {
 protected:
  void SetUp() override {
    migrate(bus::migrations());
    migrate(operations::Operations::migrations());
    migrate(migrations());
    operations = std::make_unique<operations::Operations>(database(), key, clock, loop.first(), operations::Settings{},
                                                          log::Logger{});
    leftovers = std::make_unique<Leftovers>(database(), *operations, Upstream{oned, flow, reader}, clock, Settings{},
                                            log::Logger{});
    leftovers->register_handlers();
  }

  std::unique_ptr<Journal> begin(std::optional<IdempotencyKey> of = std::nullopt) {
    Remains remains{.tag = "tag", .service = {}, .vms = {}, .document = {}};
    return loop.run(leftovers->begin(ada, std::move(remains), std::move(of), limit())).value().journal;
  }
  std::unique_ptr<Journal> turn(std::optional<Remains> remains) {
    return loop.run(leftovers->take_turn(ada, RuntimeId(7), std::move(remains), limit())).value();
  }
  void end(Journal& journal) { loop.run(journal.settle()).value(); }
  static SteadyTime limit() { return in(std::chrono::seconds{20}); }

  const Caller ada{
      .account = "1", .admin = false, .user = "ada", .password = Secret("word"), .request_id = "r", .version = 0};
  SystemClock clock;
  SecretKey key = SecretKey::random();
  opennebula::Oned oned{{.url = "http://127.0.0.1:1/RPC2"}};
  opennebula::OneFlow flow{{.url = "http://127.0.0.1:1"}};
  opennebula::Reader reader{oned, flow};
  std::unique_ptr<operations::Operations> operations;
  std::unique_ptr<Leftovers> leftovers;
};

TEST_P(LeftoversTest, TheEndOfACreateMayBeLostWhereItsRowTellsTheBoot) {
  const auto journal = begin();
  const bool alone = GetParam() == sql::Engine::sqlite;
  EXPECT_EQ(journal->remains.boot, alone ? operations::ProcessIdentity::own().boot_id : "");
  EXPECT_EQ(journal->end_outlasts, alone ? Outlasts::kill : Outlasts::power_cut);
  end(*journal);
}

TEST_P(LeftoversTest, TheEndThatHoldsTheAnswerOfAKeyMayNotBeLost) {
  const auto journal = begin(IdempotencyKey{.key = "k", .body_hash = "h"});
  EXPECT_EQ(journal->remains.boot, "");
  EXPECT_EQ(journal->end_outlasts, Outlasts::power_cut);
  end(*journal);
}

/// A refused one would be carried out after all.
TEST_P(LeftoversTest, TheEndOfARemovalMayNotBeLost) {
  const auto journal = turn(Remains{.tag = {}, .service = 6, .vms = {5}, .document = 7});
  EXPECT_EQ(journal->end_outlasts, Outlasts::power_cut);
  end(*journal);
}

TEST_P(LeftoversTest, ATurnThatLeavesNothingToDoMayBeLost) {
  const auto journal = turn(std::nullopt);
  EXPECT_EQ(journal->end_outlasts, Outlasts::kill);
  end(*journal);
}

/// Directories lock accounts that are tried too often.
TEST_P(LeftoversTest, WhatIsRefusedIsTriedAgainAfterAWhile) {
  operations::Record record;
  const auto after = [&](int attempt, const Error& error) {
    record.attempt = attempt;
    return leftovers->pause(record, error);
  };
  const auto refused = Error(Kind::unavailable, "no").with("refused", "yes");
  EXPECT_EQ(after(1, refused), std::chrono::minutes(10));
  EXPECT_EQ(after(4, refused), std::chrono::minutes(40));
  EXPECT_EQ(after(90, refused), std::chrono::minutes(60));
  EXPECT_EQ(after(4, Error(Kind::unavailable, "away")), std::nullopt);
}

INSTANTIATE_TEST_SUITE_P(Engines, LeftoversTest, sql::testing::all_engines(), sql::testing::engine_name);

}  // namespace
}  // namespace nephele::runtimes::one
