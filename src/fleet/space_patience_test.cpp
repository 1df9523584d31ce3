// SPDX-License-Identifier: Apache-2.0
// What machines are not to blame for, and what goes on to hold for them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "base/text_file.h"
#include "fleet/testing/space_ground.h"

namespace nephele::fleet {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using testing::Ground;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::moment;

/// Whose machine has run since second 0, and has to show a heartbeat that is no older than 900 s.
struct WithHeartbeat : Ground {
  WithHeartbeat() : Ground(1) {
    auto& type = space.types[0];
    type.heartbeat_file = "hb";
    type.heartbeat = seconds{900};
    type.https_x509dn = "/CN=me";
    cycle(0);
    cloud.all_run();
    cycle(60);
    name = cloud.machines[0].name;
  }
  std::string file(const std::string& below, const std::string& where = "current") const {
    return read_text_file(folder(where) + "/" + name + "/" + below, 4'096).value_or("");
  }
  void lose_files() const { fs::remove_all(directory / "var/lib/vcycle/shared"); }

  std::string name;
};

TEST(SpacePatience, AMachineWithoutHeartbeatsEnds) {
  WithHeartbeat g;
  g.cycle(900);
  EXPECT_EQ(g.cloud.removals, 0);
  g.cycle(901);
  EXPECT_EQ(g.cloud.removals, 1);
}

TEST(SpacePatience, HeartbeatsThatNobodyTookAreNotMissed) {
  WithHeartbeat g;
  g.heard_since = moment(5'000);  // vcycled was away
  g.cycle(5'000);
  g.cycle(5'900);
  EXPECT_EQ(g.cloud.removals, 0);
  g.cycle(5'901);
  EXPECT_EQ(g.cloud.removals, 1);
}

TEST(SpacePatience, AMachineWhoseFilesWereLostHasTheTimeOfANewOne) {
  WithHeartbeat g;
  g.lose_files();
  g.cycle(5'000);
  EXPECT_THAT(g.names(), ElementsAre(g.name)) << "adopted";
  EXPECT_EQ(g.file("https_x509dn"), "/CN=me") << "else its heartbeats were refused for good";
  EXPECT_THAT(g.file("limits"), HasSubstr("heartbeat_file hb\n"));
  EXPECT_EQ(g.file("jobfeatures/allocated_cpu"), "1");
  g.cycle(5'900);
  EXPECT_EQ(g.cloud.removals, 0);
  g.cycle(5'901);
  EXPECT_EQ(g.cloud.removals, 1);
}

TEST(SpacePatience, AMachineThatWasAdoptedByAClockThatWasAheadEndsAsWell) {
  WithHeartbeat g;
  g.lose_files();
  g.cycle(std::int64_t{90} * 86'400);
  EXPECT_THAT(g.names(), ElementsAre(g.name)) << "adopted";
  g.cycle(5'000);
  g.cycle(5'900);
  EXPECT_EQ(g.cloud.removals, 0);
  g.cycle(5'901);
  EXPECT_EQ(g.cloud.removals, 1);
}

TEST(SpacePatience, AMachineThatIsListedAgainHasTheTimeOfANewOne) {
  WithHeartbeat g;
  g.cloud.left_out = g.name;
  for (const int second : {120, 720, 780}) g.cycle(second);
  EXPECT_THAT(g.names("deleted"), ElementsAre(g.name)) << "while it was there, what it sent was not taken";
  g.cloud.left_out.clear();
  g.cycle(2'000);
  g.cycle(2'900);
  EXPECT_EQ(g.cloud.removals, 0);
  g.cycle(2'901);
  EXPECT_EQ(g.cloud.removals, 1);
}

/// For a type that cannot be read: its machines go on by what it said last.
TEST(SpacePatience, LimitsFollowTheConfiguration) {
  Ground g(1);
  g.space.types[0].max_wallclock = seconds{1'000};
  g.cycle(0);
  g.cloud.all_run();
  g.space.types[0].max_wallclock = seconds{5'000};
  g.cycle(60);
  g.space.types.clear();
  g.cycle(4'000);
  EXPECT_EQ(g.cloud.removals, 0);
  g.cycle(5'100);
  EXPECT_EQ(g.cloud.removals, 1);
}

TEST(SpacePatience, WithoutLimitsThoseHoldThatTheMachineWasTold) {
  Ground g(1);
  g.space.types[0].max_wallclock = seconds{200'000};
  g.cycle(0);
  g.cloud.all_run();
  g.cycle(60);
  const std::string name = g.cloud.machines[0].name;
  fs::remove(g.folder() + "/" + name + "/limits");  // as older releases leave it
  g.space.types.clear();
  g.cycle(100'000);
  EXPECT_EQ(g.cloud.removals, 0) << "a day is not its limit";
  g.cloud.machines[0].state = State::shut_down;
  g.cloud.machines[0].updated = moment(100'100);
  g.cycle(100'200);
  EXPECT_THAT(g.jobs("apel-archive"), ElementsAre("u-1"));
}

TEST(SpacePatience, WhatVanishedAndComesBackLaterHasNoSecondRecord) {
  Ground g(1);
  g.space.cleanup = std::chrono::hours{1};
  g.cycle(0);
  g.cloud.all_run();
  g.cycle(60);
  const std::string name = g.cloud.machines[0].name;
  g.cloud.left_out = name;
  g.space.types[0].target_share = 0;
  for (const int second : {3'600, 4'200, 4'260, 9'000}) g.cycle(second);
  EXPECT_THAT(g.jobs("apel-archive"), ElementsAre("u-1"));
  EXPECT_THAT(g.names("deleted"), IsEmpty());
  g.cloud.left_out.clear();
  for (const int second : {9'060, 9'120}) g.cycle(second);
  EXPECT_THAT(g.names(), ElementsAre(name));
  g.cloud.machines[0].state = State::shut_down;
  g.cloud.machines[0].updated = moment(9'150);
  for (const int second : {9'180, 9'240}) g.cycle(second);
  EXPECT_THAT(g.jobs("apel-archive"), ElementsAre("u-1"));
  const auto mark = g.folder("accounted") + "/u-1";
  EXPECT_TRUE(fs::exists(mark));
  g.cycle(std::int64_t{370} * 86'400);
  EXPECT_FALSE(fs::exists(mark)) << "not for ever";
}

TEST(SpacePatience, TheRecordOfWhatVanishesEndsWhenItLastRan) {
  Ground g(1);
  g.cycle(0);
  g.cloud.all_run();
  for (const int second : {60, 1'000}) g.cycle(second);
  auto& machine = g.cloud.machines[0];
  const std::string name = machine.name;
  machine.state = State::unknown;  // suspended
  for (const int second : {2'000, 5'000}) g.cycle(second);
  g.cloud.left_out = name;
  for (const int second : {5'060, 5'660, 5'720}) g.cycle(second);
  EXPECT_THAT(read_text_file(g.folder("deleted") + "/" + name + "/ended", 4'096).value_or(""),
              HasSubstr("EndTime: " + to_text(moment(1'000))));
}

TEST(SpacePatience, WhatRunsAgainIsAccountedToTheEnd) {
  Ground g(1);
  g.cycle(0);
  g.cloud.all_run();
  g.cycle(60);
  const std::string name = g.cloud.machines[0].name;
  g.cloud.machines[0].state = State::unknown;
  g.cycle(2'000);
  EXPECT_EQ(g.state(name + "/last_running"), to_text(moment(60)));
  g.cloud.machines[0].state = State::running;
  g.cycle(3'000);
  EXPECT_FALSE(fs::exists(g.folder() + "/" + name + "/last_running"));
  g.cloud.left_out = name;
  for (const int second : {3'060, 3'660, 3'720}) g.cycle(second);
  EXPECT_THAT(read_text_file(g.folder("deleted") + "/" + name + "/ended", 4'096).value_or(""),
              HasSubstr("EndTime: " + to_text(moment(3'000))));
}

}  // namespace
}  // namespace nephele::fleet
