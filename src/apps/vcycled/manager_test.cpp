// SPDX-License-Identifier: Apache-2.0
#include "apps/vcycled/manager.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

#include "apps/vcycled/status.h"
#include "base/eventually.h"
#include "base/temp_directory.h"
#include "fleet/testing/fake_cloud.h"

namespace nephele::apps::vcycle {
namespace {

using fleet::testing::FakeCloud;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class FakeClouds final : public Clouds {
 public:
  Result<fleet::Cloud*> of(const fleet::Space& space) override {
    if (space.api == "openstack") return fail(Kind::invalid, "no way there");
    return &clouds[space.name];
  }
  std::map<std::string, FakeCloud> clouds;
};

struct Ground {
  explicit Ground(Manager::Settings settings = {.call_limit = std::chrono::seconds(120),
                                                .round_limit = std::chrono::seconds(8)},
                  const std::vector<std::string>& spaces = {"a.example.com", "b.example.com", "c.example.com"})
      : manager(files, threads, clouds, remote, log, settings) {
    directory.write("template", "#!/bin/sh\n");
    std::string text;
    for (const auto& space : spaces) {
      text += "[space " + space + "]\napi = nephele\nprocessors_limit = 10\n";
      text += "[machinetype " + space +
              " m]\nuser_data = /template\nflavor_names = small\nbackoff_seconds = 60\nfizzle_seconds = 60\n"
              "target_share = 1\n";
    }
    directory.write("etc/vcycle.conf", text);
  }
  std::vector<fleet::SpaceReport> round(std::int64_t second) {
    for (const char* name : {"a.example.com", "c.example.com"})
      clouds.clouds[name].now = fleet::Instant{fleet::seconds{1'700'000'000 + second}};
    return manager.round({.now = fleet::Instant{fleet::seconds{1'700'000'000 + second}}}, 1,
                         [] { std::this_thread::sleep_for(std::chrono::milliseconds(2)); });
  }

  TempDirectory directory;
  IoThreads threads{2};
  fleet::Files files{directory.path().string(), "vm"};
  LogLines log{directory / "log"};
  FakeClouds clouds;
  struct : fleet::Remote {
    Task<Result<std::string>> get(std::string url, SteadyTime) override {
      co_return fail(Kind::invalid, "Failed to read " + url + ": none");
    }
  } remote;
  Manager manager;
};

TEST(Manager, ADeadCloudDelaysNoOtherSpace) {
  Ground g;
  g.clouds.clouds["b.example.com"].silent = true;  // each call takes its whole limit
  const auto began = std::chrono::steady_clock::now();
  for (int second = 0; second < 300; second += 60) {
    const auto reports = g.round(second);
    std::vector<std::string> names;
    for (const auto& report : reports) names.push_back(report.space);
    EXPECT_THAT(names, ElementsAre("a.example.com", "c.example.com"));
  }
  EXPECT_LT(std::chrono::steady_clock::now() - began, std::chrono::seconds(25)) << "waited for once, not five times";
  EXPECT_EQ(g.clouds.clouds["a.example.com"].creations, 5);
  EXPECT_EQ(g.clouds.clouds["b.example.com"].creations, 0);
  EXPECT_THAT(read_reports(g.files), SizeIs(2));
}

TEST(Manager, WhatIsWrongWithASpaceIsToldAndForgottenWhenItIsMended) {
  Ground g;
  g.clouds.clouds["b.example.com"].list_error = Error(Kind::unavailable, "HTTP code 500");
  g.round(0);
  EXPECT_EQ(g.directory.read("var/lib/vcycle/factory-error"), "b.example.com: HTTP code 500\n");
  EXPECT_EQ(g.clouds.clouds["a.example.com"].creations, 1);
  g.clouds.clouds["b.example.com"].list_error.reset();
  g.round(60);
  EXPECT_FALSE(std::filesystem::exists(g.files.lib("factory-error")));
  EXPECT_EQ(g.directory.read("var/lib/vcycle/counts"), "0 30 0 30 0.00\n");
}

/// How many cycles have ended.
class Counting final : public Witness {
 public:
  void configured(const fleet::Configuration&) override {}
  void reported(const fleet::Space&, const fleet::SpaceReport&) override { ++cycles; }

  int cycles = 0;
};

TEST(Manager, WhatASlowCloudFailsWithIsToldAfterItsRoundToo) {
  Counting seen;
  Ground g(
      {.call_limit = std::chrono::milliseconds(200), .round_limit = std::chrono::milliseconds(0), .witnesses = {&seen}},
      {"b.example.com"});
  const auto path = g.files.lib("factory-error");
  const auto ended = [&](int cycles) {
    return eventually([&] {
      g.manager.tend();
      return seen.cycles == cycles;
    });
  };
  g.clouds.clouds["b.example.com"].silent = true;
  g.round(0);
  EXPECT_FALSE(std::filesystem::exists(path)) << "it may yet answer";
  ASSERT_TRUE(ended(1));
  EXPECT_THAT(g.directory.read("var/lib/vcycle/factory-error"), HasSubstr("b.example.com: "));
  g.round(60);
  EXPECT_TRUE(std::filesystem::exists(path)) << "nothing is known to be better";
  ASSERT_TRUE(ended(2));
  g.clouds.clouds["b.example.com"].silent = false;
  g.round(120);
  ASSERT_TRUE(ended(3));
  EXPECT_FALSE(std::filesystem::exists(path));
}

TEST(Manager, ACycleThatSawNothingLeavesWhatTheLastOneSaw) {
  Ground g;
  for (const int second : {0, 60}) g.round(second);
  const auto before = read_reports(g.files, "a.example.com");
  ASSERT_THAT(before, SizeIs(1));
  ASSERT_THAT(before[0].seen, ::testing::Not(IsEmpty()));
  g.clouds.clouds["a.example.com"].list_error = Error(Kind::unavailable, "HTTP code 500");
  g.round(120);
  const auto after = read_reports(g.files, "a.example.com");
  ASSERT_THAT(after, SizeIs(1));
  EXPECT_THAT(after[0].seen, SizeIs(before[0].seen.size())) << "its machines have not gone";
  EXPECT_EQ(after[0].began, before[0].began) << "nor are they younger than they are";
  EXPECT_EQ(after[0].error, "HTTP code 500");
}

TEST(Manager, AFileThatIsBrokenTakesNoLimitAlong) {
  Ground g;
  const std::string type = "[machinetype a.example.com m]\n";
  g.directory.write("etc/vcycle.d/unused.conf", "");
  g.directory.write("etc/vcycle.conf", g.directory.read("etc/vcycle.conf") + type + "max_wallclock_seconds = 604800\n");
  g.round(0);
  auto& cloud = g.clouds.clouds["a.example.com"];
  cloud.all_run();
  const auto whole = g.directory.read("etc/vcycle.conf");
  g.directory.write("etc/vcycle.d/unused.conf", whole.substr(0, whole.rfind(type)));  // all but the longer life
  g.directory.write("etc/vcycle.conf", whole + "a line that is none\n");
  g.round(100'000);
  EXPECT_THAT(cloud.killed, IsEmpty()) << "planned draining would not";
  EXPECT_THAT(g.directory.read("var/lib/vcycle/factory-error"), HasSubstr("what it said last goes on"));
  g.round(700'000);
  EXPECT_FALSE(cloud.killed.empty()) << "and its planned end comes";
}

TEST(Manager, ASpaceThatLeftTheConfigurationIsShownNoMore) {
  Ground g;
  g.round(0);
  EXPECT_THAT(read_reports(g.files), SizeIs(3));
  const auto text = g.directory.read("etc/vcycle.conf");
  const auto last = text.substr(0, text.find("[space c.example.com]"));
  g.directory.write("etc/vcycle.conf", last + "[space c.example.com]\napi = nephele\nprocessors_limit = many\n");
  g.round(60);
  EXPECT_THAT(read_reports(g.files), SizeIs(3)) << "it may be mended in a minute";
  g.directory.write("etc/vcycle.conf", last);
  g.round(120);
  EXPECT_THAT(read_reports(g.files), SizeIs(2));
  EXPECT_EQ(g.directory.read("var/lib/vcycle/counts"), "0 20 0 20 0.00\n");
}

TEST(Manager, WarningsOfAConfigurationAreSaidOnce) {
  Ground g({}, {"a.example.com"});
  ASSERT_TRUE(g.log.reopen());
  const auto text = g.directory.read("etc/vcycle.conf");
  const auto said = [&](const std::string& option) {
    const auto log = g.directory.read("log");
    std::size_t count = 0;
    for (auto found = log.find(option); found != std::string::npos; found = log.find(option, found + 1)) ++count;
    return count;
  };
  g.directory.write("etc/vcycle.conf", text + "[space a.example.com]\naccess_key = AKIA\n");
  for (const int second : {0, 60, 120}) g.round(second);
  EXPECT_EQ(said("access_key does nothing with api = nephele; it is an option of ec2"), 1U);
  g.directory.write("etc/vcycle.conf", text + "[space a.example.com]\naccess_key = AKIA\ntenant_id = t\n");
  for (const int second : {180, 240}) g.round(second);
  EXPECT_EQ(said("access_key does nothing"), 1U);
  EXPECT_EQ(said("tenant_id does nothing"), 1U);
  g.directory.write("etc/vcycle.conf", text);
  g.round(300);
  g.directory.write("etc/vcycle.conf", text + "[space a.example.com]\naccess_key = AKIA\n");
  g.round(360);
  EXPECT_EQ(said("access_key does nothing"), 2U) << "somebody has written it again";
  EXPECT_EQ(said("AKIA"), 0U);
}

TEST(Manager, SecretsInUrlsAreShownNowhere) {
  Ground g({}, {"a.example.com", "b.example.com"});
  ASSERT_TRUE(g.log.reopen());
  const auto text = g.directory.read("etc/vcycle.conf");
  g.directory.write("etc/vcycle.conf", text +
                                           "[machinetype a.example.com m]\n"
                                           "user_data = https://me:hunter2@web.example.com/t?token=hunter3\n");
  g.clouds.clouds["b.example.com"].list_error =
      Error(Kind::unavailable, "https://cloud.example.com/list?sig=hunter4 gives no answer");
  g.round(0);
  const std::string shown = "Failed to read https://***@web.example.com/t?token=***: none";
  const auto log = g.directory.read("log"), status = g.directory.read("var/lib/vcycle/status/a.example.com.json");
  const auto problem = g.directory.read("var/lib/vcycle/factory-error");
  EXPECT_THAT(log, HasSubstr(shown));
  EXPECT_THAT(status, HasSubstr(shown));
  EXPECT_EQ(problem, "b.example.com: https://cloud.example.com/list?sig=*** gives no answer\n");
  EXPECT_THAT(log + status + problem, ::testing::Not(HasSubstr("hunter")));
}

TEST(Manager, EndingIsSoonThoughACloudIsDead) {
  Ground g;
  g.clouds.clouds["b.example.com"].silent = true;
  g.round(0);  // has given up waiting for it
  const auto began = std::chrono::steady_clock::now();
  g.manager.end(std::chrono::milliseconds(200));
  EXPECT_LT(std::chrono::steady_clock::now() - began, std::chrono::seconds(5));
  EXPECT_THAT(g.round(60), IsEmpty()) << "nothing more is begun";
}

}  // namespace
}  // namespace nephele::apps::vcycle
