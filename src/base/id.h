// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <compare>
#include <cstdint>
#include <functional>
#include <string>
#include <utility>

namespace nephele {

/// An id that is text (a UUID, a token's public half). `using UserId = Id<struct UserTag>;`
template <class Tag>
class Id {
 public:
  Id() = default;
  explicit Id(std::string text) : text_(std::move(text)) {}
  const std::string& text() const noexcept { return text_; }
  bool empty() const noexcept { return text_.empty(); }
  friend auto operator<=>(const Id&, const Id&) = default;

 private:
  std::string text_;
};

/// An id that is a number drawn from a sequence of the database. 0 is no id.
template <class Tag>
class NumericId {
 public:
  constexpr NumericId() = default;
  explicit constexpr NumericId(std::int64_t number) : number_(number) {}
  constexpr std::int64_t number() const noexcept { return number_; }
  std::string text() const { return std::to_string(number_); }
  friend constexpr auto operator<=>(NumericId, NumericId) = default;

 private:
  std::int64_t number_ = 0;
};

}  // namespace nephele

template <class Tag>
struct std::hash<nephele::Id<Tag>> {
  std::size_t operator()(const nephele::Id<Tag>& id) const noexcept { return std::hash<std::string>{}(id.text()); }
};
template <class Tag>
struct std::hash<nephele::NumericId<Tag>> {
  std::size_t operator()(nephele::NumericId<Tag> id) const noexcept { return std::hash<std::int64_t>{}(id.number()); }
};
