// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <optional>
#include <string_view>

#include "runtimes/adapters/compute.h"
#include "runtimes/function_change.h"

namespace nephele::runtimes {
namespace {

/// What compute's words mean here. `news` moves the state; `told` is an event of its own kind beside it.
struct Meaning {
  std::string_view what;
  std::optional<MachineNews> news;
  std::string_view told = {};
  std::string_view reason = {};  ///< when compute gave none
};

constexpr std::array meanings{
    Meaning{"started", std::nullopt},  // perhaps at another address: the first one was taken
    Meaning{"ready", MachineNews::ready},
    Meaning{"stopped", MachineNews::failed, {}, "the machine was stopped"},
    Meaning{"error", MachineNews::failed, {}, "the machine broke; its reason is not known"},
    Meaning{"resize_started", MachineNews::change_started},
    Meaning{"resized", MachineNews::change_finished},
    Meaning{"restarted", MachineNews::change_finished, "restarted"},
    Meaning{"resize_failed", MachineNews::change_undone},
    Meaning{"guest_reboot", std::nullopt, "guest_reboot"},
    Meaning{"recovering", std::nullopt, "recovering"},
    Meaning{"deleted", MachineNews::failed, {}, "the machine was removed"},
};

const Meaning* meaning_of(std::string_view what) {
  const auto* found = std::ranges::find(meanings, what, &Meaning::what);
  return found == meanings.end() ? nullptr : found;
}

/// What the machine has, once nobody is changing it.
bool take_facts(Function& function, const compute::Server& server) {
  const Function before = function;
  function.endpoint = server.address;
  if (server.activity == compute::Activity::none)
    function.sizes = {.cpu = server.sizes.cpus.count(),
                      .memory_mib = static_cast<std::int64_t>(server.sizes.memory.in_mib()),
                      .disk_mib = static_cast<std::int64_t>(server.sizes.disk.in_mib())};
  return before.sizes != function.sizes || before.endpoint != function.endpoint;
}

}  // namespace

ComputeNews::ComputeNews(EventLog& events, const Clock& clock, log::Logger log)
    : events_(events), clock_(clock), log_(std::move(log)) {}

Result<> ComputeNews::consume(sql::Tx& tx, const bus::Message& message) {
  const json::Value* number = message.body.at_path({"server"});
  const auto id = number == nullptr ? std::nullopt : number->integer();
  const Meaning* meant = meaning_of(message.body.text_at({"what"}));
  if (!id || meant == nullptr) return {};
  const auto runtime = store::runtime_of_server(tx, *id);
  if (!runtime) return {};
  auto record = store::take(tx, *runtime);
  if (!record) return {};
  const auto function = std::ranges::find(record->functions, *id, &Function::vm_id);
  if (function == record->functions.end()) return {};

  std::string reason(message.body.text_at({"reason"}));
  if (reason.empty()) reason = meant->reason;
  bool changed = false;
  const auto server = compute::find_server(tx, compute::ServerId(*id));
  if (server) changed = take_facts(*function, *server);
  auto news = meant->news;
  const bool well = server && server->observed == compute::Observed::ready;
  if (news == MachineNews::change_undone && !well) news = MachineNews::failed;
  // Its restart had to wait, which was told as an error.
  if (news == MachineNews::change_finished && well && function->state == FunctionState::error)
    news = MachineNews::ready;
  if (!meant->told.empty()) tell_function(tx, events_, *record, *function, meant->told, reason);
  if (news) changed = move(tx, events_, *record, *function, *news, reason) || changed;
  if (changed || !meant->told.empty()) store::save(tx, *record, clock_.now());
  if (changed)
    log_.info(
        "runtime.state",
        {{"runtime", record->id}, {"function", to_string(function->role)}, {"state", to_string(function->state)}});
  return {};
}

}  // namespace nephele::runtimes
