// SPDX-License-Identifier: Apache-2.0
// Both dialects, each file read twice: over nothing and over itself.
#include <cstdint>
#include <string_view>

#include "base/settings/config_parser.h"
#include "settings_use.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace nephele::settings;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  for (const Dialect dialect : {Dialect::python3, Dialect::python2_raw}) {
    ConfigParser parser(dialect);
    if (!parser.read(text, "one")) continue;
    if (const auto tree = parser.tree()) use_settings(*tree);
    if (!parser.read(text, "two")) std::abort();  // what was good once is good again
    if (const auto tree = parser.tree()) use_settings(*tree);
  }
  return 0;
}
