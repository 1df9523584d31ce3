// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <sys/statvfs.h>

#include <utility>

#include "clouds/qemu/machine.h"

namespace nephele::qemu {

namespace {

constexpr std::size_t incoming_max = 4096;  // a guest that resets or fails without pause
// One reboot, ours or the guest's, is up to five RESETs: the firmware finds that it has run before and resets again.
constexpr std::chrono::milliseconds reset_storm{1'500};
constexpr std::chrono::milliseconds resume_look{2'000};
constexpr std::chrono::milliseconds resume_proof{500};
constexpr std::uint64_t room_wanted = 16ULL << 20U;

std::uint64_t room_in(const std::string& directory) {
  struct statvfs about{};
  if (::statvfs(directory.c_str(), &about) != 0) return 0;
  return static_cast<std::uint64_t>(about.f_bavail) * about.f_frsize;
}

}  // namespace

void Machine::on_event(QmpEvent event) {
  if (event.name == "ACPI_DEVICE_OST") {
    const std::string device(event.data.text_at({"info", "device"}));
    const json::Value* status = event.data.at_path({"info", "status"});
    if (status != nullptr) accepted_devices_[device] = status->integer().value_or(-1);
  }
  if (incoming_.size() < incoming_max) incoming_.emplace_back(std::move(event));
  changed_.tell();
}

Task<> Machine::handle_incoming(Pointer self) {
  for (;;) {
    while (!self->incoming_.empty()) {
      Incoming next = std::move(self->incoming_.front());
      self->incoming_.pop_front();
      if (auto* event = std::get_if<QmpEvent>(&next))
        co_await self->handle(std::move(*event));
      else
        co_await self->handle(std::move(std::get<ControlFrame>(next)));
    }
    if (self->process_ended_) co_return;
    co_await self->changed_.wait(in(std::chrono::minutes(1)));
  }
}

Task<> Machine::handle(QmpEvent event) {
  around_.log.debug("vm.event", {{"vm", record_.id}, {"event", event.name}});
  if (event.name == "SHUTDOWN")
    co_await on_shutdown(event.data);
  else if (event.name == "RESET") {
    const json::Value* guest = event.data.at_path({"guest"});
    co_await on_reset(guest != nullptr && guest->if_bool() != nullptr && *guest->if_bool());
  } else if (event.name == "GUEST_PANICKED") {
    decide_end(Record::End::panicked, "the guest's kernel panicked; its console shows why");
    (void)co_await end_process();
  } else if (event.name == "BLOCK_IO_ERROR") {
    co_await on_disk_error(event.data);
  } else if (event.name == "STOP") {
    co_await on_stop();
  }
}

Task<> Machine::handle(ControlFrame frame) {
  if (frame.type == "ready") {
    co_await set_ready(true);
  } else if (frame.type == "booting" && record_.ready) {
    co_await set_ready(false);  // it restarted while nobody listened
    emit(Happened::What::guest_reboot, "the guest restarted");
  }
}

Task<> Machine::set_ready(bool ready) {
  if (record_.ready == ready || process_ended_) co_return;
  record_.ready = ready;
  co_await save();
  if (ready && record_.ready) emit(Happened::What::ready, "");
}

Task<> Machine::on_shutdown(const json::Value& data) {
  const std::string_view reason = data.text_at({"reason"});
  if (reason == "guest-panic")
    decide_end(Record::End::panicked, "the guest's kernel panicked; its console shows why");
  else if (reason.starts_with("guest-")) {
    powered_off_ = true;
    changed_.tell();
    if (record_.rebooting) co_return;
    decide_end(Record::End::guest_shutdown, "the guest shut itself down");
  } else {
    // Our own quit, or somebody's signal: conclude() tells them apart.
    co_return;
  }
  // Its process waits for exactly this (-no-shutdown); a stop() on its way does it itself.
  if (!record_.stopping) (void)co_await end_process();
}

Task<> Machine::on_reset(bool by_guest) {
  const bool same_storm = std::chrono::steady_clock::now() - last_reset_ < reset_storm;
  last_reset_ = std::chrono::steady_clock::now();
  if (same_storm || !by_guest) co_return;
  co_await set_ready(false);
  if (!record_.stopping) emit(Happened::What::guest_reboot, "the guest restarted");
}

Task<> Machine::on_stop() {
  const auto status = co_await ask("query-status");
  if (!status || status->text_at({"status"}) != "internal-error") co_return;
  decide_end(Record::End::crashed, "the accelerator met an instruction that it cannot run");
  (void)co_await end_process();
}

Task<> Machine::on_disk_error(const json::Value& data) {
  if (data.text_at({"action"}) != "stop" || disk_stopped_) co_return;
  disk_stopped_ = true;
  const json::Value* nospace = data.at_path({"nospace"});
  const bool full = (nospace != nullptr && nospace->if_bool() != nullptr && *nospace->if_bool()) ||
                    room_in(directory_.run()) < room_wanted;
  const std::string reason = full ? "paused: this host has no room left for the machine's disk"
                                  : fmt::format("paused: its disk cannot be written ({})", data.text_at({"reason"}));
  around_.log.error("vm.disk_error", {{"vm", record_.id}, {"reason", reason}});
  emit(Happened::What::io_error, reason);
  around_.scope.spawn(resume_when_possible(shared_from_this()));
}

// Continuing repeats the failed writes: nothing is lost, and another failure only pauses it again.
Task<> Machine::resume_when_possible(Pointer self) {
  while (!self->process_ended_) {
    co_await sleep_for(resume_look);
    if (room_in(self->directory_.run()) < room_wanted) continue;
    if (!co_await self->ask("cont")) continue;
    co_await sleep_for(resume_proof);
    const auto status = co_await self->ask("query-status");
    if (!status || status->text_at({"status"}) != "running") continue;
    self->disk_stopped_ = false;
    self->emit(Happened::What::io_resumed, "its disk can be written again");
    co_return;
  }
}

}  // namespace nephele::qemu
