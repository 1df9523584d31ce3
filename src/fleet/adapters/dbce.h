// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "clouds/dbce/cloud.h"
#include "fleet/adapters/dbce_options.h"
#include "fleet/cloud.h"

namespace nephele::fleet {

/// A space that is an account of Deutsche Börse Cloud Exchange (contract vcycle, 3.5). A machine keeps its name there.
/// It is "stopped" or "unknown" before it runs and after, so its age and its type's fizzle_seconds tell which.
class DbceCloud final : public Cloud {
 public:
  explicit DbceCloud(DbceOptions options);

  CloudAbilities abilities() const override;
  Task<Result<CloudFacts>> facts(SteadyTime deadline) override;
  void know(std::vector<WrittenMachine> machines) override;
  /// Also asks for the public addresses that are still to be had.
  Task<Result<std::vector<CloudMachine>>> list(SteadyTime deadline) override;
  Task<Result<std::string>> create(NewMachine wanted, SteadyTime deadline) override;
  Task<Result<>> remove(MachineHandle machine, SteadyTime deadline) override;

 private:
  State state_of(const dbce::Machine& machine) const;
  CloudMachine seen(const dbce::Machine& machine) const;
  Task<Result<>> assign(std::string id, SteadyTime deadline);
  Task<> assign_addresses(const std::vector<dbce::Machine>& machines, SteadyTime deadline);

  const DbceOptions options_;
  dbce::Cloud cloud_;
  std::map<std::string, WrittenMachine> written_;
  /// Ids of machines that are still to be given one. A manager that is started meanwhile does not know of those:
  /// whether a machine has an address is not told, and to ask once more could give it two. Such a machine is neither
  /// lost nor doubled, as its name and files find it; without a way out it does nothing, and ends as one that does
  /// nothing.
  std::set<std::string> without_address_;
};

}  // namespace nephele::fleet
