// SPDX-License-Identifier: Apache-2.0
#include "operations/operations.h"

#include <algorithm>

#include "operations/impl.h"
#include "operations/migrations.h"
#include "operations/store.h"

namespace nephele::operations {

std::string_view to_string(State state) noexcept {
  switch (state) {
    case State::pending:
      return "pending";
    case State::running:
      return "running";
    case State::done:
      return "done";
    case State::failed:
      return "failed";
    case State::cancelled:
      return "cancelled";
  }
  return "failed";
}

Operations::Impl::Impl(Operations& owner, sql::Database& db, const SecretKey& secret_key, const Clock& time,
                       const Executor& executor, Settings wanted, log::Logger logger)
    : database(db),
      key(secret_key),
      clock(time),
      settings(std::move(wanted)),
      log(std::move(logger)),
      owner_(owner),
      strand_(strand_over(executor)),
      loops_(strand_),
      bell_(strand_),
      cancel_bell_(strand_),
      claimer_{random_uuid(), settings.lease} {}

Task<Result<Outcome>> Operations::Impl::wait(OperationId id, SteadyTime deadline) {
  const auto bell = waiters_.join(co_await this_executor(), id);
  constexpr std::chrono::milliseconds other_processes{500};
  for (;;) {
    CO_TRY(const auto outcome, co_await database.read([&](sql::Tx& tx) { return store::outcome(tx, id); }));
    if (outcome) co_return *outcome;
    if (std::chrono::steady_clock::now() >= deadline)
      co_return fail(Kind::timeout, "operation " + id.text() + " is still under way; it goes on");
    co_await bell->wait_until(std::min(deadline, in(other_processes)));
  }
}

Operations::Operations(sql::Database& database, const SecretKey& key, const Clock& clock, Executor executor,
                       Settings settings, log::Logger log)
    : impl_(std::make_unique<Impl>(*this, database, key, clock, executor, std::move(settings), std::move(log))) {}

Operations::~Operations() = default;

std::span<const sql::Migration> Operations::migrations() {
  return all_migrations;
}

OperationId Operations::enqueue(sql::Tx& tx, NewOperation wanted) {
  const OperationId id = store::insert(tx, wanted, impl_->sealed(wanted), impl_->clock.now());
  tx.after_commit([impl = impl_.get()] { impl->woken(); });
  return id;
}

void Operations::cancel_object(sql::Tx& tx, std::string_view object) {
  store::cancel_object(tx, object, impl_->clock.now());
  tx.after_commit([impl = impl_.get()] { impl->look_for_cancelled(); });
}

void Operations::hand_over(sql::Tx& tx, std::string_view from, std::string_view to) {
  store::hand_over(tx, from, to);
  tx.after_commit([impl = impl_.get()] { impl->woken(); });
}

bool Operations::busy(sql::Tx& tx, std::string_view object) const {
  return store::busy(tx, object);
}

bool Operations::busy_before(sql::Tx& tx, std::string_view object, OperationId than) const {
  return store::busy_before(tx, object, than);
}

Task<Result<Outcome>> Operations::wait(OperationId id, SteadyTime deadline) {
  co_return co_await impl_->wait(id, deadline);
}

Held Operations::hold(sql::Tx& tx, NewOperation wanted) {
  return impl_->hold(tx, wanted);
}
Result<> Operations::settle(sql::Tx& tx, const Held& held) {
  return impl_->settle(tx, held);
}
Result<> Operations::let_go(sql::Tx& tx, const Held& held, json::Value payload, std::string_view object) {
  return impl_->let_go(tx, held, payload, object);
}

void Operations::abandon(const Held& held) noexcept {
  impl_->abandon(held.id);
}

void Operations::handle(std::string kind, Handler& handler) {
  impl_->handlers.insert_or_assign(std::move(kind), &handler);
}

Task<Result<>> Operations::start() {
  co_return co_await impl_->start();
}
Task<> Operations::stop() {
  co_await impl_->stop();
}

Task<Result<std::vector<Record>>> Operations::list(Page page) {
  co_return co_await impl_->database.read([&](sql::Tx& tx) { return store::page(tx, page); });
}

Task<Result<Record>> Operations::show(OperationId id) {
  co_return co_await impl_->database.read([&](sql::Tx& tx) -> Result<Record> {
    if (auto record = store::find(tx, id)) return std::move(*record);
    return fail(Kind::not_found, "no operation " + id.text() + "; `nephele operations list` shows them");
  });
}

Task<Result<>> Operations::retry(OperationId id) {
  const Time now = impl_->clock.now();
  co_return co_await impl_->database.write([&](sql::Tx& tx) -> Result<> {
    constexpr std::chrono::minutes another_chance{10};
    if (!store::retry(tx, id, now, now + another_chance))
      return fail(Kind::conflict, "operation " + id.text() + " has not failed; only failed ones can be retried");
    tx.after_commit([impl = impl_.get()] { impl->woken(); });
    return {};
  });
}

Task<Result<>> Operations::cancel(OperationId id) {
  const Time now = impl_->clock.now();
  co_return co_await impl_->database.write([&](sql::Tx& tx) -> Result<> {
    if (!store::request_cancel(tx, id, now))
      return fail(Kind::conflict, "operation " + id.text() + " is not under way; nothing to cancel");
    tx.after_commit([impl = impl_.get()] { impl->look_for_cancelled(); });
    return {};
  });
}

std::chrono::milliseconds Operations::loop_age() const {
  return std::chrono::milliseconds(to_ms(impl_->clock.now()) - impl_->last_turn_ms.load());
}

std::size_t Operations::running() const {
  return impl_->running_count.load();
}

}  // namespace nephele::operations
