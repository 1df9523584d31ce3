// SPDX-License-Identifier: Apache-2.0
// The routes of the guest.
#pragma once

#include <memory>

#include "context.h"
#include "function.h"
#include "http_server.h"
#include "loop.h"
#include "objects_http.h"

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
  std::unique_ptr<Exchange> root(const Request& request, Reply reply);
  std::unique_ptr<Exchange> run_function(const Request& request, Reply reply);
  std::unique_ptr<Exchange> objects(const Request& request, Reply reply);
  std::unique_ptr<Exchange> peer(const Request& request, Reply reply);
  std::unique_ptr<Exchange> health(const Request& request, Reply reply);
  void status(const Reply& reply) const;

  Loop& loop_;
  const GuestState& state_;
  FunctionRunner function_;
  std::unique_ptr<ObjectsHttp> objects_;  ///< made when a context first says DAAS, and then kept
};

}  // namespace guest
