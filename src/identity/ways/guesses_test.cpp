// SPDX-License-Identifier: Apache-2.0
#include "identity/ways/guesses.h"

#include <gtest/gtest.h>

#include "base/io_threads.h"

namespace nephele::identity::ways {
namespace {

using namespace std::chrono_literals;

class GuessesTest : public ::testing::Test {
 protected:
  GuessesTest() {
    settings.slow_down_first = 20ms;
    settings.slow_down_max = 50ms;
  }
  Result<std::unique_ptr<Guesses::Guess>> begin(Guesses& guesses, const std::string& address, const std::string& name) {
    return loop.run(guesses.begin(address, name));
  }
  IoThreads loop{1};
  identity::Settings settings;
};

TEST_F(GuessesTest, OneAddressLeavesRoomForOthers) {
  Guesses guesses(settings, 2, log::Logger{});
  {
    const auto first = begin(guesses, "192.0.2.1", "ada");
    const auto second = begin(guesses, "192.0.2.1", "bob");
    ASSERT_TRUE(first && second);
    const auto third = begin(guesses, "192.0.2.1", "eve");
    ASSERT_FALSE(third);
    EXPECT_EQ(third.error().kind(), Kind::busy);
    EXPECT_NE(third.error().detail("retry_after_ms"), "");
    EXPECT_TRUE(begin(guesses, "192.0.2.2", "eve"));
  }
  EXPECT_TRUE(begin(guesses, "192.0.2.1", "eve")) << "places are given back";
}

TEST_F(GuessesTest, WrongOnesWaitAndARightOneForgives) {
  Guesses guesses(settings, 100, log::Logger{});
  const auto begun = std::chrono::steady_clock::now();
  for (int i = 0; i < 4; ++i) ASSERT_TRUE(begin(guesses, "192.0.2.1", "ada"));
  EXPECT_GE(std::chrono::steady_clock::now() - begun, 20ms) << "the fourth waits";
  auto right = begin(guesses, "192.0.2.1", "ada");
  ASSERT_TRUE(right);
  (*right)->right();
  std::vector<std::future<Result<std::unique_ptr<Guesses::Guess>>>> many;
  for (int i = 0; i < 3; ++i) many.push_back(loop.begin(guesses.begin("192.0.2.1", "ada")));
  for (auto& one : many) EXPECT_TRUE(one.get());
  many.clear();
  for (int i = 0; i < 20; ++i) many.push_back(loop.begin(guesses.begin("192.0.2.1", "ada")));
  int refused = 0;
  for (auto& one : many)
    if (const auto answer = one.get(); !answer) ++refused;
  EXPECT_GT(refused, 0) << "the line has an end";
}

TEST_F(GuessesTest, WhatNobodyJudgedIsNoGuess) {
  Guesses guesses(settings, 100, log::Logger{});
  const auto begun = std::chrono::steady_clock::now();
  for (int i = 0; i < 50; ++i) {
    auto guess = begin(guesses, "192.0.2.1", "ada");
    ASSERT_TRUE(guess);
    (*guess)->unjudged();
  }
  EXPECT_LT(std::chrono::steady_clock::now() - begun, 2s);
}

}  // namespace
}  // namespace nephele::identity::ways
