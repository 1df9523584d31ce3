// SPDX-License-Identifier: Apache-2.0
#include "fleet/adapters/dbce.h"

#include <gmock/gmock.h>

#include <filesystem>

#include "fleet/adapters/testing/space_on_standin.h"

namespace nephele::fleet {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

constexpr const char* key = "dbce-key-0123456789abcdef0123456789abcdef0123";
constexpr const char* assignment = "POST machines/ID/actions/assign-public-ip";

class FleetOnDbce : public testing::SpaceOnStandIn {
 protected:
  FleetOnDbce() : SpaceOnStandIn("dbce") {}
  void SetUp() override {
    StandInTest::SetUp();
    space.api = "dbce";
    space.processors_limit = 80;  // a tenth of them a cycle: two machines of the flavor
    auto& type = space.types[0];
    type.root_image = "cernvm";
    type.flavor_names = {"y"};
    options.account = {.url = address() + "/", .version = "v1", .key = Secret(key)};
    options.account.link.timeout = std::chrono::seconds(10);
    options.account.link.first_pause = std::chrono::milliseconds(5);
    options.platform = "platform-1";
    options.network = "net-1";
    options.flavors = {"y"};
    options.sizes["y"] = {.name = "y", .processors = 4};
    options.images["a"] = "cernvm";
    options.fizzle["a"] = std::chrono::seconds(600);
    secrets = {"dbce-key"};
    begin_anew();
  }
  std::unique_ptr<Cloud> adapter() override { return std::make_unique<DbceCloud>(options); }
  std::size_t living() override { return machines().size(); }
  json::Array machines() { return *world().at_path({"machines"})->if_array(); }
  std::int64_t addresses(std::size_t index) { return *machines().at(index).at_path({"addresses"})->integer(); }
  void change(std::size_t index, const std::string& members) {
    control(http::Verb::post, "/machines/" + std::string(machines().at(index).text_at({"id"})), members);
  }

  DbceOptions options;
};

TEST_F(FleetOnDbce, MakesItsMachinesWithTheCallsOfTheContract) {
  cycle(0);
  EXPECT_THAT(calls(), ElementsAre("GET machines", "POST machines", assignment, "POST machines", assignment))
      << ::testing::PrintToString(lines);
  ASSERT_THAT(machines(), SizeIs(2));
  const auto one = machines().at(0);
  EXPECT_THAT(folders("current"), Contains(std::string(one.text_at({"name"}))));
  EXPECT_EQ(one.text_at({"cloud_config"}), "#!/bin/sh\necho vcycle01.example.com");
  EXPECT_EQ(one.text_at({"image"}), "cernvm");
  EXPECT_EQ(one.text_at({"configuration"}), "y");
  cycle(60);
  EXPECT_THAT(calls(), ElementsAre("GET machines", "POST machines", assignment, "POST machines", assignment));
  EXPECT_THAT(lines, Contains(HasSubstr(" 4 0.0.0.0 Running"))) << ::testing::PrintToString(lines);
  for (std::size_t i = 0; i < 4; ++i) EXPECT_EQ(addresses(i), 1);
  options.public_ip = false;
  begin_anew();
  cycle(120);
  EXPECT_EQ(count(assignment), 0U);
}

TEST_F(FleetOnDbce, StoppedIsOnItsWayUpWhileItIsYoungAndOverAfterThat) {
  space.processors_limit = 4;
  set(R"({"boot":null})");
  cycle(0);
  change(0, R"({"state":"stopped"})");
  cycle(540);
  EXPECT_THAT(lines, Contains(HasSubstr("Starting")));
  change(0, R"({"state":"started"})");
  cycle(560);
  EXPECT_THAT(lines, Contains(HasSubstr("Running")));
  cycle(1'160);
  EXPECT_EQ(count("DELETE machines/ID"), 0U);
  change(0, R"({"state":"unknown"})");
  cycle(1'220);
  EXPECT_THAT(lines, Contains(HasSubstr("Shut down")));
  EXPECT_EQ(count("DELETE machines/ID"), 1U);
  ASSERT_THAT(records(), SizeIs(1));
  EXPECT_THAT(records().front(),
              AllOf(HasSubstr("LocalJobId: 1001\n"), HasSubstr("Processors: 4\n"), HasSubstr("WallDuration: 600\n")));
  cycle(1'280);
  ASSERT_THAT(machines(), SizeIs(1)) << "the next one";
  change(0, R"({"state":"being migrated"})");
  cycle(9'000);
  EXPECT_EQ(count("DELETE machines/ID"), 0U) << "nobody knows what that is";
}

TEST_F(FleetOnDbce, AnAddressThatIsNotToBeHadYetIsAskedForWhenTheMachineRuns) {
  space.processors_limit = 4;
  set(R"({"boot":null,"address_at_once":false})");
  EXPECT_THAT(cycle(0).error, IsEmpty());
  cycle(60);
  EXPECT_EQ(count(assignment), 0U) << "it does not run";
  EXPECT_EQ(addresses(0), 0);
  set(R"({"boot":0})");
  fault(R"({"kind":"http","status":400,"method":"POST machines/ID/actions/assign-public-ip","count":1})");
  EXPECT_THAT(cycle(120).error, IsEmpty()) << "the list counts";
  cycle(180);
  EXPECT_EQ(addresses(0), 1);
  cycle(240);
  EXPECT_EQ(count(assignment), 0U);
  for (const char* const lost : {R"("kind":"close","execute":true)", R"("kind":"close")"}) {
    anew();
    fault(R"({"method":"POST machines/ID/actions/assign-public-ip","count":1,)" + std::string(lost) + "}");
    for (int second = 0; second < 300; second += 60) EXPECT_THAT(cycle(second).error, IsEmpty());
    EXPECT_LE(addresses(0), 1) << "never two";
  }
}

TEST_F(FleetOnDbce, OneThatIsRefusedItsAddressKeepsNoOtherFromIts) {
  set(R"({"boot":null,"address_at_once":false})");
  cycle(0);
  ASSERT_THAT(machines(), SizeIs(2));
  space.processors_limit = 8;  // that is all of them
  set(R"({"boot":0})");
  fault(R"({"kind":"http","status":400,"method":"POST machines/ID/actions/assign-public-ip","count":1})");
  cycle(60);
  EXPECT_EQ(count(assignment), 2U);
  EXPECT_EQ(addresses(0) + addresses(1), 1);
  cycle(120);
  EXPECT_EQ(addresses(0) * addresses(1), 1);
  anew();
  space.processors_limit = 80;
  set(R"({"boot":null,"address_at_once":false})");
  cycle(0);
  space.processors_limit = 8;
  set(R"({"boot":0})");
  fault(R"({"kind":"http","status":429,"method":"POST machines/ID/actions/assign-public-ip"})");
  cycle(60);
  EXPECT_LE(count(assignment), 3U) << "whoever is told to wait does, with all of them";
}

TEST_F(FleetOnDbce, AnAddressThatTakesLongLosesNoId) {
  fault(R"({"kind":"hold","method":"POST machines/ID/actions/assign-public-ip"})");
  const auto until = in(std::chrono::seconds(4));
  const auto id = wait(made->create({.name = "vcycle-a-0123456789",
                                     .space = space.name,
                                     .machinetype = "a",
                                     .image = "cernvm",
                                     .flavor = options.sizes["y"]},
                                    until));
  ASSERT_TRUE(id) << id.error().sentence();
  EXPECT_EQ(*id, machines().at(0).text_at({"id"}));
  EXPECT_LT(std::chrono::steady_clock::now(), until) << "who waits for create gives up then";
}

TEST_F(FleetOnDbce, AMachinetypeWithoutAnImageKeepsNoOtherFromItsMachines) {
  cycle(0);
  ASSERT_THAT(machines(), SizeIs(2));
  options.images["a"] = "";
  begin_anew();
  change(0, R"({"state":"error"})");
  EXPECT_THAT(cycle(600).error, IsEmpty());
  EXPECT_EQ(count("DELETE machines/ID"), 1U);
  cycle(660);
  EXPECT_EQ(count("POST machines"), 0U);
  EXPECT_THAT(every_line, Contains(HasSubstr("needs image:ID as root_image")));
}

TEST_F(FleetOnDbce, ProcessorsThatNobodyHasAreNotCounted) {
  set(R"({"told_processors":9223372036854775807})");
  control(http::Verb::post, "/machines", R"({"count":2,"configuration":"z","state":"started"})");
  for (const auto& one : wait(made->list(soon())).value()) EXPECT_EQ(one.processors, std::nullopt) << one.id;
}

TEST_F(FleetOnDbce, NoAnswerEndsAMachineOrMakesOneMore) {
  space.processors_limit = 8;
  survives_each_answer(2);
}

TEST_F(FleetOnDbce, NothingIsDoubledOrForgottenWhereverTheManagerDies) {
  space.processors_limit = 8;
  dies_at_each_step(2, {.afterwards = [&] {
                      for (std::size_t i = 0; i < 2; ++i) EXPECT_EQ(addresses(i), 1) << ::testing::PrintToString(steps);
                    }});
}

TEST_F(FleetOnDbce, AnOrderWhoseAnswerIsLostIsFoundAndGetsItsAddress) {
  space.processors_limit = 4;
  for (const std::string how : {R"("kind":"close","execute":true)", R"("kind":"garbage","execute":true)",
                                R"("kind":"http","status":500,"execute":true)"}) {
    anew();
    fault("{" + how + R"(,"method":"POST machines","count":1})");
    cycle(0);
    EXPECT_EQ(count("POST machines"), 1U);
    for (int second = 60; second < 900; second += 60) cycle(second);
    EXPECT_THAT(machines(), SizeIs(1)) << how;
    EXPECT_THAT(folders("current"), SizeIs(1)) << how;
    EXPECT_EQ(addresses(0), 1) << how;
  }
}

TEST_F(FleetOnDbce, HalfAListChangesNothing) {
  cycle(0);
  cycle(60);
  ASSERT_THAT(machines(), SizeIs(4));
  for (const std::string knobs : {R"("page":3)", R"("page":0,"tells_total":true,"drop_listed":1)"}) {
    set("{" + knobs + "}");
    for (const std::string spoiled :
         {R"("kind":"http","status":500,"count":5)", R"("kind":"truncate","bytes":150)", R"("kind":"garbage")",
          R"("kind":"error","status":401,"text":"no")", R"("kind":"close","count":9)"}) {
      clear_faults();
      const auto first = knobs.contains(R"("page":3)") ? R"(,"first":2)" : "";
      if (*first != '\0') fault(R"({"method":"GET machines",)" + spoiled + first + "}");
      EXPECT_THAT(cycle(120).error, Not(IsEmpty())) << knobs << spoiled;
      EXPECT_EQ(count("POST machines") + count("DELETE machines/ID"), 0U);
      EXPECT_THAT(folders("current"), SizeIs(4));
      EXPECT_THAT(folders("deleted"), IsEmpty());
    }
    clear_faults();
  }
  set(R"({"page":3,"drop_listed":0})");
  EXPECT_THAT(cycle(180).error, IsEmpty());
  EXPECT_THAT(machines(), SizeIs(6)) << "and goes on as if nothing had been";
}

TEST_F(FleetOnDbce, OthersCountAndAQuotaEndsCreationsOfTheCycle) {
  space.processors_limit = 44;
  control(http::Verb::post, "/machines", R"({"count":5,"configuration":"z","state":"stopped"})");
  set(R"({"machines":5})");
  cycle(0);
  EXPECT_EQ(count("POST machines"), 1U);
  EXPECT_THAT(lines, Contains(HasSubstr("the cloud gives no more now")));
  set(R"({"machines":-1})");
  for (int second = 60; second < 900; second += 60) cycle(second);
  EXPECT_THAT(machines(), SizeIs(6)) << "40 of 44 processors were taken";
  EXPECT_EQ(count("DELETE machines/ID"), 0U);
  options.sizes.clear();
  begin_anew();
  cycle(960);
  EXPECT_THAT(lines, Contains(HasSubstr("write flavor_processors = y:NUMBER")));
}

}  // namespace
}  // namespace nephele::fleet
