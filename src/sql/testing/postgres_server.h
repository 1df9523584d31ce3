// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/testing/child.h"

/// A PostgreSQL server of one test program: made by initdb in a temporary folder, reached through a Unix socket there,
/// so that no port is needed. As root it runs under the user postgres (or nobody), as the server insists.
namespace nephele::sql::testing {

class PostgresServer {
 public:
  /// Takes a second or two. To be called from the main thread: the kernel ends the server with the thread that began
  /// it, so that it doesn't outlive a test program that crashes. The programs are looked for in $NEPHELE_POSTGRES_BIN,
  /// else where Debian keeps version 15.
  static Result<std::unique_ptr<PostgresServer>> start();
  /// Stops the server, in a process that began it only, and removes the folder.
  ~PostgresServer();
  PostgresServer(const PostgresServer&) = delete;
  PostgresServer& operator=(const PostgresServer&) = delete;

  /// "postgresql:///name?host=...&user=nephele"; `user` may be another role and may carry ":password".
  std::string url(std::string_view database, std::string_view user = "nephele") const;
  /// Runs statements on the maintenance database; several only where the server allows them together.
  Result<> run(std::string_view statements) const;

  /// As when the machine loses power, except that what was written is kept: nothing is said to clients.
  void crash();
  /// As an operator does it: connections are told and closed.
  void stop();
  /// After crash() or stop(); returns when it answers again.
  Result<> restart();

 private:
  PostgresServer() = default;
  Result<> make();
  Result<> launch();
  void end(int signal);

  std::string programs_;
  std::string folder_;
  nephele::testing::RunAs as_;
  pid_t owner_ = 0;  ///< the process that began it: a fork of it must not stop the server
  pid_t server_ = 0;
};

}  // namespace nephele::sql::testing
