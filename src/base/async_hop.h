// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>

#include "base/async.h"

namespace nephele {

namespace detail {

/// What both sides of a hop share: the signal is emitted on the other executor, the answer is written there and read at
/// home after the hop back.
template <class T>
struct Hop {
  asio::cancellation_signal signal;
  std::optional<std::conditional_t<std::is_void_v<T>, std::monostate, T>> answer;
};

template <class T>
Task<> store_answer(Task<T> work, std::shared_ptr<Hop<T>> hop) {
  if constexpr (std::is_void_v<T>) {
    co_await std::move(work);
  } else {
    hop->answer.emplace(co_await std::move(work));
  }
}

}  // namespace detail

template <class T>
Task<T> on_executor(Executor other, Task<T> work) {
  const auto shared = std::make_shared<detail::Hop<T>>();
  co_await asio::async_initiate<const asio::use_awaitable_t<>, void(std::exception_ptr)>(
      [](auto handler, Executor there, Task<T> task, std::shared_ptr<detail::Hop<T>> hop) {
        auto home = asio::prefer(asio::get_associated_executor(handler), asio::execution::outstanding_work.tracked);
        if (auto slot = asio::get_associated_cancellation_slot(handler); slot.is_connected()) {
          slot.assign([there, hop](asio::cancellation_type_t how) {
            asio::post(there, [hop, how] { hop->signal.emit(how); });
          });
        }
        auto ended = [handler = std::move(handler), home = std::move(home)](std::exception_ptr thrown) mutable {
          asio::post(home, [handler = std::move(handler), thrown = std::move(thrown)]() mutable {
            std::move(handler)(std::move(thrown));
          });
        };
        asio::co_spawn(there, detail::store_answer(std::move(task), hop),
                       asio::bind_cancellation_slot(hop->signal.slot(), std::move(ended)));
      },
      asio::use_awaitable, std::move(other), std::move(work), shared);
  if constexpr (!std::is_void_v<T>) co_return std::move(*shared->answer);
}

}  // namespace nephele
