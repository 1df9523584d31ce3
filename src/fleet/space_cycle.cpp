// SPDX-License-Identifier: Apache-2.0
#include "fleet/space_cycle.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <map>

#include "base/redacted.h"
#include "fleet/apel.h"
#include "fleet/history.h"
#include "fleet/machine_name.h"
#include "fleet/stop.h"
#include "fleet/takeover.h"

namespace nephele::fleet {

namespace {

std::string ago(std::optional<Instant> when, std::optional<Instant> since) {
  return when && since ? fmt::format("{}s", (*when - *since).count()) : "-";
}

bool exists(const std::string& path) {
  std::error_code ignored;
  return std::filesystem::exists(path, ignored);
}

TypeView type_view_of(const MachineType& type, const TypeTotals& totals) {
  TypeView out{type.name,
               type.target_share,
               totals,
               type.max_wallclock.count(),
               type.mb_per_processor * 1'048'576,
               type.accounting_fqan,
               type.max_processors,
               type.machines_limit};
  if (!out.machines_limit && type.processors_limit) out.machines_limit = *type.processors_limit / type.min_processors;
  return out;
}

/// What so many processors are worth when each type has its share of them.
std::optional<double> hs06_of(const Space& space, std::optional<std::int64_t> processors) {
  double worth = 0, shares = 0;
  for (const auto& type : space.types) {
    if (!type.hs06_per_processor || type.target_share <= 0) continue;
    worth += *type.hs06_per_processor * type.target_share;
    shares += type.target_share;
  }
  if (shares <= 0 || !processors) return std::nullopt;
  return static_cast<double>(*processors) * worth / shares;
}

/// As Vac does, a message is made up for a short life that left none: other factories go by its code.
std::string last_words(const MachineView& machine, seconds fizzle) {
  if (code_of(machine.message) || !machine.started || *machine.stopped - *machine.started >= fizzle)
    return machine.message;
  return fmt::format("300 Vcycle detects fizzle after {} seconds", (*machine.stopped - *machine.started).count());
}

void note_last_end(std::vector<TypeView>& types, const Space& space, const MachineView& machine) {
  const auto type = std::ranges::find(types, machine.machinetype, &TypeView::name);
  if (type == types.end() || !machine.stopped || (type->last_stopped && *type->last_stopped >= *machine.stopped))
    return;
  type->last_machine = machine.name;
  type->last_message = last_words(machine, space.types[static_cast<std::size_t>(type - types.begin())].fizzle);
  type->last_stopped = machine.stopped;
}

}  // namespace

SpaceCycle::SpaceCycle(const Space& space, Cloud& cloud, const Files& files, CycleSettings settings, Say say,
                       Remote* remote)
    : space_(space),
      cloud_(cloud),
      files_(files),
      settings_(std::move(settings)),
      now_(settings_.now),
      say_(std::move(say)),
      remote_(remote),
      random_(settings_.seed) {
  report_.space = space.name;
  report_.site = space.gocdb_sitename.empty() ? site_of(space.name) : space.gocdb_sitename;
  report_.began = now_;
  report_.machines_limit = space.machines_limit;
}

void SpaceCycle::decide(std::string what, std::string machine, std::string type, const std::string& reason) {
  report_.decisions.push_back({std::move(what), std::move(machine), std::move(type), without_url_secrets(reason)});
}

void SpaceCycle::failed(const std::string& doing, const Error& error) {
  say(doing + " fails with: " + error.sentence());
  decide("error", "", "", doing + ": " + error.sentence());
}

const MachineType* SpaceCycle::type_named(const std::string& name) const {
  const auto found = std::ranges::find(space_.types, name, &MachineType::name);
  return found == space_.types.end() ? nullptr : &*found;
}

Task<SpaceReport> SpaceCycle::run() {
  abilities_ = cloud_.abilities();
  auto lease = SpaceLease::take(files_, space_.name, now_, lease_length);
  creates_ = lease.has_value();
  if (const auto looked = co_await look(); !looked) {
    report_.error = without_url_secrets(looked.error().sentence());
    if (lease) lease->give_back();
    co_return std::move(report_);
  }
  co_await delete_some();
  all_missing_ = are_all_missing();
  for (auto& known : known_)
    if (known.seen == nullptr)
      if (const auto settled = settle_missing(known); !settled) failed("Settling " + known.name, settled.error());
  write_heartbeat_lists();
  co_await create_some(lease);
  clean_up();
  take_over();
  if (lease) lease->give_back();
  report_machines();
  co_return std::move(report_);
}

Task<Result<>> SpaceCycle::look() {
  auto facts = co_await with_deadline(cloud_.facts(deadline()), deadline(), "the cloud of " + space_.name);
  if (!facts) {
    say("Skipping " + space_.name + " this cycle: " + facts.error().sentence());
    co_return fail(facts.error());
  }
  facts_ = std::move(*facts);
  for (const auto& warning : facts_.warnings) say("Warning: " + warning);
  if (const auto told = tell_what_is_written(); !told) {
    say("Giving up on " + space_.name + " this cycle: " + told.error().sentence());
    co_return fail(told.error());
  }
  auto listed = co_await with_deadline(cloud_.list(deadline()), deadline(), "the cloud of " + space_.name);
  if (!listed) {
    say("Giving up on " + space_.name + " this cycle: " + listed.error().sentence());
    co_return fail(listed.error());
  }
  listed_ = std::move(*listed);
  go_on_with_records();
  for (const auto& seen : listed_)
    if (is_machine_name(seen.name))
      if (const auto placed = place_folder(seen); !placed) failed("Placing the files of " + seen.name, placed.error());

  // The files after the listing: a machine that another manager makes in between is one that is not listed yet.
  const auto names = names_in(files_.current(space_.name, ""));
  if (!names) {
    say("Giving up on " + space_.name + " this cycle: " + names.error().sentence());
    co_return fail(names.error());
  }
  std::map<std::string, const CloudMachine*> by_name;
  for (const auto& seen : listed_) {
    if (!is_machine_name(seen.name) || is_another_spaces(seen)) {
      foreign_processors_ += seen.processors.value_or(1);
      continue;
    }
    // Two machines of one name: ours is the one that was written down, then one that tells its id, and else the first.
    if (const auto written = id_written_for(seen.name); !is_known_as(seen, written)) {
      leave_alone(seen, written);
    } else if (const auto [place, is_first] = by_name.emplace(seen.name, &seen); !is_first) {
      const CloudMachine* other = &seen;
      if (place->second->id.empty()) std::swap(place->second, other);
      leave_alone(*other, place->second->id);
    }
  }
  for (const auto& name : *names)
    if (is_machine_name(name)) by_name.emplace(name, nullptr);
  known_.reserve(by_name.size());
  for (const auto& [name, seen] : by_name) {
    Known known{.name = name, .seen = seen};
    known.has_folder = std::ranges::binary_search(*names, name);
    if (known.has_folder) known.record = read_machine(files_.current(space_.name, name), name);
    known_.push_back(std::move(known));
  }
  for (auto& known : known_) meet(known);
  count();
  co_return Result<>{};
}

Result<> SpaceCycle::tell_what_is_written() {
  if (!abilities_.asks_files) return {};
  TRY(const auto names, names_in(files_.current(space_.name, "")));
  std::vector<WrittenMachine> out;
  for (const auto& name : names) {
    if (!is_machine_name(name)) continue;
    const std::string folder = files_.current(space_.name, name) + "/";
    WrittenMachine one{.name = name, .id = id_in(files_.current(space_.name, name))};
    one.over = exists(folder + "stopped");
    one.ran = exists(folder + "started");
    if (const auto created = read_instant(folder + "created")) one.age = now_ - *created;
    one.metadata = metadata_of(read_state(folder + "machinetype_name").value_or(""), name);
    out.push_back(std::move(one));
  }
  cloud_.know(std::move(out));
  return {};
}

/// What the rules want to know of it (contract vcycle, 2.4), and what is written down because of that.
void SpaceCycle::meet(Known& known) {
  if (const auto doubted = doubt_heartbeat(known); !doubted) failed("Writing down " + known.name, doubted.error());
  resolve(known);
  if (known.seen == nullptr) return;
  if (!known.seen->problem.empty()) failed("Reading " + known.name, Error(Kind::internal, known.seen->problem));
  if (known.has_folder)
    if (const auto kept = keep_up(known); !kept) {
      known.untold = true;
      failed("Writing down " + known.name, kept.error());
    }
  say_status(known);
}

/// The clock of its manager was ahead: that one's silence, if it is silent, is counted from now. It writes the file
/// every cycle while it lives.
Result<> SpaceCycle::doubt_heartbeat(Known& known) const {
  MachineRecord& record = known.record;
  if (!known.has_folder || record.manager == files_.node() || !record.heard || !is_beyond_belief(*record.heard, now_))
    return {};
  record.heard = now_;
  return files_.write(files_.current(space_.name, known.name) + "/manager_heartbeat", to_text(now_), 0640);
}

void SpaceCycle::resolve(Known& known) const {
  static const CloudMachine nothing;
  const CloudMachine& seen = known.seen != nullptr ? *known.seen : nothing;
  const MachineRecord& record = known.record;
  Machine& machine = known.machine;
  known.folder = files_.current(space_.name, known.name);
  known.last_running = record.last_running ? record.last_running : record.heard;
  known.type = type_named(seen.machinetype);
  if (known.type == nullptr) known.type = type_named(record.machinetype);
  machine.type = known.type == nullptr ? -1 : static_cast<std::int32_t>(known.type - space_.types.data());
  machine.state = seen.state;
  machine.managed_here = known.has_folder && record.manager == files_.node() && !adopted_.contains(known.name);
  machine.created = seen.created ? seen.created : record.created;
  machine.started = seen.started ? seen.started : record.started;
  if (!machine.started && seen.state == State::running) machine.started = now_;
  machine.updated = seen.updated ? seen.updated : record.updated;
  machine.stopped = record.stopped;
  machine.deleted = record.deleted;
  machine.deletions = record.deletions;
  machine.shutdown = record.shutdown;
  machine.hs06 = record.hs06;
  const auto least = known.type == nullptr ? 1 : known.type->min_processors;
  machine.processors = seen.processors.value_or(record.processors.value_or(least));
  const std::string& heartbeat =
      known.type != nullptr && !known.type->heartbeat_file.empty() ? known.type->heartbeat_file : record.heartbeat_file;
  machine.heartbeat = heartbeat_of(known.folder, heartbeat);
  if (machine.heartbeat) *machine.heartbeat += settings_.files_behind;
  machine.heard_since = std::max(record.adopted, settings_.heard_since);
}

Result<> SpaceCycle::keep_up(Known& known) {
  Machine& machine = known.machine;
  if (!machine.managed_here) return {};
  if (known.record.missing_since) TRY_VOID(files_.remove(known.folder + "/missing_since"));
  // A time to come is that of a clock that has been set back since.
  if (known.record.adopted && *known.record.adopted > now_)
    TRY_VOID(files_.write(known.folder + "/adopted", to_text(now_), 0640));
  TRY_VOID(keep_last_running(known));
  TRY_VOID(files_.write(known.folder + "/manager_heartbeat", to_text(now_), 0640, Durable::no));
  TRY_VOID(keep_limits(known));
  if (known.record.id != known.seen->id && !known.seen->id.empty()) {
    // It was made just before its manager died, or before its cloud knew this id.
    TRY_VOID(files_.make_folder(known.folder + "/jobfeatures", 0755));
    TRY_VOID(write_id(known.folder, known.seen->id));
    known.record.id = known.seen->id;
  }
  if (machine.started && !known.record.started) {
    // "started" last: what goes wrong before it is done again.
    if (machine.updated) TRY_VOID(files_.write(known.folder + "/updated", to_text(*machine.updated), 0640));
    if (known.type != nullptr && machine.state == State::running)
      TRY_VOID(forget_failures(files_, space_.name, known.type->name));
    TRY_VOID(files_.write(known.folder + "/started", to_text(*machine.started), 0640));
  }
  if (space_.shutdown && machine.state == State::running &&
      (!machine.shutdown || *space_.shutdown < *machine.shutdown)) {
    TRY_VOID(files_.make_folder(known.folder + "/jobfeatures", 0755));
    TRY_VOID(files_.write(known.folder + "/jobfeatures/shutdowntime_job", to_text(*space_.shutdown), 0644));
    machine.shutdown = space_.shutdown;
  }
  if (!machine.stopped && has_ended(machine.state)) {
    auto stopped = machine.updated.value_or(now_);
    // Clouds that tell no time of the change tell that of the creation.
    if (known.last_running && machine.started) stopped = std::max(stopped, std::min(*known.last_running, now_));
    TRY_VOID(deal_with_end(known, stopped, false));
  }
  return {};
}

/// What goes on to hold for it when its type cannot be read some day, or is gone.
Result<> SpaceCycle::keep_limits(Known& known) {
  if (known.type == nullptr || has_ended(known.machine.state)) return {};
  const MachineType& type = *known.type;
  const MachineRecord& record = known.record;
  if (record.has_limits && record.lifetime == type.lifetime() && record.heartbeat_file == type.heartbeat_file &&
      record.fqan == type.accounting_fqan)
    return {};
  const auto limits = limits_text(type.lifetime(), type.heartbeat_file, type.accounting_fqan) + record.other_limits;
  return files_.write(known.folder + "/limits", limits, 0640);
}

/// A machine that is suspended, or whose state nobody knows, may vanish without ever running again.
Result<> SpaceCycle::keep_last_running(Known& known) {
  const bool runs = known.machine.state == State::running;
  const std::string path = known.folder + "/last_running";
  if (runs && known.record.last_running) {
    known.record.last_running.reset();
    known.last_running = known.record.heard;
    return files_.remove(path);
  }
  if (runs || has_ended(known.machine.state) || known.record.last_running || !known.record.started) return {};
  return files_.write(path, to_text(known.record.heard.value_or(*known.record.started)), 0640);
}

/// Asked for and not seen yet: it counts as one that starts. So does what one listing left out.
bool SpaceCycle::is_pending(const Known& known) const {
  return known.seen == nullptr && !known.record.refused && !known.record.deleted && !known.record.stopped;
}

void SpaceCycle::count() {
  std::vector<Machine> machines;
  std::vector<ShareRules> rules(space_.types.size());
  for (std::size_t i = 0; i < rules.size(); ++i) {
    rules[i].target_share = space_.types[i].target_share;
    rules[i].fizzle = space_.types[i].fizzle;
  }
  for (const auto& known : known_) {
    if (known.seen == nullptr && !is_pending(known)) continue;
    machines.push_back(known.machine);
    if (known.seen == nullptr) machines.back().state = State::starting;
  }
  totals_ = totals_of(machines, rules, foreign_processors_, now_);
  say(
      fmt::format("Space {} has {} processor(s) found allocated to running Vcycle VMs out of {} found in any state for "
                  "any VM, {} machine(s) of ours",
                  space_.name, totals_.running_processors, totals_.processors, totals_.machines));
  for (std::size_t i = 0; i < space_.types.size(); ++i) {
    const auto& type = totals_.types[i];
    say(
        fmt::format("machinetype {} has {} starting and {} running processors out of {} found in any state. {} not "
                    "passed fizzle_seconds({}).",
                    space_.types[i].name, type.starting_processors, type.running_processors, type.processors,
                    type.not_passed_fizzle, space_.types[i].fizzle.count()));
  }
}

void SpaceCycle::say_status(const Known& known) {
  const Machine& m = known.machine;
  const auto heartbeat = m.heartbeat ? fmt::format("{}s", (now_ - *m.heartbeat).count()) : std::string("-");
  say(fmt::format("= {} in {}:{}:{} {} {} {} {} {}:{}:{}:{}", known.name, space_.name,
                  known.seen->zone.empty() ? known.record.zone : known.seen->zone,
                  known.type == nullptr ? "None" : known.type->name, m.processors, known.seen->ip, to_string(m.state),
                  m.created ? log_time(*m.created) : "-", ago(m.started, m.created), ago(m.updated, m.created),
                  ago(m.stopped, m.created), heartbeat));
}

void SpaceCycle::report_machines() {
  report_.processors_limit = space_.processors_limit ? space_.processors_limit : facts_.processors_limit;
  report_.machines = totals_.machines;
  report_.processors = totals_.processors;
  report_.running_machines = totals_.running_machines;
  report_.running_processors = totals_.running_processors;
  for (std::size_t i = 0; i < space_.types.size(); ++i) {
    report_.running_hs06 += totals_.types[i].running_hs06;
    report_.types.push_back(type_view_of(space_.types[i], totals_.types[i]));
  }
  report_.max_hs06 = hs06_of(space_, report_.processors_limit);
  for (const auto& known : known_)
    if (known.seen != nullptr) report_.seen.push_back(view_of(known));
  for (const auto* machines : {&report_.seen, &report_.ended})
    for (const auto& machine : *machines) note_last_end(report_.types, space_, machine);
}

MachineView SpaceCycle::view_of(const Known& known) const {
  static const CloudMachine nothing;
  const CloudMachine& seen = known.seen != nullptr ? *known.seen : nothing;
  const Machine& m = known.machine;
  MachineView view{.name = known.name,
                   .id = seen.id.empty() ? known.record.id : seen.id,
                   .ip = seen.ip,
                   .zone = seen.zone.empty() ? known.record.zone : seen.zone,
                   .machinetype = known.type == nullptr ? known.record.machinetype : known.type->name,
                   .manager = known.record.manager,
                   .message = known.message.empty() && has_ended(m.state) ? message_in(known.folder) : known.message,
                   .state = known.seen == nullptr && m.stopped ? State::shut_down : m.state,
                   .processors = m.processors,
                   .hs06 = m.hs06,
                   .created = m.created,
                   .started = m.started,
                   .updated = m.updated,
                   .stopped = m.stopped,
                   .heartbeat = m.heartbeat};
  const auto fizzle = known.type != nullptr ? known.type->fizzle : seconds{0};
  view.passed_fizzle = m.state == State::running && m.started && now_ - *m.started >= fizzle;
  return view;
}

}  // namespace nephele::fleet
