// SPDX-License-Identifier: Apache-2.0
// Cycles of a space whose host is in trouble: a disk that is full, a clock that jumps.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>

#include <filesystem>
#include <utility>

#include "fleet/space_cycle.h"
#include "fleet/testing/space_ground.h"
#include "fleet/watched_time.h"

namespace nephele::fleet {
namespace {

namespace fs = std::filesystem;
using testing::Ground;
using ::testing::IsEmpty;
using testing::moment;
using ::testing::SizeIs;

/// No file of this process grows while it is full; names, links and empty files still have room, as on a disk whose
/// last block has gone.
class Disk {
 public:
  Disk() {
    ::getrlimit(RLIMIT_FSIZE, &usual_);
    before_ = ::signal(SIGXFSZ, SIG_IGN);
  }
  ~Disk() {
    full(false);
    ::signal(SIGXFSZ, before_);
  }
  Disk(const Disk&) = delete;
  Disk& operator=(const Disk&) = delete;
  void full(bool on) {
    rlimit limit = usual_;
    if (on) limit.rlim_cur = 0;
    ::setrlimit(RLIMIT_FSIZE, &limit);
  }

 private:
  rlimit usual_{};
  void (*before_)(int) = nullptr;
};

std::vector<std::string> half_written(const Ground& g) {
  std::vector<std::string> out;
  for (const auto& entry : fs::recursive_directory_iterator(g.directory.path()))
    if (entry.path().extension() == ".new") out.push_back(entry.path().string());
  return out;
}

/// Twelve minutes of a space with room for one machine at a time, each of which lives for 100 seconds. From step `from`
/// of cycle `which` the disk is full: up to the cycle's end, or for that step alone. Steps of that cycle.
int live(Ground& g, int which, int from, bool for_one_step) {
  g.space.gocdb_sitename = "UKI-TEST";
  Disk disk;
  int steps_then = 0;
  for (std::int64_t i = 0; i <= 12; ++i) {
    g.cloud.now = moment(i * 60);
    g.cloud.end_after(seconds{100});
    g.steps_seen.clear();
    g.at_step = [&](int step) { disk.full(i == which && from > 0 && (for_one_step ? step == from : step >= from)); };
    g.cycle(i * 60);
    disk.full(false);
    if (i == which) {
      steps_then = static_cast<int>(g.steps_seen.size());
      EXPECT_THAT(half_written(g), IsEmpty());
    }
    g.cloud.all_run();
    g.send();
  }
  return steps_then;
}

TEST(SpaceTrouble, AFullDiskLeavesNothingHalfDone) {
  for (int which = 0; which < 5; ++which) {
    Ground counted(1);
    const int steps = live(counted, which, 0, false);
    ASSERT_GT(steps, 0);
    for (int run = 2; run <= 2 * steps + 1; ++run) {
      const bool for_one_step = run % 2 == 1;
      SCOPED_TRACE("in cycle " + std::to_string(which) + " at step " + std::to_string(run / 2) + " of " +
                   std::to_string(steps) + (for_one_step ? " only" : " and on"));
      Ground g(1);
      live(g, which, run / 2, for_one_step);
      EXPECT_LE(g.cloud.most, 1) << "a machine was doubled";
      EXPECT_THAT(g.cloud.killed, IsEmpty());
      EXPECT_GT(g.cloud.ended.size(), 2U) << "and nothing half-made is waited for";
      EXPECT_LE(g.names().size(), 2U);
      for (const auto& machine : g.cloud.machines) EXPECT_THAT(g.names(), ::testing::Contains(machine.name));
      std::ranges::sort(g.cloud.ended);
      std::ranges::sort(g.sent);
      EXPECT_EQ(g.jobs("apel-archive"), g.cloud.ended) << "each record once";
      EXPECT_EQ(g.sent, g.cloud.ended);
      if (HasFailure()) return;
    }
  }
}

constexpr std::int64_t hour = 3'600, year = hour * 24 * 365;

/// A host whose clock is to be set while its uptime goes on.
struct Host {
  explicit Host(const Ground& g) : files(g.directory.path().string(), "vm") {}
  WatchedTime at(std::int64_t second, std::int64_t away = 0, const std::string& boot = "b") const {
    return watched_time(files, {.wall = moment(second + away), .uptime = seconds{1'000 + second}, .boot = boot});
  }
  Files files;
};

TEST(SpaceTrouble, AClockThatJumpsEndsNoMachineBeforeItsTime) {
  for (const std::int64_t jump : {hour, -hour, year, -year}) {
    SCOPED_TRACE(jump);
    Ground g(2);
    auto& type = g.space.types[0];
    type.max_wallclock = seconds{2 * hour};
    g.space.shutdown = moment(3 * hour);
    Host host(g);
    std::vector<std::int64_t> killed_at;
    for (std::int64_t second = 0; second <= 4 * hour; second += 120) {
      // Set wrong after half an hour, set right half an hour later; and once more, for good.
      const bool wrong = (second >= hour / 2 && second < hour) || second >= hour + hour / 2;
      const auto time = host.at(second, wrong ? jump : 0);
      ASSERT_EQ(time.jumped, wrong ? std::optional(seconds{jump}) : std::nullopt) << second;
      g.cloud.left_out = second >= hour - 240 && second < hour + 240 ? g.cloud.machines[0].name : "";
      g.cycle((time.now - moment(0)).count());
      while (killed_at.size() < g.cloud.killed.size()) killed_at.push_back(second);
      g.cloud.now = moment(second);
      g.cloud.all_run();
    }
    ASSERT_GE(killed_at.size(), 2U);
    EXPECT_EQ(killed_at[0], 2 * hour + 120) << "planned, and not late either";
    EXPECT_EQ(g.cloud.most, 2);
    for (const auto& record : g.jobs("apel-archive")) EXPECT_EQ(std::ranges::count(g.cloud.killed, record), 1);
    EXPECT_GE(g.jobs("apel-archive").size(), 2U);
  }
}

TEST(SpaceTrouble, HeartbeatsWhoseClockWasSetBackAreNotOld) {
  for (const bool known : {true, false}) {
    Ground g(1);
    g.space.types[0].heartbeat_file = "hb";
    g.space.types[0].heartbeat = seconds{900};
    // The file's time is that of this computer, so the cycle's must be near it.
    const auto real = (std::chrono::floor<seconds>(std::chrono::system_clock::now()) - moment(0)).count() + hour;
    g.cycle(real - 2 * hour);
    g.cloud.all_run();
    g.cycle(real - 2 * hour + 60);
    const std::string beat = "current/" + g.cloud.machines[0].name + "/joboutputs/hb";
    g.directory.write("var/lib/vcycle/shared/spaces/s.example.com/" + beat, "");
    if (known) g.files_behind = seconds{hour};
    g.cycle(real);
    EXPECT_EQ(g.cloud.killed.size(), known ? 0U : 1U);
  }
}

TEST(SpaceTrouble, WhatWasWrittenDownByAClockThatWasAheadHoldsNothingUp) {
  Ground g(1);
  g.cycle(year);
  g.cloud.all_run();
  g.cycle(year + 60);
  g.cloud.machines[0].created = g.cloud.machines[0].started = moment(0);
  g.cloud.machines[0].updated = moment(year + 70);
  g.cloud.machines[0].state = State::shut_down;
  g.cloud.remove_error = Error(Kind::conflict, "not now");
  g.space.types[0].fizzle = seconds{2 * year};  // an abort, then
  g.cycle(year + 120);
  EXPECT_EQ(g.cloud.removals, 1);
  g.cloud.remove_error.reset();
  g.space.types[0].fizzle = seconds{60};
  g.cycle(3'600);
  EXPECT_EQ(g.cloud.removals, 2) << "it need not wait for that year";
  EXPECT_THAT(g.cloud.machines, IsEmpty());
  g.cycle(3'660);
  EXPECT_EQ(g.cloud.creations, 2) << "nor need its type";
}

TEST(SpaceTrouble, AMachineThatCanBeLeftNoMessageIsDeleted) {
  Ground g(1);
  g.space.types[0].max_wallclock = seconds{1'000};
  g.cycle(0);
  g.cloud.all_run();
  g.cycle(60);
  // A folder stands where the message is to be; also root cannot write it.
  fs::create_directories(g.folder() + "/" + g.cloud.machines[0].name + "/joboutputs/shutdown_message/x");
  g.cycle(1'020);
  EXPECT_EQ(g.cloud.removals, 1);
  EXPECT_THAT(g.lines, ::testing::Contains(::testing::HasSubstr("Writing the shutdown message of")));
  EXPECT_THAT(g.cloud.machines, IsEmpty());
}

TEST(SpaceTrouble, AListThatHasNoneOfThemIsDoubtedForAnHour) {
  Ground g(4);
  for (const int second : {0, 60, 120, 180}) {
    g.cycle(second);
    g.cloud.all_run();
  }
  ASSERT_THAT(g.cloud.machines, SizeIs(4));
  const auto there = std::exchange(g.cloud.machines, {});
  std::int64_t second = 240;
  for (; second < 240 + hour; second += 300) {
    g.cycle(second);
    ASSERT_THAT(g.names(), SizeIs(4)) << second;
    ASSERT_EQ(g.cloud.creations, 4) << second;
  }
  g.cloud.machines = there;
  g.cycle(second);
  EXPECT_EQ(g.cloud.creations, 4) << "as if nothing had been";
  EXPECT_THAT(g.jobs("apel-archive"), IsEmpty());
  g.cloud.machines.resize(1);
  g.cycle(second + 60);
  g.cycle(second + 720);
  EXPECT_THAT(g.names("deleted"), SizeIs(3)) << "some may go at once";
  g.cloud.machines.clear();
  for (int later = 780; later < 780 + 2 * hour; later += 300) g.cycle(second + later);
  EXPECT_GT(g.cloud.creations, 4) << "and one alone needs no hour";
}

TEST(SpaceTrouble, ATimeThatStaysForADayIsBelieved) {
  Ground g;
  const Host host(g);
  constexpr std::int64_t day = 24 * hour;
  EXPECT_EQ(host.at(0).now, moment(0));
  EXPECT_EQ(host.at(7 * day).now, moment(7 * day)) << "vcycled was off for a week: that is no jump";
  EXPECT_EQ(host.at(7 * day + 60, 299).now, moment(7 * day + 60 + 299)) << "nor is a small correction";
  EXPECT_EQ(host.at(7 * day + 120, 299 + hour).now, moment(7 * day + 120 + 299));
  EXPECT_EQ(host.at(8 * day + 60, 299 + hour).jumped, seconds{hour});
  EXPECT_EQ(host.at(8 * day + 180, 299 + hour).now, moment(8 * day + 180 + 299 + hour));
  EXPECT_EQ(host.at(8 * day + 240, 299 + hour).jumped, std::nullopt);
  EXPECT_EQ(host.at(8 * day + 300, year, "another boot").now, moment(8 * day + 300 + year)) << "nothing is known";
  g.directory.write("var/lib/vcycle/clock", "rubbish");
  EXPECT_EQ(host.at(0).now, moment(0));
}

}  // namespace
}  // namespace nephele::fleet
