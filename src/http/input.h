// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <memory>
#include <span>
#include <string_view>

namespace nephele::http {

/// Bytes that have arrived and were not used yet. Small while a connection idles: thousands of them wait.
class Input {
 public:
  static constexpr std::size_t idle_bytes = 4096;

  std::string_view view() const noexcept { return {data_.get() + begin_, end_ - begin_}; }
  bool empty() const noexcept { return begin_ == end_; }
  std::size_t size() const noexcept { return end_ - begin_; }

  void drop(std::size_t bytes) noexcept {
    begin_ += bytes;
    if (begin_ == end_) begin_ = end_ = 0;
  }

  /// Free space behind what is there: at least one byte, growing (never beyond `capacity_max`) when it is full.
  std::span<std::byte> space(std::size_t capacity_max) {
    if (end_ == capacity_ && begin_ != 0) {
      std::memmove(data_.get(), data_.get() + begin_, size());
      end_ -= begin_;
      begin_ = 0;
    }
    if (end_ == capacity_) resize(std::min(std::max(idle_bytes, capacity_ * 2), std::max(capacity_max, capacity_ + 1)));
    return std::as_writable_bytes(std::span(data_.get() + end_, capacity_ - end_));
  }
  void filled(std::size_t bytes) noexcept { end_ += bytes; }

  /// Gives back what a large header or body needed.
  void shrink() {
    if (empty() && capacity_ > idle_bytes) resize(idle_bytes);
  }

 private:
  void resize(std::size_t capacity) {
    auto larger = std::make_unique_for_overwrite<char[]>(capacity);
    const auto kept = size();
    if (kept != 0) std::memcpy(larger.get(), data_.get() + begin_, kept);
    data_ = std::move(larger);
    capacity_ = capacity;
    begin_ = 0;
    end_ = kept;
  }

  std::unique_ptr<char[]> data_;
  std::size_t capacity_ = 0;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
};

}  // namespace nephele::http
