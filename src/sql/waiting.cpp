// SPDX-License-Identifier: Apache-2.0
#include "sql/waiting.h"

namespace nephele::sql {

namespace {
Error closing() {
  return Error(Kind::unavailable, "the database is being closed; try again when the service is back");
}
}  // namespace

Error waited_too_long() {
  return Error(Kind::timeout, "the database did not come to this in time; try again in a moment");
}

Failure swallowed_failure() {
  return {Failure::Cause::bug, "a statement failed and the transaction wanted to commit all the same"};
}

bool WaitingLine::push(Waiting& waiting) {
  {
    const std::lock_guard lock(mutex_);
    if (!closed_) {
      if (line_.size() >= max_) return false;
      line_.push_back(std::move(waiting));
      wake_.notify_one();
      return true;
    }
  }
  waiting.done(closing());
  return true;
}

std::vector<Waiting> WaitingLine::pop(std::size_t max) {
  std::vector<Waiting> taken;
  std::unique_lock lock(mutex_);
  wake_.wait(lock, [this] { return closed_ || !line_.empty(); });
  while (!line_.empty() && taken.size() < max) {
    taken.push_back(std::move(line_.front()));
    line_.pop_front();
  }
  return taken;
}

void WaitingLine::close() {
  std::deque<Waiting> rest;
  {
    const std::lock_guard lock(mutex_);
    closed_ = true;
    rest.swap(line_);
  }
  wake_.notify_all();
  for (auto& waiting : rest) waiting.done(closing());
}

bool Turn::run(Connection& connection) {
  failed.reset();
  cause.reset();
  hooks.clear();
  Tx tx(connection);
  try {
    if (!waiting.body(tx)) return false;
    hooks = tx.take_hooks();
    return true;
  } catch (const Failure& failure) {
    cause = failure.cause();
    failed = to_error(failure);
  } catch (const std::exception& thrown) {
    failed = Error(Kind::internal, std::string("a transaction ended with an exception: ") + thrown.what());
  } catch (...) {
    failed = Error(Kind::internal, "a transaction ended with an unknown exception");
  }
  return false;
}

void Turn::conclude() {
  if (committed) {
    for (auto& hook : hooks) {
      try {
        hook();
      } catch (...) {  // NOLINT(bugprone-empty-catch): the transaction is on disk, and its caller must hear just that
      }
    }
  }
  waiting.done(std::move(failed));
}

}  // namespace nephele::sql
