// SPDX-License-Identifier: Apache-2.0
#include "clouds/testing/local_server.h"

#include <arpa/inet.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <random>
#include <set>
#include <stdexcept>
#include <thread>

#include "base/file_handle.h"

namespace nephele::clouds::testing {

namespace {

sockaddr_in loopback(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

bool accepts(std::uint16_t port) {
  const FileHandle socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const sockaddr_in to = loopback(port);
  return socket && ::connect(socket.get(), reinterpret_cast<const sockaddr*>(&to), sizeof to) == 0;
}

}  // namespace

std::uint16_t free_port() {
  constexpr int first = 20'000;
  constexpr int last = 32'000;  // below what Linux takes for outgoing connections and for "any port"
  static std::set<int> given;
  std::random_device seed;
  std::uniform_int_distribution<int> any(first, last);
  for (int turn = 0; turn < 1'000; ++turn) {
    const int port = any(seed);
    const FileHandle socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    const sockaddr_in address = loopback(static_cast<std::uint16_t>(port));
    if (!socket || ::bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) continue;
    if (given.insert(port).second) return static_cast<std::uint16_t>(port);
  }
  throw std::runtime_error("no free port on the loopback");
}

LocalServer::LocalServer(const char* user) : as_(nephele::testing::run_as(user)) {
  give_folder();
}

LocalServer::~LocalServer() {
  end(SIGTERM);
}

void LocalServer::give_folder() const {
  if (::geteuid() != 0) return;
  const auto give = [this](const std::filesystem::path& path) {
    if (::lchown(path.c_str(), as_.user, as_.group) != 0)
      throw std::runtime_error("cannot give " + path.string() + " to the server's user");
  };
  give(folder_.path());
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder_.path())) give(entry.path());
}

pid_t LocalServer::launch(std::vector<std::string> words) const {
  if (::access(words.front().c_str(), X_OK) != 0)
    throw std::runtime_error(words.front() + " is missing; scripts/deps test installs it");
  return nephele::testing::start_child(
      {.words = std::move(words), .log = folder_ / "server.log", .folder = folder_.path().string(), .as = as_});
}

void LocalServer::run(std::vector<std::string> words) const {
  int status = 0;
  const pid_t child = launch(std::move(words));
  if (child < 0 || !nephele::testing::ended_within(child, std::chrono::seconds(60), &status) || status != 0)
    throw std::runtime_error("a server of the test could not be made: " + log());
}

void LocalServer::start(std::vector<std::string> words, std::uint16_t port) {
  server_ = launch(std::move(words));
  const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(60);
  while (!accepts(port)) {
    if (server_ < 0 || nephele::testing::ended_within(server_, std::chrono::milliseconds(0)) ||
        std::chrono::steady_clock::now() > until) {
      end(SIGKILL);
      throw std::runtime_error("a server of the test has not started: " + log());
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
}

void LocalServer::freeze() {
  ::kill(-server_, SIGSTOP);
  // Only then have all its threads stopped: until then one of them may still answer.
  siginfo_t told{};
  (void)::waitid(P_PID, static_cast<id_t>(server_), &told, WSTOPPED | WEXITED | WNOWAIT);
}
void LocalServer::resume() {
  ::kill(-server_, SIGCONT);
}

void LocalServer::end(int signal) {
  if (server_ <= 0) return;
  if (signal == SIGKILL) {
    ::kill(-server_, SIGKILL);  // also of a frozen one, which says nothing any more
  } else {
    ::kill(-server_, SIGCONT);  // a frozen one would not hear the next
    ::kill(server_, signal);
  }
  (void)nephele::testing::ended_within(server_, std::chrono::seconds(10));
  ::kill(-server_, SIGKILL);  // and what it began
  (void)nephele::testing::ended_within(server_, std::chrono::seconds(10));
  server_ = 0;
}

}  // namespace nephele::clouds::testing
