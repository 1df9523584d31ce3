// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <memory>
#include <string>

#include "http_server.h"

namespace guest {

/// One client: a small state machine that step() drives as far as bytes and answers allow.
class Connection : public std::enable_shared_from_this<Connection> {
 public:
  Connection(HttpServer& server, Fd socket);
  ~Connection();

  void start();
  void send(Response response);
  void resume();
  void step();
  bool idle() const { return state_ == State::head && in_.empty(); }
  std::chrono::steady_clock::time_point idle_since() const { return idle_since_; }
  void close();

 private:
  enum class State { head, body, waiting, writing, lingering, closed };

  void on_socket(std::uint32_t events);
  bool fill();
  bool advance();
  bool read_head();
  void begin_request(const Request& request);
  bool drains() const;
  bool read_body();
  bool begin_writing();
  bool write_some();
  bool after_response();
  void refuse(int status, std::string_view message);
  void update_interest();
  void arm(std::chrono::milliseconds delay);
  void on_deadline();
  void progress(std::size_t bytes);
  std::string_view input() const { return std::string_view(in_).substr(in_used_); }
  void use(std::size_t count);

  HttpServer& server_;
  Fd socket_;
  State state_ = State::head;
  bool stepping_ = false;
  bool end_of_input_ = false;
  bool paused_ = false;
  bool keep_alive_ = true;
  bool head_only_ = false;
  bool responded_ = false;
  bool body_done_ = true;
  std::string in_;
  std::size_t in_used_ = 0;
  std::string out_;
  std::size_t out_used_ = 0;
  Response response_;
  BodyDecoder decoder_;
  std::unique_ptr<Exchange> exchange_;
  Loop::Timer timer_ = Loop::no_timer;
  std::size_t moved_ = 0;
  std::size_t drained_ = 0;
  std::size_t lingered_ = 0;
  std::chrono::steady_clock::time_point idle_since_;
};

}  // namespace guest
