// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "base/async.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/log.h"
#include "sql/sql.h"

/// Events between services. Two kinds of topic: *work* (each message handled once, in order, by one consumer of all
/// processes) and *notify* (everyone who listens is woken; nothing is kept for those who do not).
namespace nephele::bus {

struct Topic {
  enum class Kind : std::uint8_t { work, notify };
  std::string_view name;  ///< "compute.server_changed"; stands in the public header of the service that publishes
  Kind kind;
};

struct Message {
  std::int64_t id = 0;  ///< grows; the same message delivered twice has the same id
  std::string key;      ///< what it is about: "server:42"
  json::Value body;
};

/// Handles messages of a work topic inside the transaction that takes them off the topic: both happen or neither.
/// Synchronous, no side effects but SQL. An Error or exception leaves the message; it is tried again with back-off.
class Consumer {
 public:
  virtual ~Consumer() = default;
  virtual Result<> consume(sql::Tx& tx, const Message& message) = 0;
};

/// Called on the bus's executor after the commit of the publishing transaction; must not block.
class Listener {
 public:
  virtual ~Listener() = default;
  virtual void notified(const Message& message) = 0;
};

/// The port. Contract suite: bus/contract_test.cpp. Adapters: in process (journaled in the database); RabbitMQ later.
class Bus {
 public:
  virtual ~Bus() = default;
  /// In the publisher's transaction: rolled back with it.
  virtual void publish(sql::Tx& tx, const Topic& topic, std::string key, json::Value body) = 0;
  /// Before start(); one consumer per work topic and process.
  virtual void consume(const Topic& topic, Consumer& consumer) = 0;
  /// Any time, on any thread; the subscription ends with the returned handle.
  virtual std::shared_ptr<void> listen(const Topic& topic, Listener& listener) = 0;
  virtual Task<> start() = 0;
  virtual Task<> stop() = 0;
  /// Messages of work topics not yet handled.
  virtual Task<Result<std::int64_t>> backlog() = 0;
};

struct Settings {
  std::chrono::milliseconds poll{1'000};  ///< for messages published by other processes
  std::chrono::milliseconds retry_max{5'000};
  std::chrono::minutes keep_notifications{5};
};

std::span<const sql::Migration> migrations();
std::unique_ptr<Bus> in_process_bus(sql::Database& database, const Clock& clock, Executor executor, Settings settings,
                                    log::Logger log);

}  // namespace nephele::bus
