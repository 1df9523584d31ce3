// SPDX-License-Identifier: Apache-2.0
#include "clouds/qemu/control.h"

#include <array>
#include <boost/asio/buffer.hpp>
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
  std::array<char, 4096> block{};
  while (socket_.is_open()) {
    boost::system::error_code ec;
    const std::size_t got =
        co_await socket_.async_read_some(asio::buffer(block), asio::redirect_error(asio::use_awaitable, ec));
    if (ec) break;
    for (ControlFrame& frame : core_.feed({block.data(), got})) {
      heard_ = true;
      on_frame_(std::move(frame));
    }
  }
  close();
}

Task<> Control::ask() {
  for (int queries = 0; queries < queries_max && !heard_ && socket_.is_open(); ++queries) {
    if (!co_await send("query", "")) co_return;
    co_await sleep_for(query_again);
  }
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
