// SPDX-License-Identifier: Apache-2.0
#include "compute/testing/fake_backend.h"

#include <utility>

namespace nephele::compute::testing {

void FakeBackend::tell(std::int64_t server, std::int64_t generation, MachineEvent::What what, std::string reason) {
  events_->on_event({.id = ServerId(server),
                     .generation = generation,
                     .sequence = ++sequence_,
                     .what = what,
                     .reason = std::move(reason)});
}

void FakeBackend::release() {
  const std::lock_guard lock(mutex_);
  held_ = false;
  for (auto& [id, machine] : machines_)
    if (machine.up) tell(id, machine.spec.generation, MachineEvent::What::ready, {});
}

void FakeBackend::happens(std::int64_t server, MachineEvent::What what, std::string reason) {
  const std::lock_guard lock(mutex_);
  auto& machine = machines_.at(server);
  machine.up = what == MachineEvent::What::guest_reboot;
  tell(server, machine.spec.generation, what, std::move(reason));
}

void FakeBackend::lose_all() {
  const std::lock_guard lock(mutex_);
  for (auto& [id, machine] : machines_) machine.up = false;
}

std::optional<FakeBackend::Machine> FakeBackend::machine(std::int64_t server) const {
  const std::lock_guard lock(mutex_);
  const auto found = machines_.find(server);
  return found == machines_.end() ? std::nullopt : std::optional(found->second);
}

std::size_t FakeBackend::machines() const {
  const std::lock_guard lock(mutex_);
  return machines_.size();
}

Task<Result<>> FakeBackend::prepare(MachineSpec spec, std::vector<ContextFile> context) {
  const std::lock_guard lock(mutex_);
  auto& machine = machines_[spec.id.number()];
  for (const auto& file : context) machine.files[file.name] = file.content.reveal();
  machine.spec = std::move(spec);
  co_return Result<>{};
}

Task<Result<>> FakeBackend::start(MachineSpec spec) {
  const std::lock_guard lock(mutex_);
  auto& machine = machines_[spec.id.number()];
  if (refusal_) co_return fail(*refusal_);
  if (machine.up && machine.spec.generation == spec.generation && machine.starts > 0) co_return Result<>{};
  machine.spec = std::move(spec);
  machine.up = true;
  ++machine.starts;
  if (!held_) tell(machine.spec.id.number(), machine.spec.generation, MachineEvent::What::ready, {});
  co_return Result<>{};
}

Task<Result<>> FakeBackend::stop(ServerId id, std::chrono::milliseconds) {
  const std::lock_guard lock(mutex_);
  machines_[id.number()].up = false;
  co_return Result<>{};
}

Task<Result<>> FakeBackend::reboot(ServerId) {
  co_return Result<>{};
}

Task<Result<Resized>> FakeBackend::resize(MachineSpec spec) {
  Resizing how;
  {
    const std::lock_guard lock(mutex_);
    how = resizing_;
  }
  while (how == Resizing::held) {
    co_await sleep_for(std::chrono::milliseconds{5});
    const std::lock_guard lock(mutex_);
    how = resizing_;
  }
  if (how == Resizing::refused) co_return fail(Kind::conflict, "the guest gave no memory back");
  const std::lock_guard lock(mutex_);
  machines_.at(spec.id.number()).spec = std::move(spec);
  co_return how == Resizing::live ? Resized::live : Resized::needs_restart;
}

Task<Result<>> FakeBackend::remove(ServerId id) {
  const std::lock_guard lock(mutex_);
  machines_.erase(id.number());
  co_return Result<>{};
}

MachineState FakeBackend::state_of(std::int64_t id, const Machine& machine) const {
  const auto up = held_ ? MachineState::Power::starting : MachineState::Power::ready;
  return {.id = ServerId(id),
          .generation = machine.spec.generation,
          .power = machine.up ? up : MachineState::Power::absent,
          .reason = {},
          .asked = false,
          .sizes = machine.spec.sizes};
}

Task<Result<MachineState>> FakeBackend::state(ServerId id) {
  const std::lock_guard lock(mutex_);
  const auto found = machines_.find(id.number());
  if (found == machines_.end())
    co_return MachineState{
        .id = id, .generation = 0, .power = MachineState::Power::absent, .reason = {}, .asked = false, .sizes = {}};
  co_return state_of(id.number(), found->second);
}

Task<Result<std::vector<MachineState>>> FakeBackend::list() {
  const std::lock_guard lock(mutex_);
  std::vector<MachineState> out;
  for (const auto& [id, machine] : machines_) out.push_back(state_of(id, machine));
  co_return out;
}

}  // namespace nephele::compute::testing
