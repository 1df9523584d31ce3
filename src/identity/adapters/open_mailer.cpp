// SPDX-License-Identifier: Apache-2.0
#include "identity/adapters/open_mailer.h"

#include "identity/adapters/folder_mailer.h"
#include "identity/adapters/smtp_mailer.h"

namespace nephele::identity {

namespace {

smtp::Settings relay_settings(const MailTransport& from) {
  smtp::Settings to;
  to.host = from.host;
  to.port = from.port;
  to.tls = from.use_ssl ? smtp::Tls::implicit : from.use_tls ? smtp::Tls::start : smtp::Tls::none;
  to.user = from.user;
  to.password = from.password;
  to.verify_tls = from.verify_tls;
  to.ca_file = from.ca_file;
  to.plain_sign_in = from.plain_sign_in;
  to.timeout = from.timeout;
  to.hello_name = from.hello_name;
  return to;
}

}  // namespace

Result<std::unique_ptr<Mailer>> open_mailer(const MailTransport& settings, const std::string& data_directory) {
  if (settings.host.empty()) {
    TRY(auto folder, FolderMailer::open(settings.folder.empty() ? data_directory + "/mails" : settings.folder));
    return folder;
  }
  smtp::Settings relay = relay_settings(settings);
  if (auto good = smtp::Relay::check(relay); !good)
    return fail(std::move(good).error().about("EMAIL_HOST and its kin"));
  return std::make_unique<SmtpMailer>(std::move(relay));
}

Result<MailAddress> mail_sender(const MailTransport& settings) {
  auto address = smtp::parse_address(settings.sender());
  if (!address)
    return fail(
        std::move(address).error().about(settings.server_email.empty() ? "DEFAULT_FROM_EMAIL" : "SERVER_EMAIL"));
  return MailAddress{.name = std::move(address->name), .mailbox = std::move(address->mailbox)};
}

}  // namespace nephele::identity
