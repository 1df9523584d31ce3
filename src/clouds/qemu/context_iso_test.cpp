// SPDX-License-Identifier: Apache-2.0
#include "clouds/qemu/context_iso.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>
#include <filesystem>

#include "base/temp_directory.h"
#include "clouds/qemu/process_watch.h"

namespace nephele::qemu {
namespace {

constexpr std::chrono::sys_seconds some_day{std::chrono::seconds{1'700'000'000}};  // 2023-11-14 22:13:20
constexpr std::size_t sector = 2048;

std::uint32_t little(std::string_view bytes, std::size_t at, int width) {
  std::uint32_t out = 0;
  for (int i = width - 1; i >= 0; --i)
    out = out << 8U | static_cast<unsigned char>(bytes[at + static_cast<std::size_t>(i)]);
  return out;
}
std::uint32_t big(std::string_view bytes, std::size_t at, int width) {
  std::uint32_t out = 0;
  for (int i = 0; i < width; ++i) out = out << 8U | static_cast<unsigned char>(bytes[at + static_cast<std::size_t>(i)]);
  return out;
}

std::string disc() {
  const std::string big_file(5000, 'x');
  return make_iso("CONTEXT", {{"context.sh", "KEY='value'\n"}, {"function", big_file}, {"empty", ""}}, some_day)
      .value();
}

TEST(ContextIso, ItsNumbersAgreeInBothByteOrders) {
  const std::string iso = disc();
  ASSERT_EQ(iso.size() % sector, 0U);
  for (const std::size_t at : {16 * sector, 17 * sector}) {
    EXPECT_EQ(iso.substr(at + 1, 5), "CD001");
    EXPECT_EQ(little(iso, at + 80, 4), iso.size() / sector);
    EXPECT_EQ(big(iso, at + 84, 4), iso.size() / sector);
    EXPECT_EQ(little(iso, at + 128, 2), sector);
    EXPECT_EQ(big(iso, at + 130, 2), sector);
    EXPECT_EQ(iso[at + 881], 1);  // file structure version
  }
  EXPECT_EQ(iso[16 * sector], 1);
  EXPECT_EQ(iso.substr(16 * sector + 40, 32), "CONTEXT                         ");
  EXPECT_EQ(iso.substr(16 * sector + 813, 16), "2023111422132000");
  EXPECT_EQ(iso[17 * sector], 2);
  EXPECT_EQ(iso.substr(17 * sector + 88, 3), "%/E");
  EXPECT_EQ(iso.substr(17 * sector + 40, 4), std::string("\0C\0O", 4));
  EXPECT_EQ(static_cast<unsigned char>(iso[18 * sector]), 255);
  EXPECT_EQ(little(iso, 19 * sector + 2, 4), 23U);
  EXPECT_EQ(big(iso, 20 * sector + 2, 4), 23U);
  EXPECT_EQ(little(iso, 21 * sector + 2, 4), 24U);
}

TEST(ContextIso, DirectoryRecordsAreEvenSortedAndPointAtTheFiles) {
  const std::string iso = disc();
  for (const std::size_t root : {23 * sector, 24 * sector}) {
    std::vector<std::string> names;
    std::size_t at = root;
    while (iso[at] != 0) {
      const auto length = static_cast<std::size_t>(static_cast<unsigned char>(iso[at]));
      EXPECT_EQ(length % 2, 0U);
      const auto extent = little(iso, at + 2, 4);
      EXPECT_EQ(extent, big(iso, at + 6, 4));
      EXPECT_EQ(little(iso, at + 10, 4), big(iso, at + 14, 4));
      const std::string name = iso.substr(at + 33, static_cast<std::size_t>(iso[at + 32]));
      if (name.size() > 1) names.push_back(name);
      if (name == "CONTEXT.SH;1") {
        EXPECT_EQ(iso.substr(extent * sector, 12), "KEY='value'\n");
      }
      at += length;
    }
    EXPECT_EQ(names.size(), 3U);
    EXPECT_TRUE(std::ranges::is_sorted(names));
  }
}

TEST(ContextIso, TheSameInputGivesTheSameBytes) {
  EXPECT_EQ(disc(), disc());
}

class BadIsoNames : public testing::TestWithParam<const char*> {};
TEST_P(BadIsoNames, AreRefused) {
  const auto iso = make_iso("CONTEXT", {{GetParam(), ""}}, some_day);
  ASSERT_FALSE(iso);
  EXPECT_EQ(iso.error().kind(), Kind::invalid);
}
INSTANTIATE_TEST_SUITE_P(Table, BadIsoNames,
                         testing::Values("", ".", "a/b", "../a", "A.sh", "a.b.c", "name with blank", "umlaut\xc3\xa4",
                                         "a.", "abcdefghijklmnopqrstuvwxyzab"));

TEST(ContextIso, RefusesLabelsAndTwins) {
  EXPECT_FALSE(make_iso("", {}, some_day));
  EXPECT_FALSE(make_iso("context", {}, some_day));
  EXPECT_FALSE(make_iso("CONTEXTCONTEXTCON", {}, some_day));
  EXPECT_FALSE(make_iso("CONTEXT", {{"a-b", ""}, {"a_b", ""}}, some_day)) << "one name to a system without Joliet";
  EXPECT_TRUE(make_iso("CONTEXT", {}, some_day));
}

/// What the program says about the disc; skips the test when it is not installed.
std::string said_by(std::vector<std::string> command) {
  for (const char* directory : {"/usr/bin/", "/usr/sbin/", "/sbin/"}) {
    if (!std::filesystem::exists(directory + command[0])) continue;
    command[0] = directory + command[0];
    asio::io_context context;
    ShortRun run;
    run.process.arguments = command;
    run.process.directory = "/";
    run.limit = std::chrono::seconds(20);
    auto done = asio::co_spawn(context, run_to_end(std::move(run)), asio::use_future);
    context.run();
    const auto finished = done.get();
    return finished ? finished->said : finished.error().sentence();
  }
  return {};
}

TEST(ContextIso, OtherProgramsReadIt) {
  const TempDirectory directory;
  const std::string path = directory.write("context.iso", disc());
  const std::string blkid = said_by({"blkid", "-p", path});
  if (!blkid.empty()) {
    EXPECT_TRUE(blkid.contains("LABEL=\"CONTEXT\"")) << blkid;
    EXPECT_TRUE(blkid.contains("Joliet Extension")) << blkid;
  }
  const std::string xorriso = said_by({"xorriso", "-indev", path, "-find", "/", "-exec", "lsdl", "--"});
  if (!xorriso.empty()) {
    EXPECT_TRUE(xorriso.contains("'/context.sh'")) << xorriso;
    EXPECT_TRUE(xorriso.contains("5000")) << xorriso;
    EXPECT_FALSE(xorriso.contains("FAILURE")) << xorriso;
  }
  if (blkid.empty() && xorriso.empty()) GTEST_SKIP() << "neither blkid nor xorriso is installed";
}

}  // namespace
}  // namespace nephele::qemu
