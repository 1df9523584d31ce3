// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "compute/backend.h"

namespace nephele::compute::testing {

/// What any image of these machines needs.
inline constexpr std::uint64_t least_disk_mib = 32;
inline Result<Bytes> least_disk(const std::string&) {
  return Bytes::mib(least_disk_mib);
}

/// Machines that are rows of a map: they are READY as soon as they start, unless a test holds them back.
class FakeBackend final : public Backend {
 public:
  struct Machine {
    MachineSpec spec;
    std::map<std::string, std::string> files;
    bool up = false;
    int starts = 0;  ///< that made a process; one that found it running does not count
  };
  enum class Resizing : std::uint8_t { live, by_restart, refused, held };

  void report_to(MachineEvents& events) { events_ = &events; }

  // What a test says.
  void hold_ready(bool held) {
    const std::lock_guard lock(mutex_);
    held_ = held;
  }
  void resize_by(Resizing how) {
    const std::lock_guard lock(mutex_);
    resizing_ = how;
  }
  /// Until it is taken back with nullopt, nothing starts.
  void refuse_starts(std::optional<Error> why) {
    const std::lock_guard lock(mutex_);
    refusal_ = std::move(why);
  }
  /// The guests that were held back report READY.
  void release();
  /// Something happens to a running machine by itself.
  void happens(std::int64_t server, MachineEvent::What what, std::string reason = {});
  /// The host restarts: disks stay, nothing runs, nobody is told.
  void lose_all();
  std::optional<Machine> machine(std::int64_t server) const;
  std::size_t machines() const;

  std::string_view name() const override { return "fake"; }
  Result<Capacity> capacity() override {
    return Capacity{.memory = Bytes::gib(4),
                    .memory_least = Bytes::mib(16),
                    .overhead_per_machine = Bytes::mib(32),
                    .disk = Bytes::gib(100),
                    .cpus_per_machine = 8};
  }
  Task<Result<>> prepare(MachineSpec spec, std::vector<ContextFile> context) override;
  Task<Result<>> start(MachineSpec spec) override;
  Task<Result<>> stop(ServerId id, std::chrono::milliseconds grace) override;
  Task<Result<>> reboot(ServerId id) override;
  Task<Result<Resized>> resize(MachineSpec spec) override;
  Task<Result<>> remove(ServerId id) override;
  Task<Result<MachineState>> state(ServerId id) override;
  Task<Result<std::vector<MachineState>>> list() override;
  Task<Result<std::string>> console_log(ServerId, std::size_t) override { co_return std::string{}; }
  Result<std::string> console_socket(ServerId) override { return fail(Kind::not_found, "no console"); }
  Result<> probe_address(std::string_view, const std::vector<std::uint16_t>&) override { return {}; }
  Task<> stop_watching() override { co_return; }

 private:
  MachineState state_of(std::int64_t id, const Machine& machine) const;
  void tell(std::int64_t server, std::int64_t generation, MachineEvent::What what, std::string reason);

  mutable std::mutex mutex_;
  std::map<std::int64_t, Machine> machines_;
  bool held_ = false;
  std::optional<Error> refusal_;
  Resizing resizing_ = Resizing::live;
  std::int64_t sequence_ = 0;
  MachineEvents* events_ = nullptr;
};

}  // namespace nephele::compute::testing
