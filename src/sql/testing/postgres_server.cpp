// SPDX-License-Identifier: Apache-2.0
#include "sql/testing/postgres_server.h"

#include <fmt/format.h>
#include <libpq-fe.h>
#include <signal.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <system_error>
#include <thread>
#include <vector>

#include "base/testing/child.h"

namespace nephele::sql::testing {

namespace {

using nephele::testing::ended_within;
using nephele::testing::start_child;

struct Finish {
  void operator()(PGconn* connection) const noexcept { PQfinish(connection); }
};
struct Clear {
  void operator()(PGresult* result) const noexcept { PQclear(result); }
};

std::string text_of(const std::string& path) {
  std::ifstream in(path);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

constexpr int immediate_shutdown = SIGQUIT;                // in PostgreSQL's words
constexpr std::string_view folder_prefix = "nephele-pg-";  // and the number of the process that made it

/// Removes what test programs that were killed have left. Their servers ended with them.
void sweep() {
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator("/tmp", error)) {
    const std::string name = entry.path().filename().string();
    if (!name.starts_with(folder_prefix)) continue;
    const pid_t maker = std::atoi(name.c_str() + folder_prefix.size());
    if (maker > 0 && ::kill(maker, 0) != 0 && errno == ESRCH) std::filesystem::remove_all(entry.path(), error);
  }
}

}  // namespace

Result<std::unique_ptr<PostgresServer>> PostgresServer::start() {
  sweep();
  std::unique_ptr<PostgresServer> server(new PostgresServer);
  TRY_VOID(server->make());
  TRY_VOID(server->launch());
  return server;
}

Result<> PostgresServer::make() {
  const char* chosen = std::getenv("NEPHELE_POSTGRES_BIN");
  programs_ = chosen != nullptr ? chosen : "/usr/lib/postgresql/15/bin";
  if (::access((programs_ + "/initdb").c_str(), X_OK) != 0 || ::access((programs_ + "/postgres").c_str(), X_OK) != 0)
    return fail(Kind::unavailable,
                fmt::format("no PostgreSQL in {}: apt-get install postgresql-15, or name the folder of initdb and "
                            "postgres in NEPHELE_POSTGRES_BIN",
                            programs_));
  as_ = nephele::testing::run_as("postgres");
  owner_ = ::getpid();
  // Short: a socket's path has at most 107 characters.
  std::string name = fmt::format("/tmp/{}{}-XXXXXX", folder_prefix, owner_);
  if (::mkdtemp(name.data()) == nullptr || (::geteuid() == 0 && ::chown(name.c_str(), as_.user, as_.group) != 0))
    return fail(Kind::unavailable,
                fmt::format("{}: cannot be made ({})", name, std::generic_category().message(errno)));
  folder_ = name;

  const std::string log = folder_ + "/initdb.log";
  const pid_t child =
      start_child({.words = {programs_ + "/initdb", "--pgdata=" + folder_ + "/data", "--username=nephele",
                             "--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync", "--no-instructions"},
                   .log = log,
                   .folder = folder_,
                   .as = as_,
                   .end_signal = immediate_shutdown});
  int status = 0;
  if (child < 0 || !ended_within(child, std::chrono::seconds(60), &status) || status != 0)
    return fail(Kind::unavailable, "initdb has not made a database: " + text_of(log));
  // A role that needs its password, for tests of wrong ones.
  const std::string access = folder_ + "/data/pg_hba.conf";
  const std::string rules = "local all locked scram-sha-256\n" + text_of(access);
  std::ofstream(access) << rules;
  return {};
}

Result<> PostgresServer::launch() {
  server_ = start_child({.words = {programs_ + "/postgres",
                                   "-D",
                                   folder_ + "/data",
                                   "-c",
                                   "listen_addresses=",
                                   "-c",
                                   "unix_socket_directories=" + folder_,
                                   "-c",
                                   "fsync=off",
                                   "-c",
                                   "full_page_writes=off",
                                   "-c",
                                   "shared_buffers=16MB",
                                   "-c",
                                   "max_connections=100",
                                   "-c",
                                   "max_wal_senders=0",
                                   "-c",
                                   "wal_level=minimal",
                                   "-c",
                                   "autovacuum=off"},
                         .log = folder_ + "/server.log",
                         .folder = folder_,
                         .as = as_,
                         .end_signal = immediate_shutdown});
  const auto until =
      std::chrono::steady_clock::now() + std::chrono::seconds(240);  // recovery after a crash, on a busy disk
  while (PQping(url("postgres").c_str()) != PQPING_OK) {
    if (server_ < 0 || ended_within(server_, std::chrono::milliseconds(0)) ||
        std::chrono::steady_clock::now() > until) {
      server_ = 0;
      return fail(Kind::unavailable, "PostgreSQL has not started: " + text_of(folder_ + "/server.log"));
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  return {};
}

PostgresServer::~PostgresServer() {
  if (::getpid() != owner_) return;
  end(SIGINT);
  std::error_code ignored;
  if (!folder_.empty()) std::filesystem::remove_all(folder_, ignored);
}

void PostgresServer::end(int signal) {
  if (server_ <= 0) return;
  for (const int next : {signal, SIGQUIT, SIGKILL}) {
    ::kill(server_, next);
    if (ended_within(server_, std::chrono::seconds(10))) break;
  }
  server_ = 0;
}

void PostgresServer::crash() {
  end(SIGQUIT);
}
void PostgresServer::stop() {
  end(SIGINT);
}
Result<> PostgresServer::restart() {
  return launch();
}

std::string PostgresServer::url(std::string_view database, std::string_view user) const {
  return fmt::format("postgresql://{}@/{}?host={}", user, database, folder_);
}

Result<> PostgresServer::run(std::string_view statements) const {
  const std::unique_ptr<PGconn, Finish> connection(PQconnectdb(url("postgres").c_str()));
  if (PQstatus(connection.get()) != CONNECTION_OK) return fail(Kind::unavailable, PQerrorMessage(connection.get()));
  const std::unique_ptr<PGresult, Clear> result(PQexec(connection.get(), std::string(statements).c_str()));
  const auto status = PQresultStatus(result.get());
  if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK)
    return fail(Kind::invalid, PQresultErrorMessage(result.get()));
  return {};
}

}  // namespace nephele::sql::testing
