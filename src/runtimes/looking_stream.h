// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <optional>
#include <string_view>

#include "base/json.h"
#include "http/message.h"
#include "runtimes/event_log.h"
#include "runtimes/runtime_cloud.h"

namespace nephele::runtimes {

/// The events of a runtime of which nobody tells us: the present first, as `state` of each function, then what every
/// look finds changed (`state`, `updated`). What begins and ends between two looks is not seen. Ids go on from the
/// reader's last one. Ends after `deleted`, and when the caller is let in no longer. Cloud and log outlive it.
class LookingStream final : public http::EventSource {
 public:
  static constexpr std::chrono::milliseconds look_every{2'000};

  LookingStream(RuntimeCloud& cloud, const EventLog& log, Caller caller, const View& present, std::int64_t last);
  Task<Result<std::optional<http::ServerEvent>>> next() override;

 private:
  void compare(const View& view);
  void tell(std::string_view type, json::Object data);

  RuntimeCloud& cloud_;
  const EventLog& log_;
  Caller caller_;  // judged anew at every look
  RuntimeId id_;
  std::int64_t last_;
  json::Object seen_;
  std::deque<http::ServerEvent> waiting_;
  bool ended_ = false;
};

}  // namespace nephele::runtimes
