// SPDX-License-Identifier: Apache-2.0
#include "fleet/addresses.h"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>

namespace nephele::fleet {

namespace {

constexpr std::array<std::uint8_t, 12> v4_prefix{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
constexpr std::size_t sources_max = 4'096;

template <class Number>
std::optional<Number> number(std::string_view text) {
  Number value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc{} && end == text.data() + text.size() ? std::optional(value) : std::nullopt;
}

}  // namespace

std::optional<Address> Address::from(std::string_view text) {
  Address out;
  const std::string ended(text);
  if (::inet_pton(AF_INET6, ended.c_str(), out.bytes.data()) == 1) return out;
  std::ranges::copy(v4_prefix, out.bytes.begin());
  if (::inet_pton(AF_INET, ended.c_str(), out.bytes.data() + v4_prefix.size()) == 1) return out;
  return std::nullopt;
}

bool Address::is_v4() const noexcept {
  return std::equal(v4_prefix.begin(), v4_prefix.end(), bytes.begin());
}

bool Address::is_loopback() const noexcept {
  if (is_v4()) return bytes[v4_prefix.size()] == 127;
  return bytes.back() == 1 && std::all_of(bytes.begin(), bytes.end() - 1, [](std::uint8_t b) { return b == 0; });
}

std::string Address::text() const {
  std::array<char, INET6_ADDRSTRLEN> out{};
  const bool v4 = is_v4();
  ::inet_ntop(v4 ? AF_INET : AF_INET6, bytes.data() + (v4 ? v4_prefix.size() : 0), out.data(), out.size());
  return out.data();
}

std::optional<HostPort> host_port(std::string_view text, std::optional<std::uint16_t> usual) {
  HostPort out;
  std::string_view port;
  if (text.starts_with('[')) {
    const auto end = text.find(']');
    if (end == std::string_view::npos) return std::nullopt;
    out.host = text.substr(1, end - 1);
    const auto address = Address::from(out.host);
    if (!address || !out.host.contains(':')) return std::nullopt;
    port = text.substr(end + 1);
  } else {
    const auto colon = text.find(':');
    out.host = text.substr(0, colon);
    const bool plain = std::ranges::all_of(out.host, [](char c) {
      return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '-';
    });
    if (out.host.empty() || !plain) return std::nullopt;
    if (colon != std::string_view::npos) port = text.substr(colon);
  }
  if (port.empty() && usual) {
    out.port = *usual;
    return out;
  }
  const auto value = port.starts_with(':') ? number<std::uint16_t>(port.substr(1)) : std::nullopt;
  if (!value || *value == 0) return std::nullopt;
  out.port = *value;
  return out;
}

Result<Networks> Networks::parse(const std::vector<std::string>& texts) {
  Networks out;
  for (const auto& text : texts) {
    const auto slash = text.find('/');
    const auto first = Address::from(std::string_view(text).substr(0, slash));
    const unsigned all = first && first->is_v4() ? 32 : 128;
    const auto bits = slash == std::string::npos ? all : number<unsigned>(std::string_view(text).substr(slash + 1));
    if (!first || !bits || *bits > all)
      return fail(Kind::invalid, "\"" + text + "\" is no network; write 192.0.2.0/24, 2001:db8::/32 or an address");
    out.networks_.push_back({*first, *bits + (128 - all)});
  }
  return out;
}

bool Networks::contain(const Address& address) const noexcept {
  return std::ranges::any_of(networks_, [&](const Network& network) {
    const unsigned whole = network.bits / 8, rest = network.bits % 8;
    if (!std::equal(network.first.bytes.begin(), network.first.bytes.begin() + whole, address.bytes.begin()))
      return false;
    if (rest == 0) return true;
    const auto mask = static_cast<std::uint8_t>(0xff << (8 - rest));
    return ((network.first.bytes.at(whole) ^ address.bytes.at(whole)) & mask) == 0;
  });
}

bool SourceRates::take(const Address& source, std::chrono::steady_clock::time_point now) {
  const std::size_t length = source.is_v4() ? source.bytes.size() : source.bytes.size() / 2;
  const std::string key(source.bytes.begin(), source.bytes.begin() + static_cast<std::ptrdiff_t>(length));
  const auto found = by_source_.find(key);
  if (found == by_source_.end()) {
    if (line_.size() >= sources_max) {
      by_source_.erase(line_.front().source);
      line_.pop_front();
    }
    const auto entry = line_.insert(line_.end(), {key, per_minute_ - 1, now});
    by_source_.emplace(entry->source, entry);
    return true;
  }
  Entry& entry = *found->second;
  const double minutes = std::chrono::duration<double, std::ratio<60>>(now - entry.since).count();
  entry.left = std::min(per_minute_, entry.left + std::max(0.0, minutes) * per_minute_);
  entry.since = now;
  line_.splice(line_.end(), line_, found->second);
  if (entry.left < 1) return false;
  entry.left -= 1;
  return true;
}

}  // namespace nephele::fleet
