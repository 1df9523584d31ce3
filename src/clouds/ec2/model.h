// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/id.h"

/// What EC2 keeps, as far as its clients here use it.
namespace nephele::ec2 {

using InstanceId = Id<struct InstanceTag>;
using Instant = std::chrono::sys_seconds;

struct Instance {
  InstanceId id = {};
  std::string state = {};  ///< "running"
  std::string image = {};
  std::string type = {};
  std::string zone = {};
  std::string private_address = {};
  std::string private_dns_name = {};
  std::optional<Instant> launched = {};
  std::string reason = {};              ///< of its last change of state, in the service's words
  std::string reason_code = {};         ///< "Client.InstanceInitiatedShutdown"; empty: not told
  std::optional<Instant> changed = {};  ///< when its state last changed, where that is told
  std::string client_token = {};        ///< with which it was ordered, where that is told
  std::map<std::string, std::string, std::less<>> tags = {};

  /// The tag "name"; empty when it has none (contract vcycle, 3.2).
  std::string name() const;
};

/// What a state means (contract vcycle, 3.2).
enum class Phase : std::uint8_t { unknown, starting, running, shut_down, deleting, failed };
Phase phase_of(const Instance& instance);

struct NewInstance {
  std::string image = {};      ///< "ami-..."
  std::string type = {};       ///< name of the flavor
  std::string user_data = {};  ///< as the machine is to see it; base64 is made of it here
  std::string key_name = {};
  std::string zone = {};
  std::string subnet = {};                        ///< "subnet-..."; its zone is the machine's
  std::vector<std::string> security_groups = {};  ///< names, or ids ("sg-...")
  /// Its tags from the beginning; only where is_modern().
  std::vector<std::pair<std::string, std::string>> tags = {};
  /// At most 64 characters: a second order with the same token makes no second machine, where the service knows it.
  std::string client_token = {};
};

struct InstanceType {
  std::string name = {};
  std::int64_t processors = 1;
  std::int64_t memory_mib = 0;
};

struct KeyPair {
  std::string name = {};
  std::string fingerprint = {};
};

}  // namespace nephele::ec2
