// SPDX-License-Identifier: Apache-2.0
#include "apps/provision_engine/engine.h"

#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <filesystem>
#include <thread>
#include <utility>

#include "apps/provision_engine/ending.h"
#include "base/io_threads.h"
#include "bus/bus.h"
#include "http/server.h"
#include "runtimes/adapters/opennebula/opennebula.h"
#include "runtimes/api.h"
#include "runtimes/engine_tale.h"
#include "runtimes/housekeeping.h"
#include "runtimes/migrations.h"
#include "runtimes/probes.h"
#include "runtimes/store.h"

namespace nephele::apps::engine {
namespace {

namespace fs = std::filesystem;

std::string host_name() {
  std::array<char, 256> name{};
  if (::gethostname(name.data(), name.size() - 1) != 0) return "localhost";
  return name.data();
}

opennebula::Endpoint endpoint(const Conf& conf, const std::string& url) {
  // As many as requests may wait at once for a OneFlow that is slow.
  constexpr std::size_t connections = 4096;
  return {.url = url,
          .timeout = conf.one_timeout,
          .verify_tls = conf.verify_tls,
          .ca_file = conf.ca_file,
          .connections = connections};
}

std::optional<opennebula::Dialect> forced(WhichDialect which) {
  if (which == WhichDialect::v6) return opennebula::Dialect::v6;
  if (which == WhichDialect::v7) return opennebula::Dialect::v7;
  return std::nullopt;
}

operations::Settings operations_settings(const Conf& conf) {
  operations::Settings settings;
  settings.place = host_name() + ":" + conf.data;  // several engines may share a database, but not this directory
  settings.keep = std::chrono::hours(24);
  return settings;
}

http::Limits limits(const Conf& conf) {
  http::Limits limits;
  // Two functions, each with a capacity and a disk that may take the timeout.
  limits.request = std::max<std::chrono::milliseconds>(limits.request, conf.runtimes.timeout * 5);
  return limits;
}

/// The API's, with this file's limit of a body.
std::vector<http::Route<runtimes::Api>> routes(const Conf& conf) {
  const auto shipped = runtimes::Api::routes();
  std::vector<http::Route<runtimes::Api>> out(shipped.begin(), shipped.end());
  for (auto& route : out)
    if (route.body_bytes_max > 0) route.body_bytes_max = static_cast<std::size_t>(conf.body_max);
  return out;
}

Result<std::unique_ptr<sql::Database>> open_database(const Conf& conf) {
  sql::Settings settings;
  settings.url = conf.database.empty() ? "sqlite:" + conf.data + "/engine.db" : conf.database.reveal();
  TRY(auto database, sql::Database::open(settings));
  for (const auto steps : {std::span<const sql::Migration>(bus::migrations()), operations::Operations::migrations(),
                           std::span<const sql::Migration>(runtimes::all_migrations)})
    TRY_VOID(database->migrate(steps));
  return database;
}

/// What a request sets in motion is written down first: without that database none can be taken.
class JournalReady final : public runtimes::ReadinessCheck {
 public:
  explicit JournalReady(sql::Database& database) : database_(database) {}
  std::string_view name() const override { return "database"; }
  Task<Result<>> check() override {
    // Flavours are OpenNebula's service templates: there are none here, but the table is.
    CO_TRY_VOID(co_await database_.read([](sql::Tx& tx) { return runtimes::store::any_flavour(tx); }));
    co_return Result<>{};
  }

 private:
  sql::Database& database_;
};

}  // namespace

/// The object graph, top to bottom; destructors run in the reverse order.
class Engine::Parts {
 public:
  Parts(const Conf& wanted, log::Logging& logging, CallFile* call_file, const SecretKey& secret,
        std::unique_ptr<IoThreads> loops, std::unique_ptr<sql::Database> db)
      : conf(wanted),
        log(logging.logger(std::string(engine_component))),
        calls(logging.logger(std::string(cloud_client))),
        key(secret),
        threads(std::move(loops)),
        database(std::move(db)),
        bus(bus::in_process_bus(*database, clock, threads->first(), {}, logging.logger("bus"))),
        operations(*database, key, clock, threads->first(), operations_settings(conf), logging.logger("operations")),
        oned(endpoint(conf, conf.runtimes.one_xmlrpc), &calls),
        flow(endpoint(conf, conf.runtimes.oneflow_server), &calls),
        reader(oned, flow),
        dialects(oned, forced(conf.dialect)),
        leftovers(*database, operations, {oned, flow, reader}, clock, conf.runtimes, log),
        cloud({oned, flow, reader}, dialects, leftovers, conf.runtimes, conf.sr_auth,
              logging.logger(std::string(cloud_client))),
        events(*database, *bus, clock),
        service(cloud, sign_in, events),
        journal_ready(*database),
        tale(log, frame_of(call_file), conf.pretty_log),
        api(service, conf.runtimes, {}, {&journal_ready}, logging.logger("api"), &tale),
        router(faults),
        server(threads->executors(), router, limits(conf), logging.logger("http.access"), logging.logger("http")),
        housekeeping(threads->first()) {
    leftovers.register_handlers();
    const auto own = routes(conf);
    router.add(api, std::span<const http::Route<runtimes::Api>>(own));
  }

  const Conf conf;
  log::Logger log;
  CallLines calls;
  SystemClock clock;
  SecretKey key;
  std::unique_ptr<IoThreads> threads;  // outlives the database's threads, which answer on it
  std::unique_ptr<sql::Database> database;
  std::unique_ptr<bus::Bus> bus;
  operations::Operations operations;
  opennebula::Oned oned;
  opennebula::OneFlow flow;
  opennebula::Reader reader;
  opennebula::Dialects dialects;
  runtimes::one::Leftovers leftovers;
  runtimes::OpenNebulaCloud cloud;
  runtimes::EventLog events;
  runtimes::PassThroughSignIn sign_in;
  runtimes::Service service;
  JournalReady journal_ready;
  runtimes::EngineTale tale;
  runtimes::RuntimeFaults faults;
  runtimes::Api api;
  http::Router router;
  http::Server server;
  Scope housekeeping;
};

Engine::Engine(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}
Engine::~Engine() = default;

Result<std::unique_ptr<Engine>> Engine::open(const Conf& conf, log::Logging& logging, CallFile* calls) {
  std::error_code ec;
  fs::create_directories(conf.data, ec);
  if (ec || ::chmod(conf.data.c_str(), 0700) != 0)
    return fail(Kind::unavailable, conf.data + " cannot be used: " + (ec ? ec.message() : "it is not ours") +
                                       "; it keeps what must be cleaned up after a crash (:data:)");
  TRY(const auto key, SecretKey::open_or_create(conf.data + "/secret.key"));
  auto threads = std::make_unique<IoThreads>(std::max(1U, std::thread::hardware_concurrency()));
  TRY(auto database, open_database(conf));
  if (const auto same = operations::check_key(*database, key); !same) {
    if (same.error().kind() != Kind::conflict) return fail(same.error());
    return fail(Kind::conflict, "what is in :database: was sealed with another key; copy that engine's secret.key to " +
                                    conf.data + " and start again");
  }
  return std::unique_ptr<Engine>(
      new Engine(std::make_unique<Parts>(conf, logging, calls, key, std::move(threads), std::move(database))));
}

Result<std::string> Engine::start() {
  auto& p = *parts_;
  p.log.info("Initializing Provision Engine component: engine");
  p.log.info("Using oned at " + p.conf.runtimes.one_xmlrpc);
  p.log.info("Using oneflow at " + p.conf.runtimes.oneflow_server);
  if (!p.conf.verify_tls)
    p.log.warn(":verify_tls: is false: whoever answers for oned and OneFlow is believed, and is told passwords");
  p.threads->run(p.bus->start());
  TRY_VOID(p.threads->run(p.operations.start()));
  p.housekeeping.spawn(runtimes::keep_tidy(*p.database, p.clock, p.conf.runtimes, p.log));
  http::Listen listen;
  listen.address = listen_address(p.conf);
  listen.port = p.conf.runtimes.port;
  if (!p.conf.tls_certificate.empty()) listen.tls = http::Tls{p.conf.tls_certificate, p.conf.tls_key};
  TRY(const auto port, p.server.listen(listen));
  return p.conf.runtimes.host + ":" + std::to_string(port);
}

void Engine::stop() {
  auto& p = *parts_;
  p.threads->run(p.server.stop(in(drain)), drain + closing);
  p.threads->run(p.housekeeping.stop());
  p.threads->run(p.operations.stop());
  p.threads->run(p.bus->stop());
}

}  // namespace nephele::apps::engine
