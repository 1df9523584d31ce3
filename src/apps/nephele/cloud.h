// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>

#include "apps/nephele/first_start.h"
#include "apps/nephele/foundation.h"
#include "base/result.h"

/// The embedded cloud in one process: every service, made once, in order, and passed on.
namespace nephele::apps {

class Cloud {
 public:
  /// Opens what it stands on and migrates the schema; nothing runs yet.
  static Result<std::unique_ptr<Cloud>> open(Foundation& foundation);
  ~Cloud();
  Cloud(const Cloud&) = delete;
  Cloud& operator=(const Cloud&) = delete;

  /// Adopts machines, starts workers, listens. Answers the runtimes' base URL, which also stands in endpoints.json.
  Result<std::string> start(FirstStart first);
  /// Lets requests and steps under way finish; machines go on.
  void stop();
  /// Ends every machine in an orderly way; after stop().
  Result<> stop_machines();

 private:
  class Parts;
  explicit Cloud(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

}  // namespace nephele::apps
