// SPDX-License-Identifier: Apache-2.0
#include "fleet/urls.h"

#include "base/ascii.h"
#include "base/secret.h"
#include "fleet/addresses.h"
#include "http/message.h"

namespace nephele::fleet {

namespace {
constexpr std::size_t name_max = 200;  // of 255, for what stands before and behind it
}

std::string host_in_the_clear(std::string_view url) {
  constexpr std::string_view scheme = "http://";
  if (ascii::lowered(url.substr(0, scheme.size())) != scheme) return {};
  auto authority = url.substr(scheme.size());
  authority = authority.substr(0, authority.find_first_of("/?#"));
  authority.remove_prefix(authority.rfind('@') + 1);  // npos + 1 is none
  const auto at = host_port(authority, 80);
  std::string host = ascii::lowered(at ? at->host : std::string(authority));
  if (host == "localhost" || host.ends_with(".localhost")) return {};
  const auto address = Address::from(host);
  return address && address->is_loopback() ? std::string() : host;
}

std::string cache_name(const std::string& url) {
  auto name = http::percent_encode(url);
  return name.size() <= name_max ? name : sha256_hex(url);
}

}  // namespace nephele::fleet
