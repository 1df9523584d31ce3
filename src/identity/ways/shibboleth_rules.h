// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/secret.h"
#include "http/message.h"
#include "identity/ways/model.h"

/// What the headers of Apache's mod_shib say (contract astakos, 5.3), and whose word they are. Pure rules.
namespace nephele::identity::ways {

struct ShibbolethSettings {
  std::vector<std::string> proxies = {};  ///< addresses whose headers are believed
  Secret secret = {};                     ///< empty: the address is enough
  bool migrate_eppn = false;
  bool require_name = false;
  std::string site = {};     ///< for sentences
  std::string support = {};  ///< address for questions
};

/// Fails with `forbidden`: these headers are somebody's own.
Result<> check_messenger(const http::Request& request, const ShibbolethSettings& settings);

/// Fails with `invalid` and the contract's sentence: no identifier, no name where one is required, or one header in two
/// spellings that disagree.
Result<Proof> shibboleth_proof(const http::Headers& headers, const ShibbolethSettings& settings);

}  // namespace nephele::identity::ways
