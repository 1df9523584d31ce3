// SPDX-License-Identifier: Apache-2.0
#include "identity/long_list.h"

#include <algorithm>
#include <cstring>
#include <utility>

namespace nephele::identity {

LongList::LongList(std::string_view around, Page first) {
  const auto split = around.find("[]") + 1;
  text_ = around.substr(0, split);
  tail_ = around.substr(split);
  put(std::move(first));
}

void LongList::put(Page page) {
  if (any_ && !page.text.empty()) text_ += ',';
  any_ |= !page.text.empty();
  text_ += page.text;
  ended_ = page.last;
  if (ended_) text_ += tail_;
}

Task<Result<std::size_t>> LongList::read(std::span<std::byte> into) {
  while (sent_ == text_.size() && !ended_) {
    CO_TRY(auto page, co_await next());
    text_.clear();
    sent_ = 0;
    put(std::move(page));
  }
  const std::size_t size = std::min(into.size(), text_.size() - sent_);
  std::memcpy(into.data(), text_.data() + sent_, size);
  sent_ += size;
  co_return size;
}

http::Response sent_as_read(http::Response empty, std::unique_ptr<LongList> rows) {
  empty.body = http::Stream{.source = std::move(rows), .length = {}};
  return empty;
}

}  // namespace nephele::identity
