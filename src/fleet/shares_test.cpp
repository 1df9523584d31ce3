// SPDX-License-Identifier: Apache-2.0
#include "fleet/shares.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "fleet/testing/golden_world.h"

namespace nephele::fleet {
namespace {

using ::testing::AnyOf;
using testing::at;
using ::testing::ElementsAre;
using testing::GoldenWorld;
using ::testing::UnorderedElementsAre;
using Counts = std::vector<std::int64_t>;

/// Ties are drawn: what must hold holds for every seed.
constexpr std::uint64_t seeds = 25;

ShareRules with_processors(double share, std::int64_t processors) {
  auto rules = GoldenWorld::type(share);
  rules.machine_processors = processors;
  return rules;
}

ShareRules with_hs06(double hs06) {
  auto rules = GoldenWorld::type(1);
  rules.hs06_per_processor = hs06;
  return rules;
}

TEST(Shares, C01ACycleAddsATenthOfTheLimit) {
  constexpr std::pair<std::int64_t, std::int64_t> expected[] = {{1, 1},  {5, 1},   {10, 1},   {11, 2},   {15, 2},
                                                                {20, 2}, {99, 10}, {100, 10}, {101, 11}, {1000, 100}};
  for (const auto& [limit, first] : expected) {
    GoldenWorld world(limit);
    world.add(GoldenWorld::type(1));
    EXPECT_THAT(world.cycle(0), ElementsAre(first)) << limit;
  }
}

TEST(Shares, C02ThreeTypesGrowByTheirShares) {
  for (std::uint64_t seed = 0; seed < seeds; ++seed) {
    GoldenWorld world(18, seed);
    for (const double share : {5., 6., 7.}) world.add(GoldenWorld::type(share));
    EXPECT_THAT(world.cycle(0), UnorderedElementsAre(0, 1, 1));
    const std::vector<Counts> expected{{1, 1, 2}, {2, 2, 2}, {2, 3, 3}, {3, 3, 4}, {3, 4, 5},
                                       {4, 5, 5}, {5, 5, 6}, {5, 6, 7}, {5, 6, 7}};
    for (std::size_t n = 0; n < expected.size(); ++n) {
      world.cycle(static_cast<std::int64_t>(60 * (n + 1)));
      EXPECT_EQ(world.count(), expected[n]) << "cycle " << n + 2 << " seed " << seed;
    }
  }
}

TEST(Shares, C03ThreeToOne) {
  for (std::uint64_t seed = 0; seed < seeds; ++seed) {
    GoldenWorld world(40, seed);
    world.add(GoldenWorld::type(3));
    world.add(GoldenWorld::type(1));
    for (std::int64_t n = 1; n <= 12; ++n) {
      world.cycle(60 * n);
      EXPECT_THAT(world.count(), ElementsAre(std::min<std::int64_t>(3 * n, 30), std::min<std::int64_t>(n, 10)));
    }
  }
}

TEST(Shares, C04ATypeStopsAtItsOwnLimitAndTheOtherGoesOn) {
  GoldenWorld world(40);
  auto a = GoldenWorld::type(3);
  a.processors_limit = 12;
  a.max_starting_processors = 1'000;
  world.add(a);
  world.add(GoldenWorld::type(1));
  const std::vector<Counts> expected{{3, 1},   {6, 2},   {9, 3},   {12, 4},  {12, 8},
                                     {12, 12}, {12, 16}, {12, 20}, {12, 24}, {12, 28}};
  for (std::size_t n = 0; n < expected.size(); ++n) {
    world.cycle(static_cast<std::int64_t>(60 * n));
    EXPECT_EQ(world.count(), expected[n]) << n;
  }
  EXPECT_THAT(world.cycle(1'000), ElementsAre(0, 0));
}

TEST(Shares, C05ATypesLimitIsCountedOnce) {
  GoldenWorld world(30);
  auto a = GoldenWorld::type(2);
  a.processors_limit = 5;
  world.add(a);
  world.add(GoldenWorld::type(1));
  for (std::int64_t n = 1; n <= 10; ++n) {
    world.cycle(60 * n);
    const std::int64_t first = n == 1 ? 2 : n == 2 ? 4 : 5;
    EXPECT_THAT(world.count(), ElementsAre(first, 3 * n - first)) << n;
  }
}

TEST(Shares, C06And07WithoutAShareThereAreNone) {
  GoldenWorld world(40);
  world.add(GoldenWorld::type(0));
  world.add(GoldenWorld::type(1));
  EXPECT_THAT(world.cycle(0), ElementsAre(0, 4));
  EXPECT_THAT(world.cycle(60), ElementsAre(0, 4));

  GoldenWorld none(40);
  none.add(GoldenWorld::type(0));
  none.add(GoldenWorld::type(-3));
  EXPECT_THAT(none.cycle(0), ElementsAre(0, 0));
  EXPECT_EQ(none.last.ended, Ended::no_candidate);
  for (const auto& candidate : none.last.candidates) EXPECT_EQ(candidate.blocked, Blocked::no_share);
}

TEST(Shares, C08To10LargeMachinesNeverGoOverTheLimit) {
  const auto fills = [](std::int64_t limit) {
    GoldenWorld world(limit);
    world.add(with_processors(1, 8));
    Counts made;
    for (std::int64_t n = 0; n < 14; ++n) made.push_back(world.cycle(60 * n).front());
    return made;
  };
  EXPECT_EQ(fills(64), (Counts{1, 1, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0}));
  EXPECT_EQ(fills(60), (Counts{1, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0}));
  EXPECT_EQ(fills(100), (Counts{2, 2, 2, 2, 2, 2, 0, 0, 0, 0, 0, 0, 0, 0}));
}

TEST(Shares, C11LargeAndSmallMachinesShareByProcessors) {
  for (std::uint64_t seed = 0; seed < seeds; ++seed) {
    GoldenWorld world(64, seed);
    world.add(with_processors(1, 8));
    world.add(with_processors(1, 1));
    for (std::int64_t n = 1; n <= 12; ++n) {
      world.cycle(60 * n);
      const auto count = world.count();
      if (n < 9) {
        EXPECT_LE(std::abs(count[0] * 8 - count[1]), 8) << n << " seed " << seed;
      } else {
        EXPECT_THAT(count, ElementsAre(4, 32)) << n << " seed " << seed;
      }
    }
  }
}

TEST(Shares, C12To14StartingMachinesAreCountedOnce) {
  GoldenWorld starting(100);
  auto few = GoldenWorld::type(1);
  few.max_starting_processors = 4;
  starting.add(few);
  starting.stay_starting = true;
  EXPECT_THAT(starting.cycle(0), ElementsAre(4));
  EXPECT_THAT(starting.cycle(60), ElementsAre(0));
  EXPECT_EQ(starting.last.candidates.front().blocked, Blocked::starting_full);

  for (const bool stays : {true, false}) {  // C13, C14
    GoldenWorld limited(100);
    auto ten = GoldenWorld::type(1);
    ten.processors_limit = 10;
    limited.add(ten);
    limited.stay_starting = stays;
    EXPECT_THAT(limited.cycle(0), ElementsAre(10));
    for (const int second : {60, 120, 660, 720}) EXPECT_THAT(limited.cycle(second), ElementsAre(0)) << second;
    EXPECT_THAT(limited.count(), ElementsAre(10));
    const auto expected = stays ? State::starting : State::running;
    EXPECT_TRUE(std::ranges::all_of(limited.machines, [&](const Machine& one) { return one.state == expected; }));
  }
}

TEST(Shares, C15And16BenchmarksWeighFromTheStart) {
  for (std::uint64_t seed = 0; seed < seeds; ++seed) {
    GoldenWorld small(30, seed);
    small.add(with_hs06(20));
    small.add(with_hs06(10));
    for (std::int64_t n = 1; n <= 10; ++n) {
      small.cycle(60 * n);
      EXPECT_THAT(small.count(), ElementsAre(n, 2 * n)) << seed;
    }
    GoldenWorld large(100, seed);
    large.add(with_hs06(20));
    large.add(with_hs06(10));
    for (std::int64_t n = 1; n <= 11; ++n) large.cycle(60 * n);
    EXPECT_THAT(large.count(), AnyOf(ElementsAre(33, 67), ElementsAre(34, 66))) << seed;
  }
}

TEST(Shares, C17ProcessorsOfOthersCount) {
  GoldenWorld world(20);
  world.add(GoldenWorld::type(1));
  world.foreign = 15;
  Counts totals;
  for (std::int64_t n = 0; n < 4; ++n) {
    world.cycle(60 * n);
    totals.push_back(world.count().front());
  }
  EXPECT_EQ(totals, (Counts{2, 4, 5, 5}));
}

TEST(Shares, C18WithoutALimitNothingIsMadeAndTheReasonIsSaid) {
  GoldenWorld world(0);
  world.add(GoldenWorld::type(1));
  world.space.processors_limit.reset();
  EXPECT_THAT(world.cycle(0), ElementsAre(0));
  EXPECT_EQ(world.last.ended, Ended::no_limit);
}

TEST(Shares, C19RefusedCreationsDecayAndLeaveTheOthersTheirTurn) {
  GoldenWorld world(30);
  world.add(GoldenWorld::type(1));
  world.refuses = true;
  std::vector<std::int64_t> minutes;
  for (std::int64_t minute = 0; minute < 240; ++minute) {
    const auto before = world.refusals;
    world.cycle(60 * minute);
    if (world.refusals > before) minutes.push_back(minute);
  }
  EXPECT_EQ(minutes, (Counts{0, 1, 3, 7, 15, 31, 63, 123, 183}));

  // In one and the same cycle: the refused type leaves its turn to the other.
  std::vector<ShareRules> rules{GoldenWorld::type(9), GoldenWorld::type(1)};
  std::vector<TypeHistory> histories(2);
  Shares shares({.processors_limit = 30}, rules, histories, totals_of({}, rules, 0, at(0)), at(0), 1);
  std::int64_t made = 0;
  for (Choice choice = shares.choose(); choice.type; choice = shares.choose()) {
    if (*choice.type == 0) {
      shares.refused(0);
    } else {
      shares.created(1);
      ++made;
    }
  }
  EXPECT_EQ(made, 3);
}

TEST(Shares, InASmallSpaceARefusalTakesNobodysTurnEither) {
  std::vector<ShareRules> rules{GoldenWorld::type(9), GoldenWorld::type(1)};
  std::vector<TypeHistory> histories(2);
  Shares shares({.processors_limit = 10}, rules, histories, totals_of({}, rules, 0, at(0)), at(0), 1);
  for (Choice choice = shares.choose(); choice.type; choice = shares.choose())
    *choice.type == 0 ? shares.refused(0) : shares.created(1);
  EXPECT_EQ(shares.totals().types[1].machines, 1) << "a tenth of ten";
}

TEST(Shares, C20AShutdownTimeInThePastEndsAllAndMakesNone) {
  GoldenWorld world(20);
  world.add(GoldenWorld::type(1));
  world.cycle(0);
  world.cycle(60);
  EXPECT_THAT(world.count(), ElementsAre(4));
  world.space.shutdown = at(100);
  EXPECT_THAT(world.cycle(120), ElementsAre(0));
  EXPECT_EQ(world.last.ended, Ended::shutdown_passed);
  EXPECT_THAT(world.count(), ElementsAre(0));
}

TEST(Shares, C23AttemptsCountTheProcessorsOfTheFlavor) {
  GoldenWorld world(20);
  world.add(with_processors(1, 4));
  Counts processors;
  for (std::int64_t n = 0; n < 6; ++n) {
    world.cycle(60 * n);
    processors.push_back(world.count().front() * 4);
  }
  EXPECT_EQ(processors, (Counts{4, 8, 12, 16, 20, 20}));
}

TEST(Shares, TheMachinesOfAFactoryAreALimitOfTheirOwn) {
  GoldenWorld world(100);
  world.add(GoldenWorld::type(1));
  world.space.machines_limit = 3;
  EXPECT_THAT(world.cycle(0), ElementsAre(3));
  EXPECT_EQ(world.last.ended, Ended::machines_full);
}

TEST(Shares, ADrainingSpaceGetsNothingNew) {
  GoldenWorld world(100);
  world.add(GoldenWorld::type(1));
  world.space.draining = true;
  EXPECT_THAT(world.cycle(0), ElementsAre(0));
  EXPECT_EQ(world.last.ended, Ended::draining);
}

/// Whatever the history: no limit is passed, what is made follows the smallest weight, and a cycle ends.
TEST(Shares, HoldsItsLimitsInRandomWorlds) {
  std::mt19937_64 random(7);
  const auto upto = [&random](std::int64_t last) {
    return static_cast<std::int64_t>(random() % static_cast<std::uint64_t>(last + 1));
  };
  for (int round = 0; round < 300; ++round) {
    GoldenWorld world(upto(200), static_cast<std::uint64_t>(round));
    const std::int64_t types = 1 + upto(5);
    for (std::int64_t i = 0; i < types; ++i) {
      auto rules = with_processors(static_cast<double>(upto(4)), 1 + upto(8));
      if (upto(2) == 0) rules.processors_limit = upto(60);
      if (upto(2) == 0) rules.max_starting_processors = upto(30);
      world.add(rules);
    }
    if (upto(3) == 0) world.space.machines_limit = upto(20);
    world.foreign = upto(30);
    for (std::int64_t n = 0; n < 15; ++n) {
      const auto made = world.cycle(60 * n);
      std::int64_t total = world.foreign, added = 0, largest = 0;
      for (std::size_t i = 0; i < made.size(); ++i) {
        const auto& rules = world.types[i].rules;
        const std::int64_t processors = world.count()[i] * rules.machine_processors;
        total += processors;
        added += made[i] * rules.machine_processors;
        largest = std::max(largest, rules.machine_processors);
        if (rules.processors_limit) ASSERT_LE(processors, *rules.processors_limit);
        if (!(rules.target_share > 0)) ASSERT_EQ(made[i], 0);
        if (rules.max_starting_processors)
          ASSERT_LE(made[i] * rules.machine_processors, *rules.max_starting_processors);
      }
      if (added > 0) ASSERT_LE(total, *world.space.processors_limit);
      ASSERT_LT(added, processors_per_cycle(*world.space.processors_limit) + largest);
      if (world.space.machines_limit) ASSERT_LE(std::ssize(world.machines), *world.space.machines_limit);
      ASSERT_TRUE(world.last.ended);
    }
  }
}

}  // namespace
}  // namespace nephele::fleet
