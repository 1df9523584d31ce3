// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/asio/local/stream_protocol.hpp>
#include <functional>
#include <string>

#include "base/async.h"
#include "base/file_handle.h"
#include "clouds/qemu/control_core.h"

namespace nephele::qemu {

/// Our end of the guest's control channel. All calls on one strand.
class Control {
 public:
  using OnFrame = std::function<void(ControlFrame)>;

  Control(const Executor& executor, FileHandle socket, OnFrame on_frame);
  Control(const Control&) = delete;
  Control& operator=(const Control&) = delete;

  /// Reads until the hypervisor or close() ends it.
  Task<> serve();
  /// Asks the guest how it is; again, a few times, while nothing is heard: a frame can be lost while the guest's driver
  /// starts. Runs beside serve().
  Task<> ask();
  Task<Result<>> send(std::string type, std::string payload);
  void close();

 private:
  asio::local::stream_protocol::socket socket_;
  OnFrame on_frame_;
  ControlCore core_;
  bool heard_ = false;
};

}  // namespace nephele::qemu
