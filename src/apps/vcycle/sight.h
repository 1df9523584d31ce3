// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "apps/vcycle/verbs.h"
#include "fleet/vac_messages.h"

namespace nephele::apps::vcycle {

/// What a running machine has taken of processors, in per cent of one of them.
struct CpuLoad {
  std::int64_t seconds = 0;  ///< in its life
  double of_life = 0;
  std::optional<double> lately = {};
};

/// What is known of one space at one factory: by its files at this one, by its responder at another.
struct Sight {
  std::string factory, space;
  bool here = false;
  double seconds = 0;      ///< until it was known
  fleet::Instant as_of{};  ///< of the last cycle; of another factory: when it said so
  std::string version;
  std::vector<fleet::MachineView> machines;
  /// By machine, where its factory measures it (Vac's do, on their hosts) or the machine tells it to this one
  /// (joboutputs cpu_seconds). Vcycle's clouds tell nobody.
  std::map<std::string, CpuLoad> loads;
  std::vector<fleet::MachinetypeStatus> types;
  fleet::FactoryStatus status;
};

/// Does the name of a factory, as [settings] or an operator writes it, mean this one? Either name may be without its
/// domain.
bool is_here(const Context& context, const std::string& name);

/// Looks at the factories that are named, else at those of the configuration, else at this one. By factory and space;
/// what is missing is told on standard error. The error: nobody knows anything.
Result<std::vector<Sight>> look_at(const Context& context, const Whom& whom, std::vector<fleet::Question> questions);

}  // namespace nephele::apps::vcycle
