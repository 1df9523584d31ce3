// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "http/message.h"

namespace nephele::identity {

/// A list in a JSON document that is sent as it is read: each page when the client has taken the one before, so that
/// one page is held however long the list is.
class LongList : public http::BodySource {
 public:
  struct Page {
    std::string text = {};  ///< rows, with commas between them
    bool last = false;
  };
  /// `around`: the document with an empty list, its first "[]". `first`: what was read before the answer began.
  LongList(std::string_view around, Page first);
  Task<Result<std::size_t>> read(std::span<std::byte> into) final;

 private:
  virtual Task<Result<Page>> next() = 0;
  void put(Page page);

  std::string text_, tail_;
  std::size_t sent_ = 0;
  bool any_ = false;
  bool ended_ = false;
};

/// `empty`, the answer without rows, with these in it.
http::Response sent_as_read(http::Response empty, std::unique_ptr<LongList> rows);

}  // namespace nephele::identity
