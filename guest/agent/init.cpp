// SPDX-License-Identifier: Apache-2.0
#include "init.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>

#include "paths.h"
#include "programs.h"
#include "text.h"
#include "user_data.h"

namespace guest {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds rest_deadline{5000};
constexpr milliseconds last_word_deadline{3000};
constexpr milliseconds term_deadline{300};
constexpr milliseconds respawn_max{10'000};
constexpr std::size_t agent_index = 0;

constexpr std::initializer_list<int> handled = {SIGCHLD, SIGUSR1, SIGUSR2, SIGTERM, SIGINT, programs::ready_signal};

void mount_rest() {
  ::mount("run", "/run", "tmpfs", MS_NOSUID | MS_NODEV, "mode=755,size=25%");
  ::mount("tmp", "/tmp", "tmpfs", MS_NOSUID | MS_NODEV, "mode=1777,size=25%");
  ::mkdir("/dev/pts", 0755);
  ::mount("devpts", "/dev/pts", "devpts", MS_NOSUID | MS_NOEXEC, "gid=5,mode=620");
  ::mkdir("/dev/shm", 01777);
  ::mount("shm", "/dev/shm", "tmpfs", MS_NOSUID | MS_NODEV, "mode=1777,size=25%");
}

/// The disk image carries the links; the initramfs is smaller without.
void link_busybox() {
  if (::access("/bin/sh", X_OK) == 0) return;
  const pid_t pid = ::fork();
  if (pid == 0) {
    ::execl("/bin/busybox", "busybox", "--install", "-s", "/bin", nullptr);
    ::_exit(127);
  }
  ::waitpid(pid, nullptr, 0);
}

void exec_shell() {
  ::setsid();
  const int tty = ::open("/dev/ttyS0", O_RDWR);
  if (tty < 0) return;
  ::ioctl(tty, TIOCSCTTY, 1);
  for (int fd = 0; fd < 3; ++fd) ::dup2(tty, fd);
  if (tty > 2) ::close(tty);
  if (::chdir("/root") != 0) return;
  ::execl("/bin/sh", "-sh", nullptr);
}

}  // namespace

Init::Init() {
  daemons_.push_back(Daemon{"agent", [] { ::execl("/sbin/nephele-agent", "/sbin/nephele-agent", nullptr); }});
  daemons_.push_back(Daemon{"keeper", [] { ::execl("/sbin/nephele-keeper", "/sbin/nephele-keeper", nullptr); }});
  daemons_.push_back(Daemon{"shell", exec_shell});
}

int Init::run() {
  ::setenv("PATH", "/bin:/sbin:/usr/bin:/usr/sbin", 1);
  ::setenv("HOME", "/root", 1);
  ::setenv("TERM", "vt102", 1);
  ::sethostname("localhost", 9);
  mount_rest();
  link_busybox();
  sigset_t mask;
  sigemptyset(&mask);
  for (const int signal : handled) sigaddset(&mask, signal);
  ::sigprocmask(SIG_BLOCK, &mask, nullptr);
  signals_.reset(::signalfd(-1, &mask, SFD_CLOEXEC | SFD_NONBLOCK));
  loop_.watch(signals_.get(), EPOLLIN, [this](std::uint32_t) { on_signal(); });
  ::reboot(RB_DISABLE_CAD);
  start_agent();
  while (true) loop_.run();
}

void Init::start_agent() {
  int ends[2] = {-1, -1};
  if (::pipe2(ends, O_NONBLOCK) == 0) {
    ::fcntl(ends[0], F_SETFD, FD_CLOEXEC);
    notify_.reset(ends[0]);
    ::setenv(programs::notify_variable, std::to_string(ends[1]).c_str(), 1);
    loop_.watch(ends[0], EPOLLIN, [this](std::uint32_t) { start_the_rest(); });
  }
  start(agent_index);
  ::unsetenv(programs::notify_variable);
  if (ends[1] >= 0) ::close(ends[1]);
  step_timer_ = loop_.after(rest_deadline, [this] { start_the_rest(); });
}

void Init::start_the_rest() {
  loop_.cancel(step_timer_);
  if (notify_) loop_.forget(notify_.get());
  notify_.reset();
  if (rest_started_ || leaving_) return;
  rest_started_ = true;
  for (std::size_t index = agent_index + 1; index < daemons_.size(); ++index) start(index);
}

/// Once per boot, which is as long as this process lives: the agent says "ready" again after each context, and after a
/// restart of its own.
void Init::start_user_data() {
  if (user_data_started_ || leaving_ || ::access(paths::user_data, X_OK) != 0) return;
  user_data_started_ = true;
  start_once(exec_user_data);
}

/// What may end and is not started again.
void Init::start_once(void (*become)()) {
  if (::fork() != 0) return;
  sigset_t none;
  sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  become();
  ::_exit(127);
}

void Init::start(std::size_t index) {
  Daemon& daemon = daemons_[index];
  const pid_t pid = ::fork();
  if (pid == 0) {
    sigset_t none;
    sigemptyset(&none);
    ::sigprocmask(SIG_SETMASK, &none, nullptr);
    daemon.exec();
    ::_exit(127);
  }
  daemon.pid = pid;
  daemon.started = std::chrono::steady_clock::now();
}

void Init::on_signal() {
  signalfd_siginfo info{};
  while (::read(signals_.get(), &info, sizeof info) == sizeof info) {
    switch (info.ssi_signo) {
      case SIGCHLD:
        reap();
        break;
      case programs::ready_signal:
        start_user_data();
        break;
      case SIGUSR1:
        shut_down(End::halt);
        break;
      case SIGUSR2:
        shut_down(End::power_off);
        break;
      default:
        shut_down(End::reboot);
        break;
    }
  }
}

void Init::reap() {
  int status = 0;
  pid_t pid = 0;
  while ((pid = ::waitpid(-1, &status, WNOHANG)) > 0) {
    const auto daemon = std::ranges::find(daemons_, pid, &Daemon::pid);
    if (daemon == daemons_.end()) continue;
    daemon->pid = -1;
    const auto index = static_cast<std::size_t>(daemon - daemons_.begin());
    if (!leaving_)
      ended(index);
    else if (index == agent_index && !agent_gone_)
      end_everybody();
  }
  if (pid < 0 && leaving_ && agent_gone_) leave();  // no children left
}

/// Again at once, unless it does not live long.
void Init::ended(std::size_t index) {
  Daemon& daemon = daemons_[index];
  const bool lived = std::chrono::steady_clock::now() - daemon.started > std::chrono::seconds(10);
  const bool is_shell = daemon.name == "shell";
  if (!is_shell) console_line(daemon.name + " has ended, starting it again");
  daemon.delay = lived ? milliseconds(0) : std::min(respawn_max, std::max(daemon.delay * 2, milliseconds(200)));
  loop_.after(is_shell && lived ? milliseconds(0) : daemon.delay, [this, index] {
    if (!leaving_ && daemons_[index].pid < 0) start(index);
  });
}

void Init::shut_down(End end) {
  if (leaving_) return;
  leaving_ = true;
  end_ = end;
  console_line(end == End::reboot ? "rebooting" : "stopping");
  loop_.cancel(step_timer_);
  const int agent = daemons_[agent_index].pid;
  if (agent <= 0) {
    end_everybody();
    return;
  }
  ::kill(agent, end == End::reboot ? SIGHUP : SIGTERM);
  step_timer_ = loop_.after(last_word_deadline, [this] { end_everybody(); });
}

void Init::end_everybody() {
  if (agent_gone_) return;
  agent_gone_ = true;
  loop_.cancel(step_timer_);
  ::kill(-1, SIGTERM);
  ::kill(-1, SIGHUP);  // an interactive shell takes no SIGTERM
  ::kill(-1, SIGCONT);
  step_timer_ = loop_.after(term_deadline, [this] { leave(); });
}

void Init::leave() {
  ::kill(-1, SIGKILL);
  ::sync();
  ::mount(nullptr, "/", nullptr, MS_REMOUNT | MS_RDONLY, nullptr);
  console_line("down");
  switch (end_) {
    case End::reboot:
      ::reboot(RB_AUTOBOOT);
      break;
    case End::halt:
      ::reboot(static_cast<int>(RB_HALT_SYSTEM));
      break;
    case End::power_off:
      ::reboot(RB_POWER_OFF);
      break;
  }
  while (true) ::pause();
}

namespace programs {
int init() {
  return Init().run();
}
}  // namespace programs

}  // namespace guest
