// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/async.h"
#include "base/clock.h"
#include "clouds/google/account.h"
#include "clouds/google/model.h"

namespace nephele::google {

/// One project on Google Compute Engine. Calls come one at a time. Goes before the io_context of those who called it.
/// Errors stand in clouds/rest/errors.h.
class Cloud {
 public:
  /// The clock dates what is signed, and outlives this.
  Cloud(Account account, const Clock& clock);
  ~Cloud();
  Cloud(const Cloud&) = delete;
  Cloud& operator=(const Cloud&) = delete;

  /// All instances of the project in all zones, without their metadata, or an error: never a part.
  Task<Result<std::vector<Instance>>> instances(SteadyTime deadline);
  /// Nothing where the zone has no such type.
  Task<Result<std::optional<MachineType>>> machine_type(std::string zone, std::string name, SteadyTime deadline);
  /// GiB of the image, of "projects/P/global/images/I" or ".../family/F".
  Task<Result<std::int64_t>> image_gb(std::string path, SteadyTime deadline);

  /// Ready when Google has taken the order; what comes of it the operation tells. May be sent again: the request's id
  /// makes one instance of it. One of this name that is there already is the one that was asked for.
  Task<Result<Operation>> insert(NewInstance wanted, SteadyTime deadline);
  /// `not_found`: Google knows nothing of it any more.
  Task<Result<Operation>> operation(std::string zone, std::string name, SteadyTime deadline);
  /// One that is gone already is success.
  Task<Result<>> remove(std::string zone, std::string name, SteadyTime deadline);

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace nephele::google
