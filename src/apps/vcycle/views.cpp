// SPDX-License-Identifier: Apache-2.0
// What was seen in the last cycle: vcycle scan, machinetype, factories, explain.
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <iostream>
#include <map>

#include "apps/vcycle/sight.h"
#include "apps/vcycled/rehearsal.h"
#include "apps/vcycled/status.h"
#include "base/visible.h"

namespace nephele::apps::vcycle {

namespace {

using fleet::MachineView;

std::string short_name(const std::string& host) {
  return host.substr(0, host.find('.'));
}

double since(fleet::Instant now, std::optional<fleet::Instant> then, double unit) {
  return then ? static_cast<double>(std::max<std::int64_t>(0, (now - *then).count())) / unit : 0;
}

/// The 21 columns that say how it is going.
std::string progress_of(const MachineView& machine, const CpuLoad* load, fleet::Instant now) {
  switch (machine.state) {
    case fleet::State::running:
      return fmt::format("{:5.2f} hrs", since(now, machine.started, 3'600)) +
             (load == nullptr ? "" : fmt::format(" {:.1f}%", load->of_life));
    case fleet::State::starting:
      return fmt::format(" {:.2f} mins", since(now, machine.created, 60));
    case fleet::State::shut_down:
    case fleet::State::deleting:
      return machine.message.empty() ? "" : "\"" + visible(machine.message.substr(0, 19)) + "\"";
    default:
      return "";
  }
}

std::string state_of(const MachineView& machine) {
  return (machine.passed_fizzle ? "* " : "  ") + std::string(to_string(machine.state));
}

/// Readers of the guide look for FACTORY-NN: by age, the oldest is 00.
std::map<std::string, std::string> slots_of(const Sight& sight) {
  std::vector<const MachineView*> by_age;
  for (const auto& machine : sight.machines)
    if (machine.manager == sight.factory) by_age.push_back(&machine);
  std::ranges::sort(by_age, [](const MachineView* a, const MachineView* b) {
    return std::pair(a->created, a->name) < std::pair(b->created, b->name);
  });
  std::map<std::string, std::string> out;
  for (std::size_t i = 0; i < by_age.size(); ++i)
    out[by_age[i]->name] = fmt::format("{}-{:02}", short_name(sight.factory), i);
  return out;
}

/// One object per machine, with the keys of machine_status and beside them what only we know.
json::Value json_of(const MachineView& machine, const CpuLoad* load, const Sight& sight, const std::string& slot) {
  const auto value = fleet::to_json(machine);
  json::Object out = *value.if_object();
  out.set("factory", sight.factory);
  out.set("space", sight.space);
  out.set("slot", slot);
  out.set("time_sent", sight.as_of.time_since_epoch().count());
  if (load != nullptr) {
    out.set("cpu_seconds", load->seconds);
    if (load->lately) out.set("cpu_percentage", *load->lately);
  }
  return out;
}

void add(fleet::FactoryStatus& sum, const fleet::FactoryStatus& more) {
  sum.running_processors += more.running_processors;
  sum.running_machines += more.running_machines;
  sum.max_processors = sum.max_processors.value_or(0) + more.max_processors.value_or(0);
  sum.max_machines = sum.max_machines.value_or(0) + more.max_machines.value_or(0);
}

}  // namespace

int complain(const Error& error) {
  std::cerr << "vcycle: " << error.sentence() << '\n';
  return 1;
}

int scan(const Context& context, const ScanOptions& options) {
  const auto begun = std::chrono::steady_clock::now();
  const auto sights = look_at(context, options.whom, {fleet::Question::machines});
  if (!sights) return complain(sights.error());
  json::Array all;
  std::int64_t replies = 0, running = 0, starting = 0;
  std::size_t width = 15;
  for (const auto& sight : *sights)
    for (const auto& machine : sight.machines) width = std::max(width, visible(machine.name).size());
  for (const auto& sight : *sights) {
    auto slots = slots_of(sight);
    for (const auto& machine : sight.machines) {
      ++replies;
      running += machine.state == fleet::State::running ? 1 : 0;
      starting += machine.state == fleet::State::starting ? 1 : 0;
      const auto& slot = slots[machine.name];
      const auto measured = sight.loads.find(machine.name);
      const auto* const load = measured == sight.loads.end() ? nullptr : &measured->second;
      if (context.json) {
        all.push_back(json_of(machine, load, sight, slot));
        continue;
      }
      std::cout << fmt::format("{:<{}} {:<14} {:<11}  {:<21}{:>6}  {:.2f}s", visible(machine.name), width,
                               machine.machinetype.empty() ? "----------" : visible(machine.machinetype),
                               state_of(machine), progress_of(machine, load, context.now),
                               load == nullptr || !load->lately ? "" : fmt::format("{:.1f}%", *load->lately),
                               sight.seconds);
      if (options.with_hs06)
        std::cout << fmt::format(" {:>7}", machine.hs06 ? fmt::format("{:.2f}", *machine.hs06) : "-");
      if (options.with_versions) std::cout << " " << visible(sight.version);
      std::cout << fmt::format("  {} {} {} {}{}\n", slot.empty() ? "-" : visible(slot), sight.space,
                               machine.ip.empty() ? "-" : visible(machine.ip),
                               machine.heartbeat ? fmt::format("{}s", (context.now - *machine.heartbeat).count()) : "-",
                               machine.zone.empty() ? "" : " " + visible(machine.zone));
    }
  }
  const double took = std::chrono::duration<double>(std::chrono::steady_clock::now() - begun).count();
  if (context.json)
    std::cout << json::pretty(json::Value(std::move(all))) << '\n';
  else
    std::cout << fmt::format("{} replies in {:.2f} seconds; {} running; {} starting.\n", replies, took, running,
                             starting);
  return 0;
}

int machinetype(const Context& context, const std::string& type, const Whom& whom) {
  const auto sights = look_at(context, whom, {fleet::Question::machinetypes});
  if (!sights) return complain(sights.error());
  json::Array all;
  bool known = false;
  for (const auto& sight : *sights) {
    const auto found = std::ranges::find(sight.types, type, &fleet::MachinetypeStatus::machinetype);
    if (found == sight.types.end()) continue;
    known = true;
    if (!context.json) {
      std::cout << fmt::format(
          "{} {} {:.2f} {} \"{}\"\n", visible(sight.factory), found->running_machines, found->running_hs06.value_or(0),
          found->shutdown_time ? fleet::to_text(*found->shutdown_time) : "-", visible(found->shutdown_message));
      continue;
    }
    const auto value = fleet::to_json(*found);
    json::Object one = *value.if_object();
    one.set("factory", sight.factory);
    one.set("space", sight.space);
    all.emplace_back(std::move(one));
  }
  if (!known) return complain(Error(Kind::not_found, "no machinetype " + type + "; `vcycle check-config` lists them"));
  if (context.json) std::cout << json::pretty(json::Value(std::move(all))) << '\n';
  return 0;
}

int factories(const Context& context, const Whom& whom) {
  const auto sights = look_at(context, whom, {fleet::Question::factory});
  if (!sights) return complain(sights.error());
  std::vector<const Sight*> each;  // one of each factory; of its spaces the sums are shown
  std::map<std::string, fleet::FactoryStatus> sums;
  for (const auto& sight : *sights) {
    auto [sum, is_new] = sums.try_emplace(sight.factory, sight.status);
    if (is_new)
      each.push_back(&sight);
    else
      add(sum->second, sight.status);
  }
  json::Array all;
  for (const auto* sight : each) {
    const auto& status = sums.at(sight->factory);
    const auto& host = status.host;
    if (!context.json) {
      std::cout << fmt::format("{} {}/{} {}/{} {:.2f} {} {} {}/{} \"{}\"\n", visible(sight->factory),
                               status.running_processors, status.max_processors.value_or(0), status.running_machines,
                               status.max_machines.value_or(0), host.load_average, host.root_disk_kb,
                               host.daemon_disk_kb, host.mem_used_kb, host.mem_total_kb, visible(sight->version));
      continue;
    }
    const auto value = fleet::to_json(status);
    json::Object one = *value.if_object();
    one.set("factory", sight->factory);
    one.set("daemon_version", sight->version);
    all.emplace_back(std::move(one));
  }
  if (context.json) std::cout << json::pretty(json::Value(std::move(all))) << '\n';
  return 0;
}

int explain(const Context& context) {
  const auto reports = read_reports(context.files, context.space);
  if (reports.empty()) return complain(Error(Kind::not_found, "no cycle has been yet; `vcycled --once` does one"));
  if (context.json) {
    std::cout << decisions_json(reports);
    return 0;
  }
  for (const auto& report : reports) {
    std::cout << "The cycle of " << fleet::log_time(report.began) << ":\n" << decisions_text({report});
    for (const auto& type : report.types)
      std::cout << fmt::format(
          "  {}: share {:g}, {} processors ({} running, {} starting), weight {:g}, {} not passed "
          "fizzle_seconds\n",
          type.name, type.target_share, type.totals.processors, type.totals.running_processors,
          type.totals.starting_processors, type.totals.weight, type.totals.not_passed_fizzle);
  }
  return 0;
}

}  // namespace nephele::apps::vcycle
