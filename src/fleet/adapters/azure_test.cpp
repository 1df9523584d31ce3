// SPDX-License-Identifier: Apache-2.0
#include "fleet/adapters/azure.h"

#include <gmock/gmock.h>

#include <set>

#include "fleet/adapters/testing/space_on_standin.h"

namespace nephele::fleet {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

constexpr const char* create_call = "virtualMachines.createOrUpdate";
constexpr const char* delete_call = "virtualMachines.delete";

class FleetOnAzure : public testing::SpaceOnStandIn {
 protected:
  FleetOnAzure() : SpaceOnStandIn("azure") {}
  void SetUp() override {
    StandInTest::SetUp();
    space.api = "azure";
    space.processors_limit = 40;  // a tenth of them a cycle: two machines of the size
    auto& type = space.types[0];
    type.root_image = "image:Debian:debian-12:12-gen2:latest";
    type.flavor_names = {"Standard_D2s_v5"};
    type.root_public_key = "/key.pub";
    options.account = {.subscription = "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee",
                       .resource_group = "Fleet-Group",
                       .location = "westeurope",
                       .tenant = "11111111-2222-3333-4444-555555555555",
                       .client_id = "99999999-8888-7777-6666-555555555555",
                       .client_secret = Secret("s3cret~of+an/application_0123456789"),
                       .login_url = address(),
                       .url = address(),
                       .timeout = std::chrono::seconds(10),
                       .first_pause = std::chrono::milliseconds(5)};
    options.flavors = {"Standard_D2s_v5"};
    options.subnets = {azure_id(options.account, "Microsoft.Network/virtualNetworks", "grid/subnets/a")};
    secrets = {options.account.client_secret.reveal()};
    begin_anew();
  }
  std::unique_ptr<Cloud> adapter() override { return std::make_unique<AzureCloud>(options, clock); }
  std::size_t living() override { return machines().size(); }
  std::size_t changes() { return count(create_call) + count(delete_call); }
  json::Array machines() { return *world().at_path({"machines"})->if_array(); }
  std::string of(std::size_t index, const char* member) { return std::string(machines().at(index).text_at({member})); }
  void change(const std::string& id, const std::string& members) {
    control(http::Verb::post, "/machines/" + id, members);
  }

  AzureOptions options;
};

TEST_F(FleetOnAzure, MakesItsMachinesWithOneOrderEach) {
  options.security_group = azure_id(options.account, "Microsoft.Network/networkSecurityGroups", "closed");
  space.zones = {"2"};
  begin_anew();
  cycle(0);
  EXPECT_THAT(calls(),
              ElementsAre("token", "virtualMachineSizes.list", "virtualMachines.list", create_call, create_call))
      << ::testing::PrintToString(lines);
  const auto order = last_detail(create_call);
  const auto name = std::string(order.text_at({"properties", "osProfile", "computerName"}));
  EXPECT_THAT(folders("current"), Contains(name));
  EXPECT_EQ(order.text_at({"properties", "hardwareProfile", "vmSize"}), "Standard_D2s_v5");
  EXPECT_EQ(order.text_at({"properties", "storageProfile", "imageReference", "sku"}), "12-gen2");
  EXPECT_EQ(order.at_path({"properties", "storageProfile", "osDisk", "diskSizeGB"}), nullptr) << "as the image has it";
  EXPECT_EQ(order.text_at({"properties", "osProfile", "customData"}),
            "IyEvYmluL3NoCmVjaG8gdmN5Y2xlMDEuZXhhbXBsZS5jb20=");
  EXPECT_EQ(order.text_at({"tags", "name"}), name);
  EXPECT_EQ(order.text_at({"tags", "space"}), "vcycle01.example.com");
  EXPECT_THAT(std::string(order.text_at({"tags", "joboutputs"})), HasSubstr(name));
  const auto one = machines().at(0);
  EXPECT_THAT(one.at_path({"keys"})->if_array()->at(0).if_string(), ::testing::Pointee(HasSubstr("ssh-ed25519 AAAA")));
  EXPECT_FALSE(*one.at_path({"has_password"})->if_bool());
  EXPECT_EQ(one.text_at({"zone"}), "2");
  cycle(60);
  EXPECT_THAT(calls(), ElementsAre("virtualMachines.list", "virtualMachines.listAll", "networkInterfaces.list",
                                   create_call, create_call))
      << "no token and no size is asked for twice";
  EXPECT_THAT(lines, Contains(AllOf(HasSubstr(" 2 10.1.0."), HasSubstr("Running"))));
  EXPECT_THAT(machines(), SizeIs(4));
}

TEST_F(FleetOnAzure, TakesWhatTheOptionsSay) {
  options.subnets.push_back(azure_id(options.account, "Microsoft.Network/virtualNetworks", "grid/subnets/b"));
  options.disk_type = "Premium_LRS";
  options.public_addresses = true;
  space.types[0].root_image = "image:cernvm4";
  space.types[0].disk_gb_per_processor = 16;
  space.types[0].root_public_key = "/none.pub";
  begin_anew();
  cycle(0);
  EXPECT_THAT(machines(), IsEmpty()) << "a key that cannot be read stops its type";
  space.types[0].root_public_key.clear();
  for (int second = 60; second < 900; second += 60) EXPECT_THAT(cycle(second).error, IsEmpty());
  std::set<std::string> used;
  const auto all = machines();
  ASSERT_THAT(all, Not(IsEmpty()));
  for (const auto& one : all) used.insert(std::string(one.text_at({"subnet"})));
  EXPECT_THAT(used, ElementsAre(HasSubstr("grid/subnets/a"), HasSubstr("grid/subnets/b")));
  EXPECT_EQ(all.at(0).at_path({"disk_gb"})->integer(), 32);
  EXPECT_TRUE(*all.at(0).at_path({"public"})->if_bool());
  EXPECT_TRUE(*all.at(0).at_path({"has_password"})->if_bool()) << "one that nobody knows: Azure wants this or a key";
}

TEST_F(FleetOnAzure, AMachineHasItsWholeLifeAndLeavesOneRecordAndNothingElse) {
  space.processors_limit = 2;
  options.public_addresses = true;
  begin_anew();
  cycle_now();
  ASSERT_THAT(machines(), SizeIs(1)) << ::testing::PrintToString(lines);
  const auto id = of(0, "id");
  const auto name = of(0, "name");
  EXPECT_EQ(state("current/" + name + "/jobfeatures/job_id"), id);
  change(id, R"({"created":)" + std::to_string(std::chrono::system_clock::to_time_t(clock.now()) - 3'000) + "}");
  begin_anew();
  EXPECT_EQ(cycle_now().running_machines, 1);
  change(id, R"({"provisioning":"Failed","failure":"OS Provisioning did not finish in the allotted time."})");
  EXPECT_EQ(cycle_now().running_machines, 1) << "its system did not report in time, but it runs";
  control(http::Verb::post, "/machines/" + id + "/shutdown");
  cycle_now();
  ASSERT_THAT(records(), SizeIs(1)) << ::testing::PrintToString(lines);
  const auto record = records().front();
  EXPECT_THAT(record, AllOf(HasSubstr("LocalJobId: " + id + "\n"), HasSubstr("Processors: 2\n")));
  const auto wall = std::stoll(record.substr(record.find("WallDuration: ") + 14));
  EXPECT_GE(wall, 2'990);
  EXPECT_LT(wall, 3'120);
  EXPECT_EQ(count(delete_call), 1U);
  space.draining = true;
  for (int i = 0; i < 3; ++i) EXPECT_THAT(cycle_now().error, IsEmpty());
  EXPECT_THAT(records(), SizeIs(1));
  const auto left = world();
  for (const char* kind : {"interfaces", "disks", "addresses"})
    for (const auto& [what, owner] : *left.at_path({kind})->if_object())
      EXPECT_NE(*owner.if_string(), name) << what << " was left behind";
}

TEST_F(FleetOnAzure, NoAnswerEndsAMachineOrMakesOneMore) {
  space.processors_limit = 4;
  survives_each_answer(2);
}

TEST_F(FleetOnAzure, NothingIsDoubledOrForgottenWhereverTheManagerDies) {
  space.processors_limit = 4;
  dies_at_each_step(2);
}

TEST_F(FleetOnAzure, AnAnswerThatIsLostIsNoMachineMore) {
  space.processors_limit = 2;
  for (const char* how : {"close", "reset", "http", "garbage"}) {
    anew();
    fault(R"({"method":"virtualMachines.createOrUpdate","execute":true,"count":1,"kind":")" + std::string(how) +
          R"("})");
    cycle(0);
    EXPECT_EQ(count(create_call), 1U) << how;
    for (int second = 60; second < 1'800; second += 60) cycle(second);
    ASSERT_THAT(machines(), SizeIs(1)) << how;
    EXPECT_THAT(folders("current"), ElementsAre(of(0, "name"))) << how;
  }
}

TEST_F(FleetOnAzure, HalfAListChangesNothing) {
  cycle(0);
  set(R"({"page":1})");
  for (const char* which : {"virtualMachines.list", "virtualMachines.listAll"})
    for (const char* spoiled :
         {R"("kind":"http","status":500,"count":5)", R"("kind":"truncate","bytes":100)", R"("kind":"garbage")",
          R"("kind":"error","code":"Conflict","status":409)", R"("kind":"http","status":404)"}) {
      clear_faults();
      fault(R"({"method":")" + std::string(which) + R"(","first":2,)" + std::string(spoiled) + "}");
      EXPECT_THAT(cycle(60).error, Not(IsEmpty())) << which << spoiled;
      EXPECT_EQ(changes(), 0U);
      EXPECT_THAT(folders("current"), SizeIs(2));
      EXPECT_THAT(folders("deleted"), IsEmpty());
    }
  clear_faults();
  set(R"({"elsewhere":true})");
  EXPECT_THAT(cycle(90).error, HasSubstr("its next page is on another host"));
  EXPECT_EQ(changes(), 0U);
  set(R"({"elsewhere":false})");
  EXPECT_THAT(cycle(120).error, IsEmpty());
  EXPECT_THAT(machines(), SizeIs(4)) << "and goes on as if nothing had been";
}

TEST_F(FleetOnAzure, WhatStandsOnTwoPagesIsCountedOnce) {
  cycle(0);
  cycle(60);
  ASSERT_THAT(machines(), SizeIs(4));
  set(R"({"page":2,"repeat":1})");
  EXPECT_THAT(wait(made->list(soon())).value(), SizeIs(4));
  EXPECT_EQ(cycle(120).running_machines, 4);
  EXPECT_THAT(lines, Not(Contains(HasSubstr("There are two machines"))));
  EXPECT_EQ(count(create_call), 2U) << "nor is there less room for it";
}

TEST_F(FleetOnAzure, StatesThatAreNotListedAreAskedForOneByOne) {
  cycle(0);
  set(R"({"may_read_subscription":false,"may_read_interfaces":false})");
  EXPECT_EQ(cycle(60).running_machines, 2);
  EXPECT_EQ(count("virtualMachines.instanceView"), 2U);
  set(R"({"may_read_subscription":true,"status_visible":null})");
  EXPECT_EQ(cycle(120).running_machines, 4);
  EXPECT_EQ(count("virtualMachines.instanceView"), 4U);
  fault(R"({"kind":"http","method":"virtualMachines.instanceView","status":500,"first":3})");
  EXPECT_THAT(cycle(180).error, Not(IsEmpty())) << "one that cannot be told is half a list";
  EXPECT_EQ(changes(), 0U);
  clear_faults();
  const std::string missing = R"(","status":404,"code":"ResourceNotFound","count":1})";
  fault(R"({"kind":"error","method":"virtualMachines.instanceView)" + missing);
  EXPECT_THAT(cycle(240).error, Not(IsEmpty())) << "a state that is nowhere is no machine that is gone";
  fault(R"({"kind":"error","method":"virtualMachines.instanceView)" + missing);
  fault(R"({"kind":"error","method":"virtualMachines.get)" + missing);
  EXPECT_THAT(cycle(300).error, IsEmpty()) << "one that has just gone is none";
}

TEST_F(FleetOnAzure, ATokenIsKeptUntilItsEndAndMadeAnewWhenItIsRefused) {
  cycle(0);
  EXPECT_EQ(count("token"), 1U);
  control(http::Verb::del, "/tokens");
  EXPECT_THAT(cycle(60).error, IsEmpty());
  EXPECT_EQ(count("token"), 1U) << "after a 401, once for all";
  set(R"({"token_told":1})");
  control(http::Verb::del, "/tokens");
  cycle(120);
  const auto limit = soon();
  do EXPECT_THAT(cycle(180).error, IsEmpty());
  while (count("token") == 0 && std::chrono::steady_clock::now() < limit);
  EXPECT_EQ(count("token"), 1U) << "before its end";
}

TEST_F(FleetOnAzure, WhoIsNotKnownGetsNothingAndHisSecretIsNotTold) {
  options.account.client_secret = Secret("wrong+secret/of~nobody");
  begin_anew();
  EXPECT_THAT(cycle(0).error, AllOf(HasSubstr("invalid_client"), HasSubstr("AADSTS7000215")));
  EXPECT_THAT(calls(), Each(std::string("token")));
  EXPECT_THAT(lines, Each(AllOf(Not(HasSubstr("wrong+secret")), Not(HasSubstr("wrong%2Bsecret")))));
}

TEST_F(FleetOnAzure, AMachineThatCouldNotBeMadeHasFailedAndGoes) {
  set(R"({"full":true})");
  cycle(0);
  ASSERT_THAT(folders("current"), SizeIs(2));
  cycle(60);
  EXPECT_THAT(lines, Contains(HasSubstr("Failed")));
  std::size_t ordered = 0;
  for (int second = 120; second < 600; second += 60) {
    cycle(second);
    ordered += count(create_call);
    if (second == 120)
      EXPECT_THAT(lines, Contains(AllOf(HasSubstr("Azure made no vcycle-a-"), HasSubstr("sufficient capacity"))));
  }
  EXPECT_LE(ordered, 8U) << "less and less";
  EXPECT_THAT(records(), IsEmpty());
}

TEST_F(FleetOnAzure, AQuotaEndsCreationsOfTheCycle) {
  set(R"({"cores":2})");
  cycle(0);
  EXPECT_EQ(count(create_call), 2U) << "one that was made, one that was refused";
  EXPECT_THAT(machines(), SizeIs(1));
  EXPECT_THAT(lines, Contains(HasSubstr("the cloud gives no more now")));
}

TEST_F(FleetOnAzure, MachinesOfOthersCountWithTheirProcessorsAndStay) {
  space.processors_limit = 12;
  control(http::Verb::post, "/machines", R"({"count":2,"size":"Standard_D4s_v5"})");
  control(http::Verb::post, "/machines", R"({"name":"vcycle-a-abcdefghij","tags":{"space":"another.example.com"}})");
  control(http::Verb::post, "/machines", R"({"size":"Standard_D8s_v5","group":"other"})");
  for (int second = 0; second < 300; second += 60) EXPECT_THAT(cycle(second).error, IsEmpty());
  EXPECT_THAT(machines(), SizeIs(5)) << "10 of 12 processors were taken; another group's are not counted";
  EXPECT_EQ(count(delete_call), 0U);
}

TEST_F(FleetOnAzure, TheSizeOfAnothersMachineIsAskedForUntilItIsTold) {
  constexpr const char* sizes_call = "virtualMachineSizes.list";
  space.processors_limit = 1;
  control(http::Verb::post, "/machines", R"({"count":1})");
  change(of(0, "id"), R"({"size":"Standard_Z99"})");
  fault(R"({"kind":"error","method":"virtualMachineSizes.list","first":2})");
  EXPECT_THAT(cycle(0).error, HasSubstr("injected error"));
  clear_faults();
  EXPECT_THAT(cycle(60).error, IsEmpty());
  EXPECT_THAT(calls(), Contains(sizes_call));
  EXPECT_THAT(cycle(120).error, IsEmpty());
  EXPECT_THAT(calls(), Not(Contains(sizes_call))) << "once is enough";
  change(of(0, "id"), R"({"size":"Standard_Z98"})");
  fault(R"({"kind":"error","method":"virtualMachineSizes.list","status":403,"code":"AuthorizationFailed"})");
  EXPECT_THAT(cycle(180).error, IsEmpty()) << "no cycle waits for what is refused";
}

TEST_F(FleetOnAzure, ANewMachineThatIsNotListedYetIsWaitedFor) {
  set(R"({"visible":null})");
  space.processors_limit = 2;
  cycle(0);
  for (int second = 60; second < 540; second += 60) cycle(second);
  EXPECT_THAT(machines(), SizeIs(1));
  set(R"({"visible":0})");
  EXPECT_EQ(cycle(540).running_machines, 1);
}

TEST_F(FleetOnAzure, SaysWhatTheOperatorShouldKnow) {
  options.flavors = {"Standard_D2s_v5", "Standard_Z99"};
  space.types[0].root_image = "image:none";
  begin_anew();
  cycle(0);
  EXPECT_THAT(lines, Contains(HasSubstr("no size Standard_Z99 at westeurope")));
  EXPECT_THAT(lines, Contains(HasSubstr("images/none was not found")));
  EXPECT_THAT(machines(), IsEmpty());
}

}  // namespace
}  // namespace nephele::fleet
