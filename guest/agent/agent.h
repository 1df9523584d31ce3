// SPDX-License-Identifier: Apache-2.0
// The agent: the only program of the guest that talks to the world. It reads the context, sets up the network, serves
// HTTP and keeps the control port. Everything is composed here.
#pragma once

#include <string>

#include "context.h"
#include "control_port.h"
#include "frame_router.h"
#include "http_server.h"
#include "loop.h"
#include "network.h"
#include "service.h"
#include "uevents.h"

namespace guest {

class Agent {
 public:
  Agent();
  int run();

 private:
  void look_for_context();
  void use_context(const std::string& text, const std::string& source);
  void apply(const Variables& variables, const std::string& source);
  void become_ready_if_complete();
  void say_ready();
  void answer_query();
  void on_uevent(const Uevent& event);
  void on_signal();
  void leave(std::string_view last_word);
  void notify_init();
  std::string ready_json() const;

  Loop loop_;
  GuestState state_;
  FrameRouter frames_;
  ControlPort port_;
  Uevents uevents_;
  Network network_;
  Service service_;
  HttpServer server_;
  Fd signals_;
  std::string context_source_;
  bool context_known_ = false;
  Loop::Timer disc_timer_ = Loop::no_timer;
};

}  // namespace guest
