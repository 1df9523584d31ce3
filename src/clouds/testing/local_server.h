// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/temp_directory.h"
#include "base/testing/child.h"

/// A server from a Debian package, of one test program: on free ports of the loopback, out of a temporary folder, with
/// nothing of the system's configuration. Throws std::runtime_error with the server's words when it does not come up.
namespace nephele::clouds::testing {

/// A port that nobody listens on, and that the kernel gives to nobody by itself: a server may be stopped and started
/// again on it. Another one with each call.
std::uint16_t free_port();

class LocalServer {
 public:
  /// As root the server runs as `user` (or nobody), who owns the folder.
  explicit LocalServer(const char* user);
  ~LocalServer();
  LocalServer(const LocalServer&) = delete;
  LocalServer& operator=(const LocalServer&) = delete;

  const TempDirectory& folder() const noexcept { return folder_; }
  /// What was written as root becomes the server's.
  void give_folder() const;
  /// Runs a program to its end in the folder, as the server's user.
  void run(std::vector<std::string> words) const;
  /// Starts it and waits until it accepts on `port`.
  void start(std::vector<std::string> words, std::uint16_t port);
  /// As an operator does it.
  void stop() { end(SIGTERM); }
  /// As when the machine loses power: it and all of its children, in the middle of what they say.
  void crash() { end(SIGKILL); }
  /// Frozen: connections are accepted by the kernel and nobody speaks. resume() goes on.
  void freeze();
  void resume();
  std::string log() const { return folder_.read("server.log"); }

 private:
  pid_t launch(std::vector<std::string> words) const;
  void end(int signal);

  nephele::testing::RunAs as_;
  TempDirectory folder_;
  pid_t server_ = 0;
};

}  // namespace nephele::clouds::testing
