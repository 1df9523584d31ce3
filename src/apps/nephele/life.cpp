// SPDX-License-Identifier: Apache-2.0
// Verbs about the whole cloud: status, stop, destroy, migrate, backup, restore.
#include <signal.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <iostream>
#include <thread>

#include "apps/nephele/foundation.h"
#include "apps/nephele/verbs.h"
#include "compute/adapters/qemu.h"

namespace nephele::apps {

namespace fs = std::filesystem;

namespace {

constexpr std::chrono::seconds stop_limit{60};
constexpr std::chrono::seconds machine_grace{20};

/// Ends the control plane, if one runs, and waits for its end.
Result<> end_control_plane(const Installation& installation) {
  const auto pid = ControlPlaneLock::holder(installation);
  if (!pid) return {};
  if (::kill(*pid, SIGTERM) != 0)
    return fail(Kind::forbidden, "the control plane (pid " + std::to_string(*pid) + ") belongs to somebody else");
  const auto limit = std::chrono::steady_clock::now() + stop_limit;
  while (ControlPlaneLock::holder(installation)) {
    if (std::chrono::steady_clock::now() > limit)
      return fail(Kind::timeout, "the control plane (pid " + std::to_string(*pid) + ") does not end; see its log");
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  return {};
}

Task<Result<>> end_machines(compute::QemuBackend& backend) {
  CO_TRY(const auto machines, co_await backend.list());
  for (const auto& machine : machines) CO_TRY_VOID(co_await backend.stop(machine.id, machine_grace));
  co_await backend.stop_watching();
  co_return Result<>{};
}

Result<> stop_machines(const Context& context) {
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
  if (!fs::exists(installation.key_file()))
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
  const auto pid = ControlPlaneLock::holder(context.installation);
  const auto endpoints = read_small_file(context.installation.endpoints_file());
  json::Object answer;
  answer.set("data", context.installation.directory());
  answer.set("running", pid.has_value());
  if (pid) answer.set("pid", *pid);
  if (pid && endpoints)
    if (auto parsed = json::parse(*endpoints)) answer.set("endpoints", std::move(*parsed));
  if (context.json) {
    std::cout << json::pretty(json::Value(answer)) << '\n';
  } else {
    std::cout << "data directory  " << context.installation.directory() << '\n'
              << "control plane   " << (pid ? "runs, pid " + std::to_string(*pid) : std::string("does not run"))
              << '\n';
    if (pid && endpoints) std::cout << "endpoints       " << *endpoints;
  }
  return pid ? 0 : 1;
}

int stop(const Context& context, bool machines) {
  const bool ran = ControlPlaneLock::holder(context.installation).has_value();
  if (const auto ended = end_control_plane(context.installation); !ended) return report(ended.error());
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
  if (const auto ended = end_control_plane(context.installation); !ended) return report(ended.error());
  if (!context.installation.exists())
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
