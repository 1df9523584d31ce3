// SPDX-License-Identifier: Apache-2.0
#include "loop.h"

#include <sys/epoll.h>

#include <algorithm>
#include <array>

namespace guest {
namespace {

// The generation keeps an event of a closed descriptor from reaching the new owner of the same number.
std::uint64_t tag_of(int fd, std::uint32_t generation) {
  return (static_cast<std::uint64_t>(generation) << 32) | static_cast<std::uint32_t>(fd);
}

}  // namespace

Loop::Loop() : epoll_(::epoll_create1(EPOLL_CLOEXEC)) {}

bool Loop::watch(int fd, std::uint32_t events, Ready ready) {
  const std::uint32_t generation = ++generation_;
  epoll_event event{};
  event.events = events;
  event.data.u64 = tag_of(fd, generation);
  if (::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &event) != 0) return false;
  watches_[fd] = std::make_shared<Watch>(Watch{generation, std::move(ready)});
  return true;
}

void Loop::change(int fd, std::uint32_t events) {
  const auto found = watches_.find(fd);
  if (found == watches_.end()) return;
  epoll_event event{};
  event.events = events;
  event.data.u64 = tag_of(fd, found->second->generation);
  ::epoll_ctl(epoll_.get(), EPOLL_CTL_MOD, fd, &event);
}

void Loop::forget(int fd) {
  if (watches_.erase(fd) != 0) ::epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, fd, nullptr);
}

Loop::Timer Loop::after(std::chrono::milliseconds delay, std::function<void()> call) {
  const Timer timer = next_timer_++;
  const auto when = Clock::now() + delay;
  timers_.emplace(std::pair(when, timer), std::move(call));
  deadlines_.emplace(timer, when);
  return timer;
}

void Loop::cancel(Timer& timer) {
  const auto found = deadlines_.find(timer);
  if (found != deadlines_.end()) {
    timers_.erase(std::pair(found->second, timer));
    deadlines_.erase(found);
  }
  timer = no_timer;
}

int Loop::wait_ms() const {
  if (timers_.empty()) return -1;
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(timers_.begin()->first.first - Clock::now()).count();
  return static_cast<int>(std::clamp<long long>(left, 0, 3'600'000));
}

void Loop::run_timers() {
  while (!timers_.empty() && timers_.begin()->first.first <= Clock::now()) {
    const auto call = std::move(timers_.begin()->second);
    deadlines_.erase(timers_.begin()->first.second);
    timers_.erase(timers_.begin());
    call();
  }
}

void Loop::dispatch(std::uint64_t tag, std::uint32_t events) {
  const auto found = watches_.find(static_cast<int>(static_cast<std::uint32_t>(tag)));
  if (found == watches_.end() || found->second->generation != tag >> 32) return;
  const std::shared_ptr<Watch> held = found->second;  // the call may forget() itself
  held->ready(events);
}

void Loop::run() {
  std::array<epoll_event, 32> events;
  while (running_) {
    const int count = ::epoll_wait(epoll_.get(), events.data(), static_cast<int>(events.size()), wait_ms());
    for (int at = 0; at < count; ++at) {
      const epoll_event& event = events[static_cast<std::size_t>(at)];
      dispatch(event.data.u64, event.events);
    }
    run_timers();
  }
}

}  // namespace guest
