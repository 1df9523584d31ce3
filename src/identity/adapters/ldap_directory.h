// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "base/log.h"
#include "clouds/ldap/directory.h"
#include "identity/settings.h"
#include "identity/ways/user_directory.h"

namespace nephele::identity {

/// The AUTH_LDAP_* settings as clouds/ldap wants them; `groups`: the names of a user's groups are of interest even
/// where none is required. Fails with `invalid` and a setting's name.
Result<ldap::Settings> ldap_settings(const LdapSettings& settings, bool groups);

/// OpenLDAP or Active Directory.
class LdapDirectory final : public ways::UserDirectory {
 public:
  static Result<std::unique_ptr<LdapDirectory>> open(const LdapSettings& settings, bool groups, const log::Logger& log);

  Task<Result<ways::DirectoryEntry>> authenticate(std::string user, Secret password) override;

 private:
  LdapDirectory(ldap::Settings settings, std::vector<std::string> attributes);

  std::vector<std::string> attributes_;
  ldap::Directory directory_;
};

}  // namespace nephele::identity
