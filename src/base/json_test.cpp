// SPDX-License-Identifier: Apache-2.0
#include "base/json.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

namespace nephele::json {
namespace {

using testing::HasSubstr;

struct Same {
  const char* name;
  std::string_view text;
};
class RoundTrip : public testing::TestWithParam<Same> {};

TEST_P(RoundTrip, WritesWhatItRead) {
  const auto value = parse(GetParam().text);
  ASSERT_TRUE(value) << value.error().sentence();
  EXPECT_EQ(write(*value), GetParam().text);
}

INSTANTIATE_TEST_SUITE_P(
    Table, RoundTrip,
    testing::Values(Same{"EmptyObject", "{}"}, Same{"EmptyArray", "[]"}, Same{"Null", "null"}, Same{"True", "true"},
                    Same{"False", "false"}, Same{"EmptyText", R"("")"}, Same{"Zero", "0"}, Same{"MinusZero", "-0"},
                    Same{"PointZero", "1.0"}, Same{"HugeExponent", "1e400"}, Same{"CapitalExponent", "1E+2"},
                    Same{"LongInteger", "123456789012345678901234567890"},
                    Same{"LongFraction", "0.1234567890123456789012345678901234567890"},
                    Same{"SmallExponent", "1.0e-05"}, Same{"NegativeFraction", "-12.50"},
                    Same{"MinInt64", "-9223372036854775808"}, Same{"MaxUint64", "18446744073709551615"},
                    Same{"MembersKeepTheirOrder", R"({"z":1,"a":2,"m":{"y":[],"b":{}}})"},
                    Same{"MixedArray", R"([1,"a",null,true,[2,[3]],{"k":-0.5}])"},
                    Same{"Escapes", R"("\"\\\n\r\t\b\f\u0001\u0000")"},
                    Same{"Utf8", "\"h\xC3\xA9 \xE2\x82\xAC \xF0\x9F\x98\x80\""}, Same{"EmptyName", R"({"":1})"}),
    [](const auto& info) { return std::string(info.param.name); });

TEST(JsonParse, DecodesEscapesAcrossParts) {
  const auto value = parse(R"({"a\u0041\/b":"x\ud83d\ude00y\u00e9z"})");
  ASSERT_TRUE(value);
  EXPECT_EQ(value->text_at({"aA/b"}), "x\xF0\x9F\x98\x80y\xC3\xA9z");
}

TEST(JsonParse, TakesBlanksAround) {
  EXPECT_EQ(write(*parse(" \n\t{ \"a\" : [ 1 , 2 ] } \r\n")), R"({"a":[1,2]})");
}

struct Bad {
  const char* name;
  std::string_view text;
  std::string_view says;
};
class Refuses : public testing::TestWithParam<Bad> {};

TEST_P(Refuses, AndSaysWhereAndWhat) {
  const auto value = parse(GetParam().text);
  ASSERT_FALSE(value);
  EXPECT_EQ(value.error().kind(), Kind::invalid);
  EXPECT_THAT(value.error().sentence(), HasSubstr(GetParam().says));
}

using namespace std::string_view_literals;
INSTANTIATE_TEST_SUITE_P(
    Table, Refuses,
    testing::Values(
        Bad{"Empty", "", "the text is empty"}, Bad{"Blank", " \n", "the text is empty"},
        Bad{"Word", "hello", "offset 0: unexpected 'hello'"}, Bad{"CutOff", R"({"a":)", "ends before"},
        Bad{"CutOffText", R"("ab)", "ends before"}, Bad{"CutOffNumber", "-", "ends before"},
        Bad{"CutOffWord", "tru", "ends before"}, Bad{"Trailing", R"({} x)", "offset 3: unexpected 'x' after the end"},
        Bad{"TwoValues", "1 2", "after the end"}, Bad{"Nul", "{\0}"sv, "control character 0x00"},
        Bad{"NulAfter", "{}\0"sv, "control character 0x00 after the end"},
        Bad{"NulInText", "\"a\0b\""sv, "offset 2: unexpected the control character 0x00"},
        Bad{"NewLineInText", "\"a\nb\"", "control character 0x0a"},
        Bad{"BadUtf8", "\"a\xFFz\"", "offset 2: unexpected the byte 0xff, which is not UTF-8"},
        Bad{"OverlongUtf8", "\"\xC0\xAF\"", "not UTF-8"}, Bad{"SurrogateUtf8", "\"\xED\xA0\x80\"", "offset"},
        Bad{"CutUtf8", "\"\xE2\x82", "offset"}, Bad{"ByteOrderMark", "\xEF\xBB\xBF{}", "offset 0: unexpected"},
        Bad{"LoneHighSurrogate", R"("\ud83d")", "half of a surrogate pair"},
        Bad{"LoneLowSurrogate", R"("\ude00")", "half of a surrogate pair"},
        Bad{"TwoHighSurrogates", R"("\ud83d\ud83d")", "half of a surrogate pair"},
        Bad{"ShortEscape", R"("\u12g4")", "four hex digits"}, Bad{"WrongEscape", R"("\x41")", "unexpected"},
        Bad{"LeadingZero", "01", "offset 1"}, Bad{"PlusSign", "+1", "unexpected '+1'"},
        Bad{"NoFraction", "1.", "offset"}, Bad{"NotANumber", "NaN", "unexpected 'NaN'"},
        Bad{"HugeExponent", "1e99999999999", "too large an exponent"}, Bad{"TrailingComma", "[1,]", "unexpected ']'"},
        Bad{"Comment", "/**/1", "unexpected '/**/1'"}, Bad{"SingleQuotes", "{'a':1}", "unexpected"},
        Bad{"NoColon", R"({"a" 1})", "unexpected '1}'"}, Bad{"NameNotText", "{1:2}", "unexpected '1:2}'"},
        Bad{"TwiceTheSameName", R"({"a":1,"b":2,"a":3})", R"(the name "a" appears twice)"},
        Bad{"TwiceByEscape", R"({"a":1,"\u0061":3})", R"(the name "a" appears twice)"},
        Bad{"TwiceTheEmptyName", R"({"":1,"":2})", R"(the name "" appears twice)"},
        Bad{"TwiceInside", R"([{"x":{"k":1,"k":1}}])", R"("k" appears twice)"}),
    [](const auto& info) { return std::string(info.param.name); });

std::string nested(std::size_t levels) {
  return std::string(levels, '[') + std::string(levels, ']');
}

TEST(JsonParse, LimitsTheDepth) {
  EXPECT_TRUE(parse(nested(32)));
  EXPECT_THAT(parse(nested(33)).error().sentence(), HasSubstr("more than 32 levels"));
  EXPECT_FALSE(parse(std::string(1'000'000, '[')));
  EXPECT_TRUE(parse(nested(33), {.depth = 40}));
}

TEST(JsonParse, FindsADuplicateInALargeObjectWithoutQuadraticTime) {
  std::string text = "{";
  for (int i = 0; i < 50'000; ++i) text += "\"m" + std::to_string(i) + "\":1,";
  EXPECT_TRUE(parse(text + R"("last":1})"));
  EXPECT_THAT(parse(text + R"("m49999":1})").error().sentence(), HasSubstr(R"("m49999" appears twice)"));
}

TEST(JsonNumber, IsAnIntegerOnlyWhenWrittenAsOneAndSmallEnough) {
  EXPECT_EQ(parse("-9223372036854775808")->integer(), std::numeric_limits<std::int64_t>::min());
  EXPECT_EQ(parse("1.0")->integer(), std::nullopt);
  EXPECT_EQ(parse("1e2")->integer(), std::nullopt);
  EXPECT_EQ(parse("9223372036854775808")->integer(), std::nullopt);
  EXPECT_EQ(Value("1").integer(), std::nullopt);
  EXPECT_EQ(parse("1e2")->real(), 100.0);
  EXPECT_EQ(parse("1e400")->real(), std::nullopt);
}

TEST(JsonNumber, WritesTheShortestFormThatReadsBack) {
  EXPECT_EQ(write(Value(0.1)), "0.1");
  EXPECT_EQ(write(Value(2.0)), "2.0");
  EXPECT_EQ(parse(write(Value(1e300)))->real(), 1e300);
  EXPECT_EQ(write(Value(std::numeric_limits<double>::infinity())), "null");
  EXPECT_EQ(write(Value(std::numeric_limits<std::uint64_t>::max())), "18446744073709551615");
}

TEST(JsonObject, ReplacesInPlaceAndErases) {
  Object object;
  object.set("a", 1);
  object.set("b", 2);
  object.set("a", "x");
  EXPECT_EQ(write(object), R"({"a":"x","b":2})");
  object.erase("a");
  object.erase("none");
  EXPECT_EQ(write(object), R"({"b":2})");
}

TEST(JsonValue, WalksAPathAndStopsWhereItEnds) {
  const auto value = parse(R"({"return":{"status":"running","n":1}})");
  EXPECT_EQ(value->text_at({"return", "status"}), "running");
  EXPECT_EQ(value->text_at({"return", "n"}), "");
  EXPECT_EQ(value->at_path({"return", "status", "deeper"}), nullptr);
  EXPECT_EQ(value->at_path({"none"}), nullptr);
}

TEST(JsonWrite, NeverWritesWhatIsNotUtf8) {
  EXPECT_EQ(write(Value("a\xFF\xE2\x82z")), "\"a\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBDz\"");
  EXPECT_TRUE(parse(write(Value(std::string("\xC0\x80\xED\xA0\x80\xF5\0", 7)))));
}

TEST(JsonPretty, LooksLikeTheUserGuide) {
  const auto value =
      parse(R"({"SERVERLESS_RUNTIME":{"ID":1489,"SCHEDULING":{},"DEVICE_INFO":{},"LIST":[1,{}],"NONE":[]}})");
  EXPECT_EQ(pretty(*value), R"({
  "SERVERLESS_RUNTIME": {
    "ID": 1489,
    "SCHEDULING": {
    },
    "DEVICE_INFO": {
    },
    "LIST": [
      1,
      {
      }
    ],
    "NONE": [

    ]
  }
})");
}

}  // namespace
}  // namespace nephele::json
