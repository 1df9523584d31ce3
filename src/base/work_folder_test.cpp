// SPDX-License-Identifier: Apache-2.0
#include "base/work_folder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <vector>

#include "base/temp_directory.h"

namespace nephele {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

std::vector<std::string> names_below(const TempDirectory& directory) {
  std::vector<std::string> out;
  for (const auto& entry : fs::directory_iterator(directory.path())) out.push_back(entry.path().string());
  return out;
}

TEST(WorkFolder, IsItsOwnersAndGoesWithHim) {
  const TempDirectory directory;
  {
    const auto folder = WorkFolder::make(directory.path().string(), "image").value();
    EXPECT_EQ(fs::status(folder.path()).permissions(), fs::perms::owner_all);
    fs::create_directory(folder.path() + "/below");
    const auto another = WorkFolder::make(directory.path().string(), "image").value();
    EXPECT_THAT(names_below(directory), UnorderedElementsAre(folder.path(), another.path())) << "who lives keeps his";
  }
  EXPECT_THAT(names_below(directory), IsEmpty());
}

TEST(WorkFolder, StaysUnderTheNameThatItWasGiven) {
  const TempDirectory directory;
  {
    const auto folder = WorkFolder::make(directory.path().string(), "image").value();
    fs::rename(folder.path(), directory / "whole");
  }
  EXPECT_THAT(names_below(directory), ElementsAre(directory / "whole"));
}

TEST(WorkFolder, WhatTheDeadLeftGoesWithTheNextAndNothingElse) {
  const TempDirectory directory;
  directory.write(".file.part", "of somebody else");
  fs::create_directory(directory / "part");
  const pid_t child = ::fork();
  if (child == 0) {
    const auto folder = WorkFolder::make(directory.path().string(), "left");
    ::_exit(folder ? 0 : 1);  // as if killed: nothing is cleared up
  }
  int status = -1;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  ASSERT_EQ(status, 0);
  ASSERT_EQ(names_below(directory).size(), 3U);
  const auto next = WorkFolder::make(directory.path().string(), "next").value();
  EXPECT_THAT(names_below(directory), UnorderedElementsAre(next.path(), directory / ".file.part", directory / "part"));
}

TEST(WorkFolder, SaysWhyThereIsNone) {
  const auto none = WorkFolder::make("/nowhere/at/all", "image");
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().kind(), Kind::unavailable);
}

}  // namespace
}  // namespace nephele
