// SPDX-License-Identifier: Apache-2.0
#include "fleet/adapters/testing/space_on_standin.h"

#include <filesystem>
#include <set>

namespace nephele::fleet::testing {

void SpaceOnStandIn::TearDown() {
  for (const auto& secret : secrets)
    for (const auto& line : every_line) EXPECT_FALSE(line.contains(secret)) << line;
  StandInTest::TearDown();
}

void SpaceOnStandIn::anew(const std::string& settings) {
  control(http::Verb::post, "/reset", settings);
  furnish();
  std::filesystem::remove_all(directory.path() / "var");
  begin_anew();
}

SpaceReport SpaceOnStandIn::cycle(Instant now, int die_at) {
  forget_calls();
  auto out = OneSpace::cycle(*made, threads_, now, die_at);
  every_line.insert(every_line.end(), lines.begin(), lines.end());
  return out;
}

bool SpaceOnStandIn::dies(int die_at) {
  try {
    cycle(0, die_at);
  } catch (const Died&) {
    return true;
  }
  return false;
}

void SpaceOnStandIn::dies_at_each_step(std::size_t machines, const Deaths& deaths) {
  bool died = true;
  for (int die_at = 1; died; ++die_at) {
    anew(deaths.settings);
    died = dies(die_at);
    const auto known = deaths.known ? deaths.known(died) : machines;
    for (const int second : {60, 700, 760, 1'500}) {
      begin_anew();
      EXPECT_EQ(cycle(second).error, "");
      ASSERT_LE(living(), machines) << die_at << " " << steps.back();
    }
    EXPECT_EQ(living(), machines) << die_at;
    EXPECT_EQ(folders("current").size(), known) << die_at;
    if (deaths.afterwards) deaths.afterwards();
  }
}

void SpaceOnStandIn::expect_untouched(std::size_t machines, const std::string& when) {
  EXPECT_EQ(living(), machines) << when;
  EXPECT_EQ(folders("current").size(), machines) << when;
  EXPECT_EQ(folders("deleted").size(), 0U) << when << ::testing::PrintToString(lines);
}

void SpaceOnStandIn::survives_each_answer(std::size_t machines) {
  std::int64_t second = 0;
  for (; second < 300; second += 60) cycle(second);
  begin_anew();
  ASSERT_EQ(cycle(second).error, "");
  ASSERT_EQ(living(), machines);
  const auto needed = calls();
  for (const auto& call : std::set<std::string>(needed.begin(), needed.end()))
    for (const char* const answer :
         {R"("kind":"http","status":401)", R"("kind":"http","status":403)", R"("kind":"http","status":404)",
          R"("kind":"http","status":429)", R"("kind":"http","status":503)", R"("kind":"http","status":200)",
          R"("kind":"garbage","text":"")", R"("kind":"garbage","text":"{}")", R"("kind":"garbage","text":"[]")",
          R"("kind":"garbage","text":"null")", R"("kind":"truncate","bytes":60)", R"("kind":"cut","bytes":90)",
          R"("kind":"close")"}) {
      begin_anew();
      fault(R"({"method":)" + json::write(json::Value(call)) + "," + answer + "}");
      (void)cycle(++second);  // it may do without this call
      EXPECT_GT(control(http::Verb::get, "/faults").if_array()->front().at_path({"hits"})->integer().value_or(0), 0)
          << call;
      expect_untouched(machines, call + " " + answer);
      clear_faults();
    }
  EXPECT_EQ(cycle(++second).error, "");
  fault(R"({"kind":"http","status":503})");
  for (const auto end = second + 3'600; second < end; second += 300) {
    EXPECT_NE(cycle(second).error, "");
    expect_untouched(machines, "an hour of nothing");
  }
  clear_faults();
  EXPECT_EQ(cycle(second).error, "");
  expect_untouched(machines, "all is well again");
}

}  // namespace nephele::fleet::testing
