// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <mutex>
#include <string>

#include "base/file_handle.h"
#include "base/result.h"

namespace nephele::apps::vcycle {

/// /var/log/vcycle/vcycled as its readers grep it: "Nov 22 06:05:04 [PID]: text" in local time. A line of several
/// spaces' cycles is whole; what a full disk refuses is lost.
class LogLines {
 public:
  explicit LogLines(std::string path) : path_(std::move(path)) {}
  /// Opens the file anew, as each cycle does; logrotate may have moved it.
  Result<> reopen();
  void say(const std::string& text);
  void also_on_standard_error(bool on) { shown_ = on; }

 private:
  std::string path_;
  std::mutex mutex_;  // guards the file
  FileHandle file_;
  bool shown_ = false;
};

}  // namespace nephele::apps::vcycle
