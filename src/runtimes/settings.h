// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "base/json.h"

namespace nephele::runtimes {

/// What a size is when neither the caller nor the flavour says it, and how far a function may grow while it runs.
struct CapacitySettings {
  std::int64_t disk_default_mib = 1024;
  std::int64_t cpu_default = 2;
  std::int64_t cpu_mult = 2;  ///< live growth up to cpu x mult
  std::int64_t memory_default_mib = 1024;
  std::int64_t memory_mult = 2;
  std::string memory_resize_mode = "BALLOONING";
};

/// The keys and defaults of engine.conf (Provision Engine contract, 6.1), and a few of our own below.
struct Settings {
  std::string one_xmlrpc = "http://localhost:2633/RPC2";
  std::string oneflow_server = "http://localhost:2474";
  std::string host = "127.0.0.1";
  std::uint16_t port = 1337;
  std::chrono::seconds timeout{30};  ///< for a change to take effect, below the 60 s that callers wait
  CapacitySettings capacity;
  int log_level = 2;  ///< 3 ERROR, 2 WARN, 1 INFO, 0 DEBUG
  std::string log_system = "file";

  /// What /server/config answers where there is an engine.conf: its own words, completed by the defaults.
  std::optional<json::Value> shown;

  std::chrono::hours idempotency_keep{24};
  std::chrono::hours events_keep{168};
  std::size_t page_default = 100;
  std::size_t page_max = 1000;
};

/// What /server/config answers: the effective engine.conf without the leading colons. No secret is among its keys.
json::Value engine_conf(const Settings& settings);

}  // namespace nephele::runtimes
