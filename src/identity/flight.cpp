// SPDX-License-Identifier: Apache-2.0
#include "identity/flight.h"

namespace nephele::identity {

void Flight::land(Outcome outcome) {
  std::vector<std::move_only_function<void()>> waiting;
  {
    const std::lock_guard lock(mutex_);
    landed_ = true;
    outcome_ = std::move(outcome);
    waiting.swap(waiting_);
  }
  for (auto& resume : waiting) resume();
}

void Flight::when_landed(std::move_only_function<void()> resume) {
  {
    const std::lock_guard lock(mutex_);
    if (!landed_) {
      waiting_.push_back(std::move(resume));
      return;
    }
  }
  resume();
}

Flight::Outcome Flight::outcome() {
  const std::lock_guard lock(mutex_);
  return outcome_;
}

void Flights::Lead::land(Flight::Outcome outcome) {
  const auto flight = std::exchange(flight_, nullptr);
  if (!flight) return;
  {
    const std::lock_guard lock(flights_.mutex_);
    flights_.under_way_.erase(guess_);
  }
  flight->land(std::move(outcome));
}

std::unique_ptr<Flights::Lead> Flights::join(const std::string& guess, std::shared_ptr<Flight>& flight) {
  const std::lock_guard lock(mutex_);
  const auto [place, first] = under_way_.try_emplace(guess);
  if (first) place->second = std::make_shared<Flight>();
  flight = place->second;
  return first ? std::make_unique<Lead>(*this, guess, flight) : nullptr;
}

Task<Flight::Outcome> Flights::wait(std::shared_ptr<Flight> flight) {
  auto send = [flight](std::move_only_function<void()> resume) { flight->when_landed(std::move(resume)); };
  auto look = [flight] { return flight->outcome(); };
  co_return co_await run_on(std::move(send), std::move(look));
}

}  // namespace nephele::identity
