// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "http/limits.h"
#include "http/message.h"
#include "http/wire.h"

/// Bodies that do not fit a string, sent as fast as the client takes them and in constant memory.
namespace nephele::http {

/// How far a body got.
struct Sent {
  bool whole = false;       ///< false: the connection cannot go on
  std::uint64_t bytes = 0;  ///< of the body, without framing
  std::string problem;      ///< of ours, for the log; empty when the client went
};

Task<Sent> send_file(Wire& wire, FileRange range, const Limits& limits);
/// With a length that was announced, exactly so much; else chunked, or (HTTP/1.0) up to the end of the connection.
Task<Sent> send_stream(Wire& wire, Stream stream, bool chunked, const Limits& limits);
/// Ends when the source does, when the client goes, or when the wire is cancelled.
Task<Sent> send_events(Wire& wire, std::unique_ptr<EventSource> source, bool chunked, const Limits& limits);

/// `id:`, `event:` and `data:` lines of one event, with the empty line. Line breaks in data become data lines; in the
/// other two they are left out.
std::string format_event(const ServerEvent& event);

}  // namespace nephele::http
