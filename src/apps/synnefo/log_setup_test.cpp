// SPDX-License-Identifier: Apache-2.0
#include "apps/synnefo/log_setup.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <filesystem>

#include "apps/synnefo/log_format.h"
#include "apps/synnefo/log_names.h"
#include "base/file_handle.h"
#include "base/settings/config_files.h"
#include "base/settings/python_literal.h"
#include "base/temp_directory.h"

namespace nephele::apps {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::MatchesRegex;

class LogSetup : public testing::Test {
 protected:
  Result<std::vector<std::string>> set_up(const std::string& dict) {
    TRY(const auto document, settings::read_python_literal("L = " + dict + "\n", "10.conf"));
    return set_up_logging(logging, document.root.entry("L")->value, "tester");
  }
  /// One handler "f" with a file `name` and this format.
  std::string file(const std::string& name, const std::string& more = "", const std::string& format = "%(message)s") {
    return "'version': 1, 'formatters': {'x': {'format': '" + format +
           "'}}, 'handlers': {'f': {'class': 'logging.handlers.WatchedFileHandler', 'filename': '" + (dir / name) +
           "', 'formatter': 'x'" + more + "}}";
  }

  TempDirectory dir;
  ManualClock clock{from_ms(1'772'366'400'250)};
  log::Logging logging{clock};
};

TEST_F(LogSetup, LogsDebugOfTheApiOnly) {
  ASSERT_TRUE(set_up("{" + file("log", "", "%(name)s %(levelname)s %(message)s") +
                     ", 'loggers': {'synnefo': {'level': 'INFO', 'handlers': ['f'], 'propagate': 0}, "
                     "'synnefo.api': {'level': 'DEBUG'}}, 'root': {'level': 'WARNING', 'handlers': ['f']}}"));
  for (const char* name : {"compute.api", "compute", "compute.qemu", "identity", "other"}) {
    logging.logger(name).debug("seen", {{"n", 1}});
    logging.logger(name).info("told");
    logging.logger(name).warn("warned");
  }
  EXPECT_EQ(dir.read("log"),
            "synnefo.api DEBUG seen n=1\nsynnefo.api INFO told\nsynnefo.api WARNING warned\n"
            "synnefo.logic INFO told\nsynnefo.logic WARNING warned\n"
            "synnefo.logic.qemu INFO told\nsynnefo.logic.qemu WARNING warned\n"
            "astakos WARNING warned\nother WARNING warned\n");
}

TEST_F(LogSetup, HandlersHaveLevelsAndLoggersPropagate) {
  const std::string two = "{'version': 1, 'handlers': {'all': {'class': 'logging.FileHandler', 'filename': '" +
                          (dir / "all") + "'}, 'errors': {'class': 'logging.FileHandler', 'filename': '" +
                          (dir / "errors") +
                          "', 'level': 'ERROR'}, 'none': {'class': 'logging.NullHandler'}}, "
                          "'loggers': {'astakos': {'handlers': ['errors'], 'level': 'DEBUG'}, 'pithos': {'handlers': "
                          "['none'], 'propagate': "
                          "False}}, 'root': {'level': 'ERROR', 'handlers': ['all']}}";
  ASSERT_TRUE(set_up(two));
  logging.logger("identity").debug("quiet");
  logging.logger("identity").error("loud");
  logging.logger("objects").error("dropped");
  logging.logger("operations").warn("below the root's level");
  EXPECT_EQ(dir.read("all"), "quiet\nloud\n");  // what reaches a handler is judged by the handler alone
  EXPECT_EQ(dir.read("errors"), "loud\n");
}

TEST_F(LogSetup, CriticalSilencesErrors) {
  ASSERT_TRUE(set_up("{" + file("log") + ", 'root': {'level': 'CRITICAL', 'handlers': ['f']}}"));
  logging.logger("identity").error("not that bad");
  EXPECT_EQ(dir.read("log"), "");
}

TEST_F(LogSetup, AFileThatWasMovedAwayIsMadeAnew) {
  ASSERT_TRUE(set_up("{" + file("log") + ", 'root': {'level': 'INFO', 'handlers': ['f']}}"));
  const auto log = logging.logger("identity");
  log.info("first");
  std::filesystem::rename(dir / "log", dir / "log.1");
  log.info("second");
  EXPECT_EQ(dir.read("log.1"), "first\n");
  EXPECT_EQ(dir.read("log"), "second\n");
}

/// A syslog daemon of one test.
class Daemon {
 public:
  explicit Daemon(const std::string& path) : socket_(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {
    sockaddr_un name{};
    name.sun_family = AF_UNIX;
    path.copy(name.sun_path, sizeof name.sun_path - 1);
    EXPECT_EQ(::bind(socket_.get(), reinterpret_cast<const sockaddr*>(&name), sizeof name), 0);
  }
  std::string next() {
    pollfd ready{.fd = socket_.get(), .events = POLLIN, .revents = 0};
    std::array<char, 10'000> block{};
    if (::poll(&ready, 1, 10'000) != 1) return "nothing came";
    const auto length = ::recv(socket_.get(), block.data(), block.size(), 0);
    return {block.data(), static_cast<std::size_t>(std::max<ssize_t>(length, 0))};
  }

 private:
  FileHandle socket_;
};

TEST_F(LogSetup, SpeaksToSyslogAndAgainAfterItsRestart) {
  const std::string path = dir / "devlog";
  auto daemon = std::make_unique<Daemon>(path);
  ASSERT_TRUE(
      set_up("{'version': 1, 'formatters': {'x': {'format': '%(name)s %(message)s'}}, 'handlers': {'s': {'class': "
             "'logging.handlers.SysLogHandler', 'address': '" +
             path +
             "', 'facility': 'daemon', 'formatter': "
             "'x'}}, 'root': {'level': 'INFO', 'handlers': ['s']}}"));
  const auto log = logging.logger("manage");
  log.info("hello", {{"who", "a b"}});
  EXPECT_THAT(daemon->next(),
              MatchesRegex("<30>[A-Z][a-z]+ +[0-9]+ [0-9:]+ tester\\[[0-9]+\\]: synnefo.admin hello who=\"a b\""));
  daemon.reset();
  std::filesystem::remove(path);
  log.error("lost");
  Daemon again(path);
  log.error("back");
  EXPECT_THAT(again.next(), HasSubstr("log.lines_lost lines=1"));
  EXPECT_THAT(again.next(), HasSubstr("<27>"));
}

TEST_F(LogSetup, WarnsAboutWhatItLeavesOut) {
  const auto warned = set_up("{" + file("log", ", 'backupCount': 3") + ", 'extra': 1, 'root': {'handlers': ['f']}}");
  ASSERT_TRUE(warned) << warned.error().sentence();
  EXPECT_THAT(*warned,
              ElementsAre(HasSubstr("'extra' means nothing"), HasSubstr("10.conf:1: 'backupCount' means nothing")));
}

TEST_F(LogSetup, TheShippedFileIsTakenWithoutAWarning) {
  const char* source = std::getenv("NEPHELE_SOURCE_DIR");  // NOLINT(concurrency-mt-unsafe): never changed
  const auto document = settings::read_python_files(
      {std::string(source != nullptr ? source : ".") + "/share/synnefo/10-snf-webproject-logging.conf"});
  ASSERT_TRUE(document) << document.error().sentence();
  const auto warned = set_up_logging(logging, document->root.entry("LOGGING_SETUP")->value, "tester");
  ASSERT_TRUE(warned) << warned.error().sentence();
  EXPECT_THAT(*warned, IsEmpty());
}

struct Wrong {
  std::string_view dict;
  std::string_view sentence;
};

TEST_F(LogSetup, SaysWhereItIsWrong) {
  for (const auto& [dict, sentence] :
       {Wrong{"3", "is no dict"}, Wrong{"{}", "needs 'version': 1"}, Wrong{"{'version': 2}", "needs 'version': 1"},
        Wrong{"{'version': 1, 'handlers': []}", "handlers is a list; write a dict"},
        Wrong{"{'version': 1,\n'handlers': {'h': {'class': 'x.Y'}}}", "10.conf:2: handler 'h' is of class 'x.Y'"},
        Wrong{"{'version': 1, 'handlers': {'h': {'class': 'logging.FileHandler'}}}", "needs 'filename'"},
        Wrong{"{'version': 1, 'handlers': {'h': {'class': 'logging.FileHandler', 'filename': '/nowhere/x'}}}",
              "/nowhere/x: "},
        Wrong{"{'version': 1, 'handlers': {'h': {'class': 'logging.StreamHandler', 'level': 'LOUD'}}}",
              "this level is \"LOUD\""},
        Wrong{"{'version': 1, 'handlers': {'h': {'class': 'logging.StreamHandler', 'stream': 'ext://x'}}}",
              "ext://sys.stdout"},
        Wrong{"{'version': 1, 'handlers': {'h': {'class': 'logging.StreamHandler', 'formatter': 'f'}}}",
              "no formatter 'f'"},
        Wrong{"{'version': 1, 'handlers': {'h': {'class': 'a.SysLogHandler', 'facility': 'loud'}}}",
              "facility is 'loud'"},
        Wrong{"{'version': 1, 'handlers': {'h': {'class': 'a.SysLogHandler', 'address': 'log'}}}", "('host', 514)"},
        Wrong{"{'version': 1, 'formatters': {'f': {'format': '%(nothing)s'}}}", "no field %(nothing)s"},
        Wrong{"{'version': 1, 'formatters': {'f': {'format': '%d'}}}", "is no field"},
        Wrong{"{'version': 1, 'formatters': {'f': {'format': '%(name)'}}}", "without its letter"},
        Wrong{"{'version': 1, 'root': {'handlers': ['h']}}", "no handler 'h'"},
        Wrong{"{'version': 1, 'root': {'propagate': 'x'}}", "propagate is no boolean"},
        Wrong{"{'version': 1, 'loggers': {'a': 3}}", "logger 'a' is no dict"}}) {
    const auto done = set_up(std::string(dict));
    ASSERT_FALSE(done) << dict;
    EXPECT_THAT(done.error().sentence(), HasSubstr(std::string(sentence)));
  }
}

TEST(PythonFormats, HaveWidthsDatesAndOneLine) {
  ::setenv("TZ", "UTC", 1);  // NOLINT(concurrency-mt-unsafe): no thread runs yet
  ::tzset();
  const log::Event event{from_ms(1'772'366'400'250), log::Level::warn, "identity.api", "a\nb", {{"k", "v w"}}};
  const auto line = [&](std::string_view format, const std::string& dates = "") {
    return PythonFormat::parse(format, dates).value()(event);
  };
  EXPECT_EQ(line("%(asctime)s [%(levelname)s] %(message)s"), "2026-03-01 12:00:00,250 [WARNING] a\\nb k=\"v w\"");
  EXPECT_EQ(line("%(asctime)s %(msecs)03d", "%d/%b/%Y"), "01/Mar/2026 250");
  EXPECT_EQ(line("[%(levelname)-9s|%(levelname)9s] 100%%"), "[WARNING  |  WARNING] 100%");
  EXPECT_EQ(line("%(name)s %(module)s %(levelno)d\n%(processName)s"), "astakos.api api 30 MainProcess");
  EXPECT_EQ(line("%(created)f"), "1772366400.250");
  EXPECT_EQ(line("%(process)d"), std::to_string(::getpid()));
  EXPECT_EQ(line(""), "");
}

TEST(LoggerNames, GoBothWays) {
  EXPECT_EQ(synnefo_logger("compute.api.servers"), "synnefo.api.servers");
  EXPECT_EQ(synnefo_logger("computer"), "computer");
  EXPECT_THAT(our_loggers("synnefo.api"), testing::Contains("compute.api"));
  EXPECT_THAT(our_loggers("synnefo.api.servers"), testing::Contains("compute.api.servers"));
  EXPECT_THAT(our_loggers("runtimes"), ElementsAre("runtimes"));
  EXPECT_THAT(our_loggers("synnefo"), testing::IsSupersetOf({"manage", "compute", "compute.api", "images"}));
}

}  // namespace
}  // namespace nephele::apps
