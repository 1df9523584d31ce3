// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <expected>
#include <string>
#include <type_traits>
#include <utility>

#include "base/error.h"

namespace nephele {

/// A value, or the reason why there is none. A class and not an alias, so that clang warns about a `Result` nobody
/// looks at, also behind `co_await`.
template <class T = void>
class [[nodiscard]] Result : public std::expected<T, Error> {
 public:
  using Value = T;
  using std::expected<T, Error>::expected;
};

template <class T>
struct IsResult : std::false_type {};
template <class T>
struct IsResult<Result<T>> : std::true_type {};

[[nodiscard]] inline std::unexpected<Error> fail(Kind kind, std::string sentence) {
  return std::unexpected<Error>(Error(kind, std::move(sentence)));
}

[[nodiscard]] inline std::unexpected<Error> fail(Error error) {
  return std::unexpected<Error>(std::move(error));
}

}  // namespace nephele

// TRY(auto x, f()) declares x as the value of f(), or returns its error. CO_TRY is the same in a coroutine.
// TRY_VOID(f()) and CO_TRY_VOID(f()) are for a Result<> without a value.
#define NE_CAT2(a, b) a##b
#define NE_CAT(a, b) NE_CAT2(a, b)
#define NE_TRY2(tmp, ret, decl, ...)               \
  auto tmp = (__VA_ARGS__);                        \
  if (!tmp) [[unlikely]]                           \
    ret ::std::unexpected(std::move(tmp).error()); \
  decl = std::move(*tmp)
#define NE_TRY_VOID2(tmp, ret, ...)                \
  if (auto tmp = (__VA_ARGS__); !tmp) [[unlikely]] \
  ret ::std::unexpected(std::move(tmp).error())
#define TRY(decl, ...) NE_TRY2(NE_CAT(try_, __COUNTER__), return, decl, __VA_ARGS__)
#define CO_TRY(decl, ...) NE_TRY2(NE_CAT(try_, __COUNTER__), co_return, decl, __VA_ARGS__)
#define TRY_VOID(...) NE_TRY_VOID2(NE_CAT(try_, __COUNTER__), return, __VA_ARGS__)
#define CO_TRY_VOID(...) NE_TRY_VOID2(NE_CAT(try_, __COUNTER__), co_return, __VA_ARGS__)
