// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <deque>
#include <memory>

#include "http/message.h"
#include "runtimes/event_log.h"
#include "runtimes/sign_in.h"

namespace nephele::runtimes {

/// What a stream of events needs: whose, and where it goes on.
struct Watched {
  RuntimeId id;
  std::int64_t after = 0;
  bool gone = false;  ///< the runtime is deleted; only what is left of its events can be told
};

/// The events of one runtime from a point on, as server-sent events; ends after `deleted`, and when the caller is let
/// in no longer. Log and sign-in outlive it.
class EventStream final : public http::EventSource {
 public:
  EventStream(EventLog& log, SignIn& sign_in, Caller caller, Watched watched);
  Task<Result<std::optional<http::ServerEvent>>> next() override;

 private:
  EventLog& log_;
  SignIn& sign_in_;
  Caller caller_;  // judged anew before it is told more
  RuntimeId id_;
  std::int64_t last_;
  bool gone_;
  bool ended_ = false;
  std::shared_ptr<Bell> bell_;  // made by the first next(), on the executor that it runs on
  std::deque<RuntimeEvent> waiting_;
};

}  // namespace nephele::runtimes
