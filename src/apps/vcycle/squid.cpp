// SPDX-License-Identifier: Apache-2.0
// vcycle squid-conf: the caches of all factories know each other.
#include <arpa/inet.h>
#include <netdb.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <iostream>
#include <memory>
#include <optional>

#include "apps/vcycle/sight.h"
#include "apps/vcycle/verbs.h"
#include "base/text_file.h"
#include "fleet/addresses.h"
#include "fleet/config_copies.h"

namespace nephele::apps::vcycle {

namespace {

constexpr std::size_t conf_max = std::size_t{4} * 1024 * 1024;
constexpr int not_written = 1, not_read = 2;

struct Address {
  std::string text;
  int bits = 32;
};

/// IPv4 before IPv6, as older Squids want it.
std::optional<Address> address_of(const std::string& host) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  for (const int family : {AF_INET, AF_INET6}) {
    hints.ai_family = family;
    addrinfo* found = nullptr;
    if (::getaddrinfo(host.c_str(), nullptr, &hints, &found) != 0) continue;
    const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> all(found, ::freeaddrinfo);
    std::array<char, NI_MAXHOST> text{};
    if (::getnameinfo(found->ai_addr, found->ai_addrlen, text.data(), text.size(), nullptr, 0, NI_NUMERICHOST) == 0)
      return Address{text.data(), family == AF_INET ? 32 : 128};
  }
  return std::nullopt;
}

}  // namespace

int squid_conf(const Context& context, const std::string& from, const std::string& to) {
  auto text = read_text_file(from, conf_max);
  if (!text) {
    std::cerr << "vcycle: " << from << " cannot be read\n";
    return not_read;
  }
  const auto found = fleet::config_in_force(context.files);
  auto factories = fleet::read_configuration(found.texts).factory.factories;
  if (factories.empty()) std::cerr << "vcycle: warning: [settings] names no factories\n";
  std::ranges::sort(factories);
  if (!text->empty() && !text->ends_with('\n')) *text += '\n';
  for (const auto& factory : factories) {
    // The port is that of its responder.
    const auto at = fleet::host_port(factory, fleet::vacquery_port);
    const auto address = at ? address_of(at->host) : std::nullopt;
    if (!address) {
      std::cerr << "vcycle: warning: the factory " << factory << " has no address; it is left out\n";
      continue;
    }
    *text += "acl localnet src " + address->text + "/" + std::to_string(address->bits) + "\n";
    if (!is_here(context, factory)) *text += "cache_peer " + address->text + " sibling 3128 3130 default\n";
  }
  if (read_text_file(to, conf_max) == *text) return 0;  // its time stays, so nobody restarts Squid
  const auto written = replace_file(std::filesystem::absolute(to).string(), *text, 0644);
  if (written) return 0;
  complain(written.error());
  return not_written;
}

}  // namespace nephele::apps::vcycle
