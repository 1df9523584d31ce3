// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <functional>
#include <vector>

#include "base/async.h"
#include "http/server.h"

namespace nephele::http {

/// Sockets that listen on one address, one for each executor. With several, the kernel spreads connections over them
/// (SO_REUSEPORT). Fails with `invalid` (address), `conflict` (taken; says by whom if that can be seen),
/// `forbidden` or `unavailable`.
Result<std::vector<asio::ip::tcp::acceptor>> bind_all(const Listen& listen, const std::vector<Executor>& executors);

/// "nginx (process 812)" for what listens on a port of this machine, as far as /proc shows it to this user; or empty.
std::string port_holder(std::uint16_t port);

/// Literal of a peer; an IPv4 client of an IPv6 socket is shown as what it is.
std::string address_text(const asio::ip::address& address);
/// Whom the limits of one address are counted for: it, or its network of 64 bits in IPv6.
std::string group_of(const asio::ip::address& address);

}  // namespace nephele::http
