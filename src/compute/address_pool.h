// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace nephele::compute {

/// A range of IPv4 addresses, "127.96.16.0/20". The network address itself and addresses that end in .0 or .255 are
/// not handed out.
class AddressPool {
 public:
  /// Fails with `invalid` for what is no such range or lies outside 127.0.0.0/8: machines of the embedded cloud are
  /// reached on this host only.
  static Result<AddressPool> parse(std::string_view text);
  /// The /20 of 127.96.0.0/12 that `random` points at; one of 256.
  static AddressPool drawn(std::uint32_t random);

  /// Addresses that can be handed out.
  std::uint32_t size() const noexcept;
  /// The address number `index`, 0 <= index < size(), dotted.
  std::string at(std::uint32_t index) const;
  std::string text() const;

 private:
  AddressPool(std::uint32_t network, int prefix) : network_(network), prefix_(prefix) {}
  std::uint32_t network_;
  int prefix_;
};

}  // namespace nephele::compute
