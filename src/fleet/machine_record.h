// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>

#include "fleet/files.h"
#include "fleet/model.h"

namespace nephele::fleet {

/// What is written down about one machine, a small file each (contract vcycle, 2.3). Files that this release does not
/// know stay as they are, so that several releases can share a space.
struct MachineRecord {
  std::string name;
  std::string folder;
  std::optional<Instant> created, updated, started, stopped, deleted;
  std::optional<Instant> heard;          ///< manager_heartbeat: when its manager last saw it on the cloud
  std::optional<Instant> missing_since;  ///< listed no more
  std::optional<Instant> adopted;  ///< when this folder was made or taken back for a machine that was there already
  std::optional<Instant> last_running;  ///< before it went into the state it is in, which is neither running nor over
  std::int32_t deletions = 0;
  std::string machinetype, zone, manager, id;
  std::optional<std::int64_t> processors, max_rss_bytes;
  std::optional<double> hs06;
  std::optional<Instant> shutdown;
  std::optional<Lifetime> lifetime;  ///< as its type had it last
  bool has_limits = false;           ///< a file of them
  std::string other_limits;          ///< lines of that file which this release does not know
  std::string heartbeat_file, fqan;
  bool refused = false;    ///< the cloud said that it made no such machine
  bool accounted = false;  ///< its record was filed before it was listed again
};

MachineRecord read_machine(std::string folder, std::string name);

/// The id of the machine that a folder is about, as its cloud gave it; empty: not known yet.
std::string id_in(const std::string& folder);

/// When the file in joboutputs last came; nothing where it never did.
std::optional<Instant> heartbeat_of(const std::string& folder, const std::string& file);
/// joboutputs/shutdown_message, on one line and of limited length: its writer is not to be trusted.
std::string message_in(const std::string& folder);
/// joboutputs/cpu_seconds: what the machine says it has taken of all its processors; nothing where it says no number.
std::optional<std::int64_t> cpu_seconds_in(const std::string& folder);

/// The limits of a machine, for the time when its type has left the configuration.
std::string limits_text(const Lifetime& lifetime, const std::string& heartbeat_file, const std::string& fqan);

}  // namespace nephele::fleet
