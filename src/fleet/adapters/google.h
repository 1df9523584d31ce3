// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/clock.h"
#include "clouds/google/cloud.h"
#include "fleet/adapters/google_options.h"
#include "fleet/cloud.h"

namespace nephele::fleet {

/// A space that is a project on Google Compute Engine (contract vcycle, 3.4). A machine has its name there from the
/// order on, and its space and type in labels. That an order was taken does not mean that a machine comes of it: that
/// is asked for in the next cycle, and one that was refused then is listed as failed until its end has been dealt with.
class GoogleCloud final : public Cloud {
 public:
  /// `clock` dates what is signed, and outlives this.
  GoogleCloud(GoogleOptions options, const Clock& clock);

  CloudAbilities abilities() const override;
  Task<Result<CloudFacts>> facts(SteadyTime deadline) override;
  void know(std::vector<WrittenMachine> machines) override;
  /// All instances of the project in all zones, others' too: they count against its limit.
  Task<Result<std::vector<CloudMachine>>> list(SteadyTime deadline) override;
  Task<Result<std::string>> create(NewMachine wanted, SteadyTime deadline) override;
  Task<Result<>> remove(MachineHandle machine, SteadyTime deadline) override;

 private:
  /// What was ordered, and how that can be followed.
  struct Order {
    google::Operation operation = {};
    std::string machinetype = {};
  };

  Task<Result<const Flavor*>> type(std::string zone, std::string name, SteadyTime deadline);
  Task<Result<>> learn_flavors(CloudFacts& facts, SteadyTime deadline);
  Task<> follow_orders(CloudFacts& facts, SteadyTime deadline);
  Task<Result<std::int64_t>> image_gb(std::string path, SteadyTime deadline);
  CloudMachine seen(const google::Instance& instance) const;
  google::NewInstance order_of(const NewMachine& wanted, const std::string& image) const;

  const GoogleOptions options_;
  google::Cloud cloud_;
  std::map<std::string, Flavor> types_;                 ///< what is known of machine types, by "ZONE/NAME"
  std::map<std::string, Result<std::int64_t>> images_;  ///< of this cycle, by path: GiB
  std::map<std::string, Order> under_way_, refused_;    ///< by the machine's name
  std::map<std::string, std::string> zones_;            ///< of machines, by name
};

}  // namespace nephele::fleet
