// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>

#include "base/async.h"
#include "base/clock.h"

namespace nephele::identity {

struct MailAddress {
  std::string name;  ///< UTF-8, may be empty
  std::string mailbox;
  friend bool operator==(const MailAddress&, const MailAddress&) = default;
};

struct Mail {
  MailAddress from;
  MailAddress to;
  std::optional<MailAddress> reply_to;
  std::string subject;
  std::string text;
  std::string message_id;  ///< "UUID@domain", the same on every try
  Time date;
};

/// The port to whoever carries mails. Errors: `invalid` when this mail will never go (address, header, refused for
/// good; the detail "recipient" may tell for whom); `busy`, `unavailable` and `timeout` when it may go later, the last
/// also when nobody knows whether it has gone.
class Mailer {
 public:
  virtual ~Mailer() = default;
  virtual Task<Result<>> send(Mail mail) = 0;
};

}  // namespace nephele::identity
