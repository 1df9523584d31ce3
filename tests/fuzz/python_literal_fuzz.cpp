// SPDX-License-Identifier: Apache-2.0
#include <cstdint>
#include <string_view>

#include "base/settings/python_literal.h"
#include "settings_use.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace nephele::settings;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const PythonExtras django{.calls = true, .needed = [](std::string_view name) { return name.starts_with('A'); }};
  (void)read_python_literal(text, "05.conf", nullptr, django);
  const auto document = read_python_literal(text, "10.conf");
  if (!document) return 0;
  use_settings(document->root);
  (void)read_python_literal(text, "20.conf", &document->root);  // with all its own names known
  return 0;
}
