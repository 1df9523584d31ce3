// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "clouds/opennebula/call_log.h"
#include "clouds/opennebula/link.h"
#include "clouds/opennebula/model.h"
#include "clouds/opennebula/session.h"

namespace nephele::opennebula {

/// OneFlow's REST interface. It starts a process for each request to find out who asks (0.24 s of CPU): use it for what
/// acts, and Reader for what reads. Its content types say nothing and are not looked at. Repetition and errors as Oned.
class OneFlow {
 public:
  /// The URL may have a path, and a slash at its end. `log` may be null, or outlives this.
  explicit OneFlow(const Endpoint& endpoint, CallLog* log = nullptr);

  Task<Result<std::vector<ServiceTemplate>>> service_templates(Session session);
  Task<Result<ServiceTemplate>> service_template(Session session, std::int64_t id);
  Task<Result<std::vector<Service>>> services(Session session);
  Task<Result<Service>> service(Session session, std::int64_t id);

  /// Answers as soon as the service's document exists; its machines come later. `merge` is laid over the template
  /// (dialect.h makes it).
  Task<Result<Service>> instantiate(Session session, std::int64_t service_template, json::Object merge);
  /// Begins to undeploy. `conflict` while the service's state forbids it.
  Task<Result<>> remove(Session session, std::int64_t id);
  /// Removes it from any state: terminates its machines, deletes its document.
  Task<Result<>> recover_and_delete(Session session, std::int64_t id);

 private:
  struct Call {
    http::Verb verb = http::Verb::get;
    std::string path;
    std::optional<std::int64_t> object = {};
    std::optional<json::Value> body = {};
  };

  /// Reads an object out of the answer with `decode`; what that refuses is garbage, for the caller and for the log.
  template <class Object>
  Task<Result<Object>> run(Session session, Call call, Result<Object> (*decode)(std::string_view));
  Task<Result<>> run(Session session, Call call);
  Task<Result<std::string>> ask(const Session& session, const Call& call, CallNote& note);

  std::string url_;
  Link link_;
  CallLog* log_;
};

}  // namespace nephele::opennebula
