// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <set>

#include "base/secret.h"
#include "base/text_file.h"
#include "fleet/testing/space_ground.h"

namespace nephele::fleet {
namespace {

namespace fs = std::filesystem;
using ::testing::Contains;
using testing::Died;
using ::testing::ElementsAre;
using ::testing::Field;
using testing::Ground;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::moment;
using ::testing::SizeIs;

TEST(SpaceCycle, AMachineHasItsWholeLife) {
  Ground g(1);
  g.space.gocdb_sitename = "UKI-TEST";
  g.cycle(0);
  ASSERT_THAT(g.cloud.machines, SizeIs(1));
  const std::string name = g.cloud.machines[0].name;
  EXPECT_THAT(name, ::testing::MatchesRegex("vcycle-a-[a-z0-9]{10}"));
  EXPECT_EQ(g.cloud.last->user_data.reveal(), "#!/bin/sh\n# " + name);
  EXPECT_EQ(g.state(name + "/manager"), "vm");
  EXPECT_EQ(g.state(name + "/joboutputs_token"), "(none)") << "its template has no place for one";
  EXPECT_EQ(g.state(name + "/jobfeatures/job_id"), "u-1");
  EXPECT_EQ(g.state(name + "/jobfeatures/max_rss_bytes"), "2147483648");
  EXPECT_EQ(g.state(name + "/machinefeatures/shutdowntime"), to_text(moment(86'400)));
  EXPECT_THAT(g.lines, Contains(HasSubstr("Created " + name + " (u-1) for a within s.example.com")));

  g.cloud.all_run();
  g.cycle(60);
  EXPECT_EQ(g.state(name + "/started"), to_text(moment(0)));
  EXPECT_THAT(g.lines, Contains(HasSubstr("= " + name + " in s.example.com::a 1 0.0.0.0 Running")));
  EXPECT_THAT(g.cloud.machines, SizeIs(1)) << "the limit is one";

  g.directory.write("var/lib/vcycle/shared/spaces/s.example.com/current/" + name + "/joboutputs/shutdown_message",
                    "200 Success\n");
  g.cloud.end_after(seconds{100});
  g.cloud.now = moment(120);
  g.cloud.end_after(seconds{100});
  const auto report = g.cycle(120);
  EXPECT_THAT(report.decisions, Contains(Field(&Decision::what, "deleted")));
  EXPECT_THAT(g.cloud.machines, IsEmpty());
  EXPECT_THAT(g.jobs("apel-archive"), ElementsAre("u-1"));
  EXPECT_THAT(g.jobs("apel-outgoing"), ElementsAre("u-1"));

  g.cycle(180);
  EXPECT_THAT(g.names("deleted"), ElementsAre(name));
  EXPECT_FALSE(fs::exists(g.folder("deleted") + "/" + name + "/user_data")) << "it may hold secrets";
  EXPECT_THAT(g.cloud.machines, SizeIs(1)) << "a new one follows";
  EXPECT_THAT(g.jobs("apel-archive"), SizeIs(1));
}

TEST(SpaceCycle, AMachineWhoseTemplateAsksForATokenHasOneOfItsOwn) {
  Ground g(3);
  g.directory.write("template", "TOKEN=##user_data_joboutputs_token##.");
  std::set<std::string> tokens;
  for (const int second : {0, 60, 120}) {
    g.cycle(second);
    const std::string name = g.cloud.last->name, told = g.cloud.last->user_data.reveal();
    ASSERT_THAT(told, ::testing::MatchesRegex("TOKEN=[A-Za-z0-9_-]{43}\\."));
    const std::string token = told.substr(6, 43);
    tokens.insert(token);
    EXPECT_EQ(g.state(name + "/joboutputs_token"), sha256_hex(token));
    EXPECT_EQ(fs::status(g.folder() + "/" + name + "/joboutputs_token").permissions(),
              fs::perms::owner_read | fs::perms::owner_write);
    for (const auto& line : g.lines) EXPECT_FALSE(line.contains(token));
    for (const auto& [key, value] : g.cloud.last->metadata) EXPECT_FALSE(value.contains(token)) << key;
  }
  EXPECT_THAT(tokens, SizeIs(3));
}

TEST(SpaceCycle, KillingItAtAnyStepDoublesNothingAndForgetsNothing) {
  // How many steps there are, and when.
  const auto life = [](Ground& g, int die_in, int die_at, bool sends = true) {
    g.space.gocdb_sitename = "UKI-TEST";
    constexpr std::array times{0, 60, 120, 180, 240, 300, 360};
    for (std::size_t i = 0; i < times.size(); ++i) {
      g.cloud.now = moment(times.at(i));
      g.cloud.end_after(seconds{100});
      g.steps_seen.clear();
      try {
        g.cycle(times.at(i), "vm", static_cast<int>(i) == die_in ? die_at : 0);
      } catch (const Died&) {
        if (sends) g.send();        // ssmsend does not wait for us
        g.cycle(times.at(i) + 20);  // started again
      }
      if (static_cast<int>(i) == die_in && die_at == 0) return static_cast<int>(g.steps_seen.size());
      g.cloud.all_run();
      g.send();
    }
    return 0;
  };
  for (int die_in = 0; die_in < 5; ++die_in) {
    Ground counted(1);
    const int steps = life(counted, die_in, 0);
    ASSERT_GT(steps, 0);
    for (int run = 2; run <= 2 * steps + 1; ++run) {
      const int die_at = run / 2;
      Ground g(1);
      life(g, die_in, die_at, run % 2 == 0);
      // A folder whose machine was perhaps never made is waited for before the next one.
      for (const int second : {700, 760, 820, 880, 940, 1'000, 1'060, 1'120, 1'180, 1'240}) {
        g.cloud.now = moment(second);
        g.cloud.end_after(seconds{100});
        g.cycle(second);
        g.cloud.all_run();
        g.send();
      }
      SCOPED_TRACE("in cycle " + std::to_string(die_in) + " at step " + std::to_string(die_at));
      EXPECT_LE(g.cloud.most, 1) << "a machine was doubled";
      EXPECT_LE(g.names().size(), 2U);
      for (const auto& name : g.names("deleted"))
        EXPECT_FALSE(fs::exists(g.folder("deleted") + "/" + name + "/ending")) << "nothing is left to be read there";
      EXPECT_GT(g.cloud.ended.size(), 2U);
      std::ranges::sort(g.cloud.ended);
      std::ranges::sort(g.sent);
      EXPECT_EQ(g.jobs("apel-archive"), g.cloud.ended);
      EXPECT_EQ(g.sent, g.cloud.ended);
      if (::testing::Test::HasFailure()) return;
    }
  }
}

TEST(SpaceCycle, AListingThatFailsChangesNothing) {
  Ground g;
  g.cycle(0);
  g.cloud.all_run();
  const auto before = g.names();
  for (const Kind kind : {Kind::unavailable, Kind::unauthorized, Kind::timeout, Kind::internal}) {
    g.cloud.list_error = Error(kind, "half a page");
    const auto report = g.cycle(100'000);
    EXPECT_EQ(report.error, "half a page");
    EXPECT_THAT(g.lines, Contains("Giving up on s.example.com this cycle: half a page"));
  }
  g.cloud.list_error.reset();
  g.cloud.facts_error = Error(Kind::unauthorized, "401");
  EXPECT_EQ(g.cycle(100'000).error, "401");
  g.cloud.facts_error.reset();
  g.cloud.silent = true;
  EXPECT_THAT(g.cycle(100'000).error, HasSubstr("the cloud of s.example.com")) << "no answer within the call's limit";
  EXPECT_EQ(g.names(), before);
  EXPECT_EQ(g.cloud.removals, 0);
  EXPECT_EQ(g.cloud.creations, 1);
}

TEST(SpaceCycle, ACreationWithoutAnAnswerCountsAsMade) {
  Ground g(1);
  g.cloud.create_error = Error(Kind::timeout, "no answer");
  g.cloud.happens_anyway = true;
  g.cycle(0);
  g.cloud.create_error.reset();
  g.cloud.left_out = g.cloud.machines.at(0).name;  // the cloud is slow to list it, too
  for (const int second : {60, 120, 180}) g.cycle(second);
  EXPECT_EQ(g.cloud.creations, 1);
  g.cloud.left_out.clear();
  g.cloud.all_run();
  g.cycle(240);
  EXPECT_EQ(g.state(g.cloud.machines.at(0).name + "/jobfeatures/job_id"), "u-1");
  EXPECT_EQ(g.state(g.cloud.machines.at(0).name + "/started"), to_text(moment(180)));
}

TEST(SpaceCycle, ACreationThatNeverHappenedIsForgottenAfterAWhile) {
  Ground g(1);
  g.cloud.create_error = Error(Kind::timeout, "no answer");
  g.cycle(0);
  g.cloud.create_error.reset();
  for (int second = 60; second < 600; second += 60) g.cycle(second);
  EXPECT_EQ(g.cloud.creations, 1);
  for (int second = 600; second < 900; second += 60) g.cycle(second);
  EXPECT_THAT(g.cloud.machines, SizeIs(1));
  EXPECT_THAT(g.names("deleted"), SizeIs(1));
}

TEST(SpaceCycle, RefusedCreationsAreMovedAwayAndTriedLess) {
  Ground g(30);
  g.cloud.create_error = Error(Kind::invalid, "no such image");
  std::vector<int> attempts;
  for (int second = 0; second < 600; second += 60) {
    const int before = g.cloud.creations;
    g.cycle(second);
    attempts.push_back(g.cloud.creations - before);
  }
  EXPECT_THAT(attempts, ElementsAre(1, 1, 0, 1, 0, 0, 0, 1, 0, 0));
  EXPECT_THAT(g.names(), IsEmpty());
  EXPECT_THAT(g.names("deleted"), SizeIs(4));
}

TEST(SpaceCycle, OverQuotaEndsTheCyclesCreations) {
  Ground g(100);
  auto other = g.space.types[0];
  other.name = "b";
  g.space.types.push_back(other);
  g.cloud.create_error = Error(Kind::over_quota, "quota exceeded");
  g.cycle(0);
  EXPECT_EQ(g.cloud.creations, 1);
}

TEST(SpaceCycle, AMachineLeftOutOfOneListingKeepsItsFiles) {
  Ground g(1);
  g.cycle(0);
  g.cloud.all_run();
  g.cycle(60);
  const std::string name = g.cloud.machines[0].name;
  g.cloud.left_out = name;
  g.cycle(7'200);
  EXPECT_THAT(g.names(), ElementsAre(name));
  EXPECT_EQ(g.cloud.creations, 1) << "it still counts";
  g.cloud.left_out.clear();
  g.cycle(7'260);
  EXPECT_FALSE(fs::exists(g.folder() + "/" + name + "/missing_since"));
}

TEST(SpaceCycle, OneThatVanishedIsAccountedAndTakenBackWhenItShowsUp) {
  Ground g(1);
  g.cycle(0);
  g.cloud.all_run();
  g.cycle(60);
  g.cycle(3'600);
  const auto machine = g.cloud.machines[0];
  g.cloud.left_out = machine.name;
  for (int second = 3'660; second < 4'260; second += 60) g.cycle(second);
  EXPECT_THAT(g.names(), ElementsAre(machine.name)) << "ten minutes are not over yet";
  EXPECT_THAT(g.jobs("apel-archive"), IsEmpty());
  EXPECT_EQ(g.cloud.creations, 1) << "it still counts";
  g.cycle(4'260);
  EXPECT_THAT(g.names("deleted"), ElementsAre(machine.name));
  EXPECT_THAT(g.jobs("apel-archive"), ElementsAre("u-1"));
  EXPECT_THAT(read_text_file(g.folder("deleted") + "/" + machine.name + "/ended", 4'096).value_or(""),
              HasSubstr("EndTime: " + to_text(moment(3'600))))
      << "when it was seen last";
  EXPECT_FALSE(fs::exists(g.directory / "var/lib/vcycle/shared/last_abort_times/s.example.com/a"));
  g.cloud.left_out.clear();
  g.cycle(4'320);
  EXPECT_THAT(g.names(), Contains(machine.name));
  g.cloud.end_after(seconds{0});
  g.cycle(4'380);
  g.cycle(4'440);
  EXPECT_EQ(std::ranges::count(g.jobs("apel-archive"), "u-1"), 1);
}

TEST(SpaceCycle, WhatItKillsIsAccountedThoughItIsGoneAtOnce) {
  Ground g(1);
  g.space.types[0].max_wallclock = seconds{1'000};
  g.cycle(0);
  g.cloud.all_run();
  g.cycle(60);
  const std::string name = g.cloud.machines[0].name;
  g.cycle(1'020);
  EXPECT_EQ(g.state(name + "/joboutputs/shutdown_message"), "700 Exceeded max_wallclock_seconds");
  EXPECT_THAT(g.cloud.machines, IsEmpty());
  g.cycle(1'080);
  EXPECT_THAT(g.jobs("apel-archive"), ElementsAre("u-1"));
  EXPECT_THAT(g.jobs("apel-outgoing"), IsEmpty()) << "no gocdb_sitename";
}

TEST(SpaceCycle, TheUserOfARecordIsTheFactoryOrTheMachine) {
  for (const bool machine : {false, true}) {
    Ground g(1);
    if (machine) g.space.accounting_user = "machine";
    g.cycle(0);
    g.cloud.all_run();
    g.cycle(60);
    const std::string name = g.cloud.machines[0].name;
    g.cloud.now = moment(120);
    g.cloud.end_after(seconds{100});
    g.cycle(120);
    EXPECT_THAT(read_text_file(g.folder() + "/" + name + "/ended", 4'096).value_or(""),
                HasSubstr("LocalUserId: " + (machine ? name : "vm") + "\\n"));
  }
}

TEST(SpaceCycle, AMachineMayTellItsCpuTimeButNoMoreThanThereIs) {
  const std::pair<const char*, const char*> told[] = {
      {" 70.9\n", "70"}, {"0", "0"},          {"101", "100"},   {"1e30", "100"}, {"-5", "100"},
      {"nan", "100"},    {"infinity", "100"}, {"12 34", "100"}, {"", "100"},     {"70 and more", "100"}};
  for (const auto& [text, filed] : told) {
    Ground g(1);
    g.cycle(0);
    g.cloud.all_run();
    g.cycle(60);
    const std::string name = g.cloud.machines[0].name;
    g.directory.write("var/lib/vcycle/shared/spaces/s.example.com/current/" + name + "/joboutputs/cpu_seconds", text);
    g.cloud.now = moment(120);
    g.cloud.end_after(seconds{100});
    g.cycle(120);
    const auto ended = read_text_file(g.folder() + "/" + name + "/ended", 4'096).value_or("");
    EXPECT_THAT(ended, HasSubstr("WallDuration: 100\\nCpuDuration: " + std::string(filed) + "\\n")) << text;
  }
}

TEST(SpaceCycle, AMessageOfTheMachineIsNeverReplaced) {
  Ground g(1);
  g.space.types[0].max_wallclock = seconds{1'000};
  g.cycle(0);
  g.cloud.all_run();
  g.cycle(60);
  const std::string name = g.cloud.machines[0].name;
  g.directory.write("var/lib/vcycle/shared/spaces/s.example.com/current/" + name + "/joboutputs/shutdown_message",
                    "200 done");
  g.cycle(1'020);
  EXPECT_EQ(g.state(name + "/joboutputs/shutdown_message"), "200 done");
}

TEST(SpaceCycle, AnAbortIsRememberedAndAProbeFollows) {
  Ground g(30);
  g.cycle(0);
  g.cloud.all_run();
  g.cycle(60);
  ASSERT_THAT(g.cloud.machines, SizeIs(6));
  g.directory.write(
      "var/lib/vcycle/shared/spaces/s.example.com/current/" + g.cloud.machines[0].name + "/joboutputs/shutdown_message",
      "300 Nothing to do");
  g.cloud.machines[0].state = State::shut_down;
  g.cloud.machines[0].updated = moment(110);
  g.cycle(120);
  EXPECT_EQ(g.directory.read("var/lib/vcycle/shared/last_abort_times/s.example.com/a"), to_text(moment(110)));
  EXPECT_THAT(g.lines, Contains(HasSubstr("shuts down with message \"300 Nothing to do\"")));
  EXPECT_THAT(g.lines, Contains("For s.example.com:a minimum fizzle_seconds=110 ?"));
  EXPECT_THAT(g.lines, Contains("Minimum a fizzle_seconds=110 ?"));
  EXPECT_THAT(g.lines, Contains("Free capacity found for a ... but only 10 seconds after last abort"));
}

TEST(SpaceCycle, ACloudThatDoesNotAnswerIsAskedForOneDeletionACycle) {
  Ground g(30);
  g.cycle(0);
  g.cloud.all_run();
  g.cycle(60);
  g.cloud.all_run();
  g.cloud.end_after(seconds{0});
  ASSERT_THAT(g.cloud.machines, SizeIs(6));
  g.space.types[0].target_share = 0;
  g.cloud.remove_error = Error(Kind::timeout, "no answer");
  const auto asked = [&](int second) {
    g.steps_seen.clear();
    EXPECT_EQ(g.cycle(second).error, "");
    std::vector<std::string> out;
    for (const auto& step : g.steps_seen)
      if (step.starts_with("cloud remove ")) out.push_back(step);
    return out;
  };
  const auto first = asked(120);
  EXPECT_THAT(first, SizeIs(1));
  EXPECT_THAT(g.lines, Contains(HasSubstr("Nothing more is deleted in s.example.com this cycle")));
  const auto second = asked(180);
  EXPECT_THAT(second, SizeIs(1));
  EXPECT_NE(first, second) << "each has its turn";
  g.cloud.remove_error = Error(Kind::conflict, "it is locked");
  EXPECT_THAT(asked(240), SizeIs(6)) << "what one is refused says nothing of the others";
}

TEST(SpaceCycle, ACycleThatTakesLongLeavesTheRestToTheNext) {
  Ground g(30);
  g.longest = seconds{0};
  g.cycle(0);
  EXPECT_EQ(g.cloud.creations, 1) << "three would be its share of this cycle";
  g.cycle(60);
  EXPECT_EQ(g.cloud.creations, 2);
  g.cloud.all_run();
  g.cycle(120);
  g.cloud.end_after(seconds{0});
  ASSERT_THAT(g.cloud.ended, SizeIs(2));
  g.cycle(180);
  EXPECT_EQ(g.cloud.removals, 1);
  g.cycle(240);
  EXPECT_EQ(g.cloud.removals, 2);
}

TEST(SpaceCycle, ALongTemplateIsReadWholeOrNotAtAll) {
  Ground g(30);
  std::string text = "#!/bin/sh\n";
  for (int i = 0; i < 3'000; ++i) text += "##user_data_option_x##";
  g.directory.write("template", text + "the end\n");
  g.cycle(0);
  ASSERT_TRUE(g.cloud.last);
  EXPECT_EQ(g.cloud.last->user_data.reveal(), "#!/bin/sh\nthe end");
  while (text.size() <= std::size_t{1} << 20U) text += text;
  g.directory.write("template", text);
  const int before = g.cloud.creations;
  g.cycle(60);
  EXPECT_EQ(g.cloud.creations, before);
  EXPECT_THAT(g.lines, Contains(HasSubstr("it is larger than 1 MiB")));
}

TEST(SpaceCycle, AReportReadsBackWhole) {
  Ground g(10);
  g.cycle(0);
  g.cloud.all_run();
  const auto report = g.cycle(60);
  const auto read = report_from(to_json(report));
  ASSERT_TRUE(read);
  EXPECT_EQ(json::write(to_json(*read)), json::write(to_json(report)));
  EXPECT_THAT(read->seen, SizeIs(2)) << "the one of before, and the one just made";
}

}  // namespace
}  // namespace nephele::fleet
