// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/async.h"

namespace nephele::identity {

enum class Verdict : std::uint8_t {
  right,
  wrong,
  slowed,  ///< wrong, and from now on whoever guesses there is slowed down
};

/// One guess under way, and those who make the same one meanwhile.
class Flight {
 public:
  /// Nothing: the one who led it went away; guess again.
  using Outcome = std::optional<Result<Verdict>>;

  /// Sets the outcome and resumes all who wait, each on its own executor.
  void land(Outcome outcome);

 private:
  friend class Flights;
  void when_landed(std::move_only_function<void()> resume);
  Outcome outcome();

  std::mutex mutex_;
  bool landed_ = false;
  Outcome outcome_;
  std::vector<std::move_only_function<void()>> waiting_;
};

/// All guesses under way by what is guessed. Thread-safe.
class Flights {
 public:
  /// The leader's duty: to land the flight. Going away without it (cancelled) sends the followers to guess again.
  class Lead {
   public:
    Lead(Flights& flights, std::string guess, std::shared_ptr<Flight> flight)
        : flights_(flights), guess_(std::move(guess)), flight_(std::move(flight)) {}
    ~Lead() { land({}); }
    Lead(const Lead&) = delete;
    Lead& operator=(const Lead&) = delete;
    void land(Flight::Outcome outcome);

   private:
    Flights& flights_;
    std::string guess_;
    std::shared_ptr<Flight> flight_;  // nothing once landed
  };

  /// A Lead for the first to make this guess, nothing for the others: they wait() for `flight`.
  std::unique_ptr<Lead> join(const std::string& guess, std::shared_ptr<Flight>& flight);

  static Task<Flight::Outcome> wait(std::shared_ptr<Flight> flight);

 private:
  std::mutex mutex_;
  std::unordered_map<std::string, std::shared_ptr<Flight>> under_way_;
};

}  // namespace nephele::identity
