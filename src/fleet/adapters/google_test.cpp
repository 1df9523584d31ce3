// SPDX-License-Identifier: Apache-2.0
#include "fleet/adapters/google.h"

#include <gmock/gmock.h>

#include <set>

#include "fleet/adapters/testing/space_on_standin.h"

namespace nephele::fleet {
namespace {

using ::testing::AllOf;
using ::testing::AnyOf;
using ::testing::Contains;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

/// PyJWT over python3-cryptography judges what was signed.
class FleetOnGoogle : public testing::SpaceOnStandIn {
 protected:
  FleetOnGoogle() : SpaceOnStandIn("google") {}
  void SetUp() override {
    StandInTest::SetUp();
    space.api = "google";
    space.processors_limit = 40;  // a tenth of them a cycle: two machines of the type
    space.zones = {"europe-west1-b"};
    auto& type = space.types[0];
    type.root_image = "image:cernvm4";
    type.flavor_names = {"n2-standard-2"};
    type.root_public_key = "/key.pub";
    const auto key = control(http::Verb::get, "/key");
    options.account = {.project = std::string(key.text_at({"project_id"})),
                       .client_email = std::string(key.text_at({"client_email"})),
                       .private_key = Secret(std::string(key.text_at({"private_key"}))),
                       .key_id = std::string(key.text_at({"private_key_id"})),
                       .token_url = address() + "/token",
                       .url = address() + "/compute/v1",
                       .timeout = std::chrono::seconds(10),
                       .first_pause = std::chrono::milliseconds(5)};
    options.flavors = {"n2-standard-2"};
    options.zones = space.zones;
    options.space_label = google_label_of(space.name);
    secrets = {options.account.private_key.reveal().substr(28, 64)};  // its first line
    begin_anew();
  }
  std::unique_ptr<Cloud> adapter() override { return std::make_unique<GoogleCloud>(options, clock); }
  std::size_t living() override { return instances().size(); }
  json::Array instances() { return *world().at_path({"instances"})->if_array(); }
  std::string of(std::size_t index, const char* member) { return std::string(instances().at(index).text_at({member})); }
  void change(const std::string& id, const std::string& members) {
    control(http::Verb::post, "/instances/" + id, members);
  }

  GoogleOptions options;
};

std::string item(const json::Value& order, std::string_view key) {
  for (const auto& one : *order.at_path({"metadata", "items"})->if_array())
    if (one.text_at({"key"}) == key) return std::string(one.text_at({"value"}));
  return "(none)";
}

TEST_F(FleetOnGoogle, MakesItsMachinesWithTheCallsOfTheContract) {
  cycle(0);
  EXPECT_THAT(calls(), ElementsAre("token", "machineTypes.get", "instances.aggregatedList", "images.get",
                                   "instances.insert", "instances.insert"))
      << ::testing::PrintToString(lines);
  const auto order = last_detail("instances.insert");
  const auto name = std::string(order.text_at({"name"}));
  EXPECT_THAT(folders("current"), Contains(name));
  EXPECT_EQ(order.text_at({"machineType"}), "zones/europe-west1-b/machineTypes/n2-standard-2");
  const auto& disk = order.at_path({"disks"})->if_array()->front();
  EXPECT_EQ(disk.text_at({"initializeParams", "sourceImage"}), "projects/vcycle-project/global/images/cernvm4");
  EXPECT_EQ(disk.text_at({"initializeParams", "diskSizeGb"}), "80");
  EXPECT_TRUE(*disk.at_path({"autoDelete"})->if_bool());
  EXPECT_EQ(item(order, "user-data"), "#!/bin/sh\necho vcycle01.example.com");
  EXPECT_EQ(item(order, "cvm-user-data"), "(none)");
  EXPECT_EQ(item(order, "machinetype"), "a");
  EXPECT_THAT(item(order, "joboutputs"), HasSubstr(name));
  for (const char* key : {"ssh-keys", "sshKeys"})
    EXPECT_THAT(item(order, key), AllOf(HasSubstr("root:ssh-ed25519 AAAA"), HasSubstr(" root"))) << key;
  EXPECT_EQ(order.text_at({"labels", "vcycle-space"}), "vcycle01_example_com");
  cycle(60);
  EXPECT_THAT(calls(), ElementsAre("instances.aggregatedList", "images.get", "instances.insert", "instances.insert"))
      << "no token and no type is asked for twice";
  set(R"({"operation":0.2})");
  cycle(120);
  set(R"({"operation":0})");
  cycle(180);
  EXPECT_EQ(count("zoneOperations.get"), 2U) << "what was under way is asked for, once";
  cycle(240);
  EXPECT_EQ(count("zoneOperations.get"), 0U);
  EXPECT_THAT(instances(), SizeIs(10));
  EXPECT_EQ(state("current/" + name + "/jobfeatures/allocated_cpu"), "2");
}

TEST_F(FleetOnGoogle, TakesWhatTheOptionsSay) {
  options.subnets = {"grid-a", "grid-b"};
  options.disk_type = "pd-ssd";
  options.public_addresses = false;
  space.types[0].root_image = "image:debian-cloud/family/debian-12";
  space.types[0].disk_gb_per_processor = 6;
  directory.write("template", "From nobody Mon Jan  1\n\npart");
  begin_anew();
  for (int second = 0; second < 600; second += 60) EXPECT_THAT(cycle(second).error, IsEmpty());
  std::set<std::string> used;
  const auto all = instances();
  for (const auto& one : all) used.insert(std::string(one.text_at({"subnetwork"})));
  EXPECT_THAT(used, ElementsAre(HasSubstr("regions/europe-west1/subnetworks/grid-a"), HasSubstr("grid-b")));
  EXPECT_FALSE(*all.at(0).at_path({"public"})->if_bool());
  EXPECT_EQ(all.at(0).at_path({"disk_gb"})->integer(), 12);
  EXPECT_EQ(all.at(0).text_at({"metadata", "cvm-user-data"}), to_base64("From nobody Mon Jan  1\n\npart"));
}

TEST_F(FleetOnGoogle, AMachineHasItsWholeLifeAndOneRecord) {
  space.processors_limit = 2;
  cycle_now();
  ASSERT_THAT(instances(), SizeIs(1)) << ::testing::PrintToString(lines);
  const auto id = of(0, "id");
  const auto name = of(0, "name");
  EXPECT_EQ(state("current/" + name + "/jobfeatures/job_id"), id);
  const auto now = std::chrono::system_clock::to_time_t(clock.now());
  change(id, R"({"created":)" + std::to_string(now - 3'010) + R"(,"started":)" + std::to_string(now - 3'000) + "}");
  begin_anew();
  EXPECT_EQ(cycle_now().running_machines, 1);
  EXPECT_THAT(lines, Contains(AllOf(HasSubstr("= " + name), HasSubstr(" 2 10.132.0.0 Running"))));
  control(http::Verb::post, "/instances/" + id + "/shutdown");
  cycle_now();
  ASSERT_THAT(records(), SizeIs(1)) << ::testing::PrintToString(lines);
  const auto record = records().front();
  EXPECT_THAT(record, AllOf(HasSubstr("LocalJobId: " + id + "\n"), HasSubstr("Processors: 2\n")));
  const auto wall = std::stoll(record.substr(record.find("WallDuration: ") + 14));
  EXPECT_GE(wall, 3'000);
  EXPECT_LT(wall, 3'120);
  EXPECT_EQ(count("instances.delete"), 1U);
  for (int i = 0; i < 3; ++i) EXPECT_THAT(cycle_now().error, IsEmpty());
  EXPECT_THAT(records(), SizeIs(1));
  ASSERT_THAT(instances(), SizeIs(1)) << "the next one";
  EXPECT_NE(of(0, "id"), id);
}

TEST_F(FleetOnGoogle, NoAnswerEndsAMachineOrMakesOneMore) {
  space.processors_limit = 4;
  survives_each_answer(2);
}

TEST_F(FleetOnGoogle, NothingIsDoubledOrForgottenWhereverTheManagerDies) {
  space.processors_limit = 4;
  dies_at_each_step(2);
}

TEST_F(FleetOnGoogle, AnOrderWhoseAnswerIsLostIsSentAgainAndMakesOneMachine) {
  space.processors_limit = 2;
  for (const char* how : {"close", "reset", "http"}) {
    anew();
    fault(R"({"method":"instances.insert","execute":true,"count":1,"kind":")" + std::string(how) + R"("})");
    EXPECT_THAT(cycle(0).error, IsEmpty());
    EXPECT_EQ(count("instances.insert"), 2U) << how;
    ASSERT_THAT(instances(), SizeIs(1)) << how;
    ASSERT_THAT(folders("current"), ElementsAre(of(0, "name"))) << how;
    EXPECT_EQ(state("current/" + of(0, "name") + "/jobfeatures/job_id"), of(0, "id")) << how;
  }
}

TEST_F(FleetOnGoogle, ARefusalAfterALostAnswerDoesNotMeanThatNothingWasMade) {
  space.processors_limit = 2;
  for (const char* then : {R"("kind":"error","code":"forbidden","status":403)", R"("kind":"http","status":429)"}) {
    anew();
    fault(R"({"method":"instances.insert","execute":true,"count":1,"kind":"http"})");
    fault(R"({"method":"instances.insert","first":2,)" + std::string(then) + "}");
    cycle(0);
    ASSERT_THAT(instances(), SizeIs(1)) << then;
    EXPECT_THAT(folders("current"), ElementsAre(of(0, "name"))) << then;
    EXPECT_EQ(state("current/" + of(0, "name") + "/refused"), "(none)") << then;
    clear_faults();
    EXPECT_THAT(cycle(60).error, IsEmpty());
    EXPECT_THAT(instances(), SizeIs(1)) << then << ": no second one in its place";
  }
}

TEST_F(FleetOnGoogle, HalfAListChangesNothing) {
  cycle(0);
  set(R"({"page":1})");
  for (const char* spoiled :
       {R"("kind":"http","status":500,"count":5)", R"("kind":"truncate","bytes":300)", R"("kind":"garbage")",
        R"("kind":"error","code":"forbidden","status":403)", R"("kind":"http","status":404)"}) {
    clear_faults();
    fault(R"({"method":"instances.aggregatedList","first":2,)" + std::string(spoiled) + "}");
    EXPECT_THAT(cycle(60).error, Not(IsEmpty())) << spoiled;
    EXPECT_EQ(count("instances.insert") + count("instances.delete"), 0U);
    EXPECT_THAT(folders("current"), SizeIs(2));
    EXPECT_THAT(folders("deleted"), IsEmpty());
  }
  clear_faults();
  for (const char* told : {"warning", "unreachables", "whole"}) {
    set(R"({"unreachable":["us-central1-a"],"unreachable_told":")" + std::string(told) + R"("})");
    EXPECT_THAT(cycle(90).error, HasSubstr("the whole list")) << told;
    EXPECT_EQ(count("instances.insert") + count("instances.delete"), 0U) << told;
    EXPECT_THAT(folders("deleted"), IsEmpty());
  }
  set(R"({"unreachable":[]})");
  EXPECT_THAT(cycle(120).error, IsEmpty());
  EXPECT_THAT(instances(), SizeIs(4)) << "and goes on as if nothing had been";
}

TEST_F(FleetOnGoogle, WhatStandsOnTwoPagesIsCountedOnce) {
  cycle(0);
  cycle(60);
  ASSERT_THAT(instances(), SizeIs(4));
  set(R"({"page":2,"repeat":1})");
  EXPECT_THAT(wait(made->list(soon())).value(), SizeIs(4));
  EXPECT_EQ(cycle(120).running_machines, 4);
  EXPECT_THAT(lines, Not(Contains(HasSubstr("There are two machines"))));
  EXPECT_EQ(count("instances.insert"), 2U) << "nor is there less room for it";
}

TEST_F(FleetOnGoogle, ATokenIsKeptUntilItsEndAndMadeAnewWhenItIsRefused) {
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

TEST_F(FleetOnGoogle, WhoIsNotKnownGetsNothingAndNothingOfHisKeyIsTold) {
  options.account.client_email = "else@example.org";
  begin_anew();
  const auto report = cycle(0);
  EXPECT_THAT(report.error, AllOf(HasSubstr("invalid_grant"), HasSubstr("account not found")));
  EXPECT_THAT(calls(), Each(std::string("token")));
  for (const auto& line : lines) EXPECT_THAT(line, Not(AnyOf(HasSubstr("eyJ"), HasSubstr("BEGIN"))));
}

TEST_F(FleetOnGoogle, WhatAnOperationRefusesIsAFailedMachine) {
  set(R"({"cpus":2,"operation":0.2})");
  cycle(0);
  EXPECT_EQ(count("instances.insert"), 2U) << "the quota is told later";
  ASSERT_THAT(folders("current"), SizeIs(2));
  set(R"({"operation":0})");
  cycle(60);
  EXPECT_THAT(lines, Contains(AllOf(HasSubstr("Google made no vcycle-a-"), HasSubstr("QUOTA_EXCEEDED"))));
  EXPECT_THAT(lines, Contains(HasSubstr("Failed")));
  std::size_t ordered = 0;
  for (int second = 120; second < 600; second += 60) {
    cycle(second);
    ordered += count("instances.insert");
  }
  EXPECT_LE(ordered, 4U) << "less and less";
  EXPECT_THAT(instances(), SizeIs(1));
  EXPECT_THAT(folders("current"), Contains(of(0, "name")));
  EXPECT_THAT(records(), IsEmpty());
}

TEST_F(FleetOnGoogle, OperationsThatNobodyMaySeeCostOneCallAndNoMachine) {
  set(R"({"operation":null})");
  fault(R"({"kind":"error","method":"zoneOperations.get","status":403,"code":"forbidden"})");
  cycle(0);
  for (int second = 60; second < 240; second += 60) {
    EXPECT_THAT(cycle(second).error, IsEmpty());
    EXPECT_EQ(count("zoneOperations.get"), 1U) << "for all, and none for a machine that runs";
    EXPECT_EQ(count("instances.insert"), 2U);
    EXPECT_THAT(lines, Contains(HasSubstr("is not told: ")));
  }
}

TEST_F(FleetOnGoogle, AnOperationThatIsNotToldInTimeLeavesTimeForTheRest) {
  set(R"({"operation":null})");
  cycle(0);
  fault(R"({"kind":"hold","method":"zoneOperations.get"})");
  const auto until = in(std::chrono::seconds(3));
  const auto facts = wait(made->facts(until));
  EXPECT_TRUE(facts) << facts.error().sentence();
  EXPECT_LT(std::chrono::steady_clock::now(), until) << "who waits for the facts gives up then";
}

TEST_F(FleetOnGoogle, AQuotaThatIsToldAtOnceEndsCreationsOfTheCycle) {
  set(R"({"cpus":2,"cpus_at_once":true})");
  cycle(0);
  EXPECT_EQ(count("instances.insert"), 2U) << "one that was made, one that was refused";
  EXPECT_THAT(instances(), SizeIs(1));
  EXPECT_THAT(lines, Contains(HasSubstr("the cloud gives no more now")));
}

TEST_F(FleetOnGoogle, MachinesOfOthersCountWithTheirProcessorsAndStay) {
  space.processors_limit = 12;
  control(http::Verb::post, "/instances",
          R"({"count":2,"type":"n2-standard-4","zone":"us-central1-a","status":"RUNNING"})");
  control(http::Verb::post, "/instances",
          R"({"type":"e2-small","name":"vcycle-a-abcdefghij","labels":)"
          R"({"vcycle-space":"another_example_com"}})");
  for (int second = 0; second < 300; second += 60) EXPECT_THAT(cycle(second).error, IsEmpty());
  EXPECT_THAT(instances(), SizeIs(4)) << "10 of 12 processors were taken";
  EXPECT_EQ(count("instances.delete"), 0U);
}

TEST_F(FleetOnGoogle, AListWhoseSizesCannotBeToldIsNone) {
  options.account.repeats_max = 0;
  begin_anew();
  cycle(0);
  control(http::Verb::post, "/instances", R"({"type":"n2-standard-8","zone":"us-central1-a","status":"RUNNING"})");
  fault(R"({"kind":"http","method":"machineTypes.get","status":500,"count":1})");
  EXPECT_THAT(cycle(60).error, Not(IsEmpty()));
  EXPECT_EQ(count("instances.insert"), 0U);
  EXPECT_THAT(cycle(120).error, IsEmpty());
}

TEST_F(FleetOnGoogle, SaysWhatTheOperatorShouldKnow) {
  options.flavors = {"n2-standard-2", "n2-standard-8"};
  options.has_limit = false;
  space.types[0].root_image = "image:none";
  begin_anew();
  cycle(0);
  EXPECT_THAT(lines, Contains(HasSubstr("no machine type n2-standard-8 in europe-west1-b")));
  EXPECT_THAT(lines, Contains(HasSubstr("no processors_limit is written")));
  EXPECT_THAT(lines, Contains(HasSubstr("Failed to find projects/vcycle-project/global/images/none")));
  EXPECT_THAT(instances(), IsEmpty());
}

TEST_F(FleetOnGoogle, ANewMachineThatIsNotListedYetIsWaitedFor) {
  set(R"({"visible":null})");
  space.processors_limit = 2;
  cycle(0);
  for (int second = 60; second < 540; second += 60) cycle(second);
  EXPECT_THAT(instances(), SizeIs(1));
  set(R"({"visible":0})");
  EXPECT_EQ(cycle(540).running_machines, 1);
}

}  // namespace
}  // namespace nephele::fleet
