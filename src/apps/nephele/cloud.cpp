// SPDX-License-Identifier: Apache-2.0
#include "apps/nephele/cloud.h"

#include <unistd.h>

#include <filesystem>

#include "apps/nephele/accounts.h"
#include "apps/nephele/identity_listener.h"
#include "apps/nephele/listener.h"
#include "apps/synnefo/log_setup.h"
#include "bus/bus.h"
#include "compute/adapters/qemu.h"
#include "compute/compute.h"
#include "compute/images.h"
#include "operations/operations.h"

namespace nephele::apps {

namespace {

/// What only the process that drives the machines of its data directory has.
struct Machines {
  MachinesLock lock;
  compute::DriverId driver;
  std::string hold;
  std::unique_ptr<compute::QemuBackend> backend;
};

compute::QemuSettings qemu_settings(const Installation& installation, const Settings& from) {
  compute::QemuSettings settings;
  settings.data_directory = installation.directory();
  settings.program = from.qemu;
  settings.machine_user = from.machine_user;
  settings.console_log_max = from.console_log_max;
  if (!from.guest_image.empty()) settings.probe_rom = from.guest_image + "/accel-probe.bin";
  return settings;
}

Result<std::unique_ptr<compute::QemuBackend>> open_backend(Foundation& foundation) {
  return compute::QemuBackend::open(qemu_settings(foundation.installation(), foundation.settings()),
                                    foundation.threads().first(), foundation.logging().logger("compute.qemu"));
}

Result<Machines> open_machines(Foundation& foundation, MachinesLock lock) {
  // A database inside the directory is copied with it and never shared with the copy: whoever has the lock is alone.
  // So a host that boots again need not wait until its word of before is old.
  const bool embedded = foundation.settings().database_url.empty();
  TRY(auto hold, embedded ? Result<std::string>("embedded") : lock.hold());
  TRY(auto driver, foundation.installation().driver_id());
  TRY(auto backend, open_backend(foundation));
  return Machines{std::move(lock), compute::DriverId(std::move(driver)), std::move(hold), std::move(backend)};
}

operations::Settings operations_settings(const Foundation& foundation, const std::optional<Machines>& machines) {
  operations::Settings settings;
  settings.place = machines ? machines->driver.text() : boot_place();
  settings.keep = foundation.settings().operations_keep;
  return settings;
}

compute::Settings compute_settings(const Foundation& foundation, const std::optional<Machines>& machines) {
  compute::Settings settings;
  if (machines) {
    settings.driver = machines->driver;
    settings.hold = machines->hold;
  }
  settings.host = host_name();
  settings.images_directory = foundation.installation().images();
  settings.address_pool = foundation.settings().address_pool;
  settings.ready_within = foundation.settings().ready_within;
  settings.recover_after = foundation.settings().recover_after;
  settings.recoveries_max = foundation.settings().recoveries_max;
  return settings;
}

/// LOGGING_SETUP of /etc/synnefo, beside the data directory's own log. Without it, syslog where there is one; a whole
/// cloud on somebody's laptop keeps to its own.
Result<> begin_logging(const SynnefoConf& conf, const Services& services, log::Logging& logging) {
  const bool set = conf.programs.logging.type() != settings::Type::none;
  const bool whole_cloud = services.compute && services.runtimes;
  std::error_code ec;
  if (!set && (whole_cloud || !std::filesystem::exists("/dev/log", ec))) return {};
  TRY(const auto warnings,
      set_up_logging(logging, set ? conf.programs.logging : usual_logging(/*file, without /dev/log:*/ ""), "nephele"));
  for (const auto& warning : warnings) logging.logger("nephele").warn("logging.left_out", {{"reason", warning}});
  return {};
}

}  // namespace

Result<> check_machines(const Installation& installation, const Settings& settings) {
  return compute::QemuBackend::check(qemu_settings(installation, settings));
}

/// The object graph, top to bottom; destructors run in the reverse order.
class Cloud::Parts {
 public:
  Parts(Foundation& ground, ProcessEntry told, std::optional<Machines> driven, const Services& services,
        runtimes::RequestTale* tale)
      : foundation(ground),
        entry(std::move(told)),
        machines(std::move(driven)),
        bus(bus::in_process_bus(foundation.database(), foundation.clock(), foundation.threads().first(), {},
                                log("bus"))),
        operations(foundation.database(), foundation.key(), foundation.clock(), foundation.threads().first(),
                   operations_settings(foundation, machines), log("operations")),
        compute(foundation.database(), operations, *bus, machines ? machines->backend.get() : nullptr,
                foundation.clock(), foundation.threads().first(), compute_settings(foundation, machines),
                log("compute")),
        images(foundation.database(), foundation.clock(), foundation.installation().images(), compute::least_disk),
        identity(foundation.database(), foundation.key(), foundation.clock(), {}, log("identity")),
        quotas(foundation.database(), foundation.clock()) {
    if (machines) {
      machines->backend->listen(compute.events());
      compute.register_handlers();
    }
    if (services.runtimes)
      listener =
          std::make_unique<Listener>(foundation, compute, operations, *bus, identity, machines.has_value(), tale);
  }

  /// Machines and mails are worked at; a process with neither only writes down what is to be done.
  bool works() const { return machines.has_value() || accounts != nullptr; }
  log::Logger log(std::string name) { return foundation.logging().logger(std::move(name)); }

  Foundation& foundation;
  ProcessEntry entry;
  std::optional<Machines> machines;
  std::unique_ptr<bus::Bus> bus;
  operations::Operations operations;
  compute::Compute compute;
  compute::Images images;
  identity::Identity identity;
  identity::quota::Quotas quotas;
  std::unique_ptr<AccountServices> accounts;  ///< where the identity service is
  std::unique_ptr<Listener> listener;
  std::unique_ptr<IdentityListener> identity_listener;
};

Cloud::Cloud(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}
Cloud::~Cloud() = default;

Result<std::unique_ptr<Cloud>> Cloud::open(Foundation& foundation, const Services& services,
                                           runtimes::RequestTale* tale) {
  std::optional<SynnefoConf> conf;
  if (services.identity) {
    TRY(conf, read_synnefo(synnefo_directory(std::nullopt)));
    TRY_VOID(check_one_database(foundation.settings(), *conf));
    TRY_VOID(begin_logging(*conf, services, foundation.logging()));
  }
  TRY(auto entry, ProcessEntry::make(foundation.installation(), services));
  std::optional<MachinesLock> lock;
  if (services.compute) {
    TRY(lock, MachinesLock::take(foundation.installation()));
  }
  TRY_VOID(foundation.migrate());
  std::optional<Machines> machines;
  if (lock) {
    TRY(machines, open_machines(foundation, std::move(*lock)));
  }
  auto parts = std::make_unique<Parts>(foundation, std::move(entry), std::move(machines), services, tale);
  if (conf) {
    TRY(parts->accounts, open_accounts(foundation, *conf, parts->identity, parts->quotas, parts->operations));
    parts->identity_listener =
        std::make_unique<IdentityListener>(foundation, parts->identity, parts->quotas, *parts->accounts);
  }
  return std::unique_ptr<Cloud>(new Cloud(std::move(parts)));
}

Result<std::string> Cloud::start(FirstStart first) {
  auto& p = *parts_;
  auto& threads = p.foundation.threads();
  if (p.listener) TRY_VOID(p.listener->prepare(first));
  if (p.machines) {
    TRY_VOID(threads.run(register_image(p.foundation, p.images)));
    TRY_VOID(threads.run(p.compute.start()));
  }
  threads.run(p.bus->start());
  if (p.works()) TRY_VOID(threads.run(p.operations.start()));
  if (p.machines) {
    p.log("nephele").info("cloud.driving", {{"driver", p.machines->driver}, {"pid", static_cast<int>(::getpid())}});
  }
  Endpoints endpoints;
  std::string url;
  if (p.identity_listener) {
    // A whole cloud on somebody's machine does not insist on its second port.
    TRY(url, p.identity_listener->start(first, p.machines && p.listener));
    endpoints["identity"] = url;
  }
  if (p.listener) {
    TRY(url, p.listener->start());
    endpoints["runtimes"] = url;
  }
  TRY_VOID(p.entry.ready(p.foundation.installation(), url, endpoints));
  return url;
}

void Cloud::stop() {
  auto& p = *parts_;
  auto& threads = p.foundation.threads();
  if (p.listener) p.listener->stop();
  if (p.identity_listener) p.identity_listener->stop();
  if (p.works()) threads.run(p.operations.stop());
  threads.run(p.bus->stop());
  threads.run(p.compute.stop());
  p.log("nephele").info("cloud.stopped");
}

}  // namespace nephele::apps
