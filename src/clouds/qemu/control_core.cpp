// SPDX-License-Identifier: Apache-2.0
#include "clouds/qemu/control_core.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <utility>

namespace nephele::qemu {

namespace {
constexpr std::size_t header_bytes_max = ControlCore::type_bytes_max + 22;
}

std::vector<ControlFrame> ControlCore::feed(std::string_view bytes) {
  std::vector<ControlFrame> out;
  while (!bytes.empty()) {
    if (at_ == At::payload || at_ == At::skipped_payload) {
      const std::size_t take = std::min(left_, bytes.size());
      if (at_ == At::payload) frame_.payload.append(bytes.substr(0, take));
      bytes.remove_prefix(take);
      left_ -= take;
    } else {
      const std::size_t end = bytes.find('\n');
      const std::string_view part = bytes.substr(0, end);
      if (at_ == At::header && header_.size() + part.size() <= header_bytes_max)
        header_ += part;
      else
        at_ = At::skipped_line;
      bytes.remove_prefix(end == std::string_view::npos ? bytes.size() : end + 1);
      if (end == std::string_view::npos) continue;
      const bool skipped = at_ == At::skipped_line;
      at_ = At::header;
      const std::string line = std::exchange(header_, {});
      if (skipped) continue;
      read_header(line);
      if (at_ == At::header) continue;
    }
    if (left_ != 0) continue;
    if (at_ == At::payload) out.push_back(std::exchange(frame_, {}));
    at_ = At::header;
  }
  return out;
}

void ControlCore::read_header(std::string_view line) {
  const std::size_t blank = line.find(' ');
  if (blank == 0 || blank == std::string_view::npos || blank > type_bytes_max) return;
  const std::string_view digits = line.substr(blank + 1);
  std::size_t length = 0;
  const auto read = std::from_chars(digits.data(), digits.data() + digits.size(), length);
  if (digits.empty() || read.ec != std::errc{} || read.ptr != digits.data() + digits.size()) return;
  const bool wanted = length <= payload_bytes_max;
  at_ = wanted ? At::payload : At::skipped_payload;
  frame_ = {wanted ? std::string(line.substr(0, blank)) : std::string(), {}};
  left_ = length;
}

std::string ControlCore::frame(std::string_view type, std::string_view payload) {
  return fmt::format("{} {}\n{}", type, payload.size(), payload);
}

}  // namespace nephele::qemu
