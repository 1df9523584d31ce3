// SPDX-License-Identifier: Apache-2.0
#include "apps/common/service_manager.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdlib>
#include <utility>

#include "base/file_handle.h"
#include "base/temp_directory.h"

namespace nephele::apps {
namespace {

using namespace std::chrono_literals;

/// The other end: a socket of the test's own. A name with a leading zero is an abstract one.
class Listener {
 public:
  explicit Listener(const std::string& name)
      : socket_(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)) {
    sockaddr_un at{};
    at.sun_family = AF_UNIX;
    std::ranges::copy(name, at.sun_path);
    const auto length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + name.size());
    EXPECT_EQ(::bind(socket_.get(), reinterpret_cast<const sockaddr*>(&at), length), 0) << name;
  }
  /// What has come, one after the other with a blank between.
  std::string heard() {
    std::string out;
    std::array<char, 256> text{};
    for (;;) {
      const auto got = ::recv(socket_.get(), text.data(), text.size(), 0);
      if (got < 0) return out;
      out.append(out.empty() ? "" : " ").append(text.data(), static_cast<std::size_t>(got));
    }
  }

 private:
  FileHandle socket_;
};

ServiceManager manager_with(const std::string& socket, const std::string& span = "", const std::string& whose = "") {
  const auto set = [](const char* name, const std::string& value) {
    if (!value.empty()) ::setenv(name, value.c_str(), 1);  // NOLINT(concurrency-mt-unsafe): one thread
  };
  set("NOTIFY_SOCKET", socket);
  set("WATCHDOG_USEC", span);
  set("WATCHDOG_PID", whose);
  auto out = ServiceManager::from_environment();
  for (const char* name : {"NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID"})
    EXPECT_EQ(std::getenv(name), nullptr) << name << " is for us alone";  // NOLINT(concurrency-mt-unsafe): one thread
  return out;
}

TEST(ServiceManager, HearsOnASocketWithANameInTheFileSystem) {
  const TempDirectory directory;
  Listener listener(directory / "s");
  auto manager = manager_with(directory / "s");
  EXPECT_TRUE(manager.ready());
  manager.alive();
  EXPECT_TRUE(manager.ending());
  EXPECT_EQ(listener.heard(), "READY=1 STOPPING=1") << "nobody asked for a watchdog";
}

TEST(ServiceManager, HearsOnAnAbstractSocket) {
  const std::string name = "nephele-test-" + std::to_string(::getpid());
  Listener listener(std::string(1, '\0') + name);
  auto manager = manager_with("@" + name);
  EXPECT_TRUE(manager.ready());
  EXPECT_EQ(listener.heard(), "READY=1");
}

TEST(ServiceManager, HearsThatWeLiveFourTimesInItsSpan) {
  const TempDirectory directory;
  Listener listener(directory / "s");
  auto manager = manager_with(directory / "s", "40000000", std::to_string(::getpid()));
  const auto start = std::chrono::steady_clock::now();
  for (const auto& [turn, heard] :
       {std::pair(0ms, "WATCHDOG=1"), std::pair(0ms, ""), std::pair(9'999ms, ""), std::pair(10'000ms, "WATCHDOG=1"),
        std::pair(19'999ms, ""), std::pair(60'000ms, "WATCHDOG=1")}) {
    manager.alive(start + turn);
    EXPECT_EQ(listener.heard(), heard) << turn.count();
  }
}

TEST(ServiceManager, AWatchdogOfAnotherProcessIsLeftToIt) {
  const TempDirectory directory;
  Listener listener(directory / "s");
  for (const auto& [span, whose] :
       {std::pair("400000", "1"), std::pair("soon", ""), std::pair("-1", ""), std::pair("0", "")})
    manager_with(directory / "s", span, whose).alive();
  EXPECT_EQ(listener.heard(), "");
}

TEST(ServiceManager, NobodyWhoAskedAndNobodyWhoListens) {
  const TempDirectory directory;
  EXPECT_TRUE(manager_with("").ready());
  EXPECT_TRUE(manager_with("vsock:2:1234").ready()) << "of a kind that we do not speak";
  EXPECT_FALSE(manager_with(directory / "nobody").ready());
  EXPECT_FALSE(manager_with("/" + std::string(200, 'x')).ready());
}

}  // namespace
}  // namespace nephele::apps
