// SPDX-License-Identifier: Apache-2.0
#include "clouds/qemu/strand.h"

#include <boost/asio/redirect_error.hpp>

namespace nephele::qemu {

void Change::tell() {
  for (asio::steady_timer* timer : waiting_) timer->cancel();
}

Task<> Change::wait(SteadyTime until) {
  asio::steady_timer timer(executor_, until);
  const auto place = waiting_.insert(waiting_.end(), &timer);
  const auto leave = [this](std::list<asio::steady_timer*>::iterator* it) { waiting_.erase(*it); };
  auto copy = place;
  const std::unique_ptr<std::list<asio::steady_timer*>::iterator, decltype(leave)> guard(&copy, leave);
  boost::system::error_code ignored;
  co_await timer.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
}

Task<Result<Turns::Turn>> Turns::take(SteadyTime until, std::string who) {
  while (taken_) {
    if (std::chrono::steady_clock::now() >= until)
      co_return fail(Kind::busy, who + " is busy with an earlier request; try again in a moment");
    co_await freed_.wait(until);
  }
  taken_ = true;
  co_return Turn(shared_from_this());
}

void Turns::give_back() {
  taken_ = false;
  freed_.tell();
}

}  // namespace nephele::qemu
