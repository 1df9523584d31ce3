// SPDX-License-Identifier: Apache-2.0
#include "fleet/user_data.h"

#include <algorithm>

#include "fleet/urls.h"

namespace nephele::fleet {

namespace {

constexpr std::string_view opening = "##user_data_";
constexpr std::string_view closing = "##";

bool may_stand_in_name(char c) noexcept {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == ',';
}

std::string base_url(const MachineIdentity& identity) {
  return "https://" + identity.https_host + ":" + std::to_string(identity.https_port);
}

}  // namespace

std::string features_url(const MachineIdentity& identity, std::string_view what) {
  return base_url(identity) + "/machines/" + identity.space + "/" + identity.machine + "/" + std::string(what);
}

Patterns built_in_patterns(const MachineIdentity& identity) {
  Patterns out{{"space", identity.space},
               {"machinetype", identity.machinetype},
               {"vmtype", identity.machinetype},
               {"machine_hostname", identity.machine},
               {"vm_hostname", identity.machine},
               {"manager_version", identity.manager_version},
               {"vmlm_version", identity.manager_version},
               {"manager_hostname", identity.manager_host},
               {"vmlm_hostname", identity.manager_host},
               {"joboutputs_token", identity.joboutputs_token},
               {"heartbeat_machines_url", base_url(identity) + "/heartbeatlists/" + identity.space}};
  for (const auto* what : {"machinefeatures", "jobfeatures", "joboutputs"})
    out.emplace(std::string(what) + "_url", features_url(identity, what));
  if (!identity.site.empty()) out.emplace("site", identity.site);
  if (is_url(identity.root_image)) out.emplace("root_image_url", identity.root_image);
  if (is_url(identity.user_data_url)) out.emplace("url", identity.user_data_url);
  return out;
}

std::string render_user_data(std::string_view text, const Patterns& patterns) {
  std::string out;
  out.reserve(text.size());
  for (;;) {
    const auto begin = text.find(opening);
    out += text.substr(0, begin);
    if (begin == std::string_view::npos) return out;
    text.remove_prefix(begin);
    const std::string_view rest = text.substr(opening.size());
    const auto length = static_cast<std::size_t>(std::ranges::find_if_not(rest, may_stand_in_name) - rest.begin());
    if (!rest.substr(length).starts_with(closing)) {
      out += text.front();
      text.remove_prefix(1);
      continue;
    }
    if (const auto found = patterns.find(rest.substr(0, length)); found != patterns.end()) out += found->second;
    text.remove_prefix(opening.size() + length + closing.size());
  }
}

bool tells_token(std::string_view text) {
  return text.contains("##user_data_joboutputs_token##");
}

}  // namespace nephele::fleet
