// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "fleet/testing/golden_world.h"

/// The contract's timelines of 8.2: a limit of 30 gives 3 a cycle; at 180 the first three machines end.
namespace nephele::fleet {
namespace {

using testing::at;
using ::testing::ElementsAre;
using testing::GoldenWorld;

struct Timeline {
  explicit Timeline(seconds fizzle = seconds{600}, seconds backoff = seconds{600}) : world(30) {
    auto rules = GoldenWorld::type(1);
    rules.fizzle = fizzle;
    rules.backoff = backoff;
    world.add(rules);
  }
  /// What is made in each cycle from `from` to `to`.
  std::vector<std::int64_t> run(std::int64_t from, std::int64_t to) {
    std::vector<std::int64_t> made;
    for (std::int64_t t = from; t <= to; t += 60) made.push_back(world.cycle(t).front());
    return made;
  }
  void begin(std::string message = "300 Nothing to do") {
    EXPECT_THAT(run(0, 120), ElementsAre(3, 3, 3));
    world.stop(3, 60, std::move(message));
    EXPECT_THAT(run(180, 180), ElementsAre(0));
  }
  std::optional<Blocked> why() const { return world.last.candidates.front().blocked; }

  GoldenWorld world;
};

std::vector<std::int64_t> times(std::size_t n, std::int64_t value) {
  return std::vector<std::int64_t>(n, value);
}

TEST(Backoff, B1AnAbortIsFollowedByAPauseAProbeAndThenTheUsualRate) {
  Timeline line;
  line.begin();
  EXPECT_EQ(line.world.types[0].history.last_abort, at(180));
  EXPECT_EQ(line.world.hints, 3);
  EXPECT_EQ(line.world.records, 0);
  EXPECT_EQ(line.why(), Blocked::backoff);
  EXPECT_EQ(line.run(240, 720), times(9, 0));
  EXPECT_THAT(line.world.count(), ElementsAre(6));
  EXPECT_EQ(line.run(780, 780), times(1, 1));
  EXPECT_EQ(line.why(), Blocked::probing);
  EXPECT_EQ(line.run(840, 1'320), times(9, 0));
  EXPECT_EQ(line.run(1'380, 1'740), times(7, 3));
  EXPECT_EQ(line.run(1'800, 1'860), (std::vector<std::int64_t>{2, 0}));
  EXPECT_THAT(line.world.count(), ElementsAre(30));
}

TEST(Backoff, B2AShorterFizzleShortensTheProbation) {
  Timeline line(seconds{300});
  line.begin();
  EXPECT_EQ(line.run(240, 720), times(9, 0));
  EXPECT_EQ(line.run(780, 780), times(1, 1));
  EXPECT_EQ(line.run(840, 1'020), times(4, 0));
  EXPECT_EQ(line.run(1'080, 1'140), times(2, 3));
}

TEST(Backoff, B3And4AProbeThatFailsStartsTheClockAgain) {
  for (const char* message : {"300 Nothing to do", "200 Success"}) {
    Timeline line;
    line.begin();
    line.run(240, 720);
    EXPECT_EQ(line.run(780, 840), (std::vector<std::int64_t>{1, 0}));
    line.world.stop(1, 840, message);
    EXPECT_EQ(line.run(900, 1'440), times(10, 0));
    EXPECT_EQ(line.world.types[0].history.last_abort, at(900));
    EXPECT_EQ(line.run(1'500, 1'500), times(1, 1)) << message;
    EXPECT_EQ(line.run(1'560, 2'040), times(9, 0));
    EXPECT_EQ(line.run(2'100, 2'160), times(2, 3));
  }
}

TEST(Backoff, B5And6WhileOneTypeWaitsTheOtherTakesItsRoom) {
  GoldenWorld world(200);
  world.add(GoldenWorld::type(1));
  world.add(GoldenWorld::type(1));
  world.types[1].history.last_abort = at(-100);
  for (std::int64_t n = 0; n < 9; ++n) EXPECT_THAT(world.cycle(60 * n), ElementsAre(20, 0));
  EXPECT_THAT(world.cycle(540), ElementsAre(19, 1));
  EXPECT_THAT(world.cycle(600), ElementsAre(0, 0));

  GoldenWorld small(20);
  small.add(GoldenWorld::type(1));
  small.add(GoldenWorld::type(1));
  small.types[1].history.last_abort = at(-100);
  for (std::int64_t n = 0; n < 9; ++n) small.cycle(60 * n);
  EXPECT_THAT(small.count(), ElementsAre(18, 0));
  small.cycle(540);
  EXPECT_THAT(small.count(), ElementsAre(19, 1));
}

TEST(Backoff, B8NoProbeWhileYoungerMachinesAreOnProbation) {
  Timeline line(seconds{600}, seconds{60});
  line.begin();
  EXPECT_EQ(line.run(240, 720), times(9, 0));
  EXPECT_EQ(line.run(780, 780), times(1, 1));
  EXPECT_EQ(line.run(840, 900), times(2, 3));
}

TEST(Backoff, AnAbortOfLongAgoBlocksNothing) {
  const ShareRules rules = GoldenWorld::type(1);
  EXPECT_EQ(held_back(rules, {}, 5, at(0)), std::nullopt);
  EXPECT_EQ(held_back(rules, {.last_abort = at(0)}, 0, at(599)), Blocked::backoff);
  EXPECT_EQ(held_back(rules, {.last_abort = at(0)}, 0, at(600)), std::nullopt);
  EXPECT_EQ(held_back(rules, {.last_abort = at(0)}, 1, at(600)), Blocked::probing);
  EXPECT_EQ(held_back(rules, {.last_abort = at(0)}, 1, at(1'199)), Blocked::probing);
  EXPECT_EQ(held_back(rules, {.last_abort = at(0)}, 1, at(1'200)), std::nullopt);
}

}  // namespace
}  // namespace nephele::fleet
