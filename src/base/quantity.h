// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <limits>
#include <string>
#include <string_view>

#include "base/result.h"

/// Quantities of resources as Synnefo's people write them: "20", "4G", "1.5 TiB", "inf".
namespace nephele {

/// "inf": what Astakos keeps for "as much as you like".
inline constexpr std::int64_t unlimited = std::numeric_limits<std::int64_t>::max();

/// How a number of bytes is shown; `automatic` takes the largest unit of which there is at least one, `none` the plain
/// number, also for `unlimited`.
enum class UnitStyle : std::uint8_t { automatic, none, b, kb, mb, gb, tb, pb };

/// "auto", "none", "b", "kb" ... "pb".
Result<UnitStyle> unit_style_from(std::string_view text);

/// A number, whole or with a fraction, and K, M, G, T or P behind it, each also as KB or KiB and all the same: 1024.
/// Without a unit, or with B: as it is. What is left of a fraction after multiplying is dropped.
Result<std::int64_t> quantity_from(std::string_view text);

/// "1.5 GiB", "-4 MiB"; at most two decimals.
std::string show_bytes(std::int64_t bytes, UnitStyle style);
/// A count of things: "12", "inf".
std::string show_count(std::int64_t count, UnitStyle style);

}  // namespace nephele
