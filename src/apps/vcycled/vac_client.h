// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "fleet/addresses.h"
#include "fleet/vac_messages.h"

/// Asks the responders of factories (contract vcycle, 5.4).
namespace nephele::apps::vcycle {

struct Inquiry {
  std::vector<fleet::Question> questions;  ///< the factory's own state is asked for beside them
  std::string space;
  std::string program;                        ///< "Vcycle 1.2.3 vcycle"
  std::chrono::milliseconds timeout{10'000};  ///< a round takes a fifth of it, and there are up to six
  bool keep_datagrams = false;
};

struct FactoryAnswer {
  std::string asked;    ///< as the configuration names it
  std::string factory;  ///< as it calls itself; as asked while it is silent
  std::string error;    ///< what is missing; empty: nothing
  double seconds = 0;   ///< to its first answer
  std::string version = {};
  fleet::Instant sent{};
  std::optional<fleet::FactoryStatus> status = {};
  std::map<std::string, fleet::MachineStatus> machines = {};
  std::map<std::string, fleet::MachinetypeStatus> types = {};
  std::vector<std::string> datagrams = {};  ///< where they are kept

  bool answered() const { return status || !machines.empty() || !types.empty(); }
};

struct FactoryAt {
  std::string name;  ///< as the configuration has it
  fleet::HostPort at;
};

/// Waits until all have answered, or the last round is over. In the order of `factories`.
std::vector<FactoryAnswer> ask(const std::vector<FactoryAt>& factories, const Inquiry& inquiry);

}  // namespace nephele::apps::vcycle
