// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "base/async.h"
#include "clouds/openstack/model.h"

namespace nephele::openstack {

class Link;

/// Nova. Errors stand in errors.h.
class Compute {
 public:
  explicit Compute(Link& link) : link_(link) {}

  Task<Result<std::vector<Flavor>>> flavors(SteadyTime deadline);
  Task<Result<Limits>> limits(SteadyTime deadline);
  /// All servers of the project whose name begins so (empty: all), or an error, never a part of them.
  Task<Result<std::vector<Server>>> servers(std::string name_prefix, SteadyTime deadline);
  /// Ready when Nova has taken the order. Never sent twice: after an error of which may_have_happened() is true, look
  /// for the name in servers().
  Task<Result<ServerId>> create(NewServer wanted, SteadyTime deadline);
  /// One that is gone already is success.
  Task<Result<>> remove(ServerId id, SteadyTime deadline);

  Task<Result<std::vector<Keypair>>> keypairs(SteadyTime deadline);
  /// The name of the pair that holds this key; made when there is none, with `comment` behind the key.
  Task<Result<std::string>> ensure_keypair(SshPublicKey key, std::string name_prefix, std::string comment,
                                           SteadyTime deadline);

 private:
  Task<Result<Keypair>> keypair(std::string name, SteadyTime deadline);

  Link& link_;
};

}  // namespace nephele::openstack
