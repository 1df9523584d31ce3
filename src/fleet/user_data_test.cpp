// SPDX-License-Identifier: Apache-2.0
#include "fleet/user_data.h"

#include <gtest/gtest.h>

namespace nephele::fleet {
namespace {

const MachineIdentity example{.site = "UKI-TEST",
                              .space = "s.example.com",
                              .machinetype = "a",
                              .machine = "vcycle-a-0000000001",
                              .manager_version = "Vcycle 04.00",
                              .manager_host = "factory1.example.com",
                              .https_host = "h",
                              .https_port = 8443,
                              .root_image = "https://repo/x.iso",
                              .joboutputs_token = "of-this-machine",
                              .user_data_url = "/etc/local"};

std::string rendered(std::string_view text, Patterns more = {}) {
  more.merge(built_in_patterns(example));
  return render_user_data(text, more);
}

TEST(UserData, KnowsTheContractsPatterns) {
  EXPECT_EQ(rendered("##user_data_site## ##user_data_space## ##user_data_machinetype## ##user_data_vmtype##"),
            "UKI-TEST s.example.com a a");
  EXPECT_EQ(rendered("##user_data_machine_hostname## ##user_data_vm_hostname##"),
            "vcycle-a-0000000001 vcycle-a-0000000001");
  EXPECT_EQ(rendered("##user_data_manager_version## on ##user_data_vmlm_hostname##"),
            "Vcycle 04.00 on factory1.example.com");
  EXPECT_EQ(rendered("##user_data_joboutputs_url##"),
            "https://h:8443/machines/s.example.com/vcycle-a-0000000001/joboutputs");
  EXPECT_EQ(rendered("##user_data_heartbeat_machines_url##"), "https://h:8443/heartbeatlists/s.example.com");
  EXPECT_EQ(rendered("##user_data_root_image_url##"), "https://repo/x.iso");
  EXPECT_EQ(rendered("##user_data_joboutputs_token##"), "of-this-machine");
  EXPECT_EQ(rendered("[##user_data_url##]"), "[]") << "it came from a file";
}

TEST(UserData, ValuesAreNotLookedAtAgain) {
  EXPECT_EQ(rendered("##user_data_option_x##", {{"option_x", "##user_data_space## ##"}}), "##user_data_space## ##");
}

TEST(UserData, WhatNobodyKnowsVanishesAndWhatIsNoPatternStays) {
  EXPECT_EQ(rendered("a##user_data_uuid##b##user_data_##c##user_data_x,y##d"), "abcd");
  for (const char* stays : {"##user_data_Option##", "##user_data_a-b##", "##user_data_space#", "##user_data_",
                            "## user_data_space ##", "#", ""})
    EXPECT_EQ(rendered(stays), stays);
  EXPECT_EQ(rendered("####user_data_space####"), "##s.example.com##");
  EXPECT_EQ(rendered("##user_data_##user_data_space##"), "user_data_space##") << "the first pattern has no name";
}

TEST(UserData, OnlyTheTemplateItselfTellsTheToken) {
  EXPECT_TRUE(tells_token("curl -H 'Authorization: Bearer ##user_data_joboutputs_token##'"));
  for (const char* none :
       {"", "##user_data_joboutputs_url##", "##user_data_joboutputs_token#", "##user_data_option_x##"})
    EXPECT_FALSE(tells_token(none)) << none;
  const std::string inner = "##user_data_joboutputs_token##";
  EXPECT_EQ(render_user_data("##user_data_option_x##", {{"option_x", inner}, {"joboutputs_token", "t"}}), inner);
}

}  // namespace
}  // namespace nephele::fleet
