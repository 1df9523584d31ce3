// SPDX-License-Identifier: Apache-2.0
#include "identity/quota/wire.h"

#include <algorithm>
#include <charconv>

#include "identity/astakos/conventions.h"

namespace nephele::identity::quota::wire {

namespace {

using astakos::Answer;
using astakos::Fault;
using astakos::FaultName;
using astakos::refuse;

constexpr std::size_t name_bytes_max = 4096;
constexpr std::size_t shown_bytes_max = 200;  // of what is echoed in a message

json::Value or_null(const std::string& text) {
  return text.empty() ? json::Value() : json::Value(text);
}

std::optional<Provision> provision_from(const json::Value& value) {
  const auto* object = value.if_object();
  if (object == nullptr) return std::nullopt;
  const auto* holder = object->find("holder");
  const auto* source = object->find("source");
  const auto* resource = object->find("resource");
  const auto* quantity = object->find("quantity");
  for (const auto* member : {holder, source, resource, quantity})
    if (member == nullptr) return std::nullopt;
  const auto amount = quantity->integer();
  if (holder->if_string() == nullptr || resource->if_string() == nullptr || !amount) return std::nullopt;
  if (source->if_string() == nullptr && !source->is_null()) return std::nullopt;
  return Provision{.key = {.holder = *holder->if_string(),
                           .source = source->is_null() ? std::string() : *source->if_string(),
                           .resource = *resource->if_string()},
                   .quantity = *amount};
}

Answer<std::vector<Provision>> provisions_from(const json::Object& body) {
  const auto* value = body.find("provisions");
  if (value == nullptr || value->is_null()) return refuse(FaultName::bad_request, "Provisions are missing.");
  const auto* list = value->if_array();
  if (list == nullptr) return refuse(FaultName::bad_request, "Provisions should be a list.");
  std::vector<Provision> provisions;
  for (const auto& item : *list) {
    auto provision = provision_from(item);
    if (!provision)
      return refuse(FaultName::bad_request, "Malformed provision " + json::write(item).substr(0, shown_bytes_max));
    provisions.push_back(std::move(*provision));
  }
  return provisions;
}

Answer<bool> flag_from(const json::Object& body, std::string_view name) {
  const auto* value = body.find(name);
  if (value == nullptr) return false;
  if (const bool* flag = value->if_bool()) return *flag;
  return refuse(FaultName::bad_request, "\"" + std::string(name) + "\" option should be a boolean.");
}

Answer<std::string> name_from(const json::Object& body) {
  const auto* value = body.find("name");
  if (value == nullptr) return std::string();
  const auto* name = value->if_string();
  if (name == nullptr) return refuse(FaultName::bad_request, "Commission name should be a string.");
  if (name->size() > name_bytes_max)
    return refuse(FaultName::bad_request,
                  "Commission name should have at most " + std::to_string(name_bytes_max) + " bytes.");
  return *name;
}

Answer<std::vector<Serial>> list_from(const json::Object& body, std::string_view name) {
  std::vector<Serial> serials;
  const auto* value = body.find(name);
  if (value == nullptr) return serials;
  const auto* list = value->if_array();
  if (list == nullptr)
    return refuse(FaultName::bad_request, R"("accept" and "reject" should reference lists of serials.)");
  for (const auto& item : *list) {
    const auto number = item.integer();
    if (!number) return refuse(FaultName::bad_request, "Serials should be integer.");
    serials.emplace_back(*number);
  }
  return serials;
}

json::Value provision_json(json::Value holder, json::Value source, json::Value resource, json::Value quantity) {
  json::Object object;
  object.append("holder", std::move(holder));
  object.append("source", std::move(source));
  object.append("resource", std::move(resource));
  object.append("quantity", std::move(quantity));
  return object;
}

json::Value to_json(const MemberQuota& quota) {
  json::Object object;
  object.append("usage", quota.usage);
  object.append("limit", quota.limit);
  object.append("pending", quota.pending);
  object.append("project_usage", quota.project_usage);
  object.append("project_limit", quota.project_limit);
  object.append("project_pending", quota.project_pending);
  return object;
}

json::Value to_json(const Holding& whole) {
  json::Object object;
  object.append("project_usage", whole.usage_max);
  object.append("project_limit", whole.limit);
  object.append("project_pending", whole.usage_max - whole.usage_min);
  return object;
}

template <class T>
json::Value object_of(const std::map<std::string, T>& members) {
  json::Object object;
  for (const auto& [name, value] : members) {
    if constexpr (requires { typename T::mapped_type; })
      object.append(name, object_of(value));
    else
      object.append(name, to_json(value));
  }
  return object;
}

}  // namespace

Answer<NewCommission> commission_from(const json::Object& body, std::string client) {
  NewCommission commission{.client = std::move(client)};
  TRY(commission.provisions, provisions_from(body));
  TRY(commission.force, flag_from(body, "force"));
  TRY(commission.auto_accept, flag_from(body, "auto_accept"));
  TRY(commission.name, name_from(body));
  return commission;
}

Answer<Verdict> verdict_from(const json::Object& body) {
  const bool accept = body.contains("accept");
  if (accept == body.contains("reject"))
    return refuse(FaultName::bad_request, "Specify either accept or reject action.");
  return accept ? Verdict::accept : Verdict::reject;
}

Answer<std::pair<std::vector<Serial>, std::vector<Serial>>> serials_from(const json::Object& body) {
  TRY(auto accept, list_from(body, "accept"));
  TRY(auto reject, list_from(body, "reject"));
  return std::pair(std::move(accept), std::move(reject));
}

Answer<Serial> serial_from(std::string_view text) {
  if (text.empty() || !std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; }))
    return refuse(FaultName::bad_request, "Serial should be an integer.");
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return Serial(error == std::errc{} ? number : 0);
}

std::vector<std::string> names_from(std::string_view text) {
  std::vector<std::string> names;
  for (;;) {
    const auto comma = text.find(',');
    if (comma != 0 && !text.empty()) names.emplace_back(text.substr(0, comma));
    if (comma == std::string_view::npos) return names;
    text.remove_prefix(comma + 1);
  }
}

std::optional<json::Value> data_of(const Error& error) {
  if (error.detail("name").empty()) return std::nullopt;
  const auto text = [&](std::string_view name) { return std::string(error.detail(name)); };
  const auto number = [&](std::string_view name) { return json::Value(json::Number{text(name)}); };
  json::Object data;
  data.append("name", text("name"));
  data.append("provision",
              provision_json(text("holder"), or_null(text("source")), text("resource"), number("quantity")));
  for (const char* name : {"limit", "usage"})
    if (!error.detail(name).empty()) data.append(name, number(name));
  return data;
}

json::Value to_json(const Commission& commission) {
  json::Array provisions;
  for (const auto& [key, quantity] : commission.provisions)
    provisions.push_back(provision_json(key.holder, or_null(key.source), key.resource, quantity));
  json::Object object;
  object.append("serial", commission.serial.number());
  object.append("issue_time", astakos::timestamp(commission.issued));
  object.append("name", commission.name);
  object.append("provisions", std::move(provisions));
  return object;
}

json::Value to_json(std::span<const Serial> serials) {
  json::Array list;
  list.reserve(serials.size());
  for (const auto serial : serials) list.emplace_back(serial.number());
  return list;
}

json::Value to_json(const Resolved& resolved) {
  json::Array failed;
  for (const auto& [serial, error] : resolved.failed) {
    json::Object fault;
    const Fault why = astakos::fault_from(error);
    json::Object inner;
    inner.append("code", astakos::status_of(why.name));
    inner.append("message", why.message);
    fault.append(std::string(astakos::to_string(why.name)), std::move(inner));
    failed.push_back(json::Array{serial.number(), std::move(fault)});
  }
  json::Object object;
  object.append("accepted", to_json(std::span<const Serial>(resolved.accepted)));
  object.append("rejected", to_json(std::span<const Serial>(resolved.rejected)));
  object.append("failed", std::move(failed));
  return object;
}

json::Value to_json(const ProjectQuotas& quotas) {
  return object_of(quotas);
}
json::Value to_json(const UserQuotas& quotas) {
  return object_of(quotas);
}
json::Value to_json(const WholeQuotas& quotas) {
  return object_of(quotas);
}

json::Value to_json(std::span<const Resource> resources) {
  json::Object all;
  for (const auto& resource : resources) {
    if (!resource.api_visible) continue;
    json::Object shown;
    shown.append("service", resource.service_origin);
    shown.append("description", resource.description);
    shown.append("unit", resource.unit);
    shown.append("ui_visible", resource.ui_visible);
    shown.append("api_visible", resource.api_visible);
    all.append(resource.name, std::move(shown));
  }
  return all;
}

}  // namespace nephele::identity::quota::wire
