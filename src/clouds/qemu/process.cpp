// SPDX-License-Identifier: Apache-2.0
#include "clouds/qemu/process.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <climits>
#include <cstdlib>
#include <cstring>
#include <filesystem>

#include "base/text_file.h"

namespace nephele::qemu {

namespace {

constexpr rlim_t descriptors_wanted = 4096;  // slirp keeps one per connection
constexpr unsigned cloexec_flag = 1U << 2U;  // CLOSE_RANGE_CLOEXEC
constexpr int p_pidfd = 3;                   // P_PIDFD; glibc 2.36 has it as an enumerator only with newer headers

int open_pidfd(pid_t pid) {
  return static_cast<int>(::syscall(SYS_pidfd_open, pid, 0));
}

// Everything below until `exec` runs between fork and exec: only system calls, no memory, no locks.
struct Child {
  const ProcessSpec& spec;
  char* const* arguments;
  char* const* environment;
  int null;
  int report;  ///< gets errno when the program cannot be run; closed by exec

  [[noreturn]] void give_up() const {
    const int why = errno;
    (void)!::write(report, &why, sizeof why);
    ::_exit(127);
  }
  void reset_signals() const {
    struct sigaction plain{};
    plain.sa_handler = SIG_DFL;
    for (int number = 1; number < NSIG; ++number) ::sigaction(number, &plain, nullptr);
    sigset_t none;
    ::sigemptyset(&none);
    ::sigprocmask(SIG_SETMASK, &none, nullptr);
  }
  void write_number(int file, long number) const {
    std::array<char, 24> text{};
    const auto end = std::to_chars(text.data(), text.data() + text.size() - 1, number).ptr;
    *end = '\n';
    (void)!::pwrite(file, text.data(), static_cast<std::size_t>(end - text.data()) + 1, 0);
  }
  void limit() const {
    const rlimit none{0, 0};
    ::setrlimit(RLIMIT_CORE, &none);  // a core holds the guest's secrets
    rlimit files{};
    ::getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max < descriptors_wanted ? files.rlim_max : descriptors_wanted;
    ::setrlimit(RLIMIT_NOFILE, &files);
    if (!spec.dies_first) return;
    const int file = ::open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
    if (file >= 0) write_number(file, 200);
  }
  void become_user() const {
    if (!spec.user) return;
    // Raw calls: the library's own would ask the threads that this copy does not have.
    if (::syscall(SYS_setgroups, spec.user->groups.size(), spec.user->groups.data()) != 0) give_up();
    if (::syscall(SYS_setresgid, spec.user->gid, spec.user->gid, spec.user->gid) != 0) give_up();
    if (::syscall(SYS_setresuid, spec.user->uid, spec.user->uid, spec.user->uid) != 0) give_up();
  }
  [[noreturn]] void exec() const {
    ::setsid();
    reset_signals();
    ::umask(077);
    if (spec.pid_file >= 0) write_number(spec.pid_file, ::getpid());
    if (::chdir(spec.directory.c_str()) != 0) give_up();
    if (::dup2(null, 0) < 0 || ::dup2(spec.output >= 0 ? spec.output : null, 1) < 0 ||
        ::dup2(spec.errors >= 0 ? spec.errors : null, 2) < 0)
      give_up();
    limit();
    // What some library opened without close-on-exec must not follow; on older kernels this does nothing.
    ::syscall(SYS_close_range, 3U, ~0U, cloexec_flag);
    for (const int kept : spec.keep) ::fcntl(kept, F_SETFD, 0);
    become_user();
    if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) give_up();
    ::execve(arguments[0], arguments, environment);
    give_up();
  }
};

// The program's own errno, or 0 when it runs.
int read_report(int pipe) {
  int why = 0;
  for (;;) {
    const ssize_t got = ::read(pipe, &why, sizeof why);
    if (got < 0 && errno == EINTR) continue;
    return got == sizeof why ? why : 0;
  }
}

std::optional<ProcessStat> stat_of(pid_t pid) {
  const auto text = read_text_file(fmt::format("/proc/{}/stat", pid), 4096);
  return text ? parse_process_stat(*text) : std::nullopt;
}

}  // namespace

Result<Process> Process::spawn(const ProcessSpec& spec) {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0)
    return fail(Kind::unavailable, fmt::format("no pipe: {}", std::strerror(errno)));
  FileHandle report(ends[0]);
  FileHandle reporter(ends[1]);
  const FileHandle null(::open("/dev/null", O_RDWR | O_CLOEXEC));
  if (!null) return fail(Kind::unavailable, fmt::format("/dev/null: {}", std::strerror(errno)));

  std::vector<char*> arguments;
  for (const std::string& argument : spec.arguments) arguments.push_back(const_cast<char*>(argument.c_str()));
  arguments.push_back(nullptr);
  std::array<std::string, 3> words{"PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C", "HOME=/"};
  const std::array<char*, 4> environment{words[0].data(), words[1].data(), words[2].data(), nullptr};

  const Child child{spec, arguments.data(), environment.data(), null.get(), reporter.get()};
  const pid_t pid = ::fork();
  if (pid < 0) return fail(Kind::unavailable, fmt::format("no new process: {}", std::strerror(errno)));
  if (pid == 0) child.exec();

  FileHandle descriptor(open_pidfd(pid));  // ours and not reaped: the pid cannot be another's
  const int pidfd_errno = errno;
  const auto stat = stat_of(pid);
  reporter.reset();
  const int why = read_report(report.get());
  if (why != 0 || !descriptor) {
    if (why == 0) ::kill(pid, SIGKILL);
    ::waitpid(pid, nullptr, 0);
    return fail(Kind::unavailable,
                fmt::format("{} does not start: {}", spec.arguments[0], std::strerror(why != 0 ? why : pidfd_errno)));
  }
  return Process(pid, std::move(descriptor), stat ? stat->started : 0);
}

Result<Process> Process::find(pid_t pid, std::optional<std::uint64_t> started) {
  if (pid <= 0) return fail(Kind::not_found, "no such process");
  FileHandle descriptor(open_pidfd(pid));
  if (!descriptor) return fail(Kind::not_found, fmt::format("process {} has ended", pid));
  // Only after the pidfd is open: from here on the pid cannot change its meaning unseen.
  const auto stat = stat_of(pid);
  if (!stat || stat->state == 'Z' || stat->state == 'X')
    return fail(Kind::not_found, fmt::format("process {} has ended", pid));
  if (started && *started != stat->started)
    return fail(Kind::not_found, fmt::format("process {} is another one now", pid));
  return Process(pid, std::move(descriptor), stat->started);
}

bool Process::ended(int wait_ms) const {
  pollfd look{descriptor_.get(), POLLIN, 0};
  return ::poll(&look, 1, wait_ms) == 1;
}

void Process::signal(int number) const {
  ::syscall(SYS_pidfd_send_signal, descriptor_.get(), number, nullptr, 0);
}

std::string Process::reap() const {
  siginfo_t info{};
  if (::waitid(static_cast<idtype_t>(p_pidfd), static_cast<id_t>(descriptor_.get()), &info, WEXITED | WNOHANG) != 0)
    return {};
  if (info.si_pid == 0) return {};
  return info.si_code == CLD_EXITED ? fmt::format("with status {}", info.si_status)
                                    : fmt::format("by signal {}", info.si_status);
}

std::optional<ProcessStat> parse_process_stat(std::string_view text) {
  const std::size_t name_end = text.rfind(')');
  if (name_end == std::string_view::npos) return std::nullopt;
  std::string_view rest = text.substr(name_end + 1);
  constexpr int state_field = 3;
  constexpr int start_field = 22;
  ProcessStat out{};
  for (int field = state_field; field <= start_field; ++field) {
    const std::size_t begin = rest.find_first_not_of(' ');
    if (begin == std::string_view::npos) return std::nullopt;
    rest.remove_prefix(begin);
    const std::string_view word = rest.substr(0, rest.find(' '));
    if (field == state_field) out.state = word[0];
    if (field == start_field && std::from_chars(word.data(), word.data() + word.size(), out.started).ec != std::errc{})
      return std::nullopt;
    rest.remove_prefix(word.size());
  }
  return out;
}

pid_t find_process_by_argument(std::string_view argument) {
  if (argument.empty()) return 0;
  const std::string wanted = fmt::format("{}{}{}", '\0', argument, '\0');
  std::error_code ignored;
  for (const auto& entry : std::filesystem::directory_iterator("/proc", ignored)) {
    const std::string name = entry.path().filename().string();
    pid_t pid = 0;
    if (std::from_chars(name.data(), name.data() + name.size(), pid).ptr != name.data() + name.size()) continue;
    const auto line = read_text_file(entry.path().string() + "/cmdline", std::size_t{128} * 1024);
    if (line && line->find(wanted) != std::string::npos && pid != ::getpid()) return pid;
  }
  return 0;
}

Result<std::string> find_program(std::string_view name, std::string_view package) {
  if (name.contains('/')) {
    if (::access(std::string(name).c_str(), X_OK) == 0) return std::string(name);
    return fail(Kind::unavailable,
                fmt::format("{} is no program that can be run; install the Debian package {}", name, package));
  }
  const char* path = std::getenv("PATH");
  std::string all = fmt::format("{}:/usr/bin:/bin:/usr/sbin:/sbin", path != nullptr ? path : "");
  for (std::size_t start = 0; start < all.size();) {
    const std::size_t end = std::min(all.find(':', start), all.size());
    std::string candidate = fmt::format("{}/{}", all.substr(start, end - start), name);
    if (end > start && candidate[0] == '/' && ::access(candidate.c_str(), X_OK) == 0) return candidate;
    start = end + 1;
  }
  return fail(Kind::unavailable,
              fmt::format("no program {} on this machine; install the Debian package {}", name, package));
}

std::string host_boot_id() {
  std::string text = read_text_file("/proc/sys/kernel/random/boot_id", 64).value_or(std::string());
  while (!text.empty() && text.back() == '\n') text.pop_back();
  return text;
}

}  // namespace nephele::qemu
