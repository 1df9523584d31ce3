// SPDX-License-Identifier: Apache-2.0
#include "fleet/stop.h"

#include <gtest/gtest.h>

#include "fleet/testing/golden_world.h"

namespace nephele::fleet {
namespace {

using testing::at;

StopVerdict after(std::int64_t life, std::string_view message, StopRules rules = {}) {
  rules.fizzle = seconds{600};
  return judge_stop({.started = at(1'000), .stopped = at(1'000 + life), .message = message}, rules);
}

TEST(ShutdownMessage, HasACodeOfExactlyThreeDigits) {
  EXPECT_EQ(code_of("200 Success"), 200);
  EXPECT_EQ(code_of("300"), 300);
  EXPECT_EQ(code_of(" 350 x"), 350);
  EXPECT_EQ(code_of("\n400 late"), 400);
  EXPECT_EQ(code_of("350\tx"), 350);
  for (const char* none : {"", " ", "abc", "0300 x", "+450 x", "3000 q", "35e1", "450.0", "30", "-30 x", "３００"})
    EXPECT_EQ(code_of(none), std::nullopt) << none;
}

TEST(Stop, FollowsTheContractsMatrix) {
  for (const char* message : {"", "abc", "100 x", "200 Success", "299", "700 w", "3000 q"}) {
    EXPECT_EQ(after(100, message).abort, Abort::fizzle) << message;
    EXPECT_EQ(after(599, message).abort, Abort::fizzle) << message;
    EXPECT_FALSE(after(599, message).accounted) << message;
    EXPECT_EQ(after(600, message).abort, Abort::none) << message;
    EXPECT_TRUE(after(600, message).accounted) << message;
    EXPECT_TRUE(after(5'000, message).accounted) << message;
    EXPECT_EQ(after(100, message).hint, std::nullopt) << message;
  }
  for (const char* message : {"300 Nothing to do", "399", "400", "500", "600", "699 x"}) {
    for (const std::int64_t life : {100, 599, 600, 5'000}) {
      const auto verdict = after(life, message);
      EXPECT_EQ(verdict.abort, Abort::message) << message;
      EXPECT_EQ(verdict.accounted, life >= 600) << message;
      EXPECT_EQ(verdict.hint, message[0] == '3' ? std::optional(seconds{life}) : std::nullopt) << message;
    }
  }
}

TEST(Stop, WithoutAStartIsNeitherAbortNorRecord) {
  const auto verdict = judge_stop({.stopped = at(5)}, {.fizzle = seconds{600}});
  EXPECT_EQ(verdict.abort, Abort::none);
  EXPECT_FALSE(verdict.accounted);
}

TEST(Stop, MovesTheLastAbortOnlyForwards) {
  EXPECT_EQ(after(100, "300", {.last_abort = at(1'100)}).abort, Abort::none);
  EXPECT_EQ(after(100, "300", {.last_abort = at(1'099)}).abort, Abort::message);
}

TEST(Stop, OfOurOwnOrWithACodeToBeIgnoredIsNoFizzle) {
  EXPECT_EQ(after(100, "200 Success", {.fizzle_ignores_codes = {100, 200}}).abort, Abort::none);
  EXPECT_EQ(after(100, "201", {.fizzle_ignores_codes = {100, 200}}).abort, Abort::fizzle);
  EXPECT_EQ(
      judge_stop({.started = at(0), .stopped = at(5), .message = "700 x", .by_us = true}, {.fizzle = seconds{600}})
          .abort,
      Abort::none);
}

}  // namespace
}  // namespace nephele::fleet
