// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "base/async.h"
#include "clouds/openstack/model.h"

namespace nephele {
class Workers;
}

namespace nephele::openstack {

struct Call;
class FileBody;
class Link;

/// Glance, v1 or v2 as the account says.
class Images {
 public:
  explicit Images(Link& link) : link_(link) {}

  /// All that the project may use, in the service's order. Names are compared here (first_named, find_upload): Glance
  /// takes the name in a query for an operator as soon as it has a colon, as URLs have.
  Task<Result<std::vector<Image>>> list(SteadyTime deadline);
  Task<Result<Image>> image(ImageId id, SteadyTime deadline);
  /// Makes a private image of a file. Ready when Glance has all of it, with the checksum of what was read here; when
  /// anything goes wrong, the half-made image is removed, or what may have been made of it without an answer. Only the
  /// deadline limits how long it may take.
  Task<Result<Image>> upload(NewImage wanted, std::string path, Workers& workers, SteadyTime deadline);
  /// One that is gone already is success; `conflict` while a server or volume uses it.
  Task<Result<>> remove(ImageId id, SteadyTime deadline);

 private:
  Task<Result<Image>> upload_v1(NewImage wanted, FileBody& body, SteadyTime deadline);
  Task<Result<Image>> upload_v2(NewImage wanted, FileBody& body, SteadyTime deadline);
  Task<Result<Image>> make(Call call, ImageId id, SteadyTime deadline);
  Task<Result<Image>> fill(ImageId id, FileBody& body, SteadyTime deadline);
  Task<Result<Image>> until_active(ImageId id, FileBody& body, SteadyTime deadline);
  Task<Result<Image>> or_remove(Result<Image> outcome, ImageId id);
  bool v2() const;
  std::string root() const;

  Link& link_;
};

}  // namespace nephele::openstack
