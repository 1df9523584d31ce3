// SPDX-License-Identifier: Apache-2.0
#include <cstdint>
#include <cstdlib>
#include <string>

#include "http/message.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace nephele::http;
  Headers headers;
  headers.add("Authorization", std::string(reinterpret_cast<const char*>(data), size));
  const auto found = basic_credentials(headers);
  if (const auto* basic = std::get_if<Basic>(&found)) {
    if (basic->user.find(':') != std::string::npos) std::abort();
    if ((basic->user + basic->password.reveal()).find('\0') != std::string::npos) std::abort();
  }
  return 0;
}
