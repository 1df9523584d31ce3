// SPDX-License-Identifier: Apache-2.0
#include "fleet/config_copies.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "base/temp_directory.h"

namespace nephele::fleet {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr const char* space =
    "[space s]\napi = openstack\nprocessors_limit = 1000\n[machinetype s a]\nuser_data = u\n"
    "backoff_seconds = 1\nfizzle_seconds = 1\n";

struct Ground {
  /// One cycle of a manager: what it goes by.
  Configuration cycle() {
    found = config_in_force(files);
    EXPECT_TRUE(ConfigCopies(files).keep(found));
    return read_configuration(found.texts);
  }
  std::vector<std::string> kept() const { return names_in(files.lib("config")).value_or(std::vector<std::string>{}); }

  TempDirectory directory;
  Files files{directory.path().string(), "vm"};
  ConfigFiles found;
};

TEST(ConfigCopies, ALimitHoldsThoughItsFileIsBroken) {
  Ground g;
  g.directory.write("etc/vcycle.d/site.conf", space);
  g.directory.write("etc/vcycle.conf", "[space s]\nprocessors_limit = 7\n");
  EXPECT_EQ(g.cycle().spaces.at(0).processors_limit, 7);
  EXPECT_THAT(g.kept(), SizeIs(2));
  for (const auto& name : g.kept())
    EXPECT_EQ(fs::status(g.files.lib("config/" + name)).permissions(), fs::perms::owner_read | fs::perms::owner_write)
        << "there are passwords in them";
  for (const char* bad :
       {"[space s]\nprocessors_limit = 5\nhalf a li", "\xEF\xBB\xBF[space s]\nprocessors_limit = 5\n"}) {
    g.directory.write("etc/vcycle.conf", bad);
    for (int i = 0; i < 2; ++i) {
      EXPECT_EQ(g.cycle().spaces.at(0).processors_limit, 7);
      ASSERT_THAT(g.found.problems, SizeIs(1));
      EXPECT_THAT(g.found.problems[0].sentence, AllOf(HasSubstr("Failed to parse"), HasSubstr("etc/vcycle.conf:"),
                                                      HasSubstr("what it said last goes on")));
    }
  }
  g.directory.write("etc/vcycle.conf", "[space s]\nprocessors_limit = 6\n");
  EXPECT_EQ(g.cycle().spaces.at(0).processors_limit, 6);
  EXPECT_THAT(g.found.problems, IsEmpty());
  fs::remove(g.directory / "etc/vcycle.conf");
  EXPECT_EQ(g.cycle().spaces.at(0).processors_limit, 1'000) << "who takes a file away means it";
  EXPECT_THAT(g.kept(), SizeIs(1));
}

TEST(ConfigCopies, WhatCannotBeReadGoesOnToo) {
  Ground g;
  g.directory.write("etc/vcycle.d/site.conf", space);
  g.directory.write("etc/vcycle.conf", "[space s]\nprocessors_limit = 7\n");
  g.cycle();
  fs::remove(g.directory / "etc/vcycle.conf");
  fs::create_directory(g.directory / "etc/vcycle.conf");  // opens, and cannot be read
  EXPECT_EQ(g.cycle().spaces.at(0).processors_limit, 7);
  EXPECT_THAT(g.found.problems, SizeIs(2));
  EXPECT_THAT(g.kept(), SizeIs(2));
}

TEST(ConfigCopies, TheFilesOfAFolderThatCannotBeReadGoOnInTheirPlace) {
  Ground g;
  g.directory.write("etc/vcycle.d/10.conf", "[space s]\nprocessors_limit = 9\ngocdb_sitename = first\n");
  g.directory.write("etc/vcycle.d/9.conf", "[space s]\nprocessors_limit = 7\n");
  g.directory.write("var/lib/vcycle/shared/vcycle.d/site.conf", space);
  g.directory.write("etc/vcycle.conf", "[space s]\ngocdb_sitename = last\n");
  g.cycle();
  fs::rename(g.directory / "etc/vcycle.d", g.directory / "etc/away");
  fs::create_symlink("vcycle.d", g.directory / "etc/vcycle.d");  // it is there and leads nowhere, for root, too
  for (int i = 0; i < 2; ++i) {
    const auto config = g.cycle();
    EXPECT_EQ(config.spaces.at(0).processors_limit, 7) << "9.conf comes after 10.conf, and before neither other place";
    EXPECT_EQ(config.spaces.at(0).gocdb_sitename, "last");
    ASSERT_THAT(g.found.problems, SizeIs(2));
    EXPECT_THAT(g.found.problems[1].sentence,
                AllOf(HasSubstr("etc/vcycle.d cannot be read"), HasSubstr("what its files said last goes on")));
  }
  fs::remove(g.directory / "etc/vcycle.d");
  EXPECT_EQ(g.cycle().spaces.at(0).processors_limit, 1'000) << "who takes a folder away means it";
  EXPECT_THAT(g.found.problems, IsEmpty());
}

TEST(ConfigCopies, ASpaceWhoseSectionIsNotThereDoesNotMoveToOurOwnCloud) {
  const std::string settings =
      "[settings]\nvcycle_space = s\n[machinetype s a]\nuser_data = u\nbackoff_seconds = 1\n"
      "fizzle_seconds = 1\ntarget_share = 1\n";
  for (const ConfigText& broken : {ConfigText{"b.conf", "[space s]\napi = openstack\nhalf a li"},
                                   ConfigText{"b.conf", "", true}, ConfigText{"/etc/vcycle.d", "", true, true}}) {
    const auto config = read_configuration({{"a.conf", settings}, broken});
    EXPECT_THAT(config.spaces, IsEmpty());
    ASSERT_FALSE(config.problems.empty());
    EXPECT_THAT(config.problems.back().sentence, HasSubstr("[space s] may be in a file that cannot be used"));
  }
  EXPECT_THAT(read_configuration({{"a.conf", settings}}).spaces, SizeIs(1));
}

}  // namespace
}  // namespace nephele::fleet
