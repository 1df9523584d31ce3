// SPDX-License-Identifier: Apache-2.0
#include "base/rates.h"

#include <gtest/gtest.h>

namespace nephele {
namespace {

using namespace std::chrono_literals;

constexpr Rate rate{.burst = 3, .every = 10s};

TEST(RatesTest, ABurstThenOneAtATime) {
  Rates rates(rate, 100);
  const Time now = from_ms(1'000'000);
  for (int i = 0; i < 3; ++i) EXPECT_FALSE(rates.take("a", now));
  EXPECT_EQ(rates.take("a", now), 10s);
  EXPECT_EQ(rates.take("a", now + 9s), 1s);
  EXPECT_FALSE(rates.take("a", now + 10s));
  EXPECT_EQ(rates.take("a", now + 10s), 10s);
  EXPECT_FALSE(rates.take("b", now));
  for (int i = 0; i < 3; ++i) EXPECT_FALSE(rates.take("a", now + 1h));
  EXPECT_TRUE(rates.take("a", now + 1h));
}

TEST(RatesTest, LookingCountsNothing) {
  Rates rates(rate, 100);
  const Time now = from_ms(1'000'000);
  for (int i = 0; i < 10; ++i) EXPECT_FALSE(rates.wait_of("a", now));
  for (int i = 0; i < 3; ++i) EXPECT_FALSE(rates.take("a", now));
  EXPECT_EQ(rates.wait_of("a", now), 10s);
  const auto refused = rates.allow("a", now, "too many");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind(), Kind::busy);
  EXPECT_EQ(refused.error().detail("retry_after_ms"), "10000");
}

TEST(RatesTest, AClockThatGoesBackLocksNobodyOut) {
  Rates rates(rate, 100);
  const Time now = from_ms(100'000'000);
  for (int i = 0; i < 3; ++i) EXPECT_FALSE(rates.take("a", now));
  EXPECT_LE(rates.take("a", now - 24h).value(), 30s);
}

TEST(RatesTest, NothingGrows) {
  Rates rates(rate, 2);
  const Time now = from_ms(1'000'000);
  for (int i = 0; i < 3; ++i) EXPECT_FALSE(rates.take("a", now));
  EXPECT_FALSE(rates.take("b", now));
  EXPECT_TRUE(rates.take("a", now));
  EXPECT_FALSE(rates.take("c", now));  // "a" was quiet for longest
  EXPECT_FALSE(rates.take("a", now));
}

}  // namespace
}  // namespace nephele
