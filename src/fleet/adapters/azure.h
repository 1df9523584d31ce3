// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "base/clock.h"
#include "clouds/azure/cloud.h"
#include "fleet/adapters/azure_options.h"
#include "fleet/cloud.h"

namespace nephele::fleet {

/// A space that is a resource group on Azure. A machine has its name there from the order on, and its space and type in
/// tags; its disk and its network interface are made and go with it.
class AzureCloud final : public Cloud {
 public:
  /// `clock` outlives this.
  AzureCloud(AzureOptions options, const Clock& clock);

  CloudAbilities abilities() const override;
  Task<Result<CloudFacts>> facts(SteadyTime deadline) override;
  /// All machines of the resource group, others' too: they count against its limit.
  Task<Result<std::vector<CloudMachine>>> list(SteadyTime deadline) override;
  Task<Result<std::string>> create(NewMachine wanted, SteadyTime deadline) override;
  Task<Result<>> remove(MachineHandle machine, SteadyTime deadline) override;

 private:
  Task<Result<>> learn_sizes(std::string location, SteadyTime deadline);
  CloudMachine seen(const azure::Machine& machine) const;
  Result<azure::NewMachine> order_of(const NewMachine& wanted) const;

  const AzureOptions options_;
  azure::Cloud cloud_;
  std::map<std::string, Flavor> sizes_;          ///< by name in small letters; they never change
  std::set<std::string> unlisted_;               ///< those that others' machines have, once they were looked for
  std::map<std::string, std::string> failures_;  ///< why machines failed, by name
};

}  // namespace nephele::fleet
