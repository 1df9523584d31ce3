// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "clouds/smtp/relay.h"
#include "identity/mailer.h"

namespace nephele::identity {

/// A mail as clouds/smtp knows it.
smtp::Mail to_smtp(Mail mail);

/// Mails go to a relay.
class SmtpMailer final : public Mailer {
 public:
  /// As Relay's: throws std::runtime_error for settings that Relay::check() refuses.
  explicit SmtpMailer(smtp::Settings settings) : relay_(std::move(settings)) {}
  Task<Result<>> send(Mail mail) override;

 private:
  smtp::Relay relay_;
};

}  // namespace nephele::identity
