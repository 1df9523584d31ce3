// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdlib>
#include <string>
#include <string_view>

namespace nephele::settings {

/// The path of a file in testdata/; tests know the source tree from their environment or their own place in it.
inline std::string test_data(std::string_view name) {
  const char* source = std::getenv("NEPHELE_SOURCE_DIR");  // NOLINT(concurrency-mt-unsafe): never changed
  const std::string root = source != nullptr ? source : ".";
  return root + "/src/base/settings/testdata/" + std::string(name);
}

}  // namespace nephele::settings
