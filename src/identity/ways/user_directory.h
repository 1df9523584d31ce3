// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/async.h"
#include "base/secret.h"

/// The port to somebody else's directory of users (adapters/ldap_directory.h).
namespace nephele::identity::ways {

struct DirectoryEntry {
  /// By the names that were asked for; texts, the first one first.
  std::map<std::string, std::vector<std::string>> attributes;
  std::vector<std::string> groups;  ///< names
};

class UserDirectory {
 public:
  virtual ~UserDirectory() = default;
  /// Fails with `unauthorized`, whatever of it was wrong; `unavailable` or `timeout` while the directory is away,
  /// `busy` when too many ask, `invalid` when the settings do not fit it.
  virtual Task<Result<DirectoryEntry>> authenticate(std::string user, Secret password) = 0;
};

}  // namespace nephele::identity::ways
