// SPDX-License-Identifier: Apache-2.0
#include "apps/vcycled/rehearsal.h"

#include <fmt/format.h>
#include <unistd.h>

#include <array>

namespace nephele::apps::vcycle {

std::string decisions_text(const std::vector<fleet::SpaceReport>& reports) {
  std::string out;
  for (const auto& report : reports) {
    out += fmt::format("{}: {} machines of ours with {} processors in use, {} machines running{}\n", report.space,
                       report.machines, report.processors, report.running_machines,
                       report.processors_limit ? fmt::format(", limit {} processors", *report.processors_limit) : "");
    if (!report.error.empty()) out += fmt::format("  nothing was done: {}\n", report.error);
    for (const auto& decision : report.decisions) {
      out += "  " + decision.what;
      if (!decision.machine.empty()) out += " " + decision.machine;
      if (!decision.machinetype.empty()) out += " (" + decision.machinetype + ")";
      out += ": " + decision.reason + "\n";
    }
  }
  return out;
}

std::string decisions_json(const std::vector<fleet::SpaceReport>& reports) {
  json::Array out;
  for (const auto& report : reports) out.push_back(fleet::to_json(report));
  return json::pretty(json::Value(std::move(out))) + "\n";
}

std::string node_name(const std::string& given) {
  if (!given.empty()) return given;
  std::array<char, 256> name{};
  if (::gethostname(name.data(), name.size() - 1) != 0 || name[0] == '\0') return "localhost";
  return name.data();
}

}  // namespace nephele::apps::vcycle
