// SPDX-License-Identifier: Apache-2.0
#include "http/session.h"

#include <arpa/inet.h>

#include <algorithm>
#include <boost/asio/error.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/system/system_error.hpp>

#include "http/body_sender.h"
#include "http/shown_path.h"

namespace nephele::http {

namespace {

constexpr std::size_t logged_path_bytes_max = 512;

Response refusal_response(const Refusal& refusal) {
  auto response = json_response(refusal.status, error_body(refusal.error, refusal.message));
  response.headers.add("X-Content-Type-Options", "nosniff");
  return response;
}

bool is_address(const std::string& text) {
  in6_addr ignored{};
  return ::inet_pton(AF_INET, text.c_str(), &ignored) == 1 || ::inet_pton(AF_INET6, text.c_str(), &ignored) == 1;
}

void merge_slashes(std::string& path) {
  const auto doubled = [](char a, char b) { return a == '/' && b == '/'; };
  path.erase(std::ranges::unique(path, doubled).begin(), path.end());
}

std::optional<std::uint64_t> length_of(const Body& body) {
  if (const auto* text = std::get_if<std::string>(&body)) return text->size();
  if (const auto* range = std::get_if<FileRange>(&body)) return range->length;
  if (const auto* stream = std::get_if<Stream>(&body)) return stream->length;
  return std::nullopt;
}

}  // namespace

Session::Session(Shard& shard, std::unique_ptr<Transport> transport, Peer peer)
    : shard_(shard), peer_(std::move(peer)), wire_(std::move(transport)), body_(wire_, limits()) {
  request_.body = &body_;
  request_.tls = wire_.tls();
}

Task<> Session::run() {
  idle_ = true;
  if (wire_.tls()) {
    const Io io = co_await wire_.handshake(in(limits().header));
    if (io.error) co_return;
  }
  while (co_await serve_one()) wire_.input.shrink();
  if (linger_) co_await farewell();
}

Task<bool> Session::serve_one() {
  linger_ = false;
  if (co_await receive_head() == Arrived::nothing) co_return false;
  auto response = co_await answer();
  const bool sent = co_await send(std::move(response));
  count(status_);
  log_request();
  linger_ = sent;
  if (!sent || close_) co_return false;
  co_return co_await body_.drain();
}

Task<Session::Arrived> Session::receive_head() {
  const bool first = first_;
  idle_ = wire_.input.empty();
  SteadyTime until = in(idle_ && !first ? limits().idle : limits().header);
  bool blank_line_seen = false;
  for (scanner_.reset();;) {
    if (!blank_line_seen && wire_.input.view().starts_with("\r\n")) {  // RFC 9112, 2.2: after an old client's POST
      wire_.input.drop(2);
      blank_line_seen = true;
    }
    const auto input = wire_.input.view();
    const auto found = !blank_line_seen && input == "\r" ? HeadScanner::Found::more : scanner_.scan(input);
    if (found == HeadScanner::Found::bad) co_return co_await refuse({.message = "this is not HTTP/1.1"});
    const auto seen = found == HeadScanner::Found::head ? scanner_.size() : input.size() + 1;
    if (seen > limits().header_bytes) {
      if (scanner_.has_request_line())
        co_return co_await refuse({431, "Request header fields too large", "send a shorter header"});
      co_return co_await refuse({414, "URI too long", "send a shorter request target"});
    }
    if (found == HeadScanner::Found::head) break;
    if (shard_.stopping() && input.empty() && !first) co_return Arrived::nothing;
    const Io io = co_await wire_.receive(until, limits().header_bytes);
    if (io.error) {
      if (wire_.timed_out() && !wire_.input.empty())
        co_return co_await refuse({408, "Request timeout", "the request header took too long to arrive"});
      co_return Arrived::nothing;
    }
    if (idle_) until = in(limits().header);
    idle_ = false;
  }
  idle_ = first_ = false;
  started_ = std::chrono::steady_clock::now();
  shard_.next_request_id(request_.id);
  const auto facts = parse_head(wire_.input.view().substr(0, scanner_.size()), limits(), request_);
  if (!facts) co_return co_await refuse(facts.error());
  wire_.input.drop(scanner_.size());
  if (peer_.listen->merge_slashes) merge_slashes(request_.path);
  facts_ = *facts;
  body_.begin(facts_, request_);
  co_return Arrived::request;
}

Task<Session::Arrived> Session::refuse(Refusal refusal) {
  idle_ = false;
  shard_.next_request_id(request_.id);
  ++shard_.metrics().bad_requests;
  out_.clear();
  const auto body = error_body(refusal.error, refusal.message);
  Headers headers;
  headers.add("Content-Type", "application/json");
  headers.add("X-Content-Type-Options", "nosniff");
  write_head(out_, refusal.status, headers, {.content_length = body.size(), .chunked = false, .close = true},
             shard_.date(), request_.id);
  out_ += body;
  count(refusal.status);
  if (shard_.state().access.on(log::Level::info))
    shard_.state().access.info(
        "http.refused",
        {{"status", refusal.status}, {"reason", refusal.message}, {"remote", peer_.address}, {"request", request_.id}});
  linger_ = co_await wire_.send(out_, {}, limits().body_stall);
  co_return Arrived::nothing;
}

Task<Response> Session::answer() {
  const Router& router = shard_.state().router;
  ++shard_.metrics().requests;
  request_.deadline = started_ + limits().request;
  find_remote();
  unwelcome_ = false;
  if (const auto& peers = shard_.state().peers) {
    if (const auto too_many = peers->request(peer_.group)) {
      unwelcome_ = true;
      co_return router.faults().refused(request_, *too_many);
    }
  }
  auto match = router.find(request_.verb, request_.path);
  entry_ = match.entry;
  request_.parameters = std::move(match.parameters);
  if (match.entry == nullptr) {
    if (match.allow.empty()) co_return router.faults().not_found(request_);
    auto response = router.faults().method_not_allowed(request_, match.allow);
    if (!response.headers.find("Allow")) response.headers.add("Allow", std::move(match.allow));
    co_return response;
  }
  const std::size_t bytes_max = match.entry->body_bytes_max;
  if (bytes_max != 0 && request_.content_length.value_or(0) > bytes_max)
    co_return router.faults().too_large(request_, bytes_max);
  ours_ = true;
  late_ = false;
  body_.allow(bytes_max);
  auto response = co_await call(*match.entry);
  ours_ = false;
  co_return response;
}

Task<Response> Session::call(const Router::Entry& entry) {
  std::optional<Response> response;
  std::string cause;
  try {
    auto refused = co_await admit(entry);
    response.emplace(refused ? std::move(*refused) : co_await entry.handler->call(request_));
  } catch (const std::exception& error) {
    cause = error.what();
  } catch (...) {
    cause = "an exception that is no std::exception";
  }
  if (late_) {
    co_await asio::this_coro::reset_cancellation_state();  // the next request may wait again
    shard_.state().errors.error("http.handler_late", {{"request", request_.id}, {"path", entry.path}});
    co_return shard_.state().router.faults().timed_out(request_);
  }
  if (!response && !body_.broken() && !body_.too_long() && !cut_) co_return failed_inside(cause);
  co_return correct(std::move(response), entry.body_bytes_max);
}

Task<std::optional<Response>> Session::admit(const Router::Entry& entry) {
  if (entry.access != Access::user && entry.access != Access::admin) co_return std::nullopt;
  const Router& router = shard_.state().router;
  Result<> admitted = fail(Kind::unauthorized, "nobody can sign in here");
  if (router.gate() != nullptr) admitted = co_await router.gate()->admit(request_, entry.access);
  if (admitted) co_return std::nullopt;
  co_return router.faults().refused(request_, admitted.error());
}

// A handler that met a broken body may have called that anything; the client gets the same answer everywhere.
Response Session::correct(std::optional<Response> response, std::size_t bytes_max) {
  if (response && response->status < 400) return std::move(*response);
  if (body_.too_long()) return shard_.state().router.faults().too_large(request_, bytes_max);
  if (body_.broken()) {
    if (body_.broken()->kind() == Kind::timeout)
      return refusal_response({408, "Request timeout", body_.broken()->sentence()});
    return refusal_response({400, "Bad request", body_.broken()->sentence()});
  }
  return response ? std::move(*response) : empty_response(500);
}

Response Session::failed_inside(std::string_view cause) {
  shard_.state().errors.error("http.handler_threw",
                              {{"request", request_.id}, {"path", path_to_log()}, {"cause", cause}});
  return shard_.state().router.faults().internal(request_);
}

Task<bool> Session::send(Response response) {
  if (response.status < 200 || response.status > 599) response.status = 500;
  status_ = response.status;
  bytes_ = 0;
  const bool framed = may_have_body(status_);
  ReplyFraming framing;
  framing.http10 = facts_.http10;
  if (framed) framing.content_length = length_of(response.body);
  const bool endless = framed && !framing.content_length;
  framing.chunked = endless && !facts_.http10;
  const bool events = std::holds_alternative<std::unique_ptr<EventSource>>(response.body);
  framing.close = close_ = closes() || events || (endless && facts_.http10);
  if (events) {
    if (!response.headers.find("Content-Type")) response.headers.add("Content-Type", "text/event-stream");
    if (!response.headers.find("Cache-Control")) response.headers.add("Cache-Control", "no-cache");
  }
  out_.clear();
  write_head(out_, status_, response.headers, framing, shard_.date(), request_.id);

  std::string_view text;
  const bool with_body = framed && request_.verb != Verb::head;
  if (const auto* whole = std::get_if<std::string>(&response.body); whole != nullptr && with_body) text = *whole;
  bytes_ = text.size();
  if (!co_await wire_.send(out_, text, limits().body_stall)) co_return false;
  if (!with_body || std::holds_alternative<std::string>(response.body)) co_return true;
  co_return co_await send_long(std::move(response.body), framing.chunked);
}

Task<bool> Session::send_long(Body body, bool chunked) {
  Sent sent;
  try {
    if (auto* range = std::get_if<FileRange>(&body)) {
      sent = co_await send_file(wire_, std::move(*range), limits());
    } else if (auto* stream = std::get_if<Stream>(&body)) {
      ours_ = true;
      sent = co_await send_stream(wire_, std::move(*stream), chunked, limits());
    } else {
      events_ = true;
      sent = co_await send_events(wire_, std::move(std::get<std::unique_ptr<EventSource>>(body)), chunked, limits());
    }
  } catch (const std::exception& error) {
    if (cut_) throw;
    sent.problem = late_ ? "the source did not answer in time" : error.what();
  }
  ours_ = events_ = false;
  if (late_) co_await asio::this_coro::reset_cancellation_state();
  if (!sent.problem.empty())
    shard_.state().errors.error("http.body_broken",
                                {{"request", request_.id}, {"path", path_to_log()}, {"cause", sent.problem}});
  bytes_ = sent.bytes;
  co_return sent.whole;
}

// Closing a socket with unread bytes resets the connection and may destroy our answer before the client has read it;
// so we say that we are done and read on for a moment.
Task<> Session::farewell() {
  constexpr std::size_t bytes_max = 256UZ << 20U;
  constexpr std::chrono::milliseconds patience{1'000};
  wire_.transport().shutdown_send();
  std::vector<std::byte> nowhere;
  const SteadyTime until = in(patience);
  for (std::size_t read = 0; read < bytes_max;) {
    if (nowhere.empty()) nowhere.resize(16UZ * 1024);
    const Io io = co_await wire_.receive_into(nowhere, until);
    if (io.error || std::chrono::steady_clock::now() > until) co_return;
    read += io.bytes;
  }
}

void Session::sweep(SteadyTime now) {
  wire_.sweep(now);
  if (!ours_ || late_ || now < std::max(started_, wire_.last_progress()) + limits().request) return;
  late_ = true;
  cancel_.emit(asio::cancellation_type::terminal);
}

void Session::finish_soon(bool too_late) {
  if (events_ || (idle_ && (too_late || !first_))) wire_.transport().cancel();
}

void Session::cut() {
  cut_ = true;
  cancel_.emit(asio::cancellation_type::terminal);
  wire_.transport().close();
}

void Session::ended(const std::exception_ptr& thrown) const noexcept {
  if (!thrown || cut_) return;
  try {
    std::rethrow_exception(thrown);
  } catch (const std::exception& error) {
    shard_.state().errors.error("http.session_threw", {{"remote", peer_.address}, {"cause", error.what()}});
  } catch (...) {
    shard_.state().errors.error("http.session_threw", {{"remote", peer_.address}});
  }
}

// X-Forwarded-For grows to the right, and only what a trusted proxy wrote is believed: so from the right, past the
// trusted ones.
void Session::find_remote() {
  request_.remote = peer_.address;
  request_.peer = peer_.address;
  const auto& trusted = peer_.listen->trusted_proxies;
  const auto is_trusted = [&](const std::string& address) {
    return std::ranges::find(trusted, address) != trusted.end();
  };
  if (trusted.empty() || !is_trusted(peer_.address)) return;
  std::string hops;
  for (const auto& [name, value] : request_.headers)
    if (same_name(name, "x-forwarded-for")) hops.append(hops.empty() ? "" : ",").append(value);
  while (!hops.empty() && is_trusted(request_.remote)) {
    const auto comma = hops.rfind(',');
    std::string hop = comma == std::string::npos ? hops : hops.substr(comma + 1);
    hops.resize(comma == std::string::npos ? 0 : comma);
    std::erase_if(hop, [](char c) { return c == ' ' || c == '\t'; });
    if (!is_address(hop)) return;
    request_.remote = std::move(hop);
  }
}

void Session::count(int status) {
  ServerMetrics& metrics = shard_.metrics();
  if (status >= 200 && status < 300) {
    ++metrics.responses_2xx;
  } else if (status >= 400 && status < 500) {
    ++metrics.responses_4xx;
  } else if (status >= 500) {
    ++metrics.responses_5xx;
  } else {
    ++metrics.responses_other;
  }
}

std::string Session::path_to_log() const {
  auto path = shown_path(request_.path, entry_, shard_.state().router.entries());
  if (path.size() > logged_path_bytes_max) path.resize(logged_path_bytes_max);
  return path;
}

void Session::log_request() {
  const auto took = std::chrono::steady_clock::now() - started_;
  shard_.metrics().request_microseconds +=
      static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::microseconds>(took).count());
  if (unwelcome_) return;  // a flood must not become one of lines
  if (peer_.listen->answered) peer_.listen->answered({request_, status_, bytes_, facts_.http10});
  const log::Logger& access = shard_.state().access;
  if (!access.on(log::Level::info)) return;
  // Never the query, never a field of the request, never a secret of the path: all may hold credentials.
  access.info("http.request", {{"method", to_string(request_.verb)},
                               {"path", path_to_log()},
                               {"status", status_},
                               {"bytes", bytes_},
                               {"ms", std::chrono::duration_cast<std::chrono::milliseconds>(took).count()},
                               {"remote", request_.remote},
                               {"request", request_.id}});
}

}  // namespace nephele::http
