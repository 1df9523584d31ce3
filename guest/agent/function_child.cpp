// SPDX-License-Identifier: Apache-2.0
// Between clone and exec only calls that are safe there: the agent has a second thread, whose locks nobody would open.
#include "function_child.h"

#include <fcntl.h>
#include <grp.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>

namespace guest {
namespace {

constexpr uid_t function_uid = 990;
constexpr int cannot_start = 126;

struct Pipe {
  Fd read;
  Fd write;
};

bool make_pipe(Pipe& pipe) {
  int ends[2] = {-1, -1};
  if (::pipe2(ends, O_CLOEXEC) != 0) return false;
  pipe.read.reset(ends[0]);
  pipe.write.reset(ends[1]);
  return true;
}

bool set_limit(__rlimit_resource_t what, rlim_t value) {
  const rlimit limit{value, value};
  return ::setrlimit(what, &limit) == 0;
}

bool confine(unsigned cpu_seconds, int cgroup_procs) {
  if (cgroup_procs >= 0 && ::write(cgroup_procs, "0", 1) != 1) return false;
  if (::mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, nullptr) != 0) return false;
  if (::mount("tmp", "/tmp", "tmpfs", MS_NOSUID | MS_NODEV, "mode=1777,size=25%") != 0) return false;
  const int badness = ::open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
  if (badness >= 0) {
    if (::write(badness, "1000", 4) != 4) return false;
    ::close(badness);
  }
  if (!set_limit(RLIMIT_NPROC, 64) || !set_limit(RLIMIT_NOFILE, 256) || !set_limit(RLIMIT_CORE, 0) ||
      !set_limit(RLIMIT_FSIZE, 64 << 20) || !set_limit(RLIMIT_CPU, cpu_seconds))
    return false;
  ::umask(077);
  return ::chdir("/tmp") == 0 && ::setgroups(0, nullptr) == 0 &&
         ::setresgid(function_uid, function_uid, function_uid) == 0 &&
         ::setresuid(function_uid, function_uid, function_uid) == 0 && ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
         ::prctl(PR_SET_PDEATHSIG, SIGKILL) == 0;
}

[[noreturn]] void become(const char* program, char* const* environment) {
  sigset_t none;
  sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  ::signal(SIGPIPE, SIG_DFL);
  ::setsid();
  char* const arguments[] = {const_cast<char*>(program), nullptr};
  ::execve(program, arguments, environment);
  if (errno == ENOEXEC) {
    char shell[] = "sh";
    char* const script[] = {shell, const_cast<char*>(program), nullptr};
    ::execve("/bin/sh", script, environment);
  }
  ::_exit(cannot_start);
}

/// Process 1 of the namespace: waits for the function and takes everything else down with itself.
[[noreturn]] void supervise(const char* program, char* const* environment) {
  const pid_t child = ::fork();
  if (child == 0) become(program, environment);
  for (int fd = 0; fd < 3; ++fd) ::close(fd);
  int status = cannot_start << 8;
  while (child > 0) {
    const pid_t ended = ::waitpid(-1, &status, 0);
    if (ended == child || (ended < 0 && errno != EINTR)) break;
  }
  ::_exit(WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status));
}

pid_t clone_process(int& process_fd) {
  clone_args arguments{};
  arguments.flags = CLONE_PIDFD | CLONE_NEWPID | CLONE_NEWNS | CLONE_NEWIPC;
  arguments.pidfd = reinterpret_cast<std::uintptr_t>(&process_fd);
  arguments.exit_signal = SIGCHLD;
  return static_cast<pid_t>(::syscall(SYS_clone3, &arguments, sizeof arguments));
}

void unblock(const Fd& fd) {
  ::fcntl(fd.get(), F_SETFL, ::fcntl(fd.get(), F_GETFL) | O_NONBLOCK);
}

}  // namespace

FunctionChild start_function(const FunctionStart& start) {
  FunctionChild child;
  Pipe input;
  Pipe output;
  Pipe errors;
  if (!make_pipe(input) || !make_pipe(output) || !make_pipe(errors)) return child;
  std::vector<char*> environment;
  for (const std::string& variable : start.environment) environment.push_back(const_cast<char*>(variable.c_str()));
  environment.push_back(nullptr);

  int process_fd = -1;
  child.pid = clone_process(process_fd);
  if (child.pid == 0) {
    const bool connected =
        ::dup2(input.read.get(), 0) == 0 && ::dup2(output.write.get(), 1) == 1 && ::dup2(errors.write.get(), 2) == 2;
    if (!connected || !confine(start.cpu_seconds, start.cgroup_procs)) ::_exit(cannot_start);
    ::syscall(SYS_close_range, 3U, ~0U, 0U);
    supervise(start.program.c_str(), environment.data());
  }
  if (child.pid < 0) return child;
  child.process.reset(process_fd);
  child.input = std::move(input.write);
  child.output = std::move(output.read);
  child.errors = std::move(errors.read);
  unblock(child.input);
  unblock(child.output);
  unblock(child.errors);
  return child;
}

}  // namespace guest
