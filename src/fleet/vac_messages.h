// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/result.h"
#include "fleet/report.h"

/// The datagrams of VacMon (pushed) and VacQuery (asked for): a JSON object each (contract vcycle, 5.3 and 5.4).
namespace nephele::fleet {

/// Both say the same things; VacQuery's readers also want names of old, and a value for each.
enum class Dialect : std::uint8_t { vacmon, vacquery };

/// What each message begins with.
struct Envelope {
  std::string daemon_version;  ///< "Vcycle 1.0 vcycled"
  std::string cookie = "0";    ///< VacQuery: the asker's own
  std::string space, site, factory;
  Instant sent{};
};

/// The host of a factory.
struct HostFacts {
  std::int64_t root_disk_kb = 0, root_disk_inodes = 0;      ///< available below /tmp
  std::int64_t daemon_disk_kb = 0, daemon_disk_inodes = 0;  ///< below /var/lib/vcycle
  double load_average = 0;                                  ///< of 15 minutes
  std::string kernel, os_issue;
  Instant booted{}, factory_heartbeat{}, responder_heartbeat{}, mjf_heartbeat{};
  std::int64_t swap_used_kb = 0, swap_free_kb = 0, mem_used_kb = 0, mem_total_kb = 0;
};

struct FactoryStatus {
  std::int64_t running_processors = 0, running_machines = 0;
  std::optional<std::int64_t> max_processors = {}, max_machines = {};
  std::optional<double> running_hs06 = {}, max_hs06 = {};
  HostFacts host = {};
  /// How many answers there are to the other two questions; Vac's own factories do not say.
  std::optional<std::int64_t> num_machines = {}, num_machinetypes = {};
};

struct MachinetypeStatus {
  std::int64_t num_machinetypes = 1;
  std::string machinetype;
  std::int64_t bytes_per_processor = 0, running_machines = 0, running_processors = 0, max_wallclock = 0;
  std::optional<std::string> fqan = {};
  std::optional<double> running_hs06 = {};
  std::optional<std::int64_t> max_processors = {};
  std::int64_t num_before_fizzle = 0;
  std::string shutdown_message = {}, shutdown_machine = {};
  std::optional<Instant> shutdown_time = {};
};

struct MachineStatus {
  std::int64_t num_machines = 1;
  MachineView machine;
  std::int64_t cpu_seconds = 0;
  double cpu_percentage = 100;
  std::optional<Instant> shutdown_time = {};
  std::optional<std::string> fqan = {};
};

using Status = std::variant<FactoryStatus, MachinetypeStatus, MachineStatus>;

FactoryStatus factory_status(const SpaceReport& report, const HostFacts& host);
std::vector<MachinetypeStatus> machinetype_statuses(const SpaceReport& report);
MachineStatus machine_status(const SpaceReport& report, const MachineView& machine, Instant now);

/// One datagram.
std::string datagram(const Envelope& envelope, Status status, Dialect dialect);

/// The values alone under their VacQuery names, for `--json`.
json::Value to_json(const FactoryStatus& status);
json::Value to_json(const MachinetypeStatus& status);

struct Reply {
  Envelope envelope;
  Status status;
};
/// The error says what is wrong with the datagram.
Result<Reply> read_reply(std::string_view datagram);

enum class Question : std::uint8_t { factory, machinetypes, machines };

struct Query {
  Question question = Question::machines;
  std::string space, cookie;
};

inline constexpr std::size_t query_max = 1'024;  ///< bytes
/// With the names that older responders know, too.
std::string query_text(const Query& query, std::string_view program);
/// Nothing when it is none.
std::optional<Query> read_query(std::string_view datagram);

}  // namespace nephele::fleet
