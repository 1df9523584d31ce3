// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "clouds/opennebula/template.h"

/// What OpenNebula keeps, as far as its clients use it. Plain data; how it is read stands in decode.h.
namespace nephele::opennebula {

/// Types of documents that belong to OneFlow; all types share one sequence of ids.
enum class DocumentType : std::int32_t { service = 100, service_template = 101 };

/// What every object of a pool begins with.
struct Header {
  std::int64_t id = -1;
  std::int64_t uid = -1;
  std::int64_t gid = -1;
  std::string uname = {};
  std::string gname = {};
  std::string name = {};
};

struct Document {
  Header header = {};
  std::int64_t type = -1;
  std::string body = {};   ///< the text of TEMPLATE/BODY: JSON, whoever wrote it
  Template contents = {};  ///< the other attributes of TEMPLATE
};

struct Version {
  int major = 0;
  int minor = 0;
  int patch = 0;
  friend auto operator<=>(const Version&, const Version&) = default;
};
/// "6.8.0", "7.2", "6.10.0-1"; nothing for other texts.
std::optional<Version> parse_version(std::string_view text);

/// A disk image, as a pool lists it.
struct Image {
  Header header = {};
  int state = -1;

  bool is_usable() const noexcept { return state == 1 || state == 2; }  // READY, USED
};

struct User {
  std::int64_t id = -1;
  std::int64_t gid = -1;
  std::string name = {};
  std::string gname = {};
  std::vector<std::int64_t> groups = {};
};

// ---- virtual machines ----------------------------------------------------------------------------------------------

struct VmTemplate {
  Header header = {};
  Template contents = {};
};

struct Disk {
  std::int64_t id = -1;
  std::optional<std::int64_t> size_mib = {};
};

struct Nic {
  std::int64_t id = -1;
  std::string ip = {};
  std::string ip6 = {};
  std::string external_ip = {};
};

using Instant = std::chrono::sys_seconds;

/// The last stay of a machine on a host. A time that has not come is absent.
struct History {
  int sequence = -1;                  ///< 0: it has been nowhere else
  std::optional<Instant> ended = {};  ///< it left the host, or was stopped there
  std::optional<Instant> ran = {};    ///< it began to run
  std::optional<Instant> ran_until = {};
};

enum class VmState : std::int32_t {
  unknown = -1,  ///< absent, or of an OpenNebula to come
  init = 0,
  pending = 1,
  hold = 2,
  active = 3,  ///< only then does the LCM state say something
  stopped = 4,
  suspended = 5,
  done = 6,
  failed = 7,
  poweroff = 8,
  undeployed = 9,
  cloning = 10,
  cloning_failure = 11,
};
VmState vm_state(std::int64_t number) noexcept;

/// All values are read by absolute paths: while a VM is resized, TEMPLATE/RESIZE repeats the old sizes below it.
struct Vm {
  Header header = {};
  VmState state = VmState::unknown;
  int lcm_state = 0;
  bool reschedule = false;
  std::optional<Instant> created = {};  ///< STIME
  std::optional<Instant> ended = {};    ///< ETIME: when it was DONE
  History history = {};
  std::optional<double> cpu = {};
  std::optional<std::int64_t> vcpu = {};
  std::optional<std::int64_t> memory_mib = {};
  std::vector<Disk> disks = {};
  std::vector<Nic> nics = {};
  bool reports_ready = false;           ///< TEMPLATE/CONTEXT/REPORT_READY is YES
  bool ready = false;                   ///< USER_TEMPLATE/READY is YES
  std::string error = {};               ///< USER_TEMPLATE/ERROR, "<ctime>: <text>"
  std::string scheduling_message = {};  ///< USER_TEMPLATE/SCHED_MESSAGE
  Template user = {};                   ///< USER_TEMPLATE

  const Disk* disk(std::int64_t id) const noexcept;
  const Nic* nic(std::int64_t id) const noexcept;
};

// Numbers of OpenNebula's LcmState (include/VirtualMachine.h).
inline constexpr int lcm_running = 3;
inline constexpr int lcm_unknown = 16;
/// A driver has failed, and somebody must do something.
bool is_failure(int lcm_state) noexcept;
/// On its way out for good: EPILOG, SHUTDOWN, CANCEL, CLEANUP_DELETE.
bool is_ending(int lcm_state) noexcept;
/// Between its order and its first RUNNING: LCM_INIT, PROLOG, BOOT, CLEANUP_RESUBMIT.
bool is_first_start(int lcm_state) noexcept;

// ---- OneFlow -------------------------------------------------------------------------------------------------------

struct LogLine {
  std::int64_t timestamp = 0;  ///< seconds
  std::string severity = {};   ///< "I", "E"
  std::string message = {};
};

enum class ServiceState : std::int32_t {
  unknown = -1,
  pending = 0,
  deploying = 1,
  running = 2,
  undeploying = 3,
  warning = 4,
  done = 5,
  failed_undeploying = 6,
  failed_deploying = 7,
  scaling = 8,
  failed_scaling = 9,
  cooldown = 10,
  deploying_nets = 11,
  undeploying_nets = 12,
  failed_deploying_nets = 13,
  failed_undeploying_nets = 14,
  hold = 15,
};
ServiceState service_state(std::int64_t number) noexcept;
/// "FAILED_DEPLOYING"; "UNKNOWN" for numbers that nobody knows.
std::string_view to_string(ServiceState state) noexcept;
bool is_failed(ServiceState state) noexcept;

struct Role {
  std::string name = {};
  int state = 0;
  std::int64_t cardinality = 0;
  std::vector<std::int64_t> vms = {};  ///< of its nodes, in their order

  bool complete() const noexcept { return static_cast<std::int64_t>(vms.size()) >= cardinality; }
  /// A machine of it withstood; roles have the numbers of services.
  bool failed_undeploying() const noexcept { return state == static_cast<int>(ServiceState::failed_undeploying); }
};

struct Service {
  Header header = {};
  ServiceState state = ServiceState::unknown;
  std::vector<LogLine> log = {};
  std::vector<Role> roles = {};

  const Role* role(std::string_view name) const noexcept;
};

struct RoleTemplate {
  std::string name = {};
  std::optional<std::int64_t> vm_template = {};  ///< `template_id` or `vm_template`, whichever is there
  bool new_format = false;                       ///< it has `template_id`: OpenNebula 7.0 or newer
  std::optional<std::int64_t> cardinality = {};  ///< absent: 1 up to 6.8, 0 from 6.10 on
};

struct ServiceTemplate {
  Header header = {};
  std::vector<RoleTemplate> roles = {};

  const RoleTemplate* role(std::string_view name) const noexcept;
};

}  // namespace nephele::opennebula
