// SPDX-License-Identifier: Apache-2.0
#include "http/request_body.h"

#include <algorithm>
#include <array>
#include <cstring>

namespace nephele::http {

namespace {
constexpr std::size_t framing_buffer_bytes = std::size_t{16} * 1024;  // chunk sizes are read with what follows them
}

void RequestBody::begin(const HeadFacts& facts, Request& request) {
  request_ = &request;
  remaining_ = request.content_length.value_or(0);
  state_ = facts.chunked ? State::chunked : remaining_ != 0 ? State::length : State::complete;
  continue_wanted_ = facts.expect_continue && state_ != State::complete;
  too_long_ = false;
  bytes_max_ = 0;
  taken_ = 0;
  chunks_ = {};
  broken_.reset();
}

bool RequestBody::must_close() const noexcept {
  if (broken_) return true;
  if (state_ == State::complete) return false;
  if (continue_wanted_) return true;  // nobody knows whether the client will send it after our answer
  return state_ == State::length && remaining_ > limits_.drain_bytes;
}

Task<Result<std::size_t>> RequestBody::read(std::span<std::byte> into) {
  if (bytes_max_ == 0 || into.empty()) co_return 0UZ;
  if (too_long_) co_return fail(Kind::over_quota, "the body is too long for this address");
  CO_TRY_VOID(co_await ask_to_continue());
  // A client that writes header and body apart, and knows nothing of TCP_NODELAY, keeps the body back until then.
  if (taken_ == 0 && state_ != State::complete && wire_.input.empty()) wire_.transport().acknowledge();
  CO_TRY(const std::size_t got, co_await next(into));
  taken_ += got;
  request_->deadline = in(limits_.request);
  if (taken_ > bytes_max_) {
    too_long_ = true;
    co_return fail(Kind::over_quota, "the body is too long for this address");
  }
  co_return got;
}

Task<bool> RequestBody::drain() {
  std::array<std::byte, 4096> nowhere{};
  const SteadyTime until = in(limits_.header);
  for (std::uint64_t drained = 0; state_ != State::complete;) {
    if (broken_ || continue_wanted_ || std::chrono::steady_clock::now() > until) co_return false;
    const auto got = co_await next(nowhere);
    if (!got) co_return false;
    drained += *got;
    if (drained > limits_.drain_bytes) co_return false;
  }
  co_return true;
}

Task<Result<std::size_t>> RequestBody::next(std::span<std::byte> into) {
  if (broken_) co_return fail(*broken_);
  if (state_ == State::length) {
    CO_TRY(const std::size_t got, co_await read_data(into, remaining_));
    remaining_ -= got;
    if (remaining_ == 0) state_ = State::complete;
    co_return got;
  }
  while (state_ == State::chunked) {
    const auto step = chunks_.next(wire_.input.view());
    wire_.input.drop(step.framing);
    switch (step.state) {
      case ChunkDecoder::State::bad:
        co_return broke(Kind::invalid, "the chunks of the body are malformed");
      case ChunkDecoder::State::end:
        state_ = State::complete;
        break;
      case ChunkDecoder::State::more: {
        CO_TRY_VOID(co_await receive());
        break;
      }
      case ChunkDecoder::State::data: {
        CO_TRY(const std::size_t got, co_await read_data(into, chunks_.remaining()));
        chunks_.took(got);
        co_return got;
      }
    }
  }
  co_return 0UZ;
}

// Large blocks go from the socket to where the handler wants them, without a stop in the input buffer.
Task<Result<std::size_t>> RequestBody::read_data(std::span<std::byte> into, std::uint64_t available) {
  if (available < into.size()) into = into.first(static_cast<std::size_t>(available));
  if (wire_.input.empty() && into.size() < Input::idle_bytes && into.size() < available) {
    CO_TRY_VOID(co_await receive());
  }
  if (!wire_.input.empty()) {
    const auto here = wire_.input.view().substr(0, into.size());
    std::memcpy(into.data(), here.data(), here.size());
    wire_.input.drop(here.size());
    co_return here.size();
  }
  const Io io = co_await wire_.receive_into(into, in(limits_.body_stall));
  if (io.error) co_return lost();
  co_return io.bytes;
}

Task<Result<>> RequestBody::receive() {
  const Io io = co_await wire_.receive(in(limits_.body_stall), std::max(limits_.header_bytes, framing_buffer_bytes));
  if (io.error) co_return lost();
  co_return Result<>{};
}

Task<Result<>> RequestBody::ask_to_continue() {
  if (!continue_wanted_) co_return Result<>{};
  continue_wanted_ = false;
  if (!wire_.input.empty()) co_return Result<>{};  // the client did not wait
  if (!co_await wire_.send("HTTP/1.1 100 Continue\r\n\r\n", {}, limits_.body_stall)) co_return lost();
  co_return Result<>{};
}

std::unexpected<Error> RequestBody::broke(Kind kind, std::string sentence) {
  broken_.emplace(kind, std::move(sentence));
  return fail(*broken_);
}

std::unexpected<Error> RequestBody::lost() {
  if (wire_.timed_out()) return broke(Kind::timeout, "the body stopped arriving; send it without pauses");
  return broke(Kind::unavailable, "the connection was lost before the body had arrived");
}

}  // namespace nephele::http
