// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <expected>
#include <list>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>

#include "identity/slow_down.h"

namespace nephele::identity {

/// The tries of each account and address, in memory, at most `max` of them: the one that was quiet for longest gives
/// way. Thread-safe.
class Attempts {
 public:
  Attempts(SlowDown rule, std::size_t max) : rule_(rule), max_(max) {}

  /// Counts a try as wrong beforehand, so that tries which run side by side see each other.
  std::expected<Turn, ComeBackIn> begin(const std::string& who, SteadyTime now);
  /// It was the right password: all is forgiven.
  void forgive(std::string_view who);
  /// The try was never made (no room to hash): takes one back.
  void take_back(std::string_view who);

  std::size_t size() const;

 private:
  struct Entry {
    std::string who;
    Tries tries;
  };
  using Line = std::list<Entry>;  // the longest quiet first

  void make_room(SteadyTime now);
  void erase(Line::iterator entry);

  SlowDown rule_;
  std::size_t max_;
  mutable std::mutex mutex_;
  Line line_;
  std::unordered_map<std::string_view, Line::iterator> by_who_;  // the keys live in line_
};

}  // namespace nephele::identity
