// SPDX-License-Identifier: Apache-2.0
#include "apps/nephele/listener.h"

#include <unistd.h>

#include "apps/nephele/watch.h"
#include "http/server.h"
#include "identity/identity.h"
#include "runtimes/adapters/compute.h"
#include "runtimes/api.h"
#include "runtimes/flavours.h"
#include "runtimes/housekeeping.h"

namespace nephele::apps {

namespace {

constexpr std::chrono::seconds drain{20};

runtimes::Settings runtimes_settings(const Foundation& foundation) {
  runtimes::Settings settings = foundation.settings().engine.value_or(runtimes::Settings{});
  settings.host = foundation.settings().listen_address;
  settings.port = foundation.settings().port;
  settings.timeout = foundation.settings().request_timeout;
  settings.events_keep = foundation.settings().events_keep;
  settings.idempotency_keep = foundation.settings().idempotency_keep;
  return settings;
}

}  // namespace

/// The object graph, top to bottom; destructors run in the reverse order.
class Listener::Parts {
 public:
  Parts(Foundation& foundation, compute::Compute& compute, operations::Operations& operations, bus::Bus& bus,
        identity::Identity& accounts, bool works, runtimes::RequestTale* tale)
      : conf(runtimes_settings(foundation)),
        log(foundation.logging().logger("runtimes")),
        identity(accounts),
        flavours(foundation.database(), foundation.clock()),
        events(foundation.database(), bus, foundation.clock()),
        cloud(foundation.database(), compute, operations, events, foundation.clock(), conf, log),
        news(events, foundation.clock(), log),
        sign_in(identity),
        service(cloud, sign_in, events),
        database_ready(foundation.database()),
        workers_ready(operations),
        runtimes_metrics(foundation.database()),
        bus_metrics(bus),
        drivers_metrics(foundation.database()),
        workers_metrics(operations),
        web_metrics(identity),
        api(service, conf, sources(works), checks(works), log, tale),
        router(faults),
        server(foundation.threads().executors(), router, {}, foundation.logging().logger("http.access"),
               foundation.logging().logger("http")),
        housekeeping(foundation.threads().first()) {
    bus.consume(compute::server_changed, news);
    router.add(api, runtimes::Api::routes());
    web_metrics.watch(server.metrics());
  }

  std::vector<runtimes::MetricsSource*> sources(bool works) {
    std::vector<runtimes::MetricsSource*> all{&web_metrics, &bus_metrics, &drivers_metrics, &runtimes_metrics};
    if (works) all.insert(all.begin(), &workers_metrics);
    return all;
  }
  std::vector<runtimes::ReadinessCheck*> checks(bool works) {
    std::vector<runtimes::ReadinessCheck*> all{&database_ready};
    if (works) all.push_back(&workers_ready);
    return all;
  }

  runtimes::Settings conf;
  log::Logger log;
  identity::Identity& identity;
  runtimes::Flavours flavours;
  runtimes::EventLog events;
  runtimes::ComputeCloud cloud;
  runtimes::ComputeNews news;
  runtimes::IdentitySignIn sign_in;
  runtimes::Service service;
  runtimes::DatabaseReady database_ready;
  WorkersReady workers_ready;
  runtimes::RuntimesMetrics runtimes_metrics;
  BusMetrics bus_metrics;
  DriversMetrics drivers_metrics;
  WorkersMetrics workers_metrics;
  WebMetrics web_metrics;
  runtimes::RuntimeFaults faults;
  runtimes::Api api;
  http::Router router;
  http::Server server;
  Scope housekeeping;
};

Listener::Listener(Foundation& foundation, compute::Compute& compute, operations::Operations& operations, bus::Bus& bus,
                   identity::Identity& identity, bool works, runtimes::RequestTale* tale)
    : foundation_(foundation),
      parts_(std::make_unique<Parts>(foundation, compute, operations, bus, identity, works, tale)) {}

Listener::~Listener() = default;

Result<> Listener::prepare(FirstStart first) {
  return foundation_.threads().run(first_start(first, foundation_, parts_->identity, parts_->flavours));
}

Result<std::string> Listener::start() {
  auto& p = *parts_;
  p.housekeeping.spawn(runtimes::keep_tidy(foundation_.database(), foundation_.clock(), p.conf, p.log));
  const auto& settings = foundation_.settings();
  http::Listen listen{settings.listen_address, settings.port, std::nullopt};
  if (!settings.tls_certificate.empty()) listen.tls = http::Tls{settings.tls_certificate, settings.tls_key};
  TRY(const auto port, p.server.listen(listen));
  std::string url = base_url(listen, port);
  foundation_.logging().logger("nephele").info("cloud.listening",
                                               {{"url", url}, {"pid", static_cast<int>(::getpid())}});
  return url;
}

void Listener::stop() {
  auto& threads = foundation_.threads();
  threads.run(parts_->server.stop(in(drain)), drain * 2);
  threads.run(parts_->housekeeping.stop());
}

}  // namespace nephele::apps
