// SPDX-License-Identifier: Apache-2.0
#include "runtimes/adapters/opennebula/remains.h"

#include <utility>

namespace nephele::runtimes::one {

json::Value to_json(const Remains& remains) {
  json::Object out;
  json::Array vms;
  for (const auto vm : remains.vms) vms.emplace_back(vm);
  out.append("tag", remains.tag);
  out.append("service", remains.service ? json::Value(*remains.service) : json::Value());
  out.append("vms", std::move(vms));
  out.append("document", remains.document ? json::Value(*remains.document) : json::Value());
  if (!remains.boot.empty()) out.append("boot", remains.boot);
  return out;
}

Remains remains_from(const json::Value& value) {
  const auto number = [&](std::string_view name) -> std::optional<std::int64_t> {
    const auto* found = value.at_path({name});
    return found == nullptr ? std::nullopt : found->integer();
  };
  Remains out{.tag = std::string(value.text_at({"tag"})),
              .service = number("service"),
              .vms = {},
              .document = number("document"),
              .boot = std::string(value.text_at({"boot"}))};
  const auto* vms = value.at_path({"vms"});
  if (vms != nullptr && vms->if_array() != nullptr)
    for (const auto& vm : *vms->if_array()) out.vms.push_back(vm.integer().value_or(-1));
  return out;
}

}  // namespace nephele::runtimes::one
