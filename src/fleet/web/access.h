// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// Who may write a machine's joboutputs (contract vcycle, 2.11). No I/O.
namespace nephele::fleet::web {

/// What a client shows.
struct Shown {
  bool tls = false;
  /// Subjects of its verified certificate: its own first, that of the end entity behind its proxies last; or none.
  std::vector<std::string> subjects = {};
  std::string authorization = {};  ///< the header field
};

/// What a machine's folder says.
struct Wanted {
  std::string subject = {};     ///< https_x509dn; empty: none
  std::string token_hash = {};  ///< SHA-256 in hex; empty: the machine was given no token
  bool token_needed = false;    ///< by the settings
};

/// Nothing when the client may write; else why not, for the log.
///
/// A machine that was given a token has to show it: its machinetype's certificate is in all machines of the type, and
/// each of them could write for the others. One without goes by the certificate: the subject itself, or proxies of it.
std::optional<std::string_view> refusal_of(const Shown& shown, const Wanted& wanted);

/// "/DC=com/DC=example/CN=vm" of that or of "CN=vm,DC=example,DC=com".
std::string slash_form(std::string_view subject);

/// What a folder keeps of a token: guesses cannot be tried against chance of this length, so a plain hash does.
std::string hash_of_token(std::string_view token);

}  // namespace nephele::fleet::web
