// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/asio/cancellation_signal.hpp>

#include "http/reply.h"
#include "http/request_body.h"
#include "http/shard.h"
#include "http/wire.h"

namespace nephele::http {

/// One connection: request after request until either side has had enough.
class Session {
 public:
  /// The shard outlives the session.
  Session(Shard& shard, std::unique_ptr<Transport> transport, Peer peer);
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  /// The whole life of the connection. The session outlives the task.
  Task<> run();
  asio::cancellation_slot cancellation() { return cancel_.slot(); }

  /// Ends waits whose time is over.
  void sweep(SteadyTime now);
  /// No request after the present one; of who has sent none yet, one, unless it is too late for that.
  void finish_soon(bool too_late);
  void cut();
  /// run() is over, by itself or by an exception.
  void ended(const std::exception_ptr& thrown) const noexcept;

 private:
  enum class Arrived : std::uint8_t { request, nothing };

  Task<bool> serve_one();
  Task<Arrived> receive_head();
  Task<Arrived> refuse(Refusal refusal);
  Task<Response> answer();
  Task<Response> call(const Router::Entry& entry);
  Task<std::optional<Response>> admit(const Router::Entry& entry);
  Response correct(std::optional<Response> response, std::size_t bytes_max);
  Response failed_inside(std::string_view cause);
  Task<bool> send(Response response);
  Task<bool> send_long(Body body, bool chunked);
  Task<> farewell();
  void find_remote();
  void count(int status);
  std::string path_to_log() const;
  void log_request();

  const Limits& limits() const noexcept { return shard_.state().limits; }
  bool closes() const noexcept { return !facts_.keep_alive || shard_.stopping() || body_.must_close() || unwelcome_; }

  Shard& shard_;
  Peer peer_;
  Wire wire_;
  RequestBody body_;
  asio::cancellation_signal cancel_;
  HeadScanner scanner_;
  HeadFacts facts_;
  Request request_;                       // one after the other, so that its strings keep their memory
  const Router::Entry* entry_ = nullptr;  // the present request's route; null: none matched
  std::string out_;                       // the head of an answer
  SteadyTime started_;
  bool ours_ = false;    // a handler or a source of ours is to act; its time counts from the last byte that moved
  bool late_ = false;    // it did not in time, and was cancelled
  bool first_ = true;    // no request yet
  bool idle_ = false;    // between requests
  bool events_ = false;  // an event stream is running
  bool close_ = false;   // after the present answer
  bool linger_ = false;  // the peer may still be sending: closing at once could destroy our answer on its way
  bool cut_ = false;
  bool unwelcome_ = false;  // one request too many of its address
  int status_ = 0;
  std::uint64_t bytes_ = 0;  // of the answer's body
};

}  // namespace nephele::http
