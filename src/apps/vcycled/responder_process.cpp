// SPDX-License-Identifier: Apache-2.0
#include "apps/vcycled/responder_process.h"

#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <string>
#include <system_error>
#include <vector>

#include "apps/vcycled/status.h"

namespace nephele::apps::vcycle {

namespace {

constexpr std::chrono::seconds starts_at_most_every{5};
constexpr std::chrono::seconds ends_within{5};

}  // namespace

void ResponderProcess::keep(bool wanted) {
  wanted_ = wanted;
  if (!wanted) {
    end();
    // Nobody is to miss it.
    (void)files_.remove(files_.lib("responder-heartbeat"));
    return;
  }
  // From now on it is missed, also one that never comes to listen.
  const std::string heartbeat = files_.lib("responder-heartbeat");
  if (::access(heartbeat.c_str(), F_OK) != 0) beat(files_, "responder");
  look();
  if (pid_ > 0) ::kill(pid_, SIGHUP);
}

void ResponderProcess::look() {
  if (pid_ > 0 && !has_ended()) return;
  if (wanted_ && std::chrono::steady_clock::now() - started_ >= starts_at_most_every) start();
}

bool ResponderProcess::has_ended() {
  int status = 0;
  if (::waitpid(pid_, &status, WNOHANG) == 0) return false;
  const std::string how = WIFSIGNALED(status) ? "signal " + std::to_string(WTERMSIG(status))
                                              : "status " + std::to_string(WEXITSTATUS(status));
  log_.say("The responder has ended (" + how + ")" + (wanted_ ? "; it is started again" : ""));
  pid_ = 0;
  return true;
}

void ResponderProcess::start() {
  started_ = std::chrono::steady_clock::now();
  std::vector<std::string> words{"vcycled", "--responder", "--host", files_.node()};
  // The slash: whoever looks for processes of a folder finds it.
  if (!files_.root().empty()) words.insert(words.end(), {"--root", files_.root() + "/"});
  std::vector<char*> arguments;
  for (auto& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  posix_spawnattr_t attributes{};
  ::posix_spawnattr_init(&attributes);
  // Its signals before it takes them itself: a SIGHUP then is not its end.
  sigset_t blocked{};
  sigemptyset(&blocked);
  for (const int signal : {SIGTERM, SIGINT, SIGHUP}) sigaddset(&blocked, signal);
  ::posix_spawnattr_setsigmask(&attributes, &blocked);
  ::posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK);
  const int failed = ::posix_spawn(&pid_, "/proc/self/exe", nullptr, &attributes, arguments.data(), environ);
  ::posix_spawnattr_destroy(&attributes);
  if (failed == 0) return;
  pid_ = 0;
  log_.say("The responder cannot be started: " + std::generic_category().message(failed));
}

void ResponderProcess::end() {
  if (pid_ <= 0) return;
  ::kill(pid_, SIGTERM);
  const SteadyTime until = in(ends_within);
  while (::waitpid(pid_, nullptr, WNOHANG) == 0) {
    const auto now = std::chrono::steady_clock::now();
    if (now > until + ends_within) {
      log_.say("The responder (pid " + std::to_string(pid_) + ") does not end; it is left behind");
      break;
    }
    if (now > until) ::kill(pid_, SIGKILL);
    ::usleep(10'000);
  }
  pid_ = 0;
}

}  // namespace nephele::apps::vcycle
