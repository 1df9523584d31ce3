// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace nephele::qemu {

/// One message on the guest's control channel.
struct ControlFrame {
  std::string type;
  std::string payload;
};

/// The frames of the virtio-serial port `nephele.0`, `TYPE LENGTH\n` and LENGTH bytes, without a socket. The guest is
/// not trusted: what is too long or makes no sense is skipped, and memory stays bounded. Source: guest/README.md.
class ControlCore {
 public:
  static constexpr std::size_t type_bytes_max = 24;
  static constexpr std::size_t payload_bytes_max = std::size_t{64} * 1024;

  std::vector<ControlFrame> feed(std::string_view bytes);
  static std::string frame(std::string_view type, std::string_view payload);

 private:
  enum class At : unsigned char { header, payload, skipped_payload, skipped_line };
  void read_header(std::string_view line);

  At at_ = At::header;
  std::string header_;
  ControlFrame frame_;
  std::size_t left_ = 0;
};

}  // namespace nephele::qemu
