// SPDX-License-Identifier: Apache-2.0
#include "fleet/adapters/image_archive.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <optional>
#include <span>
#include <vector>

namespace nephele::fleet {

namespace {

constexpr std::size_t block = 512;
constexpr std::array<std::string_view, 5> parts{"vmlinux", "initrd.img", "root.qcow2", "cmdline", "MANIFEST"};

/// A header of POSIX's ustar, or GNU's.
class Header {
 public:
  explicit Header(std::span<const char, block> bytes) : bytes_(bytes) {}

  bool is_end() const {
    return std::ranges::all_of(bytes_, [](char c) { return c == '\0'; });
  }
  bool is_whole() const {
    std::uint64_t sum = 0;
    for (std::size_t i = 0; i < block; ++i)
      sum += i >= 148 && i < 156 ? std::uint64_t{' '} : std::uint64_t{static_cast<unsigned char>(bytes_[i])};
    return number(148, 8) == sum;
  }
  bool is_file() const { return bytes_[156] == '0' || bytes_[156] == '\0'; }
  std::optional<std::uint64_t> size() const { return number(124, 12); }
  /// Without the folders before it.
  std::string name() const {
    std::string out(bytes_.data(), std::find(bytes_.data(), bytes_.data() + 100, '\0'));
    return out.substr(out.rfind('/') + 1);
  }

 private:
  /// Octal digits, or what is too big for them in base 256.
  std::optional<std::uint64_t> number(std::size_t at, std::size_t length) const {
    std::uint64_t out = 0;
    if ((static_cast<unsigned char>(bytes_[at]) & 0x80U) != 0) {
      for (std::size_t i = at + length - 8; i < at + length; ++i)
        out = (out << 8U) | static_cast<unsigned char>(bytes_[i]);
      return out;
    }
    std::size_t i = at;
    while (i < at + length && bytes_[i] == ' ') ++i;
    for (; i < at + length && bytes_[i] != '\0' && bytes_[i] != ' '; ++i) {
      if (bytes_[i] < '0' || bytes_[i] > '7') return std::nullopt;
      out = out * 8 + static_cast<std::uint64_t>(bytes_[i] - '0');
    }
    return out;
  }

  std::span<const char, block> bytes_;
};

bool copy(std::ifstream& from, std::uint64_t size, const std::string& to) {
  std::ofstream out(to, std::ios::binary | std::ios::trunc);
  std::vector<char> bytes(std::size_t{256} * 1024);
  while (size > 0 && from && out) {
    const auto some = static_cast<std::streamsize>(std::min<std::uint64_t>(size, bytes.size()));
    from.read(bytes.data(), some);
    out.write(bytes.data(), some);
    size -= static_cast<std::uint64_t>(some);
  }
  out.close();
  return from.good() && out.good();
}

}  // namespace

Result<> unpack_image(const std::string& archive, const std::string& folder) {
  const auto wrong = [&](const std::string& why) { return fail(Kind::invalid, archive + " is no image: " + why); };
  std::error_code ec;
  const std::uint64_t length = std::filesystem::file_size(archive, ec);
  std::ifstream in(archive, std::ios::binary);
  if (ec || !in) return wrong("it cannot be read");
  std::array<char, block> bytes{};
  for (std::uint64_t at = 0; at + block <= length;) {
    in.seekg(static_cast<std::streamoff>(at));
    in.read(bytes.data(), block);
    const Header header(bytes);
    if (!in || header.is_end()) break;
    const auto size = header.is_whole() ? header.size() : std::nullopt;
    if (!size) return wrong("it is no tar archive, or a compressed one; `tar cf` makes it");
    at += block;
    if (*size > length - at) return wrong("it ends in the middle");
    const std::string name = header.name();
    if (header.is_file() && std::ranges::find(parts, name) != parts.end() && !copy(in, *size, folder + "/" + name))
      return fail(Kind::unavailable, folder + "/" + name + " cannot be written");
    at += (*size + block - 1) / block * block;
  }
  return {};
}

}  // namespace nephele::fleet
