// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <mutex>
#include <string>
#include <string_view>

#include "base/file_handle.h"
#include "base/result.h"

namespace nephele::apps::vcycle {

/// /var/log/vcycle/vcycled as its readers grep it: "Nov 22 06:05:04 [PID]: text" in local time. A line of several
/// spaces' cycles is whole; what a full disk refuses is lost, and counted in the first line after that. URLs are shown
/// without the secrets in them.
class LogLines {
 public:
  explicit LogLines(std::string path) : path_(std::move(path)) {}
  /// Opens the file anew, as each cycle does; logrotate may have moved it.
  Result<> reopen();
  void say(const std::string& text);
  void also_on_standard_error(bool on) { shown_ = on; }
  /// Why the last line could not be written, for those who look elsewhere; empty: it could.
  std::string trouble() const;

 private:
  bool put(std::string_view line);  ///< with mutex_ held

  std::string path_;
  mutable std::mutex mutex_;  // guards the file and what is known of it
  FileHandle file_;
  bool half_ = false;  ///< the file ends within a line
  std::size_t lost_ = 0;
  std::string trouble_;
  bool shown_ = false;
};

}  // namespace nephele::apps::vcycle
