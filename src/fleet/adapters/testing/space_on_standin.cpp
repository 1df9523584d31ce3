// SPDX-License-Identifier: Apache-2.0
#include "fleet/adapters/testing/space_on_standin.h"

#include <filesystem>

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

}  // namespace nephele::fleet::testing
