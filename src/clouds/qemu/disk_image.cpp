// SPDX-License-Identifier: Apache-2.0
#include "clouds/qemu/disk_image.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <stdio.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstring>
#include <utility>
#include <vector>

#include "base/text_file.h"
#include "clouds/qemu/process_watch.h"

namespace nephele::qemu {

namespace {

constexpr std::chrono::seconds tool_limit{60};

std::uint64_t big_endian(std::string_view bytes, std::size_t at, std::size_t width) {
  std::uint64_t out = 0;
  for (std::size_t i = 0; i < width; ++i) out = out << 8U | static_cast<unsigned char>(bytes[at + i]);
  return out;
}

std::string doubled_commas(std::string_view text) {
  std::string out;
  for (const char c : text) out.append(c == ',' ? 2 : 1, c);
  return out;
}

}  // namespace

Result<QcowHeader> parse_qcow_header(std::string_view bytes) {
  constexpr std::size_t version_two_bytes = 72;
  constexpr std::size_t features_at = 72;
  constexpr std::uint64_t data_file_bit = 1U << 2U;
  if (bytes.size() < version_two_bytes || bytes.substr(0, 4) != "QFI\xfb")
    return fail(Kind::invalid, "this is no qcow2 image; convert it with qemu-img convert -O qcow2");
  const std::uint64_t version = big_endian(bytes, 4, 4);
  if (version != 2 && version != 3)
    return fail(Kind::invalid, fmt::format("qcow2 version {} is not known here", version));
  QcowHeader out;
  out.virtual_size = Bytes::of(big_endian(bytes, 24, 8));
  out.has_backing = big_endian(bytes, 8, 8) != 0;
  if (version == 3) {
    if (bytes.size() < features_at + 8) return fail(Kind::invalid, "the qcow2 image is cut off");
    out.has_data_file = (big_endian(bytes, features_at, 8) & data_file_bit) != 0;
  }
  return out;
}

Result<QcowHeader> read_qcow_header(const std::string& path) {
  const auto bytes = read_text_file(path, 512);
  if (!bytes) return fail(Kind::not_found, fmt::format("{} cannot be read: {}", path, std::strerror(errno)));
  auto header = parse_qcow_header(*bytes);
  if (!header) return fail(std::move(header.error()).about(path));
  return header;
}

Result<Bytes> base_size(const std::string& path) {
  TRY(const QcowHeader header, read_qcow_header(path));
  if (header.has_backing || header.has_data_file)
    return fail(Kind::invalid, path + " refers to other files; flatten it with qemu-img convert");
  return header.virtual_size;
}

Task<Result<>> DiskTool::create_overlay(std::string directory, std::string name, std::string base, Bytes size) const {
  CO_TRY(const Bytes least, base_size(base));
  if (least > size)
    co_return fail(Kind::invalid, fmt::format("the image needs a disk of at least {} MiB and this one has {} MiB",
                                              least.in_mib_rounded_up(), size.in_mib()));
  const std::string path = directory + "/" + name;
  const std::string temporary = name + ".new";
  ::unlink((directory + "/" + temporary).c_str());
  // -u: the base was looked at above, and the tool's user may not be able to.
  CO_TRY_VOID(co_await run(directory, {"create", "-q", "-u", "-f", "qcow2", "-F", "qcow2", "-b", base, temporary,
                                       std::to_string(size.count())}));
  if (::rename((directory + "/" + temporary).c_str(), path.c_str()) != 0)
    co_return fail(Kind::unavailable, fmt::format("{}: {}", path, std::strerror(errno)));
  co_return Result<>{};
}

Task<Result<>> DiskTool::grow(std::string directory, std::string name, Bytes size) const {
  // Without its base: nothing of it is read, and the new room lies behind its end.
  const std::string image =
      fmt::format("driver=qcow2,backing=,file.driver=file,file.filename={}", doubled_commas(name));
  co_return co_await run(std::move(directory), {"resize", "-q", "--image-opts", image, std::to_string(size.count())});
}

Task<Result<>> DiskTool::run(std::string directory, std::vector<std::string> arguments) const {
  CO_TRY_VOID(find_program(program_, "qemu-utils"));  // perhaps removed since it was found
  ShortRun job;
  job.limit = tool_limit;
  job.process.arguments = std::move(arguments);
  job.process.arguments.insert(job.process.arguments.begin(), program_);
  job.process.directory = std::move(directory);
  job.process.user = user_;
  CO_TRY(const Finished done, co_await run_to_end(std::move(job)));
  if (done.well()) co_return Result<>{};
  co_return fail(Kind::unavailable, fmt::format("qemu-img ended {}: {}", done.status, done.said));
}

}  // namespace nephele::qemu
