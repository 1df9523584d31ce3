// SPDX-License-Identifier: Apache-2.0
#include "identity/keystone/fields.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace nephele::identity::keystone {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;
using testing::Optional;

json::Object object(std::string_view text) {
  return *json::parse(text).value().if_object();
}

TEST(Fields, AbsentAndNullAreNoTexts) {
  const auto from = object(R"({"a": "x", "n": null, "e": "", "w": 7})");
  EXPECT_EQ(text_in(from, "a").value(), "x");
  EXPECT_EQ(text_in(from, "n").value(), "");
  EXPECT_EQ(text_in(from, "absent").value(), "");
  EXPECT_EQ(maybe_text_in(from, "absent").value(), std::nullopt);
  EXPECT_THAT(maybe_text_in(from, "n").value(), Optional(std::string()));
  EXPECT_THAT(maybe_text_in(from, "e").value(), Optional(std::string()));
  EXPECT_EQ(text_in(from, "w").error().kind(), Kind::invalid);
  EXPECT_THAT(text_in(from, "w").error().sentence(), HasSubstr("\"w\""));
}

TEST(Fields, FlagsAreTrueOrFalseOnly) {
  const auto from = object(R"({"t": true, "f": false, "n": null, "s": "true", "i": 1})");
  EXPECT_THAT(flag_in(from, "t").value(), Optional(true));
  EXPECT_THAT(flag_in(from, "f").value(), Optional(false));
  EXPECT_EQ(flag_in(from, "n").value(), std::nullopt);
  EXPECT_EQ(flag_in(from, "absent").value(), std::nullopt);
  EXPECT_FALSE(flag_in(from, "s"));
  EXPECT_FALSE(flag_in(from, "i"));
}

TEST(Fields, ListsOfTexts) {
  const auto from = object(R"({"l": ["a", "b"], "e": [], "n": null, "m": ["a", 1], "o": {}})");
  EXPECT_THAT(texts_in(from, "l").value(), Optional(ElementsAre("a", "b")));
  EXPECT_THAT(texts_in(from, "e").value(), Optional(ElementsAre()));
  EXPECT_EQ(texts_in(from, "n").value(), std::nullopt);
  EXPECT_FALSE(texts_in(from, "m"));
  EXPECT_FALSE(texts_in(from, "o"));
}

TEST(Fields, WhatIsWrappedComesOut) {
  EXPECT_EQ(text_in(wrapped_in(R"({"user": {"name": "ada"}, "more": 1})", "user").value(), "name").value(), "ada");
  for (const std::string body : {"", "{", "[]", "{}", R"({"user": []})", R"({"user": "S3cret"})", "S3cret"}) {
    const auto wrapped = wrapped_in(body, "user");
    ASSERT_FALSE(wrapped) << body;
    EXPECT_EQ(wrapped.error().kind(), Kind::invalid);
    EXPECT_THAT(wrapped.error().sentence(), Not(HasSubstr("S3cret")));
  }
}

TEST(Fields, TimesHaveAZoneOrAreUtc) {
  const struct {
    std::string_view text;
    std::int64_t ms;
  } cases[] = {
      {"1970-01-01T00:00:00Z", 0},
      {"1970-01-01T00:00:01", 1'000},
      {"1970-01-01 00:00:01", 1'000},
      {"2026-12-31T23:59:59Z", 1'798'761'599'000},
      {"2026-12-31T23:59:59.5Z", 1'798'761'599'500},
      {"2026-12-31T23:59:59.123456Z", 1'798'761'599'123},
      {"2027-01-01T01:59:59+02:00", 1'798'761'599'000},
      {"2026-12-31T18:59:59-0500", 1'798'761'599'000},
      {"9999-12-31T23:59:59Z", 253'402'300'799'000},
      {"2028-02-29T00:00:00Z", 1'835'395'200'000},
  };
  for (const auto& [text, ms] : cases) EXPECT_EQ(time_from(text), from_ms(ms)) << text;
  for (const std::string_view text :
       {"", "2026-12-31", "2026-12-31T23:59", "2026-02-30T00:00:00Z", "2026-13-01T00:00:00Z", "2026-12-31T24:00:00Z",
        "2026-12-31T23:60:00Z", "2026-12-31T23:59:59X", "2026-12-31T23:59:59Z ", "2026-12-31T23:59:59.Z", "tomorrow",
        "-026-12-31T23:59:59Z", "2026-12-31T23:59:59+99:00", "2026-1-01T00:00:00Z", "2026-12-31T23:59:59.0000000001Z"})
    EXPECT_EQ(time_from(text), std::nullopt) << text;
}

}  // namespace
}  // namespace nephele::identity::keystone
