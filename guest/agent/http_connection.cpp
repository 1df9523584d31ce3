// SPDX-License-Identifier: Apache-2.0
#include "http_connection.h"

#include <sys/epoll.h>
#include <sys/sendfile.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>

namespace guest {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds head_deadline{10'000};
constexpr milliseconds idle_deadline{60'000};
constexpr milliseconds stall_deadline{15'000};
constexpr milliseconds linger_deadline{3'000};
constexpr std::size_t stall_bytes = 1024;  // what a body must move within stall_deadline
constexpr std::size_t buffer_bytes = std::size_t{32} * 1024;
constexpr std::size_t drain_bytes = std::size_t{64} * 1024;
constexpr std::size_t linger_bytes = 16 << 20;  // so that a client in full flow reads the answer, not a reset
constexpr std::size_t file_portion = std::size_t{256} * 1024;

}  // namespace

Connection::Connection(HttpServer& server, Fd socket)
    : server_(server), socket_(std::move(socket)), idle_since_(std::chrono::steady_clock::now()) {}

Connection::~Connection() {
  server_.loop_.cancel(timer_);
  if (socket_) server_.loop_.forget(socket_.get());
}

void Connection::start() {
  server_.loop_.watch(socket_.get(), EPOLLIN, [weak = weak_from_this()](std::uint32_t events) {
    if (const auto self = weak.lock()) self->on_socket(events);
  });
  arm(head_deadline);
}

void Connection::close() {
  if (state_ == State::closed) return;
  const auto self = shared_from_this();
  state_ = State::closed;
  exchange_.reset();
  server_.loop_.cancel(timer_);
  server_.loop_.forget(socket_.get());
  socket_.reset();
  server_.remove(this);
}

void Connection::on_socket(std::uint32_t events) {
  const auto self = shared_from_this();
  const bool gone = (events & (EPOLLERR | EPOLLHUP)) != 0;
  if (gone || ((events & EPOLLIN) != 0 && !fill())) {
    close();
    return;
  }
  step();
}

/// Reads what is there up to the buffer's size; false when the connection is of no more use.
bool Connection::fill() {
  std::array<char, std::size_t{16} * 1024> buffer;
  while (in_.size() < buffer_bytes && !end_of_input_) {
    const ssize_t got = ::recv(socket_.get(), buffer.data(), buffer.size(), 0);
    if (got < 0) return errno == EAGAIN || errno == EINTR;
    if (got == 0) {
      end_of_input_ = true;
      break;
    }
    if (state_ == State::head && in_.empty()) arm(head_deadline);
    in_.append(buffer.data(), static_cast<std::size_t>(got));
    if (state_ == State::body) progress(static_cast<std::size_t>(got));
    if (static_cast<std::size_t>(got) < buffer.size()) break;
  }
  return true;
}

void Connection::use(std::size_t count) {
  in_used_ += count;
  if (in_used_ == in_.size()) {
    in_.clear();
    in_used_ = 0;
  } else if (in_used_ > buffer_bytes / 2) {
    in_.erase(0, in_used_);
    in_used_ = 0;
  }
}

void Connection::step() {
  if (stepping_ || state_ == State::closed) return;
  const auto self = shared_from_this();
  stepping_ = true;
  while (state_ != State::closed && advance()) {
  }
  stepping_ = false;
  if (state_ != State::closed) update_interest();
}

/// One move; false when there is nothing to do until the next event.
bool Connection::advance() {
  switch (state_) {
    case State::head:
      return read_head();
    case State::body:
      if (responded_ && !drains()) return begin_writing();
      return read_body();
    case State::waiting:
      return responded_ && begin_writing();
    case State::writing:
      return write_some();
    case State::lingering:
      lingered_ += input().size();
      use(input().size());
      if (end_of_input_ || lingered_ > linger_bytes) close();
      return false;
    case State::closed:
      return false;
  }
  return false;
}

bool Connection::read_head() {
  Request request;
  const HeadResult result = parse_head(input(), request);
  switch (result.kind) {
    case HeadResult::Kind::incomplete:
      if (end_of_input_) close();
      return false;
    case HeadResult::Kind::refused:
      refuse(result.status, result.message);
      return true;
    case HeadResult::Kind::complete:
      break;
  }
  use(result.consumed);
  begin_request(request);
  return true;
}

void Connection::begin_request(const Request& request) {
  server_.loop_.cancel(timer_);
  keep_alive_ = request.keep_alive;
  head_only_ = request.method == "HEAD";
  responded_ = false;
  paused_ = false;
  drained_ = 0;
  decoder_.start(request);
  body_done_ = decoder_.done();
  state_ = State::body;
  exchange_ = server_.handler_(request, Reply(weak_from_this()));
  if (responded_) {
    // A client that waits for "100 Continue" may or may not send the body now: the stream can't be trusted any more.
    if (request.expects_continue) keep_alive_ = false;
  } else if (request.expects_continue) {
    constexpr std::string_view go_on = "HTTP/1.1 100 Continue\r\n\r\n";
    if (::send(socket_.get(), go_on.data(), go_on.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(go_on.size()))
      keep_alive_ = false;
  }
  if (body_done_ && exchange_) exchange_->body_end();
  if (body_done_) state_ = State::waiting;
  if (!body_done_) arm(stall_deadline);
}

/// A short body that nobody wants is read to its end, so that the connection can be kept.
bool Connection::drains() const {
  return !exchange_ && keep_alive_ && drained_ <= drain_bytes && !end_of_input_;
}

bool Connection::read_body() {
  if (paused_) return false;
  std::size_t framing = 0;
  const std::string_view piece = decoder_.peek(input(), framing);
  const std::size_t taken = piece.empty() || !exchange_ ? piece.size() : exchange_->body(piece);
  if (state_ == State::closed) return false;
  decoder_.take(taken);
  if (decoder_.broken()) {
    refuse(400, "broken chunks in the request body");
    return true;
  }
  use(framing + taken);
  if (responded_) drained_ += framing + taken;
  if (decoder_.done()) {
    server_.loop_.cancel(timer_);
    body_done_ = true;
    state_ = State::waiting;
    if (exchange_ && !responded_) exchange_->body_end();
    return true;
  }
  if (responded_ && !drains()) return true;
  paused_ = taken < piece.size();
  if (paused_) server_.loop_.cancel(timer_);
  if (piece.empty() && framing == 0 && end_of_input_) {
    close();
    return false;
  }
  return !paused_ && (taken > 0 || framing > 0);
}

void Connection::send(Response response) {
  if (responded_ || state_ == State::closed || state_ == State::writing || state_ == State::lingering) return;
  responded_ = true;
  response_ = std::move(response);
  step();
}

void Connection::resume() {
  if (!paused_) return;
  paused_ = false;
  if (state_ == State::body && !body_done_) arm(stall_deadline);
  step();
}

void Connection::refuse(int status, std::string_view message) {
  keep_alive_ = false;
  head_only_ = false;
  responded_ = true;
  response_ = error_response(status, message);
  begin_writing();
}

bool Connection::begin_writing() {
  if (!body_done_) keep_alive_ = false;
  out_ = response_head(response_, keep_alive_);
  out_used_ = 0;
  if (head_only_) {
    response_.file.reset();
    response_.body.clear();
  }
  if (!response_.file && response_.status != 204 && response_.status != 304) out_ += response_.body;
  response_.body = std::string();
  state_ = State::writing;
  arm(stall_deadline);
  return true;
}

bool Connection::write_some() {
  const std::string_view rest = std::string_view(out_).substr(out_used_);
  ssize_t written = 0;
  if (!rest.empty()) {
    const int more = response_.file ? MSG_MORE : 0;
    written = ::send(socket_.get(), rest.data(), rest.size(), MSG_NOSIGNAL | more);
    if (written > 0) out_used_ += static_cast<std::size_t>(written);
  } else if (response_.file && response_.file_length > 0) {
    auto offset = static_cast<off_t>(response_.file_offset);
    const auto portion = static_cast<std::size_t>(std::min<std::uint64_t>(response_.file_length, file_portion));
    written = ::sendfile(socket_.get(), response_.file.get(), &offset, portion);
    if (written > 0) {
      response_.file_offset += static_cast<std::uint64_t>(written);
      response_.file_length -= static_cast<std::uint64_t>(written);
    } else if (written == 0) {
      close();  // the file is shorter than was promised: only a cut connection says so
      return false;
    }
  } else {
    return after_response();
  }
  if (written < 0) {
    if (errno != EAGAIN && errno != EINTR) close();
    return false;
  }
  progress(static_cast<std::size_t>(written));
  return true;
}

bool Connection::after_response() {
  exchange_.reset();
  response_ = Response();
  out_ = std::string();
  if (!keep_alive_) {
    ::shutdown(socket_.get(), SHUT_WR);
    state_ = State::lingering;
    lingered_ = 0;
    arm(linger_deadline);
    return true;
  }
  state_ = State::head;
  responded_ = false;
  idle_since_ = std::chrono::steady_clock::now();
  arm(input().empty() ? idle_deadline : head_deadline);
  return !input().empty() || end_of_input_;
}

void Connection::update_interest() {
  const bool reads = !end_of_input_ && in_.size() < buffer_bytes && !paused_ &&
                     (state_ == State::head || state_ == State::body || state_ == State::lingering);
  const bool writes = state_ == State::writing;
  server_.loop_.change(socket_.get(), (reads ? EPOLLIN : 0U) | (writes ? EPOLLOUT : 0U));
}

void Connection::arm(milliseconds delay) {
  moved_ = 0;
  server_.loop_.cancel(timer_);
  timer_ = server_.loop_.after(delay, [weak = weak_from_this()] {
    if (const auto self = weak.lock()) self->on_deadline();
  });
}

void Connection::progress(std::size_t bytes) {
  moved_ += bytes;
  if (moved_ >= stall_bytes && timer_ != Loop::no_timer) arm(stall_deadline);
}

void Connection::on_deadline() {
  timer_ = Loop::no_timer;
  const bool asked = (state_ == State::head && !input().empty()) || state_ == State::body;
  if (!asked) {
    close();
    return;
  }
  exchange_.reset();
  stepping_ = true;
  refuse(408, "the request came too slowly");
  stepping_ = false;
  step();
}

void Reply::send(Response response) const {
  if (const auto connection = connection_.lock()) connection->send(std::move(response));
}

void Reply::resume() const {
  if (const auto connection = connection_.lock()) connection->resume();
}

}  // namespace guest
