// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <memory>
#include <stdexcept>
#include <string>

#include "base/eventually.h"
#include "compute/testing/stack.h"
#include "runtimes/adapters/compute.h"
#include "runtimes/flavours.h"

namespace nephele::runtimes::testing {

using compute::testing::FakeBackend;

/// The compute adapter over real compute, operations and bus; only the machines are not real.
class ComputeStack : public compute::testing::Stack {
 public:
  ComputeStack(sql::Database& database, IoThreads& running) : Stack(database, running, std::chrono::milliseconds{20}) {
    bus->consume(compute::server_changed, news);
    start();
    demand(loop.run(flavours.seed()));
  }
  ~ComputeStack() { stop(); }
  ComputeStack(const ComputeStack&) = delete;
  ComputeStack& operator=(const ComputeStack&) = delete;

  static Caller ada() {
    return {.account = "id-of-ada", .admin = false, .user = "ada", .password = Secret("pass:word"), .request_id = "r1"};
  }
  static Caller bob() {
    return {.account = "id-of-bob", .admin = false, .user = "bob", .password = Secret("secret"), .request_id = "r2"};
  }
  static NewRuntime wanted(const std::string& runtime) {
    return {
        .specification = read_specification(*json::parse("{\"SERVERLESS_RUNTIME\":" + runtime + "}", document_limits)),
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
    return view ? *json::parse(view->runtime, document_limits) : json::Value{};
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

  Settings settings;
  EventLog events{database(), *bus, clock};
  ComputeNews news{events, clock, {}};
  ComputeCloud cloud{database(), compute, operations, events, clock, settings, {}};
  Flavours flavours{database(), clock};
};

/// Everything that a process over our own cloud needs in its database.
template <class Migrate>
void migrate_all(Migrate migrate) {
  compute::testing::migrate_all(migrate);
  migrate(migrations());
}

}  // namespace nephele::runtimes::testing
