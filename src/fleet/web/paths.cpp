// SPDX-License-Identifier: Apache-2.0
#include "fleet/web/paths.h"

#include <algorithm>
#include <optional>
#include <vector>

#include "fleet/machine_name.h"
#include "fleet/space_cycle.h"
#include "http/message.h"

namespace nephele::fleet::web {

namespace {

constexpr std::size_t segments_max = 6;

/// Between single slashes, decoded; the last one is empty when the path ends with a slash.
std::optional<std::vector<std::string>> segments_of(std::string_view path) {
  std::vector<std::string> out;
  while (!path.empty()) {
    const auto begin = std::min(path.find_first_not_of('/'), path.size());
    if (begin == 0) return std::nullopt;
    path.remove_prefix(begin);
    const auto end = std::min(path.find('/'), path.size());
    auto text = http::percent_decode(path.substr(0, end));
    if (!text || out.size() == segments_max) return std::nullopt;
    out.push_back(std::move(*text));
    path.remove_prefix(end);
  }
  return out;
}

bool is_features(std::string_view text) {
  return text == "machinefeatures" || text == "jobfeatures";
}

/// What lies below a machine: "machinefeatures", "machinefeatures/", "machinefeatures/KEY", "joboutputs/FILE".
Target below_machine(std::string space, const std::vector<std::string>& path, std::size_t machine) {
  const auto left = path.size() - machine - 1;
  if (left == 0 || left > 2 || !is_machine_name(path[machine])) return {};
  Target out{.space = std::move(space), .machine = path[machine]};
  out.what = path[machine + 1];
  const bool features = is_features(out.what);
  if (left == 1) {
    out.asked = features ? Asked::folder : Asked::nothing;
  } else if (features && path.back().empty()) {
    out.asked = Asked::index;
  } else if (is_file_name(path.back())) {
    out.name = path.back();
    out.asked = features ? Asked::feature : out.what == "joboutputs" ? Asked::output : Asked::nothing;
  }
  return out.asked == Asked::nothing ? Target{} : out;
}

Target heartbeats_of(const std::string& space, const std::string& type) {
  if (!is_file_name(space) || !is_file_name(type)) return {};
  return {.asked = Asked::heartbeats, .space = space, .name = type};
}

}  // namespace

Target target_of(std::string_view path) {
  const auto segments = segments_of(path);
  if (!segments || segments->size() < 3) return {};
  const auto& s = *segments;
  if (s[0] == "heartbeatlists" && s.size() == 3) return heartbeats_of(s[1], s[2]);
  if (s[0] == "spaces" && s.size() == 4 && s[2] == "heartbeatmachines") return heartbeats_of(s[1], s[3]);
  if (s[0] == "spaces" && s.size() == 3 && s[2] == "glue2.json" && is_file_name(s[1]))
    return {.asked = Asked::glue, .space = s[1]};
  if (s[0] != "machines") return {};
  // The first releases had no space in their URLs. No machine is called like one of its folders.
  if (is_features(s[2]) || s[2] == "joboutputs") return below_machine({}, s, 1);
  return is_file_name(s[1]) ? below_machine(s[1], s, 2) : Target{};
}

}  // namespace nephele::fleet::web
