// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/log.h"
#include "bus/bus.h"
#include "compute/backend.h"
#include "compute/model.h"
#include "compute/placement.h"
#include "operations/operations.h"
#include "sql/sql.h"

/// Servers: what is wanted, what is seen, and the work between the two.
namespace nephele::compute {

/// A server changed as its owner sees it. Key "server:ID"; body {"server": ID, "what": WHAT, "reason": "...",
/// "generation": N}, WHAT one of: created, started, ready, stopped, error, resize_started, resized, restarted (a resize
/// that needed a restart), resize_failed, guest_reboot, recovering, removing, deleted.
inline constexpr bus::Topic server_changed{"compute.server_changed", bus::Topic::Kind::work};

struct Settings {
  // Who this process is when it drives machines (decision 0009); without a backend nothing of it is read.
  DriverId driver;   ///< its operations have it in `runs_on`: they run where the machines are
  std::string host;  ///< name of this host, for people
  std::string hold;  ///< of the data directory: the same in the next process, another one in a copy of the directory
  std::chrono::milliseconds driver_says_every{5'000};  ///< that it lives, and what fits
  std::chrono::milliseconds driver_silence{30'000};    ///< after which nothing new is given to it
  std::string images_directory;                        ///< DATA/images
  std::string address_pool;                            ///< "127.96.16.0/20": drawn at the first start when empty
  std::chrono::seconds ready_within{180};              ///< from start to READY, else error
  std::chrono::seconds stop_grace{20};
  std::chrono::milliseconds recover_after{2'000};  ///< of a crash; recovery starts by itself
  int recoveries_max = 3;                          ///< within recoveries_window
  std::chrono::seconds recoveries_window{600};
  std::chrono::seconds address_rest{30};  ///< a taken or freed address is left alone for a while
};

struct Page {
  std::string owner;  ///< empty: everybody's (operators)
  ServerId after;
  std::size_t limit = 100;
};

/// With a backend a process drives the machines of its data directory: it calls register_handlers() and start().
/// Without one it has the use cases only, and admits servers by what the drivers say of themselves in the database.
class Compute {
 public:
  Compute(sql::Database& database, operations::Operations& operations, bus::Bus& bus, Backend* backend,
          const Clock& clock, Executor executor, Settings settings, log::Logger log);
  ~Compute();
  Compute(const Compute&) = delete;
  Compute& operator=(const Compute&) = delete;

  static std::span<const sql::Migration> migrations();

  /// Where the backend reports what happens to machines.
  MachineEvents& events() noexcept;

  /// Registers the handlers with operations; before operations.start().
  void register_handlers();
  /// Takes the driver's post (`conflict` when a copy of the data directory drives) and compares what is wanted with
  /// what runs: adopts, restarts what a host reboot ended, ends orphans. Then watches, and says every few seconds that
  /// it lives and what fits.
  Task<Result<>> start();
  Task<> stop();

  Task<Result<Server>> find(ServerId id);
  Task<Result<std::vector<Server>>> list(Page page);
  Task<Result<std::string>> console_log(ServerId id, std::size_t bytes);
  Task<Result<std::string>> console_socket(ServerId id);

  class Impl;
  Impl& impl() noexcept { return *impl_; }  ///< for tx.cpp

 private:
  std::unique_ptr<Impl> impl_;
};

/// Who drives machines, as they last said.
Task<Result<std::vector<Driver>>> drivers(sql::Database& database);

}  // namespace nephele::compute
