// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/secret.h"

/// What Azure keeps, as far as its clients here use it.
namespace nephele::azure {

using Instant = std::chrono::sys_seconds;

/// What is known of a machine's life; it comes apart from the rest.
struct View {
  std::string power = {};             ///< "running" of "PowerState/running"; empty: not told
  std::string provisioning = {};      ///< "succeeded" of "ProvisioningState/succeeded"
  std::optional<Instant> since = {};  ///< when that came about
  std::string failure = {};           ///< why provisioning failed, in Azure's words
};

struct Machine {
  std::string id = {};    ///< "/subscriptions/...": whose letters Azure writes now so, now so
  std::string uuid = {};  ///< vmId; empty: not told yet
  std::string name = {};
  std::string size = {};  ///< "Standard_D2s_v5"
  std::string location = {};
  std::string zone = {};          ///< "1"; empty: none
  std::string provisioning = {};  ///< "Creating", "Succeeded", "Failed", "Deleting"
  std::optional<Instant> created = {};
  std::map<std::string, std::string, std::less<>> tags = {};
  View view = {};
  std::string address = {};
};

/// What a machine's states mean.
enum class Phase : std::uint8_t { unknown, starting, running, stopping, shut_down, deleting, failed };
Phase phase_of(const Machine& machine);

struct Size {
  std::string name = {};
  std::int64_t processors = 1;
  std::int64_t memory_mib = 0;
};

struct NewMachine {
  std::string name = {};
  std::string size = {};
  std::string zone = {};   ///< empty: none
  std::string image = {};  ///< "/subscriptions/...", "/CommunityGalleries/...", or "PUBLISHER:OFFER:SKU:VERSION"
  std::optional<std::int64_t> disk_gb = {};
  std::string disk_type = {};       ///< "StandardSSD_LRS"
  std::string subnet = {};          ///< "/subscriptions/..."
  std::string security_group = {};  ///< "/subscriptions/..."; empty: none
  bool public_address = false;
  std::string user = {};        ///< whom the key lets in; never root
  std::string public_key = {};  ///< "ssh-rsa AAAA..."; empty: none
  Secret password = {};         ///< where there is no key
  std::string user_data = {};   ///< as the machine is to see it; Base64 is made of it here
  std::vector<std::pair<std::string, std::string>> tags = {};
};

}  // namespace nephele::azure
