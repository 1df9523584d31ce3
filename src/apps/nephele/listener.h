// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>

#include "apps/nephele/first_start.h"
#include "apps/nephele/foundation.h"
#include "bus/bus.h"
#include "compute/compute.h"
#include "identity/identity.h"
#include "operations/operations.h"
#include "runtimes/api.h"

namespace nephele::apps {

/// The runtimes' side of a process: the REST API, its event streams, and the consumer that moves the runtimes' states.
/// Any number of processes have one.
class Listener {
 public:
  /// `works`: this process has workers too, so their health is part of its own. Registers its consumer with the bus;
  /// nothing runs yet. All that is passed outlives it; `tale` may be null.
  Listener(Foundation& foundation, compute::Compute& compute, operations::Operations& operations, bus::Bus& bus,
           identity::Identity& identity, bool works, runtimes::RequestTale* tale);
  ~Listener();
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;

  /// What must be there before the first request: flavours, and the demo account of an embedded cloud.
  Result<> prepare(FirstStart first);
  /// Listens; answers the base URL.
  Result<std::string> start();
  /// Lets requests under way finish.
  void stop();

 private:
  class Parts;
  Foundation& foundation_;
  std::unique_ptr<Parts> parts_;
};

}  // namespace nephele::apps
