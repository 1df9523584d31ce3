// SPDX-License-Identifier: Apache-2.0
#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include <thread>

#include "base/file_handle.h"
#include "compute/adapters/qemu_fixture.h"

/// Few tests with much in each: a boot costs seconds of software emulation.
namespace nephele::compute::testing {
namespace {

using What = MachineEvent::What;
using Power = MachineState::Power;
using std::chrono::milliseconds;
using std::chrono::seconds;

TEST(QemuBackend, AMachineBootsAnswersStopsAndStartsAgainFromItsDisk) {
  Cloud cloud;
  auto spec = cloud.boot(1);
  EXPECT_EQ(cloud.state(spec.id).power, Power::ready);
  EXPECT_EQ(guest_number(spec, "disk_mib"), 256);
  EXPECT_TRUE(cloud.run(cloud.backend().start(spec))) << "a repeat of the same start is a success";
  EXPECT_EQ(processes_with(spec.uuid).size(), 1U);
  const auto console = cloud.run(cloud.backend().console_log(spec.id, std::size_t{64} * 1024));
  ASSERT_TRUE(console);
  EXPECT_NE(console->find("READY"), std::string::npos) << *console;

  ASSERT_TRUE(cloud.run(cloud.backend().stop(spec.id, seconds(20))));
  EXPECT_EQ(cloud.state(spec.id).power, Power::stopped);
  EXPECT_FALSE(cloud.events().heard(spec.id, What::guest_shutdown)) << "what we asked for is no news";
  EXPECT_TRUE(processes_with(spec.uuid).empty());

  spec.generation = 2;
  spec.disks[0].size = spec.sizes.disk = Bytes::mib(300);
  spec.sizes.memory = spec.ceilings.memory = Bytes::mib(131);  // without room to grow, and odd
  ASSERT_TRUE(cloud.run(cloud.backend().start(spec)));
  ASSERT_TRUE(cloud.events().wait(spec.id, What::ready, boot_limit));
  EXPECT_EQ(guest_number(spec, "disk_mib"), 300);
  EXPECT_EQ(guest_number(spec, "memory_mib"), 131);

  // Only the row went back, after a resize that failed behind its first step.
  ASSERT_TRUE(cloud.run(cloud.backend().stop(spec.id, seconds(20))));
  spec.generation = 3;
  spec.disks[0].size = spec.sizes.disk = Bytes::mib(256);
  ASSERT_TRUE(cloud.run(cloud.backend().start(spec)));
  EXPECT_EQ(cloud.state(spec.id).sizes->disk, Bytes::mib(300)) << "and it never shrinks";
  ASSERT_TRUE(cloud.events().wait(spec.id, What::ready, boot_limit));
  spec.disks[0].size = spec.sizes.disk = Bytes::mib(280);
  EXPECT_EQ(cloud.run(cloud.backend().resize(spec)).error().kind(), Kind::invalid);
}

TEST(QemuBackend, AMachineOutlivesItsControllerAndIsResizedByTheNext) {
  Cloud cloud;
  auto spec = cloud.boot(2);
  const pid_t pid = machine_pid(cloud.data(), spec.id);
  cloud.drop();
  EXPECT_TRUE(eventually([&] { return guest_number(spec, "memory_mib") > 0; }, seconds(60)))
      << "it answers while nobody drives it";
  cloud.restart();
  const auto machines = cloud.run(cloud.backend().list());
  ASSERT_TRUE(machines);
  ASSERT_EQ(machines->size(), 1U);
  EXPECT_EQ(machines->front().power, Power::ready);
  EXPECT_EQ(machine_pid(cloud.data(), spec.id), pid);

  const auto resized = [&](std::uint32_t cpus, std::uint64_t memory, std::uint64_t disk) {
    spec.sizes = {Cpus(cpus), Bytes::mib(memory), Bytes::mib(disk)};
    spec.disks[0].size = spec.sizes.disk;
    return cloud.run(cloud.backend().resize(spec));
  };
  const auto shows = [&](std::string_view member, std::int64_t value) {
    return eventually([&] { return guest_number(spec, member) == value; }, seconds(60));
  };
  EXPECT_EQ(resized(2, 201, 301), Resized::live);
  EXPECT_TRUE(shows("cpus", 2)) << guest_number(spec, "cpus");
  EXPECT_TRUE(shows("memory_mib", 201)) << guest_number(spec, "memory_mib");
  EXPECT_TRUE(shows("disk_mib", 301)) << guest_number(spec, "disk_mib");
  EXPECT_EQ(resized(2, 140, 301), Resized::live);
  EXPECT_TRUE(shows("memory_mib", 140)) << guest_number(spec, "memory_mib");
  EXPECT_EQ(resized(2, 256, 301), Resized::live);
  EXPECT_TRUE(shows("memory_mib", 256)) << guest_number(spec, "memory_mib");
  const auto state = cloud.state(spec.id);
  EXPECT_EQ(state.sizes->memory, Bytes::mib(256));

  EXPECT_EQ(resized(1, 256, 301), Resized::needs_restart);
  EXPECT_EQ(resized(2, 512, 301), Resized::needs_restart);
  const auto shrunk = resized(2, 256, 200);
  ASSERT_FALSE(shrunk);
  EXPECT_EQ(shrunk.error().kind(), Kind::invalid);
}

// READY comes before the console's shell listens: what is typed in between is lost.
bool typed_until(Cloud& cloud, ServerId id, const std::string& line, What what) {
  const std::string console = cloud.backend().console_socket(id).value();
  for (int tries = 0; tries < 5; ++tries) {
    type_at_console(console, line);
    if (cloud.events().wait(id, what, seconds(10))) return true;
  }
  return false;
}

TEST(QemuBackend, WhatHappensToAMachineIsToldOnce) {
  Cloud cloud;
  auto spec = cloud.boot(3);
  ASSERT_TRUE(typed_until(cloud, spec.id, "reboot", What::guest_reboot));
  ASSERT_TRUE(cloud.events().wait(spec.id, What::ready, boot_limit));
  EXPECT_FALSE(cloud.events().heard(spec.id, What::guest_reboot)) << "one reboot is several resets, and one event";

  ASSERT_TRUE(cloud.run(cloud.backend().reboot(spec.id)));
  ASSERT_TRUE(cloud.events().wait(spec.id, What::ready, boot_limit));
  EXPECT_FALSE(cloud.events().heard(spec.id, What::guest_reboot)) << "we asked for it";

  ASSERT_TRUE(typed_until(cloud, spec.id, "poweroff", What::guest_shutdown));
  EXPECT_EQ(cloud.state(spec.id).power, Power::stopped);
  EXPECT_TRUE(processes_with(spec.uuid).empty()) << "no hypervisor waits for a dead guest";

  spec.generation = 2;
  ASSERT_TRUE(cloud.run(cloud.backend().start(spec)));
  const pid_t pid = machine_pid(cloud.data(), spec.id);
  ASSERT_GT(pid, 0);
  const auto before = std::chrono::steady_clock::now();
  ::kill(pid, SIGKILL);
  const auto crash = cloud.events().wait(spec.id, What::crashed, seconds(10));
  ASSERT_TRUE(crash);
  EXPECT_EQ(crash->generation, 2);
  EXPECT_NE(crash->reason.find("signal 9"), std::string::npos) << crash->reason;
  EXPECT_LT(std::chrono::steady_clock::now() - before, seconds(5)) << "seen by the pidfd, not by looking now and then";
  EXPECT_EQ(cloud.state(spec.id).power, Power::failed);
}

// A controller in a process of its own, killed `after` it began to start a machine.
void start_and_be_killed(const std::string& data, const MachineSpec& spec, milliseconds after) {
  const pid_t child = ::fork();
  if (child == 0) {
    Controller controller(data);
    (void)controller.run(controller.backend().start(spec)).has_value();
    ::pause();
  }
  std::this_thread::sleep_for(after);
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
}

TEST(QemuBackend, AStartThatIsKilledAnywhereIsFinishedByTheNextController) {
  Cloud cloud;
  const auto spec = cloud.spec(4);
  ASSERT_TRUE(cloud.run(cloud.backend().prepare(spec, cloud.context())));
  for (const int after : {0, 5, 10, 15, 20, 30, 60, 120, 300}) {
    cloud.drop();
    start_and_be_killed(cloud.data(), spec, milliseconds(after));
    cloud.restart();
    const auto started = cloud.run(cloud.backend().start(spec));
    ASSERT_TRUE(started) << "killed after " << after << " ms: " << started.error().sentence();
    EXPECT_EQ(processes_with(spec.uuid).size(), 1U) << "killed after " << after << " ms";
    ASSERT_TRUE(cloud.run(cloud.backend().stop(spec.id, milliseconds(0))));
    EXPECT_TRUE(processes_with(spec.uuid).empty());
  }
}

TEST(QemuBackend, AnAddressThatIsTakenIsNamed) {
  Cloud cloud;
  const auto spec = cloud.spec(5);
  const auto& forward = spec.nics[0].forwards[0];
  ASSERT_TRUE(cloud.run(cloud.backend().prepare(spec, cloud.context())));
  {
    const FileHandle listener(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_in where{};
    where.sin_family = AF_INET;
    where.sin_port = htons(forward.port);
    ::inet_pton(AF_INET, forward.address.c_str(), &where.sin_addr);
    ASSERT_EQ(::bind(listener.get(), reinterpret_cast<const sockaddr*>(&where), sizeof where), 0);
    ASSERT_EQ(::listen(listener.get(), 1), 0);
    EXPECT_FALSE(cloud.backend().probe_address(forward.address, {forward.port}));
    const auto started = cloud.run(cloud.backend().start(spec));
    ASSERT_FALSE(started);
    EXPECT_EQ(started.error().kind(), Kind::conflict);
    EXPECT_EQ(started.error().detail("address"), forward.address);
    EXPECT_EQ(cloud.state(spec.id).power, Power::absent);
  }
  EXPECT_TRUE(cloud.backend().probe_address(forward.address, {forward.port}));
  EXPECT_TRUE(cloud.run(cloud.backend().start(spec)));
}

TEST(QemuBackend, TwoMachinesOnALinkReachEachOtherAndNothingOfThemRemains) {
  Cloud cloud;
  std::vector<MachineSpec> specs;
  for (const int end : {0, 1}) {
    auto spec = cloud.spec(6 + end);
    NicSpec nic;
    nic.kind = NicSpec::Kind::link;
    nic.mac = "52:54:00:00:01:0" + std::to_string(end);
    nic.link = "pair";
    nic.link_end = end;
    spec.nics.push_back(nic);
    auto context = cloud.context();
    context[0].content = Secret(context[0].content.reveal() + "ETH1_MAC='" + nic.mac + "'\nETH1_IP='10.96.0." +
                                std::to_string(end + 1) + "'\nETH1_MASK='255.255.255.252'\nPEER_IP='10.96.0." +
                                std::to_string(2 - end) + "'\nROLE='" + (end == 0 ? "FAAS" : "DAAS") + "'\n");
    ASSERT_TRUE(cloud.run(cloud.backend().prepare(spec, std::move(context))));
    ASSERT_TRUE(cloud.run(cloud.backend().start(spec)));
    specs.push_back(std::move(spec));
  }
  for (const auto& spec : specs) ASSERT_TRUE(cloud.events().wait(spec.id, What::ready, boot_limit));
  const auto& forward = specs[0].nics[0].forwards[0];
  EXPECT_TRUE(eventually([&] { return http_get(forward.address, forward.port, "/peer").has_value(); }, seconds(60)));

  for (const auto& spec : specs) {
    EXPECT_TRUE(cloud.run(cloud.backend().remove(spec.id)));
    EXPECT_TRUE(cloud.run(cloud.backend().remove(spec.id))) << "what is gone already is no error";
    EXPECT_TRUE(processes_with(spec.uuid).empty());
    EXPECT_EQ(cloud.state(spec.id).power, Power::absent);
  }
  for (const auto& entry : std::filesystem::recursive_directory_iterator(cloud.data() + "/servers"))
    EXPECT_EQ(entry.path().filename(), ".links") << "left over";
}

TEST(QemuBackend, ASecondControllerIsRefusedByName) {
  const Cloud cloud;
  asio::io_context context;
  QemuSettings settings;
  settings.data_directory = cloud.data();
  const auto second = QemuBackend::open(settings, context.get_executor(), log::Logger());
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().kind(), Kind::conflict);
  EXPECT_EQ(second.error().detail("pid"), std::to_string(::getpid()));
}

}  // namespace
}  // namespace nephele::compute::testing
