// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "compute/address_pool.h"
#include "compute/admission.h"
#include "compute/context.h"
#include "compute/machine_spec.h"
#include "compute/recovery.h"

namespace nephele::compute {
namespace {

using testing::Contains;
using testing::HasSubstr;
using testing::Pair;

// ---- addresses -----------------------------------------------------------------------------------------------------

struct PoolCase {
  const char* name;
  const char* text;
  bool good;
};
class PoolText : public testing::TestWithParam<PoolCase> {};

TEST_P(PoolText, IsARangeInsideTheLoopback) {
  const auto pool = AddressPool::parse(GetParam().text);
  EXPECT_EQ(pool.has_value(), GetParam().good);
  if (pool) {
    EXPECT_EQ(pool->text(), GetParam().text);
  }
}

INSTANTIATE_TEST_SUITE_P(
    Table, PoolText,
    testing::Values(PoolCase{"Usual", "127.96.16.0/20", true}, PoolCase{"Small", "127.1.2.0/24", true},
                    PoolCase{"Everything", "127.0.0.0/8", true}, PoolCase{"HostBits", "127.96.16.1/20", false},
                    PoolCase{"NotLoopback", "10.0.0.0/20", false}, PoolCase{"TooSmall", "127.0.0.0/30", false},
                    PoolCase{"NoPrefix", "127.0.0.0", false}, PoolCase{"Empty", "", false},
                    PoolCase{"Junk", "127.0.0.0/2x", false}, PoolCase{"BigOctet", "127.300.0.0/20", false}),
    [](const auto& info) { return std::string(info.param.name); });

TEST(AddressPool, HandsOutEachAddressOnceAndNoneThatEndsInZeroOr255) {
  const auto pool = AddressPool::parse("127.96.16.0/22").value();
  std::set<std::string> seen;
  for (std::uint32_t i = 0; i < pool.size(); ++i) {
    const auto address = pool.at(i);
    EXPECT_FALSE(address.ends_with(".0") || address.ends_with(".255")) << address;
    seen.insert(address);
  }
  EXPECT_EQ(seen.size(), 4 * 254);
  EXPECT_EQ(pool.at(0), "127.96.16.1");
  EXPECT_EQ(pool.at(254), "127.96.17.1");
}

TEST(AddressPool, EveryDrawStaysInsideTheDefaultBlock) {
  for (std::uint32_t random = 0; random < 512; ++random) {
    const auto text = AddressPool::drawn(random).text();
    EXPECT_TRUE(AddressPool::parse(text)) << text;
  }
  EXPECT_EQ(AddressPool::drawn(255).text(), "127.111.240.0/20");
}

// ---- admission -----------------------------------------------------------------------------------------------------

constexpr Capacity house{
    .memory = Bytes::mib(1000), .overhead_per_machine = Bytes::mib(100), .disk = Bytes::gib(10), .cpus_per_machine = 4};

Sizes sizes(std::uint32_t cpus, std::uint64_t memory_mib, std::uint64_t disk_mib) {
  return {Cpus(cpus), Bytes::mib(memory_mib), Bytes::mib(disk_mib)};
}

struct FitCase {
  const char* name;
  Reserved reserved;
  std::optional<Sizes> before;
  Sizes after;
  const char* refused_for;  // empty: fits
};
class Fit : public testing::TestWithParam<FitCase> {};

TEST_P(Fit, IsDecidedByWhatIsReserved) {
  const auto& row = GetParam();
  const auto reason = does_not_fit(house, row.reserved, row.before, row.after);
  EXPECT_EQ(reason.has_value(), *row.refused_for != '\0') << (reason ? reason->sentence() : "");
  if (reason) {
    EXPECT_THAT(reason->sentence(), HasSubstr(row.refused_for));
    EXPECT_EQ(reason->kind(), Kind::over_quota);
    EXPECT_FALSE(reason->details().empty());
  }
}

const Reserved one_of_400{.memory = Bytes::mib(400), .disk = Bytes::gib(5), .machines = 1};

INSTANTIATE_TEST_SUITE_P(
    Table, Fit,
    testing::Values(FitCase{"AnEmptyHouse", {}, std::nullopt, sizes(1, 900, 1024), ""},
                    FitCase{"OverheadCounts", {}, std::nullopt, sizes(1, 901, 1024), "memory"},
                    FitCase{"BesideAnother", one_of_400, std::nullopt, sizes(1, 400, 1024), ""},
                    FitCase{"TooMuchBesideAnother", one_of_400, std::nullopt, sizes(1, 401, 1024), "memory"},
                    FitCase{"TooManyProcessors", {}, std::nullopt, sizes(5, 128, 1024), "CPU"},
                    FitCase{"TooMuchDisk", one_of_400, std::nullopt, sizes(1, 128, 5 * 1024 + 1), "disk"},
                    FitCase{"GrowsIntoWhatItHas", one_of_400, sizes(1, 400, 5UL * 1024), sizes(4, 900, 10UL * 1024),
                            ""},
                    FitCase{"GrowsTooFar", one_of_400, sizes(1, 400, 1024), sizes(1, 901, 1024), "memory"},
                    FitCase{"ShrinksInAFullHouse",
                            {.memory = Bytes::mib(5000), .disk = Bytes::gib(50), .machines = 9},
                            sizes(2, 400, 1024),
                            sizes(1, 200, 1024),
                            ""}),
    [](const auto& info) { return std::string(info.param.name); });

// ---- context -------------------------------------------------------------------------------------------------------

TEST(Context, QuotesWhateverAValueHolds) {
  const auto script =
      context_script({{"SR_AUTH", Secret("dXNlcjpwYXNz")}, {"NAME", Secret("it's $(rm) `x` \"y\"\nz")}});
  ASSERT_TRUE(script);
  EXPECT_THAT(script->reveal(), HasSubstr("SR_AUTH='dXNlcjpwYXNz'\n"));
  EXPECT_THAT(script->reveal(), HasSubstr("NAME='it'\\''s $(rm) `x` \"y\"\nz'\n"));
}

TEST(Context, RefusesKeysThatWouldBeCodeAndValuesWithNul) {
  for (const char* key : {"", "a", "A B", "A;B", "1A", "A=B", "A\n"})
    EXPECT_FALSE(context_script({{key, Secret("x")}})) << key;
  EXPECT_FALSE(context_script({{"A", Secret(std::string("a\0b", 3))}}));
}

// ---- machine specifications ----------------------------------------------------------------------------------------

Server sample_server() {
  Server server;
  server.id = ServerId(70'000);
  server.sizes = sizes(1, 128, 256);
  server.address = "127.96.16.5";
  server.ports = {8000, 9000};
  server.generation = 3;
  return server;
}
const Image sample_image{ImageId("function-1"), "function", "/images/function-1", "console=ttyS0", {}};

TEST(MachineSpecification, IsTheSameEachTimeAndAnotherForEachServer) {
  const auto server = sample_server();
  auto other = server;
  other.id = ServerId(70'001);
  const auto spec = machine_spec(server, sample_image, "here");
  EXPECT_EQ(spec.uuid, machine_spec(server, sample_image, "here").uuid);
  EXPECT_NE(spec.uuid, machine_spec(other, sample_image, "here").uuid);
  EXPECT_NE(spec.uuid, machine_spec(server, sample_image, "elsewhere").uuid);
  EXPECT_NE(spec.nics.at(0).mac, machine_spec(other, sample_image, "here").nics.at(0).mac);
}

TEST(MachineSpecification, ForwardsEachPortUnderItsOwnNumber) {
  const auto spec = machine_spec(sample_server(), sample_image, "here");
  ASSERT_EQ(spec.nics.size(), 1);
  ASSERT_EQ(spec.nics[0].forwards.size(), 2);
  EXPECT_EQ(spec.nics[0].forwards[1].address, "127.96.16.5");
  EXPECT_EQ(spec.nics[0].forwards[1].port, 9000);
}

TEST(MachineSpecification, TheTwoEndsOfALinkKnowEachOther) {
  auto server = sample_server();
  server.link = "rt-2";
  const auto first = network_context(machine_spec(server, sample_image, "here"));
  server.link_end = 1;
  const auto second = network_context(machine_spec(server, sample_image, "here"));
  EXPECT_THAT(first, Contains(Pair("ETH1_IP", "10.96.0.1")));
  EXPECT_THAT(first, Contains(Pair("PEER_IP", "10.96.0.2")));
  EXPECT_THAT(second, Contains(Pair("ETH1_IP", "10.96.0.2")));
  EXPECT_THAT(second, Contains(Pair("PEER_IP", "10.96.0.1")));
}

// ---- reactions to events -------------------------------------------------------------------------------------------

MachineEvent event(MachineEvent::What what, std::int64_t generation = 3) {
  return {.id = ServerId(70'000), .generation = generation, .sequence = 1, .what = what, .reason = ""};
}

TEST(Reaction, AnEventOfAnEarlierStartChangesNothing) {
  for (const auto what : {MachineEvent::What::ready, MachineEvent::What::crashed, MachineEvent::What::guest_shutdown}) {
    const auto reaction = react(sample_server(), event(what, 2), 0, 3);
    EXPECT_FALSE(reaction.changes);
    EXPECT_EQ(reaction.follow, Reaction::Follow::nothing);
    EXPECT_TRUE(reaction.what.empty());
  }
}

TEST(Reaction, ACrashIsRecoveredUntilItHappensTooOften) {
  const auto once = react(sample_server(), event(MachineEvent::What::crashed), 2, 3);
  EXPECT_EQ(once.follow, Reaction::Follow::recover);
  EXPECT_EQ(once.observed, Observed::error);
  const auto again = react(sample_server(), event(MachineEvent::What::crashed), 3, 3);
  EXPECT_EQ(again.follow, Reaction::Follow::give_up);
  EXPECT_THAT(again.reason, HasSubstr("too often"));
}

TEST(Reaction, AGuestThatShutsItselfDownStaysDown) {
  const auto reaction = react(sample_server(), event(MachineEvent::What::guest_shutdown), 0, 3);
  EXPECT_EQ(reaction.observed, Observed::stopped);
  EXPECT_TRUE(reaction.stays_stopped);
  EXPECT_EQ(reaction.reason, "the guest shut itself down");
  EXPECT_EQ(reaction.follow, Reaction::Follow::nothing);
}

TEST(Reaction, WhileAWorkerIsBusyTheWorkerTells) {
  auto server = sample_server();
  server.activity = Activity::resizing;
  for (const auto what : {MachineEvent::What::ready, MachineEvent::What::crashed, MachineEvent::What::guest_shutdown}) {
    const auto reaction = react(server, event(what), 0, 3);
    EXPECT_TRUE(reaction.what.empty());
    EXPECT_EQ(reaction.follow, Reaction::Follow::nothing);
    EXPECT_FALSE(reaction.stays_stopped);
  }
}

TEST(Reaction, AGuestThatShutsItselfDownAtOnceStaysDown) {
  auto server = sample_server();
  for (const auto activity : {Activity::building, Activity::restarting}) {
    server.activity = activity;
    server.observed = Observed::ready;
    const auto reaction = react(server, event(MachineEvent::What::guest_shutdown), 0, 3);
    EXPECT_TRUE(reaction.stays_stopped);
    EXPECT_TRUE(reaction.what.empty()) << "the worker tells";
    server.observed = Observed::starting;
    EXPECT_FALSE(react(server, event(MachineEvent::What::guest_shutdown), 0, 3).stays_stopped);
  }
}

TEST(Reaction, NothingHappensToAServerThatIsBeingRemoved) {
  auto server = sample_server();
  server.activity = Activity::removing;
  EXPECT_FALSE(react(server, event(MachineEvent::What::crashed), 0, 3).changes);
}

TEST(Reaction, AGuestThatRebootsKeepsRunning) {
  const auto reaction = react(sample_server(), event(MachineEvent::What::guest_reboot), 0, 3);
  EXPECT_FALSE(reaction.changes);
  EXPECT_EQ(reaction.what, "guest_reboot");
}

}  // namespace
}  // namespace nephele::compute
