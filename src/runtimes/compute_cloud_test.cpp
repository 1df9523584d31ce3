// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <random>
#include <set>

#include "base/eventually.h"
#include "runtimes/testing/cloud_fixture.h"
#include "sql/testing/test_databases.h"
#include "sql/testing/with_loop.h"

namespace nephele::runtimes {
namespace {

using compute::MachineEvent;
using testing::ComputeStack;
using testing::FakeBackend;

class ComputeCloudTest : protected sql::testing::WithLoop, public sql::testing::TestDatabases {
 protected:
  void SetUp() override {
    std::vector<sql::Migration> steps;
    testing::migrate_all([&](auto part) { steps.insert(steps.end(), part.begin(), part.end()); });
    migrate(steps);
    stack = std::make_unique<ComputeStack>(database(), loop);
  }
  void TearDown() override { stack.reset(); }

  std::vector<std::string> types(RuntimeId id) {
    std::vector<std::string> out;
    for (const auto& event : stack->told(id)) {
      const auto data = *json::parse(event.data);
      std::string line = event.type;
      if (const auto state = data.text_at({"STATE"}); event.type == "state") line += ":" + std::string(state);
      out.push_back(std::move(line));
    }
    return out;
  }
  Code code_of(const Answer<View>& answer) { return answer ? Code::internal : answer.error().code; }

  std::unique_ptr<ComputeStack> stack;
};

TEST_P(ComputeCloudTest, AnswersPendingAtOnceAndRunsWhenTheGuestIsReady) {
  stack->backend.hold_ready(true);
  const auto view = stack->create(R"({"FAAS":{"FLAVOUR":"nature"},"SCHEDULING":{},"DEVICE_INFO":{}})");
  ASSERT_TRUE(view);
  const auto runtime = *json::parse(view->runtime);
  EXPECT_EQ(runtime.text_at({"FAAS", "STATE"}), "PENDING");
  EXPECT_TRUE(runtime.text_at({"FAAS", "ENDPOINT"}).starts_with("127.96.")) << "known at creation";
  EXPECT_TRUE(runtime.text_at({"NAME"}).starts_with("nature_"));
  EXPECT_EQ(*runtime.at_path({"ID"})->integer(), *runtime.at_path({"SERVICE_ID"})->integer() + 1);
  EXPECT_EQ(*runtime.at_path({"FAAS", "CPU"})->integer(), 1);
  EXPECT_EQ(*runtime.at_path({"FAAS", "MEMORY"})->integer(), 128);
  EXPECT_EQ(stack->read(view->id), runtime);
  stack->backend.release();
  EXPECT_TRUE(stack->reaches(view->id, "RUNNING"));
  EXPECT_EQ(types(view->id), (std::vector<std::string>{"created", "state:PENDING", "state:RUNNING"}));
}

TEST_P(ComputeCloudTest, PutsCredentialsAndSettingsIntoTheContextAndNowhereElse) {
  const auto view = stack->running(R"({"NAME":"it's mine","FAAS":{"FLAVOUR":"nature"},"DAAS":{"FLAVOUR":"s3"}})");
  const auto faas = stack->backend.machine(stack->vm_of(view.id))->files.at("context.sh");
  const auto daas = stack->backend.machine(stack->vm_of(view.id, "DAAS"))->files.at("context.sh");
  const std::string auth = "SR_AUTH='" + to_base64("ada:pass:word") + "'";
  for (const auto* text : {&faas, &daas}) {
    EXPECT_NE(text->find(auth), std::string::npos) << *text;
    EXPECT_NE(text->find(R"(NAME='it'\''s mine')"), std::string::npos) << *text;
    EXPECT_NE(text->find("PORTS='8000'"), std::string::npos) << *text;
  }
  EXPECT_NE(faas.find("ROLE='FAAS'"), std::string::npos);
  EXPECT_NE(faas.find("FLAVOUR='nature'"), std::string::npos);
  EXPECT_NE(faas.find("PEER_IP='10.96.0.2'"), std::string::npos);
  EXPECT_NE(daas.find("ROLE='DAAS'"), std::string::npos);
  EXPECT_NE(daas.find("PEER_IP='10.96.0.1'"), std::string::npos);
}

TEST_P(ComputeCloudTest, BootsTwoMachinesOnOnePrivateLinkWithExactSizes) {
  const auto view = stack->create(
      R"({"NAME":"Function and Data as a Service","FAAS":{"CPU":2,"MEMORY":133,"DISK_SIZE":1025,"FLAVOUR":"Function-Data"},)"
      R"("DAAS":{"CPU":3,"MEMORY":197,"DISK_SIZE":1337,"FLAVOUR":"Data"}})");
  ASSERT_TRUE(view) << "the user guide's second pair of flavours";
  ASSERT_TRUE(stack->reaches(view->id, "RUNNING") && stack->reaches(view->id, "RUNNING", "DAAS"));
  const auto daas = stack->backend.machine(stack->vm_of(view->id, "DAAS"));
  EXPECT_EQ(daas->spec.sizes.memory, Bytes::mib(197));
  EXPECT_EQ(daas->spec.sizes.disk, Bytes::mib(1337));
  EXPECT_EQ(daas->spec.sizes.cpus, Cpus(3));
  EXPECT_EQ(daas->spec.ceilings.memory, Bytes::mib(394));
  const auto link = [](const compute::NicSpec& nic) { return nic.kind == compute::NicSpec::Kind::link; };
  const auto faas = stack->backend.machine(stack->vm_of(view->id));
  const auto one = std::ranges::find_if(faas->spec.nics, link);
  const auto two = std::ranges::find_if(daas->spec.nics, link);
  ASSERT_TRUE(one != faas->spec.nics.end() && two != daas->spec.nics.end());
  EXPECT_EQ(one->link, two->link);
  EXPECT_NE(one->link_end, two->link_end);
}

TEST_P(ComputeCloudTest, RefusesWhatItHasNoFlavourFor) {
  const auto refused = stack->create(R"({"FAAS":{"FLAVOUR":"x"},"DAAS":{"FLAVOUR":"y","MEMORY":5}})");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Code::flavour_unknown);
  EXPECT_EQ(refused.error().subject, "x-y");
  EXPECT_EQ(json::write(refused.error().message), R"({"FAAS":{"FLAVOUR":"x"},"DAAS":{"FLAVOUR":"y","MEMORY":5}})");
  EXPECT_EQ(code_of(stack->create(R"({"FAAS":{"FLAVOUR":""}})")), Code::flavour_unknown);
  for (const auto& flavour : *stack->loop.run(stack->flavours.list("", 100)))
    ASSERT_TRUE(stack->loop.run(stack->flavours.remove(flavour.name)));
  EXPECT_EQ(code_of(stack->create(R"({"FAAS":{"FLAVOUR":"nature"}})")), Code::no_templates);
}

TEST_P(ComputeCloudTest, LeavesNothingOfARuntimeThatDoesNotFit) {
  const auto refused = stack->create(R"({"FAAS":{"FLAVOUR":"nature"},"DAAS":{"FLAVOUR":"s3","MEMORY":1000000}})");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Code::create_refused);
  EXPECT_EQ(refused.error().cause->kind(), Kind::over_quota);
  EXPECT_NE(json::write(refused.error().message).find("1000000"), std::string::npos)
      << json::write(refused.error().message);
  EXPECT_EQ(stack->loop.run(stack->cloud.list(ComputeStack::ada(), {}))->runtimes.size(), 0U);
  EXPECT_EQ(stack->loop.run(stack->compute.list({}))->size(), 0U);
}

TEST_P(ComputeCloudTest, AnswersARepeatedKeyWithTheSameRuntime) {
  auto wanted = ComputeStack::wanted(R"({"FAAS":{"FLAVOUR":"nature"}})");
  wanted.idempotency = IdempotencyKey{.key = "k1", .body_hash = "h1"};
  const auto first = stack->loop.run(stack->cloud.create(ComputeStack::ada(), wanted));
  const auto again = stack->loop.run(stack->cloud.create(ComputeStack::ada(), wanted));
  ASSERT_TRUE(first && again);
  EXPECT_EQ(first->id, again->id);
  EXPECT_EQ(first->runtime, again->runtime);
  EXPECT_EQ(stack->loop.run(stack->cloud.list(ComputeStack::ada(), {}))->runtimes.size(), 1U);
  EXPECT_NE(stack->loop.run(stack->cloud.create(ComputeStack::bob(), wanted))->id, first->id) << "keys are per account";
  wanted.idempotency->body_hash = "h2";
  EXPECT_EQ(code_of(stack->loop.run(stack->cloud.create(ComputeStack::ada(), wanted))), Code::idempotency_key_reused);
}

TEST_P(ComputeCloudTest, MakesOneRuntimeOfManyAtOnceWithTheSameKey) {
  auto wanted = ComputeStack::wanted(R"({"FAAS":{"FLAVOUR":"nature"}})");
  wanted.idempotency = IdempotencyKey{.key = "k1", .body_hash = "h1"};
  std::vector<std::future<Answer<View>>> answers;
  for (int i = 0; i < 8; ++i) answers.push_back(stack->loop.begin(stack->cloud.create(ComputeStack::ada(), wanted)));
  std::set<std::string> bodies;
  for (auto& answer : answers) bodies.insert(answer.get()->runtime);
  EXPECT_EQ(bodies.size(), 1U);
}

TEST_P(ComputeCloudTest, KeepsRuntimesOfOthersClosed) {
  const auto view = stack->running();
  const auto read = stack->loop.run(stack->cloud.read(ComputeStack::bob(), view.id));
  EXPECT_EQ(code_of(read), Code::document_unreadable);
  EXPECT_EQ(read.error().cause->kind(), Kind::forbidden);
  EXPECT_EQ(code_of(stack->update(view.id, R"({"FAAS":{"FLAVOUR":"","CPU":2}})", ComputeStack::bob())),
            Code::document_unreadable);
  EXPECT_FALSE(stack->loop.run(stack->cloud.remove(ComputeStack::bob(), view.id)));
  EXPECT_EQ(stack->loop.run(stack->cloud.list(ComputeStack::bob(), {}))->runtimes.size(), 0U);
  auto administrator = ComputeStack::bob();
  administrator.admin = true;
  EXPECT_TRUE(stack->loop.run(stack->cloud.read(administrator, view.id)));
}

TEST_P(ComputeCloudTest, PagesTheList) {
  std::vector<std::int64_t> ids;
  for (int i = 0; i < 3; ++i) ids.push_back(stack->create(R"({"FAAS":{"FLAVOUR":"nature"}})")->id.number());
  const auto first = stack->loop.run(stack->cloud.list(ComputeStack::ada(), {.after = RuntimeId(0), .limit = 2}));
  ASSERT_EQ(first->runtimes.size(), 2U);
  EXPECT_EQ(first->next->number(), ids[1]);
  const auto second = stack->loop.run(stack->cloud.list(ComputeStack::ada(), {.after = *first->next, .limit = 2}));
  ASSERT_EQ(second->runtimes.size(), 1U);
  EXPECT_FALSE(second->next);
}

TEST_P(ComputeCloudTest, ResizesLiveAndAnswersWithTheNewSizes) {
  const auto view = stack->running();
  const auto updated =
      stack->update(view.id, R"({"NAME":"new","FAAS":{"FLAVOUR":"","CPU":2,"MEMORY":177,"DISK_SIZE":338}})");
  ASSERT_TRUE(updated) << json::write(updated.error().message);
  const auto runtime = *json::parse(updated->runtime);
  EXPECT_EQ(runtime.text_at({"NAME"}), "new");
  EXPECT_EQ(runtime.text_at({"FAAS", "STATE"}), "RUNNING");
  EXPECT_EQ(runtime.text_at({"FAAS", "FLAVOUR"}), "nature");
  EXPECT_EQ(*runtime.at_path({"FAAS", "MEMORY"})->integer(), 177);
  EXPECT_EQ(*runtime.at_path({"FAAS", "DISK_SIZE"})->integer(), 338);
  EXPECT_EQ(stack->backend.machine(stack->vm_of(view.id))->spec.sizes.memory, Bytes::mib(177));
  EXPECT_EQ(types(view.id), (std::vector<std::string>{"created", "state:PENDING", "state:RUNNING", "state:UPDATING",
                                                      "updated", "state:RUNNING"}));
}

TEST_P(ComputeCloudTest, ShowsUpdatingMeanwhileAndRefusesASecondUpdate) {
  const auto view = stack->running();
  stack->backend.resize_by(FakeBackend::Resizing::held);
  auto first = stack->loop.begin(stack->cloud.update(ComputeStack::ada(), view.id,
                                                     ComputeStack::change(R"({"FAAS":{"FLAVOUR":"","MEMORY":200}})")));
  ASSERT_TRUE(stack->reaches(view.id, "UPDATING"));
  const auto second = stack->update(view.id, R"({"NAME":"late","FAAS":{"FLAVOUR":"","MEMORY":300}})");
  EXPECT_EQ(code_of(second), Code::transient_state);
  EXPECT_EQ(second.error().subject, "FAAS");
  EXPECT_EQ(second.error().message, json::Value("UPDATING"));
  stack->backend.resize_by(FakeBackend::Resizing::live);
  const auto done = first.get();
  ASSERT_TRUE(done);
  EXPECT_EQ(*json::parse(done->runtime)->at_path({"FAAS", "MEMORY"})->integer(), 200);
  EXPECT_EQ(done->runtime.find("late"), std::string::npos) << "states first, then the name";
}

TEST_P(ComputeCloudTest, GivesUpWaitingAtTheDeadlineWhileTheWorkGoesOn) {
  const auto view = stack->running();
  stack->backend.resize_by(FakeBackend::Resizing::held);
  auto change = ComputeStack::change(R"({"FAAS":{"FLAVOUR":"","MEMORY":200}})");
  change.deadline = in(std::chrono::milliseconds{100});
  const auto stuck = stack->loop.run(stack->cloud.update(ComputeStack::ada(), view.id, change));
  EXPECT_EQ(code_of(stuck), Code::stuck_updating);
  EXPECT_EQ(stuck.error().message, json::Value("UPDATING"));
  stack->backend.resize_by(FakeBackend::Resizing::live);
  EXPECT_TRUE(stack->reaches(view.id, "RUNNING"));
  EXPECT_EQ(*stack->read(view.id).at_path({"FAAS", "MEMORY"})->integer(), 200);
}

TEST_P(ComputeCloudTest, TellsOfARestartThatAResizeNeeded) {
  const auto view = stack->running();
  stack->backend.resize_by(FakeBackend::Resizing::by_restart);
  const auto updated = stack->update(view.id, R"({"FAAS":{"FLAVOUR":"","CPU":4}})");
  ASSERT_TRUE(updated) << json::write(updated.error().message);
  EXPECT_TRUE(std::ranges::count(types(view.id), "restarted") == 1);
  EXPECT_EQ(*stack->read(view.id).at_path({"FAAS", "CPU"})->integer(), 4);
}

TEST_P(ComputeCloudTest, VerifiesTheResultOfAResize) {
  const auto view = stack->running();
  stack->backend.resize_by(FakeBackend::Resizing::refused);
  const auto refused = stack->update(view.id, R"({"FAAS":{"FLAVOUR":"","MEMORY":200}})");
  EXPECT_EQ(code_of(refused), Code::capacity_refused);
  EXPECT_EQ(refused.error().message, json::Value("the guest gave no memory back"));
  EXPECT_EQ(stack->read(view.id).text_at({"FAAS", "STATE"}), "RUNNING") << "as it was before";
  EXPECT_EQ(*stack->read(view.id).at_path({"FAAS", "MEMORY"})->integer(), 128);
}

TEST_P(ComputeCloudTest, ChecksEverythingBeforeTheFirstChange) {
  const auto view = stack->running(R"({"NAME":"old","FAAS":{"FLAVOUR":"nature"},"DAAS":{"FLAVOUR":"s3"}})");
  ASSERT_TRUE(stack->reaches(view.id, "RUNNING", "DAAS"));
  const auto shrink = stack->update(
      view.id, R"({"NAME":"new","FAAS":{"FLAVOUR":"","MEMORY":200},"DAAS":{"FLAVOUR":"","DISK_SIZE":100}})");
  EXPECT_EQ(code_of(shrink), Code::disk_refused);
  const auto huge = stack->update(view.id, R"({"NAME":"new","FAAS":{"FLAVOUR":"","MEMORY":900000}})");
  EXPECT_EQ(code_of(huge), Code::capacity_refused);
  EXPECT_NE(json::write(huge.error().message).find("900000"), std::string::npos) << json::write(huge.error().message);
  EXPECT_EQ(stack->read(view.id).text_at({"NAME"}), "old");
  EXPECT_EQ(*stack->read(view.id).at_path({"FAAS", "MEMORY"})->integer(), 128);
}

TEST_P(ComputeCloudTest, TakesWhatIsLeftOutAsItIs) {
  const auto view = stack->running(R"({"NAME":"old","FAAS":{"FLAVOUR":"nature","MEMORY":150}})");
  const auto before = stack->read(view.id);
  const auto same = stack->update(view.id, R"({"FAAS":{"FLAVOUR":"whatever"},"NAME":""})");
  ASSERT_TRUE(same);
  EXPECT_EQ(*json::parse(same->runtime), before);
  const auto wishes = stack->update(
      view.id,
      R"({"NAME":"new","FAAS":{"FLAVOUR":"","x":1},"DAAS":{"FLAVOUR":"s3"},"SCHEDULING":{"POLICY":"energy"}})");
  ASSERT_TRUE(wishes);
  EXPECT_NE(wishes->runtime.find(R"("SCHEDULING":{"POLICY":"energy"},"SERVICE_ID")"), std::string::npos);
  EXPECT_EQ(wishes->runtime.find("DAAS"), std::string::npos) << "a function is not added later";
  EXPECT_EQ(wishes->runtime.find("\"x\""), std::string::npos);
  EXPECT_EQ(types(view.id).back(), "updated");
}

TEST_P(ComputeCloudTest, ShowsAFailureAndRecoversByItself) {
  const auto view = stack->running();
  stack->backend.hold_ready(true);
  stack->backend.happens(stack->vm_of(view.id), MachineEvent::What::crashed, "killed by signal 9");
  ASSERT_TRUE(stack->reaches(view.id, "ERROR"));
  EXPECT_EQ(stack->read(view.id).text_at({"FAAS", "ERROR"}), "killed by signal 9");
  EXPECT_TRUE(eventually([&] { return std::ranges::count(types(view.id), "recovering") == 1; }));
  EXPECT_EQ(stack->read(view.id).text_at({"FAAS", "STATE"}), "ERROR") << "until the guest is READY again";
  ASSERT_TRUE(eventually([&] { return stack->backend.machine(stack->vm_of(view.id))->up; }));
  stack->backend.release();
  ASSERT_TRUE(stack->reaches(view.id, "RUNNING"));
  EXPECT_EQ(stack->read(view.id).at_path({"FAAS", "ERROR"}), nullptr);
}

TEST_P(ComputeCloudTest, RecoversWithAnUpdateWhenTheGuestShutItselfDown) {
  const auto view = stack->running();
  stack->backend.happens(stack->vm_of(view.id), MachineEvent::What::guest_shutdown);
  ASSERT_TRUE(stack->reaches(view.id, "ERROR"));
  EXPECT_EQ(stack->read(view.id).text_at({"FAAS", "ERROR"}), "the guest shut itself down");
  const auto refused = stack->update(view.id, R"({"NAME":"new","FAAS":{"FLAVOUR":"","MEMORY":200}})");
  EXPECT_EQ(code_of(refused), Code::error_state);
  EXPECT_EQ(refused.error().subject, "FAAS");
  EXPECT_EQ(refused.error().message, json::Value("the guest shut itself down"));
  ASSERT_TRUE(stack->reaches(view.id, "RUNNING"));
  EXPECT_EQ(*stack->read(view.id).at_path({"FAAS", "MEMORY"})->integer(), 128) << "recovered, not changed";
  EXPECT_TRUE(stack->update(view.id, R"({"FAAS":{"FLAVOUR":"","MEMORY":200}})"));
}

TEST_P(ComputeCloudTest, TellsOfAGuestThatRebootsAndStaysRunning) {
  const auto view = stack->running();
  stack->backend.happens(stack->vm_of(view.id), MachineEvent::What::guest_reboot);
  EXPECT_TRUE(eventually([&] { return types(view.id).back() == "guest_reboot"; }));
  EXPECT_EQ(stack->read(view.id).text_at({"FAAS", "STATE"}), "RUNNING");
}

TEST_P(ComputeCloudTest, IsGoneAtOnceWhenDeletedFromAnyState) {
  stack->backend.hold_ready(true);
  const auto view = stack->create(R"({"FAAS":{"FLAVOUR":"nature"},"DAAS":{"FLAVOUR":"s3"}})");
  ASSERT_TRUE(view);
  ASSERT_TRUE(stack->loop.run(stack->cloud.remove(ComputeStack::ada(), view->id)));
  EXPECT_TRUE(stack->read(view->id).is_null());
  EXPECT_EQ(code_of(stack->update(view->id, R"({"FAAS":{"FLAVOUR":""}})")), Code::not_found);
  EXPECT_FALSE(stack->loop.run(stack->cloud.remove(ComputeStack::ada(), view->id)));
  EXPECT_EQ(types(view->id).back(), "deleted");
  EXPECT_TRUE(eventually([&] { return stack->backend.machines() == 0; }));
  EXPECT_TRUE(eventually([&] { return stack->loop.run(stack->compute.list({}))->empty(); }));
}

TEST_P(ComputeCloudTest, ReadsAgainWhatWasAcceptedHoweverDeepItNests) {
  const auto levels = body_limits.depth - 2;
  const auto nested = std::string(levels, '[') + std::string(levels, ']');
  const auto view = stack->create(R"({"FAAS":{"FLAVOUR":"nature"},"DEVICE_INFO":{},"X":)" + nested + "}");
  ASSERT_TRUE(view);
  ASSERT_TRUE(stack->reaches(view->id, "RUNNING"));
  ASSERT_TRUE(stack->update(view->id, R"({"FAAS":{"FLAVOUR":""},"DEVICE_INFO":{"X":)" + nested + "}}"));
  ASSERT_TRUE(stack->loop.run(stack->cloud.remove(ComputeStack::ada(), view->id)));
  EXPECT_TRUE(eventually([&] { return stack->backend.machines() == 0; }));
}

TEST_P(ComputeCloudTest, ShowsTheEndOfAMachineThatSomebodyElseRemoved) {
  const auto view = stack->running();
  const compute::ServerId server(stack->vm_of(view.id));
  ASSERT_TRUE(database().write_now([&](sql::Tx& tx) {
    return compute::remove_server(tx, stack->compute, server, {.account = "operator", .request_id = {}});
  }));
  ASSERT_TRUE(stack->reaches(view.id, "ERROR"));
  EXPECT_EQ(stack->read(view.id).text_at({"FAAS", "ERROR"}), "the machine was removed");
  EXPECT_TRUE(stack->loop.run(stack->cloud.remove(ComputeStack::ada(), view.id))) << "and it can still be deleted";
}

/// Pairs of the guide's diagram that an event stream can show, and PENDING -> ERROR.
const std::set<std::string> arrows_shown{"PENDING RUNNING", "PENDING ERROR", "RUNNING UPDATING", "UPDATING RUNNING",
                                         "UPDATING ERROR",  "RUNNING ERROR", "ERROR RUNNING",    "ERROR ERROR"};

TEST_P(ComputeCloudTest, TellsNoTransitionThatTheDiagramLacks) {
  std::mt19937 random(1337);  // fixed, so that a failure repeats
  const auto view = stack->running();
  const auto vm = stack->vm_of(view.id);
  constexpr std::array accidents{MachineEvent::What::crashed, MachineEvent::What::panicked,
                                 MachineEvent::What::guest_reboot, MachineEvent::What::guest_shutdown};
  constexpr std::array resizes{FakeBackend::Resizing::live, FakeBackend::Resizing::by_restart,
                               FakeBackend::Resizing::refused};
  for (int step = 0; step < 25; ++step) {
    stack->backend.resize_by(resizes.at(random() % resizes.size()));
    const auto change = R"({"FAAS":{"FLAVOUR":"","MEMORY":)" + std::to_string(128 + random() % 100) + "}}";
    auto answer = stack->loop.begin(stack->cloud.update(ComputeStack::ada(), view.id, ComputeStack::change(change)));
    if (random() % 2 == 0 && stack->backend.machine(vm)->up)
      stack->backend.happens(vm, accidents.at(random() % accidents.size()));
    (void)answer.get();
  }
  ASSERT_TRUE(stack->loop.run(stack->cloud.remove(ComputeStack::ada(), view.id)));
  std::string last;
  for (const auto& type : types(view.id)) {
    if (!type.starts_with("state:")) continue;
    const auto state = type.substr(6);
    if (!last.empty()) {
      EXPECT_TRUE(arrows_shown.contains(last + " " + state)) << last << " -> " << state;
    }
    last = state;
  }
  EXPECT_EQ(types(view.id).back(), "deleted");
}

INSTANTIATE_TEST_SUITE_P(Engines, ComputeCloudTest, sql::testing::all_engines(), sql::testing::engine_name);

}  // namespace
}  // namespace nephele::runtimes
