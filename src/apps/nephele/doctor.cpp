// SPDX-License-Identifier: Apache-2.0
// `nephele doctor`: tries what services of this machine need, apart from any cloud of it, and says what is wrong: with
// compute by a real test guest.
#include "apps/nephele/doctor.h"

#include <signal.h>
#include <unistd.h>

#include <boost/asio/signal_set.hpp>
#include <filesystem>
#include <iostream>
#include <memory>

#include "apps/nephele/foundation.h"
#include "apps/nephele/processes.h"
#include "compute/adapters/qemu.h"
#include "compute/address_pool.h"
#include "compute/compute.h"
#include "compute/context.h"
#include "compute/images.h"
#include "compute/machine_spec.h"

namespace nephele::apps {

namespace fs = std::filesystem;

namespace {

constexpr std::chrono::seconds ready_limit{120};
constexpr std::uint16_t guest_port = 8000;

/// A data directory that goes away with the check. Short, because socket paths have 107 bytes.
class Bench {
 public:
  Bench() : installation_("/tmp/nephele-doctor-" + random_password(8)) {}
  ~Bench() {
    std::error_code ignored;
    fs::remove_all(installation_.directory(), ignored);
  }
  Bench(const Bench&) = delete;
  Bench& operator=(const Bench&) = delete;
  const Installation& installation() const noexcept { return installation_; }

 private:
  Installation installation_;
};

/// Remembers READY of the one machine of the check.
class ReadyBell final : public compute::MachineEvents {
 public:
  explicit ReadyBell(const Executor& executor) : bell_(executor) {}
  void on_event(compute::MachineEvent event) override {
    if (event.what == compute::MachineEvent::What::ready) ready_ = true;
    reason_ = event.reason;
    bell_.ring();
  }
  /// On the executor of the events.
  void interrupt() {
    reason_ = "interrupted";
    bell_.ring();
  }
  Task<Result<>> wait(SteadyTime until) {  // the first event decides
    co_await bell_.wait_until(until);
    if (ready_) co_return Result<>{};
    co_return fail(Kind::timeout, reason_.empty() ? "the test guest did not say READY" : reason_);
  }

 private:
  Bell bell_;
  std::atomic<bool> ready_{false};
  std::string reason_;
};

/// ^C ends the check, and not what clears up behind it: a machine outlives the program that started it.
class Interruption {
 public:
  Interruption(const Executor& executor, std::shared_ptr<ReadyBell> bell)
      : signals_(executor, SIGINT, SIGTERM, SIGHUP) {
    signals_.async_wait([bell = std::move(bell)](const boost::system::error_code& error, int) {
      if (!error) bell->interrupt();
    });
  }

 private:
  asio::signal_set signals_;
};

/// The first free address of a range drawn at random.
Result<std::string> free_address(compute::Backend& backend) {
  Result<> proof = fail(Kind::unavailable, "no address was tried");
  for (int draw = 0; draw < 16; ++draw) {
    const auto pool = compute::AddressPool::drawn(static_cast<unsigned char>(random_bytes(1)[0]));
    proof = backend.probe_address(pool.at(0), {guest_port});
    if (proof) return pool.at(0);
  }
  return fail(proof.error());
}

compute::Server test_server(std::string address) {
  compute::Server server;
  server.id = compute::ServerId(1);
  server.name = "doctor";
  server.sizes = {Cpus(1), Bytes::mib(128), Bytes::mib(256)};
  server.ceilings = {Cpus(1), Bytes::mib(128)};
  server.address = std::move(address);
  server.ports = {guest_port};
  server.generation = 1;
  return server;
}

Task<Result<std::string>> run_guest(compute::QemuBackend& backend, ReadyBell& bell, compute::MachineSpec spec) {
  compute::ContextValues values{{"NAME", Secret("doctor")}, {"FLAVOUR", Secret("doctor")}, {"ROLE", Secret("FAAS")}};
  for (auto& [key, value] : compute::network_context(spec)) values.emplace_back(key, Secret(std::move(value)));
  CO_TRY(auto script, compute::context_script(values));
  std::vector<compute::ContextFile> files;
  files.push_back({"context.sh", std::move(script)});
  const auto started = std::chrono::steady_clock::now();
  CO_TRY_VOID(co_await backend.prepare(spec, std::move(files)));
  CO_TRY_VOID(co_await backend.start(spec));
  CO_TRY_VOID(co_await bell.wait(in(ready_limit)));
  const auto took = std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - started);
  co_return std::to_string(took.count()) + " ms";
}

/// Database and key, as the processes of this machine would use them, and who drives machines.
Result<> examine_database(const Context& context) {
  if (!context.installation.exists()) return {};  // nothing yet
  TRY(auto foundation,
      Foundation::open(context.installation, context.settings, Foundation::LogTo::standard_error, false));
  TRY_VOID(foundation->migrate());
  say("ok", "the database answers, and this node has its key");
  const auto running = processes_of(context.installation);
  if (!running.empty()) say("ok", "running here: " + text_of(running));
  TRY(const auto drivers, foundation->threads().run(compute::drivers(foundation->database())));
  const compute::Look look{foundation->clock().now(), compute::Settings{}.driver_silence};
  for (const auto& driver : drivers) {
    const auto silent = compute::silence_of(driver, look);
    say(silent ? "--" : "ok", "driver " + driver.id.text() + " on " + driver.host +
                                  (silent ? ": " + silent->sentence() : " drives machines"));
  }
  if (drivers.empty()) say("--", "no process has driven machines yet; `nephele serve compute` does");
  return {};
}

Result<> examine_machines(const Context& context, const Bench& bench) {
  if (context.settings.guest_image.empty())
    return fail(Kind::not_found, "no guest image; make one with guest/build DIR and name it in NEPHELE_GUEST_IMAGE");
  Settings apart = context.settings;
  apart.database_url.clear();
  apart.secret_key_file.clear();
  TRY(auto foundation, Foundation::open(bench.installation(), std::move(apart), Foundation::LogTo::file, true));
  auto& threads = foundation->threads();
  const auto bell = std::make_shared<ReadyBell>(threads.first());
  const Interruption interruption(threads.first(), bell);
  TRY(const auto image, compute::copy_image("function", context.settings.guest_image, bench.installation().images(),
                                            compute::least_disk));
  say("ok", "guest image " + context.settings.guest_image);

  compute::QemuSettings settings;
  settings.data_directory = bench.installation().directory();
  settings.program = context.settings.qemu;
  settings.machine_user = context.settings.machine_user;
  settings.probe_rom = context.settings.guest_image + "/accel-probe.bin";
  TRY(auto backend,
      compute::QemuBackend::open(std::move(settings), threads.first(), foundation->logging().logger("compute.qemu")));
  backend->listen(*bell);
  TRY_VOID(threads.run(backend->list()));
  say("ok", "machines run by " + threads.run(backend->accelerator()));
  TRY(const auto capacity, backend->capacity());
  say("ok", "room for machines: " + std::to_string(capacity.memory.in_mib()) + " MiB of memory, " +
                std::to_string(capacity.disk.in_mib()) + " MiB of disk");
  TRY(auto address, free_address(*backend));
  say("ok", "loopback addresses can be bound, for example " + address);

  const auto spec = compute::machine_spec(test_server(std::move(address)), image, "doctor");
  const auto ran = threads.run(run_guest(*backend, *bell, spec), ready_limit * 2);
  if (!ran) {
    const auto console = threads.run(backend->console_log(spec.id, 2000));
    if (console && !console->empty()) std::cerr << "the guest's console:\n" << *console << '\n';
  } else {
    say("ok", "a test guest said READY after " + *ran);
  }
  const auto removed = threads.run(backend->remove(spec.id));
  threads.run(backend->stop_watching());
  if (!ran) return fail(ran.error());
  TRY_VOID(removed);
  say("ok", "the test guest is gone without a trace");
  return {};
}

}  // namespace

void say(std::string_view mark, std::string_view words) {
  std::cout << mark << "  " << words << std::endl;
}

int doctor(const Context& context, const std::vector<std::string>& names) {
  constexpr Services all{.compute = true, .runtimes = true, .identity = true};
  const auto services = names.empty() ? Result<Services>(all) : Services::named(names);
  if (!services) return report(services.error());
  const Bench bench;
  Result<> done = examine_database(context);
  if (done && services->identity) {
    const Bench apart;
    done = examine_identity(context, apart.installation(), !names.empty());
  }
  if (done && services->compute) done = examine_machines(context, bench);
  if (done) {
    say("ok", "this machine can serve " + services->text());
    return 0;
  }
  say("NO", done.error().sentence());
  return 1;
}

}  // namespace nephele::apps
