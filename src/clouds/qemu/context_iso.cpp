// SPDX-License-Identifier: Apache-2.0
#include "clouds/qemu/context_iso.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <limits>

#include "base/ascii.h"

namespace nephele::qemu {

namespace {

constexpr std::size_t sector = 2048;
constexpr std::uint32_t descriptors_at = 16;  // the first 16 sectors belong to the system
constexpr std::uint32_t path_tables_at = 19;  // little and big endian, plain and Joliet
constexpr std::uint32_t roots_at = 23;
constexpr std::uint32_t files_at = 25;
constexpr std::uint32_t pad_sectors = 32;  // drives read ahead

enum class Names : std::uint8_t { plain, joliet };

/// Bytes written one after the other; the standard counts positions from 1, this from 0.
class Block {
 public:
  void u8(unsigned v) { bytes_ += static_cast<char>(v); }
  void text(std::string_view v) { bytes_ += v; }
  void zeros(std::size_t n) { bytes_.append(n, '\0'); }
  void little32(std::uint32_t v) {
    for (int i = 0; i < 4; ++i) u8((v >> (8U * static_cast<unsigned>(i))) & 0xffU);
  }
  void big32(std::uint32_t v) {
    for (int i = 3; i >= 0; --i) u8((v >> (8U * static_cast<unsigned>(i))) & 0xffU);
  }
  void both32(std::uint32_t v) {
    little32(v);
    big32(v);
  }
  void both16(unsigned v) {
    u8(v & 0xffU);
    u8(v >> 8U);
    u8(v >> 8U);
    u8(v & 0xffU);
  }
  /// Text filled with blanks, in the encoding of the descriptor.
  void field(std::string_view v, std::size_t width, Names names) {
    if (names == Names::plain) {
      text(v.substr(0, width));
      bytes_.append(width - std::min(v.size(), width), ' ');
      return;
    }
    for (std::size_t i = 0; i + 1 < width; i += 2) {
      u8(0);
      u8(i / 2 < v.size() ? static_cast<unsigned char>(v[i / 2]) : ' ');
    }
    if (width % 2 != 0) u8(0);
  }
  void pad_to(std::size_t size) { bytes_.resize(size, '\0'); }
  std::size_t size() const { return bytes_.size(); }
  std::string take() { return std::move(bytes_); }

 private:
  std::string bytes_;
};

struct Date {
  std::chrono::year_month_day day;
  std::chrono::hh_mm_ss<std::chrono::seconds> time;

  explicit Date(std::chrono::sys_seconds at)
      : day(std::chrono::floor<std::chrono::days>(at)), time(at - std::chrono::floor<std::chrono::days>(at)) {}

  std::string digits() const {
    return fmt::format("{:04}{:02}{:02}{:02}{:02}{:02}00", static_cast<int>(day.year()),
                       static_cast<unsigned>(day.month()), static_cast<unsigned>(day.day()), time.hours().count(),
                       time.minutes().count(), time.seconds().count());
  }
};

struct Extent {
  std::string_view name;
  std::uint32_t at;
  std::uint32_t bytes;
};

std::uint32_t sectors(std::size_t bytes) {
  return static_cast<std::uint32_t>((bytes + sector - 1) / sector);
}

// "context.sh" is CONTEXT.SH;1 to the standard (Linux shows it in lower case again) and context.sh;1 in Joliet.
std::string file_identifier(std::string_view name, Names names) {
  std::string out(name);
  if (names == Names::plain) {
    std::transform(out.begin(), out.end(), out.begin(), [](char c) {
      if (c == '-') return '_';
      return ascii::upper(c);
    });
    if (!out.contains('.')) out += '.';
    return out + ";1";
  }
  Block wide;
  wide.field(out + ";1", 2 * (out.size() + 2), Names::joliet);
  return wide.take();
}

// ECMA-119, 9.1: always of even length.
std::string directory_record(std::string_view identifier, std::uint32_t at, std::uint32_t bytes, bool directory,
                             const Date& date) {
  Block r;
  const std::size_t length = 33 + identifier.size() + (identifier.size() % 2 == 0 ? 1 : 0);
  r.u8(static_cast<unsigned>(length));
  r.u8(0);
  r.both32(at);
  r.both32(bytes);
  r.u8(static_cast<unsigned>(static_cast<int>(date.day.year()) - 1900) & 0xffU);
  r.u8(static_cast<unsigned>(date.day.month()));
  r.u8(static_cast<unsigned>(date.day.day()));
  r.u8(static_cast<unsigned>(date.time.hours().count()));
  r.u8(static_cast<unsigned>(date.time.minutes().count()));
  r.u8(static_cast<unsigned>(date.time.seconds().count()));
  r.u8(0);  // UTC
  r.u8(directory ? 2 : 0);
  r.zeros(2);
  r.both16(1);
  r.u8(static_cast<unsigned>(identifier.size()));
  r.text(identifier);
  r.pad_to(length);
  return r.take();
}

constexpr std::string_view self_identifier("\0", 1);
constexpr std::string_view parent_identifier("\1", 1);

std::string root_directory(const std::vector<Extent>& files, std::uint32_t at, Names names, const Date& date) {
  std::vector<std::pair<std::string, const Extent*>> sorted;
  for (const Extent& file : files) sorted.emplace_back(file_identifier(file.name, names), &file);
  std::sort(sorted.begin(), sorted.end());
  Block d;
  d.text(directory_record(self_identifier, at, sector, true, date));
  d.text(directory_record(parent_identifier, at, sector, true, date));
  for (const auto& [identifier, file] : sorted)
    d.text(directory_record(identifier, file->at, file->bytes, false, date));
  d.pad_to(sector);
  return d.take();
}

constexpr std::uint32_t path_table_bytes = 10;

std::string path_table(std::uint32_t root, bool big) {
  Block t;
  t.u8(1);
  t.u8(0);
  if (big)
    t.big32(root);
  else
    t.little32(root);
  t.u8(big ? 0 : 1);
  t.u8(big ? 1 : 0);
  t.zeros(2);  // identifier and its padding
  t.pad_to(sector);
  return t.take();
}

// ECMA-119, 8.4 and 8.5.
std::string volume_descriptor(std::string_view label, std::uint32_t volume_sectors, Names names, const Date& date) {
  const bool joliet = names == Names::joliet;
  const std::uint32_t table = path_tables_at + (joliet ? 2 : 0);
  const std::uint32_t root = roots_at + (joliet ? 1 : 0);
  Block d;
  d.u8(joliet ? 2 : 1);
  d.text("CD001");
  d.u8(1);
  d.u8(0);
  d.field("LINUX", 32, names);
  d.field(label, 32, names);
  d.zeros(8);
  d.both32(volume_sectors);
  if (joliet) {
    d.text("%/E");  // UCS-2, level 3
    d.zeros(29);
  } else {
    d.zeros(32);
  }
  d.both16(1);
  d.both16(1);
  d.both16(sector);
  d.both32(path_table_bytes);
  d.little32(table);
  d.little32(0);
  d.big32(table + 1);
  d.big32(0);
  d.text(directory_record(self_identifier, root, sector, true, date));
  d.field("", 128, names);         // volume set
  d.field("", 128, names);         // publisher
  d.field("", 128, names);         // preparer
  d.field("NEPHELE", 128, names);  // application
  for (int i = 0; i < 3; ++i) d.field("", 37, names);
  const std::string stamp = date.digits();
  for (int i = 0; i < 2; ++i) {  // created, modified
    d.text(stamp);
    d.u8(0);
  }
  d.text("0000000000000000");  // never expires
  d.u8(0);
  d.text(stamp);
  d.u8(0);
  d.u8(1);
  d.pad_to(sector);
  return d.take();
}

std::string terminator() {
  Block d;
  d.u8(255);
  d.text("CD001");
  d.u8(1);
  d.pad_to(sector);
  return d.take();
}

Result<> check_name(std::string_view name) {
  constexpr std::size_t name_max = 27;  // with ".;1" the 30 characters of level 2
  const auto fine = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-' || c == '.';
  };
  const bool good = !name.empty() && name.size() <= name_max && name[0] != '.' && name.back() != '.' &&
                    std::all_of(name.begin(), name.end(), fine) && std::count(name.begin(), name.end(), '.') <= 1;
  if (good) return {};
  return fail(Kind::invalid, fmt::format("\"{}\" cannot be a file of the context disc; use up to {} of a-z 0-9 _ - and "
                                         "one point",
                                         name, name_max));
}

Result<std::vector<Extent>> lay_out(const std::vector<IsoFile>& files, std::uint32_t& next) {
  std::vector<Extent> out;
  std::vector<std::string> seen;
  std::uint64_t at = next;
  for (const IsoFile& file : files) {
    TRY_VOID(check_name(file.name));
    if (file.content.size() > std::numeric_limits<std::uint32_t>::max())
      return fail(Kind::invalid, fmt::format("{} is too big for the context disc", file.name));
    seen.push_back(file_identifier(file.name, Names::plain));
    if (std::count(seen.begin(), seen.end(), seen.back()) > 1)
      return fail(Kind::invalid, fmt::format("the context disc has two files named {}", file.name));
    out.push_back({file.name, static_cast<std::uint32_t>(at), static_cast<std::uint32_t>(file.content.size())});
    at += sectors(file.content.size());
    if (at > std::numeric_limits<std::uint32_t>::max() / 2)
      return fail(Kind::invalid, "the files are too big for one context disc");
  }
  next = static_cast<std::uint32_t>(at);
  return out;
}

}  // namespace

Result<std::string> make_iso(std::string_view label, const std::vector<IsoFile>& files, std::chrono::sys_seconds date) {
  const auto fine = [](char c) { return (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_'; };
  if (label.empty() || label.size() > 16 || !std::all_of(label.begin(), label.end(), fine))
    return fail(Kind::invalid, "a disc's label has 1 to 16 of A-Z 0-9 _");
  constexpr std::size_t files_max = 12;  // their records fit one sector
  if (files.size() > files_max) return fail(Kind::invalid, fmt::format("a context disc takes {} files", files_max));
  std::uint32_t next = files_at;
  TRY(const auto extents, lay_out(files, next));
  const std::uint32_t volume_sectors = next + pad_sectors;
  const Date when(date);

  Block disc;
  disc.zeros(descriptors_at * sector);
  disc.text(volume_descriptor(label, volume_sectors, Names::plain, when));
  disc.text(volume_descriptor(label, volume_sectors, Names::joliet, when));
  disc.text(terminator());
  for (const std::uint32_t root : {roots_at, roots_at + 1}) {
    disc.text(path_table(root, false));
    disc.text(path_table(root, true));
  }
  disc.text(root_directory(extents, roots_at, Names::plain, when));
  disc.text(root_directory(extents, roots_at + 1, Names::joliet, when));
  for (const IsoFile& file : files) {
    disc.text(file.content);
    disc.pad_to((disc.size() + sector - 1) / sector * sector);
  }
  disc.pad_to(volume_sectors * sector);
  return disc.take();
}

}  // namespace nephele::qemu
