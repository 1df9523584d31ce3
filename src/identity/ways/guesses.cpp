// SPDX-License-Identifier: Apache-2.0
#include "identity/ways/guesses.h"

#include "identity/sign_ins.h"

namespace nephele::identity::ways {

namespace {

std::unexpected<Error> come_back(std::string sentence, std::chrono::milliseconds wait) {
  return fail(Error(Kind::busy, std::move(sentence)).with("retry_after_ms", std::to_string(wait.count())));
}

}  // namespace

Guesses::Guess::Guess(Guesses& guesses, std::string address, std::string who)
    : guesses_(guesses), address_(std::move(address)), who_(std::move(who)) {}
void Guesses::Guess::right() {
  guesses_.attempts_.forgive(who_);
}
void Guesses::Guess::unjudged() {
  guesses_.attempts_.take_back(who_);
}

Guesses::Guesses(const identity::Settings& settings, std::size_t per_address, log::Logger log)
    : rule_(rule_of(settings)),
      per_address_(per_address),
      attempts_(rule_, settings.slow_down_entries),
      log_(std::move(log)) {}

void Guesses::give_back(const std::string& address) {
  const std::lock_guard lock(mutex_);
  if (const auto found = under_way_.find(address); found != under_way_.end() && --found->second == 0)
    under_way_.erase(found);
}

std::unique_ptr<Guesses::Guess> Guesses::place(const std::string& address, const std::string& name) {
  const std::lock_guard lock(mutex_);
  auto& count = under_way_[address];
  if (count >= per_address_) return nullptr;
  ++count;
  std::string who = address;
  who.append("\n").append(name);
  return std::unique_ptr<Guess>(new Guess(*this, address, std::move(who)));
}

Task<Result<std::unique_ptr<Guesses::Guess>>> Guesses::begin(std::string address, std::string name) {
  auto guess = place(address, name);
  if (!guess) co_return come_back("too many sign-ins from your address at once; try again in a second", rule_.most / 5);
  const auto now = std::chrono::steady_clock::now();
  const auto turn = attempts_.begin(guess->who_, now);
  if (!turn)
    co_return come_back("too many wrong passwords for this name from your address; wait and try again",
                        turn.error().span);
  // Once, when the pauses begin. The name is not shown: it may be a password that was typed in the wrong place.
  if (turn->after.wrong == rule_.free_tries + 1) log_.warn("directory.slowed", {{"address", address}});
  if (turn->start > now) co_await sleep_until(turn->start);
  co_return guess;
}

}  // namespace nephele::identity::ways
