// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"

/// What Compute Engine keeps, as far as its clients here use it.
namespace nephele::google {

using Instant = std::chrono::sys_seconds;

struct Instance {
  std::string id = {};      ///< a number that no other one ever has
  std::string name = {};    ///< no other one in its zone has it now
  std::string status = {};  ///< "RUNNING"
  std::string zone = {};    ///< "europe-west1-b"
  std::string type = {};    ///< "n2-standard-4"
  std::string address = {};
  std::optional<Instant> created = {}, started = {}, stopped = {};
  std::map<std::string, std::string, std::less<>> labels = {};
};

/// What a status means (contract vcycle, 3.4).
enum class Phase : std::uint8_t { unknown, starting, running, shut_down, deleting };
Phase phase_of(const Instance& instance);

struct NewInstance {
  std::string name = {};
  std::string zone = {};
  std::string type = {};
  std::string image = {};  ///< "projects/P/global/images/I"
  std::int64_t disk_gb = 0;
  std::string disk_type = {};   ///< "pd-balanced"; empty: Google's choice
  std::string network = {};     ///< "global/networks/default"; not beside a subnetwork
  std::string subnetwork = {};  ///< "projects/P/regions/R/subnetworks/S"
  bool public_address = true;
  std::vector<std::pair<std::string, std::string>> labels = {};
  std::vector<std::pair<std::string, std::string>> metadata = {};
  std::vector<std::string> hidden = {};  ///< texts of it that no error may repeat
  /// A UUID: the same request sent twice makes one instance.
  std::string request_id = {};
};

struct MachineType {
  std::string name = {};
  std::int64_t processors = 1;
  std::int64_t memory_mib = 0;
};

/// A change under way.
struct Operation {
  std::string name = {};
  std::string zone = {};
  std::string target_id = {};  ///< of the instance
  bool done = false;
  std::optional<Error> failure = {};  ///< why nothing came of it
};

}  // namespace nephele::google
