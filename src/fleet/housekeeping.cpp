// SPDX-License-Identifier: Apache-2.0
// What a cycle does beside: lists of heartbeats, old folders, machines of managers that fell silent.
#include <algorithm>

#include "fleet/accounting.h"
#include "fleet/space_cycle.h"
#include "fleet/takeover.h"

namespace nephele::fleet {

/// A list per machinetype, also an empty one: "TIME NAME IP", the newest first.
void SpaceCycle::write_heartbeat_lists() {
  const std::string folder = files_.space(space_.name, "heartbeatlists");
  if (const auto made = files_.make_folder(folder, 0751); !made) return failed("Writing heartbeat lists", made.error());
  for (const auto& type : space_.types) {
    std::vector<std::string> lines;
    for (const auto& known : known_) {
      const Machine& machine = known.machine;
      if (known.type != &type || known.seen == nullptr || !machine.managed_here || machine.state != State::running)
        continue;
      if (!type.heartbeat || !machine.heartbeat || *machine.heartbeat <= now_ - *type.heartbeat) continue;
      lines.push_back(to_text(*machine.heartbeat) + " " + known.name + " " + known.seen->ip + "\n");
    }
    std::ranges::sort(lines, std::greater{});
    std::string text;
    for (const auto& line : lines) text += line;
    const std::string path = folder + "/" + type.name;
    if (const auto written = files_.write(path, text, 0664, Durable::no); !written)
      failed("Writing " + path, written.error());
  }
}

void SpaceCycle::clean_up() {
  if (!creates_) return;
  const auto names = names_in(files_.deleted(space_.name, ""));
  if (!names) return failed("Cleaning up", names.error());
  for (const auto& name : *names) {
    const std::string folder = files_.deleted(space_.name, name);
    // Its accounting record waits on the disk of a manager that is away.
    if (has_ending(folder)) continue;
    auto moved = read_instant(folder + "/moved");
    if (!moved || *moved > now_) {
      // Of another release, or its mover died there, or of a clock that has been set back since.
      moved = now_;
      if (const auto noted = files_.write(folder + "/moved", to_text(now_), 0640); !noted)
        failed("Cleaning up " + name, noted.error());
    }
    if (*moved >= now_ - space_.cleanup) continue;
    if (const auto marked = mark_accounted(folder); !marked) {
      failed("Cleaning up " + name, marked.error());
      continue;
    }
    if (const auto gone = files_.remove(folder); !gone) failed("Removing " + folder, gone.error());
  }
  forget_accounted();
}

/// Only of what vanished without our doing: such a one may be listed again.
Result<> SpaceCycle::mark_accounted(const std::string& folder) {
  const auto id = id_in(folder);
  if (id.empty() || read_instant(folder + "/deleted")) return {};
  const auto ending = ending_in(folder);
  if (!ending || ending->record.empty()) return {};
  TRY_VOID(files_.make_folder(files_.space(space_.name, "accounted"), 0755));
  return files_.write(accounted_mark(files_, space_.name, id), to_text(ending->stopped), 0640);
}

void SpaceCycle::forget_accounted() {
  constexpr seconds kept = std::chrono::days{366};
  const std::string folder = files_.space(space_.name, "accounted");
  const auto names = names_in(folder);
  if (!names) return failed("Cleaning up", names.error());
  for (const auto& name : *names)
    if (const auto until = read_instant(folder + "/" + name); until && *until < now_ - kept)
      if (const auto gone = files_.remove(folder + "/" + name); !gone) failed("Cleaning up " + name, gone.error());
}

void SpaceCycle::take_over() {
  for (auto& known : known_) {
    if (known.seen == nullptr || !known.has_folder || known.machine.managed_here ||
        known.record.manager == files_.node())
      continue;
    const double chance = static_cast<double>(random_() >> 11U) * 0x1.0p-53;
    if (!known.record.manager.empty() && !may_take_over(known.record.heard, chance, now_)) continue;
    const auto taken = [&]() -> Result<> {
      TRY_VOID(files_.write(known.folder + "/manager", files_.node(), 0640));
      return files_.write(known.folder + "/manager_heartbeat", to_text(now_), 0640);
    }();
    if (!taken || read_state(known.folder + "/manager") != files_.node()) {
      if (!taken) failed("Taking over " + known.name, taken.error());
      continue;
    }
    say("Took over " + known.name + (known.record.manager.empty() ? "" : " from " + known.record.manager));
    decide("taken over", known.name, known.type == nullptr ? "" : known.type->name,
           known.record.manager.empty() ? "it had no manager" : "its manager " + known.record.manager + " fell silent");
  }
}

}  // namespace nephele::fleet
