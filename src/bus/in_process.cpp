// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <atomic>
#include <boost/asio/post.hpp>
#include <map>
#include <mutex>

#include "base/secret.h"
#include "bus/bus.h"
#include "bus/migrations.h"
#include "bus/store.h"

namespace nephele::bus {

namespace {

constexpr int tries_before_burial = 20;

class InProcess final : public Bus {
 public:
  InProcess(sql::Database& database, const Clock& clock, const Executor& executor, Settings settings, log::Logger log)
      : database_(database),
        clock_(clock),
        executor_(executor),
        settings_(settings),
        log_(std::move(log)),
        origin_(random_uuid()),
        listeners_(std::make_shared<Listeners>()),
        loops_(executor) {}

  void publish(sql::Tx& tx, const Topic& topic, std::string key, json::Value body) override;
  void consume(const Topic& topic, Consumer& consumer) override;
  std::shared_ptr<void> listen(const Topic& topic, Listener& listener) override;
  Task<> start() override;
  Task<> stop() override { co_await loops_.stop(); }
  Task<Result<std::int64_t>> backlog() override {
    co_return co_await database_.read([](sql::Tx& tx) { return store::waiting(tx); });
  }

 private:
  /// Shared with the subscriptions, so that one may end after the bus.
  struct Listeners {
    std::mutex mutex;
    std::multimap<std::string, Listener*, std::less<>> by_topic;
    void tell(std::string_view topic, const Message& message);
  };
  struct Queue {
    Consumer* consumer = nullptr;
    std::unique_ptr<Bell> bell;
  };

  Task<> work(std::string topic, Queue& queue);
  Task<Result<bool>> take_one(const std::string& topic, Consumer& consumer, std::int64_t& taken);
  Task<> watch();

  sql::Database& database_;
  const Clock& clock_;
  Executor executor_;
  Settings settings_;
  log::Logger log_;
  std::string origin_;
  std::shared_ptr<Listeners> listeners_;
  std::map<std::string, Queue, std::less<>> queues_;  // fixed once started
  Scope loops_;
};

void InProcess::Listeners::tell(std::string_view topic, const Message& message) {
  const std::lock_guard lock(mutex);
  const auto [first, last] = by_topic.equal_range(topic);
  for (auto it = first; it != last; ++it) it->second->notified(message);
}

void InProcess::publish(sql::Tx& tx, const Topic& topic, std::string key, json::Value body) {
  auto message = store::insert(tx, topic, std::move(key), std::move(body), origin_, clock_.now());
  if (topic.kind == Topic::Kind::notify) {
    tx.after_commit([this, listeners = listeners_, name = std::string(topic.name),
                     message = std::move(message)]() mutable {
      asio::post(executor_,
                 [listeners, name = std::move(name), message = std::move(message)] { listeners->tell(name, message); });
    });
  } else if (const auto queue = queues_.find(topic.name); queue != queues_.end()) {
    tx.after_commit([&bell = *queue->second.bell] { bell.ring(); });
  }
}

void InProcess::consume(const Topic& topic, Consumer& consumer) {
  queues_.insert_or_assign(std::string(topic.name), Queue{&consumer, std::make_unique<Bell>(executor_)});
}

std::shared_ptr<void> InProcess::listen(const Topic& topic, Listener& listener) {
  const std::lock_guard lock(listeners_->mutex);
  listeners_->by_topic.emplace(std::string(topic.name), &listener);
  return {&listener, [listeners = listeners_, name = std::string(topic.name)](Listener* gone) {
            const std::lock_guard inner(listeners->mutex);
            std::erase_if(listeners->by_topic,
                          [&](const auto& entry) { return entry.second == gone && entry.first == name; });
          }};
}

Task<> InProcess::start() {
  for (auto& [topic, queue] : queues_) loops_.spawn(work(topic, queue));
  loops_.spawn(watch());
  co_return;
}

/// True when a message was handled and more may wait. `taken` is its id, also when it could not be handled.
Task<Result<bool>> InProcess::take_one(const std::string& topic, Consumer& consumer, std::int64_t& taken) {
  const bool lock = database_.engine() == sql::Engine::postgresql;
  co_return co_await database_.write([&](sql::Tx& tx) -> Result<bool> {
    const auto message = store::oldest(tx, topic, lock);
    if (!message) return false;
    taken = message->id;
    TRY_VOID(consumer.consume(tx, *message));
    store::remove(tx, message->id);
    return true;
  });
}

Task<> InProcess::work(std::string topic, Queue& queue) {
  int failures = 0;
  for (;;) {
    std::int64_t id = 0;
    auto handled = co_await take_one(topic, *queue.consumer, id);
    if (handled) {
      failures = 0;
      if (!*handled) co_await queue.bell->wait_until(in(settings_.poll));
      continue;
    }
    ++failures;
    log_.warn("bus.not_handled",
              {{"topic", topic}, {"message", id}, {"tries", failures}, {"reason", handled.error().sentence()}});
    const bool ours = handled.error().kind() != Kind::unavailable && handled.error().kind() != Kind::busy &&
                      handled.error().kind() != Kind::timeout;
    if (ours && failures >= tries_before_burial) {
      // One message that nobody can handle must not hold up all others; it stays in the table, with kind "dead".
      auto buried = co_await database_.write([&](sql::Tx& tx) { store::bury(tx, id); });
      if (buried) {
        log_.error("bus.buried", {{"topic", topic}, {"message", id}});
        failures = 0;
      }
    }
    const auto pause = std::min(settings_.retry_max, std::chrono::milliseconds(10) * (1 << std::min(failures, 10)));
    co_await sleep_for(pause);
  }
}

/// Notifications of other processes, and the cleaning of old ones.
Task<> InProcess::watch() {
  std::optional<std::int64_t> seen;
  auto cleaned = std::chrono::steady_clock::now();
  for (;;) {
    if (!seen) {
      auto last = co_await database_.read([](sql::Tx& tx) { return store::last_id(tx); });
      if (last) seen = *last;
    } else {
      auto found = co_await database_.read([&](sql::Tx& tx) { return store::notifications_after(tx, *seen, origin_); });
      for (const auto& entry : found ? *found : std::vector<store::Journaled>{}) {
        seen = entry.message.id;
        listeners_->tell(entry.topic, entry.message);
      }
    }
    if (std::chrono::steady_clock::now() - cleaned > settings_.keep_notifications / 5) {
      const Time before = clock_.now() - settings_.keep_notifications;
      (void)co_await database_.write([&](sql::Tx& tx) { store::drop_notifications(tx, before); });
      cleaned = std::chrono::steady_clock::now();
    }
    co_await sleep_for(settings_.poll);
  }
}

}  // namespace

std::span<const sql::Migration> migrations() {
  return all_migrations;
}

std::unique_ptr<Bus> in_process_bus(sql::Database& database, const Clock& clock, Executor executor, Settings settings,
                                    log::Logger log) {
  return std::make_unique<InProcess>(database, clock, executor, settings, std::move(log));
}

}  // namespace nephele::bus
