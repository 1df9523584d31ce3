// SPDX-License-Identifier: Apache-2.0
// Which machines of a listing are ours, and where their files are.
#include <algorithm>
#include <filesystem>

#include "base/visible.h"
#include "fleet/accounting.h"
#include "fleet/machine_name.h"
#include "fleet/space_cycle.h"

namespace nephele::fleet {

namespace {

bool exists(const std::string& path) {
  std::error_code ignored;
  return std::filesystem::exists(path, ignored);
}

}  // namespace

bool SpaceCycle::is_another_spaces(const CloudMachine& seen) const {
  if (!seen.space.empty() && seen.space != space_.name) return true;
  if (exists(files_.current(space_.name, seen.name)) || exists(files_.deleted(space_.name, seen.name))) return false;
  const auto spaces = names_in(files_.shared("spaces"));
  return spaces && std::ranges::any_of(*spaces, [&](const std::string& other) {
           return other != space_.name && exists(files_.current(other, seen.name));
         });
}

/// Of the machine whose files have this name, also when it is gone; empty: of none, or not known yet.
std::string SpaceCycle::id_written_for(const std::string& name) const {
  const std::string folder = files_.current(space_.name, name);
  return id_in(exists(folder) ? folder : files_.deleted(space_.name, name));
}

/// Older releases look for instances of EC2 in files of their own (contract vcycle, 2.3).
Result<> SpaceCycle::write_id(const std::string& folder, const std::string& id) {
  TRY_VOID(files_.write(folder + "/jobfeatures/job_id", id, 0644));
  if (space_.api != "ec2" || id.contains('/')) return {};
  TRY_VOID(files_.write(folder + "/instance_id:" + id, "", 0640));
  return files_.write(folder + "/instance_id", id, 0640);
}

/// A listed machine whose folder is elsewhere, or nowhere.
Result<> SpaceCycle::place_folder(const CloudMachine& seen) {
  const std::string folder = files_.current(space_.name, seen.name);
  if (exists(folder) || !creates_ || is_another_spaces(seen)) return {};
  if (!is_known_as(seen, id_written_for(seen.name))) return {};
  if (const std::string before = files_.deleted(space_.name, seen.name); exists(before)) {
    // First, and so whatever happens in between: what it sent meanwhile was not taken.
    TRY_VOID(files_.write(before + "/adopted", to_text(now_), 0640));
    TRY_VOID(files_.move(before, folder));
    TRY_VOID(files_.remove(folder + "/missing_since"));
    say("Took the files of " + seen.name + " back: its machine is listed again");
    decide("adopted", seen.name, seen.machinetype, "it is listed again");
    return {};
  }
  if (const std::string before = files_.early(seen.name); exists(before)) {
    // There "managed here" meant that this host has the folder.
    if (!read_state(before + "/manager")) TRY_VOID(files_.write(before + "/manager", files_.node(), 0640));
    TRY_VOID(files_.move(before, folder));
    decide("adopted", seen.name, seen.machinetype, "its files were in the layout of older releases");
    return {};
  }
  TRY_VOID(make_folder_of(seen));
  adopted_.insert(seen.name);
  say("Adopted " + seen.name + " in " + space_.name + ": it has our name and nobody's files");
  decide("adopted", seen.name, seen.machinetype, "it has our name and there were no files of it");
  return {};
}

/// What can be known of a machine whose files are lost: enough for its heartbeats to be taken, and for its record.
Result<> SpaceCycle::make_folder_of(const CloudMachine& seen) {
  const std::string folder = files_.current(space_.name, seen.name);
  const auto put = [&](std::string_view file, std::string_view text, mode_t mode) {
    return files_.write(folder + "/" + std::string(file), text, mode);
  };
  TRY_VOID(files_.make_folder(folder, 0755));
  for (const char* below : {"/machinefeatures", "/jobfeatures"}) TRY_VOID(files_.make_folder(folder + below, 0755));
  TRY_VOID(files_.make_folder(folder + "/joboutputs", 0777));
  TRY_VOID(put("adopted", to_text(now_), 0640));
  TRY_VOID(put("created", to_text(seen.created.value_or(now_)), 0640));
  TRY_VOID(put("updated", to_text(seen.updated.value_or(now_)), 0640));
  TRY_VOID(put("space_name", space_.name, 0640));
  TRY_VOID(put("machinetype_name", is_plain_name(seen.machinetype) ? seen.machinetype : "", 0640));
  TRY_VOID(put("jobfeatures/job_id", seen.id, 0644));
  if (seen.processors) TRY_VOID(put("jobfeatures/allocated_cpu", std::to_string(*seen.processors), 0644));
  if (const auto* const type = type_named(seen.machinetype)) {
    TRY_VOID(put("limits", limits_text(type->lifetime(), type->heartbeat_file, type->accounting_fqan), 0640));
    if (!type->https_x509dn.empty()) TRY_VOID(put("https_x509dn", type->https_x509dn, 0644));
    if (type->hs06_per_processor && seen.processors)
      TRY_VOID(put("jobfeatures/hs06_job", to_text(*type->hs06_per_processor * static_cast<double>(*seen.processors)),
                   0644));
  }
  if (!seen.id.empty())
    if (const auto until = read_state(accounted_mark(files_, space_.name, seen.id)))
      TRY_VOID(put("accounted", *until, 0640));
  return put("manager", files_.node(), 0640);
}

/// It has the name of a machine of ours and another id, so it is nobody's whom we know: what it does and how it ends is
/// not told of ours, and it is not ended. Its processors are in use all the same.
void SpaceCycle::leave_alone(const CloudMachine& like, const std::string& ours) {
  foreign_processors_ += like.processors.value_or(1);
  const std::string id = like.id.empty() ? "none" : visible(like.id);
  say("Machine " + like.name + " in " + space_.name + " is listed with the id " + id + "; the one that was made is " +
      ours + ": " + id + " is left alone");
  decide("left alone", like.name, "",
         "the machine that was made under this name is " + ours + "; look whose " + id +
             " is, and if it is nobody's remove " + id + " by hand");
}

}  // namespace nephele::fleet
