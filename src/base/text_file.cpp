// SPDX-License-Identifier: Apache-2.0
#include "base/text_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>

namespace nephele {

namespace {
std::unexpected<Error> told(const std::string& path) {
  const Kind kind = errno == ENOENT ? Kind::not_found : errno == EACCES ? Kind::forbidden : Kind::unavailable;
  return fail(kind, fmt::format("{}: {}", path, std::strerror(errno)));
}
bool write_all(int file, std::string_view content) {
  while (!content.empty()) {
    const ssize_t put = ::write(file, content.data(), content.size());
    if (put < 0 && errno == EINTR) continue;
    if (put < 0) return false;
    content.remove_prefix(static_cast<std::size_t>(put));
  }
  return true;
}

}  // namespace

std::optional<std::string> read_text_file(const std::string& path, std::size_t bytes_max) {
  const FileHandle file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!file) return std::nullopt;
  std::string text(bytes_max, '\0');
  std::size_t have = 0;
  while (have < bytes_max) {
    const ssize_t got = ::read(file.get(), text.data() + have, bytes_max - have);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return std::nullopt;
    if (got == 0) break;
    have += static_cast<std::size_t>(got);
  }
  text.resize(have);
  return text;
}

Result<> replace_file(const std::string& path, std::string_view content, mode_t mode) {
  const std::string temporary = path + ".new";
  ::unlink(temporary.c_str());  // of a process that died in here
  const FileHandle file(::open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  if (!file) return told(temporary);
  const bool whole = write_all(file.get(), content) && ::fchmod(file.get(), mode) == 0 && ::fsync(file.get()) == 0;
  if (!whole || ::rename(temporary.c_str(), path.c_str()) != 0) {
    auto why = told(whole ? path : temporary);
    ::unlink(temporary.c_str());  // on a full disk it takes the room that is left
    return why;
  }
  const FileHandle directory(
      ::open(std::filesystem::path(path).parent_path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!directory || ::fsync(directory.get()) != 0) return told(path);
  return {};
}

Result<FileHandle> open_untrusted(const std::string& path, int flags) {
  FileHandle file(::open(path.c_str(), flags | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
  if (!file) return told(path);
  struct stat about{};
  if (::fstat(file.get(), &about) != 0) return told(path);
  if (!S_ISREG(about.st_mode) || about.st_nlink != 1)
    return fail(Kind::forbidden, path + " is not a plain file of its own; somebody has replaced it");
  return file;
}

}  // namespace nephele
