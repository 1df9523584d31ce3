// SPDX-License-Identifier: Apache-2.0
// The YAML library itself comes from Debian and is not instrumented: this looks at what we make of it.
#include <array>
#include <cstdint>
#include <string_view>

#include "base/settings/symbol_yaml.h"
#include "settings_use.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace nephele::settings;
  static constexpr std::array<std::string_view, 2> members{"level", "debug"};
  static constexpr std::array rules{Unindented{.section = "log", .members = members}};
  const auto document =
      read_symbol_yaml(std::string_view(reinterpret_cast<const char*>(data), size), "engine.conf", rules);
  if (document) use_settings(document->root);
  return 0;
}
