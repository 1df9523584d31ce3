// SPDX-License-Identifier: Apache-2.0
// vcycled: the manager of fleets of machines (contract vcycle, 6.1).
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <ctime>
#include <iostream>
#include <random>
#include <thread>

#include "apps/common/daemon.h"
#include "apps/common/service_manager.h"
#include "apps/nephele/installation.h"
#include "apps/vcycled/findings.h"
#include "apps/vcycled/manager.h"
#include "apps/vcycled/publisher.h"
#include "apps/vcycled/rehearsal.h"
#include "apps/vcycled/responder.h"
#include "apps/vcycled/status.h"
#include "fleet/adapters/image_cache.h"
#include "fleet/adapters/options.h"
#include "fleet/adapters/remote_files.h"
#include "fleet/config_copies.h"
#include "fleet/web/server.h"
#include "nephele_version.h"

namespace nephele::apps::vcycle {

namespace {

struct Options {
  std::string root, host;
  std::optional<std::int64_t> now;
  std::optional<std::uint64_t> seed;
  bool once = false, json = false, foreground = false, check = false, responder = false;
  std::int64_t cycle_seconds = 60;
};

constexpr int poll_ms = 50;
constexpr std::chrono::seconds once_pipes_limit{30};
constexpr std::chrono::minutes once_limit{60};  // each call to a cloud has a limit of its own
constexpr std::chrono::milliseconds tends_every{1'000};
constexpr std::chrono::seconds patience_at_end{20};

int complain(const Error& error) {
  std::cerr << "vcycled: " << error.sentence() << '\n';
  return 1;
}

std::string data_directory(const Options& options) {
  const char* named = std::getenv("NEPHELE_DATA");  // NOLINT(concurrency-mt-unsafe): nobody here sets variables
  const bool rehearses = !options.root.empty() && (named == nullptr || *named == '\0');
  return rehearses ? options.root + "/var/lib/nephele" : Installation::directory_from(std::nullopt);
}

/// SIGTERM and SIGINT end us, SIGHUP begins a cycle now; blocked everywhere, so that they are taken where we wait.
class Signals {
 public:
  Signals() {
    sigemptyset(&set_);
    for (const int signal : {SIGTERM, SIGINT, SIGHUP}) sigaddset(&set_, signal);
    ::pthread_sigmask(SIG_BLOCK, &set_, nullptr);
    ::signal(SIGPIPE, SIG_IGN);
  }
  /// True as soon as one has come, or when the time is over.
  void wait(std::chrono::milliseconds limit) {
    const timespec span{.tv_sec = static_cast<std::time_t>(limit.count() / 1'000),
                        .tv_nsec = static_cast<long>(limit.count() % 1'000) * 1'000'000};
    const int signal = ::sigtimedwait(&set_, nullptr, &span);
    if (signal == SIGTERM || signal == SIGINT) ending = true;
    if (signal == SIGHUP) hurried = true;
  }
  bool ending = false, hurried = false;

 private:
  sigset_t set_{};
};

fleet::WatchedTime time_of(const Options& options, const fleet::Files& files) {
  if (options.now) return {.now = fleet::Instant{fleet::seconds{*options.now}}};
  return fleet::watched_time(files, fleet::read_clocks());
}

std::uint64_t seed_of(const Options& options) {
  if (options.seed) return *options.seed;
  if (options.now) return static_cast<std::uint64_t>(*options.now);
  std::random_device random;
  return (std::uint64_t{random()} << 32U) | random();
}

/// The web server listens as the configuration says.
class Listening final : public Witness {
 public:
  explicit Listening(fleet::web::WebServer& web) : web_(web) {}
  void configured(const fleet::Configuration& config) override { web_.apply(config); }
  void reported(const fleet::Space&, const fleet::SpaceReport&) override {}

 private:
  fleet::web::WebServer& web_;
};

/// Everything that a round needs, made once, in order.
struct Parts {
  Parts(const Options& options, const std::string& node, Manager::Settings settings)
      : files(options.root, node),
        log(options.root + "/var/log/vcycle/vcycled"),
        responder(files, log),
        publisher(files, threads, log, options.once ? nullptr : &responder),
        images(files.lib("imagecache"), web_settings(), image_files,
               [this](const std::string& line) { log.say(line); }),
        clouds(data_directory(options), images, files.rooted("/etc/grid-security")),
        remote(web_settings()),
        pipe_documents(web_settings(fleet::pipe_bytes_max)),
        pipes(files, pipe_documents, threads.first(), [this](const std::string& line) { log.say(line); }),
        web(files, [this](const std::string& line) { log.say(line); }),
        listening(web),
        manager(files, threads, clouds, remote, log, watched(std::move(settings), options.once), &pipes) {}
  Manager::Settings watched(Manager::Settings settings, bool once) {
    settings.witnesses.push_back(&publisher);
    if (once) return settings;  // a single cycle serves nobody
    settings.witnesses.push_back(&listening);
    settings.heard_for = [this] { return web.heard_for(); };
    return settings;
  }
  IoThreads threads{std::clamp<std::size_t>(std::thread::hardware_concurrency(), 1, 8)};
  fleet::Files files;
  LogLines log;
  ResponderProcess responder;
  Publisher publisher;
  Workers image_files{"image cache", 1, 16};
  fleet::ImageCache images;
  ConfiguredClouds clouds;
  fleet::RemoteFiles remote;
  fleet::RemoteFiles pipe_documents;
  fleet::PipeFetcher pipes;
  fleet::web::WebServer web;
  Listening listening;
  Manager manager;

  fleet::WebSettings web_settings(std::size_t bytes_max = fleet::WebSettings{}.bytes_max) const {
    return {.agent = "Vcycle " + std::string(version),
            .ca_folder = files.rooted("/etc/grid-security/certificates"),
            .bytes_max = bytes_max};
  }
};

int once(const Options& options) {
  Signals signals;
  Parts parts(options, node_name(options.host), {.round_limit = once_limit, .pipes_limit = once_pipes_limit});
  const auto locked = fleet::lock_node(parts.files);
  if (!locked) return complain(locked.error());
  if (const auto opened = parts.log.reopen(); !opened) std::cerr << "vcycled: " << opened.error().sentence() << '\n';
  const auto reports = parts.manager.round(time_of(options, parts.files), seed_of(options), [&] {
    signals.wait(std::chrono::milliseconds(poll_ms));
    if (signals.ending) parts.manager.end(patience_at_end);
  });
  std::cout << (options.json ? decisions_json(reports) : decisions_text(reports));
  const auto problem = fleet::read_state(parts.files.lib("factory-error"));
  if (problem) std::cerr << "vcycled: " << *problem << '\n';
  return problem ? 1 : 0;
}

/// The file by which the daemon is found, and ended by whoever removes it.
class PidFile {
 public:
  explicit PidFile(const std::string& root) : path_(root + "/var/run/vcycled.pid") {}
  Result<> write(const fleet::Files& files) {
    TRY_VOID(files.make_folder(path_.substr(0, path_.rfind('/')), 0755));
    return files.write(path_, std::to_string(::getpid()) + "\n", 0644);
  }
  bool is_ours() const { return fleet::read_number(path_) == ::getpid(); }
  void remove() const {
    if (is_ours()) ::unlink(path_.c_str());
  }
  const std::string& path() const noexcept { return path_; }

 private:
  std::string path_;
};

Result<> manage(const Options& options, Starter& starter, ServiceManager& service, Signals& signals, Parts& parts) {
  const std::string& node = parts.files.node();
  TRY(const auto locked, fleet::lock_node(parts.files));
  PidFile pid(options.root);
  TRY_VOID(pid.write(parts.files));
  starter.tell("ok");
  parts.log.say("vcycled " + std::string(version) + " starts as manager " + node);
  if (const auto told = service.ready(); !told) parts.log.say("Warning: " + told.error().sentence());
  if (const auto warning = warning_of_host(node); !warning.empty()) parts.log.say("Warning: " + warning);
  while (!signals.ending) {
    service.alive();
    if (const auto opened = parts.log.reopen(); !opened) complain(opened.error());
    if (!pid.is_ours()) {
      parts.log.say(pid.path() + " is gone or names another process: vcycled ends");
      return {};
    }
    // From start to start; a SIGHUP within the round is about what comes after it.
    const auto next = in(std::chrono::seconds(options.cycle_seconds));
    signals.hurried = false;
    parts.manager.round(time_of(options, parts.files), seed_of(options), [&] {
      signals.wait(std::chrono::milliseconds(poll_ms));
      service.alive();
      if (signals.ending) parts.manager.end(patience_at_end);
    });
    while (!signals.ending && !signals.hurried) {
      const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(next - in(std::chrono::milliseconds(0)));
      if (left <= std::chrono::milliseconds(0)) break;
      signals.wait(std::min(left, tends_every));
      parts.manager.tend();
      parts.responder.look();
      service.alive();
    }
  }
  (void)service.ending();  // who cannot hear it sees it
  parts.manager.end(patience_at_end);
  parts.web.stop();
  parts.log.say("vcycled ends; machines go on");
  pid.remove();
  return {};
}

Result<> serve(const Options& options, Starter& starter) {
  Signals signals;
  auto service = ServiceManager::from_environment();
  Parts parts(options, node_name(options.host), {});
  // What systemd takes from standard error is to be read beside this log, and not to be a copy of it.
  parts.log.also_on_standard_error(options.foreground && !service.is_there());
  TRY_VOID(parts.log.reopen());
  // Why it ends stands where its operator looks first.
  try {
    auto managed = manage(options, starter, service, signals, parts);
    if (!managed) parts.log.say("vcycled cannot go on: " + managed.error().sentence());
    return managed;
  } catch (const std::exception& error) {
    parts.log.say("vcycled cannot go on: unexpected: " + std::string(error.what()));
    throw;
  }
}

int foreground(const Options& options) {
  Starter nobody;
  const auto served = serve(options, nobody);
  return served ? 0 : complain(served.error());
}

int daemonise(const Options& options) {
  const auto started = start_detached({}, [&](Starter& starter) {
    const auto served = serve(options, starter);
    if (!served) starter.tell(served.error().sentence());
    return served ? 0 : 1;
  });
  if (!started) return complain(started.error());
  if (started->told.starts_with("ok")) return 0;
  return complain(Error(Kind::unavailable, started->told.empty() ? "it ended without a word" : started->told));
}

int respond(const Options& options) {
  const fleet::Files files(options.root, node_name(options.host));
  LogLines log(options.root + "/var/log/vcycle/vcycled-responder");
  return Responder(files, log).run();
}

int check(const Options& options) {
  const fleet::Files files(options.root, node_name(options.host));
  const auto found = fleet::config_in_force(files);
  const fleet::PipeCache pipes(files);
  auto config = fleet::read_configuration(found.texts, &pipes);
  fleet::place_files(files, config);
  auto findings = findings_of(files, found, config);
  if (auto host = warning_of_host(files.node()); !host.empty()) findings.warnings.push_back(std::move(host));
  print(findings);
  return findings.problems.empty() ? 0 : 1;
}

int run(int argc, char** argv) {
  Options options;
  CLI::App app(
      "Keeps fleets of machines at their target shares, on this host's own cloud or on others. Without options "
      "it goes on in the background.",
      "vcycled");
  app.set_version_flag("--version", std::string(version));
  app.add_flag("--foreground", options.foreground, "stays in the foreground, for systemd; the log is shown too");
  app.add_flag("--once", options.once, "does one cycle, prints each decision with its reason, and ends");
  app.add_flag("--json", options.json, "with --once: as JSON");
  app.add_flag("--check", options.check,
               "reads the configuration, tells what is wrong with it and what it warns of, and ends: 0 nothing is "
               "wrong, else 1");
  app.add_flag("--responder", options.responder,
               "only answers the questions of other factories; vcycled starts that by itself");
  app.add_option("--root", options.root, "every file lies below this directory");
  app.add_option("--host", options.host, "name of this manager (default: the host's)");
  app.add_option("--now", options.now, "with --once: the Unix time that it takes for now");
  app.add_option("--seed", options.seed, "of what is drawn by lot (default: --now, else random)");
  app.add_option("--cycle-seconds", options.cycle_seconds,
                 "from the start of a cycle to the next (default 60); a longer one is followed at once")
      ->check(CLI::Range(1, 3'600));
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  }
  while (options.root.size() > 1 && options.root.ends_with('/')) options.root.pop_back();
  ::umask(022);
  if (options.check) return check(options);
  if (options.responder) return respond(options);
  if (options.once) return once(options);
  return options.foreground ? foreground(options) : daemonise(options);
}

}  // namespace

}  // namespace nephele::apps::vcycle

int main(int argc, char** argv) {
  try {
    return nephele::apps::vcycle::run(argc, argv);
  } catch (const std::exception& error) {
    std::cerr << "vcycled: unexpected: " << error.what() << '\n';
    return 1;
  }
}
