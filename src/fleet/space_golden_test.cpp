// SPDX-License-Identifier: Apache-2.0
// Golden scenarios of the contract (vcycle, 8) that a whole cycle shows.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "base/text_file.h"
#include "fleet/history.h"
#include "fleet/testing/space_ground.h"

namespace nephele::fleet {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using testing::Ground;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::moment;
using ::testing::SizeIs;

TEST(SpaceGolden, B9MachinesThatFailBeforeTheyStartAreMadeMoreAndMoreSeldom) {
  Ground g(30);
  std::vector<std::int64_t> made_at;
  int before = 0;
  for (std::int64_t second = 0; second <= 7'800; second += 60) {
    for (auto& machine : g.cloud.machines) machine.state = State::failed;  // without a start time
    g.cycle(second);
    if (g.cloud.creations == before) continue;
    EXPECT_EQ(g.cloud.creations - before, 3) << "a tenth of the limit, after " << second << " s";
    made_at.push_back(second);
    before = g.cloud.creations;
  }
  EXPECT_THAT(made_at, ElementsAre(0, 120, 300, 600, 1'140, 2'160, 4'140, 7'800))
      << "one, two, four ... minutes after they failed, never more than an hour";
  EXPECT_FALSE(read_history(Files(g.directory.path().string(), "vm"), g.space.name, "a", moment(7'800)).last_abort)
      << "none of them has run: nothing was aborted";
  EXPECT_THAT(g.jobs("apel-archive"), IsEmpty());

  g.cloud.all_run();
  g.cycle(7'860);
  EXPECT_EQ(g.cloud.creations - before, 3) << "one that runs ends it";
}

TEST(SpaceGolden, C21MachinesAreToldOfAShutdownTimeBeforeTheirOwn) {
  Ground g(1);
  g.space.shutdown = moment(1'000);
  g.cycle(0);
  ASSERT_THAT(g.cloud.machines, SizeIs(1));
  const std::string name = g.cloud.machines[0].name;
  for (const char* file : {"/machinefeatures/shutdowntime", "/jobfeatures/shutdowntime_job"})
    EXPECT_EQ(g.state(name + file), to_text(moment(1'000))) << file;
  g.cloud.all_run();
  g.cycle(1'000);
  EXPECT_THAT(g.cloud.killed, IsEmpty());
  g.cycle(1'060);
  EXPECT_THAT(g.cloud.killed, SizeIs(1));
  EXPECT_EQ(g.state(name + "/joboutputs/shutdown_message"), "700 Passed shutdowntime");
}

TEST(SpaceGolden, C22TheFirstFlavorThatFitsIsTaken) {
  Ground g(100);
  g.cloud.known.flavors = {
      {.name = "x", .processors = 1}, {.name = "y", .processors = 4}, {.name = "z", .processors = 8}};
  auto& type = g.space.types[0];
  type.min_processors = 2;
  type.max_processors = 4;
  type.flavor_names = {"x", "z"};
  g.cycle(0);
  EXPECT_EQ(g.cloud.creations, 0);
  EXPECT_THAT(g.lines, Contains("No flavor suitable for machinetype a"));
  type.flavor_names = {"z", "y", "x"};
  g.cycle(60);
  ASSERT_TRUE(g.cloud.last);
  EXPECT_EQ(g.cloud.last->flavor.name, "y");
}

TEST(SpaceGolden, OneThatStoppedWhileNobodyLookedHasOneRecordWithTheCloudsTime) {
  Ground g(1);
  g.cycle(0);
  g.cloud.all_run();
  g.cycle(60);
  const std::string name = g.cloud.machines[0].name;
  g.cloud.end_after(seconds{0});
  g.cloud.machines[0].updated = moment(500);
  g.space.types[0].target_share = 0;
  for (const int second : {7'260, 7'320, 7'380}) g.cycle(second);
  EXPECT_THAT(g.jobs("apel-archive"), ElementsAre("u-1"));
  EXPECT_THAT(read_text_file(g.folder("deleted") + "/" + name + "/ended", 4'096).value_or(""),
              HasSubstr("EndTime: " + to_text(moment(500))));
}

TEST(SpaceGolden, OneWithoutAManagerIsTakenAndManagedFromTheNextCycleOn) {
  Ground g(1);
  g.cycle(0);
  g.cloud.all_run();
  g.cycle(60);
  const std::string name = g.cloud.machines[0].name;
  std::filesystem::remove(g.folder() + "/" + name + "/manager");
  g.cloud.end_after(seconds{0});
  g.cycle(120, "b");
  EXPECT_EQ(g.state(name + "/manager"), "b");
  EXPECT_EQ(g.cloud.removals, 0);
  g.cycle(180, "b");
  EXPECT_EQ(g.cloud.removals, 1);
}

}  // namespace
}  // namespace nephele::fleet
