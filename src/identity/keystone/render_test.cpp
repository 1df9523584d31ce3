// SPDX-License-Identifier: Apache-2.0
#include "identity/keystone/render.h"

#include <gtest/gtest.h>

namespace nephele::identity::keystone {
namespace {

/// ctest runs it in a zone far from UTC.
TEST(Render, TimesAreUtc) {
  EXPECT_EQ(iso_time(from_ms(1'772'366'400'250)), "2026-03-01T12:00:00.250000Z");
  EXPECT_EQ(iso_time(from_ms(0)), "1970-01-01T00:00:00.000000Z");
}

}  // namespace
}  // namespace nephele::identity::keystone
