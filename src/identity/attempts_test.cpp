// SPDX-License-Identifier: Apache-2.0
#include "identity/attempts.h"

#include <gtest/gtest.h>

#include <thread>
#include <vector>

namespace nephele::identity {
namespace {

using std::chrono::milliseconds;

constexpr SlowDown rule{};
constexpr SteadyTime start{std::chrono::hours{1}};

TEST(Attempts, SlowOnlyTheOneWhoGuesses) {
  Attempts attempts(rule, 10);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(attempts.begin("mallory", start)->start, start);
  EXPECT_EQ(attempts.begin("mallory", start)->start, start + rule.first);
  EXPECT_EQ(attempts.begin("owner", start)->start, start);
}

TEST(Attempts, AreForgivenByTheRightPassword) {
  Attempts attempts(rule, 10);
  for (int i = 0; i < 6; ++i) (void)attempts.begin("ada", start);
  attempts.forgive("ada");
  EXPECT_EQ(attempts.size(), 0U);
  EXPECT_EQ(attempts.begin("ada", start)->start, start);
}

TEST(Attempts, ThatWereNeverMadeAreTakenBack) {
  Attempts attempts(rule, 10);
  for (int i = 0; i < 100; ++i) {
    EXPECT_EQ(attempts.begin("ada", start)->start, start);
    attempts.take_back("ada");
  }
  EXPECT_EQ(attempts.size(), 0U);
  attempts.take_back("ada");  // gone already: nothing happens
  attempts.forgive("ada");
}

TEST(Attempts, KeepAtMostSoManyAndDropTheLongestQuiet) {
  Attempts attempts(rule, 3);
  for (int i = 0; i < 3; ++i) (void)attempts.begin("first", start);
  (void)attempts.begin("second", start);
  (void)attempts.begin("third", start);
  (void)attempts.begin("first", start);  // no longer the longest quiet
  (void)attempts.begin("fourth", start);
  EXPECT_EQ(attempts.size(), 3U);
  EXPECT_EQ(attempts.begin("first", start)->after.wrong, 5U);
  EXPECT_EQ(attempts.begin("second", start)->after.wrong, 1U);
}

TEST(Attempts, OfLongAgoMakeRoom) {
  Attempts attempts(rule, 1'000);
  for (int i = 0; i < 100; ++i) (void)attempts.begin("old" + std::to_string(i), start);
  (void)attempts.begin("new", start + rule.forget_after);
  EXPECT_EQ(attempts.size(), 1U);
}

TEST(Attempts, StayWithinTheirRoomUnderAStormOfThreads) {
  Attempts attempts(rule, 50);
  {
    std::vector<std::jthread> storm;
    for (int t = 0; t < 4; ++t) {
      storm.emplace_back([&attempts, t] {
        for (int i = 0; i < 2'000; ++i) {
          const std::string who = "w" + std::to_string((i * 7 + t) % 80);
          (void)attempts.begin(who, start + milliseconds{i});
          if (i % 3 == 0) attempts.forgive(who);
          if (i % 5 == 0) attempts.take_back(who);
        }
      });
    }
  }
  EXPECT_LE(attempts.size(), 50U);
}

}  // namespace
}  // namespace nephele::identity
