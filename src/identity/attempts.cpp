// SPDX-License-Identifier: Apache-2.0
#include "identity/attempts.h"

namespace nephele::identity {

std::expected<Turn, ComeBackIn> Attempts::begin(const std::string& who, SteadyTime now) {
  const std::lock_guard lock(mutex_);
  const auto found = by_who_.find(who);
  const bool known = found != by_who_.end();
  auto turn = next_turn(rule_, known ? found->second->tries : Tries{}, now);
  if (known) line_.splice(line_.end(), line_, found->second);
  if (!turn) return turn;
  if (known) {
    found->second->tries = turn->after;
    return turn;
  }
  make_room(now);
  line_.push_back({who, turn->after});
  by_who_.emplace(line_.back().who, std::prev(line_.end()));
  return turn;
}

void Attempts::forgive(std::string_view who) {
  const std::lock_guard lock(mutex_);
  if (const auto found = by_who_.find(who); found != by_who_.end()) erase(found->second);
}

void Attempts::take_back(std::string_view who) {
  const std::lock_guard lock(mutex_);
  const auto found = by_who_.find(who);
  if (found == by_who_.end()) return;
  if (--found->second->tries.wrong == 0) erase(found->second);
}

std::size_t Attempts::size() const {
  const std::lock_guard lock(mutex_);
  return line_.size();
}

void Attempts::make_room(SteadyTime now) {
  while (!line_.empty() && (line_.size() >= max_ || forgotten(rule_, line_.front().tries, now))) erase(line_.begin());
}

void Attempts::erase(Line::iterator entry) {
  by_who_.erase(entry->who);
  line_.erase(entry);
}

}  // namespace nephele::identity
