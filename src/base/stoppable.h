// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <stop_token>

#include "base/async.h"
#include "base/workers.h"

namespace nephele {

namespace detail {

struct StopAtEnd {
  explicit StopAtEnd(std::stop_source source) noexcept : stop(std::move(source)) {}
  StopAtEnd(const StopAtEnd&) = delete;
  StopAtEnd& operator=(const StopAtEnd&) = delete;
  ~StopAtEnd() { stop.request_stop(); }
  std::stop_source stop;
};

inline Task<> stop_when_cancelled(std::stop_source stop) {
  const StopAtEnd guard(std::move(stop));
  co_await sleep_until(SteadyTime::max());  // the job's end or the caller's ends it
}

}  // namespace detail

/// As workers.run(), for a blocking job that can look whether anybody still waits: it is given a std::stop_token, of
/// which a stop is asked for when the caller is cancelled. The caller still waits until the job has ended.
template <class F>
auto run_stoppable(Workers& workers, F job) -> Task<std::invoke_result_t<F&, std::stop_token>> {
  using namespace asio::experimental::awaitable_operators;
  using Answer = std::invoke_result_t<F&, std::stop_token>;
  static_assert(IsResult<Answer>::value, "the job returns a Result");
  std::stop_source stop;
  detail::Outcome<Answer> outcome;
  co_await (detail::store_outcome(
                Task<Answer>(workers.run(
                    [job = std::move(job), token = stop.get_token()]() mutable -> Answer { return job(token); })),
                outcome) ||
            detail::stop_when_cancelled(stop));
  if (outcome.thrown) std::rethrow_exception(outcome.thrown);
  co_return std::move(*outcome.answer);
}

}  // namespace nephele
