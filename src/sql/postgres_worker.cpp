// SPDX-License-Identifier: Apache-2.0
#include "sql/postgres_worker.h"

#include <fmt/format.h>
#include <poll.h>
#include <sys/eventfd.h>

#include <algorithm>
#include <system_error>

namespace nephele::sql {

StopSign::StopSign() : event_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  if (!event_) throw std::system_error(errno, std::generic_category(), "eventfd");
}

void StopSign::raise() noexcept {
  ::eventfd_write(event_.get(), 1);
}

bool StopSign::wait_until(SteadyTime until) const noexcept {
  pollfd watched{event_.get(), POLLIN, 0};
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - std::chrono::steady_clock::now());
  return ::poll(&watched, 1, static_cast<int>(std::clamp<std::int64_t>(left.count(), 0, 60'000))) > 0;
}

void PostgresWorker::run(Waiting waiting) {
  Turn turn(std::move(waiting));
  for (int tries = 0; !turn.expired(); ++tries) {
    const Next next = attempt(turn);
    if (next == Next::answer) turn.conclude();
    drop_if_unusable();
    if (next != Next::again) return;
    pause(tries, turn.waiting.deadline);
  }
  if (!turn.failed) turn.failed = waited_too_long();
  turn.conclude();
}

void PostgresWorker::drop_if_unusable() {
  if (connection_ && !connection_->usable()) connection_.reset();
}

/// 1 ms, 2 ms ... 500 ms, each by chance up to half shorter, so that rivals don't meet again.
void PostgresWorker::pause(int attempt, SteadyTime deadline) {
  const int longest = std::min(500'000, 1000 << std::min(attempt, 9));
  const std::chrono::microseconds nap{std::uniform_int_distribution(longest / 2, longest)(dice_)};
  stop_.wait_until(std::min(deadline, std::chrono::steady_clock::now() + nap));
}

PostgresWorker::Next PostgresWorker::attempt(Turn& turn) {
  turn.committed = false;
  try {
    if (!connection_)
      connection_ = std::make_unique<PostgresConnection>(address_, limits_, turn.waiting.deadline, stop_.descriptor());
  } catch (const Failure& failure) {
    turn.failed = to_error(failure);
    return stop_.wait_until(SteadyTime{}) ? Next::answer : Next::again;
  }
  connection_->begin(turn.waiting.purpose != Purpose::look);
  const bool good = turn.run(*connection_);
  return end(turn, good);
}

PostgresWorker::Next PostgresWorker::end(Turn& turn, bool good) {
  // What the connection saw counts, whatever the body made of it.
  const auto cause = connection_->failed();
  if (good && !cause) return end_commit(turn);
  connection_->roll_back();
  if (good) turn.failed = to_error(swallowed_failure());
  return cause ? judge(turn, *cause) : Next::answer;
}

PostgresWorker::Next PostgresWorker::end_commit(Turn& turn) {
  if (turn.waiting.purpose == Purpose::look) {
    turn.committed = true;
    turn.conclude();  // what it read was consistent, however the transaction ends: no need to wait for that
    connection_->roll_back();
    return Next::nothing;
  }
  try {
    connection_->commit();
    turn.committed = true;
    return Next::answer;
  } catch (const Failure& failure) {
    turn.failed = to_error(failure);
    if (connection_->usable()) {
      connection_->roll_back();
      return judge(turn, failure.cause());
    }
    turn.failed = Error(Kind::unavailable,
                        fmt::format("{}: the connection was lost while the change was being committed, and whether it "
                                    "was is unknown; look before you repeat it",
                                    address_.shown()))
                      .with("sql", "unavailable")
                      .with("outcome", "unknown");
    return Next::answer;
  }
}

PostgresWorker::Next PostgresWorker::judge(Turn& turn, Failure::Cause cause) {
  if (cause != Failure::Cause::serialization && cause != Failure::Cause::unavailable) return Next::answer;
  if (!turn.failed)  // the body answered an error of its own; if this was the last try, the cause is what matters
    turn.failed = to_error(Failure(cause, fmt::format("{}: the transaction could not be finished; try again in a "
                                                      "moment",
                                                      address_.shown())));
  return stop_.wait_until(SteadyTime{}) ? Next::answer : Next::again;
}

}  // namespace nephele::sql
