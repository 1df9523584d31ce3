// SPDX-License-Identifier: Apache-2.0
#include "apps/nephele/cloud.h"

#include <unistd.h>

#include <array>

#include "apps/nephele/watch.h"
#include "bus/bus.h"
#include "compute/adapters/qemu.h"
#include "compute/compute.h"
#include "compute/images.h"
#include "http/server.h"
#include "identity/identity.h"
#include "operations/operations.h"
#include "runtimes/adapters/compute.h"
#include "runtimes/api.h"
#include "runtimes/flavours.h"
#include "runtimes/housekeeping.h"

namespace nephele::apps {

namespace {

constexpr std::chrono::seconds drain{20};

std::string host_name() {
  std::array<char, 256> name{};
  if (::gethostname(name.data(), name.size() - 1) != 0) return "localhost";
  return name.data();
}

operations::Settings operations_settings(const Foundation& foundation) {
  operations::Settings settings;
  settings.host = host_name();
  settings.keep = foundation.settings().operations_keep;
  return settings;
}

compute::Settings compute_settings(const Foundation& foundation) {
  compute::Settings settings;
  settings.host = host_name();
  settings.images_directory = foundation.installation().images();
  settings.address_pool = foundation.settings().address_pool;
  settings.ready_within = foundation.settings().ready_within;
  settings.recover_after = foundation.settings().recover_after;
  settings.recoveries_max = foundation.settings().recoveries_max;
  return settings;
}

runtimes::Settings runtimes_settings(const Foundation& foundation) {
  runtimes::Settings settings;
  settings.host = foundation.settings().listen_address;
  settings.port = foundation.settings().port;
  settings.timeout = foundation.settings().request_timeout;
  settings.events_keep = foundation.settings().events_keep;
  settings.idempotency_keep = foundation.settings().idempotency_keep;
  return settings;
}

Result<std::unique_ptr<compute::QemuBackend>> open_backend(Foundation& foundation) {
  compute::QemuSettings settings;
  settings.data_directory = foundation.installation().directory();
  settings.program = foundation.settings().qemu;
  settings.machine_user = foundation.settings().machine_user;
  settings.console_log_max = foundation.settings().console_log_max;
  if (!foundation.settings().guest_image.empty())
    settings.probe_rom = foundation.settings().guest_image + "/accel-probe.bin";
  return compute::QemuBackend::open(std::move(settings), foundation.threads().first(),
                                    foundation.logging().logger("compute.qemu"));
}

}  // namespace

/// The object graph, top to bottom; destructors run in the reverse order.
class Cloud::Parts {
 public:
  Parts(Foundation& ground, std::unique_ptr<compute::QemuBackend> machines, ControlPlaneLock held)
      : foundation(ground),
        lock(std::move(held)),
        backend(std::move(machines)),
        runtimes_conf(runtimes_settings(foundation)),
        bus(bus::in_process_bus(foundation.database(), foundation.clock(), foundation.threads().first(), {},
                                log("bus"))),
        operations(foundation.database(), foundation.key(), foundation.clock(), foundation.threads().first(),
                   operations_settings(foundation), log("operations")),
        identity(foundation.database(), foundation.key(), foundation.clock(), {}, log("identity")),
        compute(foundation.database(), operations, *bus, *backend, foundation.clock(), foundation.threads().first(),
                compute_settings(foundation), log("compute")),
        images(foundation.database(), foundation.clock(), foundation.installation().images()),
        flavours(foundation.database(), foundation.clock()),
        events(foundation.database(), *bus, foundation.clock()),
        runtime_cloud(foundation.database(), compute, operations, events, foundation.clock(), runtimes_conf,
                      log("runtimes")),
        news(events, foundation.clock(), log("runtimes")),
        sign_in(identity),
        service(runtime_cloud, sign_in, events),
        database_ready(foundation.database()),
        workers_ready(operations),
        runtimes_metrics(foundation.database()),
        process_metrics(operations, identity, *bus),
        api(service, events, runtimes_conf, {&process_metrics, &runtimes_metrics}, {&database_ready, &workers_ready},
            log("runtimes")),
        router(faults),
        server(foundation.threads().executors(), router, {}, log("http.access"), log("http")),
        housekeeping(foundation.threads().first()) {
    backend->listen(compute.events());
    compute.register_handlers();
    bus->consume(compute::server_changed, news);
    router.add(api, runtimes::Api::routes());
    process_metrics.watch(server.metrics());
  }

  log::Logger log(std::string name) { return foundation.logging().logger(std::move(name)); }

  Foundation& foundation;
  ControlPlaneLock lock;
  std::unique_ptr<compute::QemuBackend> backend;
  runtimes::Settings runtimes_conf;
  std::unique_ptr<bus::Bus> bus;
  operations::Operations operations;
  identity::Identity identity;
  compute::Compute compute;
  compute::Images images;
  runtimes::Flavours flavours;
  runtimes::EventLog events;
  runtimes::ComputeCloud runtime_cloud;
  runtimes::ComputeNews news;
  runtimes::IdentitySignIn sign_in;
  runtimes::Service service;
  runtimes::DatabaseReady database_ready;
  WorkersReady workers_ready;
  runtimes::RuntimesMetrics runtimes_metrics;
  ProcessMetrics process_metrics;
  runtimes::RuntimeFaults faults;
  runtimes::Api api;
  http::Router router;
  http::Server server;
  Scope housekeeping;
};

Cloud::Cloud(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}
Cloud::~Cloud() = default;

Result<std::unique_ptr<Cloud>> Cloud::open(Foundation& foundation) {
  TRY(auto lock, ControlPlaneLock::take(foundation.installation()));
  TRY_VOID(foundation.migrate());
  TRY(auto backend, open_backend(foundation));
  return std::unique_ptr<Cloud>(new Cloud(std::make_unique<Parts>(foundation, std::move(backend), std::move(lock))));
}

Result<std::string> Cloud::start(FirstStart first) {
  auto& p = *parts_;
  auto& threads = p.foundation.threads();
  TRY_VOID(threads.run(first_start(first, p.foundation, p.identity, p.flavours, p.images)));
  TRY_VOID(threads.run(p.compute.start()));
  threads.run(p.bus->start());
  TRY_VOID(threads.run(p.operations.start()));
  p.housekeeping.spawn(
      runtimes::keep_tidy(p.foundation.database(), p.foundation.clock(), p.runtimes_conf, p.log("runtimes")));

  const auto& settings = p.foundation.settings();
  http::Listen listen{settings.listen_address, settings.port, std::nullopt};
  if (!settings.tls_certificate.empty()) listen.tls = http::Tls{settings.tls_certificate, settings.tls_key};
  TRY(const auto port, p.server.listen(listen));
  const bool ipv6 = listen.address.contains(':');
  std::string url = std::string(listen.tls ? "https" : "http") + "://" +
                    (ipv6 ? "[" + listen.address + "]" : listen.address) + ":" + std::to_string(port);
  json::Object endpoints;
  endpoints.set("runtimes", url);
  TRY_VOID(
      write_private_file(p.foundation.installation().endpoints_file(), json::write(json::Value(endpoints)) + "\n"));
  p.log("nephele").info("cloud.listening", {{"url", url}, {"pid", static_cast<int>(::getpid())}});
  return url;
}

void Cloud::stop() {
  auto& p = *parts_;
  auto& threads = p.foundation.threads();
  threads.run(p.server.stop(in(drain)), drain * 2);
  threads.run(p.housekeeping.stop());
  threads.run(p.operations.stop());
  threads.run(p.bus->stop());
  threads.run(p.compute.stop());
  p.log("nephele").info("cloud.stopped");
}

}  // namespace nephele::apps
