// SPDX-License-Identifier: Apache-2.0
// The routes of the guest.
#pragma once

#include <memory>

#include "context.h"
#include "http_server.h"
#include "loop.h"

namespace guest {

/// What the agent shares with its routes.
struct GuestState {
  Settings settings;
  bool ready = false;
};

class Service {
 public:
  Service(Loop& loop, const GuestState& state);
  ~Service();

  std::unique_ptr<Exchange> handle(const Request& request, Reply reply);
  void settings_changed();
  void function_changed();
  /// Ends what is under way, before the machine goes.
  void finish();

 private:
  void status(Reply reply) const;
  void health(Reply reply) const;

  Loop& loop_;
  const GuestState& state_;
};

}  // namespace guest
