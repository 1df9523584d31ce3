// SPDX-License-Identifier: Apache-2.0
#include "compute/address_pool.h"

#include <fmt/format.h>

#include <array>
#include <charconv>

namespace nephele::compute {

namespace {

constexpr std::uint32_t usable_of_block = 254;  // .1 to .254

std::string dotted(std::uint32_t address) {
  return fmt::format("{}.{}.{}.{}", address >> 24U, (address >> 16U) & 255U, (address >> 8U) & 255U, address & 255U);
}

bool number(std::string_view& text, char end, std::uint32_t max, std::uint32_t& value) {
  const auto [stop, ec] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (ec != std::errc{} || value > max) return false;
  text.remove_prefix(static_cast<std::size_t>(stop - text.data()));
  if (end == '\0') return text.empty();
  if (!text.starts_with(end)) return false;
  text.remove_prefix(1);
  return true;
}

}  // namespace

Result<AddressPool> AddressPool::parse(std::string_view text) {
  std::string_view rest = text;
  std::array<std::uint32_t, 5> part{};
  const bool read = number(rest, '.', 255, part[0]) && number(rest, '.', 255, part[1]) &&
                    number(rest, '.', 255, part[2]) && number(rest, '/', 255, part[3]) &&
                    number(rest, '\0', 32, part[4]);
  const std::uint32_t network = part[0] << 24U | part[1] << 16U | part[2] << 8U | part[3];
  const auto prefix = static_cast<int>(part[4]);
  if (!read || part[0] != 127 || prefix < 8 || prefix > 24 || (network & (0xFFFFFFFFU >> prefix)) != 0)
    return fail(Kind::invalid, fmt::format("address pool \"{}\": write a range inside 127.0.0.0/8 with a prefix from 8 "
                                           "to 24, for example 127.96.16.0/20",
                                           text));
  return AddressPool(network, prefix);
}

AddressPool AddressPool::drawn(std::uint32_t random) {
  constexpr std::uint32_t block = 127U << 24U | 96U << 16U;  // 127.96.0.0/12
  return {block | (random & 255U) << 12U, 20};
}

std::uint32_t AddressPool::size() const noexcept {
  return (1U << (24 - prefix_)) * usable_of_block;
}

std::string AddressPool::at(std::uint32_t index) const {
  return dotted(network_ + (index / usable_of_block) * 256U + index % usable_of_block + 1);
}

std::string AddressPool::text() const {
  return fmt::format("{}/{}", dotted(network_), prefix_);
}

}  // namespace nephele::compute
