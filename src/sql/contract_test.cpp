// SPDX-License-Identifier: Apache-2.0
// What both engines promise of one transaction, in the same words.
#include <gtest/gtest.h>

#include <limits>

#include "sql/contract_fixture.h"

namespace nephele::sql {
namespace {

struct ServerTag;
using ServerId = Id<ServerTag>;

TEST_P(SqlContract, WhatWasWrittenCanBeReadAndTheChangedRowsAreCounted) {
  const auto changed = db().write_now([](Tx& tx) { return tx.execute(demo::add, 5, "a"); });
  ASSERT_TRUE(changed) << changed.error().sentence();
  EXPECT_EQ(*changed, 1);
  EXPECT_EQ(counter(db()), 5);
  EXPECT_EQ(db().write_now([](Tx& tx) { return tx.execute(demo::add, 5, "nobody"); }), 0);
  EXPECT_EQ(db().write_now([](Tx& tx) { return tx.execute(demo::get, "a"); }), 0) << "a SELECT changes nothing";
}

TEST_P(SqlContract, AnUpdateCanReturnItsRows) {
  constexpr Statement draw{"demo.draw", "UPDATE demo_counter SET n = n + $1 WHERE name = $2 RETURNING n"};
  const auto n = db().write_now([&](Tx& tx) { return tx.one(draw, 2, "a").integer(0); });
  ASSERT_TRUE(n) << n.error().sentence();
  EXPECT_EQ(*n, 2);
}

TEST_P(SqlContract, AnUpsertCountsAsOneChangeAndAnIgnoredInsertAsNone) {
  constexpr Statement upsert{"demo.upsert", R"(
    INSERT INTO demo_counter (name, n) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET n = excluded.n)"};
  constexpr Statement ignore{"demo.ignore", R"(
    INSERT INTO demo_counter (name, n) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING)"};
  EXPECT_EQ(db().write_now([&](Tx& tx) { return tx.execute(upsert, "a", 9); }), 1);
  EXPECT_EQ(db().write_now([&](Tx& tx) { return tx.execute(ignore, "a", 10); }), 0);
  EXPECT_EQ(counter(db()), 9);
}

TEST_P(SqlContract, ParametersAreBoundByTheirNumberInWhateverOrderTheyStand) {
  constexpr Statement backwards{"demo.backwards", R"(
    SELECT CAST($3 AS TEXT), CAST($1 AS BIGINT), CAST($2 AS TEXT), CAST($1 AS BIGINT) + 1)"};
  const auto row = db().read_now([&](Tx& tx) { return tx.one(backwards, 1, "two", "three"); });
  ASSERT_TRUE(row) << row.error().sentence();
  EXPECT_EQ(row->text(0), "three");
  EXPECT_EQ(row->integer(1), 1);
  EXPECT_EQ(row->text(2), "two");
  EXPECT_EQ(row->integer(3), 2);
}

TEST_P(SqlContract, TenParametersAndMoreAreToldApart) {
  constexpr Statement many{"demo.many", R"(
    SELECT CAST($11 AS BIGINT) * 100 + CAST($1 AS BIGINT) * 10 + CAST($10 AS BIGINT)
      + CAST($2 AS BIGINT) + CAST($3 AS BIGINT) + CAST($4 AS BIGINT) + CAST($5 AS BIGINT) + CAST($6 AS BIGINT)
      + CAST($7 AS BIGINT) + CAST($8 AS BIGINT) + CAST($9 AS BIGINT))"};
  const auto n = db().read_now([&](Tx& tx) { return tx.one(many, 2, 0, 0, 0, 0, 0, 0, 0, 0, 3, 1).integer(0); });
  ASSERT_TRUE(n) << n.error().sentence();
  EXPECT_EQ(*n, 123);
}

TEST_P(SqlContract, NumbersKeepTheirWholeRange) {
  for (const std::int64_t id : {std::numeric_limits<std::int64_t>::min(), std::int64_t{-1}, std::int64_t{0},
                                std::numeric_limits<std::int64_t>::max()}) {
    const auto stored = db().write_now([id](Tx& tx) { return tx.execute(demo::put, id, "x", std::nullopt); });
    ASSERT_TRUE(stored) << stored.error().sentence();
    const auto found = db().read_now([id](Tx& tx) { return tx.maybe_one(demo::note, id).has_value(); });
    EXPECT_EQ(found, true) << id;
  }
}

TEST_P(SqlContract, NothingIsNullAndNullIsNothing) {
  const std::optional<std::string> none;
  ASSERT_TRUE(db().write_now([&](Tx& tx) { tx.execute(demo::put, 1, none, std::nullopt); }));
  const auto row = db().read_now([](Tx& tx) { return tx.one(demo::note, 1); });
  ASSERT_TRUE(row);
  EXPECT_TRUE(row->is_null(0));
  EXPECT_EQ(row->maybe_text(0), std::nullopt);
  ASSERT_TRUE(db().write_now([&](Tx& tx) { tx.execute(demo::put, 2, std::optional<std::string>(""), none); }));
  EXPECT_EQ(db().read_now([](Tx& tx) { return tx.one(demo::note, 2).maybe_text(0); }), std::optional<std::string>(""));
}

TEST_P(SqlContract, TimesFlagsAndIdsBindAsWhatTheyHold) {
  constexpr Statement all{"demo.kinds", "SELECT CAST($1 AS BIGINT), CAST($2 AS BIGINT), CAST($3 AS TEXT)"};
  const Time time = from_ms(1'772'366'400'250);
  const auto row = db().read_now([&](Tx& tx) { return tx.one(all, time, true, ServerId("s-1")); });
  ASSERT_TRUE(row) << row.error().sentence();
  EXPECT_EQ(row->time(0), time);
  EXPECT_TRUE(row->boolean(1));
  EXPECT_EQ(row->text(2), "s-1");
}

TEST_P(SqlContract, SumsAndCountsAreNumbers) {
  constexpr Statement sum{"demo.sum", "SELECT sum(n), count(*), max(n), sum(n) > 0 FROM demo_counter"};
  ASSERT_TRUE(db().write_now([](Tx& tx) { tx.execute(demo::add, 3, "b"); }));
  const auto row = db().read_now([&](Tx& tx) { return tx.one(sum); });
  ASSERT_TRUE(row) << row.error().sentence();
  EXPECT_EQ(row->integer(0), 3);
  EXPECT_EQ(row->integer(1), 2);
  EXPECT_EQ(row->integer(2), 3);
  EXPECT_TRUE(row->boolean(3));
}

TEST_P(SqlContract, OddTextComesBackAsItWas) {
  const std::vector<std::string> texts{"",
                                       "'; DROP TABLE demo_note; --",
                                       "\\'\"$1 %s ?1 :x",
                                       "line\nbreak\ttab\r\x01\x7f",
                                       "\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80",
                                       "\xef\xbf\xbf",
                                       std::string(10'000'000, 'x')};
  for (std::size_t i = 0; i < texts.size(); ++i) {
    const auto id = static_cast<std::int64_t>(i);
    const auto stored = db().write_now([&](Tx& tx) { tx.execute(demo::put, id, texts[i], std::nullopt); });
    ASSERT_TRUE(stored) << stored.error().sentence();
    const auto back = db().read_now([&](Tx& tx) { return tx.one(demo::note, id).text(0); });
    ASSERT_TRUE(back);
    EXPECT_TRUE(*back == texts[i]) << i;
  }
}

TEST_P(SqlContract, TextThatNoEngineOfOursCanStoreIsTheCallersMistake) {
  for (const std::string& text : {std::string("a\0b", 3), std::string("\xff"), std::string("\xc0\x80"),
                                  std::string("\xed\xa0\x80"), std::string("cut \xe2\x82")}) {
    const auto stored = db().write_now([&](Tx& tx) { tx.execute(demo::put, 1, text, std::nullopt); });
    ASSERT_FALSE(stored);
    EXPECT_EQ(stored.error().kind(), Kind::invalid) << stored.error().sentence();
  }
  EXPECT_EQ(notes(db()), 0);
}

TEST_P(SqlContract, AResultWithoutAValueRollsBack) {
  const auto refused = db().write_now([](Tx& tx) -> Result<int> {
    tx.execute(demo::add, 5, "a");
    return fail(Kind::over_quota, "no");
  });
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind(), Kind::over_quota);
  EXPECT_EQ(counter(db()), 0);
}

TEST_P(SqlContract, AnExceptionRollsBackAndIsAnErrorAtTheCaller) {
  const auto refused = db().write_now([](Tx& tx) {
    tx.execute(demo::add, 5, "a");
    throw std::runtime_error("a bug");
  });
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind(), Kind::internal);
  EXPECT_EQ(counter(db()), 0);
}

TEST_P(SqlContract, AWrongColumnTypeIsAnErrorAndNoCrash) {
  const auto refused = db().read_now([](Tx& tx) { return tx.one(demo::get, "a").text(0); });
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind(), Kind::internal);
  const auto beyond = db().read_now([](Tx& tx) { return tx.one(demo::get, "a").integer(7); });
  EXPECT_FALSE(beyond);
}

TEST_P(SqlContract, ATakenKeyIsAConflictThatSaysSo) {
  const auto twice = [](Tx& tx) { tx.execute(demo::put, 1, "x", std::nullopt); };
  ASSERT_TRUE(db().write_now(twice));
  const auto refused = db().write_now(twice);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind(), Kind::conflict);
  EXPECT_EQ(refused.error().detail("sql"), "unique");
}

TEST_P(SqlContract, ABrokenConstraintIsAConflict) {
  const auto refused = db().write_now([](Tx& tx) { tx.execute(demo::add, 1'000'000, "a"); });
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().detail("sql"), "constraint");
}

TEST_P(SqlContract, AForeignKeyIsCheckedAtTheCommitWhenItIsDeferred) {
  const auto refused = db().write_now([](Tx& tx) { tx.execute(demo::put, 1, "x", "no such counter"); });
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().detail("sql"), "constraint") << refused.error().sentence();
  EXPECT_EQ(notes(db()), 0);
}

TEST_P(SqlContract, AfterAFailedStatementNothingGoesOnAndNothingIsCommitted) {
  ASSERT_TRUE(db().write_now([](Tx& tx) { tx.execute(demo::put, 1, "x", std::nullopt); }));
  const auto swallowed = db().write_now([](Tx& tx) {
    tx.execute(demo::add, 1, "a");
    try {
      tx.execute(demo::put, 1, "again", std::nullopt);
    } catch (const Failure&) {
      return;
    }
  });
  ASSERT_FALSE(swallowed);
  EXPECT_EQ(swallowed.error().kind(), Kind::internal);
  const auto went_on = db().write_now([](Tx& tx) {
    try {
      tx.execute(demo::put, 1, "again", std::nullopt);
    } catch (const Failure&) {
      tx.execute(demo::add, 1, "a");
    }
  });
  EXPECT_FALSE(went_on);
  EXPECT_EQ(counter(db()), 0);
}

TEST_P(SqlContract, ABodyMayTurnAFailureIntoItsOwnError) {
  ASSERT_TRUE(db().write_now([](Tx& tx) { tx.execute(demo::put, 1, "x", std::nullopt); }));
  const auto refused = db().write_now([](Tx& tx) -> Result<> {
    try {
      tx.execute(demo::put, 1, "again", std::nullopt);
    } catch (const Failure& failure) {
      if (failure.cause() == Failure::Cause::unique) return fail(Kind::conflict, "note 1 is there already");
      throw;
    }
    return {};
  });
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().sentence(), "note 1 is there already");
}

struct BadStatement {
  const char* name;
  Statement statement;
  int parameters;
};

TEST_P(SqlContract, BadStatementsAreBugsAndHarmNobody) {
  const BadStatement table[] = {
      {"syntax", {"bad.syntax", "SELEKT 1"}, 0},
      {"table", {"bad.table", "SELECT 1 FROM no_such_table"}, 0},
      {"too few", {"bad.few", "SELECT n FROM demo_counter WHERE name = $1 OR name = $2"}, 1},
      {"too many", {"bad.many", "SELECT n FROM demo_counter"}, 1},
      {"gap", {"bad.gap", "SELECT n FROM demo_counter WHERE name = $2"}, 2},
      {"two statements", {"bad.two", "SELECT 1; SELECT 2"}, 0},
      {"same name", {"demo.get", "SELECT 5"}, 0},
  };
  counter(db());  // so that demo.get is known
  for (const auto& bad : table) {
    for (int round = 0; round < 2; ++round) {
      const auto refused = db().read_now([&](Tx& tx) {
        tx.one(demo::get, "a");
        bad.parameters == 0   ? tx.query(bad.statement)
        : bad.parameters == 1 ? tx.query(bad.statement, "x")
                              : tx.query(bad.statement, "x", "y");
      });
      ASSERT_FALSE(refused) << bad.name;
      EXPECT_EQ(refused.error().kind(), Kind::internal) << bad.name << ": " << refused.error().sentence();
    }
  }
  EXPECT_EQ(counter(db()), 0);
}

TEST_P(SqlContract, ReadRefusesChanges) {
  const auto refused = db().read_now([](Tx& tx) { tx.execute(demo::add, 1, "a"); });
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind(), Kind::internal);
  EXPECT_EQ(counter(db()), 0);
}

TEST_P(SqlContract, OneAndMaybeOneCountTheRows) {
  constexpr Statement all{"demo.all", "SELECT name FROM demo_counter"};
  EXPECT_FALSE(db().read_now([&](Tx& tx) { return tx.one(demo::get, "nobody"); }));
  EXPECT_FALSE(db().read_now([&](Tx& tx) { return tx.maybe_one(all); }));
  const auto none = db().read_now([&](Tx& tx) { return tx.maybe_one(demo::get, "nobody").has_value(); });
  EXPECT_EQ(none, false);
}

TEST_P(SqlContract, PagesFollowTheKey) {
  ASSERT_TRUE(db().write_now([](Tx& tx) {
    for (int id = 1; id <= 25; ++id) tx.execute(demo::put, id, "x", "a");
  }));
  std::vector<std::int64_t> seen;
  for (std::int64_t after = 0;;) {
    const auto page = db().read_now([&](Tx& tx) { return tx.query(demo::notes, after, 10); });
    ASSERT_TRUE(page);
    if (page->empty()) break;
    for (const auto& row : *page) seen.push_back(row.integer(0));
    after = seen.back();
  }
  ASSERT_EQ(seen.size(), 25U);
  EXPECT_EQ(seen.front(), 1);
  EXPECT_EQ(seen.back(), 25);
}

TEST_P(SqlContract, ALockClauseBelongsInAWrite) {
  const std::string text = "SELECT n FROM demo_counter WHERE name = $1" + std::string(db().lock_clause());
  const auto n = db().write_now([&](Tx& tx) { return tx.one({"demo.lock", text}, "a").integer(0); });
  ASSERT_TRUE(n) << n.error().sentence();
}

TEST_P(SqlContract, HooksRunAfterACommitOnly) {
  std::vector<std::string> rung;
  const auto other = fresh().open();  // sees only what is committed
  ASSERT_TRUE(db().write_now([&](Tx& tx) {
    tx.execute(demo::add, 1, "a");
    tx.after_commit([&] { rung.emplace_back("committed " + std::to_string(counter(*other))); });
  }));
  (void)db().write_now([&](Tx& tx) -> Result<> {
    tx.after_commit([&] { rung.emplace_back("never"); });
    return fail(Kind::conflict, "no");
  });
  (void)db().write_now([&](Tx& tx) {
    tx.after_commit([&] { rung.emplace_back("never"); });
    throw std::runtime_error("no");
  });
  (void)db().write_now([&](Tx& tx) {
    tx.after_commit([&] { rung.emplace_back("never"); });
    tx.execute(demo::put, 1, "x", "no such counter");  // found out by the commit
  });
  (void)db().write_now([&](Tx& tx) {
    tx.execute(demo::add, 1, "a");
    tx.after_commit([&] { throw std::runtime_error("not the caller's concern"); });
  });
  EXPECT_EQ(counter(db()), 2);
  EXPECT_EQ(rung, std::vector<std::string>{"committed 1"});
}

TEST_P(SqlContract, ATransactionThatWaitsForAnotherIsRefusedInsteadOfHanging) {
  const auto nested = db().write_now([&](Tx&) { return db().write_now([](Tx&) { return 1; }); });
  ASSERT_FALSE(nested);
  EXPECT_EQ(nested.error().kind(), Kind::internal);
}

INSTANTIATE_TEST_SUITE_P(Engines, SqlContract, testing::all_engines(), testing::engine_name);

}  // namespace
}  // namespace nephele::sql
