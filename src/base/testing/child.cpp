// SPDX-License-Identifier: Apache-2.0
#include "base/testing/child.h"

#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <stdexcept>
#include <thread>

namespace nephele::testing {

RunAs run_as(const char* preferred) {
  if (::geteuid() != 0) return {::geteuid(), ::getegid()};
  const passwd* other = ::getpwnam(preferred);
  if (other == nullptr) other = ::getpwnam("nobody");
  if (other == nullptr) throw std::runtime_error("servers of tests refuse to run as root, and there is no user nobody");
  return {other->pw_uid, other->pw_gid};
}

pid_t start_child(const ChildSpec& spec) {
  std::vector<char*> arguments;  // made before fork: nothing after it may allocate
  arguments.reserve(spec.words.size() + 1);
  for (const auto& word : spec.words) arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  const pid_t parent = ::getpid();
  const pid_t child = ::fork();
  if (child != 0) return child;

  const int out = ::open(spec.log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0644);
  const int in = ::open("/dev/null", O_RDONLY);
  if (out < 0 || in < 0 || ::dup2(in, 0) < 0 || ::dup2(out, 1) < 0 || ::dup2(out, 2) < 0) ::_exit(126);
  if (::geteuid() == 0 &&
      (::setgroups(1, &spec.as.group) != 0 || ::setgid(spec.as.group) != 0 || ::setuid(spec.as.user) != 0))
    ::_exit(126);
  if (::chdir(spec.folder.c_str()) != 0) ::_exit(126);
  // A program that would gain rights also loses the signal below, which setuid() clears too: so after it.
  ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
  ::prctl(PR_SET_PDEATHSIG, spec.end_signal);
  if (::getppid() != parent) ::_exit(126);
  ::setpgid(0, 0);  // Ctrl-C in a terminal is for the test
  ::execv(arguments[0], arguments.data());
  ::_exit(127);
}

bool ended_within(pid_t child, std::chrono::milliseconds time, int* status) {
  const auto until = std::chrono::steady_clock::now() + time;
  int ignored = 0;
  for (;;) {
    const pid_t ended = ::waitpid(child, status != nullptr ? status : &ignored, WNOHANG);
    if (ended == child || (ended < 0 && errno == ECHILD)) return true;
    if (std::chrono::steady_clock::now() >= until) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
}

}  // namespace nephele::testing
