// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string>
#include <vector>

#include "base/settings/settings.h"

namespace nephele::settings {

struct Fuzzed {
  std::string host = "localhost";
  std::uint16_t port = 1337;
  std::chrono::seconds timeout{30};
  Bytes memory = Bytes::mib(128);
  double share = 1;
  bool debug = false;
  std::vector<std::string> brokers;
  std::optional<std::string> proxy;
  Node logging;
};

/// What every program does with a tree: takes values from it, tells what it does not know, shows it all.
inline void use_settings(const Node& root) {
  static const auto table =
      Table<Fuzzed>("fuzzed")
          .add("host", &Fuzzed::host, {.aliases = {"A", "a.x"}})
          .add("port", &Fuzzed::port, {.aliases = {"B", "s.port"}}, {.min = 1})
          .add("capacity.cpu.timeout", &Fuzzed::timeout, {.unit = "seconds"}, {.min = 1, .max = 100})
          .add("capacity.memory", &Fuzzed::memory, {.unit = "MiB", .aliases = {"C"}})
          .add("share", &Fuzzed::share, {.aliases = {"a.y"}}, {.min = 0, .max = 1})
          .add("log.debug", &Fuzzed::debug, {})
          .add("brokers", &Fuzzed::brokers, {.aliases = {"a.z"}})
          .add("proxy", &Fuzzed::proxy, {})
          .add("LOGGING_SETUP", &Fuzzed::logging, {});
  static const auto keys = table.keys();
  const Measure size = measure(root);
  if (size.depth > depth_max + 4 || size.weight > 4 * weight_max) std::abort();
  (void)json::write(root.to_json());
  (void)unknown_keys(root, keys);
  const auto loaded = table.load({.files = {root}, .environment = {}, .flags = {}});
  if (loaded) (void)table.show(*loaded);
  if (!loaded && loaded.error().sentence().empty()) std::abort();
}

}  // namespace nephele::settings
