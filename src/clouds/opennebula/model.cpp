// SPDX-License-Identifier: Apache-2.0
#include "clouds/opennebula/model.h"

#include <algorithm>
#include <array>
#include <charconv>

namespace nephele::opennebula {

namespace {

// In the order of their numbers (src/flow/lib/models/service.rb).
constexpr std::array<std::string_view, 16> service_states{"PENDING",
                                                          "DEPLOYING",
                                                          "RUNNING",
                                                          "UNDEPLOYING",
                                                          "WARNING",
                                                          "DONE",
                                                          "FAILED_UNDEPLOYING",
                                                          "FAILED_DEPLOYING",
                                                          "SCALING",
                                                          "FAILED_SCALING",
                                                          "COOLDOWN",
                                                          "DEPLOYING_NETS",
                                                          "UNDEPLOYING_NETS",
                                                          "FAILED_DEPLOYING_NETS",
                                                          "FAILED_UNDEPLOYING_NETS",
                                                          "HOLD"};

constexpr std::array failures{
    14,  // FAILURE
    36,  // BOOT_FAILURE
    37,  // BOOT_MIGRATE_FAILURE
    38,  // PROLOG_MIGRATE_FAILURE
    39,  // PROLOG_FAILURE
    40,  // EPILOG_FAILURE
    41,  // EPILOG_STOP_FAILURE
    42,  // EPILOG_UNDEPLOY_FAILURE
    44,  // PROLOG_MIGRATE_POWEROFF_FAILURE
    46,  // PROLOG_MIGRATE_SUSPEND_FAILURE
    47,  // BOOT_UNDEPLOY_FAILURE
    48,  // BOOT_STOPPED_FAILURE
    49,  // PROLOG_RESUME_FAILURE
    50,  // PROLOG_UNDEPLOY_FAILURE
    61,  // PROLOG_MIGRATE_UNKNOWN_FAILURE
};

template <class Items, class Matches>
auto first_of(const Items& items, Matches matches) -> decltype(items.data()) {
  const auto found = std::ranges::find_if(items, matches);
  return found == items.end() ? nullptr : &*found;
}

}  // namespace

std::optional<Version> parse_version(std::string_view text) {
  Version out;
  const std::array<int*, 3> parts{&out.major, &out.minor, &out.patch};
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), *parts[i]);
    if (error != std::errc{} || *parts[i] < 0) return std::nullopt;
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    if (!text.starts_with('.')) return i > 0 ? std::optional(out) : std::nullopt;
    text.remove_prefix(1);
  }
  return out;
}

const Disk* Vm::disk(std::int64_t id) const noexcept {
  return first_of(disks, [id](const Disk& disk) { return disk.id == id; });
}

const Nic* Vm::nic(std::int64_t id) const noexcept {
  return first_of(nics, [id](const Nic& nic) { return nic.id == id; });
}

VmState vm_state(std::int64_t number) noexcept {
  const bool known = number >= 0 && number <= static_cast<std::int64_t>(VmState::cloning_failure);
  return known ? static_cast<VmState>(number) : VmState::unknown;
}

bool is_failure(int lcm_state) noexcept {
  return std::ranges::find(failures, lcm_state) != failures.end();
}

bool is_ending(int lcm_state) noexcept {
  return (lcm_state >= 11 && lcm_state <= 13) || lcm_state == 23;
}

bool is_first_start(int lcm_state) noexcept {
  return (lcm_state >= 0 && lcm_state <= 2) || lcm_state == 15;
}

ServiceState service_state(std::int64_t number) noexcept {
  const bool known = number >= 0 && number < static_cast<std::int64_t>(service_states.size());
  return known ? static_cast<ServiceState>(number) : ServiceState::unknown;
}

std::string_view to_string(ServiceState state) noexcept {
  const auto index = static_cast<std::size_t>(state);
  return index < service_states.size() ? service_states[index] : "UNKNOWN";
}

bool is_failed(ServiceState state) noexcept {
  return to_string(state).starts_with("FAILED");
}

const Role* Service::role(std::string_view name) const noexcept {
  return first_of(roles, [name](const Role& role) { return role.name == name; });
}

const RoleTemplate* ServiceTemplate::role(std::string_view name) const noexcept {
  return first_of(roles, [name](const RoleTemplate& role) { return role.name == name; });
}

}  // namespace nephele::opennebula
