// SPDX-License-Identifier: Apache-2.0
// What stops nothing and is told: options that nobody looks at where they stand, and values that do nothing.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "fleet/testing/config_texts.h"

namespace nephele::fleet {
namespace {

using ::testing::AllOf;
using testing::base;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::read;
using testing::sentences;
using ::testing::SizeIs;
using testing::type_a;
using ::testing::UnorderedElementsAre;

TEST(FleetConfig, AnOptionOfAnotherKindOfCloudIsTold) {
  struct Case {
    std::string space;
    std::vector<std::string> told;
  };
  for (const auto& [space, told] :
       {Case{"api = google\nzones = z\nkey_file = /k\nAccess_Key = AKIA\n",
             {"f1.conf:5: Access_Key does nothing with api = google; it is an option of ec2"}},
        Case{"api = ec2\ntenancy_name = t\n",
             {"f1.conf:3: tenancy_name does nothing with api = ec2; it is an option of openstack, azure, occi, dbce"}},
        Case{"api = nephele\nurl = https://h\npassword = hush\n",
             {"f1.conf:3: url does nothing with api = nephele", "f1.conf:4: password does nothing with api = nephele"}},
        Case{"api = dbce\nkey = hush\nversion = v1\nzones = z\nflavor_names = f\nvolume_gb_per_processor = 1\n",
             {"f1.conf:5: zones does nothing with api = dbce; it is an option of openstack, ec2, google, azure",
              "f1.conf:7: volume_gb_per_processor does nothing with api = dbce; it is an option of openstack"}},
        Case{"api = occi\napi_version = 3\nproxy = /p\n", {}}, Case{"api = zzz\naccess_key = a\n", {}}}) {
    const auto config = read({"[space s]\n" + space + std::string(type_a)});
    EXPECT_THAT(config.warnings, SizeIs(told.size())) << space << ::testing::PrintToString(config.warnings);
    for (const auto& sentence : told) EXPECT_THAT(config.warnings, ::testing::Contains(HasSubstr(sentence)));
    for (const auto& warning : config.warnings) EXPECT_THAT(warning, ::testing::Not(HasSubstr("hush")));
    EXPECT_THAT(config.spaces, SizeIs(space.contains("zzz") ? 0 : 1)) << "it stops nothing";
  }
  const auto shared = read({"[DEFAULT]\nurl = https://h\ncred_id = c\n" + base()});
  EXPECT_THAT(shared.warnings, IsEmpty()) << "[DEFAULT] is for whoever knows it";
}

TEST(FleetConfig, WhatNobodyLooksAtInSettingsIsTold) {
  const auto told = [](const std::string& settings) {
    return read({"[settings]\nvcycle_space = s\nresponder_netwroks = 10.0.0.0/8\n" + settings}).warnings;
  };
  EXPECT_THAT(told("total_machines = 1\nurl = x\n" + base("", "")),
              ElementsAre(AllOf(HasSubstr("f1.conf:3"), HasSubstr("responder_networks")), HasSubstr("url")));
  EXPECT_THAT(told(base("", "") + "[DEFAULT]\nusername = u\n"), ElementsAre(HasSubstr("responder_networks")))
      << "that is for the spaces";
  EXPECT_THAT(told("procesors_limit = 1\n" + std::string(type_a)),
              ElementsAre(HasSubstr("responder_networks"), HasSubstr("processors_limit")));
}

TEST(FleetConfig, AnOptionOfTheSpaceInAMachinetypeIsTold) {
  const auto config = read({base("url = https://h\npassword = hush\n",
                                 "Zones = z\npassword = hush\ntenancy_name = t\ndraining = yes\nprocessors_limit = 4\n"
                                 "max_processors = 8\nflavor_names = small\n")});
  EXPECT_THAT(sentences(config), IsEmpty()) << "it stops nothing";
  ASSERT_THAT(config.spaces, SizeIs(1));
  EXPECT_FALSE(config.spaces[0].draining);
  EXPECT_TRUE(config.spaces[0].zones.empty());
  const std::string what = " does nothing in a machinetype; it is an option of the space: write it in [space s]";
  for (const auto& told :
       {"f1.conf:11: Zones", "f1.conf:12: password", "f1.conf:13: tenancy_name", "f1.conf:14: draining"})
    EXPECT_THAT(config.warnings, ::testing::Contains(told + what));
  EXPECT_THAT(config.warnings, SizeIs(4 + 2))
      << "and url and password of another kind of cloud" << ::testing::PrintToString(config.warnings);
  const auto shared = read({"[DEFAULT]\nzones = z\n" + base()});
  EXPECT_THAT(shared.warnings, IsEmpty()) << "[DEFAULT] is for whoever knows it";
}

TEST(FleetConfig, UserDataOptionsWithoutAValueAreTold) {
  const auto config =
      read({"[settings]\nuser_data_option_all =\n" + base("", "user_data_option_x =\nuser_data_file_y =\n") +
            "[machinetype s b]\nuser_data = u\nbackoff_seconds = 1\nfizzle_seconds = 1\n"
            "user_data_option_all = value\n[machinetype s c]\nuser_data = u\nbackoff_seconds = 1\n"
            "fizzle_seconds = 1\n"});
  EXPECT_THAT(sentences(config), IsEmpty());
  EXPECT_THAT(config.warnings,
              UnorderedElementsAre(
                  "f1.conf:2: user_data_option_all is empty, so ##user_data_option_all## is left out of user_data; "
                  "write a value, or remove the line",
                  "f1.conf:11: user_data_option_x is empty, so ##user_data_option_x## is left out of user_data; "
                  "write a value, or remove the line",
                  "f1.conf:12: user_data_file_y names no file, so no machines are made; write its path or URL, or "
                  "remove the line"))
      << "each once";
  ASSERT_THAT(config.spaces, SizeIs(1));
  EXPECT_EQ(config.spaces[0].types[0].user_data_options.at("x"), "") << "as the original read it";
}

}  // namespace
}  // namespace nephele::fleet
