// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "base/async.h"
#include "clouds/openstack/model.h"

namespace nephele::openstack {

class Link;

/// Neutron, as far as servers need it.
class Networks {
 public:
  explicit Networks(Link& link) : link_(link) {}

  /// All that the project may use.
  Task<Result<std::vector<Network>>> list(SteadyTime deadline);
  /// The only one with this name: `not_found` without one, `conflict` with two; then its id must be written.
  Task<Result<Network>> by_name(std::string name, SteadyTime deadline);

 private:
  Link& link_;
};

/// Cinder: volumes to boot from.
class Volumes {
 public:
  explicit Volumes(Link& link) : link_(link) {}

  /// Ready when Cinder has taken the order; look at the volume until its status is "available" or "error". Never sent
  /// twice.
  Task<Result<Volume>> create(NewVolume wanted, SteadyTime deadline);
  Task<Result<Volume>> volume(VolumeId id, SteadyTime deadline);
  Task<Result<std::vector<Volume>>> list(SteadyTime deadline);
  /// One that is gone already is success; one in use is `invalid` or `conflict`, by the age of Cinder.
  Task<Result<>> remove(VolumeId id, SteadyTime deadline);

 private:
  Link& link_;
};

}  // namespace nephele::openstack
