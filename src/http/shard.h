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
#include "http/limits.h"
#include "http/router.h"
#include "http/server_metrics.h"
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
};

/// What a session knows of the socket that it came by.
struct Peer {
  std::string address;
  std::shared_ptr<const std::vector<std::string>> trusted_proxies;
};

/// The sessions of one executor, swept for limits that have passed. Everything runs on that executor.
class Shard : public std::enable_shared_from_this<Shard> {
 public:
  Shard(std::shared_ptr<ServerState> state, Executor executor);

  /// Starts serving; the connection was counted in connections_open and is discounted at its end.
  void start(std::unique_ptr<Transport> transport, Peer peer);
  /// Idle sessions end now, busy ones after their answer.
  void stop();
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
