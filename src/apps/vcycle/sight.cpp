// SPDX-License-Identifier: Apache-2.0
// Whom vcycle asks, and what it is told: the files of this factory, the responders of others.
#include "apps/vcycle/sight.h"

#include <fmt/format.h>

#include <algorithm>
#include <iostream>
#include <set>

#include "apps/vcycled/host_facts.h"
#include "apps/vcycled/status.h"
#include "apps/vcycled/vac_client.h"
#include "fleet/config_copies.h"
#include "fleet/machine_record.h"
#include "fleet/vacuum_pipes.h"

namespace nephele::apps::vcycle {

namespace {

using fleet::SpaceReport;

constexpr fleet::seconds usual_age{600};
constexpr double shortest_wait = 0.01, longest_wait = 3'600;  // seconds

void warn_of_age(const SpaceReport& report, fleet::Instant now) {
  if (now - report.began > usual_age)
    std::cerr << "vcycle: warning: " << report.space << " was looked at " << (now - report.began).count()
              << " s ago for the last time; does vcycled run?\n";
}

/// Whom to ask, and where.
struct Plan {
  bool here = false;
  std::vector<FactoryAt> others;
  std::vector<std::string> spaces;
  double timeout = 0;
};

Result<Plan> plan_of(const Context& context, const Whom& whom, bool by_wire) {
  const fleet::PipeCache pipes(context.files);
  const auto config = fleet::read_configuration(fleet::config_in_force(context.files).texts, &pipes);
  Plan out;
  out.timeout = std::clamp(whom.timeout.value_or(config.factory.udp_timeout_seconds), shortest_wait, longest_wait);
  std::vector<std::string> names = whom.factories.empty() ? config.factory.factories : whom.factories;
  if (names.empty()) names.emplace_back(".");
  for (const auto& name : names) {
    const bool here = is_here(context, name);
    if (here && !by_wire) {
      out.here = true;
      continue;
    }
    auto at = fleet::host_port(name, config.factory.usual_port());
    if (here)
      at = fleet::HostPort{config.factory.responder_address.empty() ? "127.0.0.1" : config.factory.responder_address,
                           config.factory.usual_port()};
    if (!at) return fail(Kind::invalid, "\"" + name + "\" is no factory; write HOST, HOST:PORT or [IPV6]:PORT");
    out.others.push_back({.name = name, .at = *at});
  }
  if (!context.space.empty())
    out.spaces.push_back(context.space);
  else
    for (const auto& space : config.spaces) out.spaces.push_back(space.name);
  if (!out.others.empty() && out.spaces.empty())
    return fail(Kind::invalid, "the configuration names no space; say which, with --space");
  return out;
}

/// Of a running machine that has taken so many seconds of processors.
std::optional<CpuLoad> load_of(const fleet::MachineView& machine, std::int64_t cpu_seconds,
                               std::optional<double> lately, fleet::Instant now) {
  if (machine.state != fleet::State::running || cpu_seconds <= 0 || !machine.started || *machine.started >= now)
    return std::nullopt;
  const auto life = static_cast<double>((now - *machine.started).count());
  return CpuLoad{.seconds = cpu_seconds, .of_life = 100 * static_cast<double>(cpu_seconds) / life, .lately = lately};
}

std::vector<Sight> own_sights(const Context& context) {
  const auto begun = std::chrono::steady_clock::now();
  std::vector<Sight> out;
  for (auto& report : read_reports(context.files, context.space)) {
    if (context.now > report.began) warn_of_age(report, context.now);
    auto& sight = out.emplace_back();
    sight.factory = context.files.node();
    sight.space = report.space;
    sight.here = true;
    sight.as_of = report.began;
    sight.version = program_name("vcycled");
    sight.types = machinetype_statuses(report);
    sight.status = factory_status(report, host_facts(context.files));
    sight.machines = std::move(report.seen);
    for (const auto& machine : sight.machines) {
      if (machine.state != fleet::State::running) continue;
      const auto told = fleet::cpu_seconds_in(context.files.space(report.space, "current") + "/" + machine.name);
      if (const auto load = load_of(machine, told.value_or(0), {}, context.now))
        sight.loads.emplace(machine.name, *load);
    }
  }
  const double took = std::chrono::duration<double>(std::chrono::steady_clock::now() - begun).count();
  for (auto& sight : out) sight.seconds = took;
  return out;
}

/// Nothing of a factory of Vcycle's: by contract vcycle (5.3) it says the time since the start, and 100 per cent.
std::optional<CpuLoad> load_of(const FactoryAnswer& answer, const fleet::MachineStatus& status) {
  if (answer.version.starts_with("Vcycle ")) return std::nullopt;
  return load_of(status.machine, status.cpu_seconds, status.cpu_percentage, answer.sent);
}

Sight sight_of(FactoryAnswer& answer, const std::string& space) {
  Sight out;
  out.factory = answer.factory;
  out.space = space;
  out.seconds = answer.seconds;
  out.as_of = answer.sent;
  out.version = answer.version;
  if (answer.status) out.status = std::move(*answer.status);
  for (auto& [name, type] : answer.types) out.types.push_back(std::move(type));
  for (auto& [name, machine] : answer.machines) {
    if (const auto load = load_of(answer, machine)) out.loads.emplace(name, *load);
    out.machines.push_back(std::move(machine.machine));
    out.machines.back().manager = answer.factory;
  }
  return out;
}

Inquiry inquiry_of(const Plan& plan, const std::string& space, std::vector<fleet::Question> questions) {
  return {.questions = std::move(questions),
          .space = space,
          .program = program_name("vcycle"),
          .timeout = std::chrono::milliseconds(static_cast<std::int64_t>(plan.timeout * 1'000))};
}

/// Managers of one space see each other's machines; whoever acts on one tells of it.
void leave_out_what_others_tell(std::vector<Sight>& sights) {
  std::set<std::pair<std::string, std::string>> told;
  for (const auto& sight : sights)
    if (!sight.here)
      for (const auto& machine : sight.machines) told.emplace(sight.space, machine.name);
  for (auto& sight : sights)
    if (sight.here)
      std::erase_if(sight.machines, [&](const fleet::MachineView& machine) {
        return machine.manager != sight.factory && told.contains({sight.space, machine.name});
      });
}

}  // namespace

bool is_here(const Context& context, const std::string& name) {
  const auto at = fleet::host_port(name, fleet::vacquery_port);
  const std::string host = at ? at->host : name;
  const std::string& node = context.files.node();
  const auto begins = [](const std::string& whole, const std::string& first) { return whole.starts_with(first + "."); };
  return host == "." || host == node || begins(node, host) || (!node.contains('.') && begins(host, node));
}

Result<std::vector<Sight>> look_at(const Context& context, const Whom& whom, std::vector<fleet::Question> questions) {
  TRY(auto plan, plan_of(context, whom, false));
  std::vector<Sight> out;
  if (plan.here) {
    out = own_sights(context);
    if (out.empty() && plan.others.empty())
      return fail(Kind::not_found, "no cycle has looked at " +
                                       (context.space.empty() ? std::string("any space") : context.space) +
                                       " yet; `vcycled --once` does one");
  }
  bool anybody = !out.empty();
  for (const auto& space : plan.spaces) {
    if (plan.others.empty()) break;
    for (auto& answer : ask(plan.others, inquiry_of(plan, space, questions))) {
      if (!answer.error.empty())
        std::cerr << "vcycle: " << answer.asked << ", " << space << ": " << answer.error << '\n';
      if (!answer.answered()) {
        // It is not waited for in each space.
        std::erase_if(plan.others, [&](const FactoryAt& factory) { return factory.name == answer.asked; });
        continue;
      }
      anybody = true;
      out.push_back(sight_of(answer, space));
    }
  }
  std::ranges::sort(out, {}, [](const Sight& sight) { return std::pair(sight.factory, sight.space); });
  if (!anybody) return fail(Kind::unavailable, "no factory has answered");
  leave_out_what_others_tell(out);
  return out;
}

int raw(const Context& context, const Whom& whom) {
  const auto plan = plan_of(context, whom, true);
  if (!plan) return complain(plan.error());
  bool anybody = false;
  json::Array all;
  for (const auto& space : plan->spaces) {
    auto inquiry =
        inquiry_of(*plan, space, {fleet::Question::factory, fleet::Question::machinetypes, fleet::Question::machines});
    inquiry.keep_datagrams = true;
    for (const auto& answer : ask(plan->others, inquiry)) {
      if (!answer.error.empty())
        std::cerr << "vcycle: " << answer.asked << ", " << space << ": " << answer.error << '\n';
      anybody = anybody || answer.answered();
      for (const auto& text : answer.datagrams) {
        const auto value = json::parse(text);
        std::vector<json::Member> members(value->if_object()->begin(), value->if_object()->end());
        std::ranges::sort(members, {}, &json::Member::first);
        json::Object sorted;
        for (auto& [key, member] : members) sorted.append(std::move(key), std::move(member));
        all.emplace_back(std::move(sorted));
      }
    }
  }
  if (context.json) {
    std::cout << json::pretty(json::Value(std::move(all))) << '\n';
    return anybody ? 0 : 1;
  }
  for (const auto& one : all) std::cout << json::pretty(one) << '\n';
  return anybody ? 0 : 1;
}

}  // namespace nephele::apps::vcycle
