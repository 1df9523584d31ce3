// SPDX-License-Identifier: Apache-2.0
#include "compute/placement.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace nephele::compute {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;

const Time now = from_ms(1'000'000'000);
const Look look{now, 30s};
const Sizes small{Cpus(1), Bytes::mib(128), Bytes::mib(256)};

/// A driver with a GiB of memory, of which `used` is promised, and its last word so long ago.
Candidate candidate(const char* id, std::uint64_t used_mib, std::chrono::milliseconds ago = 1s) {
  return {.driver = {.id = DriverId(id),
                     .host = std::string("host-of-") + id,
                     .address_pool = "127.96.16.0/20",
                     .capacity = {.memory = Bytes::gib(1),
                                  .overhead_per_machine = Bytes::mib(32),
                                  .disk = Bytes::gib(10),
                                  .cpus_per_machine = 4},
                     .said = now - ago},
          .reserved = {.memory = Bytes::mib(used_mib), .disk = Bytes::mib(0), .machines = used_mib == 0 ? 0U : 1U}};
}

struct Case {
  const char* name;
  std::vector<Candidate> candidates;
  const char* only;
  const char* chosen;  ///< or null:
  Kind kind = Kind::internal;
  const char* words = "";
};
class Choice : public ::testing::TestWithParam<Case> {};

TEST_P(Choice, IsTheLivingOneWithMostRoom) {
  const auto& c = GetParam();
  const auto only = *c.only == '\0' ? std::nullopt : std::optional(DriverId(c.only));
  const auto chosen = choose_driver(c.candidates, small, only, look);
  if (c.chosen != nullptr) {
    ASSERT_TRUE(chosen) << chosen.error().sentence();
    EXPECT_EQ(chosen->id.text(), c.chosen);
  } else {
    ASSERT_FALSE(chosen);
    EXPECT_EQ(chosen.error().kind(), c.kind);
    EXPECT_THAT(chosen.error().sentence(), HasSubstr(c.words));
  }
}

const std::vector<Case> cases{
    {"Nobody", {}, "", nullptr, Kind::timeout, "no process drives machines; start `nephele serve compute`"},
    {"One", {candidate("a", 0)}, "", "a"},
    {"MoreRoom", {candidate("a", 500), candidate("b", 100)}, "", "b"},
    {"TheOneThatLives", {candidate("a", 500), candidate("b", 0, 31s)}, "", "a"},
    {"JustInTime", {candidate("a", 0, 30s)}, "", "a"},
    {"OnlySilent", {candidate("a", 0, 45s)}, "", nullptr, Kind::timeout, "host-of-a has said nothing for 45 s"},
    {"Stopped",
     {candidate("a", 0, std::chrono::milliseconds(to_ms(now)))},
     "",
     nullptr,
     Kind::timeout,
     "the one of host-of-a was stopped"},
    {"Full", {candidate("a", 900)}, "", nullptr, Kind::over_quota, "128 MiB asked, 60 MiB left"},
    {"TheRoomiestTellsTheNumbers",
     {candidate("a", 950), candidate("b", 900)},
     "",
     nullptr,
     Kind::over_quota,
     "60 MiB left"},
    {"FullSaysMoreThanSilent",
     {candidate("a", 900), candidate("b", 0, 45s)},
     "",
     nullptr,
     Kind::over_quota,
     "MiB left"},
    {"ThereIsTheOtherEnd", {candidate("a", 500), candidate("b", 0)}, "a", "a"},
    {"TheOtherEndIsSilent", {candidate("a", 0, 45s), candidate("b", 0)}, "a", nullptr, Kind::timeout, "host-of-a"},
};
INSTANTIATE_TEST_SUITE_P(Drivers, Choice, ::testing::ValuesIn(cases),
                         [](const auto& info) { return std::string(info.param.name); });

}  // namespace
}  // namespace nephele::compute
