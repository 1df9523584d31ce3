// SPDX-License-Identifier: Apache-2.0
// Whatever is read as JSON is written again, reads back the same, and is JSON in its pretty form too.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "base/json.h"
#include "base/utf8.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace nephele;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto value = json::parse(text);
  if (!value) {
    if (value.error().sentence().empty() || !is_utf8(value.error().sentence())) std::abort();
  } else {
    const auto again = json::parse(json::write(*value));
    const auto pretty = json::parse(json::pretty(*value));
    if (!again || *again != *value || !pretty || *pretty != *value) std::abort();
  }
  // Any bytes at all become a text that is JSON.
  std::string quoted;
  json::quote_to(text, quoted);
  const auto unquoted = json::parse(quoted);
  if (!unquoted || (is_utf8(text) && *unquoted->if_string() != text)) std::abort();
  return 0;
}
