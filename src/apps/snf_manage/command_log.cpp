// SPDX-License-Identifier: Apache-2.0
#include "apps/snf_manage/command_log.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <ctime>
#include <filesystem>
#include <system_error>

namespace nephele::apps {

namespace {

std::string local_stamp(Time now) {
  const std::time_t seconds = std::chrono::system_clock::to_time_t(now);
  std::tm local{};
  ::localtime_r(&seconds, &local);
  std::array<char, 16> text{};
  const auto length = std::strftime(text.data(), text.size(), "%y%m%d%H%M%S", &local);
  return {text.data(), length};
}

}  // namespace

Result<std::unique_ptr<CommandLog>> CommandLog::open(const std::string& directory, std::string_view verb, Time now) {
  const std::string folder = directory + "/commands";
  std::error_code ec;
  std::filesystem::create_directories(folder, ec);
  if (ec) return fail(Kind::unavailable, folder + ": " + ec.message());
  std::string path =
      folder + "/" + local_stamp(now) + "_" + std::string(verb) + "_" + std::to_string(::getpid()) + ".log";
  FileHandle file(::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY, 0600));
  if (!file) return fail(Kind::unavailable, path + ": " + std::generic_category().message(errno));
  return std::unique_ptr<CommandLog>(new CommandLog(std::move(path), std::move(file)));
}

void CommandLog::write(std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = ::write(file_.get(), text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return;  // a full disk must not keep an administrator from clearing it
    text.remove_prefix(static_cast<std::size_t>(written));
  }
}

void Terminal::print(std::string_view text) {
  std::fwrite(text.data(), 1, text.size(), stdout);
  if (log_ != nullptr) log_->write(text);
}

void Terminal::print_secret(std::string_view text) {
  std::fwrite(text.data(), 1, text.size(), stdout);
  if (log_ != nullptr) log_->write("(hidden)\n");
}

bool Terminal::flush() {
  return std::fflush(stdout) == 0 && std::ferror(stdout) == 0;
}

}  // namespace nephele::apps
