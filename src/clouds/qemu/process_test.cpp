// SPDX-License-Identifier: Apache-2.0
#include "clouds/qemu/process.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/file.h>
#include <unistd.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>

#include "base/temp_directory.h"
#include "base/text_file.h"
#include "clouds/qemu/process_watch.h"

namespace nephele::qemu {
namespace {

ProcessSpec command(std::vector<std::string> arguments) {
  ProcessSpec spec;
  spec.arguments = std::move(arguments);
  spec.directory = "/";
  return spec;
}

Result<Finished> finished(ProcessSpec spec, std::chrono::milliseconds limit) {
  asio::io_context context;
  auto answer = asio::co_spawn(context, run_to_end({std::move(spec), limit}), asio::use_future);
  context.run();
  return answer.get();
}

TEST(Process, SaysHowItEnded) {
  const auto good = finished(command({"/bin/sh", "-c", "echo out; echo err >&2"}), std::chrono::seconds(10));
  ASSERT_TRUE(good);
  EXPECT_TRUE(good->well());
  EXPECT_EQ(good->said, "out\nerr");
  EXPECT_EQ(finished(command({"/bin/sh", "-c", "exit 7"}), std::chrono::seconds(10))->status, "with status 7");
  EXPECT_EQ(finished(command({"/bin/sh", "-c", "kill -9 $$"}), std::chrono::seconds(10))->status, "by signal 9");
}

TEST(Process, ThatTakesTooLongIsKilled) {
  const auto slow = finished(command({"/bin/sleep", "1000"}), std::chrono::milliseconds(50));
  ASSERT_FALSE(slow);
  EXPECT_EQ(slow.error().kind(), Kind::timeout);
}

TEST(Process, ThatCannotRunIsAnErrorWithTheReason) {
  const auto missing = Process::spawn(command({"/no/such/program"}));
  ASSERT_FALSE(missing);
  EXPECT_TRUE(missing.error().sentence().contains("No such file")) << missing.error().sentence();
  auto lost = command({"/bin/true"});
  lost.directory = "/no/such/directory";
  EXPECT_FALSE(Process::spawn(lost));
}

TEST(Process, ArgumentsReachTheProgramAsTheyAre) {
  const std::string odd = "a b; $(touch /tmp/x) '\"\\ \n *";
  EXPECT_EQ(finished(command({"/usr/bin/printf", "%s", odd}), std::chrono::seconds(10))->said, odd);
}

TEST(Process, InheritsOnlyWhatItIsGiven) {
  const TempDirectory directory;
  const std::string file = directory.write("kept", "");
  const int leaked = ::open("/dev/null", O_RDONLY);  // without close-on-exec, as a careless library would
  const FileHandle kept(::open(file.c_str(), O_RDONLY | O_CLOEXEC));
  auto spec = command({"/bin/sh", "-c", "ls -l /proc/$$/fd; umask; ulimit -c; cut -d ' ' -f 6 /proc/$$/stat; echo $$"});
  spec.keep = {kept.get()};
  const auto done = finished(spec, std::chrono::seconds(10));
  ::close(leaked);
  ASSERT_TRUE(done);
  EXPECT_TRUE(done->said.contains("-> " + file)) << done->said;
  EXPECT_FALSE(done->said.contains(" " + std::to_string(leaked) + " -> ")) << done->said;
  EXPECT_TRUE(done->said.contains("\n0077\n0\n")) << done->said;
  const std::string session = done->said.substr(done->said.rfind('\n') + 1);
  EXPECT_TRUE(done->said.contains("\n" + session + "\n" + session)) << "it leads a session of its own";
}

TEST(Process, IsFoundAgainByPidAndStartTimeOnly) {
  auto child = Process::spawn(command({"/bin/sleep", "1000"}));
  ASSERT_TRUE(child);
  EXPECT_TRUE(Process::find(child->pid(), child->started()));
  EXPECT_FALSE(Process::find(child->pid(), child->started() + 1)) << "another process with a reused pid";
  EXPECT_FALSE(child->ended());
  child->signal(SIGKILL);
  EXPECT_TRUE(child->ended(5000));
  EXPECT_FALSE(Process::find(child->pid(), child->started())) << "a zombie lives no more";
  EXPECT_EQ(child->reap(), "by signal 9");
  EXPECT_EQ(child->reap(), "") << "a status is told once";
}

TEST(Process, WritesItsPidBeforeItBecomesTheProgramAndHoldsTheLock) {
  const TempDirectory directory;
  const std::string path = directory / "lock";
  FileHandle lock(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  ASSERT_EQ(::flock(lock.get(), LOCK_EX | LOCK_NB), 0);
  auto spec = command({"/bin/sleep", "1000"});
  spec.keep = {lock.get()};
  spec.pid_file = lock.get();
  const auto child = Process::spawn(spec);
  ASSERT_TRUE(child);
  lock.reset();
  EXPECT_EQ(read_text_file(path, 100), std::to_string(child->pid()) + "\n");
  const FileHandle other(::open(path.c_str(), O_RDWR | O_CLOEXEC));
  EXPECT_NE(::flock(other.get(), LOCK_EX | LOCK_NB), 0) << "the child inherited it";
  child->signal(SIGKILL);
  ASSERT_TRUE(child->ended(5000));
  EXPECT_EQ(::flock(other.get(), LOCK_EX | LOCK_NB), 0);
  child->reap();
}

struct StatCase {
  const char* name;
  std::string text;
  std::optional<std::uint64_t> started;
};
class Stat : public testing::TestWithParam<StatCase> {};

TEST_P(Stat, IsReadAfterTheName) {
  const auto stat = parse_process_stat(GetParam().text);
  EXPECT_EQ(stat ? std::optional(stat->started) : std::nullopt, GetParam().started);
}

INSTANTIATE_TEST_SUITE_P(
    Table, Stat,
    testing::Values(StatCase{"Plain", "7 (qemu) S 1 7 7 0 -1 4 1 0 0 0 1 2 0 0 20 0 3 0 4711 9 9\n", 4711},
                    StatCase{"NameLikeFields", "7 (a) R 1 2 (b) S 1 7 7 0 -1 4 1 0 0 0 1 2 0 0 20 0 3 0 4711 9\n",
                             4711},
                    StatCase{"Cut", "7 (qemu) S 1 7 7 0", std::nullopt}, StatCase{"Empty", "", std::nullopt},
                    StatCase{"NoName", "7 qemu S 1 7", std::nullopt},
                    StatCase{"NotANumber", "7 (q) S 1 7 7 0 -1 4 1 0 0 0 1 2 0 0 20 0 3 0 x 9\n", std::nullopt}),
    [](const auto& info) { return std::string(info.param.name); });

}  // namespace
}  // namespace nephele::qemu
