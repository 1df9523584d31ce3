// SPDX-License-Identifier: Apache-2.0
#include "apps/common/daemon.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

namespace nephele::apps {
namespace {

using namespace std::chrono_literals;

TEST(Daemon, TellsWhatItsStarterSaid) {
  const auto good = start_detached({}, [](Starter& starter) {
    starter.tell("ok http://here");
    return 0;
  });
  ASSERT_TRUE(good) << good.error().sentence();
  EXPECT_EQ(good->told, "ok http://here");
  int status = 0;
  EXPECT_EQ(::waitpid(good->pid, &status, 0), good->pid) << "it went on";
  EXPECT_EQ(start_detached({},
                           [](Starter& starter) {
                             starter.tell("the port is taken");
                             return 1;
                           })
                .value()
                .told,
            "the port is taken");
}

TEST(Daemon, WhoEndsWithoutAWordIsNotWaitedFor) {
  EXPECT_EQ(start_detached({}, [](Starter&) { return 3; }).value().told, "");
}

TEST(Daemon, AStartThatTakesTooLongIsSaidAndGoesOn) {
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  const FileHandle reading(ends[0]);
  FileHandle writing(ends[1]);
  const auto late = start_detached(
      {},
      [&](Starter&) {
        writing.reset();
        char one = 0;
        return ::read(reading.get(), &one, 1) == 0 ? 7 : 1;
      },
      50ms);
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().kind(), Kind::timeout);
  writing.reset();
  int status = 0;
  ASSERT_GT(::waitpid(-1, &status, 0), 0);
  EXPECT_EQ(WEXITSTATUS(status), 7) << "it lived until it was told to end";
}

}  // namespace
}  // namespace nephele::apps
