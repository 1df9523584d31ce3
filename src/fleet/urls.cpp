// SPDX-License-Identifier: Apache-2.0
#include "fleet/urls.h"

#include "base/secret.h"
#include "http/message.h"

namespace nephele::fleet {

namespace {
constexpr std::size_t name_max = 200;  // of 255, for what stands before and behind it
}

std::string cache_name(const std::string& url) {
  auto name = http::percent_encode(url);
  return name.size() <= name_max ? name : sha256_hex(url);
}

}  // namespace nephele::fleet
