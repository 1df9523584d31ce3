// SPDX-License-Identifier: Apache-2.0
#include "clouds/qemu/host.h"

#include <gtest/gtest.h>

#include "base/temp_directory.h"

namespace nephele::qemu {
namespace {

struct BudgetCase {
  const char* name;
  HostMemory host;
  std::uint64_t mib;
};
class MemoryBudget : public testing::TestWithParam<BudgetCase> {};

TEST_P(MemoryBudget, LeavesAReserveAndOtherPrograms) {
  EXPECT_EQ(memory_budget(GetParam().host).in_mib(), GetParam().mib);
}

INSTANTIATE_TEST_SUITE_P(
    Table, MemoryBudget,
    testing::Values(BudgetCase{"SmallHost", {Bytes::gib(4), Bytes::gib(4), {}, Bytes::mib(40), {}}, 3072 - 40},
                    BudgetCase{"BigHostKeepsATenth", {Bytes::gib(64), Bytes::gib(64), {}, {}, {}}, 64UL * 1024 - 6554},
                    BudgetCase{"NarrowGroup", {Bytes::gib(64), Bytes::gib(60), Bytes::gib(8), {}, {}}, 7UL * 1024},
                    BudgetCase{"OthersUseTheRest", {Bytes::gib(16), Bytes::gib(2), {}, {}, {}}, 409},
                    BudgetCase{"OursCountAsFree", {Bytes::gib(16), Bytes::gib(2), {}, {}, Bytes::gib(4)}, 4505},
                    BudgetCase{"Tiny", {Bytes::mib(512), Bytes::mib(400), {}, {}, {}}, 0}),
    [](const auto& info) { return std::string(info.param.name); });

TEST(HostMemory, IsReadFromBothKindsOfGroups) {
  const TempDirectory root;
  root.write("proc/meminfo", "MemTotal:        1000000 kB\nMemFree: 5 kB\nMemAvailable:     800000 kB\n");
  root.write("proc/self/statm", "5000 256 1 1 0 1 0\n");
  root.write("proc/77/statm", "5000 512 1 1 0 1 0\n");
  root.write("proc/self/cgroup", "4:memory:/a/b\n0::/user/x\n");
  root.write("sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n");
  root.write("sys/fs/cgroup/memory/a/b/memory.limit_in_bytes", "536870912\n");
  root.write("sys/fs/cgroup/user/x/memory.max", "max\n");
  root.write("sys/fs/cgroup/user/memory.max", "268435456\n");
  const auto host = read_host_memory({77, 78}, root.path().string());
  EXPECT_EQ(host.total, Bytes::kib(1'000'000));
  EXPECT_EQ(host.available, Bytes::kib(800'000));
  EXPECT_EQ(host.limit, Bytes::mib(256)) << "the narrowest, also of a group above ours";
  EXPECT_EQ(host.ours, Bytes::mib(1));
  EXPECT_EQ(host.machines, Bytes::mib(2));
}

TEST(HostMemory, OfThisHostIsPlausible) {
  const auto host = read_host_memory({});
  EXPECT_GT(host.total.count(), 0U);
  EXPECT_LE(host.available, host.total);
  EXPECT_GT(host.ours.count(), 0U);
  EXPECT_GE(host_cpus(), 1U);
}

TEST(DiskBudget, KeepsATwentiethFree) {
  EXPECT_EQ(disk_budget({Bytes::gib(100), Bytes::gib(50)}, 1.5).in_mib(), 145'920U);
  EXPECT_EQ(disk_budget({Bytes::gib(100), Bytes::gib(4)}, 1.5), Bytes());
}

TEST(Rights, NamesWhatRootWasDeprivedOf) {
  const TempDirectory root;
  const auto with = [&](const char* capabilities) {
    root.write("proc/self/status",
               "Name:\tx\nCapPrm:\t0000000000000000\nCapEff:\t" + std::string(capabilities) + "\nX:\n");
    return check_rights(root.path().string());
  };
  EXPECT_TRUE(with("000001ffffffffff"));
  EXPECT_TRUE(with("00000000000000eb")) << "chown, dac_override, fowner, kill, setgid, setuid, and no other";
  const auto deprived = with("0000000000000400");
  ASSERT_FALSE(deprived);
  EXPECT_EQ(deprived.error().kind(), Kind::forbidden);
  for (const char* name : {"CAP_CHOWN", "CAP_DAC_OVERRIDE", "CAP_FOWNER", "CAP_KILL", "CAP_SETGID", "CAP_SETUID"})
    EXPECT_NE(deprived.error().sentence().find(name), std::string::npos) << name;
  const auto almost = with("00000000000000ea");
  ASSERT_FALSE(almost);
  EXPECT_NE(almost.error().sentence().find("without CAP_CHOWN;"), std::string::npos) << almost.error().sentence();
}

TEST(Rights, AreAssumedWhereTheKernelSaysNothing) {
  const TempDirectory root;
  EXPECT_TRUE(check_rights(root.path().string()));
}

TEST(ProbeBind, NamesAddressAndReason) {
  EXPECT_TRUE(probe_bind("127.99.98.97", 8123));
  for (const char* wrong : {"", "127.0.0.1000", "::1", "host", "198.51.100.7"}) {
    const auto told = probe_bind(wrong, 8123);
    ASSERT_FALSE(told) << wrong;
    EXPECT_EQ(told.error().detail("address"), wrong);
  }
}

}  // namespace
}  // namespace nephele::qemu
