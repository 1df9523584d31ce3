// SPDX-License-Identifier: Apache-2.0
#include "compute/adapters/qemu_impl.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/strand.hpp>
#include <boost/asio/this_coro.hpp>
#include <charconv>
#include <filesystem>
#include <utility>

#include "base/text_file.h"
#include "clouds/qemu/console_log.h"
#include "clouds/qemu/host.h"
#include "compute/adapters/qemu_spec.h"

namespace nephele::compute {

namespace {

constexpr std::size_t file_threads = 2;
constexpr std::size_t file_jobs_max = 4096;
constexpr std::size_t console_bytes_max = std::size_t{16} << 20U;
constexpr std::chrono::seconds turn_limit{120};
// Of a QEMU process beside its guest's memory: 64 MiB, and the translation cache of software emulation.
constexpr Bytes process_overhead = Bytes::mib(64);
constexpr Bytes translation_cache = Bytes::mib(32);

std::optional<ServerId> id_from(std::string_view name) {
  std::int64_t number = 0;
  const auto read = std::from_chars(name.data(), name.data() + name.size(), number);
  if (read.ec != std::errc{} || read.ptr != name.data() + name.size() || number <= 0) return std::nullopt;
  return ServerId(number);
}

MachineState absent(ServerId id) {
  MachineState out;
  out.id = id;
  return out;
}

MachineEvent::What translated(qemu::Happened::What what) {
  using From = qemu::Happened::What;
  using To = MachineEvent::What;
  switch (what) {
    case From::ready:
      return To::ready;
    case From::guest_shutdown:
      return To::guest_shutdown;
    case From::guest_reboot:
      return To::guest_reboot;
    case From::crashed:
      return To::crashed;
    case From::panicked:
      return To::panicked;
    case From::io_error:
      return To::io_error;
    case From::io_resumed:
      return To::io_resumed;
  }
  return To::crashed;
}

}  // namespace

QemuBackend::Impl::Impl(QemuSettings settings, const Executor& executor, log::Logger log, Tools tools)
    : settings_(std::move(settings)),
      log_(std::move(log)),
      tools_(std::move(tools)),
      strand_(asio::make_strand(executor)),
      workers_("vm-files", file_threads, file_jobs_max),
      scope_(strand_),
      around_{strand_, scope_, workers_, *this, log_, settings_.console_log_max},
      disks_(tools_.disk_tool, tools_.user),
      choosing_(std::make_shared<qemu::Turns>(strand_)) {}

qemu::RunDirectory QemuBackend::Impl::directory_of(ServerId id) const {
  return {servers() + "/" + id.text(), tools_.user};
}

void QemuBackend::Impl::listen(MachineEvents& events) {
  const std::lock_guard lock(mutex_);
  events_ = &events;
}

void QemuBackend::Impl::on_happened(qemu::Happened happened) {
  const auto id = id_from(happened.id);
  if (!id) return;
  const std::lock_guard lock(mutex_);
  if (events_ == nullptr) return;
  events_->on_event(
      {*id, happened.generation, happened.sequence, translated(happened.what), std::move(happened.reason)});
}

Bytes QemuBackend::Impl::memory_room() {
  constexpr std::chrono::seconds fresh{1};  // it takes a look at each machine
  const auto now = std::chrono::steady_clock::now();
  std::vector<pid_t> machines;
  {
    const std::lock_guard lock(mutex_);
    if (memory_room_ && now - memory_room_->first <= fresh) return memory_room_->second;
    machines.assign(processes_.begin(), processes_.end());
  }
  const Bytes room = qemu::memory_budget(qemu::read_host_memory(machines));
  const std::lock_guard lock(mutex_);
  memory_room_.emplace(now, room);
  return room;
}

Result<Capacity> QemuBackend::Impl::capacity() {
  TRY(const auto disk, qemu::read_host_disk(servers()));
  const Bytes memory = memory_room();
  Capacity out;
  out.memory = Bytes::of(static_cast<std::uint64_t>(static_cast<double>(memory.count()) * settings_.memory_overcommit));
  out.memory_least = memory_least;
  out.overhead_per_machine = process_overhead + translation_cache;
  out.disk = qemu::disk_budget(disk, settings_.disk_overcommit);
  out.cpus_per_machine = std::min(255U, qemu::host_cpus() * settings_.cpus_per_core);
  return out;
}

Task<Result<qemu::Turns::Turn>> QemuBackend::Impl::turn(ServerId id) {
  auto& entry = entries_[id];
  if (!entry.turns) entry.turns = std::make_shared<qemu::Turns>(strand_);
  const auto turns = entry.turns;
  co_return co_await turns->take(in(turn_limit), "server " + id.text());
}

void QemuBackend::Impl::keep(ServerId id, qemu::Machine::Pointer machine) {
  const pid_t pid = machine->record().pid;
  entries_[id].machine = std::move(machine);
  const std::lock_guard lock(mutex_);
  processes_.insert(pid);
}

Task<Result<QemuBackend::Impl::Found>> QemuBackend::Impl::look(ServerId id) {
  const auto directory = directory_of(id);
  if (const auto known = entries_.find(id); known != entries_.end() && known->second.machine) {
    const auto machine = known->second.machine;
    if (!machine->gone()) co_return Found{machine->record(), machine};
    const std::lock_guard lock(mutex_);
    processes_.erase(machine->record().pid);
    known->second.machine = nullptr;
  }
  if (!directory.exists()) co_return fail(Kind::not_found, "no server " + id.text() + " on this host");
  auto loaded = directory.load();
  qemu::Record record;
  if (loaded) record = std::move(*loaded);
  record.id = id.text();
  co_await asio::this_coro::reset_cancellation_state(asio::disable_cancellation());  // as in start_process()
  auto adopted = co_await qemu::Machine::adopt(around_, directory, record);
  if (adopted) {
    keep(id, *adopted);
    co_return Found{(*adopted)->record(), *adopted};
  }
  if (adopted.error().kind() != Kind::not_found) co_return fail(adopted.error());
  if (!loaded) co_return Found{record, nullptr};
  // An adoption that came too late has written how the machine ended.
  if (auto again = directory.load()) record = std::move(*again);
  CO_TRY(record, qemu::Machine::settle_dead(directory, record));
  co_return Found{record, nullptr};
}

Task<Result<MachineState>> QemuBackend::Impl::state(ServerId id) {
  // A running machine that we know is told at once, also while somebody changes it.
  if (const auto known = entries_.find(id); known != entries_.end() && known->second.machine)
    if (const auto machine = known->second.machine; !machine->gone())
      co_return machine_state(id, machine->record(), true);
  CO_TRY(const auto mine, co_await turn(id));
  auto found = co_await look(id);
  if (!found && found.error().kind() == Kind::not_found) co_return absent(id);
  if (!found) co_return fail(found.error());
  co_return machine_state(id, found->record, found->machine != nullptr);
}

Task<Result<std::vector<MachineState>>> QemuBackend::Impl::list() {
  std::vector<ServerId> ids;
  std::error_code ec;
  for (const auto& entry : std::filesystem::directory_iterator(servers(), ec))
    if (const auto id = id_from(entry.path().filename().string())) ids.push_back(*id);
  if (ec) co_return fail(Kind::unavailable, fmt::format("{}: {}", servers(), ec.message()));
  std::sort(ids.begin(), ids.end());
  std::vector<MachineState> out;
  for (const ServerId id : ids) {
    auto one = co_await state(id);
    if (one) {
      out.push_back(std::move(*one));
      continue;
    }
    log_.error("vm.unclear", {{"vm", id}, {"why", one.error().sentence()}});
    MachineState unclear = absent(id);
    unclear.power = MachineState::Power::failed;
    unclear.reason = one.error().sentence();
    out.push_back(std::move(unclear));
  }
  co_return out;
}

Task<Result<>> QemuBackend::Impl::stop(ServerId id, std::chrono::milliseconds grace) {
  CO_TRY(const auto mine, co_await turn(id));
  auto found = co_await look(id);
  if (!found && found.error().kind() == Kind::not_found) co_return Result<>{};
  if (!found) co_return fail(found.error());
  if (!found->machine) co_return Result<>{};
  co_return co_await found->machine->stop(grace);
}

Task<Result<>> QemuBackend::Impl::reboot(ServerId id) {
  CO_TRY(const auto mine, co_await turn(id));
  CO_TRY(const auto found, co_await look(id));
  if (!found.machine) co_return fail(Kind::conflict, "server " + id.text() + " is not running; start it");
  co_return co_await found.machine->reboot(settings_.reboot_grace);
}

Task<Result<>> QemuBackend::Impl::remove(ServerId id) {
  CO_TRY(const auto mine, co_await turn(id));
  auto found = co_await look(id);
  if (!found && found.error().kind() == Kind::not_found) co_return Result<>{};
  if (!found) co_return fail(found.error());
  if (found->machine) {
    CO_TRY_VOID(co_await found->machine->stop(std::chrono::milliseconds(0)));
  }
  remove_links(found->record);
  CO_TRY_VOID(co_await workers_.run([directory = directory_of(id)] { return directory.remove(); }));
  if (found->machine) {
    const std::lock_guard lock(mutex_);
    processes_.erase(found->machine->record().pid);
  }
  entries_[id].machine = nullptr;
  co_return Result<>{};
}

Task<Result<Resized>> QemuBackend::Impl::resize(MachineSpec spec) {
  CO_TRY(const auto mine, co_await turn(spec.id));
  CO_TRY(const auto found, co_await look(spec.id));
  if (!found.machine) co_return Resized::needs_restart;
  const Bytes disk = spec.disks.empty() ? Bytes() : spec.disks.front().size;
  CO_TRY(const auto how, co_await found.machine->resize({spec.sizes.cpus, spec.sizes.memory, disk}));
  co_return how == qemu::Machine::Resized::live ? Resized::live : Resized::needs_restart;
}

Task<Result<std::string>> QemuBackend::Impl::console_log(ServerId id, std::size_t bytes) {
  const auto directory = directory_of(id);
  if (!directory.exists()) co_return fail(Kind::not_found, "no server " + id.text() + " on this host");
  auto read = [path = directory.file("serial.log"), most = std::min(bytes, console_bytes_max)] {
    return qemu::console_tail(path, most);
  };
  co_return co_await workers_.run(std::move(read));
}

Result<std::string> QemuBackend::Impl::console_socket(ServerId id) {
  const auto directory = directory_of(id);
  if (!directory.exists()) return fail(Kind::not_found, "no server " + id.text() + " on this host");
  return directory.file("console");
}

Result<> QemuBackend::Impl::probe_address(std::string_view address, const std::vector<std::uint16_t>& ports) {
  for (const std::uint16_t port : ports) {
    TRY_VOID(qemu::probe_bind(address, port));
  }
  return {};
}

Task<> QemuBackend::Impl::stop_watching() {
  co_await scope_.stop();
  const std::lock_guard lock(mutex_);
  events_ = nullptr;
}

}  // namespace nephele::compute
