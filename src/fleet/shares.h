// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <random>
#include <span>
#include <string>
#include <vector>

#include "fleet/totals.h"

namespace nephele::fleet {

/// What is remembered of a type between cycles.
struct TypeHistory {
  std::optional<Instant> last_abort = {};
  std::int32_t failures = 0;  ///< creations in a row that were refused, or never came up
  std::optional<Instant> last_failure = {};
};

/// Why a type gets no machine now.
enum class Blocked : std::uint8_t {
  no_share,            ///< target_share is not above 0
  space_full,          ///< its machine does not fit under the space's limit
  type_full,           ///< nor under its own limit of processors
  type_machines_full,  ///< nor under its own of machines
  pipe_full,           ///< nor under that of its vacuum pipe
  starting_full,       ///< as many are on their way up as may be
  backoff,             ///< backoff_seconds after an abort are not over
  probing,             ///< after them: one machine is on probation
  failing,             ///< creations of it fail; it waits longer each time
  refused,             ///< the cloud refused one this cycle
};

/// Why nothing more is made in a space.
enum class Ended : std::uint8_t {
  draining,
  shutdown_passed,
  no_limit,  ///< neither the configuration nor the cloud gives a limit of processors
  space_full,
  machines_full,
  cycle_full,  ///< a tenth of the space's limit is all that one cycle may add
  no_candidate,
};

struct Candidate {
  std::size_t type;
  std::optional<Blocked> blocked;
};

/// One step of a cycle's creations: the type that gets a machine, or why nobody does; and what was thought of each.
struct Choice {
  std::optional<std::size_t> type = {};
  std::optional<Ended> ended = {};
  std::vector<Candidate> candidates = {};  ///< in the order in which they were looked at
};

/// How many processors one cycle may add: a tenth of the limit, rounded up.
std::int64_t processors_per_cycle(std::int64_t limit) noexcept;

/// How long a type waits after its creations failed that many times in a row: 1, 2, 4 ... 60 minutes.
seconds failure_pause(std::int32_t failures) noexcept;

/// Is this type kept back, whatever there is room for? (contract vcycle 2.7)
std::optional<Blocked> held_back(const ShareRules& rules, const TypeHistory& history, std::int64_t not_passed_fizzle,
                                 Instant now) noexcept;

/// The creations of one cycle in one space (contract vcycle 2.7.1, with its corrections): choose() until it names an
/// end, and tell what became of each.
class Shares {
 public:
  /// `types` and `histories` outlive this. `seed`: ties are drawn, and the same seed draws the same.
  Shares(const SpaceRules& space, std::span<const ShareRules> types, std::span<const TypeHistory> histories,
         Totals totals, Instant now, std::uint64_t seed);

  Choice choose();
  /// The machine that was chosen is on its way.
  void created(std::size_t type);
  /// It could not be made: this type has had its turn in this cycle, the others have theirs.
  void refused(std::size_t type);

  const Totals& totals() const noexcept { return totals_; }

 private:
  std::optional<Ended> over() const noexcept;
  std::optional<Blocked> blocked(std::size_t type) const noexcept;
  bool fits_its_pipe(const ShareRules& rules) const noexcept;

  const SpaceRules space_;
  const std::span<const ShareRules> types_;
  const std::span<const TypeHistory> histories_;
  Totals totals_;
  const Instant now_;
  std::mt19937_64 random_;
  std::vector<std::size_t> order_;
  std::vector<bool> refused_;
  std::int64_t added_ = 0;  // processors
};

}  // namespace nephele::fleet
