// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>
#include <vector>

#include "clouds/occi/cloud.h"
#include "fleet/adapters/occi_options.h"
#include "fleet/cloud.h"

namespace nephele::fleet {

/// A space on a service of OCCI (contract vcycle, 3.3): ooi before OpenStack, rOCCI before OpenNebula. A machine keeps
/// its name there. It is told in no list when it was made or began to run, so its files know that; and as ooi calls a
/// machine that is being built "inactive" like one that is off, they also tell the two apart.
class OcciCloud final : public Cloud {
 public:
  explicit OcciCloud(OcciOptions options);

  CloudAbilities abilities() const override;
  Task<Result<CloudFacts>> facts(SteadyTime deadline) override;
  void know(std::vector<WrittenMachine> machines) override;
  /// All machines of the project. Each is read; those that are not ours every ten minutes only.
  Task<Result<std::vector<CloudMachine>>> list(SteadyTime deadline) override;
  Task<Result<std::string>> create(NewMachine wanted, SteadyTime deadline) override;
  Task<Result<>> remove(MachineHandle machine, SteadyTime deadline) override;

 private:
  struct Foreign {
    occi::Compute machine;
    SteadyTime read_at;
  };
  State state_of(const occi::Compute& compute, const std::string& name) const;
  std::optional<std::int64_t> cores_of(const occi::Compute& compute) const;
  CloudMachine seen(const occi::Compute& compute) const;
  Result<> refresh_authorities() const;

  const OcciOptions options_;
  occi::Cloud cloud_;
  std::vector<occi::Category> categories_;     ///< of this cycle
  std::map<std::string, std::int64_t> cores_;  ///< of sizes, by their types
  std::map<std::string, WrittenMachine> written_;
  std::map<std::string, Foreign> foreign_;  ///< by id
};

}  // namespace nephele::fleet
