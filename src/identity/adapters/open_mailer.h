// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>

#include "identity/mail_settings.h"
#include "identity/mailer.h"

namespace nephele::identity {

/// The mailer that the settings name; `invalid` names the setting that is wrong. Nothing is connected yet.
Result<std::unique_ptr<Mailer>> open_mailer(const MailTransport& settings, const std::string& data_directory);

/// MailTransport::sender(), checked: `Cloud <cloud@example.org>` or the bare address.
Result<MailAddress> mail_sender(const MailTransport& settings);

}  // namespace nephele::identity
