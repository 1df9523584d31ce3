// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/file_handle.h"
#include "base/result.h"

namespace nephele::fleet::web {

/// What a line tells.
struct Line {
  std::string_view host = {}, subject = {}, method = {}, target = {};
  bool http10 = false;
  int status = 0;
  std::uint64_t bytes = 0;
  std::string_view referer = {}, agent = {};
};

/// host "client-DN" user time "request" status bytes "referer" "agent", as Apache writes it, with its end; in UTC.
/// Machines wrote much of it: what could end a line or a quoted part is escaped.
std::string text_of(const Line& line, Time now);

/// A file of such lines. It begins anew at a size, keeping one old one, so that no flood fills the disk. Thread-safe.
class AccessLog {
 public:
  explicit AccessLog(std::string path) : path_(std::move(path)) {}
  /// Opens the file again; logrotate may have moved it.
  Result<> reopen();
  void write(const std::string& text);

 private:
  std::string path_;
  std::mutex mutex_;  // guards what follows
  FileHandle file_;
  std::int64_t bytes_ = 0;
};

}  // namespace nephele::fleet::web
