// SPDX-License-Identifier: Apache-2.0
#include "clouds/azure/decode.h"

#include <algorithm>
#include <array>

#include "base/ascii.h"
#include "clouds/openstack/fields.h"
#include "clouds/rest/oauth.h"

namespace nephele::azure {

namespace {

using openstack::fields::time_of;

const json::Array* array_at(const json::Value& value, std::initializer_list<std::string_view> path) {
  const auto* const found = value.at_path(path);
  return found == nullptr ? nullptr : found->if_array();
}

std::string at(const json::Value& value, std::initializer_list<std::string_view> path) {
  return std::string(value.text_at(path));
}

constexpr std::int64_t processors_max = 1'000'000;  // more is none, and sums of them would overflow

}  // namespace

/// The power state decides; before there is one, and after a failure, the state of provisioning.
Phase phase_of(const Machine& machine) {
  using enum Phase;
  struct Row {
    std::string_view state;
    Phase phase;
  };
  static constexpr std::array rows{Row{"running", running},        Row{"starting", starting},
                                   Row{"stopping", stopping},      Row{"stopped", shut_down},
                                   Row{"deallocating", shut_down}, Row{"deallocated", shut_down}};
  const std::string provisioning = ascii::lowered(machine.provisioning);
  if (provisioning == "deleting") return deleting;
  const auto* const found = std::ranges::find(rows, machine.view.power, &Row::state);
  if (found == rows.end()) return provisioning == "creating" ? starting : provisioning == "failed" ? failed : unknown;
  // Also of one whose system did not report in time: that is a failure to Azure, but it runs, or has run.
  return found->phase == shut_down && provisioning == "failed" && machine.view.power != "stopped" ? failed
                                                                                                  : found->phase;
}

Result<Page> decode_page(json::Object answer) {
  Page out{.rows = {}, .next = rest::text_of(answer, "nextLink")};
  auto* const value = answer.find("value");
  auto* const rows = value == nullptr ? nullptr : value->if_array();
  if (rows == nullptr) return fail(Kind::invalid, "it has no list of values");
  out.rows = std::move(*rows);
  return out;
}

Result<Machine> decode_machine(const json::Value& one) {
  Machine out{.id = at(one, {"id"}),
              .uuid = ascii::lowered(at(one, {"properties", "vmId"})),
              .name = at(one, {"name"}),
              .size = at(one, {"properties", "hardwareProfile", "vmSize"}),
              .location = at(one, {"location"}),
              .provisioning = at(one, {"properties", "provisioningState"}),
              .created = time_of(one.text_at({"properties", "timeCreated"}))};
  if (out.id.empty() || out.name.empty()) return fail(Kind::invalid, "a machine has no id or name");
  if (const auto* const zones = array_at(one, {"zones"}); zones != nullptr && !zones->empty())
    if (const auto* const zone = zones->front().if_string()) out.zone = *zone;
  const auto* const tags = one.at_path({"tags"});
  if (const auto* const all = tags == nullptr ? nullptr : tags->if_object(); all != nullptr)
    for (const auto& [key, value] : *all)
      if (const auto* const text = value.if_string()) out.tags.emplace(key, *text);
  if (const auto* const view = one.at_path({"properties", "instanceView"})) out.view = decode_view(*view);
  return out;
}

View decode_view(const json::Value& instance_view) {
  constexpr std::string_view power = "PowerState/";
  constexpr std::string_view provisioning = "ProvisioningState/";
  View out;
  const auto* const statuses = array_at(instance_view, {"statuses"});
  if (statuses == nullptr) return out;
  for (const auto& one : *statuses) {
    const auto code = one.text_at({"code"});
    const auto time = time_of(one.text_at({"time"}));
    if (time && (!out.since || *time > *out.since)) out.since = time;
    if (code.starts_with(power)) out.power = ascii::lowered(code.substr(power.size()));
    if (!code.starts_with(provisioning)) continue;
    out.provisioning = ascii::lowered(code.substr(provisioning.size()));
    if (out.provisioning.starts_with("failed")) out.failure = std::string(one.text_at({"message"}));
  }
  return out;
}

Result<Size> decode_size(const json::Value& one) {
  Size out{.name = at(one, {"name"})};
  const auto whole = [&one](std::string_view name) {
    const auto* const value = one.at_path({name});
    return value == nullptr ? std::nullopt : value->integer();
  };
  const auto processors = whole("numberOfCores");
  if (out.name.empty() || !processors || *processors < 1 || *processors > processors_max)
    return fail(Kind::invalid, "a size has no name or no numberOfCores that can be");
  out.processors = *processors;
  out.memory_mib = whole("memoryInMB").value_or(0);
  return out;
}

std::pair<std::string, std::string> decode_interface(const json::Value& one) {
  const auto* const addresses = array_at(one, {"properties", "ipConfigurations"});
  if (addresses == nullptr || addresses->empty()) return {};
  return {at(addresses->front(), {"properties", "privateIPAddress"}),
          ascii::lowered(one.text_at({"properties", "virtualMachine", "id"}))};
}

}  // namespace nephele::azure
