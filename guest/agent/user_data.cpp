// SPDX-License-Identifier: Apache-2.0
#include "user_data.h"

#include <fcntl.h>
#include <unistd.h>

#include <cstdint>

#include "paths.h"
#include "text.h"

namespace guest {
namespace {

/// 0 to 63, or -1.
int digit_of(char c) {
  if (c >= 'A' && c <= 'Z') return c - 'A';
  if (c >= 'a' && c <= 'z') return c - 'a' + 26;
  if (c >= '0' && c <= '9') return c - '0' + 52;
  if (c == '+') return 62;
  return c == '/' ? 63 : -1;
}

}  // namespace

std::optional<std::string> decode_base64(std::string_view text) {
  std::string out;
  std::uint32_t bits = 0;
  int count = 0;
  std::size_t digits = 0;
  std::size_t padding = 0;
  for (const char c : text) {
    if (c == '\n' || c == '\r' || c == ' ') continue;
    if (c == '=') {
      ++padding;
      continue;
    }
    const int digit = digit_of(c);
    if (digit < 0 || padding > 0) return std::nullopt;
    ++digits;
    bits = (bits << 6) | static_cast<std::uint32_t>(digit);
    count += 6;
    if (count < 8) continue;
    count -= 8;
    out += static_cast<char>((bits >> count) & 0xff);
  }
  if (padding > 2 || (digits + padding) % 4 != 0) return std::nullopt;
  return out;
}

std::optional<std::string> user_data_script(std::string_view value) {
  auto script = decode_base64(value);
  if (!script || !script->starts_with("#!")) return std::nullopt;
  return script;
}

void exec_user_data() {
  if (::access(paths::user_data, X_OK) != 0) return;
  ::setsid();
  const int in = ::open("/dev/null", O_RDONLY);
  const int out = ::open("/dev/console", O_WRONLY | O_NOCTTY);
  if (in >= 0) ::dup2(in, 0);
  for (int fd = 1; fd < 3; ++fd)
    if (out >= 0) ::dup2(out, fd);
  if (::chdir("/root") != 0) return;
  ::execl(paths::user_data, paths::user_data, nullptr);
  ::execl("/bin/sh", "sh", paths::user_data, nullptr);  // its own interpreter is not here
}

}  // namespace guest
