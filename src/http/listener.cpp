// SPDX-License-Identifier: Apache-2.0
#include "http/listener.h"

#include <sys/socket.h>

#include <algorithm>
#include <boost/asio/error.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <thread>

#include "base/ascii.h"
#include "http/listen_address.h"

namespace nephele::http {

namespace {

using asio::ip::tcp;
using boost::system::error_code;
using ReusePort = asio::detail::socket_option::boolean<SOL_SOCKET, SO_REUSEPORT>;

std::string shown(const tcp::endpoint& at) {
  const std::string address = at.address().to_string();
  return (at.address().is_v6() ? "[" + address + "]" : address) + " port " + std::to_string(at.port());
}

std::unexpected<Error> explain(const tcp::endpoint& at, const error_code& ec) {
  if (ec == asio::error::address_in_use) {
    const std::string holder = port_holder(at.port());
    return fail(Error(Kind::conflict, shown(at) + " is taken" + (holder.empty() ? "" : " by " + holder) +
                                          "; stop that or choose another port")
                    .with("holder", holder));
  }
  if (ec == asio::error::access_denied)
    return fail(Kind::forbidden, shown(at) + " needs rights that this user has not got; choose a port above 1023");
  if (ec == boost::system::errc::address_not_available)
    return fail(Kind::invalid, at.address().to_string() + " is no address of this machine; `ip address` shows them");
  return fail(Kind::unavailable, shown(at) + ": " + ec.message());
}

Result<asio::ip::address> read_literal(const std::string& text) {
  error_code ec;
  auto address = asio::ip::make_address(text, ec);
  if (ec) return fail(Kind::invalid, "\"" + text + "\" is no IPv4 or IPv6 address; write one such as 127.0.0.1");
  return address;
}

Result<tcp::acceptor> bind_one(const Executor& executor, const tcp::endpoint& at, bool share) {
  constexpr int backlog = 4096;
  error_code ec;
  tcp::acceptor acceptor(executor);
  if (acceptor.open(at.protocol(), ec); ec) return explain(at, ec);
  acceptor.set_option(tcp::acceptor::reuse_address(true), ec);
  if (share) acceptor.set_option(ReusePort(true), ec);
  if (acceptor.bind(at, ec); ec) return explain(at, ec);
  if (acceptor.listen(backlog, ec); ec) return explain(at, ec);
  return acceptor;
}

/// A holder whom nobody sees may be on his way out: one of us that was just ended, or his child.
Result<tcp::acceptor> bind_patiently(const Executor& executor, const tcp::endpoint& at) {
  constexpr std::chrono::milliseconds pause{20};
  const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(1);
  for (;;) {
    auto bound = bind_one(executor, at, false);
    const bool holder_unseen =
        !bound && bound.error().kind() == Kind::conflict && bound.error().detail("holder").empty();
    if (!holder_unseen || std::chrono::steady_clock::now() > until) return bound;
    std::this_thread::sleep_for(pause);
  }
}

}  // namespace

Result<std::vector<tcp::acceptor>> bind_all(const Listen& listen, const std::vector<Executor>& executors) {
  TRY(const auto address, read_literal(listen.address));
  error_code ec;
  tcp::endpoint at(address, listen.port);
  const bool share = executors.size() > 1;
  std::vector<tcp::acceptor> acceptors;
  acceptors.reserve(executors.size());
  if (at.port() != 0) {
    TRY(auto first, bind_patiently(executors.front(), at));
    // Shared ports can be joined by any other process of this user that shares too: a second server on the same port
    // would go unnoticed and take half of the connections. One that does not share while it begins to listen finds it.
    // It shares from then on instead of making room for the others: a child that is just being forked has a copy of
    // it, and would keep the port a moment longer. Where the kernel chooses, it gives nobody a port of another's.
    if (share) first.set_option(ReusePort(true), ec);
    if (ec) return explain(at, ec);
    acceptors.push_back(std::move(first));
  }
  while (acceptors.size() < executors.size()) {
    TRY(auto acceptor, bind_one(executors[acceptors.size()], at, share));
    if (at.port() == 0) at.port(acceptor.local_endpoint(ec).port());
    acceptors.push_back(std::move(acceptor));
  }
  return acceptors;
}

Result<> check_literal(const std::string& address) {
  TRY_VOID(read_literal(address));
  return {};
}

Result<std::string> literal_of(const std::string& host) {
  error_code ec;
  if (asio::ip::make_address(host, ec); !ec) return host;
  // Resolvers take "10.0.0" for 10.0.0.0 and the like: whoever writes that has not written what he meant.
  const bool has_letters = std::ranges::any_of(host, [](char c) { return ascii::lower(c) != ascii::upper(c); });
  if (!has_letters || host.contains(':')) return fail(read_literal(host).error());
  asio::io_context context;
  const auto found = tcp::resolver(context).resolve(host, "", ec);
  if (ec || found.empty())
    return fail(Kind::invalid, "\"" + host + "\" is no IPv4 or IPv6 address, and no name of a host that has one");
  return found.begin()->endpoint().address().to_string();
}

Result<> check_bindable(const std::string& address) {
  TRY(const auto read, read_literal(address));
  asio::io_context context;
  const tcp::endpoint at(read, 0);
  error_code ec;
  tcp::acceptor probe(context);
  if (probe.open(at.protocol(), ec); ec) return explain(at, ec);
  if (probe.bind(at, ec); ec) return explain(at, ec);
  return {};
}

std::string address_text(const asio::ip::address& address) {
  if (address.is_v6() && address.to_v6().is_v4_mapped())
    return asio::ip::make_address_v4(asio::ip::v4_mapped, address.to_v6()).to_string();
  return address.to_string();
}

std::string group_of(const asio::ip::address& address) {
  if (address.is_v4() || address.to_v6().is_v4_mapped()) return address_text(address);
  auto bytes = address.to_v6().to_bytes();
  std::fill(bytes.begin() + 8, bytes.end(), static_cast<unsigned char>(0));
  return asio::ip::address_v6(bytes).to_string() + "/64";
}

}  // namespace nephele::http
