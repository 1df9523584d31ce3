// SPDX-License-Identifier: Apache-2.0
#include "clouds/qemu/run_directory.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>

#include "base/temp_directory.h"
#include "base/text_file.h"
#include "clouds/qemu/console_log.h"
#include "clouds/qemu/disk_image.h"

namespace nephele::qemu {
namespace {

Record record() {
  Record out;
  out.id = "7";
  out.uuid = "11111111-2222-4333-8444-000000000007";
  out.generation = 3;
  out.phase = Record::Phase::running;
  out.how = Record::End::panicked;
  out.reason = "words with \"quotes\"\n";
  out.ready = true;
  out.pid = 4711;
  out.started = 123456789;
  out.boot_id = "boot";
  out.sizes = {Cpus(2), Bytes::mib(131), Bytes::gib(1)};
  out.cpus_max = Cpus(4);
  out.memory_at_start = Bytes::mib(128);
  out.memory_max = Bytes::mib(256);
  out.links = {"pair/0"};
  return out;
}

TEST(Record, ReadsWhatItWrote) {
  const auto again = read_record(write_record(record()));
  ASSERT_TRUE(again);
  EXPECT_EQ(write_record(*again), write_record(record()));
}

TEST(Record, DamageIsAnErrorAndNeverACrash) {
  const std::string good = write_record(record());
  for (std::size_t cut = 0; cut + 2 < good.size(); ++cut) EXPECT_FALSE(read_record(good.substr(0, cut)));
  EXPECT_FALSE(read_record("[]"));
  EXPECT_FALSE(read_record("{}"));
  const auto odd =
      read_record("{\"id\":\"1\",\"uuid\":\"u\",\"pid\":99999999999999,\"phase\":5,\"cpus\":-1,\"links\":{}}");
  ASSERT_TRUE(odd);
  EXPECT_EQ(odd->pid, 0);
  EXPECT_EQ(odd->sizes.cpus.count(), 0U);
}

TEST(RunDirectory, KeepsItsRecordPrivateAndWhole) {
  const TempDirectory top;
  const RunDirectory directory(top / "7", std::nullopt);
  EXPECT_FALSE(directory.exists());
  ASSERT_TRUE(directory.create());
  ASSERT_TRUE(directory.create()) << "a repeat is a success";
  EXPECT_EQ(directory.load().error().kind(), Kind::not_found);
  ASSERT_TRUE(directory.save(record()));
  top.write("7/vm.json.new", "of a process that died while it wrote");
  ASSERT_TRUE(directory.save(record()));
  EXPECT_EQ(directory.load()->pid, 4711);
  struct stat about{};
  ASSERT_EQ(::stat((directory.path() + "/vm.json").c_str(), &about), 0);
  EXPECT_EQ(about.st_mode & 0777U, 0600U);
  ASSERT_EQ(::stat(directory.run().c_str(), &about), 0);
  EXPECT_EQ(about.st_mode & 0777U, 0700U);
  ASSERT_TRUE(directory.remove());
  ASSERT_TRUE(directory.remove());
  EXPECT_FALSE(directory.exists());
}

// The process that the lock is for, started as Machine does it.
Process holder_of(const RunDirectory& directory) {
  FileHandle lock = directory.lock().value();
  ProcessSpec spec;
  spec.arguments = {"/bin/sleep", "1000"};
  spec.directory = "/";
  spec.keep = {lock.get()};
  spec.pid_file = lock.get();
  return Process::spawn(spec).value();
}

TEST(RunDirectory, FindsTheProcessOfAControllerThatDiedBeforeItWroteThePid) {
  const TempDirectory top;
  const RunDirectory directory(top / "7", std::nullopt);
  ASSERT_TRUE(directory.create());
  Record before = record();
  before.pid = 0;
  EXPECT_EQ(directory.holder(before).error().kind(), Kind::not_found);
  const Process child = holder_of(directory);
  EXPECT_EQ(directory.lock().error().kind(), Kind::conflict);
  const auto found = directory.holder(before);
  ASSERT_TRUE(found) << found.error().sentence();
  EXPECT_EQ(found->pid(), child.pid());
  child.signal(SIGKILL);
  ASSERT_TRUE(child.ended(5000));
  child.reap();
  EXPECT_EQ(directory.holder(before).error().kind(), Kind::not_found);
}

TEST(RunDirectory, APidOfAnEarlierProcessIsNotBelieved) {
  const TempDirectory top;
  const RunDirectory directory(top / "7", std::nullopt);
  ASSERT_TRUE(directory.create());
  const Process child = holder_of(directory);
  Record stale = record();
  stale.pid = ::getpid();  // lives, and is not it
  stale.started = 1;
  stale.boot_id = host_boot_id();
  const auto found = directory.holder(stale);
  ASSERT_TRUE(found);
  EXPECT_EQ(found->pid(), child.pid());
  child.signal(SIGKILL);
  ASSERT_TRUE(child.ended(5000));
  child.reap();
}

TEST(UntrustedFiles, LinksAndPipesAreRefused) {
  const TempDirectory top;
  const std::string secret = top.write("secret", "x");
  ::symlink(secret.c_str(), (top / "link").c_str());
  ::link(secret.c_str(), (top / "twin").c_str());
  ::mkfifo((top / "pipe").c_str(), 0600);
  for (const char* name : {"link", "twin", "pipe"}) EXPECT_FALSE(open_untrusted(top / name, O_RDONLY)) << name;
  EXPECT_EQ(open_untrusted(top / "none", O_RDONLY).error().kind(), Kind::not_found);
  EXPECT_TRUE(open_untrusted(top.write("plain", ""), O_RDONLY));
}

TEST(ConsoleLog, StaysBoundedAndKeepsItsEnd) {
  const TempDirectory top;
  const std::string path = top / "serial.log";
  EXPECT_EQ(console_tail(path, 100), "");
  EXPECT_TRUE(trim_console(path, Bytes::kib(8)));
  const FileHandle writer(::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600));
  std::string all;
  for (int line = 0; line < 2000; ++line) {
    const std::string text = "line " + std::to_string(line) + "\n";
    all += text;
    ASSERT_EQ(::write(writer.get(), text.data(), text.size()), static_cast<ssize_t>(text.size()));
    if (line % 50 == 0) {
      ASSERT_TRUE(trim_console(path, Bytes::kib(8)));
    }
    ASSERT_LE(std::filesystem::file_size(path), 8U * 1024);
  }
  EXPECT_EQ(console_tail(path, 3000), all.substr(all.size() - 3000));
  EXPECT_LE(std::filesystem::file_size(path + ".1"), 4U * 1024);
}

TEST(QcowHeader, TellsSizeAndForeignFiles) {
  std::string header("QFI\xfb\0\0\0\3", 8);
  header.resize(104, '\0');
  header[28] = 0x10;  // 0x10000000: 256 MiB
  EXPECT_EQ(parse_qcow_header(header)->virtual_size, Bytes::mib(256));
  EXPECT_FALSE(parse_qcow_header(header)->has_backing);
  header[79] = 4;
  EXPECT_TRUE(parse_qcow_header(header)->has_data_file);
  header[15] = 1;
  EXPECT_TRUE(parse_qcow_header(header)->has_backing);
  EXPECT_FALSE(parse_qcow_header(header.substr(0, 75)));
  header[7] = 9;
  EXPECT_FALSE(parse_qcow_header(header));
  EXPECT_FALSE(parse_qcow_header("RIFF"));
  EXPECT_FALSE(parse_qcow_header(""));
}

}  // namespace
}  // namespace nephele::qemu
