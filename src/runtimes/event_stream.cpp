// SPDX-License-Identifier: Apache-2.0
#include "runtimes/event_stream.h"

#include <utility>

namespace nephele::runtimes {
namespace {

constexpr std::size_t events_at_once = 100;
/// Without a wake-up: one that was lost costs a delay, not an event.
constexpr std::chrono::milliseconds look_again{5'000};

}  // namespace

EventStream::EventStream(EventLog& log, SignIn& sign_in, Caller caller, Watched watched)
    : log_(log),
      sign_in_(sign_in),
      caller_(std::move(caller)),
      id_(watched.id),
      last_(watched.after),
      gone_(watched.gone) {}

Task<Result<std::optional<http::ServerEvent>>> EventStream::next() {
  if (!bell_) bell_ = log_.watch(id_, co_await this_executor());
  while (!ended_) {
    if (!waiting_.empty()) {
      RuntimeEvent event = std::move(waiting_.front());
      waiting_.pop_front();
      last_ = event.sequence;
      ended_ = event.type == "deleted";
      co_return http::ServerEvent{
          .id = std::to_string(event.sequence), .event = std::move(event.type), .data = std::move(event.data)};
    }
    CO_TRY(auto events, co_await log_.after(id_, last_, events_at_once));
    // After the look: what is told now had happened before.
    CO_TRY(const bool let_in, co_await sign_in_.still_holds(caller_));
    if (!let_in) break;
    for (auto& event : events) waiting_.push_back(std::move(event));
    if (!waiting_.empty()) continue;
    if (gone_) break;
    co_await bell_->wait_until(in(look_again));
  }
  ended_ = true;
  co_return std::nullopt;
}

}  // namespace nephele::runtimes
