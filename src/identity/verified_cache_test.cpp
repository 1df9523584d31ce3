// SPDX-License-Identifier: Apache-2.0
#include "identity/verified_cache.h"

#include <gtest/gtest.h>

namespace nephele::identity {
namespace {

using std::chrono::seconds;

Account account(std::string id, std::int64_t version = 1) {
  return {.id = AccountId(std::move(id)), .name = "ada", .version = version, .created = {}};
}

class VerifiedCacheTest : public testing::Test {
 protected:
  ManualClock clock{from_ms(1'000'000)};
  VerifiedCache cache{seconds{10}, 3};
};

TEST_F(VerifiedCacheTest, HoldsWhatWasVerified) {
  cache.put(account("a"), "digest", clock.now());
  EXPECT_TRUE(cache.holds(account("a"), "digest", clock.now()));
  EXPECT_FALSE(cache.holds(account("a"), "other!", clock.now()));
  EXPECT_FALSE(cache.holds(account("a"), "", clock.now()));
  EXPECT_FALSE(cache.holds(account("b"), "digest", clock.now()));
}

TEST_F(VerifiedCacheTest, AnswersForOneVersionOfTheAccountOnly) {
  cache.put(account("a", 4), "digest", clock.now());
  EXPECT_TRUE(cache.holds(account("a", 4), "digest", clock.now()));
  EXPECT_FALSE(cache.holds(account("a", 5), "digest", clock.now()));
}

TEST_F(VerifiedCacheTest, ForgetsAfterItsTimeAndIsNotProlongedByUse) {
  cache.put(account("a"), "digest", clock.now());
  for (int i = 0; i < 9; ++i) {
    clock.advance(seconds{1});
    EXPECT_TRUE(cache.holds(account("a"), "digest", clock.now()));
  }
  clock.advance(seconds{1});
  EXPECT_FALSE(cache.holds(account("a"), "digest", clock.now()));
}

TEST_F(VerifiedCacheTest, TrustsNothingFromTheFuture) {
  cache.put(account("a"), "digest", clock.now());
  clock.advance(seconds{-3600});
  EXPECT_FALSE(cache.holds(account("a"), "digest", clock.now()));
}

TEST_F(VerifiedCacheTest, DropsTheOldestWhenItIsFull) {
  for (const char* id : {"a", "b", "c"}) cache.put(account(id), "digest", clock.now());
  cache.put(account("a"), "new", clock.now());
  cache.put(account("d"), "digest", clock.now());
  EXPECT_EQ(cache.size(), 3U);
  EXPECT_FALSE(cache.holds(account("b"), "digest", clock.now()));
  EXPECT_TRUE(cache.holds(account("a"), "new", clock.now()));
}

TEST_F(VerifiedCacheTest, ErasesWhatIsTooOldAtTheNextEntry) {
  cache.put(account("a"), "digest", clock.now());
  cache.put(account("b"), "digest", clock.now());
  clock.advance(seconds{10});
  cache.put(account("c"), "digest", clock.now());
  EXPECT_EQ(cache.size(), 1U);
}

TEST(VerifiedCacheOff, KeepsNothingWithoutTimeOrRoom) {
  VerifiedCache no_time(seconds{0}, 3);
  no_time.put(account("a"), "digest", from_ms(0));
  VerifiedCache no_room(seconds{10}, 0);
  no_room.put(account("a"), "digest", from_ms(0));
  EXPECT_EQ(no_time.size() + no_room.size(), 0U);
}

}  // namespace
}  // namespace nephele::identity
