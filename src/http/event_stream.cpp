// SPDX-License-Identifier: Apache-2.0
#include <boost/asio/error.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>

#include "http/body_sender.h"
#include "http/reply.h"

namespace nephele::http {

namespace {

constexpr std::size_t waiting_bytes_max = std::size_t{64} * 1024;  // of events that the client has not taken
constexpr std::size_t pipelined_bytes_max = 4096;

void append_line(std::string& out, std::string_view field, std::string_view value) {
  if (value.empty()) return;
  out.append(field).append(": ");
  for (const char c : value)
    if (c != '\r' && c != '\n' && c != '\0') out.push_back(c);
  out.push_back('\n');
}

/// Three coroutines of one connection: the source fills `waiting_`, the writer sends it or a comment, the watcher sees
/// the client go.
class EventStream {
 public:
  EventStream(Wire& wire, std::unique_ptr<EventSource> source, bool chunked, const Limits& limits, Executor executor)
      : wire_(wire), source_(std::move(source)), chunked_(chunked), limits_(limits), more_(executor), room_(executor) {}

  Task<Sent> run() {
    using namespace asio::experimental::awaitable_operators;
    co_await ((produce() && write()) || watch());
    if (!writing_ && chunked_) sent_.whole = co_await wire_.send("0\r\n\r\n", {}, limits_.body_stall);
    co_return std::move(sent_);
  }

 private:
  Task<> produce() {
    try {
      for (;;) {
        auto next = co_await source_->next();
        if (!next) sent_.problem = next.error().sentence();
        if (!next || !*next) break;
        waiting_ += format_event(**next);
        more_.cancel();
        while (waiting_.size() > waiting_bytes_max) co_await wait(room_, SteadyTime::max());
      }
    } catch (const boost::system::system_error& error) {
      if (error.code() == asio::error::operation_aborted) throw;
      sent_.problem = error.what();
    } catch (const std::exception& error) {
      sent_.problem = error.what();
    }
    done_ = true;
    more_.cancel();
  }

  Task<> write() {
    std::string frame;
    std::string text;
    for (;;) {
      if (waiting_.empty() && !done_) co_await wait(more_, in(limits_.keep_alive_comment));
      // Woken because all of this ends: nothing may be half-written then.
      const auto cancellation = co_await asio::this_coro::cancellation_state;
      if (cancellation.cancelled() != asio::cancellation_type::none) co_return;
      if (waiting_.empty() && done_) co_return;
      text.clear();
      std::swap(text, waiting_);
      room_.cancel();
      if (text.empty()) text = ": keep-alive\n\n";
      frame.clear();
      if (chunked_) append_chunk_size(frame, text.size());
      const std::size_t bytes = text.size();
      if (chunked_) text += "\r\n";
      writing_ = true;
      if (!co_await wire_.send(frame, text, limits_.body_stall)) {
        wire_.transport().cancel();  // the watcher ends, and with it the source
        co_return;
      }
      writing_ = false;
      sent_.bytes += bytes;
    }
  }

  Task<> watch() {
    while (wire_.input.size() < pipelined_bytes_max) {
      const Io io = co_await wire_.watch(pipelined_bytes_max);
      if (io.error) co_return;
    }
    // Somebody sends requests into an event stream; writing will show when they go.
    co_await wait(never_, SteadyTime::max());
  }

  // A cancelled timer is how the others wake this one.
  static Task<> wait(asio::steady_timer& timer, SteadyTime until) {
    timer.expires_at(until);
    boost::system::error_code ignored;
    co_await timer.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
  }

  Wire& wire_;
  std::unique_ptr<EventSource> source_;
  bool chunked_;
  const Limits& limits_;
  asio::steady_timer more_;  // something waits for the writer
  asio::steady_timer room_;  // the writer has taken it
  asio::steady_timer never_{more_.get_executor()};
  std::string waiting_;
  bool done_ = false;
  bool writing_ = false;
  Sent sent_;
};

}  // namespace

std::string format_event(const ServerEvent& event) {
  std::string text;
  append_line(text, "id", event.id);
  append_line(text, "event", event.event);
  // CR, LF and CRLF all end a line for the reader, so each must begin a data line of its own.
  std::string_view rest = event.data;
  for (bool more = true; more;) {
    const auto end = rest.find_first_of("\r\n");
    more = end != std::string_view::npos;
    text.append("data: ").append(rest.substr(0, end)).push_back('\n');
    if (more) rest.remove_prefix(rest[end] == '\r' && rest.substr(end + 1).starts_with('\n') ? end + 2 : end + 1);
  }
  text.push_back('\n');
  return text;
}

Task<Sent> send_events(Wire& wire, std::unique_ptr<EventSource> source, bool chunked, const Limits& limits) {
  EventStream stream(wire, std::move(source), chunked, limits, co_await this_executor());
  co_return co_await stream.run();
}

}  // namespace nephele::http
