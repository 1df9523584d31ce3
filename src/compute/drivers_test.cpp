// SPDX-License-Identifier: Apache-2.0
// Who drives machines, and processes that drive none: over real operations and bus, on both engines.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

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
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;

const Actor ada{"ada", "req-1"};
constexpr sql::Statement age_row{"test.age", "UPDATE compute_driver SET said_ms = said_ms - $1"};
constexpr sql::Statement runs_on_row{"test.runs_on", "SELECT runs_on FROM operations_operation WHERE id = $1"};

class DriversTest : public sql::testing::TestDatabases {
 protected:
  void SetUp() override {
    migrate(operations::Operations::migrations());
    migrate(bus::migrations());
    for (const auto* part : {"vmlinux", "initrd.img", "root.qcow2", "cmdline"}) image.write(part, part);
  }
  void migrate_compute() {
    migrate(Compute::migrations());
    const auto shelf = life(nullptr, "");
    shelf->threads.run(shelf->shelf.add("function", image.path().string())).value();
  }

  /// A process: where it runs machines it drives them under this name, without it only takes requests.
  std::unique_ptr<Life> life(FakeBackend* runs, const std::string& driver, const std::string& hold = "hold") {
    Settings settings;
    settings.driver = DriverId(driver);
    settings.host = "host-of-" + driver;
    settings.hold = hold;
    settings.driver_says_every = 50ms;
    settings.driver_silence = silence;
    settings.ready_within = 20s;
    return std::make_unique<Life>(fresh().open(), key, runs, images.path().string(), std::move(settings));
  }
  std::unique_ptr<Life> driving(FakeBackend& runs, const std::string& driver) {
    auto made = life(&runs, driver);
    made->start();
    return made;
  }
  std::unique_ptr<Life> listening() { return life(nullptr, ""); }

  static NewServer small(const std::string& link = "", int end = 0, std::uint64_t memory_mib = 128) {
    NewServer wanted;
    wanted.owner = "ada";
    wanted.name = "test";
    wanted.image = "function";
    wanted.sizes = {Cpus(1), Bytes::mib(memory_mib), Bytes::mib(256)};
    wanted.ports = {8000};
    wanted.link = link;
    wanted.link_end = end;
    return wanted;
  }
  static Result<Created> create(Life& at, NewServer wanted = small()) {
    return at.database->write_now([&](sql::Tx& tx) { return create_server(tx, at.compute, wanted, ada); });
  }
  static operations::State outcome(Life& at, operations::OperationId id) {
    return at.threads.run(at.operations.wait(id, in(20s))).value().state;
  }

  TempDirectory image, images;
  SecretKey key = SecretKey::random();
  std::chrono::milliseconds silence{30s};
  FakeBackend machines, others;
};

TEST_P(DriversTest, AServerAskedForElsewhereIsBuiltWhereTheMachinesAre) {
  migrate_compute();
  const auto driver = driving(machines, "d");
  const auto listener = listening();
  const auto created = create(*listener).value();
  EXPECT_EQ(outcome(*listener, created.operation), operations::State::done);
  const auto server = listener->threads.run(listener->compute.find(created.server.id)).value();
  EXPECT_EQ(server.observed, Observed::ready);
  EXPECT_EQ(server.driver.text(), "d");
  EXPECT_THAT(server.address, StartsWith("127."));
  EXPECT_EQ(machines.machines(), 1);
  EXPECT_EQ(
      listener->database->read_now([&](sql::Tx& tx) { return tx.one(runs_on_row, created.operation).text(0); }).value(),
      "d");
  const auto removal =
      listener->database
          ->write_now([&](sql::Tx& tx) { return remove_server(tx, listener->compute, created.server.id, ada); })
          .value();
  EXPECT_EQ(outcome(*listener, *removal), operations::State::done);
  EXPECT_EQ(machines.machines(), 0);
}

TEST_P(DriversTest, WhereNobodyDrivesAServerIsRefusedWithWhatToDo) {
  migrate_compute();
  const auto listener = listening();
  const auto refused = create(*listener);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind(), Kind::timeout);
  EXPECT_THAT(refused.error().sentence(), HasSubstr("no process drives machines; start `nephele serve compute`"));
  EXPECT_THAT(listener->threads.run(listener->compute.list({})).value(), IsEmpty());
}

TEST_P(DriversTest, AStoppedDriverGetsNothingMoreAndASilentOneAfterAWhile) {
  migrate_compute();
  auto driver = driving(machines, "d");
  const auto listener = listening();
  driver.reset();
  EXPECT_THAT(create(*listener).error().sentence(), AllOf(HasSubstr("host-of-d was stopped"), HasSubstr("start")));

  driver = driving(machines, "d");
  driver->die();
  const auto waiting = create(*listener);
  EXPECT_TRUE(waiting) << "killed a moment ago: it will be back, and the work waits for it";
  listener->database->write_now([](sql::Tx& tx) { tx.execute(age_row, std::int64_t{31'000}); }).value();
  EXPECT_THAT(create(*listener).error().sentence(), HasSubstr("host-of-d has said nothing for 31 s"));

  const auto next = driving(machines, "d");
  EXPECT_EQ(outcome(*listener, waiting->operation), operations::State::done);
}

TEST_P(DriversTest, WhatDoesNotFitIsRefusedByWhatTheDriverSaid) {
  migrate_compute();
  const auto driver = driving(machines, "d");
  const auto listener = listening();
  const auto refused = create(*listener, small("", 0, 5000));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind(), Kind::over_quota);
  EXPECT_THAT(refused.error().sentence(), HasSubstr("5000 MiB asked, 4064 MiB left of 4096"));
  const auto created = create(*listener).value();
  const auto& server = created.server;
  EXPECT_EQ(outcome(*listener, created.operation), operations::State::done);
  const auto resize = listener->database->write_now([&](sql::Tx& tx) {
    return resize_server(tx, listener->compute, server.id, {Cpus(9), Bytes::mib(128), Bytes::mib(256)}, ada);
  });
  EXPECT_THAT(resize.error().sentence(), HasSubstr("9 asked, a server of this cloud may have 8"));
}

TEST_P(DriversTest, TwoDriversShareTheServersAndEachWorksOnItsOwn) {
  migrate_compute();
  const auto one = driving(machines, "d1");
  const auto two = driving(others, "d2");
  const auto listener = listening();
  std::set<std::string> addresses;
  for (int i = 0; i < 6; ++i) {
    const auto created = create(*listener).value();
    EXPECT_EQ(outcome(*listener, created.operation), operations::State::done);
    addresses.insert(created.server.address);
  }
  EXPECT_EQ(machines.machines(), 3);
  EXPECT_EQ(others.machines(), 3);
  EXPECT_EQ(addresses.size(), 6);
  const auto known = listener->threads.run(drivers(*listener->database)).value();
  ASSERT_EQ(known.size(), 2);
  EXPECT_NE(known[0].address_pool, known[1].address_pool) << "each draws a range of its own";
}

TEST_P(DriversTest, BothEndsOfALinkAreOnOneHost) {
  migrate_compute();
  const auto one = driving(machines, "d1");
  const auto two = driving(others, "d2");
  const auto listener = listening();
  for (int i = 0; i < 3; ++i) {
    const std::string link = "pair-" + std::to_string(i);
    const auto faas = create(*listener, small(link, 0)).value();
    const auto daas = create(*listener, small(link, 1)).value();
    EXPECT_EQ(faas.server.driver, daas.server.driver);
  }
}

TEST_P(DriversTest, ACopyOfADataDirectoryDoesNotDriveBesideTheOriginal) {
  migrate_compute();
  silence = 500ms;
  const auto original = driving(machines, "d");
  const auto copy = life(&others, "d", "another hold");
  const auto refused = copy->threads.run(copy->compute.start());
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind(), Kind::conflict);
  EXPECT_THAT(refused.error().sentence(), HasSubstr("copy of another one"));
}

TEST_P(DriversTest, AfterARestartOfTheHostThePostIsFreeWhenTheOldWordIsOld) {
  migrate_compute();
  silence = 500ms;
  auto before = driving(machines, "d");
  before->die();
  const auto after = life(&machines, "d", "the hold of another boot");
  after->start();
  EXPECT_TRUE(create(*after));
}

TEST_P(DriversTest, AMachineThatIsPlacedElsewhereIsNeverRemoved) {
  migrate_compute();
  auto driver = driving(machines, "d");
  const auto created = create(*driver).value();
  EXPECT_EQ(outcome(*driver, created.operation), operations::State::done);
  driver.reset();
  const auto renamed = life(&machines, "lost-its-name");
  const auto refused = renamed->threads.run(renamed->compute.start());
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().sentence(), AllOf(HasSubstr("has it on d"), HasSubstr("driver-id")));
  EXPECT_EQ(machines.machines(), 1);
}

TEST_P(DriversTest, TheFirstDriverTakesWhatAnEarlierReleaseLeft) {
  migrate(Compute::migrations().first(1));
  const auto insert = [&](const sql::Statement& row) {
    database().write_now([&](sql::Tx& tx) { tx.execute(row); }).value();
  };
  insert({"test.server",
          "INSERT INTO compute_server (id, owner, name, image, cpus, memory_bytes, disk_bytes, cpus_ceiling, "
          "memory_ceiling_bytes, memory_reserved_bytes, desired, observed, activity, reason, address, ports, link, "
          "link_end, generation, event_sequence, created_ms, changed_ms) VALUES (7, 'ada', 'old', 'function', 1, "
          "1048576, 1048576, 1, 1048576, 1048576, 'deleted', 'ready', 'removing', '', '127.100.0.1', '8000', '', 0, 2, "
          "0, 1, 1)"});
  insert({"test.pool", "INSERT INTO compute_installation (name, value) VALUES ('address_pool', '127.100.0.0/20')"});
  operations::OperationId removal;
  {
    const auto old = listening();
    removal = old->database
                  ->write_now([&](sql::Tx& tx) {
                    operations::NewOperation wanted;
                    wanted.kind = "compute.remove";
                    wanted.object = "server:7";
                    wanted.runs_on = "host-of-d";
                    return old->operations.enqueue(tx, std::move(wanted));
                  })
                  .value();
  }
  migrate_compute();
  const auto driver = driving(machines, "d");
  EXPECT_EQ(outcome(*driver, removal), operations::State::done);
  EXPECT_EQ(driver->threads.run(driver->compute.find(ServerId(7))).error().kind(), Kind::not_found);
  const auto second = driving(others, "d2");
  const auto known = driver->threads.run(drivers(*driver->database)).value();
  EXPECT_EQ(known.at(0).address_pool, "127.100.0.0/20") << "the range is kept";
  EXPECT_NE(known.at(1).address_pool, "127.100.0.0/20");
}

INSTANTIATE_TEST_SUITE_P(Engines, DriversTest, sql::testing::all_engines(), sql::testing::engine_name);

}  // namespace
}  // namespace nephele::compute
