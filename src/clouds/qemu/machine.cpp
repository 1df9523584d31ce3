// SPDX-License-Identifier: Apache-2.0
#include "clouds/qemu/machine.h"

#include <fmt/format.h>
#include <signal.h>

#include <algorithm>
#include <utility>

#include "base/text_file.h"
#include "clouds/qemu/console_log.h"
#include "clouds/qemu/process_watch.h"
#include "clouds/qemu/unix_path.h"

namespace nephele::qemu {

namespace {

constexpr std::chrono::milliseconds press_again{1'000};  // a press while the guest boots is lost
constexpr std::chrono::milliseconds quit_limit{3'000};
constexpr std::chrono::milliseconds kill_limit{10'000};
constexpr std::chrono::milliseconds console_look{3'000};
constexpr std::chrono::milliseconds reconnect_pause{500};

std::string last_line(const std::string& path) {
  std::string text = read_text_file(path, std::size_t{64} * 1024).value_or("");
  while (!text.empty() && text.back() == '\n') text.pop_back();
  const std::size_t end = text.rfind('\n');
  return text.substr(end == std::string::npos ? 0 : end + 1, 400);
}

}  // namespace

Machine::Machine(Surroundings& around, RunDirectory directory, Record record, Process process)
    : around_(around),
      directory_(std::move(directory)),
      record_(std::move(record)),
      process_(std::move(process)),
      changed_(around.strand),
      saving_(std::make_shared<Turns>(around.strand)) {}

void Machine::begin_watching() {
  around_.scope.spawn(watch(shared_from_this()));
  around_.scope.spawn(handle_incoming(shared_from_this()));
  around_.scope.spawn(serve_monitor(shared_from_this()));
  around_.scope.spawn(serve_control(shared_from_this()));
  around_.scope.spawn(keep_console_small(shared_from_this()));
}

Task<> Machine::watch(Pointer self) {
  co_await wait_for_end(self->process_);
  co_await self->conclude();
}

Task<> Machine::serve_monitor(Pointer self) {
  while (!self->process_ended_) {
    if (self->monitor_ && self->monitor_->open()) {
      const auto monitor = self->monitor_;
      co_await monitor->serve();
    }
    // Lost while the process lives (another program took it, a message was broken): again, until it answers.
    co_await self->changed_.wait(in(reconnect_pause));
    if (self->process_ended_ || self->starting_ || (self->monitor_ && self->monitor_->open())) continue;
    auto socket = connect_unix(self->directory_.file("qmp"));
    if (!socket) continue;
    self->monitor_ = std::make_shared<Qmp>(self->around_.strand, std::move(*socket),
                                           [raw = self.get()](QmpEvent event) { raw->on_event(std::move(event)); });
    self->around_.scope.spawn([](Pointer machine) -> Task<> {
      auto monitor = machine->monitor_;
      if (!co_await monitor->greet(in(std::chrono::seconds(5)))) monitor->close();
    }(self));
  }
}

Task<> Machine::serve_control(Pointer self) {
  while (!self->process_ended_) {
    auto socket = connect_unix(self->directory_.file("ctl"));
    if (socket) {
      self->control_ =
          std::make_shared<Control>(self->around_.strand, std::move(*socket), [raw = self.get()](ControlFrame frame) {
            raw->incoming_.emplace_back(std::move(frame));
            raw->changed_.tell();
          });
      const auto control = self->control_;
      self->around_.scope.spawn([](std::shared_ptr<Control> asking) -> Task<> { co_await asking->ask(); }(control));
      co_await control->serve();
    }
    if (!self->process_ended_) co_await sleep_for(self->starting_ ? std::chrono::milliseconds(5) : reconnect_pause);
  }
}

Task<> Machine::keep_console_small(Pointer self) {
  while (!self->process_ended_) {
    co_await self->changed_.wait(in(console_look));
    auto trim = [path = self->directory_.file("serial.log"), max = self->around_.console_log_max] {
      return trim_console(path, max);
    };
    if (const auto done = co_await self->around_.workers.run(std::move(trim)); !done)
      self->around_.log.warn("vm.console_not_trimmed", {{"vm", self->record_.id}, {"why", done.error().sentence()}});
  }
}

Task<> Machine::save() {
  const auto turn = co_await saving_->take(in(std::chrono::seconds(30)), "the machine's record");
  if (!turn) co_return;
  auto write = [directory = directory_, record = record_] { return directory.save(record); };
  if (const auto done = co_await around_.workers.run(std::move(write)); !done)
    around_.log.error("vm.record_not_saved", {{"vm", record_.id}, {"why", done.error().sentence()}});
}

void Machine::emit(Happened::What what, std::string reason) {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  sequence_ = std::max<std::int64_t>(sequence_ + 1, std::chrono::duration_cast<std::chrono::microseconds>(now).count());
  around_.listener.on_happened({record_.id, record_.generation, sequence_, what, std::move(reason)});
}

void Machine::decide_end(Record::End how, std::string reason) {
  if (end_ != Record::End::none) return;  // the first word counts: what follows is our own cleaning up
  end_ = how;
  end_reason_ = std::move(reason);
}

Task<> Machine::conclude() {
  const std::string status = process_.reap();
  process_ended_ = true;
  if (monitor_) monitor_->close();
  if (control_) control_->close();
  // Its last words may still wait to be read: the end of the process overtakes its messages.
  for (const Incoming& left : incoming_) {
    const auto* event = std::get_if<QmpEvent>(&left);
    if (event == nullptr || event->name != "SHUTDOWN") continue;
    if (event->data.text_at({"reason"}) == "guest-shutdown")
      decide_end(Record::End::guest_shutdown, "the guest shut itself down");
  }
  incoming_.clear();
  if (record_.stopping) decide_end(Record::End::asked, "");
  const std::string words = last_line(directory_.path() + "/qemu.err");
  decide_end(Record::End::crashed, fmt::format("its hypervisor process ended{}{}", status.empty() ? "" : " " + status,
                                               words.empty() ? "" : ": " + words));
  record_.phase = Record::Phase::ended;
  record_.how = record_.stopping ? Record::End::asked : end_;
  record_.reason = record_.stopping ? "" : end_reason_;
  record_.ready = false;
  co_await save();
  directory_.sweep();
  concluded_ = true;
  changed_.tell();
  if (starting_) co_return;
  around_.log.info("vm.ended", {{"vm", record_.id}, {"how", to_string(record_.how)}, {"reason", record_.reason}});
  using enum Happened::What;
  if (record_.how == Record::End::crashed) emit(crashed, record_.reason);
  if (record_.how == Record::End::guest_shutdown) emit(guest_shutdown, record_.reason);
  if (record_.how == Record::End::panicked) emit(panicked, record_.reason);
}

Task<Result<json::Value>> Machine::ask(std::string command, json::Object arguments) {
  const auto monitor = monitor_;  // may be replaced while we wait
  if (!monitor) co_return fail(Kind::unavailable, "the hypervisor's monitor is not connected");
  co_return co_await monitor->run(std::move(command), std::move(arguments));
}

Task<Result<>> Machine::end_process() {
  const auto is_over = [this] { return concluded_; };
  if (!process_ended_) {
    const auto quit = co_await ask("quit");
    if (quit && co_await wait_for(changed_, is_over, in(quit_limit))) co_return Result<>{};
    process_.signal(SIGKILL);
  }
  if (co_await wait_for(changed_, is_over, in(kill_limit))) co_return Result<>{};
  co_return fail(Kind::timeout,
                 fmt::format("process {} does not end although it was killed; look for a stuck disk", process_.pid()));
}

Task<bool> Machine::power_down(std::chrono::milliseconds grace) {
  powered_off_ = false;
  const auto is_off = [this] { return powered_off_ || process_ended_; };
  const SteadyTime until = in(grace);
  while (!is_off() && std::chrono::steady_clock::now() < until) {
    if (!co_await ask("system_powerdown")) co_return false;
    co_await wait_for(changed_, is_off, std::min(until, in(press_again)));
  }
  co_return is_off();
}

Task<Result<>> Machine::stop(std::chrono::milliseconds grace) {
  const Pointer self = shared_from_this();
  if (concluded_) co_return Result<>{};
  record_.stopping = true;
  co_await save();
  if (grace.count() > 0 && !disk_stopped_) co_await power_down(grace);
  co_return co_await end_process();
}

Task<Result<>> Machine::reboot(std::chrono::milliseconds grace) {
  const Pointer self = shared_from_this();
  if (process_ended_) co_return fail(Kind::conflict, "the machine is not running; start it");
  record_.rebooting = true;
  co_await save();
  if (record_.ready) co_await power_down(grace);
  if (process_ended_) co_return fail(Kind::unavailable, "the machine ended while it was asked to restart");
  co_return co_await begin_again();
}

// After a power-off the process still holds the machine, stopped (-no-shutdown): reset and go on.
Task<Result<>> Machine::begin_again() {
  record_.ready = false;
  CO_TRY_VOID(co_await ask("system_reset"));
  if (powered_off_) {
    CO_TRY_VOID(co_await ask("cont"));
  }
  record_.rebooting = false;
  co_await save();
  co_return Result<>{};
}

}  // namespace nephele::qemu
