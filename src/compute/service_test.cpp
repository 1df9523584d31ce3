// SPDX-License-Identifier: Apache-2.0
// Compute over real operations and bus, on both engines; only the machines are not real.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "base/eventually.h"
#include "base/temp_directory.h"
#include "compute/testing/life.h"
#include "compute/tx.h"
#include "sql/testing/test_databases.h"

namespace nephele::compute {
namespace {

using namespace std::chrono_literals;
using compute::testing::FakeBackend;
using compute::testing::Life;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

const Actor ada{"ada", "req-1"};

class ComputeTest : public sql::testing::TestDatabases {
 protected:
  void SetUp() override {
    migrate(operations::Operations::migrations());
    migrate(bus::migrations());
    migrate(Compute::migrations());
    for (const auto* part : {"vmlinux", "initrd.img", "root.qcow2", "cmdline"}) image.write(part, part);
    begin();
    life->threads.run(life->shelf.add("function", image.path().string())).value();
  }

  void begin() {
    life = std::make_unique<Life>(fresh().open(), key, &machines, images.path().string(), settings);
    life->start();
  }
  /// The control plane ends and another one takes over.
  void next_life() {
    life.reset();
    begin();
  }

  static NewServer small(std::uint64_t memory_mib = 128) {
    NewServer wanted;
    wanted.owner = "ada";
    wanted.name = "test";
    wanted.image = "function";
    wanted.sizes = {Cpus(1), Bytes::mib(memory_mib), Bytes::mib(256)};
    wanted.ports = {8000};
    wanted.secret_context.emplace_back("SR_AUTH", Secret("c2VjcmV0"));
    return wanted;
  }
  Result<Created> create(NewServer wanted = small()) {
    return life->database->write_now([&](sql::Tx& tx) { return create_server(tx, life->compute, wanted, ada); });
  }
  template <class F>
  auto change(F body) {
    return life->database->write_now([&](sql::Tx& tx) { return body(tx, life->compute); });
  }
  Result<Server> find(ServerId id) { return life->threads.run(life->compute.find(id)); }
  operations::Outcome outcome(operations::OperationId id) {
    return life->threads.run(life->operations.wait(id, in(20s))).value();
  }
  Server ready(NewServer wanted = small()) {
    const auto created = create(std::move(wanted)).value();
    EXPECT_EQ(outcome(created.operation).state, operations::State::done);
    return find(created.server.id).value();
  }
  bool reaches(ServerId id, Observed observed) {
    return eventually([&] {
      const auto server = find(id);
      return server && server->observed == observed && server->activity == Activity::none;
    });
  }

  TempDirectory image, images;
  SecretKey key = SecretKey::random();
  FakeBackend machines;
  Settings settings = [] {
    Settings s;
    s.driver = DriverId("here");
    s.host = "the-host";
    s.hold = "hold";
    s.address_pool = "127.96.16.0/24";
    s.recover_after = 5ms;
    s.ready_within = 20s;
    return s;
  }();
  std::unique_ptr<Life> life;
};

TEST_P(ComputeTest, ACreatedServerIsBuiltAndReady) {
  const auto server = ready();
  EXPECT_EQ(server.observed, Observed::ready);
  EXPECT_EQ(server.activity, Activity::none);
  EXPECT_THAT(server.address, ::testing::StartsWith("127.96.16."));
  const auto machine = machines.machine(server.id.number());
  ASSERT_TRUE(machine);
  EXPECT_THAT(machine->files.at("context.sh"), HasSubstr("SR_AUTH='c2VjcmV0'"));
  EXPECT_TRUE(eventually([&] {
    return life->told.words() == std::vector<std::string>{"created", "started", "ready"} ||
           life->told.words() == std::vector<std::string>{"created", "ready"};
  }));
}

TEST_P(ComputeTest, NoSecretOfAServerStaysReadableInTheDatabase) {
  ready();
  constexpr sql::Statement all{"test.payloads", "SELECT payload, sealed FROM operations_operation"};
  const auto rows = life->database->read_now([&](sql::Tx& tx) { return tx.query(all); }).value();
  for (const auto& row : rows) {
    EXPECT_THAT(row.text(0), ::testing::Not(HasSubstr("c2VjcmV0")));
    EXPECT_EQ(row.text(1), "");
  }
}

TEST_P(ComputeTest, ServersGetDifferentAddressesAndAFreedOneRests) {
  const auto first = ready();
  const auto second = ready();
  EXPECT_NE(first.address, second.address);
  const auto removal = change([&](auto& tx, auto& c) { return remove_server(tx, c, first.id, ada); }).value();
  outcome(*removal);
  EXPECT_NE(ready().address, first.address);
}

TEST_P(ComputeTest, WhenNoAddressCanBeHadItWaitsSaysSoOnceAndGoesOn) {
  machines.refuse_starts(Error(Kind::conflict, "127.96.16.1:8000 is in use").with("address", "127.96.16.1"));
  const auto created = create().value();
  const auto waits = [&] {
    const auto server = find(created.server.id);
    return server && server->observed == Observed::error && server->reason == "127.96.16.1:8000 is in use";
  };
  EXPECT_TRUE(eventually(waits));
  EXPECT_TRUE(eventually([&] { return life->threads.run(life->operations.show(created.operation))->attempt > 1; }));
  machines.refuse_starts(std::nullopt);
  EXPECT_EQ(outcome(created.operation).state, operations::State::done);
  EXPECT_TRUE(reaches(created.server.id, Observed::ready));
  const auto words = life->told.words();
  EXPECT_EQ(std::ranges::count(words, "error"), 1);
}

TEST_P(ComputeTest, ARecoveryThatItsHostPreventsTellsTheReasonAndGoesOn) {
  const auto server = ready();
  machines.refuse_starts(Error(Kind::unavailable, "No space left on device"));
  machines.happens(server.id.number(), MachineEvent::What::crashed, "by signal 9");
  EXPECT_TRUE(eventually([&] {
    const auto now = find(server.id);
    return now && now->observed == Observed::error && now->reason == "No space left on device";
  }));
  machines.refuse_starts(std::nullopt);
  EXPECT_TRUE(reaches(server.id, Observed::ready));
}

TEST_P(ComputeTest, WhatDoesNotFitIsRefusedWithTheNumbersAndLeavesNothing) {
  const auto refused = create(small(1'000'000));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind(), Kind::over_quota);
  EXPECT_THAT(refused.error().sentence(), HasSubstr("1000000 MiB"));
  EXPECT_THAT(life->threads.run(life->compute.list({})).value(), IsEmpty());
  EXPECT_THAT(life->threads.run(life->operations.list({})).value(), IsEmpty());
}

TEST_P(ComputeTest, ADiskThatIsTooSmallForTheImageIsRefused) {
  auto wanted = small();
  wanted.sizes.disk = Bytes::mib(testing::least_disk_mib - 1);
  const auto refused = create(wanted);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind(), Kind::over_quota);
  EXPECT_EQ(refused.error().detail("disk_asked_mib"), "31");
  EXPECT_EQ(refused.error().detail("disk_least_mib"), "32");
  wanted.sizes.disk = Bytes::mib(testing::least_disk_mib);
  EXPECT_TRUE(create(wanted));
}

TEST_P(ComputeTest, AnUnknownImageIsRefused) {
  auto wanted = small();
  wanted.image = "nowhere";
  EXPECT_EQ(create(wanted).error().kind(), Kind::not_found);
}

TEST_P(ComputeTest, RemovingTakesMachineRowAndAddress) {
  const auto server = ready();
  const auto removal = change([&](auto& tx, auto& c) { return remove_server(tx, c, server.id, ada); }).value();
  EXPECT_EQ(outcome(*removal).state, operations::State::done);
  EXPECT_EQ(machines.machines(), 0);
  EXPECT_EQ(find(server.id).error().kind(), Kind::not_found);
  EXPECT_TRUE(eventually([&] { return life->told.last() == "deleted"; }));
  EXPECT_FALSE(change([&](auto& tx, auto& c) { return remove_server(tx, c, server.id, ada); }).value()) << "again";
}

TEST_P(ComputeTest, RemovingOvertakesABuildThatWaitsForItsGuest) {
  machines.hold_ready(true);
  const auto created = create().value();
  ASSERT_TRUE(eventually([&] { return find(created.server.id)->observed == Observed::starting; }));
  const auto removal = change([&](auto& tx, auto& c) { return remove_server(tx, c, created.server.id, ada); }).value();
  EXPECT_EQ(outcome(*removal).state, operations::State::done);
  EXPECT_EQ(outcome(created.operation).state, operations::State::cancelled);
  EXPECT_EQ(machines.machines(), 0);
}

TEST_P(ComputeTest, ACancelledBuildLeavesAServerThatCanBeStarted) {
  machines.hold_ready(true);
  const auto created = create().value();
  const auto id = created.server.id;
  ASSERT_TRUE(eventually([&] { return find(id)->observed == Observed::starting; }));
  life->threads.run(life->operations.cancel(created.operation)).value();
  EXPECT_EQ(outcome(created.operation).state, operations::State::cancelled);
  ASSERT_TRUE(reaches(id, Observed::error));
  EXPECT_THAT(find(id)->reason, HasSubstr("cancelled"));
  machines.hold_ready(false);
  const auto again = change([&](auto& tx, auto& c) { return start_server(tx, c, id, ada); }).value();
  EXPECT_EQ(outcome(again).state, operations::State::done);
  EXPECT_TRUE(reaches(id, Observed::ready));
}

TEST_P(ComputeTest, ACancelledResizeLeavesTheServerAsItWas) {
  const auto server = ready();
  machines.resize_by(FakeBackend::Resizing::held);
  const Sizes bigger{Cpus(2), Bytes::mib(133), Bytes::mib(300)};
  const auto resize = [&](auto& tx, auto& c) { return resize_server(tx, c, server.id, bigger, ada); };
  const auto operation = change(resize).value();
  ASSERT_TRUE(eventually([&] { return life->threads.run(life->operations.show(operation))->attempt > 0; }));
  life->threads.run(life->operations.cancel(operation)).value();
  EXPECT_EQ(outcome(operation).state, operations::State::cancelled);
  ASSERT_TRUE(reaches(server.id, Observed::ready));
  EXPECT_EQ(find(server.id)->sizes, server.sizes);
  machines.resize_by(FakeBackend::Resizing::live);
  EXPECT_EQ(outcome(change(resize).value()).state, operations::State::done);
}

TEST_P(ComputeTest, AResizeReachesTheMachineAndOneAtATime) {
  const auto server = ready();
  const Sizes bigger{Cpus(2), Bytes::mib(133), Bytes::mib(300)};
  const auto resize = [&](auto& tx, auto& c) { return resize_server(tx, c, server.id, bigger, ada); };
  machines.resize_by(FakeBackend::Resizing::held);
  const auto operation = change(resize).value();
  EXPECT_EQ(change(resize).error().kind(), Kind::busy);
  machines.resize_by(FakeBackend::Resizing::live);
  EXPECT_EQ(outcome(operation).state, operations::State::done);
  EXPECT_EQ(machines.machine(server.id.number())->spec.sizes, bigger);
  EXPECT_TRUE(eventually([&] { return life->told.last() == "resized"; }));
}

TEST_P(ComputeTest, AResizeThatNeedsARestartStartsTheNextGeneration) {
  const auto server = ready();
  machines.resize_by(FakeBackend::Resizing::by_restart);
  const auto operation = change([&](auto& tx, auto& c) {
    return resize_server(tx, c, server.id, {Cpus(4), Bytes::mib(512), Bytes::mib(256)}, ada);
  });
  EXPECT_EQ(outcome(*operation).state, operations::State::done);
  EXPECT_GT(find(server.id)->generation, server.generation);
  EXPECT_TRUE(reaches(server.id, Observed::ready));
  EXPECT_TRUE(eventually([&] { return life->told.last() == "restarted"; }));
}

TEST_P(ComputeTest, ARefusedResizeLeavesTheServerAsItWas) {
  const auto server = ready();
  machines.resize_by(FakeBackend::Resizing::refused);
  const auto operation = change([&](auto& tx, auto& c) {
    return resize_server(tx, c, server.id, {Cpus(2), Bytes::mib(200), Bytes::mib(256)}, ada);
  });
  EXPECT_EQ(outcome(*operation).state, operations::State::failed);
  EXPECT_EQ(find(server.id)->sizes, server.sizes);
  EXPECT_EQ(find(server.id)->observed, Observed::ready);
}

TEST_P(ComputeTest, AfterARestartThatItsNewSizePreventsItRunsWithTheOldOneAgain) {
  const auto server = ready();
  machines.resize_by(FakeBackend::Resizing::by_restart);
  machines.refuse_starts(Error(Kind::over_quota, "this host has no memory left for the machine"));
  const Sizes bigger{Cpus(2), Bytes::mib(1024), Bytes::mib(300)};
  const auto operation =
      change([&](auto& tx, auto& c) { return resize_server(tx, c, server.id, bigger, ada); }).value();
  EXPECT_EQ(outcome(operation).state, operations::State::failed);
  ASSERT_TRUE(reaches(server.id, Observed::error));
  machines.refuse_starts(std::nullopt);
  const auto again = change([&](auto& tx, auto& c) { return start_server(tx, c, server.id, ada); }).value();
  EXPECT_EQ(outcome(again).state, operations::State::done);
  const Sizes now{server.sizes.cpus, server.sizes.memory, bigger.disk};
  EXPECT_EQ(find(server.id)->sizes, now) << "a disk never shrinks";
  EXPECT_EQ(machines.machine(server.id.number())->spec.sizes, now);
}

TEST_P(ComputeTest, LessMemoryThanAMachineNeedsIsRefusedBeforeAnythingIsChanged) {
  EXPECT_THAT(create(small(8)).error().sentence(), HasSubstr("8 MiB asked, a server of this cloud needs 16"));
  const auto server = ready();
  const auto refused = change([&](auto& tx, auto& c) {
    return resize_server(tx, c, server.id, {Cpus(1), Bytes::mib(8), Bytes::mib(256)}, ada);
  });
  EXPECT_EQ(refused.error().kind(), Kind::over_quota);
  EXPECT_TRUE(reaches(server.id, Observed::ready));
}

TEST_P(ComputeTest, ADiskNeverShrinks) {
  const auto server = ready();
  const auto refused = change([&](auto& tx, auto& c) {
    return resize_server(tx, c, server.id, {Cpus(1), Bytes::mib(128), Bytes::mib(255)}, ada);
  });
  EXPECT_EQ(refused.error().kind(), Kind::invalid);
  EXPECT_THAT(refused.error().sentence(), HasSubstr("never shrinks"));
}

TEST_P(ComputeTest, ACrashedMachineIsStartedAgainAtMostThreeTimes) {
  const auto server = ready();
  for (int crash = 0; crash < 3; ++crash) {
    machines.happens(server.id.number(), MachineEvent::What::crashed, "killed");
    ASSERT_TRUE(eventually([&] { return find(server.id)->generation == server.generation + crash + 1; }));
    ASSERT_TRUE(reaches(server.id, Observed::ready));
  }
  machines.happens(server.id.number(), MachineEvent::What::crashed, "killed");
  ASSERT_TRUE(reaches(server.id, Observed::error));
  EXPECT_THAT(find(server.id)->reason, AllOf(HasSubstr("killed"), HasSubstr("too often")));
  const auto start = change([&](auto& tx, auto& c) { return start_server(tx, c, server.id, ada); }).value();
  EXPECT_EQ(outcome(start).state, operations::State::done);
  EXPECT_TRUE(reaches(server.id, Observed::ready));
}

TEST_P(ComputeTest, AGuestThatShutsItselfDownIsStoppedAndStaysSo) {
  const auto server = ready();
  machines.happens(server.id.number(), MachineEvent::What::guest_shutdown);
  ASSERT_TRUE(reaches(server.id, Observed::stopped));
  EXPECT_EQ(find(server.id)->reason, "the guest shut itself down");
  next_life();
  EXPECT_EQ(find(server.id)->observed, Observed::stopped);
}

TEST_P(ComputeTest, MachinesThatRanThroughAreAdopted) {
  const auto server = ready();
  next_life();
  EXPECT_EQ(find(server.id)->observed, Observed::ready);
  EXPECT_EQ(find(server.id)->generation, server.generation);
}

TEST_P(ComputeTest, AfterARestartOfTheHostWhatShouldRunRunsAgain) {
  const auto server = ready();
  life.reset();
  machines.lose_all();
  begin();
  EXPECT_TRUE(reaches(server.id, Observed::ready));
  EXPECT_EQ(find(server.id)->generation, server.generation + 1);
}

TEST_P(ComputeTest, AMachineWithoutARowIsRemoved) {
  life.reset();
  MachineSpec orphan;
  orphan.id = ServerId(999);
  IoThreads threads{1};
  threads.run(machines.prepare(orphan, {})).value();
  EXPECT_EQ(machines.machines(), 1);
  begin();
  EXPECT_EQ(machines.machines(), 0);
}

TEST_P(ComputeTest, ABuildInterruptedByTheEndOfTheControlPlaneGoesOnInTheNext) {
  machines.hold_ready(true);
  const auto created = create().value();
  ASSERT_TRUE(eventually([&] { return find(created.server.id)->observed == Observed::starting; }));
  life.reset();
  machines.hold_ready(false);
  begin();
  EXPECT_TRUE(reaches(created.server.id, Observed::ready));
  EXPECT_EQ(machines.machines(), 1);
}

TEST_P(ComputeTest, OfTwoControlPlanesOneDiesInTheMiddleAndEverythingIsDoneOnce) {
  constexpr int servers = 24;
  auto other = std::make_unique<Life>(fresh().open(), key, &machines, images.path().string(), settings);
  other->start();
  machines.hold_ready(true);
  std::vector<Created> created;
  for (int i = 0; i < servers; ++i) created.push_back(create().value());
  ASSERT_TRUE(eventually([&] { return machines.machines() >= servers / 2; }));
  life->die();
  machines.hold_ready(false);
  std::swap(life, other);
  for (const auto& each : created) {
    EXPECT_EQ(outcome(each.operation).state, operations::State::done);
    EXPECT_TRUE(reaches(each.server.id, Observed::ready));
    EXPECT_EQ(machines.machine(each.server.id.number())->starts, 1);
  }
  EXPECT_EQ(machines.machines(), servers);
  other.reset();
}

INSTANTIATE_TEST_SUITE_P(Engines, ComputeTest, sql::testing::all_engines(), sql::testing::engine_name);

}  // namespace
}  // namespace nephele::compute
