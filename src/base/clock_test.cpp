// SPDX-License-Identifier: Apache-2.0
#include "base/clock.h"

#include <gtest/gtest.h>

namespace nephele {
namespace {

struct Moment {
  const char* name;
  std::int64_t ms;
  std::string iso;
  std::string http;
};
class ClockText : public testing::TestWithParam<Moment> {};
TEST_P(ClockText, IsUtc) {
  EXPECT_EQ(iso8601(from_ms(GetParam().ms)), GetParam().iso);
  EXPECT_EQ(http_date(from_ms(GetParam().ms)), GetParam().http);
}
INSTANTIATE_TEST_SUITE_P(
    Table, ClockText,
    testing::Values(Moment{"Epoch", 0, "1970-01-01T00:00:00.000Z", "Thu, 01 Jan 1970 00:00:00 GMT"},
                    Moment{"Noon", 1'772'366'400'250, "2026-03-01T12:00:00.250Z", "Sun, 01 Mar 2026 12:00:00 GMT"},
                    Moment{"LeapDay", 1'709'251'199'999, "2024-02-29T23:59:59.999Z", "Thu, 29 Feb 2024 23:59:59 GMT"},
                    Moment{"NewYear", 1'767'225'600'007, "2026-01-01T00:00:00.007Z", "Thu, 01 Jan 2026 00:00:00 GMT"},
                    Moment{"BeforeTheEpoch", -1, "1969-12-31T23:59:59.999Z", "Wed, 31 Dec 1969 23:59:59 GMT"}),
    [](const auto& info) { return std::string(info.param.name); });

TEST(ManualClock, StandsUntilItIsMoved) {
  ManualClock clock(from_ms(1000));
  EXPECT_EQ(to_ms(clock.now()), 1000);
  clock.advance(std::chrono::seconds(2));
  EXPECT_EQ(to_ms(clock.now()), 3000);
}

TEST(SystemClock, IsNow) {
  const auto before = std::chrono::system_clock::now() - std::chrono::milliseconds(1);
  const Time now = SystemClock().now();
  EXPECT_GE(now, before);
  EXPECT_LE(now, std::chrono::system_clock::now());
}

}  // namespace
}  // namespace nephele
