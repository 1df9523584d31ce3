// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/async.h"
#include "base/file_handle.h"
#include "base/workers.h"
#include "clouds/qemu/accelerator.h"
#include "clouds/qemu/command_line.h"
#include "clouds/qemu/disk_image.h"
#include "clouds/qemu/machine.h"
#include "clouds/qemu/run_directory.h"
#include "compute/adapters/qemu.h"

namespace nephele::compute {

/// The directory of machines and what is known of those that run. All tasks on one strand; one change at a time per
/// machine.
class QemuBackend::Impl final : public qemu::Listener {
 public:
  static Result<std::unique_ptr<Impl>> open(QemuSettings settings, const Executor& executor, log::Logger log);

  struct Tools {
    std::string program;
    std::string disk_tool;
    std::optional<qemu::UserIds> user;
    FileHandle lock;
  };
  static Result<Tools> find_tools(const QemuSettings& settings);  ///< without `lock`
  Impl(QemuSettings settings, const Executor& executor, log::Logger log, Tools tools);

  /// Runs `work` on the strand and answers on the caller's executor.
  template <class T>
  Task<Result<T>> on_strand(Task<Result<T>> work) {
    co_return co_await on_executor(Executor(strand_), std::move(work));
  }

  void listen(MachineEvents& events);
  void on_happened(qemu::Happened happened) override;

  Task<Result<std::string>> accelerator_words();
  Result<Capacity> capacity();
  Bytes memory_room();
  Task<Result<>> prepare(MachineSpec spec, std::vector<ContextFile> context);
  Task<Result<>> start(MachineSpec spec);
  Task<Result<>> stop(ServerId id, std::chrono::milliseconds grace);
  Task<Result<>> reboot(ServerId id);
  Task<Result<Resized>> resize(MachineSpec spec);
  Task<Result<>> remove(ServerId id);
  Task<Result<MachineState>> state(ServerId id);
  Task<Result<std::vector<MachineState>>> list();
  Task<Result<std::string>> console_log(ServerId id, std::size_t bytes);
  Result<std::string> console_socket(ServerId id);
  Result<> probe_address(std::string_view address, const std::vector<std::uint16_t>& ports);
  Task<> stop_watching();

 private:
  struct Entry {
    std::shared_ptr<qemu::Turns> turns;
    qemu::Machine::Pointer machine;
  };
  /// What is true of one machine now: its record, and the running process if there is one.
  struct Found {
    qemu::Record record;
    qemu::Machine::Pointer machine;  ///< null: no process
  };

  std::string servers() const { return settings_.data_directory + "/servers"; }
  std::string links() const { return servers() + "/.links"; }
  qemu::RunDirectory directory_of(ServerId id) const;
  Task<Result<qemu::Turns::Turn>> turn(ServerId id);
  /// `not_found` when there is no such directory. Adopts a process that an earlier one of us started.
  Task<Result<Found>> look(ServerId id);
  Task<Result<>> make_disks(const qemu::RunDirectory& directory, const MachineSpec& spec);
  /// Afterwards `spec` has the sizes that the disks really have.
  Task<Result<>> grow_disks(const qemu::RunDirectory& directory, MachineSpec& spec);
  Task<Result<>> start_process(const qemu::RunDirectory& directory, const MachineSpec& spec);
  /// Puts paths that the machine's user can open in place of the image's.
  Result<> pass_files(qemu::MachineSpec& machine, std::vector<FileHandle>& files) const;
  Result<> make_link(const NicSpec& nic);
  void remove_links(const qemu::Record& record);
  Error explain_address(Error error, const MachineSpec& spec);
  Task<qemu::AcceleratorChoice> accelerator();
  Task<> choose_early();
  void keep(ServerId id, qemu::Machine::Pointer machine);

  QemuSettings settings_;
  log::Logger log_;
  Tools tools_;
  Executor strand_;
  Workers workers_;
  Scope scope_;
  qemu::Surroundings around_;
  qemu::DiskTool disks_;
  std::map<ServerId, Entry> entries_;
  std::shared_ptr<qemu::Turns> choosing_;
  std::optional<qemu::AcceleratorChoice> choice_;

  std::mutex mutex_;  // guards those below: capacity() and events may come from any thread
  std::set<pid_t> processes_;
  std::optional<std::pair<SteadyTime, Bytes>> memory_room_;
  MachineEvents* events_ = nullptr;
};

}  // namespace nephele::compute
