// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/asio/awaitable.hpp>

#include "base/result.h"

namespace nephele {

namespace asio = boost::asio;

/// A coroutine of ours. A class over Asio's awaitable, not an alias: the attributes make clang find parameters that a
/// kept coroutine outlives (docs/decisions/0001-compiler.md).
template <class T = void>
class [[nodiscard, clang::coro_return_type, clang::coro_lifetimebound]] Task : public asio::awaitable<T> {
 public:
  Task(asio::awaitable<T> work) noexcept
      : asio::awaitable<T>(std::move(work)) {}  // NOLINT(google-explicit-constructor)
};

}  // namespace nephele

template <class T, class... Args>
struct std::coroutine_traits<nephele::Task<T>, Args...> {  // same frame, same cost, same co_await
  using promise_type = boost::asio::detail::awaitable_frame<T, boost::asio::any_io_executor>;
};
