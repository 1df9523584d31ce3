// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/async.h"
#include "clouds/occi/account.h"
#include "clouds/occi/model.h"

namespace nephele::occi {

/// One account on a service of OCCI. Calls come one at a time. Errors stand in clouds/rest/errors.h.
class Cloud {
 public:
  explicit Cloud(Account account);
  ~Cloud();
  Cloud(const Cloud&) = delete;
  Cloud& operator=(const Cloud&) = delete;

  /// What there is: kinds, images, sizes.
  Task<Result<std::vector<Category>>> categories(SteadyTime deadline);
  /// Every machine, each read, or an error: never a part. Those of `known`, by id, are taken as they are. OCCI has no
  /// pages: who names none gets all.
  Task<Result<std::vector<Compute>>> computes(std::map<std::string, Compute> known, SteadyTime deadline);
  /// The new machine's id. Never sent twice; where rest::may_have_happened() is true of the error, look for it.
  Task<Result<std::string>> create(NewCompute wanted, const std::vector<Category>& all, SteadyTime deadline);
  /// One that is gone already is success.
  Task<Result<>> remove(std::string id, SteadyTime deadline);

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace nephele::occi
