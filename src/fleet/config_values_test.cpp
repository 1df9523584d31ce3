// SPDX-License-Identifier: Apache-2.0
// Values that mean what the original made of them, or that nothing could be made with.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "fleet/testing/config_texts.h"

namespace nephele::fleet {
namespace {

using ::testing::AllOf;
using testing::base;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::read;
using testing::sentences;
using ::testing::SizeIs;

TEST(FleetConfigValues, WhatStandsInASectionGoesBeforeDefaultWhicheverIsReadFirst) {
  for (const char* shares : {"[machinetype a]\ntarget_share = 5\n", "[machinetype s a]\ntarget_share = 5\n"})
    for (const char* main : {"[machinetype a]\n", "[machinetype s a]\n"}) {
      const std::string more = std::string("[DEFAULT]\ntarget_share = 1\nfizzle_seconds = 9\n") +
                               std::string(testing::space_s) + main + "user_data = u\nbackoff_seconds = 1\n";
      for (const auto& files : {std::vector<std::string>{shares, more}, std::vector<std::string>{more, shares}}) {
        const auto config = read(files);
        EXPECT_THAT(sentences(config), IsEmpty());
        ASSERT_THAT(config.spaces, SizeIs(1));
        ASSERT_THAT(config.spaces[0].types, SizeIs(1));
        EXPECT_EQ(config.spaces[0].types[0].target_share, 5) << shares << main;
        EXPECT_EQ(config.spaces[0].types[0].fizzle, seconds{9});
      }
    }
}

TEST(FleetConfigValues, OnlyTrueSwitchesAProxyOn) {
  struct Case {
    const char* word;
    bool on;
    const char* told;  ///< empty: nothing
  };
  for (const auto& [word, on, told] :
       {Case{"true", true, ""}, Case{"TRUE", true, ""}, Case{"false", false, ""}, Case{"no", false, ""},
        Case{"yes", false, "only true switches it on"}, Case{"On", false, "only true switches it on"},
        Case{"1", false, "only true switches it on"}, Case{"maybe", false, "the default is taken"}})
    for (const std::string option : {"user_data_proxy", "legacy_proxy"}) {
      const auto config = read({base("write_glue = yes\n", option + " = " + word + "\n")});
      EXPECT_THAT(sentences(config), IsEmpty());
      ASSERT_THAT(config.spaces, SizeIs(1));
      const auto& type = config.spaces[0].types.at(0);
      EXPECT_EQ(option == "legacy_proxy" ? type.legacy_proxy : type.user_data_proxy, on) << word;
      EXPECT_TRUE(config.spaces[0].write_glue) << "other options are ours";
      if (*told == '\0')
        EXPECT_THAT(config.warnings, IsEmpty()) << word;
      else
        EXPECT_THAT(config.warnings, ElementsAre(AllOf(HasSubstr("f1.conf:10: " + option), HasSubstr(told))));
    }
}

TEST(FleetConfigValues, MinProcessorsGoesBeforeItsOldNames) {
  const auto both = read({base("", "cpu_per_machine = 1\nprocessors_per_machine = 2\nmin_processors = 8\n")});
  ASSERT_THAT(both.spaces, SizeIs(1));
  EXPECT_EQ(both.spaces[0].types.at(0).min_processors, 8) << "the original looked at nothing else";
  EXPECT_THAT(both.warnings,
              ElementsAre("f1.conf:9: cpu_per_machine does nothing beside min_processors; remove the line",
                          HasSubstr("processors_per_machine does nothing")));
  const auto old = read({base("", "cpu_per_machine = 1\nprocessors_per_machine = 2\n")});
  ASSERT_THAT(old.spaces, SizeIs(1));
  EXPECT_EQ(old.spaces[0].types.at(0).min_processors, 2);
}

TEST(FleetConfigValues, ATimeThatOverflowsIsRefused) {
  for (const std::string option : {"backoff_seconds", "fizzle_seconds", "max_wallclock_seconds", "heartbeat_seconds"}) {
    const auto config = read({base("", option + " = 9223372036854775807\n")});
    ASSERT_FALSE(config.problems.empty()) << option;
    EXPECT_THAT(sentences(config).front(), AllOf(HasSubstr("f1.conf:9: " + option), HasSubstr("to 10000000000")));
    EXPECT_THAT(config.spaces.at(0).types, IsEmpty()) << "its machines would be deleted at once";
  }
  const auto longest = read({base("", "max_wallclock_seconds = 10000000000\nbackoff_seconds = -1\n")});
  EXPECT_THAT(sentences(longest), IsEmpty());
  EXPECT_EQ(read({base("cleanup_hours = 9223372036854775807\n")}).spaces.at(0).cleanup, std::chrono::hours(72));
}

TEST(FleetConfigValues, EmptyUserDataIsRefused) {
  const auto config = read({base("", "user_data =\n")});
  EXPECT_THAT(sentences(config), Contains("f1.conf:9: user_data is empty, so no machine can be made; write the path or "
                                          "URL of its template"));
  EXPECT_THAT(config.spaces.at(0).types, IsEmpty());
}

TEST(FleetConfigValues, ACloudThatTellsNoLimitNeedsOne) {
  const auto told = [](const std::string& space) {
    const auto config = read({"[space s]\n" + space + std::string(testing::type_a)});
    EXPECT_THAT(config.spaces, SizeIs(1)) << "what runs there is looked after";
    return sentences(config);
  };
  for (const std::string api : {"ec2", "occi", "azure", "dbce", "opennebula"}) {
    EXPECT_THAT(told("api = " + api + "\n"),
                ElementsAre("f1.conf:1: processors_limit missing, without which nothing is made with api = " + api +
                            "; set it in [space s]"));
    EXPECT_THAT(told("api = " + api + "\nprocessors_limit = 1\n"), IsEmpty());
    EXPECT_THAT(told("api = " + api + "\ndraining = yes\n"), IsEmpty());
  }
  for (const std::string api : {"openstack", "google", "nephele"}) EXPECT_THAT(told("api = " + api + "\n"), IsEmpty());
}

TEST(FleetConfigValues, TotalMachinesOfSettingsIsTheLimitOfTheDefaultSpace) {
  const std::string two = base() + "[space t]\napi = nephele\n[machinetype t a]\nuser_data = u\nbackoff_seconds = 1\n" +
                          "fizzle_seconds = 1\n";
  const auto limits = [](const Configuration& config) {
    std::vector<std::int64_t> out;
    for (const auto& space : config.spaces) out.push_back(space.machines_limit.value_or(-1));
    return out;
  };
  const auto named = read({"[settings]\nvcycle_space = T\ntotal_machines = 3\n" + two});
  EXPECT_THAT(limits(named), ElementsAre(-1, 3));
  EXPECT_THAT(named.warnings, IsEmpty());
  const auto unnamed = read({"[settings]\ntotal_machines = 3\n" + two});
  EXPECT_THAT(limits(unnamed), ElementsAre(3, 3)) << "none loses a limit";
  EXPECT_THAT(unnamed.warnings, ElementsAre("f1.conf:2: total_machines limits each of 2 spaces by itself; name one "
                                            "by vcycle_space, or write it in their sections"));
  EXPECT_THAT(limits(read({"[settings]\ntotal_machines = 3\n" + base()})), ElementsAre(3)) << "the only space";
}

}  // namespace
}  // namespace nephele::fleet
