// SPDX-License-Identifier: Apache-2.0
#include "manage/listing.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "manage/verb.h"

namespace nephele::manage {
namespace {

using testing::HasSubstr;

class Text final : public Out {
 public:
  void print(std::string_view words) override { text += words; }
  std::string text;
};

struct Planet {
  std::string name;
  std::int64_t moons;
  bool ringed;
};

/// Counts how often the list was read, and how many rows the source was asked for at most.
struct Sky {
  std::vector<Planet> planets{{"Earth", 1, false}, {"Saturn", 146, true}, {"Venus", 0, false}};
  int readings = 0;
  std::optional<bool> asked_for_rings{};

  Listing table() {
    std::vector<Field<Planet>> fields{
        {{"name", Type::text, "what it is called"}, [](const Planet& p) { return Value(p.name); }},
        {{"moons", Type::integer, "how many"}, [](const Planet& p) { return Value(p.moons); }},
        {{"ringed", Type::boolean, "has rings", false, "--rings"}, [](const Planet& p) { return Value(p.ringed); }}};
    return listing<Planet>(std::move(fields), [this](const Call&, Filters& filters) -> Result<Pages<Planet>> {
      ++readings;
      if (const auto wanted = filters.take("ringed", Op::equal)) asked_for_rings = std::get<bool>(*wanted);
      std::vector<Planet> some;
      for (const Planet& planet : planets)
        if (!asked_for_rings || planet.ringed == *asked_for_rings) some.push_back(planet);
      return one_page(std::move(some));
    });
  }
};

std::string printed(const Listing& list, Call::Words words, Format format = Format::pretty) {
  Text out;
  const Call call(std::move(words), format, 1);
  const auto done = list_verb("planet-list", "", list).run(call, out);
  return done ? out.text : "error: " + done.error().sentence();
}

TEST(Listing, IsAlignedToTheRightWithADashedLine) {
  Sky sky;
  EXPECT_EQ(printed(sky.table(), {}),
            "  name  moons\n"
            "-------------\n"
            " Earth      1\n"
            "Saturn    146\n"
            " Venus      0\n");
  EXPECT_EQ(sky.readings, 1);
}

TEST(Listing, PrintsTheFieldsThatAreWantedInTheirOrder) {
  Sky sky;
  EXPECT_EQ(printed(sky.table(), {{"--output", {"ringed,name"}}, {"--no-headers", {}}}),
            "False   Earth\n True  Saturn\nFalse   Venus\n");
  EXPECT_EQ(printed(sky.table(), {{"--rings", {}}, {"--bare", {}}}), "Earth|1|False\nSaturn|146|True\nVenus|0|False\n");
  EXPECT_THAT(printed(sky.table(), {{"--output", {"mons"}}}), HasSubstr("did you mean moons?"));
  EXPECT_THAT(printed(sky.table(), {{"--output", {","}}}), HasSubstr("names no field"));
}

TEST(Listing, FiltersAlsoByFieldsThatItDoesNotPrint) {
  Sky sky;
  EXPECT_EQ(printed(sky.table(), {{"--output", {"name"}}, {"--filter-by", {"moons>0,name!=Earth"}}, {"--bare", {}}}),
            "Saturn\n");
  EXPECT_THAT(printed(sky.table(), {{"--filter-by", {"mass=3"}}}), HasSubstr("no filter \"mass\""));
}

TEST(Listing, LeavesAConditionToASourceThatTakesIt) {
  Sky sky;
  EXPECT_EQ(printed(sky.table(), {{"--filter-by", {"ringed=yes"}}, {"--bare", {}}}), "Saturn|146\n");
  EXPECT_EQ(sky.asked_for_rings, std::optional(true));
}

TEST(Listing, IsCsvAndJson) {
  Sky sky;
  sky.planets = {{"a,\"b\"", 1, true}};
  EXPECT_EQ(printed(sky.table(), {}, Format::csv), "name,moons\r\n\"a,\"\"b\"\"\",1\r\n");
  EXPECT_EQ(printed(sky.table(), {{"--no-headers", {}}}, Format::csv), "\"a,\"\"b\"\"\",1\r\n");
  EXPECT_EQ(printed(sky.table(), {}, Format::json), "[\n  {\"name\":\"a,\\\"b\\\"\",\"moons\":1}\n]\n");
  sky.planets.clear();
  EXPECT_EQ(printed(sky.table(), {}, Format::json), "[]\n");
  EXPECT_EQ(printed(sky.table(), {}), "name  moons\n-----------\n");
}

TEST(Listing, LetsNoValueMoveTheCursor) {
  Sky sky;
  sky.planets = {{"a\n\x1b[31mb", 1, true}};
  EXPECT_EQ(printed(sky.table(), {{"--bare", {}}}), "a\\n\\u001b[31mb|1\n");
}

TEST(Listing, ShowsItsFieldsAndFilters) {
  Sky sky;
  EXPECT_THAT(printed(sky.table(), {{"--list-fields", {}}}), HasSubstr("  name  what it is called\n"));
  EXPECT_THAT(printed(sky.table(), {{"--list-filters", {}}}), HasSubstr("ringed  yes, true, t, 1, no, false, f or 0"));
  EXPECT_EQ(sky.readings, 0);
}

/// A list of any length whose pages are made when they are asked for.
Listing endless(std::size_t rows, int& readings) {
  std::vector<Field<std::size_t>> fields{
      {{"n", Type::integer, ""}, [](const std::size_t& n) { return Value(static_cast<std::int64_t>(n)); }}};
  return listing<std::size_t>(std::move(fields), [rows, &readings](const Call&, Filters&) {
    ++readings;
    return Result<Pages<std::size_t>>([next = std::size_t{0}, rows]() mutable {
      std::vector<std::size_t> page;
      for (; page.size() < 1000 && next < rows; ++next) page.push_back(next);
      return Result<std::vector<std::size_t>>(std::move(page));
    });
  });
}

/// Keeps the number of lines and the last one.
class Counter final : public Out {
 public:
  void print(std::string_view words) override {
    ++lines;
    last = words;
  }
  std::size_t lines = 0;
  std::string last;
};

TEST(Listing, OfManyRowsIsReadTwiceAndNotHeld) {
  int readings = 0;
  Counter out;
  const Call call({}, Format::pretty, 1);
  ASSERT_TRUE(print_list(endless(held_max + 2'000, readings), call, out).has_value());
  EXPECT_EQ(readings, 2);
  EXPECT_EQ(out.lines, held_max + 2'000 + 1);  // the heading and its dashes are one print
  EXPECT_EQ(out.last, "11999\n");
  readings = 0;
  Counter csv;
  ASSERT_TRUE(print_list(endless(held_max + 2'000, readings), Call({}, Format::csv, 1), csv).has_value());
  EXPECT_EQ(readings, 1);
}

TEST(Listing, PassesAnErrorOfItsSourceOn) {
  Listing broken{.columns = {{"n", Type::integer, ""}},
                 .open = [](const Call&, Filters&, const std::vector<std::size_t>&) -> Result<RowPages> {
                   return fail(Kind::unavailable, "no database");
                 }};
  EXPECT_EQ(printed(broken, {}), "error: no database");
}

TEST(Sheet, HasKeysAndValues) {
  const Sheet sheet{{"id", std::int64_t{7}}, {"display name", std::string("a\nb")}, {"groups", Value()}};
  Text pretty;
  print_sheet(sheet, Format::pretty, pretty);
  EXPECT_EQ(pretty.text, "id           : 7\ndisplay name : a\\nb\ngroups       : -\n");
  Text titled;
  print_titled_sheet("User 7", sheet, Format::pretty, titled);
  EXPECT_EQ(titled.text,
            "-------------------\n"
            "      User 7\n"
            "-------------------\n"
            "id           | 7\n"
            "display name | a\\nb\n"
            "groups       | -\n");
  Text csv;
  print_sheet(sheet, Format::csv, csv);
  EXPECT_EQ(csv.text, "id,display name,groups\r\n7,\"a\nb\",\r\n");
  Text json;
  print_sheet(sheet, Format::json, json);
  EXPECT_EQ(json.text, "{\n  \"id\": 7,\n  \"display name\": \"a\\nb\",\n  \"groups\": null\n}\n");
}

}  // namespace
}  // namespace nephele::manage
