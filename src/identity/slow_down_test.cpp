// SPDX-License-Identifier: Apache-2.0
#include "identity/slow_down.h"

#include <gtest/gtest.h>

#include <limits>

namespace nephele::identity {
namespace {

using std::chrono::milliseconds;

constexpr SlowDown rule{
    .free_tries = 3, .first = milliseconds{200}, .most = milliseconds{5'000}, .forget_after = std::chrono::minutes{15}};
constexpr SteadyTime start{std::chrono::hours{1}};

struct PauseCase {
  const char* name;
  std::uint32_t wrong;
  int pause_ms;
};
void PrintTo(const PauseCase& row, std::ostream* out) {
  *out << row.name;
}
class Pause : public testing::TestWithParam<PauseCase> {};

TEST_P(Pause, DoublesFromTheFirstToTheMost) {
  EXPECT_EQ(pause_after(rule, GetParam().wrong).count(), GetParam().pause_ms);
}

INSTANTIATE_TEST_SUITE_P(Table, Pause,
                         testing::Values(PauseCase{"None", 0, 0}, PauseCase{"One", 1, 0}, PauseCase{"Two", 2, 0},
                                         PauseCase{"ThirdBegins", 3, 200}, PauseCase{"Fourth", 4, 400},
                                         PauseCase{"Fifth", 5, 800}, PauseCase{"Seventh", 7, 3'200},
                                         PauseCase{"EighthIsTheMost", 8, 5'000}, PauseCase{"Ninth", 9, 5'000},
                                         PauseCase{"AsMuchAsCanBe", std::numeric_limits<std::uint32_t>::max(), 5'000}),
                         [](const auto& info) { return std::string(info.param.name); });

TEST(Pause, CanBeTurnedOff) {
  const SlowDown off{.first = milliseconds{0}, .most = milliseconds{0}};
  EXPECT_EQ(pause_after(off, 1'000'000).count(), 0);
}

TEST(Pause, NeverExceedsAMostBelowTheFirst) {
  const SlowDown odd{.first = milliseconds{200}, .most = milliseconds{50}};
  EXPECT_EQ(pause_after(odd, 3).count(), 50);
  EXPECT_EQ(pause_after(odd, 30).count(), 50);
}

struct TurnCase {
  const char* name;
  Tries before;
  int now_ms;                   // after `start`
  std::optional<int> start_ms;  // nothing: sent away
  std::uint32_t wrong_after;
  int next_start_ms;  // or, sent away: when to come again, from now
};
void PrintTo(const TurnCase& row, std::ostream* out) {
  *out << row.name;
}
class NextTurn : public testing::TestWithParam<TurnCase> {};

TEST_P(NextTurn, StandsBehindTheOneBefore) {
  const auto& row = GetParam();
  const auto turn = next_turn(rule, row.before, start + milliseconds{row.now_ms});
  ASSERT_EQ(turn.has_value(), row.start_ms.has_value());
  if (!turn) {
    EXPECT_EQ(turn.error().span.count(), row.next_start_ms);
    return;
  }
  EXPECT_EQ(turn->start, start + milliseconds{*row.start_ms});
  EXPECT_EQ(turn->after.wrong, row.wrong_after);
  EXPECT_EQ(turn->after.next_start, start + milliseconds{row.next_start_ms});
}

constexpr Tries tried(std::uint32_t wrong, int next_start_ms) {
  return {.wrong = wrong, .next_start = start + milliseconds{next_start_ms}};
}
constexpr int quarter = 15 * 60 * 1000;

INSTANTIATE_TEST_SUITE_P(
    Table, NextTurn,
    testing::Values(TurnCase{"First", {}, 0, 0, 1, 0}, TurnCase{"Second", tried(1, 0), 5, 5, 2, 5},
                    TurnCase{"ThirdStartsAtOnceAndMakesTheFirstPause", tried(2, 5), 10, 10, 3, 210},
                    TurnCase{"FourthWaits", tried(3, 210), 20, 210, 4, 610},
                    TurnCase{"FourthAfterThePauseDoesNot", tried(3, 210), 300, 300, 4, 700},
                    TurnCase{"WaitsForTheMost", tried(8, 5'000), 0, 5'000, 9, 10'000},
                    TurnCase{"ComesTooEarlyByOne", tried(9, 5'001), 0, std::nullopt, 0, 1},
                    TurnCase{"ComesMuchTooEarly", tried(9, 10'000), 100, std::nullopt, 0, 4'900},
                    TurnCase{"JustNotForgotten", tried(9, 0), quarter - 1, quarter - 1, 10, quarter - 1 + 5'000},
                    TurnCase{"Forgotten", tried(9, 0), quarter, quarter, 1, quarter}),
    [](const auto& info) { return std::string(info.param.name); });

TEST(NextTurn, TriesAtOnceStandInALineWithAnEnd) {
  Tries tries;
  int admitted = 0;
  SteadyTime last{};
  for (int i = 0; i < 1'000; ++i) {
    const auto turn = next_turn(rule, tries, start);
    if (!turn) continue;
    ++admitted;
    EXPECT_GE(turn->start, last);
    EXPECT_LE(turn->start - start, rule.most);
    last = turn->start;
    tries = turn->after;
  }
  EXPECT_EQ(admitted, 7);  // three at once, then at 200, 600, 1400 and 3000 ms; the next would be at 6200
}

TEST(NextTurn, LetsFewGuessesThroughInAnHour) {
  Tries tries;
  int guesses = 0;
  for (milliseconds at{0}; at < std::chrono::hours{1}; at += milliseconds{50}) {
    const auto turn = next_turn(rule, tries, start + at);
    if (!turn) continue;
    ++guesses;
    tries = turn->after;
  }
  EXPECT_LE(guesses, 3'600 / 5 + 8);
}

TEST(NextTurn, CountsNoFurtherThanItsNumber) {
  const auto turn = next_turn(rule, tried(std::numeric_limits<std::uint32_t>::max(), 0), start);
  ASSERT_TRUE(turn);
  EXPECT_EQ(turn->after.wrong, std::numeric_limits<std::uint32_t>::max());
}

}  // namespace
}  // namespace nephele::identity
