// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include "base/async.h"

namespace nephele {

/// Coroutines that wait for news about something, found by its key. Join before looking at the present state, look,
/// then wait: no news is lost in between.
template <class Key>
class Bells {
 public:
  /// Rings until it is given up; made on the caller's executor. May outlive the registry.
  std::shared_ptr<Bell> join(Executor executor, const Key& key) {
    auto bell = std::make_unique<Bell>(std::move(executor));
    const std::lock_guard lock(state_->mutex);
    const auto place = state_->bells.emplace(key, bell.get());
    return {bell.release(), [state = state_, place](Bell* left) {
              {
                const std::lock_guard inner(state->mutex);
                state->bells.erase(place);
              }
              delete left;
            }};
  }

  /// From any thread.
  void ring(const Key& key) {
    const std::lock_guard lock(state_->mutex);
    const auto [first, last] = state_->bells.equal_range(key);
    for (auto it = first; it != last; ++it) it->second->ring();
  }

 private:
  struct State {
    std::mutex mutex;
    std::multimap<Key, Bell*> bells;
  };
  std::shared_ptr<State> state_ = std::make_shared<State>();
};

}  // namespace nephele
