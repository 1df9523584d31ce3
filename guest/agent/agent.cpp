// SPDX-License-Identifier: Apache-2.0
#include "agent.h"

#include <sched.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/mount.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>

#include "context_disc.h"
#include "machine_facts.h"
#include "paths.h"
#include "programs.h"
#include "text.h"
#include "user_data.h"

namespace guest {
namespace {

constexpr std::chrono::milliseconds disc_wait{1500};
constexpr std::chrono::milliseconds last_word_wait{100};

bool waits_for_context() {
  const std::string cmdline = read_file("/proc/cmdline").value_or("");
  const auto words = split_words(cmdline);
  return std::ranges::find(words, std::string_view("nephele.wait_context")) != words.end();
}

void prepare_directories() {
  ::mkdir(paths::run, 0755);
  ::mkdir("/var/lib", 0755);
  ::mkdir(paths::library, 0755);
  // Mounts of ours must not appear in the namespace where people type.
  if (::unshare(CLONE_NEWNS) == 0) ::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr);
}

/// For init, which runs it once the machine is ready. The script of a context before goes in any case.
void keep_user_data(const Variables& context) {
  ::unlink(paths::user_data);
  const auto given = context.find("USER_DATA");
  if (given == context.end()) return;
  const auto script = user_data_script(given->second);
  if (!script)
    console_line("user data: no script (its Base64 must begin with #!); it is left out");
  else if (!replace_file(paths::user_data, *script, 0700))
    console_line("user data: the script cannot be written");
}

}  // namespace

Agent::Agent()
    : frames_({.context = [this](const std::string& text) { use_context(text, std::string(ControlPort::port_name)); },
               .function = [this] { service_.function_changed(); },
               .query = [this] { answer_query(); }}),
      port_(loop_, frames_),
      uevents_(loop_, [this](const Uevent& event) { on_uevent(event); }),
      network_(loop_, [this] { become_ready_if_complete(); }),
      service_(loop_, state_),
      server_(loop_,
              [this](const Request& request, Reply reply) { return service_.handle(request, std::move(reply)); }) {}

int Agent::run() {
  prepare_directories();
  sigset_t mask;
  sigemptyset(&mask);
  for (const int signal : {SIGTERM, SIGHUP, SIGINT}) sigaddset(&mask, signal);
  ::sigprocmask(SIG_BLOCK, &mask, nullptr);
  ::signal(SIGPIPE, SIG_IGN);
  signals_.reset(::signalfd(-1, &mask, SFD_CLOEXEC | SFD_NONBLOCK));
  loop_.watch(signals_.get(), EPOLLIN, [this](std::uint32_t) { on_signal(); });

  port_.find();
  if (const auto kept = read_file(paths::kept_context, 1 << 20)) {
    apply(parse_context(*kept), "before");
  } else {
    ::unlink(paths::function);
    if (waits_for_context()) {
      server_.listen_on(state_.settings.ports);
      console_line("WAITING uptime=" + uptime_text());
      notify_init();
    } else {
      look_for_context();
    }
  }
  loop_.run();
  return 0;
}

void Agent::look_for_context() {
  if (context_known_) return;
  if (const auto disc = read_context_disc(paths::function)) {
    loop_.cancel(disc_timer_);
    use_context(disc->text, disc->device);
  } else if (disc_timer_ == Loop::no_timer && may_have_disc()) {
    disc_timer_ = loop_.after(disc_wait, [this] {
      disc_timer_ = Loop::no_timer;
      if (!context_known_) apply({}, "none");
    });
  } else if (disc_timer_ == Loop::no_timer) {
    apply({}, "none");
  }
}

void Agent::use_context(const std::string& text, const std::string& source) {
  loop_.cancel(disc_timer_);
  const Variables all = parse_context(text);
  const Variables kept = kept_variables(all);
  keep_user_data(all);
  if (source == ControlPort::port_name) replace_file(paths::kept_context, write_context(kept), 0600);
  apply(kept, source);
}

void Agent::apply(const Variables& variables, const std::string& source) {
  context_known_ = true;
  context_source_ = source;
  state_.ready = false;
  state_.settings = settings_from(variables);
  ::sethostname(state_.settings.hostname.data(), state_.settings.hostname.size());
  network_.apply(state_.settings.nics);
  service_.settings_changed();
  if (!server_.listen_on(state_.settings.ports)) console_line("http: not every port of PORTS can be had");
  become_ready_if_complete();
}

void Agent::become_ready_if_complete() {
  if (state_.ready || !context_known_ || !network_.settled()) return;
  state_.ready = true;
  say_ready();
}

std::string Agent::ready_json() const {
  std::string ports;
  for (const std::uint16_t port : state_.settings.ports) ports += (ports.empty() ? "" : ",") + std::to_string(port);
  return "{\"uptime\":" + uptime_text() + ",\"ports\":[" + ports +
         "],\"boot_id\":" + json_quote(machine_facts().boot_id) + ",\"ip\":" + json_quote(network_.address()) + "}";
}

void Agent::say_ready() {
  port_.send("ready", ready_json());
  console_line("READY port=" + std::to_string(state_.settings.ports.front()) + " ip=" + network_.address() +
               " uptime=" + uptime_text() + " context=" + context_source_);
  notify_init();
  ::kill(1, programs::ready_signal);
}

void Agent::answer_query() {
  if (state_.ready)
    port_.send("ready", ready_json());
  else
    port_.send("booting", "");
}

/// Init holds the console and the slower devices back until the machine answers.
void Agent::notify_init() {
  const char* number = ::getenv(programs::notify_variable);
  if (number == nullptr) return;
  const int fd = std::atoi(number);
  if (::write(fd, "r", 1) == 1) ::close(fd);
  ::unsetenv(programs::notify_variable);
}

void Agent::on_uevent(const Uevent& event) {
  if (event.subsystem == "virtio-ports") port_.find();
  if (event.subsystem == "block" && disc_timer_ != Loop::no_timer) look_for_context();
}

void Agent::on_signal() {
  signalfd_siginfo info{};
  if (::read(signals_.get(), &info, sizeof info) != sizeof info) return;
  leave(info.ssi_signo == SIGHUP ? "rebooting" : "stopping");
}

void Agent::leave(std::string_view last_word) {
  state_.ready = false;
  server_.close_listeners();
  port_.send(last_word, "");
  service_.finish();
  if (port_.all_sent())
    loop_.stop();
  else
    loop_.after(last_word_wait, [this] { loop_.stop(); });
}

namespace programs {
int agent() {
  return Agent().run();
}
}  // namespace programs

}  // namespace guest
