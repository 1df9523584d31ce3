// SPDX-License-Identifier: Apache-2.0
#include "apps/vcycled/publisher.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "base/temp_directory.h"

namespace nephele::apps::vcycle {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class PublisherOfGlue : public ::testing::Test {
 protected:
  void set(bool write_glue, bool configured = true, bool problem = false) {
    fleet::Configuration config;
    fleet::Space space;
    space.name = "s.example.com";
    space.write_glue = write_glue;
    if (configured) config.spaces.push_back(space);
    if (problem) config.problems.push_back({"", "a file cannot be read"});
    publisher.configured(config);
    if (configured) publisher.reported(space, {.space = space.name});
  }
  std::vector<std::string> written() {
    return fleet::names_in(files.lib("spaces/s.example.com")).value_or(std::vector<std::string>{});
  }

  TempDirectory directory;
  IoThreads threads{1};
  fleet::Files files{directory.path().string(), "vm"};
  LogLines log{directory / "log"};
  Publisher publisher{files, threads, log, nullptr};
};

TEST_F(PublisherOfGlue, GoesWhenItIsSwitchedOff) {
  ASSERT_TRUE(log.reopen());
  set(true);
  EXPECT_THAT(written(), ElementsAre("glue-2.0.json", "glue-2.1.json"));
  set(true);
  EXPECT_THAT(written(), ElementsAre("glue-2.0.json", "glue-2.1.json"));
  set(false);
  EXPECT_THAT(written(), IsEmpty());
  EXPECT_THAT(directory.read("log"), HasSubstr("glue-2.1.json: write_glue is not set for s.example.com"));
}

TEST_F(PublisherOfGlue, GoesWithItsSpaceButNotForAFileThatCannotBeRead) {
  set(true);
  set(false, false, true);
  EXPECT_THAT(written(), ElementsAre("glue-2.0.json", "glue-2.1.json"));
  set(false, false);
  EXPECT_THAT(written(), IsEmpty());
}

TEST_F(PublisherOfGlue, AFileOfSomebodyElseStays) {
  set(true);
  const std::string below = "var/lib/vcycle/spaces/s.example.com/";
  const std::string ours = directory.read(below + "glue-2.0.json");
  directory.write(below + "glue-2.0.json", R"({"ComputingService":[{"ID":"urn:glue2:ComputingService:s.example.com",)"
                                           R"("Type":"org.example.other"}]})");
  std::filesystem::remove(directory / (below + "glue-2.1.json"));
  directory.write("elsewhere", ours);
  std::filesystem::create_symlink(directory / "elsewhere", directory / (below + "glue-2.1.json"));
  directory.write("var/lib/vcycle/spaces/t.example.com/glue-2.0.json", ours);
  set(false);
  EXPECT_THAT(written(), ElementsAre("glue-2.0.json", "glue-2.1.json"));
  EXPECT_TRUE(std::filesystem::exists(files.lib("spaces/t.example.com/glue-2.0.json"))) << "it tells of another space";
}

}  // namespace
}  // namespace nephele::apps::vcycle
