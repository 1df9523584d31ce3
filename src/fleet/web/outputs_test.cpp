// SPDX-License-Identifier: Apache-2.0
#include "fleet/web/outputs.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "base/temp_directory.h"

namespace nephele::fleet::web {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

struct Ground {
  Ground() {
    fs::create_directories(machine + "/joboutputs");
    limits = {.file = Bytes::of(100), .machine = Bytes::of(250), .files = 3, .free = Bytes::of(0)};
  }

  /// "ok", or the kind of what is in the way.
  std::string put(const std::string& name, std::size_t bytes, bool declared = true) {
    auto upload = outputs.begin(machine, name, declared ? bytes : 0, limits);
    if (!upload) return kind(upload.error());
    const std::string text(bytes, 'x');
    if (const auto added = (*upload)->add(std::as_bytes(std::span(text))); !added) return kind(added.error());
    const auto done = (*upload)->commit();
    return done ? "ok" : kind(done.error());
  }
  static std::string kind(const Error& error) {
    switch (error.kind()) {
      case Kind::invalid:
        return "too long";
      case Kind::over_quota:
        return "full";
      case Kind::not_found:
        return "not there";
      case Kind::busy:
        return "busy";
      default:
        return error.sentence();
    }
  }
  std::vector<std::string> names() const { return *names_in(machine + "/joboutputs"); }
  std::vector<std::string> temporary() const { return *names_in(files.shared("tmp")); }

  TempDirectory directory;
  Files files{directory.path().string(), "vm"};
  std::string machine = files.current("s.example.com", "vcycle-a-0000000001");
  OutputLimits limits;
  Outputs outputs{files};
};

TEST(FleetWebOutputs, AMachineHasSoMuchAndNoMore) {
  Ground g;
  EXPECT_EQ(g.put("a", 100), "ok");
  EXPECT_EQ(g.put("b", 101), "too long");
  EXPECT_EQ(g.put("b", 101, false), "too long") << "a length that was not declared";
  EXPECT_EQ(g.put("b", 100), "ok");
  EXPECT_EQ(g.put("c", 51), "full");
  EXPECT_EQ(g.put("c", 51, false), "full");
  EXPECT_EQ(g.put("b", 90), "ok") << "what is replaced counts no more";
  EXPECT_EQ(g.put("c", 51), "ok");
  EXPECT_EQ(g.put("d", 0), "full") << "three files";
  EXPECT_EQ(g.put("a", 0), "ok");
  EXPECT_EQ(fs::file_size(g.machine + "/joboutputs/b"), 90U);
  EXPECT_THAT(g.names(), ElementsAre("a", "b", "c"));
  EXPECT_THAT(g.temporary(), IsEmpty());
}

TEST(FleetWebOutputs, ManyAtOnceDoNotPassTheLimit) {
  Ground g;
  std::vector<std::unique_ptr<Upload>> uploads;
  const std::string text(100, 'x');
  for (const char* name : {"a", "b", "c", "d"}) {
    auto upload = g.outputs.begin(g.machine, name, text.size(), g.limits);
    ASSERT_TRUE(upload) << upload.error().sentence();
    ASSERT_TRUE((*upload)->add(std::as_bytes(std::span(text))));
    uploads.push_back(std::move(*upload));
  }
  EXPECT_EQ(g.put("e", 1), "busy");
  EXPECT_THAT(g.names(), IsEmpty()) << "half a file is none";
  int good = 0;
  for (auto& upload : uploads) good += upload->commit() ? 1 : 0;
  EXPECT_EQ(good, 2);
  uploads.clear();
  EXPECT_EQ(g.put("e", 1), "ok");
  EXPECT_THAT(g.temporary(), IsEmpty());
}

TEST(FleetWebOutputs, AFullDiskTakesNothing) {
  Ground g;
  g.limits.free = Bytes::of(std::uint64_t{1} << 62U);
  EXPECT_EQ(g.put("a", 1), "full");
}

TEST(FleetWebOutputs, AHeartbeatTakesItsOwnPlaceOnAFullDisk) {
  Ground g;
  EXPECT_EQ(g.put("hb", 1), "ok");
  g.limits.free = Bytes::of(std::uint64_t{1} << 62U);
  EXPECT_EQ(g.put("hb", 1), "ok");
  EXPECT_EQ(g.put("hb", 1, false), "full") << "it may be long";
  EXPECT_EQ(g.put("another", 1), "full");
}

TEST(FleetWebOutputs, WhatTheDeadLeftGoesAndOthersStay) {
  Ground g;
  g.directory.write("var/lib/vcycle/shared/tmp/joboutput-vm+abc", "half");
  g.directory.write("var/lib/vcycle/shared/tmp/joboutput-vm2+abc", "another manager's");
  g.directory.write("var/lib/vcycle/tmp/joboutput-vm+abc", "half");
  g.outputs.clear_leftovers();
  EXPECT_THAT(g.temporary(), ElementsAre("joboutput-vm2+abc"));
  EXPECT_THAT(*names_in(g.files.lib("tmp")), IsEmpty());
}

TEST(FleetWebOutputs, AnotherUsersLinksLeadNowhere) {
  Ground g;
  g.directory.write("secret", "s");
  fs::create_symlink(g.directory / "secret", g.machine + "/joboutputs/a");
  EXPECT_EQ(g.put("a", 5), "ok");
  EXPECT_EQ(g.directory.read("secret"), "s");
  EXPECT_FALSE(fs::is_symlink(g.machine + "/joboutputs/a"));
  fs::remove_all(g.machine + "/joboutputs");
  EXPECT_EQ(g.put("a", 1), "not there");
  fs::create_directories(g.directory / "elsewhere");
  fs::create_directory_symlink(g.directory / "elsewhere", g.machine + "/joboutputs");
  EXPECT_EQ(g.put("a", 1), "not there");
  EXPECT_TRUE(fs::is_empty(g.directory / "elsewhere"));
}

TEST(FleetWebOutputs, OfTheFirstReleasesToo) {
  Ground g;
  g.machine = g.files.early("vcycle-a-0000000002");
  fs::create_directories(g.machine + "/joboutputs");
  EXPECT_EQ(g.put("a", 5), "ok");
  EXPECT_THAT(g.names(), ElementsAre("a"));
}

}  // namespace
}  // namespace nephele::fleet::web
