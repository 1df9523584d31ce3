// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "clouds/smtp/address.h"

namespace nephele::smtp {

struct Mail {
  Address from;  ///< also the sender of the envelope, to whom a relay returns what it cannot deliver
  std::vector<Address> to;
  std::optional<Address> reply_to = {};
  std::string subject;
  std::string text;        ///< UTF-8, any line ends
  std::string html = {};   ///< the same for readers that show HTML; empty: none
  std::string message_id;  ///< "UUID@domain", without angle brackets; the same on every try
  Time date;
  bool automatic = true;  ///< no person has written it: nobody's holiday answer should come back (RFC 3834)
};

/// `invalid` for what could not be sent as it is: no recipient or more than 100, a wrong address, a control character
/// (so any line break) in a header, text that is not UTF-8 or holds NUL, more than 256 KiB of it.
Result<> check(const Mail& mail);

/// The message as it travels (RFC 5322 with MIME), in lines of ASCII that end with CRLF; the same mail gives the same
/// bytes. Checks it first.
Result<std::string> compose(const Mail& mail);

/// A new one, in the domain of the sender.
std::string new_message_id(const Address& from);

}  // namespace nephele::smtp
