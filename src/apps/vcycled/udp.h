// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/async.h"
#include "base/file_handle.h"
#include "base/result.h"
#include "fleet/addresses.h"

/// Datagrams over IPv6 and IPv4, for programs that may wait. The fleet's datagrams are JSON on one line.
namespace nephele::apps::vcycle {

struct Peer {
  fleet::Address address = {};
  std::uint16_t port = 0;
  std::string text() const;  ///< "192.0.2.1:995", "[2001:db8::1]:995"
};

/// Asks the system's resolver, which takes its time; addresses are known at once. In its order of preference.
Result<std::vector<Peer>> resolve(const fleet::HostPort& at);

class UdpSocket {
 public:
  /// Without an address: all of this host; port 0: any. It buffers as much as the system allows, up to 16 MiB.
  static Result<UdpSocket> open(const std::optional<fleet::Address>& address, std::uint16_t port);

  /// Waits a moment where the system is busy.
  Result<> send(const Peer& to, std::string_view datagram) const;
  struct Received {
    Peer from = {};
    std::string datagram = {};
    bool whole = true;
  };
  /// Nothing: none has come until then.
  std::optional<Received> receive(SteadyTime until, std::size_t bytes_max = std::size_t{64} * 1'024) const;
  int descriptor() const noexcept { return file_.get(); }

 private:
  UdpSocket(FileHandle file, bool v6) : file_(std::move(file)), v6_(v6) {}
  FileHandle file_;
  bool v6_;
};

}  // namespace nephele::apps::vcycle
