// SPDX-License-Identifier: Apache-2.0
#include "fleet/adapters/embedded.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <map>
#include <set>

#include "base/eventually.h"
#include "base/testing/child.h"
#include "base/text_file.h"
#include "compute/testing/stack.h"
#include "fleet/adapters/embedded_images.h"
#include "fleet/adapters/image_cache.h"
#include "fleet/adapters/testing/web_server.h"
#include "sql/testing/test_databases.h"
#include "sql/testing/with_loop.h"

namespace nephele::fleet {
namespace {

using compute::MachineEvent;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

/// The adapter over real compute, operations and bus; only the machines are not real.
class Stack : public compute::testing::Stack {
 public:
  Stack(sql::Database& database, IoThreads& running)
      : compute::testing::Stack(database, running, std::chrono::seconds(2)) {
    start();
  }

  std::vector<CloudMachine> list() { return loop.run(cloud.list(in(std::chrono::seconds(5)))).value(); }
  Result<std::string> create(NewMachine wanted) {
    return loop.run(cloud.create(std::move(wanted), in(std::chrono::seconds(5))));
  }
  static NewMachine wanted(const std::string& name) {
    NewMachine out{.name = name, .space = "s", .machinetype = "a", .image = "image:function"};
    out.memory_mib = 128;
    out.user_data = Secret("#!/bin/sh\n");
    return out;
  }
  bool becomes(State state) {
    return eventually([&] { return list().size() == 1 && list()[0].state == state; });
  }

  EmbeddedCloud cloud{database(), compute, "s"};
};

class EmbeddedCloudTest : protected sql::testing::WithLoop, public sql::testing::TestDatabases {
 protected:
  void SetUp() override {
    std::vector<sql::Migration> steps;
    compute::testing::migrate_all([&steps](const auto& part) { steps.insert(steps.end(), part.begin(), part.end()); });
    migrate(steps);
    stack = std::make_unique<Stack>(database(), loop);
  }
  void TearDown() override { stack.reset(); }

  std::unique_ptr<Stack> stack;
};

TEST_P(EmbeddedCloudTest, AMachineRunsStopsAndGoes) {
  stack->backend.hold_ready(true);
  auto wanted = Stack::wanted("vcycle-a-0123456789");
  wanted.public_key = "ssh-ed25519 AAAA root's";
  const auto id = stack->create(std::move(wanted));
  ASSERT_TRUE(id) << id.error().sentence();
  EXPECT_TRUE(stack->becomes(State::starting));
  stack->backend.release();
  ASSERT_TRUE(stack->becomes(State::running));
  const auto machine = stack->list()[0];
  EXPECT_EQ(machine.id, *id);
  EXPECT_EQ(machine.machinetype, "a");
  EXPECT_THAT(machine.ip, HasSubstr("127.96."));
  EXPECT_TRUE(machine.started);
  const auto context = stack->backend.machine(1)->files.at("context.sh");
  EXPECT_THAT(context, HasSubstr("USER_DATA='IyEvYmluL3NoCg=='"));
  EXPECT_THAT(context, HasSubstr("NAME='vcycle-a-0123456789'"));
  EXPECT_THAT(context, HasSubstr("SSH_PUBLIC_KEY='ssh-ed25519 AAAA root'\\''s'"));

  stack->backend.happens(1, MachineEvent::What::guest_shutdown);
  ASSERT_TRUE(stack->becomes(State::shut_down)) << "and it is not started again";
  for (int twice = 0; twice < 2; ++twice)
    EXPECT_TRUE(
        stack->loop.run(stack->cloud.remove({.name = "vcycle-a-0123456789", .id = *id}, in(std::chrono::seconds(5)))));
  EXPECT_TRUE(eventually([&] { return stack->list().empty(); }));
  EXPECT_EQ(stack->backend.machines(), 0U);
}

TEST_P(EmbeddedCloudTest, RefusalsAreCertain) {
  auto other = Stack::wanted("vcycle-a-0123456789");
  other.image = "https://repo/image.iso";
  EXPECT_EQ(stack->create(other).error().kind(), Kind::invalid);
  other.image = "image:none";
  EXPECT_EQ(stack->create(other).error().kind(), Kind::not_found);
  other.image = "image:function";
  other.memory_mib = 1'000'000;
  EXPECT_EQ(stack->create(other).error().kind(), Kind::over_quota);
  EXPECT_THAT(stack->list(), IsEmpty());
}

/// An archive of these files in a folder, as the real tar makes it.
std::string archive(const std::vector<std::string>& options, const std::map<std::string, std::string>& files) {
  const TempDirectory folder;
  for (const auto& [name, text] : files) folder.write("image/" + name, text);
  std::vector<std::string> words{"/usr/bin/tar", "-C", folder.path().string(), "-cf", folder / "made.tar"};
  words.insert(words.end(), options.begin(), options.end());
  words.emplace_back("image");
  const auto child = nephele::testing::start_child(
      {.words = words, .log = folder / "log", .folder = folder.path().string(), .as = {}});
  int status = -1;
  EXPECT_TRUE(nephele::testing::ended_within(child, std::chrono::seconds(30), &status));
  EXPECT_EQ(status, 0) << folder.read("log");
  return folder.read("made.tar");
}

TEST_P(EmbeddedCloudTest, AnImageFromAUrlIsRegisteredOnceForEachVersion) {
  testing::WebServer web;
  const TempDirectory folder;
  Workers workers{"files", 1, 16};
  ImageCache cache(folder / "imagecache", {}, workers, [](const std::string&) {});
  EmbeddedImages images(cache, stack->shelf, workers);
  EmbeddedCloud cloud(stack->database(), stack->compute, "s", &images);
  std::map<std::string, std::string> files{{"vmlinux", std::string(700'000, 'k')},
                                           {"initrd.img", "i"},
                                           {"root.qcow2", "r"},
                                           {"cmdline", "quiet"},
                                           {"x", "y"}};
  auto wanted = Stack::wanted("vcycle-a-0123456789");
  wanted.image = web.url("/image.tar");
  const auto create = [&](const std::string& name) {
    wanted.name = name;
    stack->loop.run(cloud.facts(in(std::chrono::seconds(5)))).value();
    return stack->loop.run(cloud.create(wanted, in(std::chrono::seconds(20))));
  };
  const auto registered = [&] { return stack->loop.run(stack->shelf.list()).value(); };

  web.put("image.tar", archive({}, files), 1);
  for (const char* name : {"vcycle-a-0000000001", "vcycle-a-0000000002"}) {
    const auto made = create(name);
    ASSERT_TRUE(made) << made.error().sentence();
  }
  ASSERT_THAT(registered(), ::testing::SizeIs(2)) << "and \"function\"";
  files["root.qcow2"] = "newer";
  web.put("image.tar", archive({"--format=ustar"}, files), 2);
  ASSERT_TRUE(create("vcycle-a-0000000003"));
  const auto all = registered();
  ASSERT_THAT(all, ::testing::SizeIs(3));
  std::multiset<std::string> kernels, roots;
  for (const auto& image : all) {
    kernels.insert(read_text_file(image.directory + "/vmlinux", 1'000'000).value_or("").substr(0, 2));
    roots.insert(read_text_file(image.directory + "/root.qcow2", 1'000).value_or(""));
  }
  EXPECT_THAT(kernels, ::testing::ElementsAre("kk", "kk", "vm"));
  EXPECT_THAT(roots, ::testing::ElementsAre("newer", "r", "root.qcow2"));

  struct Case {
    std::string content, told;
  };
  const std::string good = archive({}, files);
  files.erase("cmdline");
  for (const auto& [content, told] :
       {Case{archive({}, files), "holds no cmdline"}, Case{archive({"-z"}, files), "`tar cf` makes it"},
        Case{good.substr(0, 300'000), "it ends in the middle"}, Case{std::string(10'000, 'x'), "no tar archive"}}) {
    static int version = 10;
    web.put("image.tar", content, ++version);
    const auto refused = create("vcycle-a-0000000004");
    ASSERT_FALSE(refused) << told;
    EXPECT_FALSE(may_have_happened(refused.error().kind()));
    EXPECT_THAT(refused.error().sentence(), HasSubstr(told));
  }
  EXPECT_THAT(registered(), ::testing::SizeIs(3));
  for (const auto& entry : std::filesystem::directory_iterator(folder / "imagecache"))
    EXPECT_FALSE(entry.path().filename().string().starts_with(".unpacked")) << "nothing stays behind";
}

TEST_P(EmbeddedCloudTest, TheHostsProcessorsAreTheLimitWhereNoneIsSet) {
  const auto facts = stack->loop.run(stack->cloud.facts(in(std::chrono::seconds(5))));
  ASSERT_TRUE(facts);
  EXPECT_EQ(facts->processors_limit, 8);
}

TEST(EmbeddedCloudStates, WhatIsBroughtBackIsOfUnknownState) {
  compute::Server server;
  server.generation = 2;
  server.observed = compute::Observed::starting;
  server.activity = compute::Activity::restarting;
  EXPECT_EQ(state_of(server), State::unknown);
  server.observed = compute::Observed::error;
  EXPECT_EQ(state_of(server), State::unknown);
  server.activity = compute::Activity::none;
  EXPECT_EQ(state_of(server), State::failed);
  server.desired = compute::Desired::deleted;
  EXPECT_EQ(state_of(server), State::deleting);
}

INSTANTIATE_TEST_SUITE_P(Engines, EmbeddedCloudTest, sql::testing::all_engines(), sql::testing::engine_name);

}  // namespace
}  // namespace nephele::fleet
