// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <optional>
#include <string>

#include "base/rates.h"
#include "identity/pages/sessions.h"
#include "identity/settings.h"

namespace nephele::identity::pages {

/// The cookie of a session. Without a name of the site's it has one that browsers guard; a domain shares it with the
/// site's other hosts.
struct CookieSettings {
  std::string name = {};
  std::string domain = {};
  std::optional<bool> secure = {};  ///< absent: where the pages are reached by https
};

/// What administrators set about the pages. Astakos' own parts (identity/settings.h) are here as they were read.
struct Settings {
  std::string site = "Nephele";  ///< name of the cloud
  std::string support = {};      ///< address for questions; empty: none is shown
  SessionSettings sessions = {};
  CookieSettings cookie = {};
  SignUpSettings sign_up = {};
  identity::SessionSettings sign_in = {};
  WebSettings web = {};
  CaptchaSettings captcha = {};
  OAuth2Settings oauth2 = {};
  People feedback = {};                              ///< who reads it
  std::map<std::string, std::string> messages = {};  ///< ASTAKOS_<NAME>_MESSAGE
  Rate sign_ups_of_address = {.burst = 60, .every = std::chrono::seconds{30}};
  Rate mails_of_address = {.burst = 60, .every = std::chrono::seconds{30}};  ///< that somebody unknown has sent
};

}  // namespace nephele::identity::pages
