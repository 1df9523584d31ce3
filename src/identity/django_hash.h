// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string_view>

#include "base/result.h"
#include "base/secret.h"

/// Hashes of passwords as Django keeps them, of accounts that come from an Astakos:
/// `pbkdf2_sha256$ITERATIONS$SALT$BASE64`, `pbkdf2_sha1$…` and `sha1$SALT$HEX`. Whoever signs in by one gets an
/// argon2id hash in its place.
namespace nephele::identity {

/// Not one of ours; of which kind it is check_django_hash() judges.
bool is_django_hash(std::string_view hash) noexcept;
/// Fails with `invalid` for any other form, and for more work than a sign-in may cost.
Result<> check_django_hash(std::string_view hash);
/// Takes as long as its iterations: in Workers, as the argon2 runs. What check_django_hash() refuses matches nothing.
bool matches_django_hash(const Secret& password, std::string_view hash);

/// What comparisons cost, in PBKDF2 iterations of each digest; a plain digest costs nothing that can be seen.
struct DjangoWork {
  int sha1 = 0;
  int sha256 = 0;

  std::uint64_t iterations() const noexcept {
    return static_cast<std::uint64_t>(sha1) + static_cast<std::uint64_t>(sha256);
  }
  friend bool operator==(const DjangoWork&, const DjangoWork&) = default;
};
/// Of a comparison with `hash`; none for one of ours, or for what matches nothing.
DjangoWork work_of(std::string_view hash);
/// What is left of `dearest` once `done` is done.
DjangoWork rest_of(const DjangoWork& dearest, const DjangoWork& done) noexcept;
/// Computes for nothing.
void spend(const DjangoWork& work, const Secret& password);

}  // namespace nephele::identity
