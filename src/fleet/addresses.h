// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <list>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/result.h"

/// Who may ask the responder, and how often.
namespace nephele::fleet {

/// An IPv6 address; one of IPv4 stands as ::ffff:a.b.c.d.
struct Address {
  std::array<std::uint8_t, 16> bytes{};

  /// Of text without brackets and without a zone.
  static std::optional<Address> from(std::string_view text);
  bool is_v4() const noexcept;
  bool is_loopback() const noexcept;
  /// IPv4 as a.b.c.d.
  std::string text() const;
  friend bool operator==(const Address&, const Address&) = default;
};

struct HostPort {
  std::string host;
  std::uint16_t port = 0;
};
/// "HOST:PORT", "[IPV6]:PORT", and where `usual` is given also without a port.
std::optional<HostPort> host_port(std::string_view text, std::optional<std::uint16_t> usual = {});

class Networks {
 public:
  /// Of "10.1.0.0/16", "2001:db8::/32" and single addresses; the error names what is none.
  static Result<Networks> parse(const std::vector<std::string>& texts);
  bool contain(const Address& address) const noexcept;

 private:
  struct Network {
    Address first;
    unsigned bits = 128;
  };
  std::vector<Network> networks_;
};

/// How often each source may ask: a burst of a minute's share, then its even flow. The first 64 bits of an IPv6
/// address are one source. Holds a few thousand sources; when there are more, the one that was quiet for longest gives
/// way.
class SourceRates {
 public:
  explicit SourceRates(std::int64_t per_minute) : per_minute_(static_cast<double>(per_minute)) {}
  /// Counts once, unless it is too often.
  bool take(const Address& source, std::chrono::steady_clock::time_point now);

 private:
  struct Entry {
    std::string source;
    double left;
    std::chrono::steady_clock::time_point since;
  };
  double per_minute_;
  std::list<Entry> line_;  // the longest quiet first
  std::unordered_map<std::string_view, std::list<Entry>::iterator> by_source_;
};

}  // namespace nephele::fleet
