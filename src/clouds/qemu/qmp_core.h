// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/json.h"
#include "base/result.h"

namespace nephele::qemu {

/// Something QEMU tells by itself: name, members, host time in microseconds since 1970.
struct QmpEvent {
  std::string name;
  json::Value data;
  std::int64_t time_us = 0;
};

/// The QMP conversation without a socket: bytes in, happenings out. One JSON object per line; events may come between
/// a command and its answer. Source: QEMU 7.2 docs/interop/qmp-spec.
class QmpCore {
 public:
  struct Greeting {};
  struct Reply {
    std::uint64_t id;
    Result<json::Value> value;  ///< the member "return", or QEMU's error with its class as detail "class"
  };
  struct Broken {
    std::string why;  ///< the stream makes no sense any more: reconnect
  };
  using Happening = std::variant<Greeting, Reply, QmpEvent, Broken>;

  static constexpr std::size_t line_bytes_max = 4U << 20U;

  std::vector<Happening> feed(std::string_view bytes);

  /// The line for a command. `id` comes back with its answer.
  static std::string command(std::uint64_t id, std::string_view name, json::Object arguments);

 private:
  static Happening read_line(std::string_view line);

  std::string rest_;
  bool broken_ = false;
};

}  // namespace nephele::qemu
