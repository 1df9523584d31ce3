// SPDX-License-Identifier: Apache-2.0
// The virtio-serial port `nephele.0`: frames both ways, whoever comes and goes on the host's side.
#pragma once

#include <deque>
#include <functional>
#include <string>
#include <string_view>

#include "frames.h"
#include "loop.h"

namespace guest {

class ControlPort {
 public:
  static constexpr std::string_view port_name = "nephele.0";

  ControlPort(Loop& loop, FrameSink& sink);
  ~ControlPort();

  /// Looks for the port and opens it; cheap to repeat, for each kernel event about ports.
  void find();
  bool is_open() const { return static_cast<bool>(fd_); }

  /// Sends now, or when the host is there. A frame of a type that still waits is replaced.
  void send(std::string_view type, std::string_view payload);
  bool all_sent() const { return waiting_.empty(); }

 private:
  struct Waiting {
    std::string type;
    std::string bytes;
    std::size_t sent = 0;
  };

  void on_events();
  void read_all();
  void flush();
  void retry_later();
  void host_gone();
  void watch_torn_frame();
  void close();

  Loop& loop_;
  FrameParser parser_;
  Fd fd_;
  std::deque<Waiting> waiting_;
  Loop::Timer retry_timer_ = Loop::no_timer;
  Loop::Timer torn_timer_ = Loop::no_timer;
  unsigned retries_ = 0;
};

}  // namespace guest
