// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "base/async.h"
#include "base/clock.h"
#include "base/json.h"
#include "bus/bus.h"
#include "runtimes/model.h"
#include "sql/sql.h"

/// What happened to each runtime, in order, for those who would otherwise poll. The rows are the truth; the bus only
/// wakes, so a stream works on any node and goes on where it stopped.
namespace nephele::runtimes {

/// Everybody who watches a runtime is woken. Key "runtime:ID", empty body.
inline constexpr bus::Topic runtime_changed{"runtimes.changed", bus::Topic::Kind::notify};

/// `type` is one of: created, state (STATE of a FUNCTION is another now), updated (definition), restarted (an update
/// needed it), recovering, guest_reboot, deleted (always the last). `data` is a JSON object with TIME and ID.
struct RuntimeEvent {
  std::int64_t sequence = 0;  ///< 1, 2, 3 ... per runtime
  std::string type;
  std::string data;
};

class EventLog final : private bus::Listener {
 public:
  EventLog(sql::Database& database, bus::Bus& bus, const Clock& clock);

  /// In the transaction that changes what users see. `sequence` comes from the runtime's row.
  void append(sql::Tx& tx, RuntimeId id, const std::string& owner, std::int64_t sequence, std::string_view type,
              json::Object data);

  /// `data` as it is told, behind TIME (now) and ID.
  std::string told(RuntimeId id, json::Object data) const;

  /// Events after `sequence`, at most `limit`.
  Task<Result<std::vector<RuntimeEvent>>> after(RuntimeId id, std::int64_t sequence, std::size_t limit);
  /// Whose events these are, also when the runtime is gone; empty when nobody knows of it any more.
  Task<Result<std::string>> owner_of(RuntimeId id);

  /// Rings whenever something happens to the runtime, for as long as somebody holds it.
  std::shared_ptr<Bell> watch(RuntimeId id, Executor executor);

 private:
  void notified(const bus::Message& message) override;

  sql::Database& database_;
  bus::Bus& bus_;
  const Clock& clock_;
  std::mutex mutex_;
  std::multimap<std::string, std::weak_ptr<Bell>, std::less<>> watchers_;  // by message key; guarded by mutex_
  std::shared_ptr<void> subscription_;                                     // last: ends first
};

}  // namespace nephele::runtimes
