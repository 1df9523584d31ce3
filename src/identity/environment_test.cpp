// SPDX-License-Identifier: Apache-2.0
#include "identity/environment.h"

#include <gtest/gtest.h>

namespace nephele::identity {
namespace {

TEST(EnvironmentTest, AShellTakesValuesAsTheyAre) {
  EXPECT_EQ(exported({{"A", "plain"}, {"B", "it's $HOME `x` \"y\"\nz"}, {"C", ""}}),
            "export A='plain'\nexport B='it'\\''s $HOME `x` \"y\"\nz'\nexport C=''\n");
}

}  // namespace
}  // namespace nephele::identity
