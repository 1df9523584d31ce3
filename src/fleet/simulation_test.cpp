// SPDX-License-Identifier: Apache-2.0
#include "fleet/simulation.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace nephele::fleet::simulation {
namespace {

TypePlan type(std::string name, double share) {
  return {.name = std::move(name),
          .rules = {.target_share = share, .backoff = seconds{600}, .fizzle = seconds{600}},
          .lifetime = {.fizzle = seconds{600}}};
}

Plan one_space(std::vector<TypePlan> types, std::int64_t limit = 100) {
  Plan plan;
  plan.spaces.push_back({.name = "s", .rules = {.processors_limit = limit}, .types = std::move(types)});
  return plan;
}

TEST(Simulation, BusyTypesGetTheirShares) {
  const auto story = run(one_space({type("a", 3), type("b", 1)}));
  ASSERT_TRUE(story);
  const auto& types = story->spaces[0].types;
  EXPECT_LE(story->spaces[0].most_processors, 100);
  EXPECT_NEAR(types[0].processor_hours / types[1].processor_hours, 3, 0.3);
  EXPECT_GT(types[0].processor_hours + types[1].processor_hours, 0.85 * 24 * 100) << "the space is kept busy";
  EXPECT_EQ(types[0].curve.size(), 288U);
}

TEST(Simulation, ATypeWithoutWorkLeavesItsRoomToTheOther) {
  auto idle = type("idle", 3);
  idle.jobs_per_hour = 0;
  const auto story = run(one_space({idle, type("busy", 1)}));
  ASSERT_TRUE(story);
  const auto& types = story->spaces[0].types;
  EXPECT_EQ(types[0].finished, 0);
  EXPECT_GT(types[0].without_work, 10) << "one probe after each back-off";
  EXPECT_LT(types[0].created, 24 * 6 + 30);
  EXPECT_GT(types[1].processor_hours, 0.8 * 24 * 100);
}

TEST(Simulation, WhatNeverComesUpIsTriedLessAndLess) {
  auto broken = type("broken", 1);
  broken.fails_at_boot = 1;
  const auto story = run(one_space({broken}, 30));
  ASSERT_TRUE(story);
  EXPECT_EQ(story->spaces[0].types[0].processor_hours, 0);
  EXPECT_LT(story->spaces[0].types[0].created, 150) << "three each minute would be thousands";
}

TEST(Simulation, ARefusalNowAndThenDoesNotHoldBackWhatComesUp) {
  auto busy = type("a", 1);
  busy.job_length = std::chrono::hours(6);
  auto plan = one_space({busy});
  plan.length = std::chrono::hours(3);
  plan.spaces[0].refuses = 0.1;
  const auto story = run(plan);
  ASSERT_TRUE(story);
  EXPECT_GT(story->spaces[0].most_processors, 90);
}

TEST(Simulation, TheSameSeedTellsTheSameStory) {
  auto plan = one_space({type("a", 2), type("b", 1)});
  plan.spaces[0].refuses = 0.1;
  plan.spaces[0].unanswered = 0.1;
  const auto tell = [&plan] {
    const auto story = run(plan);
    return std::pair(story->spaces[0].types[0].created, story->spaces[0].types[1].processor_hours);
  };
  const auto first = tell();
  EXPECT_EQ(tell(), first);
  plan.seed = 2;
  EXPECT_NE(tell(), first);
}

TEST(Simulation, RefusesAPlanWithoutTime) {
  Plan plan;
  plan.cycle = seconds{0};
  EXPECT_FALSE(run(plan));
}

}  // namespace
}  // namespace nephele::fleet::simulation
