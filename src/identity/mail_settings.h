// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "base/secret.h"
#include "base/settings/settings.h"

namespace nephele::identity {

/// Where mails go, under the names of Django where it has one.
struct MailTransport {
  std::string host;  ///< EMAIL_HOST; empty: mails are files in `folder`
  std::uint16_t port = 25;
  std::string user;
  Secret password;
  bool use_tls = false;  ///< EMAIL_USE_TLS: STARTTLS
  bool use_ssl = false;  ///< EMAIL_USE_SSL: TLS from the start
  bool verify_tls = true;
  std::string ca_file;
  bool plain_sign_in = false;
  std::string hello_name;
  std::chrono::seconds timeout{30};
  std::string folder;        ///< EMAIL_FILE_PATH; empty: the caller's own
  std::string default_from;  ///< DEFAULT_FROM_EMAIL
  std::string server_email;  ///< SERVER_EMAIL
  std::string texts_folder;
  std::chrono::hours give_up{96};

  /// Who the mails of accounts and projects are from: SERVER_EMAIL, else DEFAULT_FROM_EMAIL, else root@localhost.
  const std::string& sender() const noexcept;
};

struct LoadedMailSettings {
  MailTransport values;
  std::vector<settings::Shown> shown;
};
/// Fails with `invalid` where a value is not allowed or two contradict each other.
Result<LoadedMailSettings> load_mail_settings(const settings::Sources& sources);
/// For `config show` and the manual.
std::vector<settings::Key> mail_setting_keys();

}  // namespace nephele::identity
