// SPDX-License-Identifier: Apache-2.0
#include "base/dead_holder.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

namespace nephele {
namespace {

/// A child that has ended, and that nobody has waited for.
class Zombie {
 public:
  Zombie() : pid_(::fork()) {
    if (pid_ == 0) ::_exit(0);
    siginfo_t info{};
    ::waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED | WNOWAIT);
  }
  Zombie(const Zombie&) = delete;
  Zombie& operator=(const Zombie&) = delete;
  ~Zombie() { bury(); }
  pid_t pid() const noexcept { return pid_; }
  void bury() { ::waitpid(pid_, nullptr, 0); }

 private:
  pid_t pid_;
};

TEST(DeadHolder, IsWaitedForAsLongAsItIsOnItsWay) {
  Zombie zombie;
  EXPECT_TRUE(is_dying(zombie.pid()));
  EXPECT_EQ(patience_with(zombie.pid()), std::chrono::seconds(30));
  zombie.bury();
  EXPECT_FALSE(is_dying(zombie.pid()));
  EXPECT_EQ(patience_with(zombie.pid()), std::chrono::seconds(2)) << "a child of it may have the lock";
  EXPECT_FALSE(is_dying(::getpid()));
  EXPECT_FALSE(is_dying(0)) << "nobody is named";
  EXPECT_LE(patience_with(::getpid()), std::chrono::seconds(1));
  EXPECT_LE(patience_with(0), std::chrono::seconds(1));
}

TEST(DeadHolder, IsOneThatWasKilledWhileItCannotTakeTheSignal) {
  const pid_t stopped = ::fork();
  if (stopped == 0) {
    ::ptrace(PTRACE_TRACEME, 0, nullptr, nullptr);
    ::raise(SIGSTOP);
    ::_exit(0);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(stopped, &status, 0), stopped);
  EXPECT_FALSE(is_dying(stopped));
  ::ptrace(PTRACE_SETOPTIONS, stopped, nullptr, PTRACE_O_TRACEEXIT);
  ASSERT_EQ(::kill(stopped, SIGKILL), 0);
  EXPECT_TRUE(is_dying(stopped)) << "it stands at its exit until we let it go on";
  while (::waitpid(stopped, &status, 0) == stopped && WIFSTOPPED(status)) {
    EXPECT_TRUE(is_dying(stopped));
    ::ptrace(PTRACE_CONT, stopped, nullptr, nullptr);
  }
  EXPECT_TRUE(WIFSIGNALED(status));
}

TEST(DeadHolder, LeavesItsLockToWhoWaits) {
  const Zombie zombie;
  int tries = 0;
  EXPECT_TRUE(lock_after_the_dead([&] { return ++tries == 30; }, [&] { return zombie.pid(); }));
}

TEST(DeadHolder, WhoLivesHasItsLock) {
  EXPECT_FALSE(lock_after_the_dead([] { return false; }, [] { return ::getpid(); }));
}

}  // namespace
}  // namespace nephele
