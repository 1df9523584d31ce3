// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "base/io_threads.h"
#include "compute/compute.h"
#include "compute/images.h"
#include "compute/testing/fake_backend.h"

namespace nephele::compute::testing {

/// Writes down what the owner of a server is told.
class Told final : public bus::Consumer {
 public:
  Result<> consume(sql::Tx&, const bus::Message& message) override {
    const std::lock_guard lock(mutex_);
    words_.emplace_back(message.body.text_at({"what"}));
    return {};
  }
  /// Empty as long as nothing was told.
  std::string last() {
    const auto all = words();
    return all.empty() ? std::string() : all.back();
  }
  std::vector<std::string> words() {
    const std::lock_guard lock(mutex_);
    return words_;
  }

 private:
  std::mutex mutex_;
  std::vector<std::string> words_;
};

/// One life of a control plane. The machines outlive it; without machines it drives none.
class Life {
 public:
  Life(std::unique_ptr<sql::Database> db, const SecretKey& key, FakeBackend* machines, const std::string& images,
       Settings settings)
      : drives(machines != nullptr),
        database(std::move(db)),
        operations(*database, key, clock, threads.first(), quick(settings.driver.text()), {}),
        bus(bus::in_process_bus(*database, clock, threads.first(), {}, {})),
        shelf(*database, clock, images, least_disk),
        compute(*database, operations, *bus, machines, clock, threads.first(), std::move(settings), {}) {
    bus->consume(server_changed, told);
    if (!drives) return;
    machines->report_to(compute.events());
    compute.register_handlers();
  }
  ~Life() {
    if (!started) return;
    if (drives) threads.run(operations.stop());
    threads.run(bus->stop());
    threads.run(compute.stop());
  }
  void start() {
    if (drives) {
      threads.run(compute.start()).value();
      threads.run(operations.start()).value();
    }
    threads.run(bus->start());
    started = true;
  }

  /// As kill -9 would: nothing is given back, nothing is finished.
  void die() {
    threads.halt();
    started = false;
  }

  const bool drives;
  IoThreads threads{1};
  std::unique_ptr<sql::Database> database;
  SystemClock clock;
  operations::Operations operations;
  std::unique_ptr<bus::Bus> bus;
  Told told;
  Images shelf;
  Compute compute;
  bool started = false;

 private:
  static operations::Settings quick(std::string place) {
    operations::Settings settings;
    settings.place = std::move(place);
    settings.first_retry = std::chrono::milliseconds{5};
    settings.poll = std::chrono::milliseconds{50};
    settings.lease = std::chrono::seconds{1};
    return settings;
  }
};

}  // namespace nephele::compute::testing
