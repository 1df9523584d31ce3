// SPDX-License-Identifier: Apache-2.0
// HTTP/1.1 server on the loop: keep-alive, pipelining, streamed bodies with back-pressure, a limit and a deadline on
// everything a client can do.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "http_message.h"
#include "loop.h"

namespace guest {

class Connection;

/// The way back to the client; outlives it harmlessly.
class Reply {
 public:
  explicit Reply(std::weak_ptr<Connection> connection) : connection_(std::move(connection)) {}
  /// At most once; later ones are ignored.
  void send(Response response) const;
  /// The exchange takes body bytes again.
  void resume() const;

 private:
  std::weak_ptr<Connection> connection_;
};

/// What a handler keeps while a request with a body is under way. Destroyed when the answer is out or the client gone.
class Exchange {
 public:
  virtual ~Exchange() = default;
  /// Takes some or all of `bytes` and says how many; fewer pauses the client until Reply::resume().
  virtual std::size_t body(std::string_view bytes) = 0;
  virtual void body_end() = 0;
};

class HttpServer {
 public:
  /// Called after the header; answers through the reply, now or later. With an exchange it gets the body, without one
  /// the body is read and dropped.
  using Handler = std::function<std::unique_ptr<Exchange>(const Request&, Reply)>;

  static constexpr std::size_t connections_max = 128;

  HttpServer(Loop& loop, Handler handler);
  ~HttpServer();

  /// Listens on exactly these ports; false when one of them can't be had.
  bool listen_on(const std::vector<std::uint16_t>& ports);
  void close_listeners();

 private:
  friend class Connection;

  bool add_listener(std::uint16_t port);
  void accept_all(int listener);
  bool make_room();
  void remove(const Connection* connection);

  Loop& loop_;
  Handler handler_;
  std::unordered_map<std::uint16_t, Fd> listeners_;
  std::unordered_map<const Connection*, std::shared_ptr<Connection>> connections_;
};

}  // namespace guest
