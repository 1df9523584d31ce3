// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>

#include "base/log.h"
#include "identity/attempts.h"
#include "identity/identity.h"

namespace nephele::identity::ways {

/// Passwords that somebody else judges, slowed down by the same rule as our own: per name and address. One address has
/// at most `per_address` of them under way, so that it leaves room for the others.
class Guesses {
 public:
  Guesses(const identity::Settings& settings, std::size_t per_address, log::Logger log);
  Guesses(const Guesses&) = delete;
  Guesses& operator=(const Guesses&) = delete;

  /// One guess while it is judged; ended without a word it counts as wrong.
  class Guess {
   public:
    Guess(const Guess&) = delete;
    Guess& operator=(const Guess&) = delete;
    ~Guess() { guesses_.give_back(address_); }
    void right();
    /// Nobody could judge it.
    void unjudged();

   private:
    friend Guesses;
    Guess(Guesses& guesses, std::string address, std::string who);
    Guesses& guesses_;
    std::string address_;
    std::string who_;
  };

  /// Waits for its turn. `address`: an address_group(). Fails with `busy` and the detail "retry_after_ms" when that
  /// would be too long, or when too many of this address wait already. The Guesses outlive it.
  Task<Result<std::unique_ptr<Guess>>> begin(std::string address, std::string name);

 private:
  std::unique_ptr<Guess> place(const std::string& address, const std::string& name);
  void give_back(const std::string& address);

  SlowDown rule_;
  std::size_t per_address_;
  Attempts attempts_;
  log::Logger log_;
  std::mutex mutex_;
  std::unordered_map<std::string, std::size_t> under_way_;  // by address; guarded by mutex_
};

}  // namespace nephele::identity::ways
