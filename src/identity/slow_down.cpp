// SPDX-License-Identifier: Apache-2.0
#include "identity/slow_down.h"

#include <algorithm>
#include <limits>

namespace nephele::identity {

std::chrono::milliseconds pause_after(const SlowDown& rule, std::uint32_t wrong) noexcept {
  if (wrong < rule.free_tries) return std::chrono::milliseconds{0};
  auto pause = std::min(rule.first, rule.most);
  for (std::uint32_t i = rule.free_tries; i < wrong && pause < rule.most && pause.count() > 0; ++i)
    pause = pause > rule.most / 2 ? rule.most : pause * 2;
  return pause;
}

bool forgotten(const SlowDown& rule, const Tries& tries, SteadyTime now) noexcept {
  return tries.wrong == 0 || now - tries.next_start >= rule.forget_after;
}

std::expected<Turn, ComeBackIn> next_turn(const SlowDown& rule, const Tries& before, SteadyTime now) noexcept {
  const Tries known = forgotten(rule, before, now) ? Tries{} : before;
  const SteadyTime start = std::max(now, known.next_start);
  if (start - now > rule.most)
    return std::unexpected(ComeBackIn{std::chrono::ceil<std::chrono::milliseconds>(start - now - rule.most)});
  const std::uint32_t wrong = known.wrong == std::numeric_limits<std::uint32_t>::max() ? known.wrong : known.wrong + 1;
  return Turn{.start = start, .after = {.wrong = wrong, .next_start = start + pause_after(rule, wrong)}};
}

}  // namespace nephele::identity
