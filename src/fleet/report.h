// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "fleet/shares.h"

/// What a cycle saw, what it decided, and why: for the log, for `vcycle scan` and for `vcycle explain`.
namespace nephele::fleet {

struct Decision {
  std::string what;  ///< "created", "deleted", "not created", "ended", "taken over", ...
  std::string machine = {};
  std::string machinetype = {};
  std::string reason;
};

struct MachineView {
  std::string name, id, ip, zone, machinetype, manager, message;
  State state = State::unknown;
  std::int64_t processors = 1;
  std::optional<double> hs06 = {};
  std::optional<Instant> created = {}, started = {}, updated = {}, stopped = {}, heartbeat = {};
  bool passed_fizzle = false;
};

struct TypeView {
  std::string name;
  double target_share = 0;
  TypeTotals totals;
  std::int64_t max_wallclock = 0, bytes_per_processor = 0;
  std::string fqan = {};
  std::optional<std::int64_t> max_processors = {};  ///< of one machine
  std::optional<std::int64_t> machines_limit = {};
  /// Of the machine that ended last.
  std::string last_machine = {}, last_message = {};
  std::optional<Instant> last_stopped = {};
};

struct SpaceReport {
  std::string space;
  std::string site = {};  ///< gocdb_sitename, else the space's domain
  Instant began{};
  std::string error = {};  ///< why the cycle ended early; empty: it did not
  std::optional<std::int64_t> processors_limit = {}, machines_limit = {};
  std::int64_t machines = 0, processors = 0, running_machines = 0, running_processors = 0;
  double running_hs06 = 0;
  std::optional<double> max_hs06 =
      {};  ///< what the limit is worth when each type has its share; absent: HS06 is not used
  std::vector<TypeView> types = {};
  std::vector<MachineView> seen = {};
  std::vector<MachineView> ended = {};  ///< whose end this cycle was the first to see
  std::vector<Decision> decisions = {};
};

json::Value to_json(const MachineView& machine);
json::Value to_json(const SpaceReport& report);
/// Nothing when it is none.
std::optional<SpaceReport> report_from(const json::Value& value);

/// Of choices that were not made: "" for no candidate; a whole sentence otherwise.
std::string reason_of(Blocked blocked);
std::string reason_of(Ended ended);

/// "Nov 22 06:05:04": local time, as the log has it.
std::string log_time(Instant when);

}  // namespace nephele::fleet
