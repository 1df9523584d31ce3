// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <list>
#include <memory>
#include <string>
#include <utility>

#include "base/async.h"

/// Waiting among coroutines of one strand: nothing here locks, everything is called on that strand.
namespace nephele::qemu {

/// "Something changed; look again." A waiter looks at its own condition, so a telling that nobody hears is not lost.
class Change {
 public:
  explicit Change(Executor executor) : executor_(std::move(executor)) {}
  Change(const Change&) = delete;
  Change& operator=(const Change&) = delete;

  void tell();
  /// Until the next tell() or the given time.
  Task<> wait(SteadyTime until);

 private:
  Executor executor_;
  std::list<asio::steady_timer*> waiting_;
};

/// True as soon as `holds()`; false when the time came first.
template <class Condition>
Task<bool> wait_for(Change& change, Condition holds, SteadyTime until) {
  while (!holds()) {
    if (std::chrono::steady_clock::now() >= until) co_return false;
    co_await change.wait(until);
  }
  co_return true;
}

/// One coroutine at a time. Shared, so that a turn outlives whoever made it.
class Turns : public std::enable_shared_from_this<Turns> {
 public:
  class Turn {
   public:
    Turn() = default;
    explicit Turn(std::shared_ptr<Turns> turns) : turns_(std::move(turns)) {}
    Turn(Turn&&) noexcept = default;
    Turn& operator=(Turn&& other) noexcept {
      Turn old(std::exchange(turns_, std::exchange(other.turns_, nullptr)));
      return *this;
    }
    ~Turn() {
      if (turns_) turns_->give_back();
    }

   private:
    std::shared_ptr<Turns> turns_;
  };

  explicit Turns(Executor executor) : freed_(std::move(executor)) {}
  /// `busy` with `who` in the sentence when it is not our turn in time.
  Task<Result<Turn>> take(SteadyTime until, std::string who);

 private:
  void give_back();

  bool taken_ = false;
  Change freed_;
};

}  // namespace nephele::qemu
