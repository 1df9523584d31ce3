// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <type_traits>
#include <utility>

#include "runtimes/refusal.h"
#include "sql/sql.h"

/// A transaction that answers or refuses: a refusal rolls back. What the database itself says becomes a refusal with
/// the given code. Private to this service.
namespace nephele::runtimes {

namespace detail {

template <class T, class F>
Result<T> keeping(F& body, sql::Tx& tx, std::optional<Refusal>& refused) {
  refused.reset();  // the body may run twice
  Answer<T> answer = body(tx);
  if (answer) {
    if constexpr (std::is_void_v<T>)
      return {};
    else
      return std::move(*answer);
  }
  refused = std::move(answer.error());
  return fail(Kind::conflict, "refused");
}

template <class T>
Answer<T> told(Result<T> result, std::optional<Refusal> refused, Code code) {
  if (result) {
    if constexpr (std::is_void_v<T>)
      return {};
    else
      return std::move(*result);
  }
  if (refused) return std::unexpected(std::move(*refused));
  return refuse(code, std::move(result).error());
}

}  // namespace detail

/// `body` is a callable of sql::Tx& that returns Answer<T>.
template <class T, class F>
Task<Answer<T>> changing(sql::Database& database, Code code, F body) {
  std::optional<Refusal> refused;
  auto result = co_await database.write([&](sql::Tx& tx) { return detail::keeping<T>(body, tx, refused); });
  co_return detail::told<T>(std::move(result), std::move(refused), code);
}

template <class T, class F>
Task<Answer<T>> looking(sql::Database& database, Code code, F body) {
  std::optional<Refusal> refused;
  auto result = co_await database.read([&](sql::Tx& tx) { return detail::keeping<T>(body, tx, refused); });
  co_return detail::told<T>(std::move(result), std::move(refused), code);
}

}  // namespace nephele::runtimes
