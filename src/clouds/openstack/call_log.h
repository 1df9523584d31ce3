// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <string_view>

#include "base/error.h"

namespace nephele::openstack {

/// One request that has ended. Its views live as long as the call to CallLog::ended. Holds no bodies and no header, so
/// no password, token or user data.
struct CallRecord {
  std::string_view service;  ///< "compute"
  std::string_view call;     ///< "POST /servers"
  int status = 0;            ///< 0: there was no answer
  std::chrono::milliseconds took{0};
  std::string_view request_id = {};  ///< of the service, for its operators
  const Error* error = nullptr;      ///< null: it went well
};

/// Who wants to know of each request: a log, metrics. Called on the thread of the call, by many at once.
class CallLog {
 public:
  virtual ~CallLog() = default;
  virtual void ended(const CallRecord& record) noexcept = 0;
};

}  // namespace nephele::openstack
