// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/mount.h>
#include <unistd.h>

#include <boost/asio/experimental/awaitable_operators.hpp>
#include <fstream>

#include "base/async.h"
#include "clouds/qemu/accelerator.h"
#include "clouds/qemu/process.h"
#include "clouds/qemu/run_directory.h"
#include "clouds/qemu/unix_path.h"
#include "compute/adapters/qemu_fixture.h"

/// What goes wrong around machines.
namespace nephele::compute::testing {
namespace {

using What = MachineEvent::What;
using Power = MachineState::Power;
using std::chrono::milliseconds;
using std::chrono::seconds;

MachineSpec started(Cloud& cloud, std::int64_t id) {
  const auto spec = cloud.spec(id);
  EXPECT_TRUE(cloud.run(cloud.backend().prepare(spec, cloud.context())));
  EXPECT_TRUE(cloud.run(cloud.backend().start(spec)));
  return spec;
}

TEST(QemuFaults, AMachineThatHangsIsEndedAllTheSame) {
  Cloud cloud;
  const auto spec = started(cloud, 11);
  ::kill(machine_pid(cloud.data(), spec.id), SIGSTOP);
  EXPECT_TRUE(cloud.run(cloud.backend().remove(spec.id)));
  EXPECT_TRUE(processes_with(spec.uuid).empty());
}

TEST(QemuFaults, AMonitorThatSomebodyElseUsesDoesNotLoseTheMachine) {
  Cloud cloud;
  const auto spec = started(cloud, 12);
  cloud.drop();
  const auto stranger = qemu::connect_unix(cloud.data() + "/servers/12/run/qmp");
  ASSERT_TRUE(stranger);
  cloud.restart();
  const auto machines = cloud.run(cloud.backend().list());
  ASSERT_TRUE(machines);
  ASSERT_EQ(machines->size(), 1U);
  const Power power = machines->front().power;
  EXPECT_TRUE(power == Power::starting || power == Power::ready) << machines->front().reason;
  EXPECT_EQ(processes_with(spec.uuid).size(), 1U);
}

TEST(QemuFaults, WhatDiedUnseenIsToldByTheNextController) {
  Cloud cloud;
  const auto crashed = started(cloud, 13);
  const auto of_before = started(cloud, 14);
  const auto never = cloud.spec(15);
  ASSERT_TRUE(cloud.run(cloud.backend().prepare(never, cloud.context())));
  cloud.drop();
  // A dying process loses its command line first and its locks last; only then is it nobody's to adopt.
  for (const auto& spec : {crashed, of_before}) {
    const pid_t pid = machine_pid(cloud.data(), spec.id);
    ASSERT_GT(pid, 0);
    ::kill(pid, SIGKILL);
    ASSERT_TRUE(eventually([&] { return !qemu::Process::find(pid, std::nullopt); }, seconds(10)));
  }
  const qemu::RunDirectory directory(cloud.data() + "/servers/14", std::nullopt);
  auto record = directory.load().value();
  record.boot_id = "a boot of this host before";
  ASSERT_TRUE(directory.save(record));
  std::filesystem::create_directories(cloud.data() + "/servers/16/run");  // of a controller killed in prepare()

  cloud.restart();
  EXPECT_EQ(cloud.run(cloud.backend().list())->size(), 4U);
  EXPECT_EQ(cloud.state(crashed.id).power, Power::failed);
  EXPECT_EQ(cloud.state(of_before.id).power, Power::absent) << "to be started again, not an error";
  EXPECT_EQ(cloud.state(of_before.id).reason, "the host was restarted");
  EXPECT_EQ(cloud.state(never.id).power, Power::absent);
  EXPECT_TRUE(cloud.run(cloud.backend().start(of_before)));
  EXPECT_TRUE(cloud.run(cloud.backend().remove(ServerId(16))));
  EXPECT_FALSE(std::filesystem::exists(cloud.data() + "/servers/16"));
}

TEST(QemuFaults, AFullHostDiskPausesAMachineUntilThereIsRoomAgain) {
  const TempDirectory small;
  if (::mount("none", small.path().c_str(), "tmpfs", 0, "size=48m,mode=755") != 0)
    GTEST_SKIP() << "needs root to make a small file system";
  const std::unique_ptr<const TempDirectory, void (*)(const TempDirectory*)> unmount(
      &small, [](const TempDirectory* d) { ::umount2(d->path().c_str(), MNT_DETACH); });
  std::filesystem::create_directories(small / "data");
  Cloud cloud(small / "data");
  const auto spec = cloud.boot(17);
  const std::string filler = small / "filler";
  std::ofstream(filler) << std::string(30U << 20U, 'x');
  type_at_console(cloud.backend().console_socket(spec.id).value(),
                  "dd if=/dev/urandom of=/root/big bs=1M count=40; sync; echo written-$?");
  const auto paused = cloud.events().wait(spec.id, What::io_error, seconds(60));
  ASSERT_TRUE(paused);
  EXPECT_TRUE(paused->reason.contains("no room left")) << paused->reason;
  std::filesystem::remove(filler);
  ASSERT_TRUE(::mount("none", small.path().c_str(), "tmpfs", MS_REMOUNT, "size=200m,mode=755") == 0);
  EXPECT_TRUE(cloud.events().wait(spec.id, What::io_resumed, seconds(60)));
  EXPECT_TRUE(eventually(
      [&] { return cloud.run(cloud.backend().console_log(spec.id, 65536)).value_or("").contains("written-0"); },
      seconds(60)));
}

Task<> until_there_is_a_process(std::string lock) {
  std::error_code ec;
  while (std::filesystem::file_size(lock, ec) == 0 || ec) co_await sleep_for(milliseconds(1));
}
Task<> start_only(QemuBackend& backend, MachineSpec spec) {
  (void)co_await backend.start(std::move(spec));
}
Task<> start_and_cancel(QemuBackend& backend, MachineSpec spec, std::string lock) {
  using namespace asio::experimental::awaitable_operators;
  co_await (start_only(backend, std::move(spec)) || until_there_is_a_process(std::move(lock)));
}

TEST(QemuFaults, AStartThatIsCancelledLeavesAMachineThatIsKnown) {
  Cloud cloud;
  (void)cloud.run(cloud.backend().accelerator());
  const auto spec = cloud.spec(17);
  ASSERT_TRUE(cloud.run(cloud.backend().prepare(spec, cloud.context())));
  cloud.run(start_and_cancel(cloud.backend(), spec, cloud.data() + "/servers/17/lock"));
  const auto began = std::chrono::steady_clock::now();
  EXPECT_EQ(cloud.state(spec.id).power, Power::starting);
  EXPECT_TRUE(cloud.run(cloud.backend().remove(spec.id)));
  EXPECT_LT(std::chrono::steady_clock::now() - began, seconds(4)) << "its monitor is ours and answers";
  EXPECT_TRUE(processes_with(spec.uuid).empty());
}

TEST(QemuFaults, UnusableMachinesAreRefusedWithTheReason) {
  Cloud cloud;
  auto small = cloud.spec(18);
  small.disks[0].size = Bytes::mib(1);
  const auto refused = cloud.run(cloud.backend().prepare(small, cloud.context()));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind(), Kind::invalid);
  auto tap = cloud.spec(18);
  tap.nics[0].kind = NicSpec::Kind::tap;
  EXPECT_EQ(cloud.run(cloud.backend().prepare(tap, cloud.context())).error().kind(), Kind::invalid);
  auto climbing = cloud.spec(18);
  climbing.nics[0].kind = NicSpec::Kind::link;
  climbing.nics[0].link = "../../x";
  EXPECT_EQ(cloud.run(cloud.backend().prepare(climbing, cloud.context())).error().kind(), Kind::invalid);

  auto wide = cloud.spec(18);
  wide.sizes.cpus = Cpus(256);
  EXPECT_EQ(cloud.run(cloud.backend().prepare(wide, cloud.context())).error().kind(), Kind::invalid);

  auto spec = cloud.spec(18);
  spec.ceilings.cpus = Cpus(400);  // twice a size that a big host allows: no reason to refuse it
  EXPECT_EQ(cloud.run(cloud.backend().start(spec)).error().kind(), Kind::not_found);
  ASSERT_TRUE(cloud.run(cloud.backend().prepare(spec, cloud.context())));
  auto lost = spec;
  lost.kernel = "/no/such/vmlinux";
  const auto missing = cloud.run(cloud.backend().start(lost));
  ASSERT_FALSE(missing);
  EXPECT_TRUE(missing.error().sentence().contains("/no/such/vmlinux")) << missing.error().sentence();
  EXPECT_EQ(cloud.state(spec.id).power, Power::absent);
  EXPECT_TRUE(cloud.run(cloud.backend().start(spec))) << "and nothing is broken by it";
  EXPECT_TRUE(cloud.run(cloud.backend().stop(ServerId(99), seconds(1)))) << "absent is stopped";
}

TEST(Accelerator, IsProvedByAGuestAndRemembered) {
  const TempDirectory directory;
  asio::io_context context;
  const qemu::AcceleratorProbe probe{qemu::find_program("qemu-system-x86_64", "qemu-system-x86").value(),
                                     guest_image() + "/accel-probe.bin", directory / "accelerator.json"};
  const auto choose = [&] {
    auto answer = asio::co_spawn(context, qemu::choose_accelerator(probe), asio::use_future);
    context.restart();
    context.run();
    return answer.get();
  };
  const auto first = choose();
  EXPECT_TRUE(first.words == "kvm" || first.words.starts_with("software emulation (about 20 times slower) because"))
      << first.words;
  const auto before = std::chrono::steady_clock::now();
  EXPECT_EQ(choose().words, first.words);
  if (std::filesystem::exists(directory / "accelerator.json")) {
    EXPECT_LT(std::chrono::steady_clock::now() - before, milliseconds(500)) << "no second guest";
  }
  std::cout << first.words << "\n";
}

}  // namespace
}  // namespace nephele::compute::testing
