// SPDX-License-Identifier: Apache-2.0
#include "runtimes/event_log.h"

#include <utility>

#include "runtimes/store.h"

namespace nephele::runtimes {
namespace {

std::string key_of(RuntimeId id) {
  return "runtime:" + id.text();
}

}  // namespace

EventLog::EventLog(sql::Database& database, bus::Bus& bus, const Clock& clock)
    : database_(database), bus_(bus), clock_(clock), subscription_(bus.listen(runtime_changed, *this)) {}

void EventLog::append(sql::Tx& tx, RuntimeId id, const std::string& owner, std::int64_t sequence, std::string_view type,
                      json::Object data) {
  store::insert_event(tx, id, owner, clock_.now(),
                      {.sequence = sequence, .type = std::string(type), .data = told(id, std::move(data))});
  bus_.publish(tx, runtime_changed, key_of(id), json::Object{});
}

std::string EventLog::told(RuntimeId id, json::Object data) const {
  json::Object whole;
  whole.append("TIME", iso8601(clock_.now()));
  whole.append("ID", id.number());
  for (auto& [name, value] : data) whole.append(name, std::move(value));
  return json::write(std::move(whole));
}

Task<Result<std::vector<RuntimeEvent>>> EventLog::after(RuntimeId id, std::int64_t sequence, std::size_t limit) {
  co_return co_await database_.read([&](sql::Tx& tx) { return store::events_after(tx, id, sequence, limit); });
}

Task<Result<std::string>> EventLog::owner_of(RuntimeId id) {
  co_return co_await database_.read([&](sql::Tx& tx) { return store::owner_of_events(tx, id); });
}

std::shared_ptr<Bell> EventLog::watch(RuntimeId id, Executor executor) {
  auto bell = std::make_shared<Bell>(std::move(executor));
  const std::lock_guard lock(mutex_);
  auto [at, end] = watchers_.equal_range(key_of(id));
  while (at != end) at = at->second.expired() ? watchers_.erase(at) : std::next(at);
  watchers_.emplace(key_of(id), bell);
  return bell;
}

void EventLog::notified(const bus::Message& message) {
  std::vector<std::shared_ptr<Bell>> awake;  // rung after the lock: ringing may post work
  {
    const std::lock_guard lock(mutex_);
    auto [at, end] = watchers_.equal_range(message.key);
    while (at != end) {
      auto bell = at->second.lock();
      if (!bell) {
        at = watchers_.erase(at);
        continue;
      }
      awake.push_back(std::move(bell));
      ++at;
    }
  }
  for (const auto& bell : awake) bell->ring();
}

}  // namespace nephele::runtimes
