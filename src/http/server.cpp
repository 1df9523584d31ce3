// SPDX-License-Identifier: Apache-2.0
#include "http/server.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>

#include "http/listener.h"
#include "http/peers.h"
#include "http/reply.h"
#include "http/shard.h"
#include "http/tls.h"
#include "http/transport_socket.h"

namespace nephele::http {

namespace {

using asio::ip::tcp;
using boost::system::error_code;

/// One listening socket of one executor.
struct Port {
  Port(tcp::acceptor a, std::shared_ptr<Shard> s) : acceptor(std::move(a)), shard(std::move(s)) {}
  tcp::acceptor acceptor;
  std::shared_ptr<Shard> shard;
  std::shared_ptr<TlsContexts> tls;  // null: plain
  std::shared_ptr<const Listen> listen;
};

std::string busy_answer() {
  const auto body =
      error_body("Too many connections", "this server is at its limit of connections; try again in a moment");
  std::string text;
  Headers headers;
  headers.add("Content-Type", "application/json");
  headers.add("X-Content-Type-Options", "nosniff");
  headers.add("Retry-After", "1");
  write_head(text, 503, headers, {.content_length = body.size(), .chunked = false, .close = true},
             http_date(SystemClock().now()), {});
  return text + body;
}

void take(Port& port, tcp::socket socket) {
  ServerMetrics& metrics = port.shard->metrics();
  ++metrics.connections_accepted;
  error_code ec;
  const auto limit = static_cast<std::int64_t>(port.shard->state().limits.connections);
  if (++metrics.connections_open > limit) {
    --metrics.connections_open;
    if (!port.tls) plain_transport(std::move(socket))->write_now(busy_answer(), {});
    return;
  }
  const auto remote = socket.remote_endpoint(ec);
  Peer peer{.address = ec ? std::string("unknown") : address_text(remote.address()), .listen = port.listen};
  if (const auto& peers = port.shard->state().peers) {
    peer.group = ec ? peer.address : group_of(remote.address());
    peer.place = peers->enter(peer.group);
    if (!peer.place) {
      --metrics.connections_open;
      return;
    }
  }
  socket.set_option(tcp::no_delay(true), ec);
  auto transport =
      port.tls ? tls_transport(std::move(socket), port.tls->current()) : plain_transport(std::move(socket));
  port.shard->start(std::move(transport), std::move(peer));
}

Task<> accept_loop(std::shared_ptr<Port> port) {
  constexpr std::chrono::milliseconds pause{50};  // without descriptors or memory: others must give some back first
  for (;;) {
    error_code ec;
    auto socket = co_await port->acceptor.async_accept(asio::redirect_error(asio::use_awaitable, ec));
    if (!port->acceptor.is_open()) co_return;
    if (!ec) {
      take(*port, std::move(socket));
    } else if (ec != asio::error::connection_aborted) {
      port->shard->state().errors.warn("http.accept", {{"cause", ec.message()}});
      co_await sleep_for(pause);
      if (!port->acceptor.is_open()) co_return;
    }
  }
}

}  // namespace

class Server::Impl {
 public:
  Impl(const std::vector<Executor>& executors, const Router& router, Limits limits, log::Logger access,
       log::Logger errors)
      : state_(new ServerState{router, limits, std::move(access), std::move(errors), {}}), executors_(executors) {
    if (Peers::are_limited(limits.peer)) state_->peers = std::make_shared<Peers>(limits.peer);
    for (const auto& executor : executors_) shards_.push_back(std::make_shared<Shard>(state_, executor));
  }

  Result<std::uint16_t> listen(const Listen& listen) {
    std::shared_ptr<TlsContexts> tls;
    if (listen.tls) {
      TRY(tls, TlsContexts::open(*listen.tls, state_->errors));
    }
    TRY(auto acceptors, bind_all(listen, executors_));
    const auto shared = std::make_shared<const Listen>(listen);
    const std::uint16_t number = acceptors.front().local_endpoint().port();
    for (std::size_t i = 0; i < acceptors.size(); ++i) {
      auto port = std::make_shared<Port>(std::move(acceptors[i]), shards_[i]);
      port->tls = tls;
      port->listen = shared;
      asio::co_spawn(executors_[i], accept_loop(port), asio::detached);
      ports_.push_back(std::move(port));
    }
    return number;
  }

  Task<> stop(SteadyTime deadline) {
    close_ports();
    for (const auto& shard : shards_) asio::post(shard->executor(), [shard] { shard->stop(); });
    co_await until_closed(std::min(deadline, in(first_request)));
    for (const auto& shard : shards_) asio::post(shard->executor(), [shard] { shard->finish(); });
    co_await until_closed(deadline);
    if (open() == 0) co_return;
    for (const auto& shard : shards_) asio::post(shard->executor(), [shard] { shard->cut(); });
    // A handler in the middle of work that cannot be cancelled is left alone; it finds its connection closed.
    co_await until_closed(in(std::chrono::milliseconds(1'000)));
  }

  // Sockets are closed where they are used; without a running executor the closing comes with its end. Who was let in
  // by the system already is let in here as well: a proxy does not repeat what it has sent him.
  void close_ports() {
    for (const auto& port : ports_)
      asio::post(port->shard->executor(), [port] {
        error_code ignored;
        port->acceptor.non_blocking(true, ignored);
        for (error_code none_left; !none_left;) {
          tcp::socket socket(port->acceptor.get_executor());
          port->acceptor.accept(socket, none_left);
          if (!none_left) take(*port, std::move(socket));
        }
        port->acceptor.close(ignored);
      });
    ports_.clear();
  }

  void abandon() {
    close_ports();
    for (const auto& shard : shards_)
      asio::post(shard->executor(), [shard] {
        shard->stop();
        shard->cut();
      });
  }

  const ServerMetrics& metrics() const noexcept { return state_->metrics; }

 private:
  static constexpr std::chrono::milliseconds first_request{2'000};  // of a new connection, once we stop

  std::int64_t open() const noexcept { return state_->metrics.connections_open.load(); }

  Task<> until_closed(SteadyTime deadline) {
    while (open() > 0 && std::chrono::steady_clock::now() < deadline) co_await sleep_for(std::chrono::milliseconds(5));
  }

  std::shared_ptr<ServerState> state_;
  std::vector<Executor> executors_;
  std::vector<std::shared_ptr<Shard>> shards_;
  std::vector<std::shared_ptr<Port>> ports_;
};

Server::Server(std::vector<Executor> executors, const Router& router, Limits limits, log::Logger access,
               log::Logger errors)
    : impl_(std::make_shared<Impl>(executors, router, limits, std::move(access), std::move(errors))) {}

Server::~Server() {
  impl_->abandon();
}

Result<std::uint16_t> Server::listen(const Listen& listen) {
  return impl_->listen(listen);
}

Task<> Server::stop(SteadyTime deadline) {
  co_await impl_->stop(deadline);
}

const ServerMetrics& Server::metrics() const noexcept {
  return impl_->metrics();
}

}  // namespace nephele::http
