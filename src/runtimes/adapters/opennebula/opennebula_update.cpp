// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <utility>

#include "clouds/opennebula/template_text.h"
#include "runtimes/adapters/opennebula/function_view.h"
#include "runtimes/adapters/opennebula/opennebula.h"
#include "runtimes/adapters/opennebula/patience.h"
#include "runtimes/document.h"

namespace nephele::runtimes {

using namespace one;  // NOLINT(google-build-using-namespace): the rooms of this very adapter

namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

/// What a function of the specification asks of a VM that is there; nothing for functions that either side lacks.
std::optional<WantedSizes> asked_of(const Specification& wanted, const Function& function) {
  const auto* found = wanted.document.find(to_string(function.role));
  if (found == nullptr || found->if_object() == nullptr || function.vm_id < 0) return std::nullopt;
  return wanted_sizes(wanted.document, function.role);
}

std::string name_of(const Function& function) {
  return std::string(to_string(function.role));
}

/// Lines for one.vm.resize; empty when the VM has these sizes already. What is absent stays as it is.
std::string capacity_text(const WantedSizes& wanted, const opennebula::Vm& vm) {
  std::string text;
  const auto line = [&](std::string_view name, std::int64_t value) {
    if (!text.empty()) text += '\n';
    text += std::string(name) + "=" + std::to_string(value);
  };
  if (wanted.memory_mib && vm.memory_mib != wanted.memory_mib) line("MEMORY", *wanted.memory_mib);
  if (wanted.cpu && vm.vcpu != wanted.cpu) line("VCPU", *wanted.cpu);
  if (wanted.cpu && std::abs(vm.cpu.value_or(0) - static_cast<double>(*wanted.cpu)) > 1e-9) line("CPU", *wanted.cpu);
  return text;
}

/// Why a VM is not as it was asked to be, in its own words.
std::string reason_of(const opennebula::Vm& vm) {
  return vm.error.empty() ? "the VM went back to its former size" : vm.error;
}

/// Which of several functions it was, where the catalogue's text does not say it.
void name_in(Refusal& refusal, const Function& function) {
  const bool silent = refusal.code == Code::capacity_refused || refusal.code == Code::disk_refused ||
                      refusal.code == Code::vm_not_updated;
  if (const auto* said = refusal.message.if_string(); silent && said != nullptr)
    refusal.message = json::Value(name_of(function) + ": " + *said);
}

}  // namespace

Task<Answer<View>> OpenNebulaCloud::update(Caller caller, RuntimeId id, Change change) {
  // Whom OpenNebula does not show it takes nobody's turn.
  const auto shown = co_await document_of(session_of(caller, in(settings_.timeout + besides)), id, nullptr);
  if (!shown) co_return std::unexpected(shown.error());
  // Each of up to four resources may take the timeout; the caller leaves at his own deadline.
  const auto turn = co_await leftovers_.take_turn(caller, id, std::nullopt, in(settings_.timeout));
  if (!turn && turn.error().kind() == Kind::busy)
    co_return refuse(Code::transient_state, "FAAS", turn.error().sentence());
  if (!turn) co_return refuse(Code::internal, turn.error());
  const auto session = session_of(caller, std::max(change.deadline, in(settings_.timeout * 5)));
  auto view = co_await update_in_turn(session, id, change.wanted);
  (void)co_await (*turn)->settle();
  co_return view;
}

Task<Answer<View>> OpenNebulaCloud::update_in_turn(Session session, RuntimeId id, const Specification& wanted) {
  auto loaded = co_await load(session, id);
  if (!loaded) co_return std::unexpected(std::move(loaded).error());
  auto functions = co_await look(session, *loaded);
  if (!functions) co_return std::unexpected(functions.error());
  const auto checked = co_await check(session, *loaded, wanted, *functions);
  if (!checked) co_return std::unexpected(checked.error());

  if (wanted.name && !wanted.name->empty() && *wanted.name != loaded->name) {
    log_.info("Renaming Serverless Runtime Document " + id.text());
    const auto renamed = co_await upstream_.oned.rename_document(session, id.number(), *wanted.name);
    if (!renamed) co_return std::unexpected(refused_by(Code::rename_refused, renamed.error()));
    loaded->name = *wanted.name;
  }
  // Written at the end whatever happens in between: what was done is what is shown.
  auto document = loaded->stored.document;
  const bool wishes_changed = take_wishes(document, wanted.document);
  Answer<> changed;
  for (const auto& function : *functions) {
    log_.info("Looking for changes for function " + name_of(function));
    changed = co_await this->change(session, wanted, function, wishes_changed);
    if (changed) continue;
    if (functions->size() > 1) name_in(changed.error(), function);
    break;
  }
  if (changed) loaded->stored.document = std::move(document);

  functions = co_await look(session, *loaded);
  if (!functions) co_return std::unexpected(changed ? functions.error() : changed.error());
  const auto body = render_members(loaded->stored.document, loaded->stored.service_id, *functions);
  if (!same_body(body, loaded->body)) {
    log_.info("Updating Serverless Runtime Document " + id.text());
    const auto text = opennebula::document_text(body);
    if (!text && changed) co_return std::unexpected(refused_by(Code::document_not_updated, text.error(), id.text()));
    const auto written =
        text ? co_await upstream_.oned.update_document(session, id.number(), *text, opennebula::Update::merge)
             : Result<>{};
    if (!written && changed)
      co_return std::unexpected(refused_by(Code::document_not_updated, written.error(), id.text()));
  }
  if (!changed) co_return std::unexpected(changed.error());
  co_return view_of(*loaded, *functions);
}

/// All that can be known before the first change: states, and disks that would have to shrink.
Task<Answer<>> OpenNebulaCloud::check(Session session, const Loaded& loaded, const Specification& wanted,
                                      const std::vector<Function>& functions) {
  if (wanted.name && *wanted.name != loaded.name)
    if (auto objection = objection_to_name(*wanted.name, true); !objection.empty())
      co_return refuse(Code::invalid_specification, {}, std::move(objection));
  for (const auto& function : functions) {
    if (!asked_of(wanted, function)) continue;
    if (function.state == FunctionState::pending || function.state == FunctionState::updating)
      co_return refuse(Code::transient_state, name_of(function), to_string(function.state));
  }
  for (const auto& function : functions)
    if (asked_of(wanted, function) && function.state == FunctionState::error)
      co_return co_await recover(session, loaded, function);
  for (const auto& function : functions) {
    const auto asked = asked_of(wanted, function);
    if (asked && asked->disk_mib && *asked->disk_mib < function.sizes.disk_mib)
      co_return refuse(Code::disk_refused, {},
                       "the disk of " + name_of(function) + " of runtime " + loaded.id.text() + " has " +
                           std::to_string(function.sizes.disk_mib) + " MiB and cannot shrink");
  }
  co_return Answer<>{};
}

Task<Answer<>> OpenNebulaCloud::recover(Session session, const Loaded& loaded, const Function& function) {
  std::string message = function.error;
  if (const auto vm = co_await upstream_.oned.vm(session, function.vm_id); vm && !is_of(*vm, loaded.stored.service_id))
    co_return refuse(Code::error_state, name_of(function), std::move(message));  // whatever the document says
  const auto recovered = co_await upstream_.oned.recover_vm(session, function.vm_id, opennebula::Recovery::retry);
  if (!recovered) {
    log_.warn("Failed to recover VM " + std::to_string(function.vm_id), {{"reason", recovered.error().sentence()}});
    message += "; the recovery was refused: " + recovered.error().sentence();
  }
  co_return refuse(Code::error_state, name_of(function), std::move(message));
}

Task<Answer<>> OpenNebulaCloud::change(Session session, const Specification& wanted, const Function& function,
                                       bool wishes_changed) {
  const auto asked = asked_of(wanted, function);
  if (!asked) {
    log_.warn("No VM to change for function " + name_of(function));
    co_return Answer<>{};
  }
  const auto before = co_await upstream_.oned.vm(session, function.vm_id);
  if (!before) co_return std::unexpected(refused_by(Code::function_vm_unreadable, before.error(), name_of(function)));
  const auto resized = co_await resize(session, *asked, function, *before);
  if (!resized) co_return std::unexpected(resized.error());
  const auto grown = co_await resize_disk(session, *asked, function);
  if (!grown) co_return std::unexpected(grown.error());
  const auto told = co_await tell_wishes(session, wanted, *before, wishes_changed);
  if (!told) co_return std::unexpected(told.error());
  if (!*resized && !*grown && !*told) co_return Answer<>{};
  const auto flagged = co_await upstream_.oned.act_on_vm(session, "resched", function.vm_id);
  // By default only administrators may; the admin guide says how to change that.
  if (!flagged)
    log_.warn("VM " + std::to_string(function.vm_id) + " could not be flagged for rescheduling",
              {{"reason", flagged.error().sentence()}});
  co_return Answer<>{};
}

Task<Answer<bool>> OpenNebulaCloud::tell_wishes(Session session, const Specification& wanted,
                                                const opennebula::Vm& before, bool wishes_changed) {
  std::vector<std::string> left_out;
  const auto wishes = wishes_of(wanted.document, left_out);
  for (const auto& name : left_out) log_.warn("Ignoring " + name + ": OpenNebula has no such attribute");
  // The runtime may know them already, from an update that did not name this function.
  if (!wishes_changed && carries(before.user, wishes)) co_return false;
  if (wishes.empty()) co_return true;
  const auto text = opennebula::write_text(wishes);
  if (!text) co_return std::unexpected(refused_by(Code::vm_not_updated, text.error()));
  const auto updated = co_await upstream_.oned.update_vm(session, before.header.id, *text, opennebula::Update::merge);
  if (!updated) co_return std::unexpected(refused_by(Code::vm_not_updated, updated.error(), *text));
  co_return true;
}

Task<Answer<bool>> OpenNebulaCloud::resize(Session session, const WantedSizes& wanted, const Function& function,
                                           const opennebula::Vm& before) {
  const auto text = capacity_text(wanted, before);
  if (text.empty()) co_return false;
  log_.info("Updating Serverless Runtime Function VM " + std::to_string(function.vm_id) + " capacity");
  const auto begun = co_await upstream_.oned.resize_vm(session, function.vm_id, text, true);
  if (!begun) co_return std::unexpected(refused_by(Code::capacity_refused, begun.error()));
  const auto vm = co_await settled(session, function);
  if (!vm) co_return std::unexpected(vm.error());
  // The driver refuses later than oned: the VM then runs on with its old sizes.
  if (!capacity_text(wanted, *vm).empty()) co_return refuse(Code::capacity_refused, {}, reason_of(*vm));
  co_return true;
}

Task<Answer<bool>> OpenNebulaCloud::resize_disk(Session session, const WantedSizes& wanted, const Function& function) {
  if (!wanted.disk_mib || *wanted.disk_mib == function.sizes.disk_mib) co_return false;
  log_.info("Resizing Serverless Runtime Function VM " + std::to_string(function.vm_id) + " disk");
  const auto begun = co_await upstream_.oned.resize_disk(session, function.vm_id, 0, *wanted.disk_mib);
  if (!begun) co_return std::unexpected(refused_by(Code::disk_refused, begun.error()));
  const auto vm = co_await settled(session, function);
  if (!vm) co_return std::unexpected(vm.error());
  if (sizes_of(*vm).disk_mib != *wanted.disk_mib) co_return refuse(Code::disk_refused, {}, reason_of(*vm));
  co_return true;
}

/// The VM when it runs again.
Task<Answer<opennebula::Vm>> OpenNebulaCloud::settled(Session session, const Function& function) {
  const auto deadline = in(settings_.timeout);
  for (milliseconds pause{50};; pause = std::min<milliseconds>(pause * 2, seconds{1})) {
    auto vm = co_await upstream_.oned.vm(session, function.vm_id);
    if (!vm) co_return std::unexpected(refused_by(Code::function_vm_unreadable, vm.error(), name_of(function)));
    const auto state = state_of(*vm);
    if (state == FunctionState::running) co_return std::move(*vm);
    if (state != FunctionState::updating) co_return refuse(Code::unexpected_state, name_of(function), to_string(state));
    if (in(pause) > deadline) co_return refuse(Code::stuck_updating, name_of(function), to_string(state));
    co_await sleep_for(pause);
  }
}

}  // namespace nephele::runtimes
