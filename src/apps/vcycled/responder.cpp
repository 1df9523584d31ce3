// SPDX-License-Identifier: Apache-2.0
#include "apps/vcycled/responder.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <iostream>
#include <system_error>
#include <thread>

#include "apps/vcycled/host_facts.h"
#include "apps/vcycled/status.h"
#include "base/clock.h"
#include "fleet/apel.h"
#include "fleet/config_copies.h"
#include "fleet/vacuum_pipes.h"

namespace nephele::apps::vcycle {

namespace {

constexpr std::chrono::seconds looks_every{60};
constexpr std::chrono::seconds beats_at_most_every{1};
constexpr std::chrono::seconds predecessor_ends_within{5};
/// Then the asker's buffers get a moment.
constexpr std::size_t datagrams_in_a_row = 100;

bool answers_for(const fleet::MachineView& machine, const std::string& node) {
  return machine.manager == node || machine.manager.empty();
}

}  // namespace

Responder::Responder(const fleet::Files& files, LogLines& log) : files_(files), log_(log) {}

void Responder::say_once(const std::string& line) {
  if (line != said_) log_.say(line);
  said_ = line;
}

bool Responder::configure() {
  const fleet::PipeCache pipes(files_);
  const auto config = fleet::read_configuration(fleet::config_in_force(files_).texts, &pipes);
  const bool same_rate = settings_.responder_requests_per_minute == config.factory.responder_requests_per_minute;
  settings_ = config.factory;
  spaces_.clear();
  for (const auto& space : config.spaces) spaces_.insert(space.name);
  if (!rates_ || !same_rate) rates_.emplace(settings_.responder_requests_per_minute);
  // What was wrong with them stands in the factory's log; nobody else may ask then.
  networks_ = fleet::Networks::parse(settings_.responder_networks).value_or(fleet::Networks());
  if (!settings_.responder()) return false;
  listen();
  return true;
}

void Responder::listen() {
  const std::pair wanted(settings_.responder_address, *settings_.responder());
  if (!socket_ || wanted != listens_at_) {
    socket_.reset();
    auto opened = UdpSocket::open(fleet::Address::from(wanted.first), wanted.second);
    const std::string where =
        fmt::format("port {}{}", wanted.second, wanted.first.empty() ? "" : " of " + wanted.first);
    if (!opened)
      return say_once("Cannot listen at UDP " + where + ": " + opened.error().sentence() +
                      "; set responder_port in [settings] to one that may be had, or to 0 for none");
    socket_ = std::move(*opened);
    listens_at_ = wanted;
  }
  say_once(fmt::format("Listens at UDP port {}{}; this host may ask{}{}", wanted.second,
                       wanted.first.empty() ? "" : " of " + wanted.first,
                       settings_.responder_networks.empty() ? "" : ", and ",
                       fmt::join(settings_.responder_networks, " ")));
}

const fleet::SpaceReport* Responder::report_of(const std::string& space) {
  if (!spaces_.contains(space)) return nullptr;  // and so it is no path
  const std::string path = report_path(files_, space);
  struct stat info{};
  if (::stat(path.c_str(), &info) != 0) return nullptr;
  const std::pair<std::int64_t, std::uint64_t> stamp(info.st_mtim.tv_sec * 1'000'000'000 + info.st_mtim.tv_nsec,
                                                     info.st_ino);
  const auto found = seen_.find(space);
  if (found != seen_.end() && found->second.stamp == stamp) return &found->second.report;
  auto report = read_report(path);
  if (!report) return nullptr;
  return &seen_.insert_or_assign(space, Seen{stamp, std::move(*report)}).first->second.report;
}

std::vector<std::string> Responder::answers(const fleet::Query& query, fleet::Instant now) {
  std::vector<std::string> out;
  if (!spaces_.contains(query.space)) return out;
  static const fleet::SpaceReport nothing{};
  const auto* known = report_of(query.space);
  const fleet::SpaceReport& report = known != nullptr ? *known : nothing;
  const fleet::Envelope envelope{.daemon_version = program_name("vcycled-responder"),
                                 .cookie = query.cookie,
                                 .space = query.space,
                                 .site = report.site.empty() ? fleet::site_of(query.space) : report.site,
                                 .factory = files_.node(),
                                 .sent = now};
  const auto add = [&](fleet::Status status) {
    out.push_back(datagram(envelope, std::move(status), fleet::Dialect::vacquery));
  };
  const auto machines = std::ranges::count_if(
      report.seen, [this](const fleet::MachineView& machine) { return answers_for(machine, files_.node()); });
  switch (query.question) {
    case fleet::Question::factory: {
      auto status = factory_status(report, host_facts(files_));
      status.num_machines = machines;
      status.num_machinetypes = static_cast<std::int64_t>(report.types.size());
      add(std::move(status));
      break;
    }
    case fleet::Question::machinetypes:
      for (auto& status : machinetype_statuses(report)) add(std::move(status));
      break;
    case fleet::Question::machines:
      for (const auto& machine : report.seen) {
        if (!answers_for(machine, files_.node())) continue;
        auto status = machine_status(report, machine, now);
        status.num_machines = machines;
        add(std::move(status));
      }
      break;
  }
  return out;
}

void Responder::answer(const UdpSocket::Received& received) {
  const auto& from = received.from;
  if (!from.address.is_loopback() && !networks_.contain(from.address)) {
    ++strangers_.count;
    strangers_.last = from.address.text();
    return;
  }
  if (!rates_->take(from.address, std::chrono::steady_clock::now())) {
    ++too_many_.count;
    too_many_.last = from.address.text();
    return;
  }
  const auto query = received.whole ? fleet::read_query(received.datagram) : std::nullopt;
  if (!query || !spaces_.contains(query->space)) return;
  log_.say("Received " + received.datagram + " from " + from.text());
  std::size_t sent = 0;
  for (const auto& text : answers(*query, std::chrono::floor<fleet::seconds>(SystemClock().now()))) {
    if (const auto done = socket_->send(from, text); !done)
      return log_.say("Answering " + from.text() + " fails with: " + done.error().sentence());
    if (++sent % datagrams_in_a_row == 0) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
}

void Responder::tell_of_refusals() {
  const auto tell = [this](Refused& refused, const char* why) {
    if (refused.count > 0)
      log_.say(fmt::format("Ignored {} datagrams: {}, the last of {}", refused.count, why, refused.last));
    refused = {};
  };
  tell(strangers_, "their senders are not in responder_networks");
  tell(too_many_, "they are more than responder_requests_per_minute");
}

/// One of before may still be here when its factory was killed; its work is ours now.
Result<FileHandle> Responder::take_over() const {
  const std::string path = files_.lib("responder." + files_.node() + ".lock");
  TRY_VOID(files_.make_folder(files_.lib(), 0755));
  FileHandle file(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0640));
  if (!file) return fail(Kind::unavailable, path + ": " + std::generic_category().message(errno));
  struct flock lock{};
  lock.l_type = F_WRLCK;
  lock.l_whence = SEEK_SET;
  const SteadyTime until = in(predecessor_ends_within);
  for (pid_t asked = 0; ::fcntl(file.get(), F_SETLK, &lock) != 0;) {
    struct flock held = lock;
    if (::fcntl(file.get(), F_GETLK, &held) == 0 && held.l_type != F_UNLCK && held.l_pid > 0 && held.l_pid != asked) {
      asked = held.l_pid;
      ::kill(asked, SIGTERM);
    }
    if (std::chrono::steady_clock::now() > until)
      return fail(Kind::conflict, "another responder (pid " + std::to_string(asked) + ") does not end");
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  return file;
}

void Responder::reopen_log() {
  if (const auto opened = log_.reopen(); !opened) std::cerr << "vcycled: " << opened.error().sentence() << '\n';
}

void Responder::show_life() {
  const auto now = std::chrono::steady_clock::now();
  if (!socket_ || now - last_beat_ < beats_at_most_every) return;
  beat(files_, "responder");
  last_beat_ = now;
}

Responder::Told Responder::wait(int signals, SteadyTime until) const {
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - std::chrono::steady_clock::now()).count();
  std::array<pollfd, 2> waits{pollfd{.fd = signals, .events = POLLIN, .revents = 0},
                              pollfd{.fd = socket_ ? socket_->descriptor() : -1, .events = POLLIN, .revents = 0}};
  ::poll(waits.data(), waits.size(), static_cast<int>(std::max<std::int64_t>(left, 0)));
  Told out{.look = std::chrono::steady_clock::now() >= until};
  for (signalfd_siginfo info{}; ::read(signals, &info, sizeof info) == sizeof info;)
    (info.ssi_signo == SIGHUP ? out.look : out.end) = true;
  return out;
}

int Responder::run() {
  sigset_t set{};
  sigemptyset(&set);
  for (const int signal : {SIGTERM, SIGINT, SIGHUP}) sigaddset(&set, signal);
  ::pthread_sigmask(SIG_BLOCK, &set, nullptr);
  ::signal(SIGPIPE, SIG_IGN);
  const FileHandle signals(::signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK));
  reopen_log();
  const auto alone = take_over();
  if (!alone) {
    log_.say("The responder cannot start: " + alone.error().sentence());
    return 1;
  }
  log_.say("The responder of " + files_.node() + " starts");
  bool wanted = configure();
  for (SteadyTime next = in(looks_every); wanted;) {
    show_life();
    const auto told = wait(signals.get(), next);
    if (told.end) break;
    if (told.look) {
      next = in(looks_every);
      reopen_log();
      tell_of_refusals();
      wanted = configure();
    }
    if (!socket_) continue;
    if (const auto received = socket_->receive(std::chrono::steady_clock::now(), fleet::query_max)) answer(*received);
  }
  log_.say("The responder ends");
  return 0;
}

}  // namespace nephele::apps::vcycle
