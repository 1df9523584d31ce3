// SPDX-License-Identifier: Apache-2.0
#include "runtimes/adapters/compute.h"

#include "runtimes/function_change.h"
#include "runtimes/transact.h"

namespace nephele::runtimes {
namespace {

bool may_see(const Caller& caller, const std::string& owner) {
  return caller.admin || caller.account == owner;
}

Error not_yours(RuntimeId id) {
  return {Kind::forbidden, "runtime " + id.text() + " belongs to another account"};
}

}  // namespace

ComputeCloud::ComputeCloud(sql::Database& database, compute::Compute& compute, operations::Operations& operations,
                           EventLog& events, const Clock& clock, const Settings& settings, log::Logger log)
    : database_(database),
      compute_(compute),
      operations_(operations),
      events_(events),
      clock_(clock),
      settings_(settings),
      log_(std::move(log)) {}

Task<Answer<View>> ComputeCloud::read(Caller caller, RuntimeId id) {
  co_return co_await looking<View>(database_, Code::document_unreadable, [&](sql::Tx& tx) -> Answer<View> {
    auto found = store::view(tx, id);
    if (!found) return refuse(Code::not_found);
    if (!may_see(caller, found->owner)) return refuse(Code::document_unreadable, not_yours(id));
    return View{.id = id, .runtime = std::move(found->body)};
  });
}

Task<Answer<Listed>> ComputeCloud::list(Caller caller, ListPage page) {
  co_return co_await looking<Listed>(database_, Code::document_unreadable, [&](sql::Tx& tx) -> Answer<Listed> {
    auto rows = store::page(tx, caller.account, page.after, page.limit + 1);
    Listed out;
    if (rows.size() > page.limit) {
      rows.pop_back();
      if (!rows.empty()) out.next = rows.back().id;
    }
    for (auto& row : rows) out.runtimes.push_back(std::move(row.body));
    return out;
  });
}

Task<Answer<>> ComputeCloud::remove(Caller caller, RuntimeId id) {
  const compute::Actor actor{.account = caller.account, .request_id = caller.request_id};
  auto removed = co_await changing<void>(database_, Code::document_not_deleted, [&](sql::Tx& tx) -> Answer<> {
    auto record = store::take(tx, id);
    if (!record) return refuse(Code::not_found);
    if (!may_see(caller, record->owner)) return refuse(Code::document_unreadable, not_yours(id));
    for (const auto& function : record->functions) {
      auto asked = compute::remove_server(tx, compute_, compute::ServerId(function.vm_id), actor);
      if (!asked) return refuse(Code::service_not_deleted, asked.error(), std::to_string(record->service_id));
    }
    tell(tx, events_, *record, "deleted");
    store::erase(tx, id);
    return {};
  });
  if (removed) log_.info("runtime.deleted", {{"runtime", id}, {"request", caller.request_id}});
  co_return removed;
}

}  // namespace nephele::runtimes
