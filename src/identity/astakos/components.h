// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/json.h"
#include "base/secret.h"
#include "identity/identity.h"
#include "identity/projects/defaults.h"
#include "identity/quota/quotas.h"

/// The parts of the cloud that Astakos knows: components with a token of their own, the services that they bring, and
/// those services' resources (contract astakos, 6.5 and 12.2).
namespace nephele::identity::astakos {

struct Component {
  std::int64_t number = 0;
  std::string name;
  std::string ui_url = {};
  std::string base_url = {};
  Time token_created = {};
  std::optional<Time> token_expires = {};
};

struct ComponentChange {
  std::optional<std::string> ui_url = {}, base_url = {};
  std::optional<Secret> token = {};  ///< one that the component has already
};

/// What an import did, for people: "Added service cyclades_compute."
using ImportNotes = std::vector<std::string>;

class Components {
 public:
  Components(sql::Database& database, quota::Quotas& quotas, const SecretKey& key, const Clock& clock);

  /// The token is shown once. Fails with `conflict` when the name is taken, `invalid` for a name or URL that is none.
  Task<Result<std::pair<Component, Secret>>> add(Component wanted);
  Task<Result<std::vector<Component>>> list();
  Task<Result<Component>> find(std::string name_or_number);  ///< or `not_found`
  Task<Result<Component>> modify(std::string name_or_number, ComponentChange change);
  Task<Result<Secret>> renew_token(std::string name_or_number);
  /// With its services, their endpoints and its token; the resources stay, since holdings refer to them.
  Task<Result<>> remove(std::string name_or_number);
  /// The component of a token and its services' names. Fails with `unauthorized`.
  Task<Result<std::pair<Component, std::vector<std::string>>>> by_token(Secret token);

  /// Its services with their endpoints; the component stays. How many.
  Task<Result<std::size_t>> purge_services(std::string name_or_number);

  /// Registers services as their components export them, all or nothing; the same once more changes nothing. All
  /// projects get holdings of what is new. Fails with `invalid` (where and what), `not_found` for an unknown
  /// component, `conflict` for another component's service or resource.
  Task<Result<ImportNotes>> import_services(json::Value exported);

 private:
  struct Imported {
    ImportNotes notes;
    std::vector<projects::Spreading> spreading;
  };
  Result<> import_one(sql::Tx& tx, const std::string& name, const json::Object& service, Imported& so_far) const;
  Result<> import_resources(sql::Tx& tx, const std::string& service, const json::Object& given, Imported& so_far) const;
  std::string hash_of(const Secret& token) const;

  sql::Database& database_;
  quota::Quotas& quotas_;
  const SecretKey& key_;
  const Clock& clock_;
};

}  // namespace nephele::identity::astakos
