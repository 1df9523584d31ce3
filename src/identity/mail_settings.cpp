// SPDX-License-Identifier: Apache-2.0
#include "identity/mail_settings.h"

namespace nephele::identity {

namespace {

auto table() {
  return settings::Table<MailTransport>("identity")
      .add("EMAIL_HOST", &MailTransport::host,
           {.meaning = "mail relay (SMTP); empty: mails are written as files into EMAIL_FILE_PATH"})
      .add("EMAIL_PORT", &MailTransport::port,
           {.meaning = "its port: 25, 587 with EMAIL_USE_TLS, 465 with EMAIL_USE_SSL"}, {.min = 1, .max = 65'535})
      .add("EMAIL_HOST_USER", &MailTransport::user, {.meaning = "user to sign in with; empty: no sign-in"})
      .add("EMAIL_HOST_PASSWORD", &MailTransport::password, {.meaning = "password of EMAIL_HOST_USER"})
      .add("EMAIL_USE_TLS", &MailTransport::use_tls, {.meaning = "STARTTLS, without which nothing is sent"})
      .add("EMAIL_USE_SSL", &MailTransport::use_ssl, {.meaning = "TLS from the first byte"})
      .add("EMAIL_VERIFY_TLS", &MailTransport::verify_tls,
           {.meaning = "false: any certificate will do, so anybody in between can read user, password and mails"})
      .add("EMAIL_CA_FILE", &MailTransport::ca_file,
           {.meaning = "PEM file of the authorities to believe; empty: the system's"})
      .add("EMAIL_ALLOW_PLAIN_LOGIN", &MailTransport::plain_sign_in,
           {.meaning = "sends user and password to another machine without TLS: only in a network that nobody reads"})
      .add("EMAIL_HELO_NAME", &MailTransport::hello_name,
           {.meaning = "how this machine introduces itself; empty: by its name"})
      .add("EMAIL_TIMEOUT", &MailTransport::timeout, {.meaning = "for one mail", .unit = "seconds"},
           {.min = 1, .max = 600})
      .add("EMAIL_FILE_PATH", &MailTransport::folder,
           {.meaning =
                "folder for mails without EMAIL_HOST; empty: mails in the data directory, if the database is there"})
      .add("DEFAULT_FROM_EMAIL", &MailTransport::default_from, {.meaning = "sender where SERVER_EMAIL is not set"})
      .add("SERVER_EMAIL", &MailTransport::server_email,
           {.meaning =
                "sender of the mails about accounts and projects: cloud@example.org or Cloud <cloud@example.org>"})
      .add("EMAIL_TEXTS", &MailTransport::texts_folder,
           {.meaning = "folder with texts in place of ours: welcome.txt, password_reset.txt, ..."})
      .add("EMAIL_GIVE_UP", &MailTransport::give_up,
           {.meaning = "a mail that cannot be sent is tried again for that long", .unit = "hours"},
           {.min = 1, .max = 8'760});
}

}  // namespace

const std::string& MailTransport::sender() const noexcept {
  static const std::string nobody_set_it = "root@localhost";
  if (!server_email.empty()) return server_email;
  return default_from.empty() ? nobody_set_it : default_from;
}

Result<LoadedMailSettings> load_mail_settings(const settings::Sources& sources) {
  const auto rows = table();
  TRY(auto loaded, rows.load(sources));
  if (loaded->use_tls && loaded->use_ssl)
    return fail(Kind::invalid,
                "EMAIL_USE_TLS and EMAIL_USE_SSL are both on; STARTTLS is the first, TLS from the start "
                "the second: choose one");
  auto shown = rows.show(loaded);
  return LoadedMailSettings{.values = std::move(loaded.values), .shown = std::move(shown)};
}

std::vector<settings::Key> mail_setting_keys() {
  return table().keys();
}

}  // namespace nephele::identity
