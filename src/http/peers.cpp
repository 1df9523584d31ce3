// SPDX-License-Identifier: Apache-2.0
#include "http/peers.h"

namespace nephele::http {

namespace {

/// Steady: a clock that is set must make nobody wait.
Time moment() {
  return Time{
      std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now().time_since_epoch())};
}

}  // namespace

struct Peers::Place {
  Place(std::shared_ptr<Peers> of, std::string name) : peers(std::move(of)), who(std::move(name)) {}
  ~Place() { peers->leave(who); }
  Place(const Place&) = delete;
  Place& operator=(const Place&) = delete;
  std::shared_ptr<Peers> peers;
  std::string who;
};

std::shared_ptr<void> Peers::enter(const std::string& who) {
  if (limits_.connects.burst != 0 && connects_.take(who, moment())) return nullptr;
  {
    const std::lock_guard lock(mutex_);
    auto& open = open_[who];
    if (limits_.connections != 0 && open >= limits_.connections) return nullptr;
    ++open;
  }
  return std::make_shared<Place>(shared_from_this(), who);
}

std::optional<Error> Peers::request(const std::string& who) {
  if (limits_.requests.burst == 0) return std::nullopt;
  auto allowed = requests_.allow(who, moment(), "too many requests from one address; ask less often");
  return allowed ? std::nullopt : std::optional(std::move(allowed).error());
}

void Peers::leave(const std::string& who) noexcept {
  const std::lock_guard lock(mutex_);
  const auto found = open_.find(who);
  if (found != open_.end() && --found->second == 0) open_.erase(found);
}

}  // namespace nephele::http
