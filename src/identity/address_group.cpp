// SPDX-License-Identifier: Apache-2.0
#include "identity/address_group.h"

#include "base/secret.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <algorithm>

namespace nephele::identity {

std::string address_group(std::string_view address) {
  constexpr std::size_t text_max = 64;
  constexpr std::size_t network_bytes = 8;
  std::string text(address.substr(0, std::min(address.find('%'), text_max)));  // without "%eth0"
  in6_addr v6{};
  if (::inet_pton(AF_INET6, text.c_str(), &v6) != 1) return text;
  const std::string bytes(std::begin(v6.s6_addr), std::end(v6.s6_addr));
  if (!IN6_IS_ADDR_V4MAPPED(&v6)) return to_hex(std::string_view(bytes).substr(0, network_bytes)) + "/64";
  std::string v4(INET_ADDRSTRLEN, '\0');
  ::inet_ntop(AF_INET, bytes.data() + 12, v4.data(), INET_ADDRSTRLEN);
  return v4.substr(0, v4.find('\0'));
}

}  // namespace nephele::identity
