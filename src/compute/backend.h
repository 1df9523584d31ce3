// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/async.h"
#include "compute/model.h"

/// What compute needs from whatever runs machines. Calls may be repeated: same id, same effect. Adapters stand in
/// compute/adapters and translate to a client in clouds/.
namespace nephele::compute {

struct DiskSpec {
  std::string name;    ///< "root"
  std::string format;  ///< "qcow2", "raw"
  /// File, or an NBD or RBD locator. Empty: the backend makes an overlay over `base`.
  std::string locator;
  std::string base;  ///< immutable file of the image
  Bytes size;        ///< the guest sees exactly this
};

struct Forward {
  std::string address;  ///< of this host
  std::uint16_t port;   ///< the same on both sides
};

struct NicSpec {
  enum class Kind : std::uint8_t { user, link, tap };
  Kind kind = Kind::user;
  std::string mac;
  std::vector<Forward> forwards;  ///< of a user NIC
  std::string link;               ///< of a link NIC: its name; the two ends find each other by it
  int link_end = 0;
};

struct ContextFile {
  std::string name;  ///< "context.sh", "function"
  Secret content;
};

struct MachineSpec {
  ServerId id;
  std::int64_t generation = 0;  ///< told back with each event: late ones of an earlier start change nothing
  std::string uuid;             ///< derived from installation and id, so that a repeat is the same machine
  std::string name;
  Sizes sizes;
  Ceilings ceilings;
  std::string kernel, initrd, command_line;  ///< direct boot: two files and the kernel words; empty: from the disk
  std::vector<DiskSpec> disks;
  std::vector<NicSpec> nics;
  std::vector<std::pair<std::string, std::string>> tags;
};

/// What a backend says about one machine.
struct MachineState {
  enum class Power : std::uint8_t { absent, stopped, starting, ready, failed };
  ServerId id;
  std::int64_t generation = 0;
  Power power = Power::absent;
  std::string reason;          ///< why it is stopped or failed
  bool asked = false;          ///< stopped by stop(), not by its guest
  std::optional<Sizes> sizes;  ///< as far as the machine tells
};

/// Something happened to a machine by itself.
struct MachineEvent {
  enum class What : std::uint8_t { ready, guest_shutdown, guest_reboot, crashed, panicked, io_error, io_resumed };
  ServerId id;
  std::int64_t generation = 0;
  std::int64_t sequence = 0;  ///< grows per machine and generation: older ones change nothing
  What what = What::ready;
  std::string reason;
};

class MachineEvents {
 public:
  virtual ~MachineEvents() = default;
  /// May be called from any thread; must not block.
  virtual void on_event(MachineEvent event) = 0;
};

/// How a resize went. A disk never shrinks (`invalid`); what the host cannot give is `over_quota` with numbers.
enum class Resized : std::uint8_t { live, needs_restart };

/// What this backend can hold; admission is decided in compute's transaction against these.
struct Capacity {
  Bytes memory;                        ///< for machines, overhead included
  Bytes memory_least = {};             ///< a machine with less does not start
  Bytes overhead_per_machine;          ///< of the hypervisor process
  Bytes disk;                          ///< virtual sizes, overcommit included
  std::uint32_t cpus_per_machine = 0;  ///< no single machine may have more
};

class Backend {
 public:
  virtual ~Backend() = default;
  virtual std::string_view name() const = 0;
  /// Other programs use this host too: the disk is read anew at each call, memory when what is known is a second old.
  virtual Result<Capacity> capacity() = 0;

  /// Disks and context disc of a new machine. Existing ones of the same id are kept (a repeat after a crash).
  virtual Task<Result<>> prepare(MachineSpec spec, std::vector<ContextFile> context) = 0;
  /// Starts it from its disks; already running with this generation: success. Returns when the process is up; READY
  /// comes as an event. `conflict` with detail "address" when a forward's address is taken by somebody else.
  virtual Task<Result<>> start(MachineSpec spec) = 0;
  /// Orderly within `grace`, then by force. Absent or stopped already: success.
  virtual Task<Result<>> stop(ServerId id, std::chrono::milliseconds grace) = 0;
  virtual Task<Result<>> reboot(ServerId id) = 0;
  /// Changes a running machine to `spec.sizes`; `needs_restart` when the guest cannot take it live (nothing changed
  /// then, except what could be).
  virtual Task<Result<Resized>> resize(MachineSpec spec) = 0;
  /// Process, disks, context, sockets: everything of this id. Absent: success.
  virtual Task<Result<>> remove(ServerId id) = 0;
  virtual Task<Result<MachineState>> state(ServerId id) = 0;
  /// All machines of this installation, the truth for reconciliation; also adopts what a dead control plane left.
  virtual Task<Result<std::vector<MachineState>>> list() = 0;
  /// The last `bytes` of the serial console.
  virtual Task<Result<std::string>> console_log(ServerId id, std::size_t bytes) = 0;
  /// Path of a unix socket that is the serial console, for `nephele console`.
  virtual Result<std::string> console_socket(ServerId id) = 0;
  /// Proves that an address of this host can be bound with these ports; the reason when not.
  virtual Result<> probe_address(std::string_view address, const std::vector<std::uint16_t>& ports) = 0;
  virtual Task<> stop_watching() = 0;  ///< machines go on; the control plane ends
};

}  // namespace nephele::compute
