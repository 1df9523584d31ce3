// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

namespace nephele::identity {

/// The network that one guesser is likely to own: an IPv4 address itself (also when it is written as IPv6), the first
/// 64 bits of an IPv6 address, whose other half its owner changes at will. What is no address stands for itself, cut to
/// 64 bytes.
std::string address_group(std::string_view address);

}  // namespace nephele::identity
