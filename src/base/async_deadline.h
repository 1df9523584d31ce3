// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/asio/experimental/awaitable_operators.hpp>

#include "base/async.h"

namespace nephele {

namespace detail {
template <class T>
Task<> store_answer(Task<T> work, std::optional<T>& into) {
  into.emplace(co_await std::move(work));
}
}  // namespace detail

template <class T>
Task<Result<T>> with_deadline(Task<Result<T>> work, SteadyTime deadline, std::string who) {
  using namespace asio::experimental::awaitable_operators;
  std::optional<Result<T>> answer;  // `||` wants a default constructor of what it returns; T may have none
  const auto first = co_await (detail::store_answer(std::move(work), answer) || sleep_until(deadline));
  if (first.index() == 0 && answer) co_return std::move(*answer);
  co_return fail(Kind::timeout, who + " did not answer in time; try again");
}

}  // namespace nephele
