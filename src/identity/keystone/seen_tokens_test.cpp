// SPDX-License-Identifier: Apache-2.0
#include "identity/keystone/seen_tokens.h"

#include <gtest/gtest.h>

namespace nephele::identity::keystone {
namespace {

std::shared_ptr<const Seen> seen(const store::Sight& sight) {
  return std::make_shared<const Seen>(Seen{.sight = sight, .standing = {}, .body = "x"});
}

const store::Sight first{.token = TokenId("t"), .account_version = 1, .directory_version = 1};

TEST(SeenTokens, KnowsWhatHasNotChanged) {
  SeenTokens tokens(10);
  EXPECT_EQ(tokens.find("h", first), nullptr);
  const auto one = seen(first);
  tokens.put("h", one);
  EXPECT_EQ(tokens.find("h", first), one);
  EXPECT_EQ(tokens.find("other", first), nullptr);
}

TEST(SeenTokens, AnotherVersionOfAnythingIsNone) {
  for (const store::Sight& now : {store::Sight{TokenId("t"), 2, 1}, store::Sight{TokenId("t"), 1, 2},
                                  store::Sight{TokenId("t"), 1, 0}, store::Sight{TokenId("u"), 1, 1}}) {
    SeenTokens tokens(10);
    tokens.put("h", seen(first));
    EXPECT_EQ(tokens.find("h", now), nullptr);
    EXPECT_EQ(tokens.size(), 0U);
  }
}

TEST(SeenTokens, TheLongestQuietGivesWay) {
  SeenTokens tokens(2);
  tokens.put("a", seen(first));
  tokens.put("b", seen(first));
  EXPECT_NE(tokens.find("a", first), nullptr);
  tokens.put("c", seen(first));
  EXPECT_NE(tokens.find("a", first), nullptr);
  EXPECT_EQ(tokens.find("b", first), nullptr);
  EXPECT_NE(tokens.find("c", first), nullptr);
  tokens.put("c", seen(first));
  EXPECT_EQ(tokens.size(), 2U);
  SeenTokens none(0);
  none.put("a", seen(first));
  EXPECT_EQ(none.size(), 0U);
}

}  // namespace
}  // namespace nephele::identity::keystone
