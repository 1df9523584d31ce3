// SPDX-License-Identifier: Apache-2.0
#include "apps/vcycled/log_lines.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <filesystem>
#include <iostream>
#include <system_error>

#include "fleet/report.h"

namespace nephele::apps::vcycle {

Result<> LogLines::reopen() {
  std::error_code ec;
  std::filesystem::create_directories(std::filesystem::path(path_).parent_path(), ec);
  FileHandle file(::open(path_.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0640));
  if (!file) return fail(Kind::unavailable, path_ + ": " + std::generic_category().message(errno));
  const std::lock_guard lock(mutex_);
  file_ = std::move(file);
  return {};
}

void LogLines::say(const std::string& text) {
  const auto now = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
  std::string line = fleet::log_time(now) + " [" + std::to_string(::getpid()) + "]: " + text;
  // Clouds and machines are quoted here: one line stays one.
  std::ranges::replace_if(line, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }, ' ');
  line += '\n';
  const std::lock_guard lock(mutex_);
  if (file_) [[maybe_unused]]
    const auto written = ::write(file_.get(), line.data(), line.size());
  if (shown_) std::cerr << line;
}

}  // namespace nephele::apps::vcycle
