// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/clock.h"
#include "fleet/testing/space_ground.h"

namespace nephele::fleet {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::Field;
using testing::Ground;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::moment;
using ::testing::Not;
using ::testing::SizeIs;

TEST(SpaceSharing, MachinesOfOtherManagersAreLeftToThemUntilTheyFallSilent) {
  Ground g(1);
  g.cycle(0, "a");
  g.cloud.all_run();
  g.cycle(60, "a");
  const std::string name = g.cloud.machines[0].name;
  g.cloud.end_after(seconds{0});
  g.cycle(120, "b");
  EXPECT_EQ(g.cloud.removals, 0);
  EXPECT_EQ(g.state(name + "/manager"), "a");
  g.cycle(60 + 3'599, "b");
  EXPECT_EQ(g.state(name + "/manager"), "a");
  g.cycle(60 + 7'201, "b");
  EXPECT_EQ(g.state(name + "/manager"), "b");
  EXPECT_EQ(g.cloud.removals, 0) << "it acts from the next cycle on";
  g.cycle(60 + 7'261, "b");
  EXPECT_EQ(g.cloud.removals, 1);
  EXPECT_THAT(g.jobs("apel-archive"), ElementsAre("u-1"));
}

TEST(SpaceSharing, AManagerWhoseClockWasAheadFallsSilentToo) {
  constexpr std::int64_t ahead = std::int64_t{90} * 86'400;
  for (const bool is_listed : {true, false}) {
    Ground g(1);
    g.cycle(ahead, "a");
    g.cloud.all_run();
    g.cycle(ahead + 60, "a");
    const std::string name = g.cloud.machines[0].name;
    if (!is_listed) g.cloud.left_out = name;
    g.cycle(120, "b");
    EXPECT_EQ(g.state(name + "/manager"), "a") << "it may live";
    EXPECT_EQ(g.state(name + "/manager_heartbeat"), to_text(moment(120)));
    g.cycle(120 + 3'599, "b");
    EXPECT_EQ(g.state(name + "/manager"), "a");
    g.cycle(120 + 7'201, "b");
    if (is_listed)
      EXPECT_EQ(g.state(name + "/manager"), "b");
    else
      EXPECT_NE(g.state(name + "/missing_since"), "(none)") << "b settles what a left";
  }
}

TEST(SpaceSharing, AManagerWhoseClockIsALittleAheadIsLeftItsMachines) {
  Ground g(1);
  g.cycle(3'000, "a");
  const std::string name = g.cloud.machines[0].name;
  for (const int second : {0, 60}) g.cycle(second, "b");
  EXPECT_EQ(g.state(name + "/manager"), "a");
  EXPECT_EQ(g.state(name + "/manager_heartbeat"), to_text(moment(3'000)));
}

TEST(SpaceSharing, OneManagerCreatesAtATime) {
  Ground g(20);
  const Files other(g.directory.path().string(), "b");
  auto lease = SpaceLease::take(other, "s.example.com", moment(0), seconds{600});
  ASSERT_TRUE(lease);
  const auto report = g.cycle(0, "a");
  EXPECT_EQ(g.cloud.creations, 0);
  EXPECT_THAT(report.decisions, Contains(Field(&Decision::reason, HasSubstr("manager b creates"))));
  lease->give_back();
  g.cycle(60, "a");
  EXPECT_EQ(g.cloud.creations, 2);
  EXPECT_EQ(lease->renew(moment(60)).error().kind(), Kind::conflict);
}

TEST(SpaceSharing, TheLogNamesTheLimitOfATypeThatIsReached) {
  Ground g(20);
  auto& type = g.space.types[0];
  type.processors_limit = 100;
  type.machines_limit = 1;
  g.cycle(0);
  EXPECT_EQ(g.cloud.creations, 1);
  EXPECT_THAT(g.lines, Contains(HasSubstr("Reached limit (1) on number of machines to allocate for machinetype a")));
  EXPECT_THAT(g.lines, Not(Contains(HasSubstr("on number of processors"))));
  type.processors_limit = 1;
  type.machines_limit = 100;
  const auto report = g.cycle(60);
  EXPECT_THAT(g.lines, Contains(HasSubstr("Reached limit (1) on number of processors to allocate for machinetype a")));
  EXPECT_THAT(report.decisions, Contains(Field(&Decision::reason, "it has reached its own processors_limit")));
}

TEST(SpaceSharing, AForeignMachineCountsAndOneWithOurNameIsAdopted) {
  Ground g(3);
  g.cloud.machines = {{.id = "f", .name = "web", .state = State::running, .processors = 1},
                      {.id = "o",
                       .name = "vcycle-a-x",
                       .state = State::running,
                       .machinetype = "a",
                       .processors = 1,
                       .created = moment(-100),
                       .started = moment(-90)},
                      {.id = "p", .name = "vcycle-a-y", .state = State::running, .space = "other", .processors = 1}};
  const auto report = g.cycle(0);
  EXPECT_EQ(g.cloud.creations, 0) << "3 of 3 processors are in use";
  EXPECT_EQ(g.cloud.removals, 0);
  EXPECT_THAT(report.decisions, Contains(Field(&Decision::what, "adopted")).Times(1));
  EXPECT_THAT(g.names(), ElementsAre("vcycle-a-x"));
  EXPECT_EQ(g.state("vcycle-a-x/created"), to_text(moment(-100)));
  EXPECT_THAT(g.cycle(60).decisions, ::testing::Not(Contains(Field(&Decision::what, "adopted"))));
}

TEST(SpaceSharing, OfTwoMachinesOfOneNameOursIsTheOneThatWasWrittenDown) {
  for (const bool first : {true, false}) {
    Ground g(3);
    g.space.types[0].machines_limit = 1;
    g.cycle(0);
    g.cloud.all_run();
    g.cycle(60);
    CloudMachine like = g.cloud.machines[0];
    like.id = "somebody's";
    like.state = State::shut_down;
    g.cloud.machines.insert(first ? g.cloud.machines.begin() : g.cloud.machines.end(), like);
    const auto report = g.cycle(120);
    EXPECT_EQ(g.cloud.removals, 0) << "it is not ours to end, and ours has not ended";
    EXPECT_THAT(g.jobs("apel-archive"), IsEmpty());
    EXPECT_THAT(report.decisions, Contains(Field(&Decision::reason, HasSubstr("remove somebody's by hand"))));
    EXPECT_EQ(report.processors, 2);
    EXPECT_EQ(report.machines, 1);
  }
}

/// Whatever became of it: what stands in its place is neither it nor a reason to end or account anything.
TEST(SpaceSharing, AMachineOfAnotherIdIsNotTheOneThatWasWrittenDown) {
  for (const State state : {State::running, State::shut_down, State::failed}) {
    Ground g(3);
    g.space.types[0].machines_limit = 1;
    g.space.types[0].max_wallclock = seconds{7'200};
    g.cycle(0);
    g.space.draining = true;
    g.cloud.all_run();
    g.cycle(60);
    const std::string name = g.cloud.machines[0].name;
    g.cloud.machines[0].id = "another";
    g.cloud.machines[0].state = state;
    g.cloud.machines[0].processors = 2;
    const auto report = g.cycle(120);
    EXPECT_EQ(report.processors, 3) << "ours, which is waited for, and the other's two";
    EXPECT_EQ(report.machines, 1);
    EXPECT_THAT(report.seen, IsEmpty());
    EXPECT_THAT(report.decisions, Contains(Field(&Decision::reason, HasSubstr("remove another by hand"))));
    EXPECT_THAT(g.lines, Contains(HasSubstr(name + " in s.example.com is listed with the id another; the one that was "
                                                   "made is u-1: another is left alone")));
    EXPECT_EQ(g.state(name + "/jobfeatures/job_id"), "u-1");
    EXPECT_THAT(g.names(), ElementsAre(name)) << "not gone after one listing";
    EXPECT_THAT(g.jobs("apel-archive"), IsEmpty());
    g.cycle(120 + 600);
    EXPECT_THAT(g.names("deleted"), ElementsAre(name));
    EXPECT_THAT(g.jobs("apel-archive"), ElementsAre("u-1")) << "for the minute that it was seen to run";
    g.cycle(120 + 660);
    EXPECT_THAT(g.names("deleted"), ElementsAre(name)) << "its files are not given to the other";
    g.cycle(120 + 40'000);
    EXPECT_EQ(g.cloud.removals, 0) << "not even when it has lived longer than ours might";
  }
}

TEST(SpaceSharing, OfTwoTheOneThatTellsItsIdIsOursHoweverTheyAreListed) {
  for (const bool last : {false, true}) {
    Ground g(3);
    g.space.types[0].machines_limit = 1;
    g.cycle(0);
    g.cloud.all_run();
    g.cycle(60);
    auto nameless = g.cloud.machines[0];
    nameless.id.clear();
    nameless.state = State::shut_down;
    g.cloud.machines.insert(last ? g.cloud.machines.end() : g.cloud.machines.begin(), nameless);
    const auto report = g.cycle(120);
    EXPECT_THAT(report.seen, SizeIs(1));
    EXPECT_EQ(report.seen[0].state, State::running);
    EXPECT_EQ(g.cloud.removals, 0);
    EXPECT_THAT(g.jobs("apel-archive"), IsEmpty());
  }
}

TEST(SpaceSharing, OneThatIsListedAgainUnderItsIdIsStillOurs) {
  Ground g(3);
  g.space.types[0].machines_limit = 1;
  g.cycle(0);
  g.cloud.all_run();
  g.cycle(60);
  const std::string name = g.cloud.machines[0].name;
  g.cloud.machines[0].id = "another";
  g.cycle(120);
  g.cloud.machines[0].id = "";  // a cloud that tells none this time
  EXPECT_EQ(g.cycle(180).seen.size(), 1U);
  g.cloud.machines[0].id = "U-1";
  EXPECT_EQ(g.cycle(240).seen.size(), 1U);
  EXPECT_EQ(g.state(name + "/missing_since"), "(none)");
  // A cloud that knew it by another id first.
  g.cloud.machines[0].second_id = "u-1";
  g.cloud.machines[0].id = "uuid";
  EXPECT_EQ(g.cycle(300).seen.size(), 1U);
  EXPECT_EQ(g.state(name + "/jobfeatures/job_id"), "uuid");
  g.cloud.machines[0].second_id.clear();
  EXPECT_EQ(g.cycle(360).seen.size(), 1U);
  EXPECT_EQ(g.cloud.removals, 0);
}

TEST(SpaceSharing, AnInstanceOfOlderReleasesIsKnownByItsFile) {
  Ground g(3);
  g.space.types[0].target_share = 0;
  g.directory.write("var/lib/vcycle/shared/spaces/s.example.com/current/vcycle-a-old/created", "1699999000\n");
  g.directory.write("var/lib/vcycle/shared/spaces/s.example.com/current/vcycle-a-old/manager", "vm");
  g.directory.write("var/lib/vcycle/shared/spaces/s.example.com/current/vcycle-a-old/instance_id", "i-1");
  g.cloud.machines = {{.id = "i-2", .name = "vcycle-a-old", .state = State::failed, .machinetype = "a"}};
  EXPECT_THAT(g.cycle(0).seen, IsEmpty());
  EXPECT_EQ(g.cloud.removals, 0);
}

TEST(SpaceSharing, NamesOfOthersAreNoPaths) {
  Ground g(5);
  for (const char* name : {"vcycle-/../../x", "vcycle-a b", "vcycle-a\nb", "vcycle-\xff"})
    g.cloud.machines.push_back({.id = name, .name = name, .state = State::shut_down});
  g.cloud.machines.push_back({.id = "q", .name = "vcycle-q", .state = State::shut_down, .machinetype = "../../x"});
  g.cycle(0);
  EXPECT_THAT(g.names(), ElementsAre("vcycle-q"));
  EXPECT_EQ(g.state("vcycle-q/machinetype_name"), "");
  EXPECT_EQ(g.cloud.removals, 0) << "what nobody placed is nobody's to end";
  g.cycle(60);
  EXPECT_EQ(g.cloud.removals, 1) << "the one that was adopted";
  EXPECT_THAT(g.jobs("apel-archive"), IsEmpty());
}

TEST(SpaceSharing, FoldersOfTheEarlyLayoutAreTakenAlong) {
  Ground g(1);
  g.directory.write("var/lib/vcycle/machines/vcycle-a-old/created", "1699999000\n");
  g.directory.write("var/lib/vcycle/machines/vcycle-a-old/started", "1699999100\n");
  g.directory.write("var/lib/vcycle/machines/vcycle-a-old/machinetype_name", "a");
  g.directory.write("var/lib/vcycle/spaces/s.example.com/machinetypes/a/last_abort_time", "1699999990");
  g.cloud.machines = {{.id = "o", .name = "vcycle-a-old", .state = State::running, .processors = 1}};
  g.cycle(0);
  EXPECT_THAT(g.names(), ElementsAre("vcycle-a-old"));
  g.cloud.machines[0].state = State::shut_down;
  g.cloud.machines[0].updated = moment(500);
  g.cycle(560);
  EXPECT_THAT(g.jobs("apel-archive"), ElementsAre("o"));
  EXPECT_EQ(g.cloud.removals, 1);
}

TEST(SpaceSharing, LimitsOfARemovedTypeGoOn) {
  Ground g(1);
  g.space.types[0].max_wallclock = seconds{1'000};
  g.cycle(0);
  g.cloud.all_run();
  g.cycle(60);
  g.space.types[0].name = "b";
  g.space.types[0].target_share = 0;
  g.cycle(900);
  EXPECT_EQ(g.cloud.removals, 0);
  g.cycle(1'020);
  EXPECT_EQ(g.cloud.removals, 1);
  g.cycle(1'080);
  EXPECT_THAT(g.jobs("apel-archive"), ElementsAre("u-1"));
}

TEST(SpaceSharing, HeartbeatListsAndProxiesNameMachinesThatWork) {
  Ground g(10);
  auto& squid = g.space.types[0];
  squid.heartbeat_file = "hb";
  squid.heartbeat = seconds{900};
  auto user = squid;
  user.name = "u";
  user.target_share = 0;
  user.cvmfs_proxy_machinetype = "a";
  user.user_data_options["cvmfs_proxy"] = "http://squid:3128";
  g.directory.write("template", "##user_data_option_cvmfs_proxy##");
  g.space.types.push_back(user);
  g.cycle(0);
  g.cloud.all_run();
  g.cloud.machines[0].ip = "10.0.0.7";
  const std::string name = g.cloud.machines[0].name;
  g.directory.write("var/lib/vcycle/shared/spaces/s.example.com/current/" + name + "/joboutputs/hb", "");
  // The file's time is that of this computer, so the cycle must be, too.
  const auto real =
      std::chrono::duration_cast<seconds>(SystemClock().now().time_since_epoch()) - moment(0).time_since_epoch();
  g.cloud.machines[0].started = moment(real.count());
  g.space.types[0].target_share = 0;
  g.space.types[1].target_share = 1;
  g.cycle(real.count() + 5);
  EXPECT_THAT(g.directory.read("var/lib/vcycle/shared/spaces/s.example.com/heartbeatlists/a"),
              ::testing::MatchesRegex("[0-9]+ " + name + " 10.0.0.7\n"));
  EXPECT_EQ(g.directory.read("var/lib/vcycle/shared/spaces/s.example.com/heartbeatlists/u"), "");
  EXPECT_EQ(g.cloud.last->user_data.reveal(), "http://10.0.0.7:280;http://squid:3128");
}

TEST(SpaceSharing, AFolderWhoseRecordWaitsElsewhereStays) {
  Ground g(1);
  g.space.types[0].target_share = 0;
  const std::string left = "var/lib/vcycle/shared/spaces/s.example.com/deleted/vcycle-a-0000000001/";
  g.directory.write(left + "moved", to_text(moment(0)));
  g.directory.write(left + "ending", R"({"state":"staged","stopped":1,"publish":true,"name":"20260101/0","node":"b"})");
  g.cycle(360'000, "a");
  EXPECT_THAT(g.names("deleted"), SizeIs(1)) << "b publishes it when it is back";
  g.cycle(360'000 + 60, "b");
  EXPECT_THAT(g.names("deleted"), IsEmpty());
}

TEST(SpaceSharing, AFolderThatWasMovedByAClockThatWasAheadGoesAsWell) {
  Ground g(1);
  g.space.types[0].target_share = 0;
  const std::string left = "var/lib/vcycle/shared/spaces/s.example.com/deleted/vcycle-a-0000000001/";
  g.directory.write(left + "moved", to_text(moment(std::int64_t{90} * 86'400)));
  g.cycle(0);
  g.cycle(259'200);
  EXPECT_THAT(g.names("deleted"), SizeIs(1));
  g.cycle(259'201);
  EXPECT_THAT(g.names("deleted"), IsEmpty());
}

TEST(SpaceSharing, OldFoldersGoAfterCleanupHours) {
  Ground g(1);
  g.cycle(0);
  g.cloud.all_run();
  g.cycle(60);
  g.cloud.end_after(seconds{0});
  g.cycle(120);
  g.space.types[0].target_share = 0;
  g.cycle(180);
  EXPECT_THAT(g.names("deleted"), SizeIs(1));
  g.cycle(180 + 259'200);
  EXPECT_THAT(g.names("deleted"), SizeIs(1));
  g.cycle(181 + 259'200);
  EXPECT_THAT(g.names("deleted"), IsEmpty());
}

}  // namespace
}  // namespace nephele::fleet
