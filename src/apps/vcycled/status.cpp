// SPDX-License-Identifier: Apache-2.0
#include "apps/vcycled/status.h"

#include <fmt/format.h>

#include "base/redacted.h"
#include "base/text_file.h"

namespace nephele::apps::vcycle {

namespace {

constexpr std::size_t report_max = std::size_t{64} * 1024 * 1024;
constexpr std::string_view ending = ".json";

using fleet::Durable;

}  // namespace

std::string report_path(const fleet::Files& files, const std::string& space) {
  return files.lib("status/" + space + std::string(ending));
}

std::optional<fleet::SpaceReport> read_report(const std::string& path) {
  const auto text = read_text_file(path, report_max);
  const auto value = text ? json::parse(*text) : Result<json::Value>(json::Value());
  return value ? fleet::report_from(*value) : std::nullopt;
}

Result<> write_report(const fleet::Files& files, const fleet::SpaceReport& report) {
  TRY_VOID(files.make_folder(files.lib("status"), 0755));
  return files.write(report_path(files, report.space), json::write(fleet::to_json(report)), 0640, Durable::no);
}

std::vector<fleet::SpaceReport> read_reports(const fleet::Files& files, const std::string& space) {
  std::vector<fleet::SpaceReport> out;
  const auto names = fleet::names_in(files.lib("status"));
  if (!names) return out;
  for (const auto& name : *names) {
    if (!name.ends_with(ending)) continue;
    auto report = read_report(files.lib("status/" + name));
    if (report && (space.empty() || report->space == space)) out.push_back(std::move(*report));
  }
  return out;
}

void forget_reports(const fleet::Files& files, const std::function<bool(const std::string&)>& is_configured) {
  const auto names = fleet::names_in(files.lib("status"));
  if (!names) return;
  for (const auto& name : *names)
    if (name.ends_with(ending) && !is_configured(name.substr(0, name.size() - ending.size())))
      (void)files.remove(files.lib("status/" + name));
}

void beat(const fleet::Files& files, std::string_view who) {
  // A heart that cannot be heard is what the file is there to show.
  (void)files.write(files.lib(std::string(who) + "-heartbeat"), "", 0644, Durable::no);
}

void write_factory_error(const fleet::Files& files, const std::string& sentence) {
  const std::string path = files.lib("factory-error");
  if (sentence.empty())
    (void)files.remove(path);
  else
    (void)files.write(path, without_url_secrets(sentence) + "\n", 0644, Durable::no);
}

void write_counts(const fleet::Files& files, const std::vector<fleet::SpaceReport>& reports) {
  std::int64_t running = 0, machines = 0, running_processors = 0, processors = 0;
  double hs06 = 0;
  for (const auto& report : reports) {
    running += report.running_machines;
    machines += report.machines_limit.value_or(report.processors_limit.value_or(0));
    running_processors += report.running_processors;
    processors += report.processors_limit.value_or(0);
    hs06 += report.running_hs06;
  }
  (void)files.write(files.lib("counts"),
                    fmt::format("{} {} {} {} {:.2f}\n", running, machines, running_processors, processors, hs06), 0644,
                    Durable::no);
}

}  // namespace nephele::apps::vcycle
