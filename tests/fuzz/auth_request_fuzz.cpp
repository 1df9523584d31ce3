// SPDX-License-Identifier: Apache-2.0
// A body that signs in is understood in the same way however it is written, and a refusal says nothing of its values.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "identity/keystone/auth_request.h"
#include "identity/keystone/fields.h"

namespace {

/// Whether a text of the value, long enough to be no word of ours, stands in the sentence.
bool shows(const std::string& sentence, const nephele::json::Value& value) {
  constexpr std::size_t word_bytes_max = 24;
  if (const auto* text = value.if_string()) return text->size() > word_bytes_max && sentence.contains(*text);
  if (const auto* array = value.if_array())
    for (const auto& each : *array)
      if (shows(sentence, each)) return true;
  if (const auto* object = value.if_object())
    for (const auto& [name, each] : *object)
      if (shows(sentence, each)) return true;
  return false;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace nephele;
  using namespace nephele::identity::keystone;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  (void)time_from(text);
  const auto request = parse_auth_request(text);
  const auto value = json::parse(text);
  if (request) {
    if (!value || !parse_auth_request(json::pretty(*value))) std::abort();
    if (const auto* password = std::get_if<PasswordMethod>(&request->method))
      if (password->user.id.empty() && (password->user.name.empty() || password->user.domain.empty())) std::abort();
  } else if (request.error().sentence().empty() || (value && shows(request.error().sentence(), *value))) {
    std::abort();
  }
  return 0;
}
