// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/async.h"
#include "base/clock.h"
#include "clouds/azure/account.h"
#include "clouds/azure/model.h"

namespace nephele::azure {

/// One resource group on Azure, by Azure Resource Manager. Calls come one at a time. Goes before the io_context of
/// those who called it. Errors stand in clouds/rest/errors.h.
class Cloud {
 public:
  /// The clock outlives this.
  Cloud(Account account, const Clock& clock);
  ~Cloud();
  Cloud(const Cloud&) = delete;
  Cloud& operator=(const Cloud&) = delete;

  /// All machines of the resource group with their states, or an error: never a part. Addresses are told where they may
  /// be read.
  Task<Result<std::vector<Machine>>> machines(SteadyTime deadline);
  Task<Result<std::vector<Size>>> sizes(std::string location, SteadyTime deadline);

  /// Ready when Azure has taken the order. Never sent twice, and refused as `conflict` where there is such a machine.
  Task<Result<Machine>> create(NewMachine wanted, SteadyTime deadline);
  /// With its disk and its network interface. One that is gone already is success.
  Task<Result<>> remove(std::string name, SteadyTime deadline);

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace nephele::azure
