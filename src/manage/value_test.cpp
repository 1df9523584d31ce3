// SPDX-License-Identifier: Apache-2.0
#include "manage/value.h"

#include <gtest/gtest.h>

namespace nephele::manage {
namespace {

TEST(ManageValue, ReadsTimesWithAndWithoutZone) {
  const Time noon = from_ms(1'772'366'400'000);  // 2026-03-01T12:00:00Z
  for (const std::string_view text : {"2026-03-01T12:00:00Z", "2026-03-01 12:00", "2026-03-01T14:00:00+02:00",
                                      "2026-03-01T11:30:00.000-0030", "2026-03-01T12:00:00"})
    EXPECT_EQ(time_from(text).value(), noon) << text;
  EXPECT_EQ(time_from("2026-03-01").value(), noon - std::chrono::hours{12});
  EXPECT_EQ(time_from(iso8601(from_ms(1'772'366'400'250))).value(), from_ms(1'772'366'400'250));
  for (const std::string_view text : {"", "2026", "2026-13-01", "2026-02-30", "2026-03-01T25:00", "2026-03-01T12:00x",
                                      "2026-03-01T12:00+2", "2026-03-01Z1", "2026-03-01T12:00:00.", "-026-03-01"})
    EXPECT_FALSE(time_from(text).has_value()) << text;
}

TEST(ManageValue, ReadsBooleansAsTheContractHasThem) {
  for (const std::string_view yes : {"yes", "True", "T", "1", "YES"}) EXPECT_TRUE(boolean_from(yes).value()) << yes;
  for (const std::string_view no : {"no", "False", "F", "0"}) EXPECT_FALSE(boolean_from(no).value()) << no;
  for (const std::string_view neither : {"", "y", "on", "2", "true "}) EXPECT_FALSE(boolean_from(neither).has_value());
}

TEST(ManageValue, IsTextForPeopleAndKeepsItsTypeInJson) {
  using Strings = std::vector<std::string>;
  struct Row {
    Value value;
    std::string text;
    std::string json;
  };
  for (const Row& row : {Row{Value(), "-", "null"}, Row{std::string("a"), "a", "\"a\""}, Row{std::int64_t{7}, "7", "7"},
                         Row{true, "True", "true"}, Row{false, "False", "false"},
                         Row{from_ms(0), "1970-01-01T00:00:00.000Z", "\"1970-01-01T00:00:00.000Z\""},
                         Row{Strings{"a", "b"}, "a, b", "[\"a\",\"b\"]"}, Row{Strings{}, "", "[]"}}) {
    EXPECT_EQ(text_of(row.value), row.text);
    EXPECT_EQ(json::write(json_of(row.value)), row.json);
  }
}

}  // namespace
}  // namespace nephele::manage
