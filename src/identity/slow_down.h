// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <expected>

#include "base/async.h"

/// How fast passwords of one account may be guessed from one address. A pure rule: the time is passed in.
///
/// The first `free_tries` tries start at once. After that each try must stand `first`, 2·`first`, 4·`first` ... `most`
/// behind the start of the one before. A try that comes earlier is given its start in the future, as long as that is
/// within `most`; what would start later is refused. So tries that come at once stand in a line instead of passing side
/// by side, and the line has an end.
namespace nephele::identity {

struct SlowDown {
  std::uint32_t free_tries = 3;
  std::chrono::milliseconds first{200};
  std::chrono::milliseconds most{5'000};
  std::chrono::minutes forget_after{15};  ///< without a try
};

/// What is remembered of one account and address. A try counts as wrong from its start until it proves right.
struct Tries {
  std::uint32_t wrong = 0;
  SteadyTime next_start{};  ///< of the next try, at the earliest
};

struct Turn {
  SteadyTime start;
  Tries after;  ///< to be remembered instead
};
struct ComeBackIn {
  std::chrono::milliseconds span;
};

/// Between the start of the try that made `wrong` wrong ones and the next one.
std::chrono::milliseconds pause_after(const SlowDown& rule, std::uint32_t wrong) noexcept;

/// Nothing was tried for so long that it need not be remembered.
bool forgotten(const SlowDown& rule, const Tries& tries, SteadyTime now) noexcept;

std::expected<Turn, ComeBackIn> next_turn(const SlowDown& rule, const Tries& before, SteadyTime now) noexcept;

}  // namespace nephele::identity
