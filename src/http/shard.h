// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <boost/asio/steady_timer.hpp>
#include <ctime>
#include <list>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/async.h"
#include "base/log.h"
#include "http/peers.h"
#include "http/server.h"
#include "http/transport.h"

namespace nephele::http {

class Session;

/// What all sessions of a server share.
struct ServerState {
  const Router& router;
  Limits limits;
  log::Logger access;
  log::Logger errors;
  ServerMetrics metrics;
  std::shared_ptr<Peers> peers = {};  ///< null: no limits of one address
};

/// What a session knows of the socket that it came by.
struct Peer {
  std::string address;
  std::shared_ptr<const Listen> listen;
  std::string group = {};            ///< whom its limits are counted for
  std::shared_ptr<void> place = {};  ///< among those of its group; given back by its end
};

/// The sessions of one executor, swept for limits that have passed. Everything runs on that executor.
class Shard : public std::enable_shared_from_this<Shard> {
 public:
  Shard(std::shared_ptr<ServerState> state, Executor executor);

  /// Starts serving; the connection was counted in connections_open and is discounted at its end.
  void start(std::unique_ptr<Transport> transport, Peer peer);
  /// Idle sessions end now, busy ones after their answer. What a client sends on a new connection, not knowing that we
  /// stop, is answered still, until finish().
  void stop();
  void finish();
  /// Ends what is left.
  void cut();

  const Executor& executor() const noexcept { return executor_; }
  const ServerState& state() const noexcept { return *state_; }
  ServerMetrics& metrics() noexcept { return state_->metrics; }
  bool stopping() const noexcept { return stopping_; }
  /// For the Date field; made once a second.
  std::string_view date();
  /// 16 hex digits, different for every request.
  void next_request_id(std::string& into);

 private:
  void arm_sweep();
  void sweep();

  std::shared_ptr<ServerState> state_;
  Executor executor_;
  std::list<std::shared_ptr<Session>> sessions_;
  asio::steady_timer timer_;
  std::chrono::milliseconds sweep_every_;
  bool sweeping_ = false;
  bool stopping_ = false;
  std::time_t date_second_ = 0;
  std::string date_;
  std::uint64_t ids_;
};

}  // namespace nephele::http
