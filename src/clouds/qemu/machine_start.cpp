// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "base/text_file.h"
#include "clouds/qemu/machine.h"
#include "clouds/qemu/unix_path.h"

namespace nephele::qemu {

namespace {

constexpr std::chrono::milliseconds start_limit{30'000};  // tens of ms; seconds when the host swaps or is overloaded
constexpr std::chrono::milliseconds adopt_limit{5'000};
constexpr std::chrono::milliseconds socket_look{3};

struct Words {
  std::string_view text;
  Kind kind;
  std::string_view sentence;
};

// QEMU has one failing status; only its words tell. Source: local-hypervisor.md, section 11, all measured.
constexpr Words known_words[] = {
    {"Could not set up host forwarding rule", Kind::conflict, "the machine's address cannot be used"},
    {"Failed to get \"write\" lock", Kind::conflict, "another process uses the machine's disk"},
    {"Cannot allocate memory", Kind::over_quota, "this host has no memory left for the machine"},
    {"Image is not in qcow2 format", Kind::invalid, "the machine's disk is no qcow2 image"},
    {"could not open kernel file", Kind::unavailable, "the image's kernel cannot be read"},
    {"error reading initrd", Kind::unavailable, "the image's initrd cannot be read"},
};

Error explain(const std::string& words) {
  for (const Words& known : known_words) {
    if (!words.contains(known.text)) continue;
    Error error(known.kind, fmt::format("{}: {}", known.sentence, words));
    if (known.text == known_words[0].text) error.with("address", words);
    return error;
  }
  return {Kind::unavailable, words.empty() ? "the hypervisor ended at its start without a word"
                                           : fmt::format("the hypervisor does not start: {}", words)};
}

}  // namespace

Task<Result<Machine::Pointer>> Machine::start(Surroundings& around, RunDirectory directory, Record record,
                                              std::vector<std::string> arguments, std::vector<FileHandle> files) {
  CO_TRY(FileHandle lock, directory.lock());
  directory.sweep();
  record.phase = Record::Phase::starting;
  record.how = Record::End::none;
  record.reason.clear();
  record.ready = record.stopping = record.rebooting = false;
  record.pid = 0;
  record.boot_id = host_boot_id();
  CO_TRY_VOID(co_await around.workers.run([directory, record] { return directory.save(record); }));

  const std::string words_file = directory.path() + "/qemu.err";
  const FileHandle words(
      ::open(words_file.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!words) co_return fail(Kind::unavailable, fmt::format("{}: {}", words_file, std::strerror(errno)));
  ProcessSpec spec;
  spec.arguments = std::move(arguments);
  spec.directory = directory.run();
  spec.errors = words.get();
  spec.keep = {lock.get()};
  for (const FileHandle& file : files) spec.keep.push_back(file.get());
  spec.pid_file = lock.get();
  spec.user = directory.user();
  spec.dies_first = true;
  CO_TRY(Process process, Process::spawn(spec));
  lock.reset();  // the child's copy holds it from here on

  record.pid = process.pid();
  record.started = process.started();
  auto machine = std::make_shared<Machine>(around, std::move(directory), std::move(record), std::move(process));
  machine->starting_ = true;
  machine->begin_watching();
  const auto up = co_await machine->finish_start();
  if (!up) co_return fail(co_await machine->give_up_start(up.error()));
  machine->starting_ = false;
  co_return machine;
}

Task<Result<>> Machine::connect_monitor(std::string socket_name, SteadyTime until) {
  const std::string path = directory_.file(socket_name);
  for (;;) {
    if (process_ended_) co_return fail(Kind::unavailable, "the hypervisor ended at its start");
    auto socket = connect_unix(path);
    if (socket) {
      monitor_ = std::make_shared<Qmp>(around_.strand, std::move(*socket),
                                       [this](QmpEvent event) { on_event(std::move(event)); });
      break;
    }
    if (std::chrono::steady_clock::now() >= until) co_return fail(socket.error());
    co_await changed_.wait(in(socket_look));
  }
  changed_.tell();  // serve_monitor() waits for it
  const auto monitor = monitor_;
  auto greeted = co_await monitor->greet(until);
  if (!greeted) monitor->close();
  co_return greeted;
}

Task<Result<>> Machine::finish_start() {
  co_await save();
  CO_TRY_VOID(co_await connect_monitor("qmp", in(start_limit)));
  record_.phase = Record::Phase::running;
  co_await save();
  co_return Result<>{};
}

// The caller hears what QEMU said, and nothing of this attempt lives on.
Task<Error> Machine::give_up_start(Error why) {
  if (!process_ended_) {
    // It may be ending right now, with its words just written.
    co_await wait_for(changed_, [this] { return concluded_; }, in(std::chrono::milliseconds(200)));
    if (!process_ended_) process_.signal(SIGKILL);
  }
  co_await wait_for(changed_, [this] { return concluded_; }, in(std::chrono::seconds(10)));
  std::string words = read_text_file(directory_.path() + "/qemu.err", 2000).value_or("");
  for (char& c : words)
    if (c == '\n') c = ' ';
  Error error = why.kind() == Kind::timeout && words.empty() ? std::move(why) : explain(words);
  record_.how = Record::End::start_failed;
  record_.reason = error.sentence();
  co_await save();
  co_return error;
}

Task<Result<Machine::Pointer>> Machine::adopt(Surroundings& around, RunDirectory directory, Record record) {
  CO_TRY(Process process, directory.holder(record));
  record.pid = process.pid();
  record.started = process.started();
  record.boot_id = host_boot_id();
  record.phase = Record::Phase::running;
  auto machine = std::make_shared<Machine>(around, std::move(directory), std::move(record), std::move(process));
  machine->starting_ = true;
  machine->begin_watching();
  auto reached = co_await machine->connect_monitor("qmp", in(adopt_limit));
  if (reached) reached = co_await machine->read_back();
  machine->starting_ = false;
  if (machine->process_ended_) {
    co_await wait_for(machine->changed_, [&machine] { return machine->concluded_; }, in(std::chrono::seconds(10)));
    co_return fail(Kind::not_found, "the machine's process has just ended");
  }
  // A monitor that does not answer is no reason to give the machine up: its process lives, and we go on trying.
  if (!reached)
    around.log.warn("vm.monitor_silent", {{"vm", machine->record_.id}, {"why", reached.error().sentence()}});
  co_await machine->save();
  co_return machine;
}

// What happened while nobody listened is read from states, since its events are lost.
Task<Result<>> Machine::read_back() {
  CO_TRY(const json::Value uuid, co_await ask("query-uuid"));
  if (uuid.text_at({"UUID"}) != record_.uuid)
    co_return fail(Kind::conflict, fmt::format("process {} is another machine", process_.pid()));
  CO_TRY(const json::Value cpus, co_await ask("query-cpus-fast"));
  if (const json::Array* list = cpus.if_array()) record_.sizes.cpus = Cpus(static_cast<std::uint32_t>(list->size()));
  CO_TRY(const json::Value status, co_await ask("query-status"));
  const std::string_view now = status.text_at({"status"});
  const auto missed = [this](std::string name, json::Object data) {
    incoming_.emplace_back(QmpEvent{std::move(name), json::Value(std::move(data)), 0});
    changed_.tell();
  };
  json::Object data;
  if (now == "shutdown" && record_.rebooting) {
    powered_off_ = true;
    co_return co_await begin_again();
  }
  record_.rebooting = false;
  if (now == "shutdown") {
    data.set("guest", true);
    data.set("reason", "guest-shutdown");
    missed("SHUTDOWN", std::move(data));
  } else if (now == "guest-panicked") {
    missed("GUEST_PANICKED", {});
  } else if (now == "io-error") {
    data.set("action", "stop");
    missed("BLOCK_IO_ERROR", std::move(data));
  } else if (now == "internal-error") {
    missed("STOP", {});
  } else if (now == "prelaunch" || now == "paused") {
    // An earlier controller died between reset and continue.
    CO_TRY_VOID(co_await ask("cont"));
  }
  // Whoever wanted it stopped died before it was; it will ask again.
  if (now != "shutdown") record_.stopping = false;
  CO_TRY(const std::uint64_t memory, co_await balloon_now());
  record_.sizes.memory = Bytes::of(memory);
  co_return Result<>{};
}

Result<Record> Machine::settle_dead(const RunDirectory& directory, Record record) {
  using enum Record::Phase;
  if (record.phase == prepared || record.phase == ended) return record;
  const bool same_boot = record.boot_id == host_boot_id();
  const std::string words = read_text_file(directory.path() + "/qemu.err", 400).value_or("");
  if (record.stopping)
    record.how = Record::End::asked;
  else if (!same_boot)
    record.how = Record::End::host_restarted;
  else
    record.how = record.phase == starting ? Record::End::start_failed : Record::End::crashed;
  if (record.how == Record::End::host_restarted) record.reason = "the host was restarted";
  if (record.how == Record::End::start_failed) record.reason = "its start was interrupted";
  if (record.how == Record::End::crashed)
    record.reason = "its hypervisor process ended while nobody watched" + (words.empty() ? "" : ": " + words);
  record.phase = ended;
  record.ready = false;
  record.pid = 0;
  TRY_VOID(directory.save(record));
  directory.sweep();
  return record;
}

}  // namespace nephele::qemu
