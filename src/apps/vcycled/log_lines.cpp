// SPDX-License-Identifier: Apache-2.0
#include "apps/vcycled/log_lines.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <filesystem>
#include <iostream>
#include <system_error>
#include <utility>

#include "base/redacted.h"
#include "fleet/report.h"

namespace nephele::apps::vcycle {

Result<> LogLines::reopen() {
  std::error_code ec;
  std::filesystem::create_directories(std::filesystem::path(path_).parent_path(), ec);
  FileHandle file(::open(path_.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0640));
  if (!file) return fail(Kind::unavailable, path_ + ": " + std::generic_category().message(errno));
  struct stat about{};
  const std::lock_guard lock(mutex_);
  if (::fstat(file.get(), &about) == 0 && about.st_size == 0) half_ = false;  // a new one
  file_ = std::move(file);
  return {};
}

std::string LogLines::trouble() const {
  const std::lock_guard lock(mutex_);
  return trouble_;
}

bool LogLines::put(std::string_view line) {
  const std::string text = (half_ ? "\n" : "") + std::string(line);
  const auto written = ::write(file_.get(), text.data(), text.size());
  if (std::cmp_equal(written, text.size())) {
    half_ = false;
    trouble_.clear();
    return true;
  }
  // A disk takes what there is room for.
  if (written > 0) half_ = text[static_cast<std::size_t>(written) - 1] != '\n';
  trouble_ = path_ + " cannot be written: " + std::generic_category().message(written < 0 ? errno : ENOSPC);
  return false;
}

void LogLines::say(const std::string& text) {
  const auto now = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
  const std::string head = fleet::log_time(now) + " [" + std::to_string(::getpid()) + "]: ";
  std::string line = head + without_url_secrets(text);
  // Clouds and machines are quoted here: one line stays one.
  std::ranges::replace_if(line, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }, ' ');
  line += '\n';
  const std::lock_guard lock(mutex_);
  if (file_) {
    if (lost_ > 0 && put(head + std::to_string(lost_) + " lines before this one are lost: " + trouble_ + "\n"))
      lost_ = 0;
    if (lost_ > 0 || !put(line)) ++lost_;
  }
  if (shown_) std::cerr << line;
}

}  // namespace nephele::apps::vcycle
