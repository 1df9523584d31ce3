// SPDX-License-Identifier: Apache-2.0
#include "fleet/apel.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>

#include "base/utc.h"

namespace nephele::fleet {

namespace {

std::string on_one_line(std::string_view value) {
  std::string out(value);
  for (char& c : out)
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = ' ';
  return out;
}

/// 10.5, 84.0: at least one digit behind the point.
std::string number(double value) {
  std::string out = fmt::format("{}", value);
  if (out.find_first_of(".en") == std::string::npos) out += ".0";
  return out;
}

class Lines {
 public:
  void add(std::string_view key, std::string_view value) { text_ += fmt::format("{}: {}\n", key, on_one_line(value)); }
  void add(std::string_view key, std::int64_t value) { add(key, std::to_string(value)); }
  std::string ended() && { return std::move(text_) + "%%\n"; }

 private:
  std::string text_;
};

}  // namespace

std::string site_of(std::string_view space) {
  const auto dot = space.find('.');
  return std::string(dot == std::string_view::npos ? space : space.substr(dot + 1));
}

std::string user_dn_of(std::string_view space) {
  std::string out;
  while (!space.empty()) {
    const auto dot = space.rfind('.');
    const auto last = dot == std::string_view::npos ? space : space.substr(dot + 1);
    if (!last.empty()) out += "/DC=" + std::string(last);
    space = dot == std::string_view::npos ? std::string_view{} : space.substr(0, dot);
  }
  return out;
}

std::string apel_text(const UsageRecord& record) {
  const std::int64_t wall = (record.stopped - record.started).count();
  Lines out;
  out.add("APEL-individual-job-message", "v0.3");
  out.add("Site", record.site.empty() ? site_of(record.space) : record.site);
  out.add("SubmitHost", record.space + "/vcycle-" + record.node);
  out.add("LocalJobId", record.job);
  out.add("LocalUserId", record.user);
  out.add("Queue", record.machinetype);
  out.add("GlobalUserName", user_dn_of(record.space));
  if (!record.fqan.empty()) out.add("FQAN", record.fqan);
  out.add("WallDuration", wall);
  const std::int64_t most = wall * record.processors.value_or(1);
  out.add("CpuDuration", std::min(record.cpu_seconds.value_or(most), most));
  if (record.processors) out.add("Processors", *record.processors);
  out.add("NodeCount", 1);
  out.add("InfrastructureDescription", "APEL-VCYCLE");
  out.add("InfrastructureType", "grid");
  out.add("StartTime", record.started.time_since_epoch().count());
  out.add("EndTime", record.stopped.time_since_epoch().count());
  if (record.max_rss_bytes) {
    out.add("MemoryReal", *record.max_rss_bytes / 1024);
    out.add("MemoryVirtual", *record.max_rss_bytes / 1024);
  }
  out.add("ServiceLevelType", "HEPSPEC");
  out.add("ServiceLevel",
          number(record.hs06 ? *record.hs06 / static_cast<double>(record.processors.value_or(1)) : 1.0));
  return std::move(out).ended();
}

std::string apel_file_name(Instant written, std::uint32_t salt) {
  return fmt::format("{:%Y%m%d/%H%M%S}{:08x}", utc(written), salt);
}

}  // namespace nephele::fleet
