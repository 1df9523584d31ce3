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
  Impl(sql::Database& database, operations::Operations& operations, bus::Bus& bus, Backend* backend, const Clock& clock,
       const Executor& executor, Settings settings, log::Logger log);

  void on_event(MachineEvent event) override;
  void register_handlers();
  Task<Result<>> start();
  Task<> stop();

  /// The server's image with its directory; `not_found` when it was removed.
  Result<Image> image_of(sql::Tx& tx, const Server& server) const;
  Result<MachineSpec> spec_of(sql::Tx& tx, const Server& server) const;
  Image located(Image image) const;

  /// Only where machines are driven; elsewhere a call is a bug.
  Backend& backend() const;
  bool drives() const noexcept { return backend_ != nullptr; }

  /// An address of the driver's pool for the server, in its transaction.
  Result<std::string> allocate_address(sql::Tx& tx, const DriverId& driver, ServerId id);
  /// Who gets the new server: it fits there.
  Result<Driver> place(sql::Tx& tx, const NewServer& wanted);
  /// The same server with other sizes, or running again, where it is.
  Result<> admit(sql::Tx& tx, const Server& server, const std::optional<Sizes>& before, const Sizes& after);

  void tell(sql::Tx& tx, ServerId id, std::string_view what, std::string_view reason, std::int64_t generation);
  operations::OperationId enqueue(sql::Tx& tx, std::string_view kind, const Server& server, std::string account,
                                  std::string request_id, json::Value payload = json::Object{},
                                  std::optional<Secret> sealed = std::nullopt,
                                  std::chrono::milliseconds delay = std::chrono::milliseconds(0));
  /// Marks it as being restarted and asks a worker to start it from its disk.
  void enqueue_start(sql::Tx& tx, const Server& server, std::string_view why, std::chrono::milliseconds delay);

  Bells<ServerId> changed;  ///< rings when a server's row may have changed
  sql::Database& database;
  operations::Operations& operations;
  bus::Bus& bus;
  const Clock& clock;
  const Settings settings;
  log::Logger log;

 private:
  Task<> event_loop();
  Task<Result<>> apply(const MachineEvent& event);
  Task<Result<>> take_post();
  Task<Result<std::string>> choose_pool(const std::vector<Driver>& others, std::optional<std::string> own);
  Result<bool> try_post(sql::Tx& tx, const store::Post& wanted, Time now);
  Task<> say_loop();
  Task<Result<>> reconcile();
  Task<Result<>> remove_orphan(ServerId id);
  /// What this process would say now, where it drives.
  Result<std::optional<Driver>> ourselves();
  void reconcile_one(sql::Tx& tx, const Server& server, const MachineState* state);

  Backend* backend_;  // none: this process drives no machines
  Scope loops_;
  Bell events_bell_;
  std::mutex mutex_;  // guards the next
  std::deque<MachineEvent> events_;

  const std::string instance_;  // of this process, in its post
  std::string installation_;    // set by start()
  Handlers handlers_;
};

std::string object_key(ServerId id);

}  // namespace nephele::compute
