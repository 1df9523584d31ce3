// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "identity/directory/store.h"

/// All SQL of regions, services, endpoints and application credentials; conventions as in store.h.
namespace nephele::identity::directory::store {

std::optional<Region> region(sql::Tx& tx, const RegionId& id);
std::vector<Region> regions(sql::Tx& tx);
bool insert(sql::Tx& tx, const Region& region);
bool update(sql::Tx& tx, const Region& region);
bool remove(sql::Tx& tx, const RegionId& id);
bool has_children(sql::Tx& tx, const RegionId& id);

std::optional<Service> service(sql::Tx& tx, const ServiceId& id);
/// Empty type or name narrow nothing. In the order of their numbers.
std::vector<Service> services(sql::Tx& tx, std::string_view type, std::string_view name);
void insert(sql::Tx& tx, Service service);
bool update(sql::Tx& tx, const Service& service);
bool remove(sql::Tx& tx, const ServiceId& id);

struct EndpointFilter {
  std::string service = {}, interface = {}, region = {};
};
std::optional<Endpoint> endpoint(sql::Tx& tx, const EndpointId& id);
std::vector<Endpoint> endpoints(sql::Tx& tx, const EndpointFilter& filter);
void insert(sql::Tx& tx, const Endpoint& endpoint);
bool update(sql::Tx& tx, const Endpoint& endpoint);
bool remove(sql::Tx& tx, const EndpointId& id);

struct StoredCredential {
  ApplicationCredential credential;
  std::string secret_hash;
};
std::optional<StoredCredential> credential(sql::Tx& tx, const CredentialId& id);
std::optional<StoredCredential> credential_named(sql::Tx& tx, const AccountId& account, std::string_view name);
std::vector<ApplicationCredential> credentials_of(sql::Tx& tx, const AccountId& account, std::string_view name);
bool insert(sql::Tx& tx, const StoredCredential& stored);
bool remove(sql::Tx& tx, const CredentialId& id);

}  // namespace nephele::identity::directory::store
