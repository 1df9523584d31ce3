// SPDX-License-Identifier: Apache-2.0
// provision-engine-server: the commands of the Provision Engine's guide (contract, 7.1).
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <filesystem>
#include <iostream>
#include <optional>
#include <span>
#include <string_view>
#include <thread>
#include <vector>

#include "apps/common/daemon.h"
#include "apps/provision_engine/conf_checks.h"
#include "apps/provision_engine/embedded.h"
#include "apps/provision_engine/ending.h"
#include "apps/provision_engine/engine.h"
#include "apps/provision_engine/pid_file.h"
#include "base/cli_table.h"
#include "base/dead_holder.h"
#include "nephele_version.h"

namespace nephele::apps::engine {
namespace {

constexpr std::string_view program = "provision-engine-server";
constexpr int not_running = 3;

int usage() {
  std::cerr << "Usage: provision-engine-server {start|stop|restart|status|run|version|check-config} <debug>\n";
  return 1;
}

int help() {
  std::cout << "Serverless runtimes over REST, in front of an OpenNebula.\n\n"
               "  provision-engine-server start [debug]   starts it in the background; debug: everything is logged\n"
               "  provision-engine-server stop            lets requests under way finish, then ends it\n"
               "  provision-engine-server restart\n"
               "  provision-engine-server status          exit code 0: it runs, 3: it does not\n"
               "  provision-engine-server run             in the foreground, for systemd\n"
               "  provision-engine-server check-config    what engine.conf says, and what is wrong with it\n"
               "  provision-engine-server version\n\n"
               "The configuration is /etc/provision-engine/engine.conf, or the file that PROVISION_ENGINE_CONF names.\n"
               "Logs are in /var/log/provision-engine: engine.log, CloudClient.log, and api.log for crashes.\n";
  return 0;
}

int complain(const Error& error) {
  std::cerr << error.sentence() << '\n';
  return 1;
}

void warn(const std::vector<std::string>& warnings) {
  for (const auto& warning : warnings) std::cerr << "warning: " << warning << '\n';
}

Result<> serve(const Read& read, Starter& starter) {
  const auto& conf = read.conf.values;
  ::signal(SIGPIPE, SIG_IGN);
  TRY(const auto pid, PidFile::take(conf.pid_file));
  if (conf.cloud == "embedded") return serve_embedded(read, starter, pid);
  const SystemClock clock;
  log::Logging logging(clock);
  TRY(auto* const calls, open_logs(conf, logging));
  const auto log = logging.logger(std::string(engine_component));
  log_warnings(read, log);
  auto engine = Engine::open(conf, logging, calls);
  if (!engine) {
    log.error(engine.error().sentence());
    return fail(engine.error());
  }
  const auto address = (*engine)->start();
  if (!address) {
    log.error(address.error().sentence());
    (*engine)->stop();
    return fail(address.error());
  }
  starter.tell("ok " + *address);
  wait_for_end(logging, [&pid] { pid.touch(); });
  (*engine)->stop();
  return {};
}

int run(const Read& read) {
  Starter nobody;
  const auto served = serve(read, nobody);
  return served ? 0 : complain(served.error());
}

/// None of one that was killed and only has not been taken away: whoever starts waits for its lock.
std::optional<int> running(const std::string& pid_file) {
  const auto pid = PidFile::holder(pid_file);
  return pid && !is_dying(*pid) ? pid : std::nullopt;
}

int start(const Read& read) {
  const auto& conf = read.conf.values;
  if (const auto pid = running(conf.pid_file)) {
    std::cerr << "Found pid " << *pid << " at " << conf.pid_file
              << "\nProvision Engine is already running or wasn't stopped cleanly\n";
    return 1;
  }
  std::error_code ec;
  std::filesystem::create_directories(conf.log_directory, ec);
  const std::string api_log = conf.log_directory + "/api.log";
  FileHandle output(::open(api_log.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0640));
  if (!output) return complain(Error(Kind::unavailable, api_log + " cannot be written; may this user write there?"));
  const auto started = start_detached(std::move(output), [&](Starter& starter) {
    const auto served = serve(read, starter);
    if (served) return 0;
    std::cerr << served.error().sentence() << '\n';
    starter.tell(served.error().sentence());
    return 1;
  });
  if (!started) return complain(started.error());
  if (!started->told.starts_with("ok")) {
    std::cerr << "failed to start " << program << ": "
              << (started->told.empty() ? "it ended without a word" : started->told) << "\nsee " << api_log << '\n';
    return 1;
  }
  std::cout << program << " started\n";
  return 0;
}

int stop(const std::string& pid_file) {
  if (!PidFile::exists(pid_file)) {
    std::cerr << "Could not find server pid file\n";
    return 1;
  }
  const auto pid = PidFile::holder(pid_file);
  if (pid && ::kill(*pid, SIGINT) != 0) {
    std::cerr << "failed to stop " << program << ": pid " << *pid
              << " does not take our signal; is it another user's?\n";
    return 1;
  }
  // Requests under way finish first.
  const auto until = std::chrono::steady_clock::now() + stop_patience;
  while (pid && PidFile::holder(pid_file) == pid) {
    if (std::chrono::steady_clock::now() > until) {
      std::cerr << "failed to stop " << program << ": pid " << *pid << " still runs after " << stop_patience.count()
                << " s\n";
      return 1;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  std::error_code ec;
  if (!pid) std::filesystem::remove(pid_file, ec);  // of one that did not end by itself
  std::cout << program << " stopped\n";
  return 0;
}

/// `where`: what the configuration says; empty when that cannot be read.
int status(const std::string& pid_file, const std::string& where) {
  const auto pid = running(pid_file);
  if (pid) {
    std::cout << program << " runs (pid " << *pid << ")" << (where.empty() ? "" : " at " + where) << '\n';
    return 0;
  }
  std::cout << program << " does not run" << (PidFile::exists(pid_file) ? "; " + pid_file + " is stale" : "") << '\n';
  return not_running;
}

int check_config(const Read& read, const std::string& path) {
  warn(read.warnings);
  cli::Table table({{"key", "KEY"}, {"value", "VALUE"}, {"from", "FROM"}, {"meaning", "MEANING"}});
  for (const auto& row : shown(read))
    table.add({row.name, row.value + (row.unit.empty() ? "" : " " + row.unit), row.origin, row.meaning});
  std::cout << table.text(cli::screen_of(STDOUT_FILENO));
  const auto& conf = read.conf.values;
  if (const auto host = check_host(conf); !host) return complain(host.error());
  if (conf.cloud == "embedded") {
    const auto able = check_embedded(conf);
    if (!able) return complain(able.error());
    warn(*able);
  }
  std::cout << path << " is in order\n";
  return 0;
}

int main(std::span<const std::string_view> arguments) {
  if (!arguments.empty() && arguments[0] == "server")
    arguments = arguments.subspan(1);  // `provision-engine server start`
  const auto verb = arguments.empty() ? std::string_view{} : arguments[0];
  if (verb == "--help" || verb == "-h" || verb == "help") return help();
  if (verb == "version" || verb == "--version") {
    std::cout << version << '\n';
    return 0;
  }
  for (const std::string_view known : {"start", "stop", "restart", "status", "run", "check-config"}) {
    if (verb != known) continue;
    const auto path = conf_path();
    auto read = read_conf(path);
    if (!read) {
      complain(read.error());
      // A file that was broken since must not keep its server from being asked and stopped.
      if (verb == "stop") return stop(pid_file_in(path));
      return verb == "status" ? status(pid_file_in(path), "") : 1;
    }
    auto& conf = read->conf.values;
    if (arguments.size() > 1 && arguments[1] == "debug") log_everything(conf.runtimes);
    if (verb == "check-config") return check_config(*read, path);
    if (verb == "status") return status(conf.pid_file, conf.runtimes.host + ":" + std::to_string(conf.runtimes.port));
    if (verb == "stop") return stop(conf.pid_file);
    if (verb == "restart" && running(conf.pid_file) && stop(conf.pid_file) != 0) return 1;
    warn(read->warnings);
    return verb == "run" ? run(*read) : start(*read);
  }
  return usage();
}

}  // namespace
}  // namespace nephele::apps::engine

int main(int argc, char** argv) {
  const std::vector<std::string_view> arguments(argv + 1, argv + argc);
  return nephele::apps::engine::main(arguments);
}
