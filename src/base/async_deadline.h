// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/asio/experimental/awaitable_operators.hpp>

#include "base/async.h"

namespace nephele {

namespace detail {
template <class T>
struct Outcome {
  std::optional<T> answer;
  std::exception_ptr thrown;
};

/// Never throws: `||` waits for a success, so an exception would be kept back until the deadline, and two of them
/// (work and clock cancelled together) would come as one that nobody knows as a cancellation.
template <class T>
Task<> store_outcome(Task<T> work, Outcome<T>& into) {
  try {
    into.answer.emplace(co_await std::move(work));
  } catch (...) {
    into.thrown = std::current_exception();
  }
}
}  // namespace detail

template <class T>
Task<Result<T>> with_deadline(Task<Result<T>> work, SteadyTime deadline, std::string who) {
  using namespace asio::experimental::awaitable_operators;
  detail::Outcome<Result<T>> outcome;  // `||` wants a default constructor of what it returns; T may have none
  const auto first = co_await (detail::store_outcome(std::move(work), outcome) || sleep_until(deadline));
  if (first.index() == 1) co_return fail(Kind::timeout, who + " did not answer in time; try again");
  if (outcome.thrown) std::rethrow_exception(outcome.thrown);
  co_return std::move(*outcome.answer);
}

}  // namespace nephele
