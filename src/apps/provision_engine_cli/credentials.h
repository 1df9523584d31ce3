// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "http/message.h"

/// Who the user guide's client is: ~/.provision_engine_auth, one line `user:password`.
namespace nephele::apps {

/// The home directory of HOME, else of the account; empty when neither is known.
std::string home_directory();

/// The file's text as its first users read it, a scalar of YAML: quotes around it go, lines that are empty, `---` or a
/// comment do not count. The first colon ends the user. Fails with `invalid`; no sentence shows what stands there.
Result<http::Basic> parse_credentials(std::string_view text);

struct Credentials {
  http::Basic basic;
  std::optional<std::string> warning;  ///< others can read the file
};

/// Fails with `not_found` and a sentence that says how to make the file.
Result<Credentials> read_credentials(const std::string& path);

}  // namespace nephele::apps
