// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>
#include <vector>

#include "clouds/opennebula/oned.h"
#include "fleet/adapters/opennebula_options.h"
#include "fleet/cloud.h"

namespace nephele::fleet {

/// A space that is an account on somebody's OpenNebula, 6.8 or newer. Flavors are VM templates: a machine has the
/// capacity, the disks and the networks of its template. It is called as we call it; what is known of it besides stands
/// in the vector VCYCLE of its user template. Templates and images are looked up once a cycle, which begins with
/// facts().
class OpenNebulaCloud final : public Cloud {
 public:
  explicit OpenNebulaCloud(OpenNebulaOptions options, opennebula::CallLog* log = nullptr);

  CloudAbilities abilities() const override;
  Task<Result<CloudFacts>> facts(SteadyTime deadline) override;
  void know(std::vector<WrittenMachine> machines) override;
  /// All machines of the account, others' too, and those of ours that are DONE since their files were last looked at.
  Task<Result<std::vector<CloudMachine>>> list(SteadyTime deadline) override;
  /// `root_image` image:NAME takes the place of the first disk's image; none: the template's own.
  Task<Result<std::string>> create(NewMachine wanted, SteadyTime deadline) override;
  Task<Result<>> remove(MachineHandle machine, SteadyTime deadline) override;

 private:
  opennebula::Session session(SteadyTime deadline) const;
  Task<Result<std::vector<opennebula::Vm>>> machines(SteadyTime deadline);
  Task<> add_those_that_ended(std::vector<opennebula::Vm>& to, SteadyTime deadline);
  Task<Result<std::int64_t>> image(std::string name, SteadyTime deadline);
  Task<Result<std::string>> contents_of(const NewMachine& wanted, opennebula::VmTemplate source, SteadyTime deadline);
  Task<Result<>> end(std::int64_t id, SteadyTime deadline);

  const OpenNebulaOptions options_;
  opennebula::Oned oned_;
  std::map<std::string, opennebula::VmTemplate> templates_;  ///< of this cycle, by flavor
  std::map<std::string, Result<std::int64_t>> images_;       ///< of this cycle, by name
  std::vector<WrittenMachine> written_;
};

/// What a machine is to the fleet.
State state_of(const opennebula::Vm& vm) noexcept;

}  // namespace nephele::fleet
