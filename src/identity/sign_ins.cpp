// SPDX-License-Identifier: Apache-2.0
#include "identity/sign_ins.h"

#include <algorithm>
#include <new>

namespace nephele::identity {

namespace {

std::string guesser(const SignIn& sign_in) {
  return sign_in.address_group + '\n' + sign_in.name_key;
}

/// The same guess: same account in the same version, same password, same place.
std::string guess_key(const SignIn& sign_in) {
  const auto version = sign_in.stored ? sign_in.stored->account.version : 0;
  return guesser(sign_in) + '\n' + std::to_string(version) + '\n' + sign_in.digest;
}

}  // namespace

SlowDown rule_of(const Settings& settings) {
  SlowDown rule;
  rule.first = settings.slow_down_first;
  rule.most = settings.slow_down_max;
  return rule;
}

std::size_t share_of_address(std::size_t hashes_per_address, const DjangoWork& dearest) noexcept {
  constexpr std::size_t least = 2;
  const auto share = hashes_per_address * argon2_iterations / (argon2_iterations + dearest.iterations());
  return std::max(std::min(least, hashes_per_address), share);
}

/// A place among those who wait, or among the hashes of one address; given back at its end.
class SignIns::Place {
 public:
  static std::optional<Place> to_wait(SignIns& sign_ins) {
    const std::lock_guard lock(sign_ins.places_mutex_);
    if (sign_ins.waiting_ >= sign_ins.settings_.sign_ins_waiting) return std::nullopt;
    ++sign_ins.waiting_;
    return Place(sign_ins, {});
  }
  static std::optional<Place> to_hash(SignIns& sign_ins, const std::string& address, const DjangoWork& dearest) {
    const std::lock_guard lock(sign_ins.places_mutex_);
    auto& taken = sign_ins.by_address_[address];
    if (taken >= share_of_address(sign_ins.settings_.hashes_per_address, dearest)) return std::nullopt;
    ++taken;
    return Place(sign_ins, address);
  }
  Place(Place&& other) noexcept
      : sign_ins_(std::exchange(other.sign_ins_, nullptr)), address_(std::move(other.address_)) {}
  Place& operator=(Place&& other) noexcept {
    std::swap(sign_ins_, other.sign_ins_);
    std::swap(address_, other.address_);
    return *this;
  }
  ~Place() {
    if (sign_ins_ == nullptr) return;
    const std::lock_guard lock(sign_ins_->places_mutex_);
    if (!address_) {
      --sign_ins_->waiting_;
    } else if (const auto taken = sign_ins_->by_address_.find(*address_); --taken->second == 0) {
      sign_ins_->by_address_.erase(taken);
    }
  }

 private:
  Place(SignIns& sign_ins, std::optional<std::string> address) : sign_ins_(&sign_ins), address_(std::move(address)) {}

  SignIns* sign_ins_;  // nothing once moved from
  std::optional<std::string> address_;
};

SignIns::SignIns(const Settings& settings, Passwords& passwords, const Clock& clock, log::Logger log)
    : settings_(settings),
      passwords_(passwords),
      clock_(clock),
      log_(std::move(log)),
      rule_(rule_of(settings)),
      cache_(settings.verified_for, settings.verified_max),
      attempts_(rule_, settings.slow_down_entries),
      workers_("passwords", settings.hashes_at_once, settings.hashes_waiting) {}

bool SignIns::verified(const SignIn& sign_in) {
  if (!sign_in.stored || !sign_in.stored->account.enabled) return false;
  if (!cache_.holds(sign_in.stored->account, sign_in.digest, clock_.now())) return false;
  ++from_cache_;
  return true;
}

Task<Result<Verdict>> SignIns::verify(std::shared_ptr<const SignIn> sign_in) {
  const auto place = Place::to_wait(*this);
  if (!place) co_return no_room();
  const std::string key = guess_key(*sign_in);
  for (;;) {
    std::shared_ptr<Flight> flight;
    const auto lead = flights_.join(key, flight);
    if (lead) {
      auto verdict = co_await guess(sign_in);
      lead->land(verdict);
      co_return verdict;
    }
    auto outcome = co_await Flights::wait(std::move(flight));
    if (outcome) co_return std::move(*outcome);
  }
}

Task<Result<Verdict>> SignIns::guess(std::shared_ptr<const SignIn> sign_in) {
  const std::string who = guesser(*sign_in);
  const auto now = std::chrono::steady_clock::now();
  const auto turn = attempts_.begin(who, now);
  if (!turn) co_return too_fast(turn.error());
  if (turn->start > now) {
    ++slowed_;
    co_await sleep_until(turn->start);
  }
  auto verdict = co_await hash_and_compare(sign_in);
  if (!verdict) attempts_.take_back(who);
  if (verdict && *verdict == Verdict::wrong) co_return judge_wrong(*sign_in, *turn);
  co_return verdict;
}

Task<Result<Verdict>> SignIns::hash_and_compare(std::shared_ptr<const SignIn> sign_in) {
  const auto place = Place::to_hash(*this, sign_in->address_group, sign_in->dearest);
  if (!place) co_return no_room();
  auto job = [this, sign_in] { return compare(*sign_in); };
  auto verdict = co_await workers_.run(std::move(job));
  if (!verdict && verdict.error().kind() == Kind::busy) co_return no_room();
  co_return verdict;
}

/// What is wrong costs the same whether the name is unknown, the account disabled, or its hash one of Django's: one
/// argon2 run, and the iterations of the dearest hash that there is. Nobody learns which names exist.
bool SignIns::matches(const SignIn& sign_in) {
  const auto& stored = sign_in.stored;
  const bool is_django = stored && is_django_hash(stored->password_hash);
  const DjangoWork done = is_django ? work_of(stored->password_hash) : DjangoWork{};
  if (stored && !is_django) ++hashes_;
  iterations_ += done.iterations();
  if (stored && passwords_.matches(sign_in.password, stored->password_hash) && stored->account.enabled) return true;
  if (!stored || is_django) {
    ++hashes_;
    (void)passwords_.hash(sign_in.password);
  }
  const DjangoWork rest = rest_of(sign_in.dearest, done);
  iterations_ += rest.iterations();
  passwords_.spend(rest, sign_in.password);
  return false;
}

/// On a worker's thread. What it finds is stored here and not by the coroutine, which may be cancelled by then.
Result<Verdict> SignIns::compare(const SignIn& sign_in) {
  const auto& stored = sign_in.stored;
  const bool enabled = stored && stored->account.enabled;
  bool right = enabled && cache_.holds(stored->account, sign_in.digest, clock_.now());  // another address was faster
  if (!right) {
    try {
      right = matches(sign_in);
    } catch (const std::bad_alloc&) {
      return no_room();
    }
  }
  if (!right) {
    ++wrong_;
    return Verdict::wrong;
  }
  cache_.put(stored->account, sign_in.digest, clock_.now());
  attempts_.forgive(guesser(sign_in));
  return Verdict::right;
}

Task<Result<std::string>> SignIns::hash(Secret password, std::string address_group) {
  const auto place = Place::to_wait(*this);
  if (!place) co_return no_room();
  std::optional<Place> share;
  if (!address_group.empty()) {
    share = Place::to_hash(*this, address_group, {});
    if (!share) co_return no_room();
  }
  auto job = [this, password = std::move(password)]() -> Result<std::string> {
    ++hashes_;
    try {
      return passwords_.hash(password);
    } catch (const std::bad_alloc&) {
      return no_room();
    }
  };
  auto hashed = co_await workers_.run(std::move(job));
  if (!hashed && hashed.error().kind() == Kind::busy) co_return no_room();
  co_return hashed;
}

std::unexpected<Error> SignIns::no_room() {
  ++busy_;
  return fail(Error(Kind::busy, "too many sign-ins at once; try again in a second").with("retry_after_ms", "1000"));
}

std::unexpected<Error> SignIns::too_fast(ComeBackIn wait) {
  ++slowed_;
  return fail(Error(Kind::busy, "too many wrong passwords for this account from your address; wait and try again")
                  .with("retry_after_ms", std::to_string(wait.span.count())));
}

/// Once per guesser, when the pauses begin. The name of an unknown account is not shown: it may be a password that
/// somebody typed in the wrong place.
Verdict SignIns::judge_wrong(const SignIn& sign_in, const Turn& turn) const {
  if (turn.after.wrong != rule_.free_tries) return Verdict::wrong;
  const std::string account = sign_in.stored ? sign_in.stored->account.id.text() : "unknown";
  log_.warn("sign_in.slowed", {{"account", account}, {"address", sign_in.address_group}});
  return Verdict::slowed;
}

Figures SignIns::figures() const {
  return {.from_cache = from_cache_,
          .hashes = hashes_,
          .iterations = iterations_,
          .wrong = wrong_,
          .slowed = slowed_,
          .busy = busy_};
}

}  // namespace nephele::identity
