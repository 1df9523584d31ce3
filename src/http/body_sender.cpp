// SPDX-License-Identifier: Apache-2.0
#include "http/body_sender.h"

#include <algorithm>
#include <cstring>
#include <vector>

#include "http/reply.h"

namespace nephele::http {

namespace {
constexpr std::size_t block_bytes = std::size_t{64} * 1024;

std::string_view text_of(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};  // NOLINT: bytes are characters on the wire
}
}  // namespace

Task<Sent> send_file(Wire& wire, FileRange range, const Limits& limits) {
  Sent sent;
  while (sent.bytes < range.length) {
    const Io io = co_await wire.send_file_some(range.file.get(), range.offset + sent.bytes, range.length - sent.bytes,
                                               limits.body_stall);
    if (io.error) co_return sent;
    if (io.bytes == 0) {
      sent.problem = "the file is shorter than announced";
      co_return sent;
    }
    sent.bytes += io.bytes;
  }
  sent.whole = true;
  co_return sent;
}

Task<Sent> send_stream(Wire& wire, Stream stream, bool chunked, const Limits& limits) {
  Sent sent;
  std::vector<std::byte> block(block_bytes + 2);  // and the line break behind a chunk
  std::string size_line;
  while (!stream.length || sent.bytes < *stream.length) {
    const auto left = stream.length ? *stream.length - sent.bytes : block_bytes;
    const auto room = std::span(block).first(static_cast<std::size_t>(std::min<std::uint64_t>(left, block_bytes)));
    const auto got = co_await stream.source->read(room);
    if (!got) {
      sent.problem = got.error().sentence();
      co_return sent;
    }
    if (*got == 0) break;
    auto data = std::span(block).first(*got);
    size_line.clear();
    if (chunked) {
      append_chunk_size(size_line, *got);
      std::memcpy(block.data() + *got, "\r\n", 2);
      data = std::span(block).first(*got + 2);
    }
    if (!co_await wire.send(size_line, text_of(data), limits.body_stall)) co_return sent;
    sent.bytes += *got;
  }
  if (stream.length && sent.bytes < *stream.length) {
    sent.problem = "the stream is shorter than announced";
    co_return sent;
  }
  sent.whole = !chunked || co_await wire.send("0\r\n\r\n", {}, limits.body_stall);
  co_return sent;
}

}  // namespace nephele::http
