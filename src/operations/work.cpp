// SPDX-License-Identifier: Apache-2.0
#include "base/fault_point.h"
#include "operations/impl.h"
#include "operations/store.h"

namespace nephele::operations {

Work::Work(Operations& operations, sql::Database& database, Record record, std::string sealed_text, std::int64_t epoch,
           std::map<std::string, json::Value, std::less<>> steps)
    : operations_(operations),
      database_(database),
      record_(std::move(record)),
      sealed_text_(std::move(sealed_text)),
      epoch_(epoch),
      steps_(std::move(steps)) {}

Result<Secret> Work::sealed() const {
  if (sealed_text_.empty()) return Secret{};
  if (sealed_text_ == OPERATION_ERASED)
    return fail(Kind::conflict, "what it needs secretly was erased when it failed; ask for the same anew");
  return operations_.impl_->key.open(sealed_text_, seal_context);
}

bool Work::starts(std::string_view name) const {
  if (steps_.contains(name)) return false;
  fault_point(record_.kind + "/" + std::string(name) + ":before");
  return true;
}

Task<Result<>> Work::finished(std::string_view name, json::Value result) {
  const std::string step(name);
  CO_TRY_VOID(co_await write([&](sql::Tx& tx) { store::record_step(tx, record_.id, step, result); }));
  steps_.insert_or_assign(step, std::move(result));
  fault_point(record_.kind + "/" + step + ":after");
  co_return Result<>{};
}

std::optional<json::Value> Work::result_of(std::string_view name) const {
  const auto found = steps_.find(name);
  return found == steps_.end() ? std::nullopt : std::optional(found->second);
}

Task<Result<>> Work::progress(std::string text) {
  const Time now = operations_.impl_->clock.now();
  co_return co_await write([&](sql::Tx& tx) { store::set_progress(tx, record_.id, text, now); });
}

Result<> Work::fence(sql::Tx& tx) const {
  if (store::held(tx, record_.id, epoch_)) return {};
  return fail(Kind::conflict, "another worker has taken operation " + record_.id.text() + " over");
}

Result<> Work::end_done(sql::Tx& tx) {
  store::end(tx, record_.id, State::done, std::nullopt, operations_.impl_->clock.now());
  return {};
}

}  // namespace nephele::operations
