// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace nephele::smtp {

/// One mailbox and how its owner is called.
struct Address {
  std::string name;  ///< UTF-8, may be empty
  std::string mailbox;
};

/// One `local@domain` of RFC 5321 and nothing else: atoms of ASCII, no quoted form, no route, no comment, no list, at
/// most 64 + 255 and in all 254 bytes. `invalid` says what is wrong; it shows the text only where it is printable.
Result<> check_mailbox(std::string_view mailbox);

/// Text that may stand in a header: UTF-8 without controls, so without any line break, and not longer than `bytes_max`.
Result<> check_header_text(std::string_view what, std::string_view text, std::size_t bytes_max);

/// `a@b.org`, `Name <a@b.org>` or `"Name" <a@b.org>`, as settings write it; checked as above.
Result<Address> parse_address(std::string_view text);

/// What stands behind the @.
std::string_view domain_of(std::string_view mailbox) noexcept;

}  // namespace nephele::smtp
