// SPDX-License-Identifier: Apache-2.0
#include "base/dead_holder.h"

#include <gtest/gtest.h>
#include <signal.h>
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

TEST(DeadHolder, IsNobodyOrAZombie) {
  Zombie zombie;
  EXPECT_TRUE(is_dead(zombie.pid()));
  zombie.bury();
  EXPECT_TRUE(is_dead(zombie.pid()));
  EXPECT_FALSE(is_dead(::getpid()));
  EXPECT_FALSE(is_dead(0)) << "nobody is named";
}

TEST(DeadHolder, IsWaitedFor) {
  const Zombie zombie;
  int tries = 0;
  EXPECT_TRUE(lock_after_the_dead([&] { return ++tries == 3; }, [&] { return zombie.pid(); }));
}

TEST(DeadHolder, WhoLivesHasItsLock) {
  int tries = 0;
  EXPECT_FALSE(lock_after_the_dead([&] { return ++tries == 3; }, [] { return ::getpid(); }));
  EXPECT_EQ(tries, 1);
}

}  // namespace
}  // namespace nephele
