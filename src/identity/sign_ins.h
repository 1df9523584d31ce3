// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/workers.h"
#include "identity/attempts.h"
#include "identity/flight.h"
#include "identity/passwords.h"
#include "identity/store.h"
#include "identity/verified_cache.h"

namespace nephele::identity {

/// One try to sign in.
struct SignIn {
  std::optional<store::Stored> stored;  ///< nothing: no account has this name
  Secret password;
  std::string name_key;  ///< empty for a name that no account can have
  std::string digest;    ///< keyed hash of the password, different for each name
  std::string address_group;
  /// Of the hashes that anybody here has: a wrong password costs as much, whose ever it is.
  DjangoWork dearest = {};
};

/// How guessers are slowed down, whoever judges their guesses.
SlowDown rule_of(const Settings& settings);

/// What one argon2 run takes, in PBKDF2 iterations: about 20 ms either way.
inline constexpr std::uint64_t argon2_iterations = 40'000;
/// How many hashes of one address wait or run at most: fewer the more a wrong guess costs besides its argon2 run, so
/// that whoever guesses from one address does not have the workers for minutes.
std::size_t share_of_address(std::size_t hashes_per_address, const DjangoWork& dearest) noexcept;

/// Decides whether passwords are right, with bounded memory: a few argon2 runs at a time, a bounded queue for them,
/// slowed-down guessers (slow_down.h) asleep without a thread, and one run for all who make the same guess from the
/// same place at once (a client with many connections). Knows no database.
class SignIns {
 public:
  SignIns(const Settings& settings, Passwords& passwords, const Clock& clock, log::Logger log);

  /// Verified a moment ago; the cheap way in.
  bool verified(const SignIn& sign_in);

  /// The slow way in. `busy` when there is no room or the guesser is too fast. What proves right is remembered for
  /// verified(), also when the caller has gone away meanwhile.
  Task<Result<Verdict>> verify(std::shared_ptr<const SignIn> sign_in);

  /// argon2id for a new password, in the same queue; for somebody of `address_group` in his share of it. Empty: for an
  /// administrator or ourselves.
  Task<Result<std::string>> hash(Secret password, std::string address_group = {});

  Figures figures() const;

 private:
  class Place;

  Task<Result<Verdict>> guess(std::shared_ptr<const SignIn> sign_in);
  Task<Result<Verdict>> hash_and_compare(std::shared_ptr<const SignIn> sign_in);
  Result<Verdict> compare(const SignIn& sign_in);
  bool matches(const SignIn& sign_in);
  std::unexpected<Error> no_room();
  std::unexpected<Error> too_fast(ComeBackIn wait);
  Verdict judge_wrong(const SignIn& sign_in, const Turn& turn) const;

  Settings settings_;
  Passwords& passwords_;
  const Clock& clock_;
  log::Logger log_;
  SlowDown rule_;
  VerifiedCache cache_;
  Attempts attempts_;
  Flights flights_;

  std::mutex places_mutex_;
  std::size_t waiting_ = 0;                                  // guarded by places_mutex_
  std::unordered_map<std::string, std::size_t> by_address_;  // hashes waiting or running; guarded too

  std::atomic<std::uint64_t> from_cache_{0};
  std::atomic<std::uint64_t> hashes_{0};
  std::atomic<std::uint64_t> iterations_{0};
  std::atomic<std::uint64_t> wrong_{0};
  std::atomic<std::uint64_t> slowed_{0};
  std::atomic<std::uint64_t> busy_{0};

  Workers workers_;  // last: its threads use all of the above until they have ended
};

}  // namespace nephele::identity
