// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/asio/experimental/awaitable_operators.hpp>
#include <span>
#include <utility>
#include <vector>

#include "base/async.h"

namespace nephele {

namespace detail {
/// Halves, so that `&&` runs any number at once. Nothing throws inside: `&&` would cancel the others and go on.
template <class T>
Task<> run_all(std::span<Task<T>> work, std::span<detail::Outcome<T>> into) {
  using namespace asio::experimental::awaitable_operators;
  if (work.size() == 1) {
    co_await detail::store_outcome(std::move(work.front()), into.front());
  } else if (!work.empty()) {
    const auto half = work.size() / 2;
    co_await (run_all(work.first(half), into.first(half)) && run_all(work.subspan(half), into.subspan(half)));
  }
}
}  // namespace detail

/// Runs independent reads at once, on the executor of the caller, and answers when all have ended, in their order. What
/// one throws (a cancellation) is thrown then.
template <class T>
Task<std::vector<T>> all_of(std::vector<Task<T>> work) {
  std::vector<detail::Outcome<T>> outcomes(work.size());
  co_await detail::run_all(std::span(work), std::span(outcomes));
  std::vector<T> out;
  out.reserve(outcomes.size());
  for (auto& outcome : outcomes) {
    if (outcome.thrown) std::rethrow_exception(outcome.thrown);
    out.push_back(std::move(*outcome.answer));
  }
  co_return out;
}

/// The same for two of different kinds.
template <class A, class B>
Task<std::pair<A, B>> both_of(Task<A> first, Task<B> second) {
  using namespace asio::experimental::awaitable_operators;
  detail::Outcome<A> of_first;
  detail::Outcome<B> of_second;
  co_await (detail::store_outcome(std::move(first), of_first) && detail::store_outcome(std::move(second), of_second));
  for (const auto& thrown : {of_first.thrown, of_second.thrown})
    if (thrown) std::rethrow_exception(thrown);
  co_return std::pair<A, B>(std::move(*of_first.answer), std::move(*of_second.answer));
}

}  // namespace nephele
