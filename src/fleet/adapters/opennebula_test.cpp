// SPDX-License-Identifier: Apache-2.0
#include "fleet/adapters/opennebula.h"

#include <gmock/gmock.h>

#include "base/eventually.h"
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

constexpr const char* templates = "one.templatepool.info";
constexpr const char* brief = "one.vmpool.info";
constexpr const char* whole = "one.vmpool.infoextended";
constexpr const char* instantiate = "one.template.instantiate";

class FleetOnOpenNebula : public testing::SpaceOnStandIn {
 protected:
  FleetOnOpenNebula() : SpaceOnStandIn("opennebula", "--oned-port") {}
  void SetUp() override {
    StandInTest::SetUp();
    space.api = "opennebula";
    space.processors_limit = 80;
    auto& type = space.types[0];
    type.flavor_names = {"worker"};
    type.root_public_key = "/key.pub";
    furnish();
    options = {
        .url = address() + "/RPC2", .username = "alice", .password = Secret("alice-secret"), .flavors = {"worker"}};
    secrets = {"alice-secret"};
    begin_anew();
  }
  void furnish() override {
    add_template("worker", "4", R"(DISK=[IMAGE_ID=\"0\"]\nCONTEXT=[NETWORK=\"YES\",TOKEN=\"YES\"])");
  }
  std::unique_ptr<Cloud> adapter() override { return std::make_unique<OpenNebulaCloud>(options); }
  void add_template(const std::string& name, const std::string& processors, const std::string& more,
                    const std::string& user = "oneadmin") {
    control(http::Verb::post, "/vm_templates",
            R"({"name":")" + name + R"(","user":")" + user + R"(","text":"CPU=0.5\nVCPU=)" + processors +
                R"(\nMEMORY=8192\nNIC=[NETWORK=\"net0\"]\n)" + more + R"("})");
  }
  json::Array machines() { return *control(http::Verb::get, "/vms").if_array(); }
  std::size_t living() override {
    std::size_t out = 0;
    for (const auto& one : machines()) out += one.text_at({"state_name"}) != "DONE" ? 1U : 0U;
    return out;
  }
  void change(const std::string& id, const std::string& members) { control(http::Verb::post, "/vms/" + id, members); }
  void until(const std::string& id, std::string_view state) {
    const auto is_so = [&] { return control(http::Verb::get, "/vms/" + id).text_at({"state_name"}) == state; };
    EXPECT_TRUE(eventually(is_so)) << id << " is not " << state;
  }

  OpenNebulaOptions options;
};

TEST_F(FleetOnOpenNebula, MakesItsMachinesOfTheTemplate) {
  cycle(0);
  EXPECT_THAT(calls(), ElementsAre(templates, brief, instantiate, instantiate)) << ::testing::PrintToString(lines);
  ASSERT_EQ(living(), 2U);
  const auto names = folders("current");
  EXPECT_THAT(names, Contains(machines()[0].text_at({"name"})));
  const auto one = control(http::Verb::get, "/vms/0");
  EXPECT_EQ(one.text_at({"template", "CONTEXT", "USER_DATA"}), "IyEvYmluL3NoCmVjaG8gdmN5Y2xlMDEuZXhhbXBsZS5jb20=");
  EXPECT_EQ(one.text_at({"template", "CONTEXT", "USER_DATA_ENCODING"}), "base64");
  EXPECT_EQ(one.text_at({"template", "CONTEXT", "TOKEN"}), "YES") << "the template's own context stays";
  EXPECT_THAT(std::string(one.text_at({"template", "CONTEXT", "SSH_PUBLIC_KEY"})), HasSubstr("ssh-ed25519 AAAA"));
  EXPECT_EQ(one.text_at({"user_template", "VCYCLE", "MACHINETYPE"}), "a");
  EXPECT_EQ(one.text_at({"user_template", "VCYCLE", "SPACE"}), "vcycle01.example.com");
  EXPECT_THAT(std::string(one.text_at({"user_template", "VCYCLE", "JOBOUTPUTS"})), HasSubstr("/joboutputs"));
  EXPECT_EQ(state("current/" + names[0] + "/jobfeatures/allocated_cpu"), "4") << "VCPU, not CPU";
  until("0", "RUNNING");
  cycle(60);
  EXPECT_THAT(calls(), ElementsAre(templates, brief, whole, instantiate, instantiate));
  EXPECT_EQ(living(), 4U);
}

TEST_F(FleetOnOpenNebula, AnImageTakesThePlaceOfTheFirstDisks) {
  add_template("worker", "4", R"(DISK=[IMAGE=\"function\",DEV_PREFIX=\"vd\"]\nDISK=[IMAGE_ID=\"0\"])", "alice");
  space.types[0].root_image = "image:data";
  space.types[0].disk_gb_per_processor = 1;
  cycle(0);
  EXPECT_EQ(count("one.imagepool.info"), 1U);
  const auto one = control(http::Verb::get, "/vms/0");
  const auto& disks = *one.at_path({"template", "DISK"})->if_array();
  ASSERT_EQ(disks.size(), 2U) << "alice's own template, which is the newer one";
  EXPECT_EQ(disks[0].text_at({"IMAGE_ID"}), "1");
  EXPECT_EQ(disks[0].text_at({"DEV_PREFIX"}), "vd");
  EXPECT_EQ(disks[0].text_at({"SIZE"}), "4096");
  EXPECT_EQ(disks[1].text_at({"IMAGE_ID"}), "0");
  space.types[0].root_image = "image:gone";
  space.types.push_back(space.types[0]);
  space.types[1].name = "b";
  cycle(60);
  EXPECT_EQ(count("one.imagepool.info"), 1U) << "asked for once";
  EXPECT_EQ(count(instantiate), 0U);
  EXPECT_THAT(lines, Contains(HasSubstr("there is no image of this name")));
}

TEST_F(FleetOnOpenNebula, AMachineHasItsWholeLifeAndOneRecord) {
  space.processors_limit = 4;
  space.types[0].fizzle = space.types[0].backoff = seconds{0};
  cycle_now();
  const auto name = folders("current").at(0);
  until("0", "RUNNING");
  const auto report = cycle_now();
  EXPECT_EQ(report.running_machines, 1) << ::testing::PrintToString(lines);
  EXPECT_THAT(lines, Contains(AllOf(HasSubstr("= " + name), HasSubstr(" 4 10.0.0."))));
  EXPECT_EQ(count("one.vm.info"), 0U);
  begin_anew();
  change("0", R"({"state":"POWEROFF"})");
  cycle_now();
  ASSERT_THAT(records(), SizeIs(1)) << ::testing::PrintToString(lines);
  EXPECT_THAT(records().front(), AllOf(HasSubstr("LocalJobId: 0\n"), HasSubstr("Processors: 4\n")));
  until("0", "DONE");
  cycle_now();
  cycle_now();
  EXPECT_THAT(folders("deleted"), ElementsAre(name));
  EXPECT_THAT(records(), SizeIs(1));
  EXPECT_EQ(living(), 1U) << "the next one";
}

TEST_F(FleetOnOpenNebula, WhoIsDoneBetweenTwoLooksEndedWhenHeDid) {
  space.processors_limit = 4;
  space.types[0].fizzle = seconds{0};
  cycle_now();
  until("0", "RUNNING");
  cycle_now();
  const auto name = folders("current").at(0);
  control(http::Verb::del, "/vms/0");
  cycle_now();
  EXPECT_EQ(count("one.vm.info"), 1U);
  EXPECT_THAT(lines, Contains(AllOf(HasSubstr("= " + name), HasSubstr("Deleting"))));
  EXPECT_THAT(records(), SizeIs(1));
  cycle_now();
  EXPECT_THAT(folders("deleted"), ElementsAre(name)) << ::testing::PrintToString(lines);
  EXPECT_THAT(calls(), Not(Contains("one.vm.info"))) << "it is over";
  EXPECT_THAT(records(), SizeIs(1));
}

TEST_F(FleetOnOpenNebula, NoAnswerEndsAMachineOrMakesOneMore) {
  space.processors_limit = 8;
  survives_each_answer(2);
}

TEST_F(FleetOnOpenNebula, NothingIsDoubledOrForgottenWhereverTheManagerDies) {
  space.processors_limit = 8;
  dies_at_each_step(2, {.settings = R"({"boot":null})"});
}

TEST_F(FleetOnOpenNebula, AnAnswerThatIsLostIsNoMachineMore) {
  space.processors_limit = 4;
  fault(R"({"kind":"close","server":"oned","method":"one.template.instantiate","execute":true,"count":1})");
  cycle(0);
  for (int second = 60; second < 1'200; second += 60) cycle(second);
  EXPECT_EQ(machines().size(), 1U);
  EXPECT_THAT(folders("current"), SizeIs(1));
}

TEST_F(FleetOnOpenNebula, AllOfManyOrNone) {
  space.processors_limit = 1'000;
  for (int second = 0; second < 600; second += 60) cycle(second);
  ASSERT_EQ(living(), 250U) << ::testing::PrintToString(lines);
  EXPECT_THAT(cycle(600).seen, SizeIs(250));
  EXPECT_EQ(count(whole), 3U);
  EXPECT_EQ(count(instantiate), 0U);
  for (const char* spoiled :
       {R"("kind":"http","status":502)", R"("kind":"truncate","bytes":900)", R"("kind":"garbage")",
        R"("kind":"error","code":8192)", R"("kind":"error","code":256)", R"("kind":"fault")"}) {
    clear_faults();
    fault(R"({"server":"oned","method":"one.vmpool.infoextended","first":2,)" + std::string(spoiled) + "}");
    EXPECT_THAT(cycle(660).error, Not(IsEmpty())) << spoiled;
    EXPECT_EQ(count(instantiate) + count("one.vm.action"), 0U);
    EXPECT_THAT(folders("current"), SizeIs(250));
  }
  clear_faults();
  EXPECT_THAT(cycle(720).error, IsEmpty());
}

TEST_F(FleetOnOpenNebula, RefusalsAreKnownByWhatTheyMean) {
  struct Case {
    const char *rule, *told;
    std::size_t orders;
  };
  space.types.push_back(space.types[0]);
  space.types[1].name = "b";
  for (const auto& each :
       {Case{R"("kind":"error","code":512,"text":"User [2] : limit of 1 reached for VMS quota in VM.")",
             "the cloud gives no more now", 1},
        Case{R"("kind":"error","code":512,"text":"Not authorized to perform USE TEMPLATE [14]")", "Not authorized", 2},
        Case{R"("kind":"error","code":16384,"text":"Error allocating a new virtual machine template. NIC")", "NIC", 2},
        Case{R"("kind":"error","code":8192,"text":"the database is away")", "the database is away", 2},
        Case{R"("kind":"fault","text":"too big")", "too big", 2},
        Case{R"("kind":"http","status":502)", "does not answer well", 1}}) {
    control(http::Verb::post, "/reset", "{}");
    add_template("worker", "4", R"(DISK=[IMAGE_ID=\"0\"])");
    std::filesystem::remove_all(directory.path() / "var");
    fault(R"({"server":"oned","method":"one.template.instantiate",)" + std::string(each.rule) + "}");
    cycle(0);
    EXPECT_THAT(lines, Contains(HasSubstr(each.told))) << each.rule;
    EXPECT_EQ(count(instantiate), each.orders) << each.rule;
    clear_faults();
    EXPECT_THAT(cycle(4'000).error, IsEmpty());
    EXPECT_GT(living(), 0U) << each.rule;
  }
  control(http::Verb::post, "/reset", R"({"vms_quota":1})");
  add_template("worker", "4", R"(DISK=[IMAGE_ID=\"0\"])");
  std::filesystem::remove_all(directory.path() / "var");
  cycle(0);
  EXPECT_EQ(living(), 1U);
  EXPECT_THAT(lines, Contains(HasSubstr("the cloud gives no more now")));
}

TEST_F(FleetOnOpenNebula, MachinesOfOthersCountAndStay) {
  space.processors_limit = 20;
  control(http::Verb::post, "/runtimes", R"({"user":"alice","template":"Function","count":17})");
  cycle(0);
  EXPECT_EQ(count(instantiate), 0U) << "17 of 20 processors were taken";
  EXPECT_EQ(count("one.vm.action"), 0U);
  space.processors_limit = 24;
  cycle(60);
  EXPECT_EQ(count(instantiate), 1U);
}

TEST_F(FleetOnOpenNebula, ATemplateThatIsNotThereIsTold) {
  control(http::Verb::post, "/reset", "{}");
  cycle(0);
  EXPECT_THAT(lines, Contains(HasSubstr("there is no VM template worker that alice may use")));
  EXPECT_EQ(machines().size(), 0U);
}

TEST_F(FleetOnOpenNebula, EndsMachinesInEachState) {
  set(R"({"boot":null,"vm_admin_operations":["migrate"]})");
  space.processors_limit = 4;
  cycle(0);
  until("0", "BOOT");
  const auto soon_over = soon();
  EXPECT_TRUE(wait(made->remove({.name = "x", .id = "0"}, soon_over))) << "in PROLOG or BOOT";
  until("0", "DONE");
  EXPECT_TRUE(wait(made->remove({.name = "x", .id = "0"}, soon_over)));
  EXPECT_TRUE(wait(made->remove({.name = "x", .id = "999"}, soon_over)));
  cycle(60);
  until("1", "BOOT");
  const auto name = std::string(machines().back().text_at({"name"}));
  control(http::Verb::post, "/settings", R"({"vm_admin_operations":["delete"]})");
  const auto refused = wait(made->remove({.name = name}, soon_over));
  ASSERT_FALSE(refused) << "nobody but an administrator may, so it is tried again later";
  EXPECT_EQ(refused.error().kind(), Kind::conflict);
}

TEST(OpenNebulaStates, AreThoseOfTheContract) {
  using opennebula::VmState;
  struct Row {
    VmState state;
    int lcm;
    State wanted;
  };
  for (const auto& row :
       {Row{VmState::pending, 0, State::starting},       Row{VmState::hold, 0, State::starting},
        Row{VmState::active, 1, State::starting},        Row{VmState::active, 2, State::starting},
        Row{VmState::active, 3, State::running},         Row{VmState::active, 12, State::deleting},
        Row{VmState::active, 11, State::deleting},       Row{VmState::active, 16, State::unknown},
        Row{VmState::active, 4, State::unknown},         Row{VmState::active, 18, State::unknown},
        Row{VmState::active, 36, State::failed},         Row{VmState::active, 40, State::failed},
        Row{VmState::poweroff, 0, State::shut_down},     Row{VmState::undeployed, 0, State::shut_down},
        Row{VmState::suspended, 0, State::unknown},      Row{VmState::stopped, 0, State::unknown},
        Row{VmState::done, 0, State::deleting},          Row{VmState::failed, 0, State::failed},
        Row{VmState::cloning_failure, 0, State::failed}, Row{VmState::unknown, 0, State::unknown}}) {
    opennebula::Vm vm;
    vm.state = row.state;
    vm.lcm_state = row.lcm;
    EXPECT_EQ(to_string(state_of(vm)), to_string(row.wanted)) << static_cast<int>(row.state) << " " << row.lcm;
  }
}

}  // namespace
}  // namespace nephele::fleet
