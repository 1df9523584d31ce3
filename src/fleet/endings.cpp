// SPDX-License-Identifier: Apache-2.0
// How machines end, and what follows from it: aborts, accounting records, deletions.
#include <fmt/format.h>

#include <algorithm>
#include <tuple>

#include "fleet/accounting.h"
#include "fleet/deletion.h"
#include "fleet/history.h"
#include "fleet/space_cycle.h"
#include "fleet/stop.h"
#include "fleet/takeover.h"

namespace nephele::fleet {

namespace {

bool is_abort_code(std::optional<int> code) {
  return code && *code >= 300 && *code <= 699;
}

std::string reason_text(DeletionReason reason) {
  switch (reason) {
    case DeletionReason::failed_to_start:
      return "it has been starting for more than an hour";
    case DeletionReason::has_ended:
      return "it has ended";
    case DeletionReason::wallclock:
      return "it has had its max_wallclock_seconds";
    case DeletionReason::heartbeat:
      return "its heartbeat file is missing or old";
    case DeletionReason::shutdown:
      return "its shutdown time has passed";
  }
  return "";
}

}  // namespace

/// What was begun before a crash, of machines that are here and of those that are gone.
void SpaceCycle::go_on_with_records() {
  for (const char* where : {"current", "deleted"}) {
    const std::string below = files_.space(space_.name, where);
    const auto names = names_in(below);
    if (!names) continue;
    for (const auto& name : *names) {
      const std::string folder = below + "/" + name;
      if (!has_ending(folder)) continue;
      if (const auto filed = file_record(files_, folder, read_state(folder + "/manager") == files_.node()); !filed)
        failed("Filing the accounting record of " + name, filed.error());
    }
  }
}

Result<> SpaceCycle::deal_with_end(Known& known, Instant stopped, bool vanished) {
  const MachineRecord& record = known.record;
  Machine& machine = known.machine;
  known.message = message_in(known.folder);
  const auto before = ending_in(known.folder);
  if (before) stopped = before->stopped;
  const std::string type_name = known.type != nullptr ? known.type->name : record.machinetype;
  if (!known.message.empty() && !before)
    say("Machine " + known.name + " shuts down with message \"" + known.message + "\"");

  auto lifetime = known.type != nullptr ? std::optional(known.type->lifetime()) : record.lifetime;
  if (type_name.empty() || type_name.contains('/')) lifetime.reset();  // of no type: there is nothing to account it to
  StopVerdict verdict;
  if (lifetime) {
    StopRules rules{.fizzle = lifetime->fizzle,
                    .last_abort = read_history(files_, space_.name, type_name, now_).last_abort};
    if (known.type != nullptr) rules.fizzle_ignores_codes = known.type->fizzle_ignores_codes;
    // Who took it away is not known: that it was short is not its type's fault.
    const bool blameless = vanished && !is_abort_code(code_of(known.message));
    verdict = judge_stop({.started = machine.started, .stopped = stopped, .message = known.message, .by_us = blameless},
                         rules);
  }
  if (!before) {
    Ending ending{.stopped = stopped, .publish = !space_.gocdb_sitename.empty()};
    verdict.accounted = verdict.accounted && !record.accounted;
    if (verdict.accounted)
      ending.record = apel_text({.site = space_.gocdb_sitename,
                                 .space = space_.name,
                                 .node = files_.node(),
                                 .job = record.id.empty() ? known.name : record.id,
                                 .user = space_.accounting_user == "machine" ? known.name : files_.node(),
                                 .machinetype = type_name,
                                 .fqan = known.type != nullptr ? known.type->accounting_fqan : record.fqan,
                                 .started = *machine.started,
                                 .stopped = stopped,
                                 .processors = record.processors,
                                 .cpu_seconds = cpu_seconds_in(known.folder),
                                 .max_rss_bytes = record.max_rss_bytes,
                                 .hs06 = record.hs06});
    TRY_VOID(note_ending(files_, known.folder, ending, now_, static_cast<std::uint32_t>(random_())));
  }
  if (verdict.abort != Abort::none) {
    TRY_VOID(note_abort(files_, space_.name, type_name, stopped, now_));
    const std::string why = verdict.abort == Abort::message ? "shutdown message" : "fizzle";
    say(fmt::format("Set {} {} lastAbortTime {} due to {} {}", space_.name, type_name, to_text(stopped), known.name,
                    why));
    decide("abort", known.name, type_name, why);
  }
  if (verdict.hint) {
    say(fmt::format("For {}:{} minimum fizzle_seconds={} ?", space_.name, type_name, verdict.hint->count()));
    say(fmt::format("Minimum {} fizzle_seconds={} ?", type_name, verdict.hint->count()));
  }
  if (machine.state == State::failed && !machine.started && known.type != nullptr)
    TRY_VOID(note_failure(files_, space_.name, type_name, now_));
  TRY_VOID(file_record(files_, known.folder, true));
  TRY_VOID(files_.write(known.folder + "/stopped", to_text(stopped), 0640));
  machine.stopped = stopped;
  if (before) return {};
  report_.ended.push_back(view_of(known));
  decide("ended", known.name, type_name,
         fmt::format("{}{}", known.message.empty() ? "without a message" : "\"" + known.message + "\"",
                     verdict.accounted ? "; an accounting record was filed" : ""));
  return {};
}

Task<> SpaceCycle::delete_some() {
  static const Lifetime usual;
  // What could not be deleted before comes last: it keeps no other from its turn.
  std::vector<Known*> order;
  for (auto& known : known_)
    if (known.seen != nullptr && !known.untold) order.push_back(&known);
  std::ranges::sort(order, {}, [](const Known* known) { return std::tie(known->machine.deletions, known->name); });
  for (Known* const each : order) {
    Known& known = *each;
    const auto lifetime = known.type != nullptr ? known.type->lifetime() : known.record.lifetime.value_or(usual);
    const auto reason = deletion_of(known.machine, &lifetime, space_.shutdown, now_);
    if (!reason || is_ending()) continue;
    const std::string type = known.type == nullptr ? "None" : known.type->name;
    say(fmt::format("Deleting {} in {}:{}, in state {}", known.name, space_.name, type,
                    to_string(known.machine.state)));
    const auto gone = co_await delete_one(known, std::string(message_of(*reason)));
    if (gone) {
      decide("deleted", known.name, type, reason_text(*reason));
      if (*reason == DeletionReason::failed_to_start && known.type != nullptr)
        if (const auto noted = note_failure(files_, space_.name, type, now_); !noted)
          failed("Remembering a machine that did not start", noted.error());
    } else {
      say("Deletion of " + known.name + " fails with: " + gone.error().sentence());
      decide("not deleted", known.name, type, gone.error().sentence());
    }
    if (is_enough(gone, "deleted")) co_return;
  }
}

/// Whether the next cycle goes on with the others, after one that was deleted or created like this.
bool SpaceCycle::is_enough(const Result<>& last, const std::string& done) {
  std::string why;
  if (!last && last.error().kind() == Kind::over_quota)
    why = "the cloud gives no more now";
  else if (!last && may_have_happened(last.error().kind()))
    why = "the cloud does not answer well";
  else if (moment() - now_ >= settings_.longest)
    why = "it has taken long enough; the next one goes on";
  if (why.empty()) return false;
  say("Nothing more is " + done + " in " + space_.name + " this cycle: " + why);
  decide("not " + done, "", "", why);
  return true;
}

/// What its files say when it is gone. That it has no message of ours keeps no machine: the folder is the machine's
/// own.
Result<> SpaceCycle::note_deletion(const Known& known, const std::string& message) {
  const auto leave_message = [&]() -> Result<> {
    TRY_VOID(files_.make_folder(known.folder + "/joboutputs", 0777));
    return files_.write(known.folder + "/joboutputs/shutdown_message", message, 0644);
  };
  if (!message.empty() && message_in(known.folder).empty())
    if (const auto left = leave_message(); !left) failed("Writing the shutdown message of " + known.name, left.error());
  const int attempts = known.record.deleted ? known.record.deletions : 0;
  TRY_VOID(files_.write(known.folder + "/deletions", std::to_string(attempts + 1), 0640));
  return files_.write(known.folder + "/deleted", to_text(now_), 0640);
}

Task<Result<>> SpaceCycle::delete_one(const Known& known, std::string message) {
  // Its own disk is at fault, not the cloud, which was not asked.
  if (const auto noted = note_deletion(known, message); !noted) co_return fail(Kind::busy, noted.error().sentence());
  files_.step("cloud remove " + known.name);
  MachineHandle handle{.name = known.name, .id = known.seen->id};
  auto removed = co_await with_deadline(cloud_.remove(std::move(handle), deadline()), deadline(), "the cloud");
  files_.step("cloud removed " + known.name);
  co_return removed;
}

/// A folder whose machine is not listed: on its way up, left out of one listing, or gone.
bool SpaceCycle::are_all_missing() const {
  std::size_t made = 0;
  for (const auto& known : known_) {
    const MachineRecord& record = known.record;
    if (record.id.empty() || record.refused || record.deleted || record.stopped) continue;
    if (known.seen != nullptr) return false;
    ++made;
  }
  return made > 1;
}

Result<> SpaceCycle::settle_missing(Known& known) {
  const MachineRecord& record = known.record;
  const bool ours = record.manager == files_.node();
  if (!ours && !(creates_ && may_take_over(record.heard, 1, now_))) return {};
  const bool expected = record.refused || record.deleted || record.stopped;
  if (!expected) {
    // A time to come is that of a clock that has been set back since.
    if (!record.missing_since || *record.missing_since > now_)
      return files_.write(known.folder + "/missing_since", to_text(now_), 0640);
    if (now_ - *record.missing_since < (all_missing_ ? empty_listing_grace : listing_grace)) {
      decide("waited for", known.name, record.machinetype,
             "it is not listed; it counts until it is certain to be gone");
      return {};
    }
  }
  if (!record.stopped && !record.refused && record.started) {
    known.machine.started = record.started;
    const auto last = record.deleted ? record.deleted : known.last_running;
    TRY_VOID(deal_with_end(known, std::max(*record.started, std::min(last.value_or(*record.started), now_)), true));
  }
  TRY_VOID(files_.remove(known.folder + "/user_data"));
  const std::string to = files_.deleted(space_.name, known.name);
  TRY_VOID(files_.remove(to));
  TRY_VOID(files_.move(known.folder, to));
  TRY_VOID(files_.write(to + "/moved", to_text(now_), 0640));
  say("Machine " + known.name + " is not listed any more; its files are in " + to);
  decide("gone", known.name, record.machinetype, record.refused ? "it was never made" : "its cloud does not list it");
  return {};
}

}  // namespace nephele::fleet
