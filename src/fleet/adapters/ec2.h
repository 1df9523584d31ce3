// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/clock.h"
#include "clouds/ec2/cloud.h"
#include "fleet/adapters/ec2_options.h"
#include "fleet/cloud.h"

namespace nephele::fleet {

/// A space that is an account of EC2, or of what speaks like it (contract vcycle, 3.2). EC2 has no names: a machine's
/// is its tag "name", from the order on where the service takes tags there, else from the moment when it is first seen
/// to run; until then its files tell it, or the token that it was ordered with, which is its name.
class Ec2Cloud final : public Cloud {
 public:
  /// `clock` dates signatures, and outlives this.
  Ec2Cloud(Ec2Options options, const Clock& clock);

  CloudAbilities abilities() const override;
  Task<Result<CloudFacts>> facts(SteadyTime deadline) override;
  void know(std::vector<WrittenMachine> machines) override;
  /// All instances of the account, others' too: they count against its limit. One that is terminated takes nothing any
  /// more; it is listed until its end has been dealt with, for that may be hours before EC2 forgets it.
  Task<Result<std::vector<CloudMachine>>> list(SteadyTime deadline) override;
  Task<Result<std::string>> create(NewMachine wanted, SteadyTime deadline) override;
  Task<Result<>> remove(MachineHandle machine, SteadyTime deadline) override;

 private:
  std::string name_of(const ec2::Instance& instance) const;
  const WrittenMachine* written(const std::string& name) const;
  bool is_gone(const ec2::Instance& instance) const;
  CloudMachine seen(const ec2::Instance& instance) const;
  Task<Result<>> learn_types(std::vector<std::string> names, SteadyTime deadline);
  Task<> tag_those_without(const std::vector<ec2::Instance>& instances, SteadyTime deadline);
  Task<Result<std::string>> key_name(std::string public_key, SteadyTime deadline);

  const Ec2Options options_;
  ec2::Cloud cloud_;
  std::map<std::string, Flavor> types_;              ///< what is known of instance types; it never changes
  bool asks_types_;                                  ///< the service tells of them
  std::string types_refused_;                        ///< why it does not, where it should
  std::map<std::string, Result<std::string>> keys_;  ///< of this cycle, by public key
  std::map<std::string, WrittenMachine> written_;    ///< by name
  std::map<std::string, std::string> names_;         ///< of those that have files, by id and by token
};

}  // namespace nephele::fleet
