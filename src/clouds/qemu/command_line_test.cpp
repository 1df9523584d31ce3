// SPDX-License-Identifier: Apache-2.0
#include "clouds/qemu/command_line.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace nephele::qemu {
namespace {

MachineSpec machine() {
  MachineSpec m;
  m.name = "server-1";
  m.uuid = "11111111-2222-4333-8444-555555555555";
  m.cpus = Cpus(1);
  m.cpus_max = Cpus(4);
  m.memory = Bytes::mib(128);
  m.memory_max = Bytes::mib(512);
  m.kernel = "/images/a/vmlinux";
  m.initrd = "/images/a/initrd.img";
  m.append = "console=ttyS0 root=/dev/vda";
  m.disks = {{"root", "root.qcow2", "qcow2", "/images/a/root.qcow2"}};
  m.context = "context.iso";
  m.nics = {{NetworkDevice::Kind::user, "52:54:00:00:00:01", {{"127.96.0.5", 8000}, {"127.96.0.5", 9000}}, "", ""},
            {NetworkDevice::Kind::link, "52:54:01:00:00:01", {}, "../l/0", "../l/1"}};
  return m;
}

/// The value after the n-th `option`.
std::string value(const std::vector<std::string>& line, std::string_view option, int n = 0) {
  for (std::size_t i = 0; i + 1 < line.size(); ++i)
    if (line[i] == option && n-- == 0) return line[i + 1];
  return {};
}

bool has(const std::vector<std::string>& line, std::string_view word) {
  return std::ranges::count(line, word) != 0;
}

TEST(CommandLine, MakesTheMachineOfTheManual) {
  const auto line = command_line(machine());
  EXPECT_EQ(value(line, "-machine"), "q35,memory-backend=ram0,vmport=off,dump-guest-core=off");
  EXPECT_EQ(value(line, "-smp"), "1,maxcpus=4");
  EXPECT_EQ(value(line, "-m"), "size=134217728B,slots=1,maxmem=536870912B");
  EXPECT_EQ(value(line, "-object"), "memory-backend-memfd,id=ram0,size=134217728,prealloc=off,share=on");
  EXPECT_EQ(value(line, "-accel"), "tcg,thread=multi,tb-size=32");
  EXPECT_EQ(value(line, "-sandbox"), "on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny");
  EXPECT_EQ(value(line, "-action"), "panic=pause");
  EXPECT_EQ(value(line, "-append"), "console=ttyS0 root=/dev/vda");
  EXPECT_EQ(value(line, "-netdev"),
            "user,id=n0,ipv6=off,restrict=on,hostfwd=tcp:127.96.0.5:8000-:8000,hostfwd=tcp:127.96.0.5:9000-:9000");
  EXPECT_EQ(value(line, "-netdev", 1),
            "dgram,id=n1,local.type=unix,local.path=../l/0,remote.type=unix,remote.path=../l/1");
  EXPECT_EQ(value(line, "-blockdev"),
            "node-name=d0,driver=qcow2,discard=unmap,file.driver=file,file.filename=root.qcow2,backing.driver=qcow2,"
            "backing.read-only=on,backing.file.driver=file,backing.file.filename=/images/a/root.qcow2");
  EXPECT_TRUE(has(line, "-no-shutdown"));
  EXPECT_TRUE(has(line, "-nodefaults"));
  EXPECT_FALSE(has(line, "-daemonize"));
}

TEST(CommandLine, WithoutRoomToGrowThereAreNoSlots) {
  auto m = machine();
  m.memory = m.memory_max = Bytes::mib(131);
  m.cpus_max = Cpus(1);
  const auto line = command_line(m);
  EXPECT_EQ(value(line, "-m"), "size=137363456B");
  EXPECT_EQ(value(line, "-smp"), "1,maxcpus=1");
}

TEST(CommandLine, HardwareAccelerationTakesTheHostsProcessor) {
  auto m = machine();
  m.accelerator = Accelerator::kvm;
  EXPECT_EQ(value(command_line(m), "-accel"), "kvm");
  EXPECT_EQ(value(command_line(m), "-cpu"), "host,migratable=on");
}

TEST(CommandLine, NoValueBreaksOutOfItsOption) {
  auto m = machine();
  m.name = std::string("a,b=c\n\0 -sandbox off", 20);
  m.disks[0].file = "a,readonly=on.qcow2";
  m.disks[0].base = "/x,y/root.qcow2";
  const auto line = command_line(m);
  EXPECT_EQ(value(line, "-name"), "guest=a_b_c___-sandbox_off,process=vm-a_b_c___-san,debug-threads=on");
  EXPECT_TRUE(value(line, "-blockdev").contains("file.filename=a,,readonly=on.qcow2,backing"));
  EXPECT_TRUE(value(line, "-blockdev").ends_with("backing.file.filename=/x,,y/root.qcow2"));
}

TEST(CommandLine, WithoutAKernelTheDiskBoots) {
  auto m = machine();
  m.kernel.clear();
  EXPECT_FALSE(has(command_line(m), "-append"));
}

struct GrowthCase {
  std::uint64_t start, ceiling, device;
};
class GrowthDevice : public testing::TestWithParam<GrowthCase> {};

TEST_P(GrowthDevice, ReachesTheCeilingInWholeBlocks) {
  EXPECT_EQ(growth_device(Bytes::mib(GetParam().start), Bytes::mib(GetParam().ceiling)).in_mib(), GetParam().device);
}

INSTANTIATE_TEST_SUITE_P(Table, GrowthDevice,
                         testing::Values(GrowthCase{128, 128, 0}, GrowthCase{128, 129, 128}, GrowthCase{128, 256, 128},
                                         GrowthCase{129, 258, 256}, GrowthCase{512, 256, 0}));

}  // namespace
}  // namespace nephele::qemu
