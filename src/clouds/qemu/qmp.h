// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/asio/local/stream_protocol.hpp>
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "base/async.h"
#include "base/file_handle.h"
#include "base/json.h"
#include "clouds/qemu/qmp_core.h"
#include "clouds/qemu/strand.h"

namespace nephele::qemu {

/// A QMP conversation over a unix socket. All calls on one strand. A monitor serves one client: whoever connects
/// second hears nothing until the first leaves.
class Qmp {
 public:
  using OnEvent = std::function<void(QmpEvent)>;

  /// `socket` is connected; `on_event` is called from serve(), on the strand.
  Qmp(Executor executor, FileHandle socket, OnEvent on_event);
  Qmp(const Qmp&) = delete;
  Qmp& operator=(const Qmp&) = delete;

  /// Reads until the other side or close() ends the conversation; the owner runs it beside everything else.
  Task<> serve();
  /// Waits for the greeting and leaves the negotiation mode. Once, while serve() runs.
  Task<Result<>> greet(SteadyTime until);
  /// The member "return" of the answer. `timeout`: nothing is known about the command's effect, the process may be
  /// stopped or hang. `unavailable`: the conversation is over, or QEMU refused (then with detail "class").
  Task<Result<json::Value>> run(std::string command, json::Object arguments = {},
                                std::chrono::milliseconds limit = std::chrono::seconds(5));
  bool open() const noexcept { return open_; }
  void close();

 private:
  struct Waiting {
    std::optional<Result<json::Value>> answer;
  };
  void take(QmpCore::Happening happening);

  asio::local::stream_protocol::socket socket_;
  OnEvent on_event_;
  QmpCore core_;
  Change changed_;
  std::map<std::uint64_t, Waiting*> waiting_;
  std::uint64_t last_id_ = 0;
  bool open_ = true;
  bool greeted_ = false;
  std::string why_closed_;
};

}  // namespace nephele::qemu
