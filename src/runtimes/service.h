// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "base/log.h"
#include "http/message.h"
#include "runtimes/event_log.h"
#include "runtimes/runtime_cloud.h"
#include "runtimes/settings.h"
#include "runtimes/sign_in.h"

/// The use cases, in the order of checks that the contract fixes (2.4): what is shared by every adapter of the port.
namespace nephele::runtimes {

/// A request whose Authorization header was in order.
struct Visitor {
  http::Basic credentials;
  std::string remote;
  std::string request_id;
  SteadyTime deadline;
};

class Service {
 public:
  Service(RuntimeCloud& cloud, SignIn& sign_in, EventLog& events);

  /// Body, schema, credentials, flavour: in this order.
  Task<Answer<View>> create(Visitor visitor, std::string body, std::optional<std::string> idempotency_key);
  Task<Answer<View>> read(Visitor visitor, std::string id);
  /// Body, credentials, runtime, schema: in this order.
  Task<Answer<View>> update(Visitor visitor, std::string id, std::string body);
  Task<Answer<>> remove(Visitor visitor, std::string id);
  Task<Answer<Listed>> list(Visitor visitor, ListPage page);
  /// What happens to a runtime, from its beginning or after an event on.
  Task<Answer<std::unique_ptr<http::EventSource>>> watch(Visitor visitor, std::string id,
                                                         std::optional<std::int64_t> last_event);

 private:
  Task<Answer<Caller>> caller(Visitor visitor, Code code);

  RuntimeCloud& cloud_;
  SignIn& sign_in_;
  EventLog& events_;
};

/// A non-negative 32-bit decimal; nothing else is an id.
std::optional<RuntimeId> runtime_id_from(std::string_view text);

}  // namespace nephele::runtimes
