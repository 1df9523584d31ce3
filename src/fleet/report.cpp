// SPDX-License-Identifier: Apache-2.0
#include "fleet/report.h"

#include <array>
#include <ctime>

#include "fleet/members.h"

namespace nephele::fleet {

// The keys of VacQuery's machine_status where it has one for a thing.
static void each(ViewOf<MachineView> auto& machine, auto& visit) {
  visit("machine", machine.name);
  visit("uuid", machine.id);
  visit("machinetype", machine.machinetype);
  visit("state", machine.state);
  visit("ip", machine.ip);
  visit("zone", machine.zone);
  visit("num_processors", machine.processors);
  visit("hs06", machine.hs06);
  visit("created_time", machine.created);
  visit("started_time", machine.started);
  visit("updated_time", machine.updated);
  visit("stopped_time", machine.stopped);
  visit("heartbeat_time", machine.heartbeat);
  visit("passed_fizzle", machine.passed_fizzle);
  visit("shutdown_message", machine.message);
  visit("manager", machine.manager);
}

static void each(ViewOf<TypeView> auto& type, auto& visit) {
  visit("machinetype", type.name);
  visit("target_share", type.target_share);
  visit("machines", type.totals.machines);
  visit("processors", type.totals.processors);
  visit("starting_machines", type.totals.starting_machines);
  visit("starting_processors", type.totals.starting_processors);
  visit("running_machines", type.totals.running_machines);
  visit("running_processors", type.totals.running_processors);
  visit("running_hs06", type.totals.running_hs06);
  visit("weight", type.totals.weight);
  visit("not_passed_fizzle", type.totals.not_passed_fizzle);
  visit("max_wallclock_seconds", type.max_wallclock);
  visit("bytes_per_processor", type.bytes_per_processor);
  visit("fqan", type.fqan);
  visit("max_processors", type.max_processors);
  visit("machines_limit", type.machines_limit);
  visit("shutdown_machine", type.last_machine);
  visit("shutdown_message", type.last_message);
  visit("shutdown_time", type.last_stopped);
}

static void each(ViewOf<Decision> auto& decision, auto& visit) {
  visit("what", decision.what);
  visit("machine", decision.machine);
  visit("machinetype", decision.machinetype);
  visit("reason", decision.reason);
}

static void each(ViewOf<SpaceReport> auto& report, auto& visit) {
  visit("space", report.space);
  visit("site", report.site);
  visit("time", report.began);
  visit("error", report.error);
  visit("processors_limit", report.processors_limit);
  visit("machines_limit", report.machines_limit);
  visit("machines", report.machines);
  visit("processors", report.processors);
  visit("running_machines", report.running_machines);
  visit("running_processors", report.running_processors);
  visit("running_hs06", report.running_hs06);
  visit("max_hs06", report.max_hs06);
  visit("machinetypes", report.types);
  visit("seen", report.seen);
  visit("ended", report.ended);
  visit("decisions", report.decisions);
}

json::Value to_json(const MachineView& machine) {
  MemberWriter out;
  each(machine, out);
  return out.take();
}

json::Value to_json(const SpaceReport& report) {
  MemberWriter out;
  each(report, out);
  return out.take();
}

std::optional<SpaceReport> report_from(const json::Value& value) {
  SpaceReport out;
  const MemberReader in(value);
  each(out, in);
  return out.space.empty() ? std::nullopt : std::optional(std::move(out));
}

std::string reason_of(Blocked blocked) {
  switch (blocked) {
    case Blocked::no_share:
      return "its target_share is not above 0";
    case Blocked::space_full:
      return "its machine does not fit under the space's processors_limit";
    case Blocked::type_full:
      return "it has reached its own processors_limit";
    case Blocked::type_machines_full:
      return "it has reached its own max_machines";
    case Blocked::pipe_full:
      return "the machinetypes of its vacuum pipe have reached the pipe's processors_limit or max_machines";
    case Blocked::starting_full:
      return "as many of its processors are starting as may be";
    case Blocked::backoff:
      return "backoff_seconds after its last abort are not over";
    case Blocked::probing:
      return "after its last abort one machine is on probation for fizzle_seconds";
    case Blocked::failing:
      return "its last creations failed; it waits longer each time";
    case Blocked::refused:
      return "a creation of it was refused in this cycle";
  }
  return "";
}

std::string reason_of(Ended ended) {
  switch (ended) {
    case Ended::draining:
      return "the space is draining";
    case Ended::shutdown_passed:
      return "the space's shutdown_time has passed";
    case Ended::no_limit:
      return "no limit of processors is known; set processors_limit in its section";
    case Ended::space_full:
      return "the space's processors_limit is reached";
    case Ended::machines_full:
      return "the space's total_machines is reached";
    case Ended::cycle_full:
      return "a tenth of the space's limit is all that one cycle adds";
    case Ended::no_candidate:
      return "no suitable machinetype";
  }
  return "";
}

std::string log_time(Instant when) {
  const std::time_t time = when.time_since_epoch().count();
  std::tm local{};
  ::localtime_r(&time, &local);
  std::array<char, 32> text{};
  constexpr std::array months{"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const auto length = std::strftime(text.data(), text.size(), " %d %H:%M:%S", &local);
  return std::string(months.at(static_cast<std::size_t>(local.tm_mon))) + std::string(text.data(), length);
}

}  // namespace nephele::fleet
