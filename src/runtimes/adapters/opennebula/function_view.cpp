// SPDX-License-Identifier: Apache-2.0
#include "runtimes/adapters/opennebula/function_view.h"

#include <algorithm>
#include <array>
#include <utility>

namespace nephele::runtimes::one {
namespace {

using opennebula::Vm;
using opennebula::VmState;

// Numbers of OpenNebula's LcmState (include/VirtualMachine.h). What is in neither table is a change under way.
constexpr std::array pending_lcm{
    0,   // LCM_INIT
    1,   // PROLOG
    2,   // BOOT
    15,  // CLEANUP_RESUBMIT
    19,  // BOOT_UNKNOWN
    20,  // BOOT_POWEROFF
    21,  // BOOT_SUSPENDED
    22,  // BOOT_STOPPED
    31,  // PROLOG_UNDEPLOY
    32,  // BOOT_UNDEPLOY
};
constexpr int unknown_while_migrating = 60;  // PROLOG_MIGRATE_UNKNOWN

bool has_failed(int lcm_state) {
  return opennebula::is_failure(lcm_state) || lcm_state == opennebula::lcm_unknown ||
         lcm_state == unknown_while_migrating;
}

std::string error_of(const Vm& vm) {
  if (!vm.error.empty()) return vm.error;
  if (vm.state == VmState::done) return "VM " + std::to_string(vm.header.id) + " no longer exists";
  return "No VM Error from Cloud Edge Manager";
}

}  // namespace

FunctionState state_of(const Vm& vm) {
  if (vm.state == VmState::done || vm.state == VmState::cloning_failure) return FunctionState::error;
  // Whoever is powered off, suspended or held has LCM state 0: callers know no better word for it than PENDING.
  if (vm.lcm_state == opennebula::lcm_running)
    return vm.reports_ready && !vm.ready ? FunctionState::pending : FunctionState::running;
  if (std::ranges::find(pending_lcm, vm.lcm_state) != pending_lcm.end()) return FunctionState::pending;
  if (has_failed(vm.lcm_state)) return FunctionState::error;
  return FunctionState::updating;
}

std::string endpoint_of(const Vm& vm) {
  const auto* nic = vm.nic(0);
  if (nic == nullptr) return {};
  for (const auto* address : {&nic->external_ip, &nic->ip6, &nic->ip})
    if (!address->empty()) return *address;
  return {};
}

FunctionSizes sizes_of(const Vm& vm) {
  const auto* disk = vm.disk(0);
  return {.cpu = vm.vcpu.value_or(0),
          .memory_mib = vm.memory_mib.value_or(0),
          .disk_mib = disk == nullptr ? 0 : disk->size_mib.value_or(0)};
}

Function function_of(Role role, const Vm& vm) {
  Function out{.role = role,
               .vm_id = vm.header.id,
               .state = state_of(vm),
               .error = {},
               .endpoint = endpoint_of(vm),
               .sizes = sizes_of(vm)};
  if (out.state == FunctionState::error) out.error = error_of(vm);
  return out;
}

Function gone(Role role, std::int64_t vm_id, std::string reason, const FunctionSizes& last) {
  return {.role = role,
          .vm_id = vm_id,
          .state = FunctionState::error,
          .error = std::move(reason),
          .endpoint = {},
          .sizes = last};
}

}  // namespace nephele::runtimes::one
