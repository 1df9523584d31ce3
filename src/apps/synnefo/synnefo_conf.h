// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/settings/settings.h"
#include "identity/mail_settings.h"
#include "identity/settings.h"

/// /etc/synnefo/*.conf: one directory that all of Synnefo's programs read, in the order of the files' names.
namespace nephele::apps {

/// What belongs to programs and not to a service.
struct SynnefoPrograms {
  std::string log_directory;               ///< empty: unset
  std::string unlogged = "-list$|-show$";  ///< a regular expression over verbs of snf-manage
  settings::Node logging;                  ///< LOGGING_SETUP; nothing: unset
  settings::Node manage_logging;           ///< SNF_MANAGE_LOGGING_SETUP; nothing: LOGGING_SETUP
  std::string database_url;                ///< of DATABASES; empty: unset. May hold a password
};

struct SynnefoConf {
  SynnefoPrograms programs;
  settings::Loaded<identity::AstakosSettings> astakos;
  identity::MailTransport mail;
  std::vector<settings::Shown> shown;  ///< rows of all tables
  std::vector<std::string> warnings;   ///< names that nobody here knows, values that were left out
  settings::Node root;                 ///< all that was read, foreign names too
};

/// `flag`, else SYNNEFO_SETTINGS_DIR, else /etc/synnefo.
std::string synnefo_directory(const std::optional<std::string>& flag);

/// A directory that does not exist is an installation without settings. Fails for a file that cannot be read, and with
/// file, line and name for a value that is not allowed.
Result<SynnefoConf> read_synnefo(const std::string& directory);

}  // namespace nephele::apps
