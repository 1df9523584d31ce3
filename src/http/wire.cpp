// SPDX-License-Identifier: Apache-2.0
#include "http/wire.h"

namespace nephele::http {

Task<Io> Wire::handshake(SteadyTime until) {
  expect_until(until);
  const Io io = co_await transport_->handshake();
  ended(io);
  co_return io;
}

Task<Io> Wire::receive(SteadyTime until, std::size_t capacity_max) {
  const auto space = input.space(capacity_max);
  expect_until(until);
  const Io io = co_await transport_->read_some(space);
  ended(io);
  if (!io.error) input.filled(io.bytes);
  co_return io;
}

Task<Io> Wire::receive_into(std::span<std::byte> into, SteadyTime until) {
  expect_until(until);
  const Io io = co_await transport_->read_some(into);
  ended(io);
  co_return io;
}

Task<bool> Wire::send(std::string_view first, std::string_view second, std::chrono::milliseconds stall) {
  std::size_t sent = transport_->write_now(first, second);
  for (;;) {
    const std::size_t of_first = std::min(sent, first.size());
    first.remove_prefix(of_first);
    second.remove_prefix(sent - of_first);
    if (first.empty() && second.empty()) co_return true;  // the usual case, without waiting
    expect_until(in(stall));
    const Io io = co_await transport_->write_some(first, second);
    ended(io);
    if (io.error) co_return false;
    sent = io.bytes;
  }
}

Task<Io> Wire::send_file_some(int descriptor, std::uint64_t offset, std::uint64_t length,
                              std::chrono::milliseconds stall) {
  expect_until(in(stall));
  const Io io = co_await transport_->send_file_some(descriptor, offset, length);
  ended(io);
  co_return io;
}

Task<Io> Wire::watch(std::size_t capacity_max) {
  const Io io = co_await transport_->read_some(input.space(capacity_max));
  if (!io.error) input.filled(io.bytes);
  co_return io;
}

void Wire::sweep(SteadyTime now) noexcept {
  if (now < until_) return;
  until_ = never;
  timed_out_ = true;
  transport_->cancel();
}

}  // namespace nephele::http
