// SPDX-License-Identifier: Apache-2.0
// Rows whose work is done by who wrote them.
#include "operations/impl.h"

namespace nephele::operations {

namespace {

std::unexpected<Error> taken_over(OperationId id) {
  return fail(Kind::conflict, "another process has taken operation " + id.text() + " over");
}

}  // namespace

std::string Operations::Impl::sealed(const NewOperation& wanted) const {
  return wanted.sealed ? key.seal(*wanted.sealed, seal_context) : std::string();
}

Held Operations::Impl::hold(sql::Tx& tx, const NewOperation& wanted) {
  const Held held{store::insert_held(tx, wanted, sealed(wanted), claimer_, clock.now()), 1};
  tx.after_commit([this, id = held.id] {
    const std::lock_guard lock(held_mutex_);
    held_.insert(id);
  });
  return held;
}

Result<> Operations::Impl::settle(sql::Tx& tx, const Held& held) {
  if (!store::held(tx, held.id, held.epoch)) return taken_over(held.id);
  store::end(tx, held.id, State::done, std::nullopt, clock.now());
  tx.after_commit([this, id = held.id] { abandon(id); });
  return {};
}

Result<> Operations::Impl::let_go(sql::Tx& tx, const Held& held, const json::Value& payload, std::string_view object) {
  if (!store::held(tx, held.id, held.epoch)) return taken_over(held.id);
  store::replace_payload(tx, held.id, payload);
  if (!object.empty()) store::replace_object(tx, held.id, object);
  store::give_back(tx, held.id, clock.now(), std::nullopt, clock.now());
  tx.after_commit([this, id = held.id] {
    abandon(id);
    woken();
  });
  return {};
}

void Operations::Impl::abandon(OperationId id) {
  const std::lock_guard lock(held_mutex_);
  held_.erase(id);
}

std::vector<OperationId> Operations::Impl::in_hand() {
  std::vector<OperationId> ids;
  for (const auto& [id, attempt] : attempts_) ids.push_back(id);
  const std::lock_guard lock(held_mutex_);
  ids.insert(ids.end(), held_.begin(), held_.end());
  return ids;
}

}  // namespace nephele::operations
