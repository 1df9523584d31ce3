// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <compare>
#include <cstdint>

namespace nephele {

/// A size in bytes. Built by unit, so that a call reads aloud: `Bytes::mib(128)`.
class Bytes {
 public:
  constexpr Bytes() = default;
  static constexpr Bytes of(std::uint64_t n) { return Bytes{n}; }
  static constexpr Bytes kib(std::uint64_t n) { return Bytes{n << 10U}; }
  static constexpr Bytes mib(std::uint64_t n) { return Bytes{n << 20U}; }
  static constexpr Bytes gib(std::uint64_t n) { return Bytes{n << 30U}; }
  constexpr std::uint64_t count() const noexcept { return count_; }
  /// Whole MiB, rounded down.
  constexpr std::uint64_t in_mib() const noexcept { return count_ >> 20U; }
  constexpr std::uint64_t in_mib_rounded_up() const noexcept { return (count_ + (1U << 20U) - 1) >> 20U; }
  friend constexpr auto operator<=>(Bytes, Bytes) = default;
  friend constexpr Bytes operator+(Bytes a, Bytes b) { return Bytes{a.count_ + b.count_}; }
  /// Never below zero: what is left of nothing is nothing.
  friend constexpr Bytes operator-(Bytes a, Bytes b) { return Bytes{a.count_ > b.count_ ? a.count_ - b.count_ : 0}; }
  friend constexpr Bytes operator*(Bytes a, std::uint64_t n) { return Bytes{a.count_ * n}; }

 private:
  constexpr explicit Bytes(std::uint64_t n) : count_(n) {}
  std::uint64_t count_ = 0;
};

/// Virtual processors of a server.
class Cpus {
 public:
  constexpr Cpus() = default;
  explicit constexpr Cpus(std::uint32_t count) : count_(count) {}
  constexpr std::uint32_t count() const noexcept { return count_; }
  friend constexpr auto operator<=>(Cpus, Cpus) = default;

 private:
  std::uint32_t count_ = 0;
};

}  // namespace nephele
