// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include "runtimes/adapters/compute.h"
#include "runtimes/document.h"
#include "runtimes/function_change.h"
#include "runtimes/transact.h"

namespace nephele::runtimes {
namespace {

using std::chrono::milliseconds;

/// How long the news of a finished operation may take to reach the row, and how often one looks without being woken.
constexpr milliseconds news_within{5'000};
constexpr milliseconds look_again{500};

std::string name(Role role) {
  return std::string(to_string(role));
}

/// The functions that an update is about: in the specification and in the runtime.
std::vector<Function*> touched(store::Record& record, const Specification& wanted) {
  std::vector<Function*> out;
  for (auto& function : record.functions)
    if (wanted.document.contains(to_string(function.role))) out.push_back(&function);
  return out;
}

FunctionSizes target_of(const Function& function, const WantedSizes& wanted) {
  return {.cpu = wanted.cpu.value_or(function.sizes.cpu),
          .memory_mib = wanted.memory_mib.value_or(function.sizes.memory_mib),
          .disk_mib = wanted.disk_mib.value_or(function.sizes.disk_mib)};
}

compute::Sizes compute_sizes(const FunctionSizes& sizes) {
  return {.cpus = Cpus(static_cast<std::uint32_t>(sizes.cpu)),
          .memory = Bytes::mib(static_cast<std::uint64_t>(sizes.memory_mib)),
          .disk = Bytes::mib(static_cast<std::uint64_t>(sizes.disk_mib))};
}

std::string in_words(const FunctionSizes& sizes) {
  return std::to_string(sizes.cpu) + " CPU, " + std::to_string(sizes.memory_mib) + " MiB of memory, " +
         std::to_string(sizes.disk_mib) + " MiB of disk";
}

/// Capacity and disk have texts of their own; where both change, the first of the contract's order is named.
Code refused_part(const FunctionSizes& from, const FunctionSizes& target) {
  const bool capacity = from.cpu != target.cpu || from.memory_mib != target.memory_mib;
  return capacity ? Code::capacity_refused : Code::disk_refused;
}

bool is_transient(FunctionState state) {
  return state == FunctionState::pending || state == FunctionState::updating;
}

/// What can be known of a change before the first one is made.
Answer<> check_sizes(const Function& function, const WantedSizes& wanted) {
  if (!wanted.disk_mib || *wanted.disk_mib >= function.sizes.disk_mib) return {};
  return refuse(Code::disk_refused,
                Error(Kind::invalid,
                      "New disk size has to be greater than current one: " + std::to_string(*wanted.disk_mib) +
                          " MiB were asked for, the disk has " + std::to_string(function.sizes.disk_mib) + " MiB"));
}

}  // namespace

Task<Answer<View>> ComputeCloud::update(Caller caller, RuntimeId id, Change change) {
  const auto deadline = std::min(change.deadline, in(settings_.timeout));
  auto begun = co_await changing<Begun>(database_, Code::document_not_updated,
                                        [&](sql::Tx& tx) { return begin_update(tx, caller, id, change.wanted); });
  if (!begun) co_return std::unexpected(std::move(begun).error());
  if (begun->recovering) co_return std::unexpected(std::move(*begun->recovering));
  if (begun->resizing.empty()) co_return View{.id = id, .runtime = std::move(begun->runtime)};
  co_return co_await finish_update(id, std::move(begun->resizing), deadline);
}

Answer<ComputeCloud::Begun> ComputeCloud::begin_update(sql::Tx& tx, const Caller& caller, RuntimeId id,
                                                       const Specification& wanted) {
  auto record = store::take(tx, id);
  if (!record) return refuse(Code::not_found);
  if (!caller.admin && caller.account != record->owner)
    return refuse(Code::document_unreadable,
                  Error(Kind::forbidden, "runtime " + id.text() + " belongs to another account"));
  Begun begun;
  for (const auto* function : touched(*record, wanted)) {
    if (is_transient(function->state))
      return refuse(Code::transient_state, name(function->role), std::string(to_string(function->state)));
    if (function->state == FunctionState::error) {
      if (auto done = recover(tx, caller, *record, wanted, begun); !done)
        return std::unexpected(std::move(done).error());
      return begun;
    }
  }
  for (const auto* function : touched(*record, wanted))
    if (auto fine = check_sizes(*function, wanted_sizes(wanted.document, function->role)); !fine)
      return std::unexpected(std::move(fine).error());
  const bool renamed = wanted.name && !wanted.name->empty() && *wanted.name != record->name;
  if (renamed) record->name = *wanted.name;
  const bool wishes = take_wishes(record->document, wanted.document);
  if (auto asked = resize(tx, caller, *record, wanted, begun); !asked) return std::unexpected(std::move(asked).error());
  if (renamed || wishes) {
    json::Object data;
    data.append("NAME", record->name);
    tell(tx, events_, *record, "updated", std::move(data));
  }
  if (renamed || wishes || !begun.resizing.empty()) store::save(tx, *record, clock_.now());
  begun.runtime = render(record->id, record->service_id, record->name, record->document, record->functions);
  return begun;
}

/// The first function in ERROR gives the answer; all of them are started again.
Answer<> ComputeCloud::recover(sql::Tx& tx, const Caller& caller, store::Record& record, const Specification& wanted,
                               Begun& begun) {
  for (const auto* function : touched(record, wanted)) {
    if (function->state != FunctionState::error) continue;
    std::string message = function->error.empty() ? "the machine broke; its reason is not known" : function->error;
    // `busy` means that a recovery is under way already.
    auto started = compute::start_server(tx, compute_, compute::ServerId(function->vm_id),
                                         {.account = caller.account, .request_id = caller.request_id});
    if (!started && started.error().kind() != Kind::busy)
      message += "; the recovery was refused: " + started.error().sentence();
    if (!begun.recovering) begun.recovering.emplace(Code::error_state, name(function->role), message);
  }
  return {};
}

Answer<> ComputeCloud::resize(sql::Tx& tx, const Caller& caller, store::Record& record, const Specification& wanted,
                              Begun& begun) {
  for (auto* function : touched(record, wanted)) {
    const FunctionSizes from = function->sizes;
    const FunctionSizes target = target_of(*function, wanted_sizes(wanted.document, function->role));
    if (target == from) continue;
    auto asked = compute::resize_server(tx, compute_, compute::ServerId(function->vm_id), compute_sizes(target),
                                        {.account = caller.account, .request_id = caller.request_id});
    if (!asked) {
      if (asked.error().kind() == Kind::busy)
        return refuse(Code::transient_state, name(function->role), std::string(to_string(FunctionState::updating)));
      if (asked.error().kind() == Kind::not_found)
        return refuse(Code::function_vm_unreadable, std::move(asked).error(), name(function->role));
      return refuse(refused_part(from, target), std::move(asked).error());
    }
    move(tx, events_, record, *function, MachineNews::change_started, {});
    begun.resizing.push_back({.role = function->role, .operation = *asked, .from = from, .target = target});
  }
  return {};
}

Task<Answer<View>> ComputeCloud::finish_update(RuntimeId id, std::vector<Resizing> resizing, SteadyTime deadline) {
  const auto bell = events_.watch(id, co_await this_executor());
  std::string told;  // by the operations
  for (const auto& one : resizing) {
    auto outcome = co_await operations_.wait(one.operation, deadline);
    if (outcome && outcome->state != operations::State::done && told.empty()) told = outcome->error;
  }
  const auto news_until = std::min(deadline, in(news_within));
  for (;;) {
    auto record = co_await looking<store::Record>(database_, Code::document_unreadable,
                                                  [&](sql::Tx& tx) -> Answer<store::Record> {
                                                    auto found = store::find(tx, id);
                                                    if (!found) return refuse(Code::not_found);
                                                    return std::move(*found);
                                                  });
    if (!record) co_return std::unexpected(std::move(record).error());
    const auto function_of = [&](Role role) { return *std::ranges::find(record->functions, role, &Function::role); };
    const auto under_way = std::ranges::find_if(
        resizing, [&](const Resizing& one) { return function_of(one.role).state == FunctionState::updating; });
    if (under_way != resizing.end() && std::chrono::steady_clock::now() < news_until) {
      co_await bell->wait_until(std::min(news_until, in(look_again)));
      continue;
    }
    if (under_way != resizing.end())
      co_return refuse(Code::stuck_updating, name(under_way->role), std::string(to_string(FunctionState::updating)));
    for (const auto& one : resizing) {
      const Function function = function_of(one.role);
      if (function.state != FunctionState::running)
        co_return refuse(
            Code::unexpected_state, name(one.role),
            std::string(to_string(function.state)) + (function.error.empty() ? "" : ": " + function.error));
      if (function.sizes != one.target)
        co_return refuse(refused_part(function.sizes, one.target), {},
                         told.empty() ? "the machine has " + in_words(function.sizes) : told);
    }
    co_return View{
        .id = id, .runtime = render(record->id, record->service_id, record->name, record->document, record->functions)};
  }
}

}  // namespace nephele::runtimes
