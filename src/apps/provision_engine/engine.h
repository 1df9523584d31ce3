// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>

#include "apps/provision_engine/conf.h"
#include "apps/provision_engine/log_files.h"

namespace nephele::apps::engine {

/// The Provision Engine: the REST API of runtimes in front of an OpenNebula, composed.
class Engine {
 public:
  /// Opens the journal and makes everything; nothing runs yet. `calls` may be null.
  static Result<std::unique_ptr<Engine>> open(const Conf& conf, log::Logging& logging, CallFile* calls);
  ~Engine();
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  /// Listens; answers the address.
  Result<std::string> start();
  /// Lets requests under way finish.
  void stop();

 private:
  class Parts;
  explicit Engine(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

}  // namespace nephele::apps::engine
