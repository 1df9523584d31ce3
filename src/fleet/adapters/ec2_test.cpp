// SPDX-License-Identifier: Apache-2.0
#include "fleet/adapters/ec2.h"

#include <gmock/gmock.h>

#include <set>

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

enum class Api : std::uint8_t { old, tokens_hidden, modern };

/// boto3 has proved the stand-in, and botocore judges each signature.
class FleetOnEc2 : public testing::SpaceOnStandIn, public ::testing::WithParamInterface<Api> {
 protected:
  FleetOnEc2() : SpaceOnStandIn("ec2") {}
  void SetUp() override {
    StandInTest::SetUp();
    space.api = "ec2";
    space.processors_limit = 80;  // a tenth of them a cycle: two machines of the flavor
    auto& type = space.types[0];
    type.root_image = "image:ami-00000001";
    type.flavor_names = {"y"};
    type.root_public_key = "/key.pub";
    options.account = {.url = address() + "/services/Cloud", .access_key = "a1b2c3d4access"};
    options.account.secret_key = Secret("s3cret/of+ec2=0123456789");
    options.account.timeout = std::chrono::seconds(10);
    options.account.first_pause = std::chrono::milliseconds(5);
    options.flavors = {"y"};
    secrets = {options.account.secret_key.reveal()};
    use(Api::modern);
  }
  void use(Api api) {
    options.account.version = api == Api::modern ? "2016-11-15" : "2010-08-31";
    options.tags_at_creation = api == Api::modern;
    options.sizes.clear();
    if (api != Api::modern) options.sizes["y"] = {.name = "y", .processors = 4};
    if (api == Api::tokens_hidden) set(R"({"token_shown":false})");
    begin_anew();
  }
  std::unique_ptr<Cloud> adapter() override { return std::make_unique<Ec2Cloud>(options, clock); }
  json::Array instances() { return *world().at_path({"instances"})->if_array(); }
  std::size_t living() override {
    std::size_t out = 0;
    for (const auto& one : instances()) {
      const auto state = one.text_at({"state"});
      out += state != "terminated" && state != "shutting-down" ? 1 : 0;
    }
    return out;
  }
  std::string id_of(std::size_t index) { return std::string(instances().at(index).text_at({"id"})); }
  void change(const std::string& id, const std::string& members) {
    control(http::Verb::post, "/instances/" + id, members);
  }
  void shut_down(const std::string& id, const std::string& how = "{}") {
    control(http::Verb::post, "/instances/" + id + "/shutdown", how);
  }

  Ec2Options options;
};

TEST_F(FleetOnEc2, MakesItsMachinesWithTheCallsOfTheContract) {
  options.security_groups = {"default", "vc"};
  begin_anew();
  space.zones = {"zone-b"};
  cycle(0);
  EXPECT_THAT(calls(), ElementsAre("DescribeInstanceTypes", "DescribeInstances", "DescribeKeyPairs", "ImportKeyPair",
                                   "RunInstances", "RunInstances"))
      << ::testing::PrintToString(lines);
  const auto order = last_detail("RunInstances");
  const auto name = std::string(order.text_at({"ClientToken"}));
  EXPECT_THAT(folders("current"), Contains(name));
  EXPECT_EQ(order.text_at({"MinCount"}), "1");
  EXPECT_EQ(order.text_at({"MaxCount"}), "1");
  EXPECT_EQ(order.text_at({"ImageId"}), "ami-00000001");
  EXPECT_EQ(order.text_at({"InstanceType"}), "y");
  EXPECT_EQ(order.text_at({"UserData"}), "IyEvYmluL3NoCmVjaG8gdmN5Y2xlMDEuZXhhbXBsZS5jb20=");
  EXPECT_EQ(order.text_at({"KeyName"}), "vcycle-a7d3b71ce059307f9b2fcc43533d51e5");
  EXPECT_EQ(order.text_at({"Placement.AvailabilityZone"}), "zone-b");
  EXPECT_EQ(order.text_at({"SecurityGroup.2"}), "vc");
  EXPECT_EQ(order.text_at({"TagSpecification.1.Tag.1.Key"}), "name");
  EXPECT_EQ(order.text_at({"TagSpecification.1.Tag.1.Value"}), name);
  cycle(60);
  EXPECT_THAT(calls(), ElementsAre("DescribeInstances", "DescribeKeyPairs", "RunInstances", "RunInstances"))
      << "nothing is asked, imported or made twice";
  EXPECT_EQ(living(), 4U);
  EXPECT_NE(state("current/" + name + "/instance_id"), "(none)");
  EXPECT_EQ(state("current/" + name + "/instance_id"), state("current/" + name + "/jobfeatures/job_id"));
}

TEST_F(FleetOnEc2, SubnetsStandInPlaceOfZones) {
  options.subnets = {"subnet-0000000a", "subnet-0000000b"};
  options.security_groups = {"sg-00000001"};
  begin_anew();
  for (int second = 0; second < 600; second += 60) cycle(second);
  std::set<std::string> used;
  const auto all = instances();
  for (const auto& one : all) used.insert(std::string(one.text_at({"subnet"})));
  EXPECT_THAT(used, SizeIs(2));
}

TEST_P(FleetOnEc2, AMachineHasItsWholeLifeAndOneRecord) {
  use(GetParam());
  space.processors_limit = 4;
  cycle_now();
  ASSERT_EQ(living(), 1U) << ::testing::PrintToString(lines);
  const auto id = id_of(0);
  const auto name = folders("current").at(0);
  change(id, R"({"launched":)" + std::to_string(std::chrono::system_clock::to_time_t(clock.now()) - 3'000) + "}");
  cycle_now();
  const auto tags = *instances().at(0).at_path({"tags"});
  EXPECT_EQ(tags.text_at({"name"}), name) << "from the order on, or when it is seen to run";
  EXPECT_EQ(tags.text_at({"machinetype"}), "a");
  EXPECT_EQ(tags.text_at({"space"}), "vcycle01.example.com");
  EXPECT_THAT(std::string(tags.text_at({"joboutputs"})), HasSubstr(name));
  EXPECT_EQ(count("CreateTags"), GetParam() == Api::modern ? 0U : 1U);
  EXPECT_THAT(lines, Contains(AllOf(HasSubstr("= " + name), HasSubstr(" 4 10.1.0.0 Running"))));
  begin_anew();
  EXPECT_EQ(cycle_now().running_machines, 1);
  EXPECT_EQ(count("CreateTags"), 0U);

  shut_down(id);
  cycle_now();
  ASSERT_THAT(records(), SizeIs(1)) << ::testing::PrintToString(lines);
  const auto record = records().front();
  EXPECT_THAT(record, AllOf(HasSubstr("LocalJobId: " + id + "\n"), HasSubstr("Processors: 4\n")));
  const auto wall = std::stoll(record.substr(record.find("WallDuration: ") + 14));
  EXPECT_GE(wall, 3'000);
  EXPECT_LT(wall, 3'120);
  EXPECT_EQ(count("TerminateInstances"), 1U);
  cycle_now();
  EXPECT_EQ(living(), 1U) << "the next one";
  EXPECT_THAT(folders("deleted"), ElementsAre(name)) << "EC2 lists it for an hour; it is over all the same";
  for (int i = 0; i < 3; ++i) EXPECT_THAT(cycle_now().error, IsEmpty());
  EXPECT_THAT(records(), SizeIs(1));
  EXPECT_EQ(living(), 1U);
}

TEST_P(FleetOnEc2, NoAnswerEndsAMachineOrMakesOneMore) {
  use(GetParam());
  space.processors_limit = 8;
  survives_each_answer(2);
}

TEST_P(FleetOnEc2, NothingIsDoubledOrForgottenWhereverTheManagerDies) {
  use(GetParam());
  space.processors_limit = 8;
  const auto known = [&](bool died) -> std::size_t {
    std::size_t told = 0;
    for (const auto& name : folders("current"))
      told += state("current/" + name + "/jobfeatures/job_id") != "(none)" ? 1U : 0U;
    // A service that tells neither names nor tokens leaves one that nobody knows: it counts as somebody's.
    return died && living() > told && GetParam() == Api::tokens_hidden ? 1 : 2;
  };
  dies_at_each_step(2,
                    {.settings = GetParam() == Api::tokens_hidden ? R"({"token_shown":false})" : "{}", .known = known});
}

TEST_P(FleetOnEc2, AnAnswerThatIsLostIsNoMachineMore) {
  use(GetParam());
  space.processors_limit = 4;
  fault(R"({"kind":"close","method":"RunInstances","execute":true,"count":1})");
  cycle(0);
  EXPECT_EQ(count("RunInstances"), 1U);
  for (int second = 60; second < 1'800; second += 60) cycle(second);
  EXPECT_EQ(living(), 1U);
  EXPECT_THAT(folders("current"), SizeIs(GetParam() == Api::tokens_hidden ? 0 : 1));
}

INSTANTIATE_TEST_SUITE_P(Apis, FleetOnEc2, ::testing::Values(Api::old, Api::tokens_hidden, Api::modern),
                         [](const auto& info) {
                           return info.param == Api::old             ? "Old"
                                  : info.param == Api::tokens_hidden ? "TokensHidden"
                                                                     : "Modern";
                         });

TEST_F(FleetOnEc2, HalfAListChangesNothing) {
  cycle(0);
  set(R"({"page":1})");
  for (const char* spoiled : {R"("kind":"http","status":500,"count":5)", R"("kind":"truncate","bytes":700)",
                              R"("kind":"garbage")", R"("kind":"error","code":"AuthFailure","status":401)"}) {
    clear_faults();
    fault(R"({"method":"DescribeInstances","first":2,)" + std::string(spoiled) + "}");
    EXPECT_THAT(cycle(60).error, Not(IsEmpty())) << spoiled;
    EXPECT_EQ(count("RunInstances") + count("TerminateInstances"), 0U);
    EXPECT_THAT(folders("current"), SizeIs(2));
    EXPECT_THAT(folders("deleted"), IsEmpty());
  }
  clear_faults();
  EXPECT_THAT(cycle(120).error, IsEmpty());
  EXPECT_EQ(living(), 4U) << "and goes on as if nothing had been";
}

TEST_F(FleetOnEc2, AQuotaEndsCreationsOfTheCycle) {
  set(R"({"vcpus":4})");
  cycle(0);
  EXPECT_EQ(count("RunInstances"), 2U) << "one that was made, one that was refused";
  EXPECT_EQ(living(), 1U);
  EXPECT_THAT(lines, Contains(HasSubstr("the cloud gives no more now")));
}

TEST_F(FleetOnEc2, MachinesOfOthersCountWithTheirProcessorsAndStay) {
  space.processors_limit = 44;
  control(http::Verb::post, "/instances", R"({"count":5,"type":"z","state":"running"})");
  control(http::Verb::post, "/instances", R"({"count":20,"type":"z","state":"terminated"})");
  for (int second = 0; second < 300; second += 60) cycle(second);
  EXPECT_EQ(living(), 6U) << "40 of 44 processors were taken, and those that are terminated take none";
  EXPECT_EQ(count("TerminateInstances"), 0U);
}

TEST_F(FleetOnEc2, AListWhoseSizesCannotBeToldIsNone) {
  space.processors_limit = 44;
  options.sizes["y"] = {.name = "y", .processors = 4};
  options.account.repeats_max = 0;
  begin_anew();
  control(http::Verb::post, "/instances", R"({"count":5,"type":"z","state":"running"})");
  fault(R"({"kind":"http","method":"DescribeInstanceTypes","status":500,"count":1})");
  EXPECT_THAT(cycle(0).error, Not(IsEmpty()));
  EXPECT_EQ(living(), 5U) << "others may have the whole limit";
  EXPECT_THAT(cycle(60).error, IsEmpty());
  EXPECT_EQ(living(), 6U);
}

TEST_F(FleetOnEc2, ProcessorsThatNobodyTellsAreAskedOfTheOperator) {
  set(R"({"without":["DescribeInstanceTypes"]})");
  cycle(0);
  EXPECT_THAT(lines, Contains(AllOf(HasSubstr("InvalidAction"), HasSubstr("write flavor_processors = y:NUMBER"))));
  EXPECT_EQ(living(), 0U);
  options.sizes["y"] = {.name = "y", .processors = 8};
  begin_anew();
  cycle(60);
  EXPECT_THAT(lines, Not(Contains(HasSubstr("flavor_processors"))));
  EXPECT_EQ(living(), 1U) << "a tenth of 80 processors";
}

TEST_F(FleetOnEc2, AMachineThatEndsOnItsWayUpHasNotStarted) {
  set(R"({"boot_fails":"Client.VolumeLimitExceeded"})");
  cycle(0);
  EXPECT_EQ(count("RunInstances"), 2U);
  cycle(60);
  EXPECT_THAT(lines, Contains(HasSubstr("Failed")));
  std::size_t made_later = 0;
  for (int second = 120; second < 600; second += 60) {
    cycle(second);
    made_later += count("RunInstances");
  }
  EXPECT_LE(made_later, 8U) << "less and less";
  EXPECT_THAT(records(), IsEmpty());
}

TEST_F(FleetOnEc2, ANewMachineThatIsNotListedYetIsWaitedFor) {
  set(R"({"visible":null})");
  space.processors_limit = 4;
  cycle(0);
  ASSERT_EQ(instances().size(), 1U);
  for (int second = 60; second < 540; second += 60) cycle(second);
  EXPECT_EQ(instances().size(), 1U);
  set(R"({"visible":0})");
  EXPECT_EQ(cycle(540).running_machines, 1);
}

TEST_F(FleetOnEc2, TheTokenOfALongNameIsItsDigest) {
  space.types[0].name = std::string(60, 't');
  space.processors_limit = 4;
  options.tags_at_creation = false;
  begin_anew();
  fault(R"({"kind":"close","method":"RunInstances","execute":true,"count":1})");
  cycle(0);
  cycle(60);
  EXPECT_EQ(cycle(120).running_machines, 1);
  EXPECT_EQ(living(), 1U);
  EXPECT_EQ(instances().at(0).at_path({"tags"})->text_at({"name"}), folders("current").at(0));
}

}  // namespace
}  // namespace nephele::fleet
