// SPDX-License-Identifier: Apache-2.0
// Whatever Google and Azure answer is read or refused with a reason.
#include <cstdint>
#include <cstdlib>
#include <string>

#include "clouds/azure/decode.h"
#include "clouds/google/decode.h"
#include "clouds/rest/fault.h"

namespace {

using namespace nephele;

template <class Object>
void check(const Result<Object>& got) {
  if (!got && got.error().sentence().empty()) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  for (const int status : {200, 400, 401, 403, 404, 409, 429, 500})
    if (rest::refused("Google", "call", status, rest::decode_fault(text)).sentence().empty()) std::abort();
  const auto tree = json::parse(text);
  if (!tree) return 0;
  check(google::decode_instance(*tree));
  check(google::decode_machine_type(*tree));
  check(google::decode_operation("instances.insert", *tree));
  check(azure::decode_machine(*tree));
  check(azure::decode_size(*tree));
  (void)azure::decode_interface(*tree);
  const auto* const object = tree->if_object();
  if (object == nullptr) return 0;
  check(google::decode_instances(*object));
  check(azure::decode_page(*object));
  return 0;
}
