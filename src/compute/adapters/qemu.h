// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>

#include "base/log.h"
#include "compute/backend.h"

/// Machines on this very host, by QEMU. One process per data directory drives them; they live on without it.
namespace nephele::compute {

struct QemuSettings {
  std::string data_directory;
  std::string program = "qemu-system-x86_64";
  std::string disk_tool = "qemu-img";
  /// accel-probe.bin of a guest image: proves that an accelerator runs guest code. Empty: software emulation.
  std::string probe_rom;
  /// Name of the user that machines run under when we are root; empty: "nephele-vm" if this host knows it, else
  /// "nobody". Without root they run under our own user.
  std::string machine_user;
  Bytes console_log_max = Bytes::mib(1);
  std::chrono::milliseconds reboot_grace{10'000};
  double memory_overcommit = 1.0;
  double disk_overcommit = 1.5;
  unsigned cpus_per_core = 4;  ///< no machine may have more processors than this times the host's
};

/// LeastDisk of images.h, for what this backend runs.
Result<Bytes> least_disk(const std::string& path);

class QemuBackend final : public Backend {
 public:
  /// What open() asks of this host beside the data directory: programs, the machines' user, rights. Changes nothing.
  static Result<> check(const QemuSettings& settings);
  /// Takes DATA/qemu.lock; `conflict` names the process that drives this data directory already. `unavailable` when
  /// QEMU is not installed.
  static Result<std::unique_ptr<QemuBackend>> open(QemuSettings settings, const Executor& executor, log::Logger log);
  ~QemuBackend() override;

  /// Who hears of events; before the first call of list(). Must live until stop_watching() has returned.
  void listen(MachineEvents& events);
  /// How machines are run, for people: "kvm", or "software emulation (about 20 times slower) because ...".
  Task<std::string> accelerator();

  std::string_view name() const override { return "qemu"; }
  Result<Capacity> capacity() override;
  Task<Result<>> prepare(MachineSpec spec, std::vector<ContextFile> context) override;
  Task<Result<>> start(MachineSpec spec) override;
  Task<Result<>> stop(ServerId id, std::chrono::milliseconds grace) override;
  Task<Result<>> reboot(ServerId id) override;
  Task<Result<Resized>> resize(MachineSpec spec) override;
  Task<Result<>> remove(ServerId id) override;
  /// `absent` also for a machine that was prepared but never ran, or whose process ended with the host.
  Task<Result<MachineState>> state(ServerId id) override;
  Task<Result<std::vector<MachineState>>> list() override;
  Task<Result<std::string>> console_log(ServerId id, std::size_t bytes) override;
  Result<std::string> console_socket(ServerId id) override;
  Result<> probe_address(std::string_view address, const std::vector<std::uint16_t>& ports) override;
  Task<> stop_watching() override;

 private:
  class Impl;
  explicit QemuBackend(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace nephele::compute
