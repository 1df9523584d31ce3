// SPDX-License-Identifier: Apache-2.0
#include "fleet/web/access_log.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <ctime>
#include <filesystem>
#include <system_error>

#include "base/redacted.h"
#include "base/utc.h"

namespace nephele::fleet::web {

namespace {

constexpr std::int64_t bytes_max = std::int64_t{100} << 20U;
constexpr std::size_t shown_max = 512;  // of a part
constexpr std::size_t target_max = shown_max - 32;

std::string in_quotes(std::string_view text) {
  if (text.empty()) return "\"-\"";
  std::string out = "\"";
  for (const char c : text.substr(0, shown_max)) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\')
      out.append(1, '\\').append(1, c);
    else if (byte < 0x20 || byte > 0x7e)
      out += fmt::format("\\x{:02x}", byte);
    else
      out += c;
  }
  return out + '"';
}

std::string time_text(Time now) {
  static constexpr std::array months{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                     "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const std::tm at = utc(std::chrono::floor<std::chrono::seconds>(now));
  return fmt::format("[{:02}/{}/{}:{:02}:{:02}:{:02} +0000]", at.tm_mday,
                     months.at(static_cast<std::size_t>(at.tm_mon)), at.tm_year + 1'900, at.tm_hour, at.tm_min,
                     at.tm_sec);
}

}  // namespace

std::string text_of(const Line& line, Time now) {
  const auto request =
      fmt::format("{} {} HTTP/1.{}", line.method,
                  without_query_values(line.target.substr(0, target_max)).substr(0, target_max), line.http10 ? 0 : 1);
  return fmt::format("{} {} - {} {} {} {} {} {}\n", line.host, in_quotes(line.subject), time_text(now),
                     in_quotes(request), line.status, line.bytes,
                     in_quotes(without_url_secrets(line.referer.substr(0, shown_max))), in_quotes(line.agent));
}

Result<> AccessLog::reopen() {
  std::error_code ec;
  std::filesystem::create_directories(std::filesystem::path(path_).parent_path(), ec);
  FileHandle file(::open(path_.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0640));
  struct stat info{};
  if (!file || ::fstat(file.get(), &info) != 0)
    return fail(Kind::unavailable, path_ + ": " + std::generic_category().message(errno));
  const std::lock_guard lock(mutex_);
  file_ = std::move(file);
  bytes_ = info.st_size;
  return {};
}

void AccessLog::write(const std::string& text) {
  {
    const std::lock_guard lock(mutex_);
    if (!file_) return;
    // What a full disk refuses is lost.
    if (::write(file_.get(), text.data(), text.size()) > 0) bytes_ += static_cast<std::int64_t>(text.size());
    if (bytes_ < bytes_max) return;
    bytes_ = 0;
    (void)std::rename(path_.c_str(), (path_ + ".1").c_str());
  }
  (void)reopen();
}

}  // namespace nephele::fleet::web
