// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <memory>
#include <stdexcept>

#include "base/io_threads.h"
#include "base/temp_directory.h"
#include "bus/bus.h"
#include "compute/compute.h"
#include "compute/images.h"
#include "compute/testing/fake_backend.h"
#include "operations/operations.h"

namespace nephele::compute::testing {

/// Compute over operations and a bus, all of them real; only the machines are not. Its shelf holds the image
/// "function".
class Stack {
 public:
  /// `recover_after`: see compute::Settings.
  Stack(sql::Database& database, IoThreads& running, std::chrono::milliseconds recover_after)
      : database_(database), recover_after_(recover_after), loop(running) {}
  ~Stack() { stop(); }
  Stack(const Stack&) = delete;
  Stack& operator=(const Stack&) = delete;

  /// Consumers of the bus and handlers of operations come before.
  void start() {
    backend.report_to(compute.events());
    compute.register_handlers();
    demand(loop.run(compute.start()));
    demand(loop.run(operations.start()));
    loop.run(bus->start());
    for (const auto* part : {"vmlinux", "initrd.img", "root.qcow2", "cmdline"}) image.write(part, part);
    demand(loop.run(shelf.add("function", image.path().string())));
  }
  /// Before anything goes that consumes or handles.
  void stop() {
    if (stopped_) return;
    stopped_ = true;
    loop.run(ended());
  }

  sql::Database& database() { return database_; }
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
    quick.place = "here";
    quick.first_retry = std::chrono::milliseconds{20};
    return quick;
  }
  Settings compute_settings() const {
    Settings small;
    small.driver = DriverId("here");
    small.host = "the-host";
    small.images_directory = images.path().string();
    small.address_pool = "127.96.16.0/20";
    small.recover_after = recover_after_;
    return small;
  }

  sql::Database& database_;
  std::chrono::milliseconds recover_after_;
  bool stopped_ = false;

 public:
  TempDirectory image, images;
  IoThreads& loop;  ///< outlives the database
  SystemClock clock;
  SecretKey key = SecretKey::random();
  operations::Operations operations{database_, key, clock, loop.first(), operations_settings(), {}};
  std::unique_ptr<bus::Bus> bus = bus::in_process_bus(database_, clock, loop.first(), {}, {});
  FakeBackend backend;
  Compute compute{database_, operations, *bus, &backend, clock, loop.first(), compute_settings(), {}};
  Images shelf{database_, clock, images.path().string(), least_disk};
};

/// What a Stack needs in its database.
template <class Migrate>
void migrate_all(Migrate migrate) {
  for (const auto& part : {bus::migrations(), operations::Operations::migrations(), Compute::migrations()})
    migrate(part);
}

}  // namespace nephele::compute::testing
