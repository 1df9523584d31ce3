// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <utility>

namespace nephele::identity {

/// How users and clients reach the identity service, without a slash at the end. A handle: all copies tell the same
/// address, also one that is decided later, when the port that was bound is known.
class PublicUrl {
 public:
  PublicUrl() : PublicUrl(std::string()) {}
  PublicUrl(std::string url)  // NOLINT(google-explicit-constructor): a URL is one
      : state_(std::make_shared<State>()) {
    state_->url = std::move(url);
  }
  PublicUrl(const char* url) : PublicUrl(std::string(url)) {}  // NOLINT(google-explicit-constructor)

  void decide(std::string url) const {
    const std::lock_guard lock(state_->mutex);
    state_->url = std::move(url);
  }
  std::string text() const {
    const std::lock_guard lock(state_->mutex);
    return state_->url;
  }

 private:
  struct State {
    std::mutex mutex;
    std::string url;  // guarded by mutex
  };
  std::shared_ptr<State> state_;
};

}  // namespace nephele::identity
