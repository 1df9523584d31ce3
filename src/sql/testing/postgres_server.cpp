// SPDX-License-Identifier: Apache-2.0
#include "sql/testing/postgres_server.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <grp.h>
#include <libpq-fe.h>
#include <pwd.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
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

namespace nephele::sql::testing {

namespace {

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

/// A child process of another user whose output goes to a file, and that ends with this thread's process.
pid_t start_child(const std::vector<std::string>& words, const std::string& log, uid_t user, gid_t group,
                  const std::string& folder) {
  std::vector<char*> arguments;  // made before fork: nothing after it may allocate
  arguments.reserve(words.size() + 1);
  for (const auto& word : words) arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  const pid_t parent = ::getpid();
  const pid_t child = ::fork();
  if (child != 0) return child;

  const int out = ::open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0644);
  const int in = ::open("/dev/null", O_RDONLY);
  if (out < 0 || in < 0 || ::dup2(in, 0) < 0 || ::dup2(out, 1) < 0 || ::dup2(out, 2) < 0) ::_exit(126);
  if (::geteuid() == 0 && (::setgroups(1, &group) != 0 || ::setgid(group) != 0 || ::setuid(user) != 0)) ::_exit(126);
  if (::chdir(folder.c_str()) != 0) ::_exit(126);
  // After setuid, which clears it. SIGQUIT is PostgreSQL's immediate shutdown.
  ::prctl(PR_SET_PDEATHSIG, SIGQUIT);
  if (::getppid() != parent) ::_exit(126);
  ::setpgid(0, 0);  // Ctrl-C in a terminal is for the test
  ::execv(arguments[0], arguments.data());
  ::_exit(127);
}

/// True when it ended within the time.
bool ended_within(pid_t child, std::chrono::milliseconds time, int* status = nullptr) {
  const auto until = std::chrono::steady_clock::now() + time;
  int ignored = 0;
  for (;;) {
    const pid_t ended = ::waitpid(child, status != nullptr ? status : &ignored, WNOHANG);
    if (ended == child || (ended < 0 && errno == ECHILD)) return true;
    if (std::chrono::steady_clock::now() >= until) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
}

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
  user_ = ::geteuid();
  group_ = ::getegid();
  owner_ = ::getpid();
  if (user_ == 0) {
    const passwd* other = ::getpwnam("postgres");
    if (other == nullptr) other = ::getpwnam("nobody");
    if (other == nullptr)
      return fail(Kind::unavailable, "PostgreSQL refuses to run as root, and there is no user nobody");
    user_ = other->pw_uid;
    group_ = other->pw_gid;
  }
  // Short: a socket's path has at most 107 characters.
  std::string name = fmt::format("/tmp/{}{}-XXXXXX", folder_prefix, owner_);
  if (::mkdtemp(name.data()) == nullptr || (::geteuid() == 0 && ::chown(name.c_str(), user_, group_) != 0))
    return fail(Kind::unavailable,
                fmt::format("{}: cannot be made ({})", name, std::generic_category().message(errno)));
  folder_ = name;

  const std::string log = folder_ + "/initdb.log";
  const pid_t child = start_child({programs_ + "/initdb", "--pgdata=" + folder_ + "/data", "--username=nephele",
                                   "--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync", "--no-instructions"},
                                  log, user_, group_, folder_);
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
  server_ = start_child({programs_ + "/postgres",
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
                        folder_ + "/server.log", user_, group_, folder_);
  const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(60);
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
