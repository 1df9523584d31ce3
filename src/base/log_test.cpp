// SPDX-License-Identifier: Apache-2.0
#include "base/log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <algorithm>
#include <atomic>
#include <mutex>
#include <thread>

#include "base/id.h"
#include "base/temp_directory.h"

namespace nephele::log {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

const Time noon = from_ms(1'772'366'400'250);  // 2026-03-01T12:00:00.250Z

std::string line(std::string_view name, Fields fields) {
  return format_line(Event{.time = noon, .level = Level::info, .logger = "compute", .name = name, .fields = fields});
}

TEST(LogLine, IsTimeLevelLoggerEventFields) {
  EXPECT_EQ(line("server.created", {{"server", NumericId<struct Tag>(42)}, {"ms", 12}, {"hot", true}}),
            "2026-03-01T12:00:00.250Z INFO compute server.created server=42 ms=12 hot=true");
  EXPECT_EQ(line("server.idle", {}), "2026-03-01T12:00:00.250Z INFO compute server.idle");
}

struct Quoted {
  const char* name;
  std::string value;
  std::string_view shown;
};
class LogValue : public testing::TestWithParam<Quoted> {};
TEST_P(LogValue, IsOneWordOrOneQuotedText) {
  const std::string text = line("e", {{"k", GetParam().value}});
  EXPECT_EQ(text.substr(text.find("k=") + 2), GetParam().shown);
  EXPECT_EQ(text.find('\n'), std::string::npos);
}
INSTANTIATE_TEST_SUITE_P(
    Table, LogValue,
    testing::Values(Quoted{"Plain", "a-b/c:d@e", "a-b/c:d@e"}, Quoted{"Empty", "", R"("")"},
                    Quoted{"Blank", "a b", R"("a b")"}, Quoted{"LineEnd", "a\nERROR x", R"("a\nERROR x")"},
                    Quoted{"Quotes", R"(a"b)", R"("a\"b")"}, Quoted{"Backslash", R"(a\b)", R"("a\\b")"},
                    Quoted{"Equals", "a=b", R"("a=b")"}, Quoted{"Escape", "a\x1b[2Jb", R"("a\u001b[2Jb")"},
                    Quoted{"Nul", std::string("a\0b", 3), R"("a\u0000b")"}, Quoted{"Delete", "\x7f", R"("\u007f")"},
                    Quoted{"LatinControl", "\xC2\x9B", R"("\u009b")"},
                    Quoted{"LineSeparator", "\xE2\x80\xA8", R"("\u2028")"},
                    Quoted{"Accent", "h\xC3\xA9", "\"h\xC3\xA9\""}, Quoted{"NotUtf8", "a\xFF", "\"a\xEF\xBF\xBD\""}),
    [](const auto& info) { return std::string(info.param.name); });

TEST(LogLine, CutsLongValuesAtACharacter) {
  const std::string text = line("e", {{"k", std::string(4095, 'x') + "\xE2\x82\xAC and more"}});
  EXPECT_LT(text.size(), 4200U);
  EXPECT_THAT(text, testing::EndsWith("xxx...\""));
}

TEST(LogLevel, IsReadInAnyCase) {
  EXPECT_EQ(level_from("DEBUG"), Level::debug);
  EXPECT_EQ(level_from("Info"), Level::info);
  EXPECT_EQ(level_from("warn"), Level::warn);
  EXPECT_EQ(level_from("WARNING"), Level::warn);
  EXPECT_EQ(level_from("error"), Level::error);
  EXPECT_EQ(level_from("errors"), std::nullopt);
  EXPECT_EQ(level_from(""), std::nullopt);
}

TEST(LogLevel, LongestPrefixOfWholeWordsWins) {
  const ManualClock clock(noon);
  Logging logging(clock, Level::warn);
  logging.set_level("compute", Level::info);
  logging.set_level("compute.qemu", Level::debug);
  EXPECT_EQ(logging.level_of("compute"), Level::info);
  EXPECT_EQ(logging.level_of("compute.qemu.qmp"), Level::debug);
  EXPECT_EQ(logging.level_of("compute.ganeti"), Level::info);
  EXPECT_EQ(logging.level_of("computer"), Level::warn);
  EXPECT_EQ(logging.level_of("identity"), Level::warn);
  logging.set_level("compute", Level::error);
  EXPECT_EQ(logging.level_of("compute"), Level::error);
  logging.set_level("", Level::debug);
  EXPECT_EQ(logging.level_of("identity"), Level::debug);
}

class Kept final : public Sink {
 public:
  explicit Kept(std::vector<std::string>& lines) : lines_(lines) {}
  void write(const Event& event) noexcept override {
    const std::lock_guard lock(mutex_);
    lines_.push_back(format_message(event));
  }

 private:
  std::mutex mutex_;
  std::vector<std::string>& lines_;
};

TEST(Logger, DropsWhatIsBelowItsLevel) {
  const ManualClock clock(noon);
  std::vector<std::string> lines;
  Logging logging(clock);
  logging.add(std::make_unique<Kept>(lines));
  const Logger log = logging.logger("a");
  log.debug("no");
  log.info("yes", {{"n", 1}});
  log.warn("also");
  EXPECT_FALSE(log.on(Level::debug));
  EXPECT_THAT(lines, ElementsAre("a yes n=1", "a also"));
}

TEST(Logger, ADefaultOneDropsEverything) {
  const Logger log;
  log.error("nobody.listens", {{"k", "v"}});
  EXPECT_FALSE(log.on(Level::error));
}

TEST(FileSink, FollowsARenameAfterReopen) {
  const TempDirectory dir;
  const ManualClock clock(noon);
  Logging logging(clock);
  logging.add(*file_sink(dir / "a.log"));
  const Logger log = logging.logger("a");
  log.info("one");
  std::filesystem::rename(dir / "a.log", dir / "a.log.1");
  log.info("two");
  logging.reopen();
  log.info("three");
  EXPECT_THAT(dir.read("a.log.1"), testing::AllOf(HasSubstr("a one\n"), HasSubstr("a two\n")));
  EXPECT_THAT(dir.read("a.log"), testing::EndsWith("INFO a three\n"));
  struct stat status{};
  ASSERT_EQ(::stat((dir / "a.log").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0137U, 0U);
}

TEST(FileSink, SaysWhyItCannotBeOpened) {
  const TempDirectory dir;
  const auto sink = file_sink(dir / "none/a.log");
  ASSERT_FALSE(sink);
  EXPECT_THAT(sink.error().sentence(), HasSubstr("none/a.log: No such file or directory"));
}

TEST(FileSink, SurvivesAFullDisk) {
  const ManualClock clock(noon);
  Logging logging(clock);
  auto sink = file_sink("/dev/full");
  ASSERT_TRUE(sink) << sink.error().sentence();
  logging.add(std::move(*sink));
  logging.logger("a").info("lost");
  logging.logger("a").info("lost.too");
}

TEST(FileSink, CountsWhatAFullDiskTookAndEndsATornLine) {
  const TempDirectory dir;
  const ManualClock clock(noon);
  Logging logging(clock);
  logging.add(*file_sink(dir / "a.log"));
  const Logger log = logging.logger("a");
  rlimit before{};
  ::getrlimit(RLIMIT_FSIZE, &before);
  const auto handler = ::signal(SIGXFSZ, SIG_IGN);
  const rlimit small{100, before.rlim_max};  // in the middle of the second line
  ::setrlimit(RLIMIT_FSIZE, &small);
  for (int i = 1; i <= 3; ++i) log.info("tick", {{"text", std::string(30, 'x')}, {"number", i}});
  ::setrlimit(RLIMIT_FSIZE, &before);
  ::signal(SIGXFSZ, handler);
  log.info("again");
  std::vector<std::string> lines;
  std::istringstream text(dir.read("a.log"));
  for (std::string one; std::getline(text, one);) lines.push_back(one);
  ASSERT_EQ(lines.size(), 4U) << dir.read("a.log");
  EXPECT_THAT(lines[0], testing::EndsWith("number=1"));
  EXPECT_THAT(lines[2], testing::AllOf(HasSubstr("log.lines_lost"), testing::EndsWith("lines=2")));
  EXPECT_THAT(lines[3], testing::EndsWith("INFO a again"));
}

TEST(FileSink, BeginsBehindWhatAnEarlierProcessLeftTorn) {
  const TempDirectory dir;
  const ManualClock clock(noon);
  for (const char* left : {"half a line", "a whole line\n", ""}) {
    dir.write("a.log", left);
    Logging logging(clock);
    logging.add(*file_sink(dir / "a.log"));
    logging.logger("a").info("next");
    EXPECT_THAT(dir.read("a.log"), testing::EndsWith("Z INFO a next\n"));
    EXPECT_EQ(std::ranges::count(dir.read("a.log"), '\n'), *left == '\0' ? 1 : 2) << left;
  }
}

TEST(FileSink, KeepsLinesOfManyThreadsWhole) {
  const TempDirectory dir;
  const SystemClock clock;
  Logging logging(clock);
  logging.add(*file_sink(dir / "a.log"));
  {
    std::vector<std::jthread> threads;
    std::atomic<int> writing = 4;
    for (int t = 0; t < 4; ++t)
      threads.emplace_back([&, t] {
        const Logger log = logging.logger("t");
        for (int i = 0; i < 250; ++i) log.info("tick", {{"thread", t}, {"text", std::string(100, 'x')}});
        --writing;
      });
    while (writing > 0) logging.reopen();
    threads.clear();
  }
  const std::string text = dir.read("a.log");
  EXPECT_EQ(std::ranges::count(text, '\n'), 1000);
  std::istringstream lines(text);
  for (std::string one; std::getline(lines, one);) ASSERT_THAT(one, testing::EndsWith(std::string(100, 'x')));
}

TEST(SyslogSink, TakesEvents) {
  const ManualClock clock(noon);
  Logging logging(clock);
  logging.add(syslog_sink("nephele-test"));
  logging.logger("a").debug("not.sent");
  logging.logger("a").info("percent", {{"value", "%s%n"}});
}

TEST(StandardErrorSink, WritesOneLine) {
  const ManualClock clock(noon);
  Logging logging(clock);
  logging.add(standard_error_sink());
  testing::internal::CaptureStderr();
  logging.logger("a").warn("seen", {{"k", "two words"}});
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "2026-03-01T12:00:00.250Z WARN a seen k=\"two words\"\n");
}

}  // namespace
}  // namespace nephele::log
