// SPDX-License-Identifier: Apache-2.0
// The rules of the OpenNebula adapter, without any OpenNebula.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <map>

#include "clouds/opennebula/template_text.h"
#include "runtimes/adapters/opennebula/function_view.h"
#include "runtimes/adapters/opennebula/instantiation.h"
#include "runtimes/adapters/opennebula/leftovers.h"
#include "runtimes/adapters/opennebula/patience.h"
#include "runtimes/adapters/opennebula/recipes.h"
#include "runtimes/adapters/opennebula/stored_body.h"
#include "runtimes/document.h"
#include "runtimes/settings.h"

namespace nephele::runtimes::one {
namespace {

using opennebula::Dialect;
using opennebula::Template;
using opennebula::Vector;
using opennebula::Vm;
using opennebula::VmState;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

json::Object object(std::string_view text) {
  return *json::parse(text).value().if_object();
}

Vm active(int lcm) {
  Vm vm;
  vm.header.id = 7;
  vm.state = VmState::active;
  vm.lcm_state = lcm;
  return vm;
}

TEST(Leftovers, AreLookedForAsLongAsACreateMayStillAskForThem) {
  for (const int timeout : {1, 30, 35, 36, 300}) {
    Settings settings;
    settings.timeout = std::chrono::seconds{timeout};
    const auto asks = settings.timeout + besides;  // from the row on: it is written while the templates are read
    EXPECT_GE(late_arrivals(settings), asks + std::chrono::seconds{90}) << timeout;
  }
}

/// The contract's table (4.8), the other way round: by state.
TEST(FunctionState, FollowsTheContractsTableForEveryLcmState) {
  const std::map<FunctionState, std::vector<int>> table{
      {FunctionState::pending, {0, 1, 2, 15, 19, 20, 21, 22, 31, 32}},
      {FunctionState::running, {3}},
      {FunctionState::error, {14, 16, 36, 37, 38, 39, 40, 41, 42, 44, 46, 47, 48, 49, 50, 60, 61}},
  };
  for (int lcm = 0; lcm <= 72; ++lcm) {
    auto expected = FunctionState::updating;
    for (const auto& [state, numbers] : table)
      if (std::ranges::find(numbers, lcm) != numbers.end()) expected = state;
    EXPECT_EQ(to_string(state_of(active(lcm))), to_string(expected)) << "LCM_STATE " << lcm;
  }
}

TEST(FunctionState, OfAMachineThatIsNotActive) {
  Vm vm;
  for (const auto state : {VmState::pending, VmState::hold, VmState::stopped, VmState::suspended, VmState::poweroff,
                           VmState::undeployed, VmState::cloning}) {
    vm.state = state;
    EXPECT_EQ(state_of(vm), FunctionState::pending) << static_cast<int>(state);
  }
  for (const auto state : {VmState::done, VmState::cloning_failure}) {
    vm.state = state;
    EXPECT_EQ(state_of(vm), FunctionState::error) << static_cast<int>(state);
  }
}

TEST(FunctionState, AGuestThatReportsReadyIsWaitedFor) {
  auto vm = active(3);
  vm.reports_ready = true;
  EXPECT_EQ(state_of(vm), FunctionState::pending);
  vm.ready = true;
  EXPECT_EQ(state_of(vm), FunctionState::running);
}

TEST(FunctionView, ShowsAddressesInTheirOrder) {
  auto vm = active(3);
  EXPECT_EQ(endpoint_of(vm), "") << "no NIC";
  vm.nics = {{.id = 1, .ip = "10.0.0.99", .ip6 = "", .external_ip = ""}};
  EXPECT_EQ(endpoint_of(vm), "") << "another NIC";
  vm.nics.push_back({.id = 0, .ip = "10.0.0.1", .ip6 = "", .external_ip = ""});
  EXPECT_EQ(endpoint_of(vm), "10.0.0.1");
  vm.nics[1].ip6 = "2001:db8::1";
  EXPECT_EQ(endpoint_of(vm), "2001:db8::1");
  vm.nics[1].external_ip = "192.0.2.1";
  EXPECT_EQ(endpoint_of(vm), "192.0.2.1");
}

TEST(FunctionView, TellsTheMachinesOwnError) {
  auto vm = active(36);
  EXPECT_EQ(function_of(Role::faas, vm).error, "No VM Error from Cloud Edge Manager");
  vm.error = "Sat Nov 21 00:37:51 2026: DEPLOY: no";
  EXPECT_EQ(function_of(Role::faas, vm).error, vm.error);
  vm.lcm_state = 3;
  EXPECT_EQ(function_of(Role::faas, vm).error, "") << "an old error of a machine that is well";
}

TEST(Patience, TheShippedTimeoutLeavesCallersTheirAnswer) {
  EXPECT_LT(create_at_most(Settings{}.timeout), patience_of_callers);
}

TEST(StoredBody, OldDocumentsAreReadInTheirPresentForm) {
  // The body of the admin guide's log, with the state that it shows at the end.
  const auto stored = read_body(
      R"({"FAAS":{"FLAVOUR":"nature","ENDPOINT":"http://3.72.81.234:2474","VM_ID":"0","STATE":"ACTIVE","CPU":"1",)"
      R"("MEMORY":"128","DISK_SIZE":"256"},"SCHEDULING":{},"DEVICE_INFO":{},"SERVICE_ID":"2",)"
      R"("registration_time":1694019124})");
  ASSERT_TRUE(stored);
  EXPECT_EQ(stored->service_id, 2);
  EXPECT_EQ(stored->vm_id(Role::faas), 0);
  EXPECT_EQ(stored->sizes(Role::faas), (FunctionSizes{1, 128, 256}));
  EXPECT_EQ(render_members(stored->document, 2, {}),
            R"({"FAAS":{"FLAVOUR":"nature","ENDPOINT":"3.72.81.234","VM_ID":0,"STATE":"RUNNING","CPU":1,)"
            R"("MEMORY":128,"DISK_SIZE":256},"SCHEDULING":{},"DEVICE_INFO":{},"registration_time":1694019124,)"
            R"("SERVICE_ID":2})");
}

TEST(StoredBody, AnEndpointIsABareAddress) {
  const auto shown = [](const std::string& stored) {
    const auto read = read_body(R"({"FAAS":{"ENDPOINT":")" + stored + R"("}})").value();
    return std::string(json::Value(read.document).text_at({"FAAS", "ENDPOINT"}));
  };
  EXPECT_EQ(shown("http://10.0.0.1"), "10.0.0.1");
  EXPECT_EQ(shown("https://10.0.0.1:8000/path"), "10.0.0.1");
  EXPECT_EQ(shown("http://[2001:db8::1]:8000/"), "2001:db8::1");
  for (const char* bare : {"10.0.0.1", "2001:db8::1", "host.example.org", ""}) EXPECT_EQ(shown(bare), bare);
}

TEST(StoredBody, NumbersThatAreNotKnownAreNeitherTakenNorShown) {
  for (const char* text : {R"({"FAAS":{"FLAVOUR":"a"}})", R"({"FAAS":{"FLAVOUR":"a","VM_ID":-1},"SERVICE_ID":-1})",
                           R"({"FAAS":{"FLAVOUR":"a","VM_ID":"-1"},"SERVICE_ID":"none"})"}) {
    const auto stored = read_body(text);
    ASSERT_TRUE(stored) << text;
    EXPECT_EQ(stored->service_id, std::nullopt) << text;
    EXPECT_EQ(stored->vm_id(Role::faas), std::nullopt) << text;
    EXPECT_EQ(render_members(stored->document, stored->service_id, {}), R"({"FAAS":{"FLAVOUR":"a"}})") << text;
    const std::array functions{gone(Role::faas, -1, "why", {1, 2, 3})};
    const auto shown = render_members(stored->document, stored->service_id, functions);
    EXPECT_THAT(shown, AllOf(HasSubstr(R"("ERROR":"why")"), Not(HasSubstr("_ID")))) << text;
  }
}

TEST(StoredBody, AnErrorThatIsOverIsForgotten) {
  const auto stored = read_body(R"({"FAAS":{"FLAVOUR":"a","VM_ID":3,"STATE":"ERROR","ERROR":"no"},"SERVICE_ID":2})");
  ASSERT_TRUE(stored);
  const Function well{
      .role = Role::faas, .vm_id = 3, .state = FunctionState::running, .error = {}, .endpoint = "", .sizes = {1, 2, 3}};
  EXPECT_THAT(render_members(stored->document, 2, std::array{well}), Not(HasSubstr("ERROR")));
}

TEST(StoredBody, WhatIsNoObjectIsRefused) {
  for (const auto* text : {"", "[]", "5", "{", "{\"a\":1,\"a\":2}"}) EXPECT_FALSE(read_body(text)) << text;
}

TEST(StoredBody, WhatAnyEngineAcceptedIsReadAgain) {
  const auto nested = [](std::size_t levels) {
    return R"({"FAAS":{"FLAVOUR":"a","VM_ID":3},"SERVICE_ID":2,"X":)" + std::string(levels - 1, '[') +
           std::string(levels - 1, ']') + "}";
  };
  for (const auto levels : {std::size_t{40}, body_limits.depth, document_limits.depth}) {
    const auto stored = read_body(nested(levels));
    ASSERT_TRUE(stored) << levels;
    EXPECT_EQ(stored->service_id, 2) << levels;
  }
  EXPECT_FALSE(read_body(nested(document_limits.depth + 1)));
}

opennebula::VmTemplate vm_template(Template contents) {
  opennebula::VmTemplate out;
  out.header.id = 0;
  out.contents = std::move(contents);
  return out;
}

Template common() {
  Template out;
  out.add("CONTEXT", Vector{{"NETWORK", "YES"}, {"SR_AUTH", "old"}});
  out.add("DISK", Vector{{"IMAGE_ID", "0"}, {"SIZE", "2048"}, {"DEV_PREFIX", "vd"}});
  out.add("MEMORY", "128");
  out.add("NIC", Vector{{"NETWORK", "net0"}});
  return out;
}

FunctionPlan plan() {
  return {.sizes = {3, 177, 1338}, .sr_auth = "YWxpY2U6c2VjcmV0", .wishes = {}, .service_template = 4, .tag = "t-1"};
}

TEST(Instantiation, SizesComeFromTheCallerThenTheTemplateThenTheConfiguration) {
  const CapacitySettings capacity;
  EXPECT_EQ(planned_sizes({}, vm_template(common()), capacity), (FunctionSizes{2, 128, 2048})) << "no VCPU there";
  EXPECT_EQ(planned_sizes({1, 64, 4096}, vm_template(common()), capacity), (FunctionSizes{1, 64, 4096}));
  Template bare;
  bare.add("DISK", Vector{{"IMAGE_ID", "0"}});
  EXPECT_EQ(planned_sizes({}, vm_template(bare), capacity), (FunctionSizes{2, 1024, 1024}));
}

TEST(Instantiation, TheTextDialectGetsWholeAttributesInTheContractsOrder) {
  auto what = plan();
  what.wishes.add("SCHED_RANK", "ENERGY");
  const auto contents = override_of(what, vm_template(common()), {}, Dialect::v6);
  ASSERT_TRUE(contents);
  std::vector<std::string> names;
  for (const auto& attribute : *contents) names.push_back(attribute.name);
  EXPECT_THAT(names, ElementsAre("HOT_RESIZE", "MEMORY_RESIZE_MODE", "DISK", "CPU", "VCPU", "MEMORY", "VCPU_MAX",
                                 "MEMORY_MAX", "CONTEXT", "SCHED_RANK", "FLAVOURS", "NEPHELE_REQUEST"));
  EXPECT_EQ(*contents->vector("DISK"), (Vector{{"IMAGE_ID", "0"}, {"SIZE", "1338"}, {"DEV_PREFIX", "vd"}}));
  EXPECT_EQ(*contents->vector("CONTEXT"), (Vector{{"NETWORK", "YES"}, {"SR_AUTH", "YWxpY2U6c2VjcmV0"}}));
  EXPECT_EQ(contents->text("VCPU_MAX"), "6");
  EXPECT_EQ(contents->text("MEMORY_MAX"), "354");
  EXPECT_EQ(contents->text("FLAVOURS"), "4");
  const auto text = opennebula::write_text(*contents);
  ASSERT_TRUE(text);
  EXPECT_EQ(opennebula::read_text(*text).value(), *contents) << "oned reads what we meant";
}

TEST(Instantiation, TheObjectDialectSendsOnlyWhatChanges) {
  const auto contents = override_of(plan(), vm_template(common()), {}, Dialect::v7);
  ASSERT_TRUE(contents);
  EXPECT_EQ(*contents->vector("DISK"), (Vector{{"SIZE", "1338"}}));
  EXPECT_EQ(*contents->vector("CONTEXT"), (Vector{{"SR_AUTH", "YWxpY2U6c2VjcmV0"}}));
}

TEST(Instantiation, FurtherDisksGoAlongUnchanged) {
  auto with_two = common();
  with_two.add("DISK", Vector{{"IMAGE_ID", "1"}, {"SIZE", "10"}});
  for (const auto dialect : {Dialect::v6, Dialect::v7}) {
    const auto contents = override_of(plan(), vm_template(with_two), {}, dialect);
    ASSERT_TRUE(contents);
    const auto disks = contents->vectors("DISK");
    ASSERT_EQ(disks.size(), 2U);
    EXPECT_EQ(disks[0]->text("SIZE"), "1338");
    EXPECT_EQ(*disks[1], (Vector{{"IMAGE_ID", "1"}, {"SIZE", "10"}}));
  }
}

TEST(Instantiation, ATemplateWithoutADiskIsRefused) {
  EXPECT_FALSE(override_of(plan(), vm_template({}), {}, Dialect::v6));
}

TEST(Instantiation, RolesAreFoundWhateverTheirCase) {
  opennebula::ServiceTemplate from;
  from.roles = {{.name = "faas", .vm_template = 1, .new_format = false, .cardinality = {}},
                {.name = "FAAS", .vm_template = 2, .new_format = false, .cardinality = {}},
                {.name = "DaaS", .vm_template = 3, .new_format = false, .cardinality = {}}};
  EXPECT_EQ(role_for(from, Role::faas)->vm_template, 2) << "exactly that name first";
  EXPECT_EQ(role_for(from, Role::daas)->vm_template, 3);
  from.roles.pop_back();
  EXPECT_EQ(role_for(from, Role::daas), nullptr);
}

TEST(Wishes, AreWrittenInTheCallersOrderAndSpelling) {
  std::vector<std::string> left_out;
  const auto wishes = wishes_of(object(R"({"DEVICE_INFO":{"LATENCY_TO_PE":0.360587,"GEOGRAPHIC_LOCATION":"Madrid"},)"
                                       R"("SCHEDULING":{"REQUIREMENTS":"energy=50","POLICY":"energy"}})"),
                                left_out);
  EXPECT_THAT(left_out, IsEmpty());
  EXPECT_EQ(wishes.text("SCHED_REQUIREMENTS"), "ENERGY=50");
  EXPECT_EQ(wishes.text("SCHED_RANK"), "ENERGY");
  EXPECT_EQ(*wishes.vector("DEVICE_INFO"), (Vector{{"LATENCY_TO_PE", "0.360587"}, {"GEOGRAPHIC_LOCATION", "Madrid"}}));
}

TEST(Wishes, WhateverACallerWritesStaysAValue) {
  std::vector<std::string> left_out;
  const auto wishes =
      wishes_of(object(R"({"SCHEDULING":{"NEW":"x","POLICY":"a\"]\nCPU=\"9"},"DEVICE_INFO":)"
                       R"({"where":"{'a': \"b\", 'c': [1,2]}\\","ref":"${role.x}","5G":true,"n":null}})"),
                left_out);
  EXPECT_THAT(left_out, ElementsAre("SCHEDULING.NEW", "DEVICE_INFO.5G"));
  const auto text = opennebula::write_text(wishes);
  ASSERT_TRUE(text);
  const auto back = opennebula::read_text(*text);
  ASSERT_TRUE(back);
  EXPECT_EQ(*back, wishes);
  EXPECT_EQ(back->size(), 2U) << "no attribute was smuggled in";
  EXPECT_THAT(std::string(back->vector("DEVICE_INFO")->text("REF")), Not(HasSubstr("${")));
}

TEST(Wishes, EmptyDeviceInfoRemovesIt) {
  std::vector<std::string> left_out;
  EXPECT_TRUE(wishes_of(object(R"({"DEVICE_INFO":{}})"), left_out).vector("DEVICE_INFO")->empty());
  EXPECT_TRUE(wishes_of(object(R"({"SCHEDULING":{}})"), left_out).empty());
}

TEST(Wishes, AreCarriedWhateverTheirSpelling) {
  std::vector<std::string> left_out;
  const auto wishes = wishes_of(
      object(R"({"SCHEDULING":{"POLICY":"a\nb","REQUIREMENTS":""},"DEVICE_INFO":{"latency":1.5,"where":""}})"),
      left_out);
  opennebula::Template user;
  EXPECT_FALSE(carries(user, wishes));
  user.add("SCHED_RANK", "A B").add("READY", "YES").add("SCHED_REQUIREMENTS", Vector{});
  EXPECT_FALSE(carries(user, wishes)) << "DEVICE_INFO is missing";
  user.add("DEVICE_INFO", Vector{{"LATENCY", "1.5"}});
  EXPECT_TRUE(carries(user, wishes)) << "what is empty is as good as absent";
  user.set("DEVICE_INFO", Vector{{"LATENCY", "1.5"}, {"OLD", "x"}});
  EXPECT_FALSE(carries(user, wishes)) << "DEVICE_INFO is replaced whole";
  user.set("DEVICE_INFO", Vector{{"LATENCY", "2"}});
  EXPECT_FALSE(carries(user, wishes));
  EXPECT_TRUE(carries(user, {})) << "nothing is asked";
}

TEST(Wishes, OfNoDeviceInfoAreCarriedWhereThereIsNone) {
  std::vector<std::string> left_out;
  const auto wishes = wishes_of(object(R"({"DEVICE_INFO":{}})"), left_out);
  EXPECT_TRUE(carries({}, wishes));
  opennebula::Template user;
  user.add("DEVICE_INFO", Vector{{"LATENCY", "1"}});
  EXPECT_FALSE(carries(user, wishes));
}

TEST(Names, ThatOnedWouldNotKeepAreRefusedBeforehand) {
  for (const auto* fine : {"", "Function and Data as a Service", "größe", "a'b", "{x}"})
    EXPECT_EQ(objection_to_name(fine, false), "") << fine;
  for (const auto* bad : {"a<b", "a&b", "a]]>b", "a\x01"}) EXPECT_NE(objection_to_name(bad, false), "") << bad;
  for (const auto* bad : {"a'b", "{x}", "a:b", "a/b", "a;b", "a\"b", "a#b", "a$b", "a|b", "a\\b", "a>b"})
    EXPECT_NE(objection_to_name(bad, true), "") << bad;
  EXPECT_EQ(objection_to_name("Function and Data", true), "");
}

TEST(Override, LeavesTheContextAloneWhenVmsGetNoCredentials) {
  opennebula::VmTemplate from;
  from.contents.add("DISK", Vector{{"IMAGE_ID", "0"}});
  from.contents.add("CONTEXT", Vector{{"NETWORK", "YES"}});
  for (const auto dialect : {Dialect::v6, Dialect::v7}) {
    const FunctionPlan plan{.sizes = {.cpu = 1, .memory_mib = 128, .disk_mib = 1024},
                            .sr_auth = {},
                            .wishes = {},
                            .service_template = 3,
                            .tag = "t"};
    const auto made = override_of(plan, from, {}, dialect);
    ASSERT_TRUE(made);
    EXPECT_EQ(made->vector("CONTEXT"), nullptr);
    EXPECT_EQ(made->text("FLAVOURS"), "3");
  }
}

TEST(Recipes, AreOfTheseCredentialsAndFlavoursAndOfTheLastMinutes) {
  const auto caller = [](const char* user, const char* password) {
    return Caller{.account = {}, .user = user, .password = Secret(password), .request_id = {}};
  };
  Recipes recipes;
  const auto alice = caller("alice", "secret");
  EXPECT_FALSE(recipes.find(alice, "Function"));
  recipes.remember(alice, "Function", {4});
  recipes.remember(alice, "Function-Data", {4, 5});
  EXPECT_THAT(recipes.find(alice, "Function"), testing::Optional(ElementsAre(4)));
  EXPECT_THAT(recipes.find(alice, "Function-Data"), testing::Optional(ElementsAre(4, 5)));
  for (const auto& other : {caller("alice", "secreT"), caller("alice", ""), caller("bob", "secret")})
    EXPECT_FALSE(recipes.find(other, "Function")) << other.user;
  recipes.forget(alice, "Function");
  EXPECT_FALSE(recipes.find(alice, "Function"));
  EXPECT_TRUE(recipes.find(alice, "Function-Data"));
  Recipes short_lived(std::chrono::seconds(0));
  short_lived.remember(alice, "Function", {4});
  EXPECT_FALSE(short_lived.find(alice, "Function"));
}

}  // namespace
}  // namespace nephele::runtimes::one
