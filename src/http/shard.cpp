// SPDX-License-Identifier: Apache-2.0
#include "http/shard.h"

#include <sys/random.h>

#include <algorithm>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>
#include <stdexcept>

#include "base/clock.h"
#include "http/session.h"

namespace nephele::http {

namespace {

// A limit is kept to a quarter of itself, and nobody needs better than 10 ms.
std::chrono::milliseconds sweep_interval(const Limits& limits) {
  const auto shortest = std::min({limits.header, limits.idle, limits.body_stall, limits.request});
  return std::clamp(shortest / 4, std::chrono::milliseconds(10), std::chrono::milliseconds(500));
}

std::uint64_t random_number() {
  std::uint64_t number = 0;
  if (::getrandom(&number, sizeof number, 0) != sizeof number) throw std::runtime_error("no random numbers to be had");
  return number;
}

// A permutation of 64-bit numbers (the finalizer of splitmix64): counting in, scattered out, no repetition.
constexpr std::uint64_t scatter(std::uint64_t x) {
  x = (x ^ (x >> 30U)) * 0xbf58476d1ce4e5b9ULL;
  x = (x ^ (x >> 27U)) * 0x94d049bb133111ebULL;
  return x ^ (x >> 31U);
}

}  // namespace

Shard::Shard(std::shared_ptr<ServerState> state, Executor executor)
    : state_(std::move(state)),
      executor_(std::move(executor)),
      timer_(executor_),
      sweep_every_(sweep_interval(state_->limits)),
      ids_(random_number()) {}

void Shard::start(std::unique_ptr<Transport> transport, Peer peer) {
  if (stopping_) {
    --state_->metrics.connections_open;
    return;
  }
  const auto session = std::make_shared<Session>(*this, std::move(transport), std::move(peer));
  const auto place = sessions_.insert(sessions_.end(), session);
  asio::co_spawn(executor_, session->run(),
                 asio::bind_cancellation_slot(session->cancellation(), [self = shared_from_this(), session,
                                                                        place](const std::exception_ptr& thrown) {
                   session->ended(thrown);
                   self->sessions_.erase(place);
                   --self->state_->metrics.connections_open;
                   if (self->sessions_.empty()) self->timer_.cancel();
                 }));
  if (!sweeping_) arm_sweep();
}

void Shard::stop() {
  stopping_ = true;
  for (const auto& session : sessions_) session->finish_soon(false);
}

void Shard::finish() {
  for (const auto& session : sessions_) session->finish_soon(true);
}

void Shard::cut() {
  for (const auto& session : sessions_) session->cut();
}

std::string_view Shard::date() {
  const std::time_t second = std::time(nullptr);
  if (second != date_second_) {
    date_second_ = second;
    date_ = http_date(from_ms(static_cast<std::int64_t>(second) * 1000));
  }
  return date_;
}

void Shard::next_request_id(std::string& into) {
  static constexpr std::string_view hex = "0123456789abcdef";
  std::uint64_t number = scatter(ids_++);
  into.resize(16);
  for (char& digit : into) {
    digit = hex[number & 15U];
    number >>= 4U;
  }
}

void Shard::arm_sweep() {
  sweeping_ = true;
  timer_.expires_after(sweep_every_);
  timer_.async_wait([weak = weak_from_this()](boost::system::error_code) {
    if (const auto self = weak.lock()) self->sweep();
  });
}

void Shard::sweep() {
  sweeping_ = false;
  const auto now = std::chrono::steady_clock::now();
  for (const auto& session : sessions_) session->sweep(now);
  if (!sessions_.empty()) arm_sweep();
}

}  // namespace nephele::http
