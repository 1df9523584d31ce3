// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <memory>
#include <stdexcept>
#include <string>

#include "base/temp_directory.h"
#include "bus/bus.h"
#include "compute/compute.h"
#include "compute/images.h"
#include "compute/testing/fake_backend.h"
#include "operations/operations.h"
#include "runtimes/adapters/compute.h"
#include "runtimes/flavours.h"
#include "runtimes/testing/running.h"

namespace nephele::runtimes::testing {

using compute::testing::FakeBackend;

/// The compute adapter over real compute, operations and bus; only the machines are not real.
class ComputeStack {
 public:
  ComputeStack(sql::Database& database, Running& running) : database_(database), loop(running) {
    bus->consume(compute::server_changed, news);
    backend.report_to(compute.events());
    compute.register_handlers();
    demand(loop.run(compute.start()));
    demand(loop.run(operations.start()));
    loop.run(bus->start());
    for (const auto* part : {"vmlinux", "initrd.img", "root.qcow2", "cmdline"}) image.write(part, part);
    demand(loop.run(shelf.add("function", image.path().string())));
    demand(loop.run(flavours.seed()));
  }
  ~ComputeStack() { stop(); }
  ComputeStack(const ComputeStack&) = delete;
  ComputeStack& operator=(const ComputeStack&) = delete;

  void stop() {
    if (stopped_) return;
    stopped_ = true;
    loop.run(ended());
  }

  static Caller ada() {
    return {.account = "id-of-ada", .admin = false, .user = "ada", .password = Secret("pass:word"), .request_id = "r1"};
  }
  static Caller bob() {
    return {.account = "id-of-bob", .admin = false, .user = "bob", .password = Secret("secret"), .request_id = "r2"};
  }
  static NewRuntime wanted(const std::string& runtime) {
    return {.specification = read_specification(*json::parse("{\"SERVERLESS_RUNTIME\":" + runtime + "}")),
            .idempotency = std::nullopt};
  }
  static Change change(const std::string& runtime) {
    return {.wanted = wanted(runtime).specification, .deadline = in(std::chrono::seconds{20})};
  }

  Answer<View> create(const std::string& runtime, Caller caller = ada()) {
    return loop.run(cloud.create(std::move(caller), wanted(runtime)));
  }
  Answer<View> update(RuntimeId id, const std::string& runtime, Caller caller = ada()) {
    return loop.run(cloud.update(std::move(caller), id, change(runtime)));
  }
  /// The runtime as JSON; null when it cannot be read.
  json::Value read(RuntimeId id) {
    const auto view = loop.run(cloud.read(ada(), id));
    return view ? *json::parse(view->runtime) : json::Value{};
  }
  bool reaches(RuntimeId id, std::string_view state, std::string_view function = "FAAS") {
    return eventually([&] { return read(id).text_at({function, "STATE"}) == state; });
  }
  /// A runtime that runs.
  View running(const std::string& runtime = R"({"FAAS":{"FLAVOUR":"nature"}})") {
    auto view = create(runtime);
    if (!view || !reaches(view->id, "RUNNING")) throw std::runtime_error("it does not run");
    return *view;
  }
  std::int64_t vm_of(RuntimeId id, std::string_view function = "FAAS") {
    return *read(id).at_path({function, "VM_ID"})->integer();
  }
  std::vector<RuntimeEvent> told(RuntimeId id) { return *loop.run(events.after(id, 0, 1000)); }

  template <class T>
  static void demand(const Result<T>& result) {
    if (!result) throw std::runtime_error(result.error().sentence());
  }

 private:
  Task<> ended() {
    co_await operations.stop();
    co_await bus->stop();
    co_await compute.stop();
  }
  static operations::Settings operations_settings() {
    operations::Settings quick;
    quick.host = "here";
    quick.first_retry = std::chrono::milliseconds{20};
    return quick;
  }
  compute::Settings compute_settings() const {
    compute::Settings small;
    small.host = "here";
    small.images_directory = images.path().string();
    small.address_pool = "127.96.16.0/20";
    small.recover_after = std::chrono::milliseconds{20};
    return small;
  }

  sql::Database& database_;
  bool stopped_ = false;

 public:
  TempDirectory image, images;
  Running& loop;  ///< outlives the database
  SystemClock clock;
  SecretKey key = SecretKey::random();
  Settings settings;
  operations::Operations operations{database_, key, clock, loop.executor(), operations_settings(), {}};
  std::unique_ptr<bus::Bus> bus = bus::in_process_bus(database_, clock, loop.executor(), {}, {});
  FakeBackend backend;
  compute::Compute compute{database_, operations, *bus, backend, clock, loop.executor(), compute_settings(), {}};
  EventLog events{database_, *bus, clock};
  ComputeNews news{events, clock, {}};
  ComputeCloud cloud{database_, compute, operations, events, clock, settings, {}};
  compute::Images shelf{database_, clock, images.path().string()};
  Flavours flavours{database_, clock};
};

/// Everything that a process over our own cloud needs in its database.
template <class Migrate>
void migrate_all(Migrate migrate) {
  for (const auto& part :
       {bus::migrations(), operations::Operations::migrations(), compute::Compute::migrations(), migrations()})
    migrate(part);
}

}  // namespace nephele::runtimes::testing
