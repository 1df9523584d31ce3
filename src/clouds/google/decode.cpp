// SPDX-License-Identifier: Apache-2.0
#include "clouds/google/decode.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "clouds/openstack/fields.h"
#include "clouds/rest/fault.h"
#include "clouds/rest/oauth.h"

namespace nephele::google {

namespace {

using openstack::fields::time_of;
using rest::last_part;
using rest::text_of;

constexpr std::int64_t processors_max = 1'000'000;  // more is none, and sums of them would overflow

const json::Array* array_at(const json::Value& value, std::initializer_list<std::string_view> path) {
  const auto* const found = value.at_path(path);
  return found == nullptr ? nullptr : found->if_array();
}

/// Every list of a zone without instances has a warning that says so.
std::string missing_by(const json::Value& warning, std::string_view where) {
  const auto code = warning.text_at({"code"});
  if (code.empty() || code == "NO_RESULTS_ON_PAGE") return {};
  return std::string(where) + ": " + std::string(code) + " " + std::string(warning.text_at({"message"}));
}

}  // namespace

Phase phase_of(const Instance& instance) {
  using enum Phase;
  struct Row {
    std::string_view status;
    Phase phase;
  };
  static constexpr std::array rows{
      Row{"PROVISIONING", starting}, Row{"STAGING", starting},       Row{"PENDING", starting},
      Row{"RUNNING", running},       Row{"PENDING_STOP", running},   Row{"TERMINATED", shut_down},
      Row{"STOPPED", shut_down},     Row{"SUSPENDED", shut_down},    Row{"STOPPING", deleting},
      Row{"SUSPENDING", deleting},   Row{"DEPROVISIONING", deleting}};
  const auto* const found = std::ranges::find(rows, instance.status, &Row::status);
  return found == rows.end() ? unknown : found->phase;
}

Result<Instance> decode_instance(const json::Value& one) {
  Instance out{.id = text_of(one, "id"),
               .name = text_of(one, "name"),
               .status = text_of(one, "status"),
               .zone = last_part(text_of(one, "zone")),
               .type = last_part(text_of(one, "machineType"))};
  if (out.id.empty() || out.name.empty() || out.status.empty() || out.zone.empty())
    return fail(Kind::invalid, "an instance has no id, name, status or zone");
  out.created = time_of(text_of(one, "creationTimestamp"));
  out.started = time_of(text_of(one, "lastStartTimestamp"));
  out.stopped = time_of(text_of(one, "lastStopTimestamp"));
  if (const auto* const interfaces = array_at(one, {"networkInterfaces"});
      interfaces != nullptr && !interfaces->empty())
    out.address = std::string(interfaces->front().text_at({"networkIP"}));
  const auto* const labels = one.at_path({"labels"});
  if (const auto* const all = labels == nullptr ? nullptr : labels->if_object(); all != nullptr)
    for (const auto& [key, value] : *all)
      if (const auto* const text = value.if_string()) out.labels.emplace(key, *text);
  return out;
}

Result<InstancePage> decode_instances(const json::Object& answer) {
  InstancePage out;
  const json::Value whole(answer);
  if (text_of(whole, "kind") != "compute#instanceAggregatedList")
    return fail(Kind::invalid, "it is no compute#instanceAggregatedList");
  out.next_token = text_of(whole, "nextPageToken");
  if (const auto* const warning = answer.find("warning")) out.missing = missing_by(*warning, "the list");
  if (const auto* const places = array_at(whole, {"unreachables"}); places != nullptr && !places->empty())
    out.missing = "it does not reach " + (places->front().if_string() ? *places->front().if_string() : "some zones");
  const auto* const items = answer.find("items");
  if (items == nullptr) return out;
  const auto* const zones = items->if_object();
  if (zones == nullptr) return fail(Kind::invalid, "its items are no object");
  for (const auto& [zone, scope] : *zones) {
    if (const auto* const warning = scope.at_path({"warning"}))
      if (auto missing = missing_by(*warning, zone); !missing.empty()) out.missing = std::move(missing);
    const auto* const list = array_at(scope, {"instances"});
    if (list == nullptr) continue;
    for (const auto& one : *list) {
      TRY(auto instance, decode_instance(one));
      out.instances.push_back(std::move(instance));
    }
  }
  return out;
}

Result<MachineType> decode_machine_type(const json::Value& one) {
  MachineType out{.name = text_of(one, "name")};
  const auto whole = [&one](std::string_view name) {
    const auto* const value = one.at_path({name});
    return value == nullptr ? std::nullopt : value->integer();
  };
  const auto processors = whole("guestCpus");
  if (out.name.empty() || !processors || *processors < 1 || *processors > processors_max)
    return fail(Kind::invalid, "a machine type has no name or no guestCpus that can be");
  out.processors = *processors;
  out.memory_mib = whole("memoryMb").value_or(0);
  return out;
}

Result<Operation> decode_operation(std::string_view call, const json::Value& one) {
  Operation out{
      .name = text_of(one, "name"), .zone = last_part(text_of(one, "zone")), .target_id = text_of(one, "targetId")};
  const auto status = text_of(one, "status");
  if (out.name.empty() || status.empty()) return fail(Kind::invalid, "an operation has no name or status");
  out.done = status == "DONE";
  const auto* const errors = array_at(one, {"error", "errors"});
  if (errors == nullptr || errors->empty()) return out;
  int http_status = 400;
  const auto told = text_of(one, "httpErrorStatusCode");
  std::from_chars(told.data(), told.data() + told.size(), http_status);
  out.failure = rest::refused("the cloud's service of Google", call, http_status,
                              {.code = std::string(errors->front().text_at({"code"})),
                               .message = std::string(errors->front().text_at({"message"}))});
  return out;
}

}  // namespace nephele::google
