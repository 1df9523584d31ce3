// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>

#include "apps/nephele/first_start.h"
#include "apps/nephele/foundation.h"
#include "apps/nephele/processes.h"
#include "base/result.h"
#include "runtimes/api.h"

/// The services of one process: made once, in order, and passed on. Both together are the embedded cloud.
namespace nephele::apps {

/// Could this process run machines for such a cloud: programs, user, rights? Changes nothing.
Result<> check_machines(const Installation& installation, const Settings& settings);

class Cloud {
 public:
  /// Opens what the services stand on and migrates the schema; nothing runs yet.
  /// `tale`, if any, hears of each request and outlives the cloud.
  static Result<std::unique_ptr<Cloud>> open(Foundation& foundation, const Services& services,
                                             runtimes::RequestTale* tale = nullptr);
  ~Cloud();
  Cloud(const Cloud&) = delete;
  Cloud& operator=(const Cloud&) = delete;

  /// Adopts machines, starts workers, listens: what was asked for. Answers the runtimes' base URL, or nothing where
  /// they are not served.
  Result<std::string> start(FirstStart first);
  /// Lets requests and steps under way finish; machines go on.
  void stop();

 private:
  class Parts;
  explicit Cloud(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

}  // namespace nephele::apps
