// SPDX-License-Identifier: Apache-2.0
#include "clouds/qemu/control.h"

#include <array>
#include <boost/asio/buffer.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/write.hpp>
#include <utility>

namespace nephele::qemu {

namespace {
constexpr int queries_max = 4;
constexpr std::chrono::milliseconds query_again{1'000};
}  // namespace

Control::Control(const Executor& executor, FileHandle socket, OnFrame on_frame)
    : socket_(executor, asio::local::stream_protocol(), socket.release()), on_frame_(std::move(on_frame)) {}

Task<> Control::serve() {
  using namespace asio::experimental::awaitable_operators;
  std::array<char, 4096> block{};
  int queries = 0;
  SteadyTime next_query = std::chrono::steady_clock::now();
  while (socket_.is_open()) {
    if (!heard_ && queries < queries_max && std::chrono::steady_clock::now() >= next_query) {
      ++queries;
      next_query = in(query_again);
      if (!co_await send("query", "")) break;
    }
    boost::system::error_code ec;
    std::size_t got = 0;
    auto reading = socket_.async_read_some(asio::buffer(block), asio::redirect_error(asio::use_awaitable, ec));
    if (heard_ || queries >= queries_max) {
      got = co_await std::move(reading);
    } else {
      const auto first = co_await (std::move(reading) || sleep_until(next_query));
      if (first.index() == 1) continue;
      got = std::get<0>(first);
    }
    if (ec) break;
    for (ControlFrame& frame : core_.feed({block.data(), got})) {
      heard_ = true;
      on_frame_(std::move(frame));
    }
  }
  close();
}

Task<Result<>> Control::send(std::string type, std::string payload) {
  const std::string bytes = ControlCore::frame(type, payload);
  boost::system::error_code ec;
  co_await asio::async_write(socket_, asio::buffer(bytes), asio::redirect_error(asio::use_awaitable, ec));
  if (ec) co_return fail(Kind::unavailable, "the guest's control channel is closed");
  co_return Result<>{};
}

void Control::close() {
  boost::system::error_code ignored;
  socket_.close(ignored);
}

}  // namespace nephele::qemu
