// SPDX-License-Identifier: Apache-2.0
#include "fleet/apel.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "fleet/testing/golden_world.h"

namespace nephele::fleet {
namespace {

using testing::at;
using ::testing::HasSubstr;
using ::testing::Not;

UsageRecord example() {
  return {.site = "UKI-TEST",
          .space = "s.example.com",
          .node = "vm",
          .job = "u-1",
          .user = "vm",
          .machinetype = "a",
          .fqan = "/gridpp/Role=NULL/Capability=NULL",
          .started = at(1'500'001'060),
          .stopped = at(1'500'009'000),
          .processors = 8,
          .max_rss_bytes = 17'179'869'184,
          .hs06 = 84};
}

TEST(Apel, WritesTheContractsRecord) {
  EXPECT_EQ(apel_text(example()),
            "APEL-individual-job-message: v0.3\nSite: UKI-TEST\nSubmitHost: s.example.com/vcycle-vm\nLocalJobId: u-1\n"
            "LocalUserId: vm\nQueue: a\nGlobalUserName: /DC=com/DC=example/DC=s\n"
            "FQAN: /gridpp/Role=NULL/Capability=NULL\nWallDuration: 7940\nCpuDuration: 63520\nProcessors: 8\n"
            "NodeCount: 1\nInfrastructureDescription: APEL-VCYCLE\nInfrastructureType: grid\nStartTime: 1500001060\n"
            "EndTime: 1500009000\nMemoryReal: 16777216\nMemoryVirtual: 16777216\nServiceLevelType: HEPSPEC\n"
            "ServiceLevel: 10.5\n%%\n");
}

TEST(Apel, LeavesOutWhatIsUnknown) {
  auto record = example();
  record.site.clear();
  record.fqan.clear();
  record.processors.reset();
  record.max_rss_bytes.reset();
  record.hs06.reset();
  const auto text = apel_text(record);
  EXPECT_THAT(text, HasSubstr("Site: example.com\n"));
  EXPECT_THAT(text, HasSubstr("CpuDuration: 7940\n"));
  EXPECT_THAT(text, HasSubstr("ServiceLevel: 1.0\n"));
  for (const char* line : {"FQAN", "Processors", "Memory"}) EXPECT_THAT(text, Not(HasSubstr(line)));
}

TEST(Apel, TakesTheMachinesWordForItsCpuTimeAsFarAsItCanBe) {
  auto record = example();
  for (const auto& [told, filed] : {std::pair{0, 0}, {61'000, 61'000}, {63'520, 63'520}, {63'521, 63'520}}) {
    record.cpu_seconds = told;
    EXPECT_THAT(apel_text(record), HasSubstr("CpuDuration: " + std::to_string(filed) + "\n"));
  }
}

TEST(Apel, ASpaceWithoutADotIsItsOwnSite) {
  EXPECT_EQ(site_of("vcycle01"), "vcycle01");
  EXPECT_EQ(user_dn_of("vcycle01"), "/DC=vcycle01");
  EXPECT_EQ(user_dn_of("vcycle01.example.com"), "/DC=com/DC=example/DC=vcycle01");
}

TEST(Apel, AValueIsNeverASecondLine) {
  auto record = example();
  record.fqan = "/x\nServiceLevel: 99\r";
  EXPECT_THAT(apel_text(record), HasSubstr("FQAN: /x ServiceLevel: 99 \n"));
}

TEST(Apel, FileNamesAreWhatSsmsendTakes) {
  EXPECT_EQ(apel_file_name(at(1'500'009'000), 0x2a), "20170714/0510000000002a");
  EXPECT_THAT(apel_file_name(at(0), 0xffffffff), ::testing::MatchesRegex("[0-9]{8}/[0-9a-f]{14}"));
}

}  // namespace
}  // namespace nephele::fleet
