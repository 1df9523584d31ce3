// SPDX-License-Identifier: Apache-2.0
#include "fleet/vac_messages.h"

#include <array>

#include "fleet/members.h"

namespace nephele::fleet {

namespace {

constexpr std::string_view vacmon_version = "VacQuery 01.02";
constexpr std::string_view vacquery_version = "VacQuery 01.03";  // has machine_model

constexpr std::size_t cookie_max = 256;

struct Asked {
  Question question;
  std::string_view name, of_old;
};
constexpr std::array asked_by{Asked{Question::factory, "factory_query", "factories"},
                              Asked{Question::machinetypes, "machinetypes_query", "machinetypes"},
                              Asked{Question::machines, "machines_query", "machines"}};

std::string_view type_of(const Status& status) {
  static constexpr std::array<std::string_view, 3> names{"factory_status", "machinetype_status", "machine_status"};
  return names.at(status.index());
}

/// Vac's clients compute with these.
void give_values(FactoryStatus& status) {
  for (auto* value : {&status.max_processors, &status.max_machines}) *value = value->value_or(0);
  for (auto* value : {&status.running_hs06, &status.max_hs06}) *value = value->value_or(0);
}
void give_values(MachinetypeStatus& status) {
  status.running_hs06 = status.running_hs06.value_or(0);
}
void give_values(MachineStatus& status) {
  auto& machine = status.machine;
  machine.hs06 = machine.hs06.value_or(static_cast<double>(machine.processors));
}

}  // namespace

static void each(ViewOf<Envelope> auto& envelope, auto& visit, Dialect dialect) {
  visit("daemon_version", envelope.daemon_version);
  if (dialect == Dialect::vacquery) visit("vac_version", envelope.daemon_version);
  visit("cookie", envelope.cookie);
  visit("space", envelope.space);
  visit("site", envelope.site);
  visit("factory", envelope.factory);
  visit("time_sent", envelope.sent);
}

static void each(ViewOf<HostFacts> auto& host, auto& visit, Dialect dialect) {
  visit("root_disk_avail_kb", host.root_disk_kb);
  visit("root_disk_avail_inodes", host.root_disk_inodes);
  visit("daemon_disk_avail_kb", host.daemon_disk_kb);
  visit("daemon_disk_avail_inodes", host.daemon_disk_inodes);
  visit("load_average", host.load_average);
  visit("kernel_version", host.kernel);
  visit("os_issue", host.os_issue);
  visit("boot_time", host.booted);
  visit("factory_heartbeat_time", host.factory_heartbeat);
  visit("mjf_heartbeat_time", host.mjf_heartbeat);
  visit("metadata_heartbeat_time", host.mjf_heartbeat);
  visit("swap_used_kb", host.swap_used_kb);
  visit("swap_free_kb", host.swap_free_kb);
  visit("mem_used_kb", host.mem_used_kb);
  visit("mem_total_kb", host.mem_total_kb);
  if (dialect == Dialect::vacmon) return;
  visit("responder_heartbeat_time", host.responder_heartbeat);
  visit("vac_disk_avail_kb", host.daemon_disk_kb);
  visit("vac_disk_avail_inodes", host.daemon_disk_inodes);
}

static void each(ViewOf<FactoryStatus> auto& status, auto& visit, Dialect dialect) {
  visit("running_processors", status.running_processors);
  visit("running_machines", status.running_machines);
  visit("max_processors", status.max_processors);
  visit("max_machines", status.max_machines);
  visit.optional("max_hs06", status.max_hs06);
  visit.optional("running_hs06", status.running_hs06);
  each(status.host, visit, dialect);
  if (dialect == Dialect::vacmon) return;
  visit("running_cpus", status.running_processors);
  visit("max_cpus", status.max_processors);
  visit("total_cpus", status.max_processors);
  visit("total_machines", status.max_machines);
  visit("total_hs06", status.max_hs06);
  visit.optional("num_machines", status.num_machines);
  visit.optional("num_machinetypes", status.num_machinetypes);
}

static void each(ViewOf<MachinetypeStatus> auto& status, auto& visit, Dialect dialect) {
  visit("num_machinetypes", status.num_machinetypes);
  visit("machinetype", status.machinetype);
  visit("bytes_per_processor", status.bytes_per_processor);
  visit("running_machines", status.running_machines);
  visit("running_processors", status.running_processors);
  visit("max_wallclock_seconds", status.max_wallclock);
  visit.optional("fqan", status.fqan);
  visit.optional("running_hs06", status.running_hs06);
  visit.optional("max_processors", status.max_processors);
  if (dialect == Dialect::vacmon) return;
  visit("running_cpus", status.running_processors);
  visit("num_before_fizzle", status.num_before_fizzle);
  visit.text("shutdown_message", status.shutdown_message);
  visit("shutdown_time", status.shutdown_time);
  visit.text("shutdown_machine", status.shutdown_machine);
}

static void each(ViewOf<MachineStatus> auto& status, auto& visit, Dialect dialect) {
  auto& machine = status.machine;
  visit("num_machines", status.num_machines);
  visit("machine", machine.name);
  visit("state", machine.state);
  visit("uuid", machine.id);
  visit("created_time", machine.created);
  visit("started_time", machine.started);
  visit("heartbeat_time", machine.heartbeat);
  visit("num_processors", machine.processors);
  visit("cpu_seconds", status.cpu_seconds);
  visit("cpu_percentage", status.cpu_percentage);
  visit("machinetype", machine.machinetype);
  visit.text("shutdown_message", machine.message);
  visit("shutdown_time", status.shutdown_time);
  visit.optional("hs06", machine.hs06);
  visit.optional("fqan", status.fqan);
  if (dialect == Dialect::vacmon) return;
  visit("num_cpus", machine.processors);
  // Not of Vac: what `vcycle scan` shows of its own factory.
  visit("ip", machine.ip);
  visit("zone", machine.zone);
  visit("passed_fizzle", machine.passed_fizzle);
  visit("stopped_time", machine.stopped);
}

FactoryStatus factory_status(const SpaceReport& report, const HostFacts& host) {
  FactoryStatus out{.running_processors = report.running_processors,
                    .running_machines = report.running_machines,
                    .max_processors = report.processors_limit,
                    .max_machines = report.machines_limit ? report.machines_limit : report.processors_limit,
                    .host = host};
  out.max_hs06 = report.max_hs06;
  if (report.max_hs06) out.running_hs06 = report.running_hs06;
  return out;
}

std::vector<MachinetypeStatus> machinetype_statuses(const SpaceReport& report) {
  std::vector<MachinetypeStatus> out;
  for (const auto& type : report.types) {
    auto& status = out.emplace_back();
    status.num_machinetypes = static_cast<std::int64_t>(report.types.size());
    status.machinetype = type.name;
    status.bytes_per_processor = type.bytes_per_processor;
    status.running_machines = type.totals.running_machines;
    status.running_processors = type.totals.running_processors;
    status.max_wallclock = type.max_wallclock;
    if (!type.fqan.empty()) status.fqan = type.fqan;
    if (report.max_hs06) status.running_hs06 = type.totals.running_hs06;
    status.max_processors = type.max_processors;
    status.num_before_fizzle = type.totals.not_passed_fizzle;
    status.shutdown_message = type.last_message;
    status.shutdown_machine = type.last_machine;
    status.shutdown_time = type.last_stopped;
  }
  return out;
}

MachineStatus machine_status(const SpaceReport& report, const MachineView& machine, Instant now) {
  MachineStatus out{.machine = machine};
  if (machine.started && machine.stopped)
    out.cpu_seconds = (*machine.stopped - *machine.started).count();
  else if (machine.started && machine.state == State::running)
    out.cpu_seconds = std::max(now - *machine.started, seconds{0}).count();
  if (!machine.message.empty()) out.shutdown_time = machine.stopped;
  for (const auto& type : report.types)
    if (type.name == machine.machinetype && !type.fqan.empty()) out.fqan = type.fqan;
  return out;
}

std::string datagram(const Envelope& envelope, Status status, Dialect dialect) {
  MemberWriter out;
  out("message_type", std::string(type_of(status)));
  out("vacquery_version", std::string(dialect == Dialect::vacmon ? vacmon_version : vacquery_version));
  each(envelope, out, dialect);
  std::visit(
      [&](auto& it) {
        if (dialect == Dialect::vacquery) give_values(it);
        each(it, out, dialect);
      },
      status);
  if (dialect == Dialect::vacquery && std::holds_alternative<MachineStatus>(status))
    out("machine_model", std::string("vm-raw"));
  return json::write(out.take());
}

json::Value to_json(const FactoryStatus& status) {
  MemberWriter out;
  each(status, out, Dialect::vacquery);
  return out.take();
}
json::Value to_json(const MachinetypeStatus& status) {
  MemberWriter out;
  each(status, out, Dialect::vacquery);
  return out.take();
}

Result<Reply> read_reply(std::string_view datagram) {
  TRY(const auto value, json::parse(datagram));
  const auto type = value.text_at({"message_type"});
  Reply out;
  if (type == "machinetype_status")
    out.status = MachinetypeStatus{};
  else if (type == "machine_status")
    out.status = MachineStatus{};
  else if (type != "factory_status")
    return fail(Kind::invalid, "it is no answer to a question of VacQuery");
  const MemberReader in(value);
  each(out.envelope, in, Dialect::vacquery);
  std::visit([&](auto& status) { each(status, in, Dialect::vacquery); }, out.status);
  return out;
}

std::string query_text(const Query& query, std::string_view program) {
  json::Object out;
  for (const auto& asked : asked_by) {
    if (asked.question != query.question) continue;
    out.append("message_type", asked.name);
    out.append("method", asked.of_old);
  }
  out.append("vac_version", program);
  out.append("vacquery_version", vacquery_version);
  out.append("space", query.space);
  out.append("cookie", query.cookie);
  return json::write(json::Value(std::move(out)));
}

std::optional<Query> read_query(std::string_view datagram) {
  if (datagram.size() > query_max) return std::nullopt;
  const auto value = json::parse(datagram);
  if (!value) return std::nullopt;
  Query out{.space = std::string(value->text_at({"space"})), .cookie = std::string(value->text_at({"cookie"}))};
  if (out.space.empty() || out.cookie.empty() || out.cookie.size() > cookie_max) return std::nullopt;
  const auto type = value->text_at({"message_type"});
  const auto method = value->text_at({"method"});
  for (const auto& asked : asked_by)
    if (type == asked.name || (type.empty() && method == asked.of_old)) {
      out.question = asked.question;
      return out;
    }
  return std::nullopt;
}

}  // namespace nephele::fleet
