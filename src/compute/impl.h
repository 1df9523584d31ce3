// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "base/bells.h"
#include "compute/address_pool.h"
#include "compute/compute.h"
#include "compute/context.h"
#include "compute/handlers.h"
#include "compute/recovery.h"
#include "compute/store.h"

namespace nephele::compute {

/// What the use cases, the workers and the event loop of one process share.
class Compute::Impl final : public MachineEvents {
 public:
  Impl(sql::Database& database, operations::Operations& operations, bus::Bus& bus, Backend& backend, const Clock& clock,
       const Executor& executor, Settings settings, log::Logger log);

  void on_event(MachineEvent event) override;
  void register_handlers();
  Task<Result<>> start();
  Task<> stop();

  /// The server's image with its directory; `not_found` when it was removed.
  Result<Image> image_of(sql::Tx& tx, const Server& server) const;
  Result<MachineSpec> spec_of(sql::Tx& tx, const Server& server) const;
  Image located(Image image) const;

  /// An address of the pool for the server, in its transaction.
  Result<std::string> allocate_address(sql::Tx& tx, ServerId id);
  /// Read at most once a second: it looks into /proc and asks the file system.
  Result<Capacity> capacity();
  Result<> admit(sql::Tx& tx, const std::optional<Sizes>& before, const Sizes& after);

  void tell(sql::Tx& tx, ServerId id, std::string_view what, std::string_view reason, std::int64_t generation);
  operations::OperationId enqueue(sql::Tx& tx, std::string_view kind, ServerId id, std::string account,
                                  std::string request_id, json::Value payload = json::Object{},
                                  std::optional<Secret> sealed = std::nullopt,
                                  std::chrono::milliseconds delay = std::chrono::milliseconds(0));
  /// Marks it as being restarted and asks a worker to start it from its disk.
  void enqueue_start(sql::Tx& tx, ServerId id, std::string_view why, std::chrono::milliseconds delay);

  Bells<ServerId> changed;  ///< rings when a server's row may have changed
  sql::Database& database;
  operations::Operations& operations;
  bus::Bus& bus;
  Backend& backend;
  const Clock& clock;
  const Settings settings;
  log::Logger log;

 private:
  Task<> event_loop();
  Task<Result<>> apply(const MachineEvent& event);
  Task<Result<>> draw_pool();
  Task<Result<>> reconcile();
  void reconcile_one(sql::Tx& tx, const Server& server, const MachineState* state);

  Executor executor_;
  Scope loops_;
  Bell events_bell_;
  std::mutex mutex_;  // guards the two below
  std::deque<MachineEvent> events_;
  std::optional<std::pair<SteadyTime, Capacity>> capacity_;

  std::optional<AddressPool> pool_;  // set by start()
  std::string installation_;
  Handlers handlers_;
};

std::string object_key(ServerId id);

}  // namespace nephele::compute
