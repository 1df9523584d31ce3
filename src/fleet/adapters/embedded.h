// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>

#include "compute/compute.h"
#include "fleet/cloud.h"
#include "sql/sql.h"

namespace nephele::fleet {

class EmbeddedImages;

/// A space on our own cloud: its servers are those of one owner, "fleet:SPACE". Compute need not drive machines in this
/// process.
class EmbeddedCloud final : public Cloud {
 public:
  /// `web` outlives it; null: images are those that are registered.
  EmbeddedCloud(sql::Database& database, compute::Compute& compute, std::string space, EmbeddedImages* web = nullptr);

  CloudAbilities abilities() const override;
  Task<Result<CloudFacts>> facts(SteadyTime deadline) override;
  Task<Result<std::vector<CloudMachine>>> list(SteadyTime deadline) override;
  Task<Result<std::string>> create(NewMachine wanted, SteadyTime deadline) override;
  Task<Result<>> remove(MachineHandle machine, SteadyTime deadline) override;

 private:
  Task<Result<std::vector<compute::Server>>> servers();
  Task<Result<std::string>> image(const NewMachine& wanted, SteadyTime deadline);

  sql::Database& database_;
  compute::Compute& compute_;
  const std::string space_, owner_;
  EmbeddedImages* const web_;
  std::map<std::string, Result<std::string>> images_;  ///< of this cycle, by URL
};

/// What a server is to the fleet. A machine that is being brought back after a crash is of unknown state: it is neither
/// over nor on its first way up.
State state_of(const compute::Server& server) noexcept;

}  // namespace nephele::fleet
