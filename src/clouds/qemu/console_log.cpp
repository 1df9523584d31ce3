// SPDX-License-Identifier: Apache-2.0
#include "clouds/qemu/console_log.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "base/text_file.h"

namespace nephele::qemu {

namespace {

std::size_t size_of(const FileHandle& file) {
  struct stat about{};
  return ::fstat(file.get(), &about) == 0 ? static_cast<std::size_t>(about.st_size) : 0;
}

std::string last_bytes(const FileHandle& file, std::size_t bytes) {
  const std::size_t size = size_of(file);
  std::string out(std::min(size, bytes), '\0');
  std::size_t have = 0;
  const std::size_t from = size - out.size();
  while (have < out.size()) {
    const ssize_t got = ::pread(file.get(), out.data() + have, out.size() - have, static_cast<off_t>(from + have));
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) break;
    have += static_cast<std::size_t>(got);
  }
  out.resize(have);
  return out;
}

}  // namespace

Result<std::string> console_tail(const std::string& path, std::size_t bytes) {
  std::string out;
  auto newer = open_untrusted(path, O_RDONLY);
  if (newer)
    out = last_bytes(*newer, bytes);
  else if (newer.error().kind() != Kind::not_found)
    return fail(newer.error());
  if (out.size() == bytes) return out;
  if (const auto older = open_untrusted(path + ".1", O_RDONLY)) out.insert(0, last_bytes(*older, bytes - out.size()));
  return out;
}

Result<> trim_console(const std::string& path, Bytes max) {
  auto file = open_untrusted(path, O_RDWR);
  if (!file) return file.error().kind() == Kind::not_found ? Result<>{} : Result<>(fail(file.error()));
  const std::size_t half = static_cast<std::size_t>(max.count() / 2);
  if (size_of(*file) <= half) return {};
  const std::string keep = last_bytes(*file, half);
  TRY_VOID(replace_file(path + ".1", keep, 0600));
  if (::ftruncate(file->get(), 0) != 0)
    return fail(Kind::unavailable, fmt::format("{}: {}", path, std::strerror(errno)));
  return {};
}

}  // namespace nephele::qemu
