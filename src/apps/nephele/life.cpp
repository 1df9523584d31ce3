// SPDX-License-Identifier: Apache-2.0
// Verbs about the whole cloud: status, stop, destroy, migrate, backup, restore.
#include <signal.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <filesystem>
#include <iostream>
#include <thread>

#include "apps/nephele/foundation.h"
#include "apps/nephele/processes.h"
#include "apps/nephele/verbs.h"
#include "compute/adapters/qemu.h"

namespace nephele::apps {

namespace fs = std::filesystem;

namespace {

constexpr std::chrono::seconds stop_limit{60};
constexpr std::chrono::seconds machine_grace{20};

/// Ends all processes of the data directory, if any run, and waits for their end.
Result<> end_processes(const Installation& installation) {
  for (const auto& process : processes_of(installation))
    if (::kill(process.pid, SIGTERM) != 0 && errno != ESRCH)
      return fail(Kind::forbidden, text_of({process}) + " belongs to somebody else");
  const auto limit = std::chrono::steady_clock::now() + stop_limit;
  for (;;) {
    const auto left = processes_of(installation);
    if (left.empty()) return {};
    if (std::chrono::steady_clock::now() > limit)
      return fail(Kind::timeout, text_of(left) + " does not end; see its log");
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
}

/// A node without machines may have no QEMU either.
bool has_machines(const Installation& installation) {
  std::error_code ec;
  return fs::exists(installation.servers(), ec) && !fs::is_empty(installation.servers(), ec);
}

Task<Result<>> end_machines(compute::QemuBackend& backend) {
  CO_TRY(const auto machines, co_await backend.list());
  for (const auto& machine : machines) CO_TRY_VOID(co_await backend.stop(machine.id, machine_grace));
  co_await backend.stop_watching();
  co_return Result<>{};
}

Result<> stop_machines(const Context& context) {
  if (!has_machines(context.installation)) return {};
  TRY_VOID([&]() -> Result<> {
    TRY(auto foundation, Foundation::open(context.installation, context.settings, Foundation::LogTo::file, false));
    compute::QemuSettings settings;
    settings.data_directory = context.installation.directory();
    settings.program = context.settings.qemu;
    settings.machine_user = context.settings.machine_user;
    TRY(auto backend, compute::QemuBackend::open(std::move(settings), foundation->threads().first(),
                                                 foundation->logging().logger("compute.qemu")));
    return foundation->threads().run(end_machines(*backend));
  }());
  return {};
}

/// Only what looks like ours is ever removed.
Result<> remove_directory(const Installation& installation) {
  if (!installation.has_state())
    return fail(Kind::not_found, installation.directory() + " is no data directory of a cloud; nothing was removed");
  std::error_code ec;
  fs::remove_all(installation.directory(), ec);
  if (ec) return fail(Kind::unavailable, installation.directory() + " cannot be removed: " + ec.message());
  return {};
}

int finish(const Result<>& done, std::string_view words) {
  if (!done) return report(done.error());
  std::cerr << words << '\n';
  return 0;
}

}  // namespace

int report(const Error& error) {
  std::cerr << "nephele: " << error.sentence() << '\n';
  switch (error.kind()) {
    case Kind::not_found:
      return 3;
    case Kind::invalid:
      return 2;
    default:
      return 1;
  }
}

int status(const Context& context) {
  const auto running = processes_of(context.installation);
  if (context.json) {
    json::Array processes;
    for (const auto& process : running) {
      json::Object one;
      one.set("pid", process.pid);
      one.set("services", process.services);
      one.set("ready", process.ready);
      one.set("url", process.url);
      processes.emplace_back(std::move(one));
    }
    json::Object answer;
    answer.set("data", context.installation.directory());
    answer.set("running", !running.empty());
    answer.set("processes", std::move(processes));
    std::cout << json::pretty(json::Value(answer)) << '\n';
  } else {
    std::cout << "data directory  " << context.installation.directory() << '\n';
    if (running.empty()) std::cout << "nothing runs\n";
    for (const auto& process : running)
      std::cout << "pid " << process.pid << ": " << process.services << (process.ready ? "" : ", starting")
                << (process.url.empty() ? "" : ", " + process.url) << '\n';
  }
  return running.empty() ? 1 : 0;
}

int stop(const Context& context, bool machines) {
  const bool ran = !processes_of(context.installation).empty();
  if (const auto ended = end_processes(context.installation); !ended) return report(ended.error());
  if (!machines)
    return finish({}, ran ? "the control plane is stopped; machines go on (`nephele stop --vms` ends them too)"
                          : "no control plane runs");
  if (!context.installation.exists()) return finish({}, "nothing runs");
  return finish(stop_machines(context), "the control plane and all machines are stopped");
}

int destroy(const Context& context, bool yes) {
  if (!yes)
    return report(Error(Kind::invalid, "this removes every machine, account and file below " +
                                           context.installation.directory() + "; say --yes if you mean it"));
  if (const auto ended = end_processes(context.installation); !ended) return report(ended.error());
  if (!context.installation.has_state())
    return report(Error(Kind::not_found, "there is no cloud in " + context.installation.directory()));
  if (const auto ended = stop_machines(context); !ended) return report(ended.error());
  return finish(remove_directory(context.installation), context.installation.directory() + " is gone");
}

int migrate(const Context& context) {
  auto foundation = Foundation::open(context.installation, context.settings, Foundation::LogTo::file, true);
  if (!foundation) return report(foundation.error());
  return finish((*foundation)->migrate(), "the schema is up to date");
}

}  // namespace nephele::apps
