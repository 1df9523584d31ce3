// SPDX-License-Identifier: Apache-2.0
#include "fleet/deletion.h"

#include <gtest/gtest.h>

#include "fleet/takeover.h"
#include "fleet/testing/golden_world.h"

/// The contract's table of 8.4.
namespace nephele::fleet {
namespace {

using testing::at;

constexpr std::int64_t now = 10'000'000;

Machine machine(State state) {
  return {.state = state, .managed_here = true, .type = 0};
}

Machine running(std::int64_t age) {
  auto out = machine(State::running);
  out.started = at(now - age);
  return out;
}

Machine starting(std::int64_t age) {
  auto out = machine(State::starting);
  out.created = at(now - age);
  return out;
}

std::optional<DeletionReason> judged(const Machine& of, const Lifetime* lifetime,
                                     std::optional<Instant> shutdown = {}) {
  return deletion_of(of, lifetime, shutdown, at(now));
}

constexpr Lifetime plain{.fizzle = seconds{600}};

TEST(Deletion, OfMachinesThatDoNotComeUp) {
  EXPECT_EQ(judged(starting(3'600), &plain), std::nullopt);
  EXPECT_EQ(judged(starting(3'601), &plain), DeletionReason::failed_to_start);
  EXPECT_EQ(judged(starting(7'200), nullptr), DeletionReason::failed_to_start);
  EXPECT_EQ(judged(machine(State::starting), &plain), DeletionReason::failed_to_start);
  EXPECT_EQ(message_of(DeletionReason::failed_to_start), "700 Failed to start");
}

TEST(Deletion, OfMachinesThatAreOver) {
  for (const State state : {State::failed, State::deleting, State::shut_down})
    EXPECT_EQ(judged(machine(state), &plain), DeletionReason::has_ended);
  EXPECT_EQ(message_of(DeletionReason::has_ended), "");
  auto unknown = machine(State::unknown);
  unknown.created = unknown.started = at(0);
  EXPECT_EQ(judged(unknown, &plain), std::nullopt);
}

TEST(Deletion, AfterTheWallclockLimit) {
  EXPECT_EQ(judged(running(86'400), &plain), std::nullopt);
  EXPECT_EQ(judged(running(86'401), &plain), DeletionReason::wallclock);
  EXPECT_EQ(judged(running(864'000), nullptr), std::nullopt) << "nobody knows its limit";
}

TEST(Deletion, IsTriedAgainLaterAndLater) {
  auto tried = machine(State::shut_down);
  tried.deleted = at(now - 3'599);
  EXPECT_EQ(judged(tried, &plain), std::nullopt);
  tried.deleted = at(now - 3'600);
  EXPECT_EQ(judged(tried, &plain), DeletionReason::has_ended);
  EXPECT_EQ(deletion_pause(1), seconds{60});
  EXPECT_EQ(deletion_pause(2), seconds{120});
  EXPECT_EQ(deletion_pause(6), seconds{1'920});
  EXPECT_EQ(deletion_pause(7), seconds{3'600});
  EXPECT_EQ(deletion_pause(1'000'000), seconds{3'600});
}

TEST(Deletion, IsForTheMachinesManagerOnly) {
  auto other = machine(State::shut_down);
  other.managed_here = false;
  EXPECT_EQ(judged(other, &plain), std::nullopt);
}

TEST(Deletion, OfMachinesWithoutAHeartbeat) {
  const Lifetime watched{.fizzle = seconds{600}, .has_heartbeat = true, .heartbeat = seconds{900}};
  EXPECT_EQ(judged(running(900), &watched), std::nullopt);
  EXPECT_EQ(judged(running(901), &watched), DeletionReason::heartbeat);
  const auto aged = [&](std::int64_t age) {
    auto out = running(5'000);
    out.heartbeat = at(now - age);
    return judged(out, &watched);
  };
  EXPECT_EQ(aged(899), std::nullopt);
  EXPECT_EQ(aged(900), std::nullopt);
  EXPECT_EQ(aged(901), DeletionReason::heartbeat);
  const Lifetime slow_to_prove{.fizzle = seconds{2'000}, .has_heartbeat = true, .heartbeat = seconds{900}};
  EXPECT_EQ(judged(running(2'000), &slow_to_prove), std::nullopt);
  EXPECT_EQ(judged(running(2'001), &slow_to_prove), DeletionReason::heartbeat);
}

TEST(Deletion, AHeartbeatOfZeroSecondsMustHaveBeenThereOnce) {
  const Lifetime once{.fizzle = seconds{600}, .has_heartbeat = true, .heartbeat = seconds{0}};
  EXPECT_EQ(judged(running(601), &once), DeletionReason::heartbeat);
  auto shown = running(50'000);
  shown.heartbeat = at(now - 49'000);
  EXPECT_EQ(judged(shown, &once), std::nullopt);
  const Lifetime unset{.fizzle = seconds{600}, .has_heartbeat = true};
  EXPECT_EQ(judged(running(5'000), &unset), std::nullopt);
}

TEST(Deletion, AfterTheEarlierOfTwoShutdownTimes) {
  auto own = running(1'000);
  own.shutdown = at(now - 1);
  EXPECT_EQ(judged(own, &plain), DeletionReason::shutdown);
  own.shutdown = at(now);
  EXPECT_EQ(judged(own, &plain), std::nullopt);
  EXPECT_EQ(judged(own, &plain, at(now - 1)), DeletionReason::shutdown);
  EXPECT_EQ(judged(running(1'000), &plain, at(now - 1)), DeletionReason::shutdown);
}

TEST(TakeOver, AfterOneToTwoHoursOfSilence) {
  EXPECT_FALSE(may_take_over(at(now - 60), 0, at(now)));
  EXPECT_FALSE(may_take_over(at(now - 3'599), 0, at(now)));
  EXPECT_FALSE(may_take_over(at(now - 5'000), 0.5, at(now)));
  EXPECT_TRUE(may_take_over(at(now - 5'401), 0.5, at(now)));
  EXPECT_TRUE(may_take_over(at(now - 7'201), 0.999999, at(now)));
  EXPECT_TRUE(may_take_over(std::nullopt, 0.9, at(now)));
}

TEST(TakeOver, ClocksDifferByLessThanAnHour) {
  EXPECT_FALSE(is_beyond_belief(at(now), at(now)));
  EXPECT_FALSE(is_beyond_belief(at(now + 3'600), at(now)));
  EXPECT_TRUE(is_beyond_belief(at(now + 3'601), at(now)));
}

}  // namespace
}  // namespace nephele::fleet
