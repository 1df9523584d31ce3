// SPDX-License-Identifier: Apache-2.0
// The runtimes API over an adapter whose cloud takes 20 s for a create: what scripts/bench holds 1,000 POSTs against.
//   slow_runtimes PORT DIRECTORY     anybody may sign in; ends on SIGTERM

#include <atomic>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <cstdio>
#include <cstdlib>
#include <span>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "bus/bus.h"
#include "http/server.h"
#include "runtimes/api.h"
#include "runtimes/store.h"

namespace {

using namespace nephele;
using namespace nephele::runtimes;

class SlowCloud final : public RuntimeCloud {
 public:
  Task<Answer<View>> create(Caller, NewRuntime wanted) override {
    co_await sleep_for(std::chrono::seconds(20));
    const std::int64_t service = last_.fetch_add(2) + 1;
    Function function;
    function.vm_id = service;
    function.sizes = {.cpu = 1, .memory_mib = 128, .disk_mib = 256};
    const RuntimeId id(service + 1);
    co_return View{.id = id,
                   .runtime = render(id, service, wanted.specification.name.value_or("slow"),
                                     wanted.specification.document, std::span(&function, 1))};
  }
  Task<Answer<View>> read(Caller, RuntimeId) override { co_return refuse(Code::not_found); }
  Task<Answer<View>> update(Caller, RuntimeId, Change) override { co_return refuse(Code::not_found); }
  Task<Answer<>> remove(Caller, RuntimeId) override { co_return refuse(Code::not_found); }
  Task<Answer<Listed>> list(Caller, ListPage) override { co_return Listed{}; }

 private:
  std::atomic<std::int64_t> last_{0};
};

class Everybody final : public SignIn {
 public:
  Task<Result<Caller>> sign_in(http::Basic credentials, std::string, std::string request_id) override {
    co_return Caller{.account = credentials.user,
                     .user = credentials.user,
                     .password = std::move(credentials.password),
                     .request_id = std::move(request_id)};
  }
};

int failed(const Error& error) {
  std::fprintf(stderr, "slow_runtimes: %s\n", error.sentence().c_str());
  return EXIT_FAILURE;
}

int serve(std::uint16_t port, const std::string& directory) {
  asio::io_context context(1);
  const SystemClock clock;
  auto database = sql::Database::open({.url = "sqlite:" + directory + "/slow.db"});
  if (!database) return failed(database.error());
  if (auto done = (*database)->migrate(bus::migrations()); !done) return failed(done.error());
  const auto bus = bus::in_process_bus(**database, clock, context.get_executor(), {}, {});

  SlowCloud cloud;
  Everybody sign_in;
  EventLog events(**database, *bus, clock);
  Service service(cloud, sign_in, events);
  const Settings settings;
  const RuntimeFaults faults;
  Api api(service, events, settings, {}, {}, {});
  http::Router router(faults);
  router.add(api, Api::routes());

  http::Server server({context.get_executor()}, router, {}, {}, {});
  if (auto bound = server.listen({.address = "127.0.0.1", .port = port}); !bound) return failed(bound.error());
  asio::signal_set signals(context, SIGTERM, SIGINT);
  signals.async_wait([&context](auto, auto) { context.stop(); });
  context.run();
  return EXIT_SUCCESS;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) {
    std::fprintf(stderr, "usage: slow_runtimes PORT DIRECTORY\n");
    return 2;
  }
  return serve(static_cast<std::uint16_t>(std::atoi(argv[1])), argv[2]);
}
