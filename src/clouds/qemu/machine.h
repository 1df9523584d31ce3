// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "base/async.h"
#include "base/log.h"
#include "base/workers.h"
#include "clouds/qemu/control.h"
#include "clouds/qemu/process.h"
#include "clouds/qemu/qmp.h"
#include "clouds/qemu/record.h"
#include "clouds/qemu/run_directory.h"
#include "clouds/qemu/strand.h"

namespace nephele::qemu {

/// Something happened to a machine by itself.
struct Happened {
  enum class What : std::uint8_t { ready, guest_shutdown, guest_reboot, crashed, panicked, io_error, io_resumed };
  std::string id;
  std::int64_t generation = 0;
  std::int64_t sequence = 0;  ///< grows per machine, also over restarts of the controller
  What what = What::ready;
  std::string reason;
};

class Listener {
 public:
  virtual ~Listener() = default;
  /// On the strand; must not block.
  virtual void on_happened(Happened happened) = 0;
};

/// What all machines of a host share. Outlives them.
struct Surroundings {
  Executor strand;
  Scope& scope;  ///< runs on the strand; its stop() lets go of all machines, which live on
  Workers& workers;
  Listener& listener;
  log::Logger log;
  Bytes console_log_max = Bytes::mib(1);
};

/// One running QEMU, started or found again. All calls on the strand, and one change at a time (Turns).
class Machine : public std::enable_shared_from_this<Machine> {
 public:
  using Pointer = std::shared_ptr<Machine>;
  enum class Resized : std::uint8_t { live, needs_restart };

  /// Starts a process with these arguments ([0] the program), which inherits `files` under their numbers, and returns
  /// when its monitor answers. `record` carries id, uuid, generation and sizes. Errors: `conflict` when a process of
  /// this machine lives already (adopt it), or with detail "address" when a forward's address is taken; `over_quota`
  /// when the host has no memory for it; `invalid` for unusable disks; else `unavailable` with QEMU's own words.
  static Task<Result<Pointer>> start(Surroundings& around, RunDirectory directory, Record record,
                                     std::vector<std::string> arguments, std::vector<FileHandle> files);
  /// Takes up the process that an earlier controller started. `not_found` when there is none any more: then
  /// settle_dead() says what became of it.
  static Task<Result<Pointer>> adopt(Surroundings& around, RunDirectory directory, Record record);
  /// The record of a machine whose process is gone, brought up to date and saved; leftovers removed.
  static Result<Record> settle_dead(const RunDirectory& directory, Record record);

  Machine(Surroundings& around, RunDirectory directory, Record record, Process process);

  bool gone() const noexcept { return concluded_; }
  /// What we know now; after the end it says how it ended.
  const Record& record() const noexcept { return record_; }
  bool paused_by_disk() const noexcept { return disk_stopped_; }

  /// Orderly within `grace` (zero: at once), then by force. Returns when the process is gone.
  Task<Result<>> stop(std::chrono::milliseconds grace);
  /// Orderly within `grace`, then like the reset button; the process stays.
  Task<Result<>> reboot(std::chrono::milliseconds grace);
  /// `needs_restart`: fewer processors, or beyond what it was started for, or the guest does not follow. A disk never
  /// shrinks: `invalid`.
  Task<Result<Resized>> resize(Sizes wanted);

 private:
  using Incoming = std::variant<QmpEvent, ControlFrame>;

  // The coroutines that live as long as the process; each keeps the machine alive.
  void begin_watching();
  static Task<> watch(Pointer self);
  static Task<> handle_incoming(Pointer self);
  static Task<> serve_monitor(Pointer self);
  static Task<> serve_control(Pointer self);
  static Task<> keep_console_small(Pointer self);
  static Task<> resume_when_possible(Pointer self);

  Task<Result<>> connect_monitor(std::string socket_name, SteadyTime until);
  Task<Result<>> finish_start();
  Task<Error> give_up_start(Error why);
  Task<Result<>> read_back();
  Task<Result<>> begin_again();
  Task<> conclude();
  Task<> save();
  void emit(Happened::What what, std::string reason);

  void on_event(QmpEvent event);
  Task<> handle(QmpEvent event);
  Task<> handle(ControlFrame frame);
  Task<> on_shutdown(const json::Value& data);
  Task<> on_reset(bool by_guest);
  Task<> on_disk_error(const json::Value& data);
  Task<> on_stop();
  Task<> set_ready(bool ready);
  void decide_end(Record::End how, std::string reason);
  Task<Result<>> end_process();
  Task<bool> power_down(std::chrono::milliseconds grace);

  Task<Result<>> grow_disk(Bytes size);
  Task<Result<bool>> set_memory(Bytes wanted);
  Task<Result<>> plug_memory();
  Task<Result<bool>> reach_balloon(Bytes target);
  Task<Result<bool>> add_cpus(Cpus wanted);
  Task<Result<std::uint64_t>> balloon_now();
  Task<Result<json::Value>> ask(std::string command, json::Object arguments = {});

  Surroundings& around_;
  RunDirectory directory_;
  Record record_;
  Process process_;
  Change changed_;
  std::shared_ptr<Turns> saving_;
  std::shared_ptr<Qmp> monitor_;
  std::shared_ptr<Control> control_;
  std::deque<Incoming> incoming_;
  std::map<std::string, std::int64_t> accepted_devices_;  ///< status by ACPI_DEVICE_OST
  Record::End end_ = Record::End::none;
  std::string end_reason_;
  SteadyTime last_reset_{};
  std::int64_t sequence_ = 0;
  bool starting_ = false;  ///< start() has not returned: its caller hears of an end, nobody else
  bool powered_off_ = false;
  bool disk_stopped_ = false;
  bool process_ended_ = false;
  bool concluded_ = false;
};

}  // namespace nephele::qemu
