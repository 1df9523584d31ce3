// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/id.h"
#include "base/secret.h"
#include "base/units.h"

namespace nephele::compute {

using ServerId = NumericId<struct ServerTag>;
/// The data directory whose machines it runs, "db1-k7m2x9qa": not the host's name, which may change or not be unique.
using DriverId = Id<struct DriverTag>;
using ImageId = Id<struct ImageTag>;  ///< "function-3f9a01c2": name and content, immutable

/// What the owner wants. Kept in the database only.
enum class Desired : std::uint8_t { running, stopped, deleted };

/// What was last seen of the machine.
enum class Observed : std::uint8_t {
  absent,    ///< not built yet, or gone
  starting,  ///< a process exists, the guest has not said READY
  ready,     ///< the guest said READY
  stopped,   ///< ended by us, or the guest shut itself down (see reason)
  error,     ///< crashed, panicked, did not come up, cannot be built (see reason)
};

/// What a worker is doing to it now.
enum class Activity : std::uint8_t { none, building, resizing, restarting, removing };

std::string_view to_string(Desired v) noexcept;
std::string_view to_string(Observed v) noexcept;
std::string_view to_string(Activity v) noexcept;

struct Sizes {
  Cpus cpus;
  Bytes memory;
  Bytes disk;
  friend bool operator==(const Sizes&, const Sizes&) = default;
};

/// How far a server can grow while it runs; fixed at its start.
struct Ceilings {
  Cpus cpus;
  Bytes memory;
};

struct Server {
  ServerId id;
  std::string owner;  ///< account id
  DriverId driver;    ///< who runs its machine, chosen once
  std::string name;
  ImageId image;
  Sizes sizes;  ///< wanted; what the machine has once `activity` is none and no reason is told
  Ceilings ceilings;
  Desired desired = Desired::running;
  Observed observed = Observed::absent;
  Activity activity = Activity::none;
  std::string reason;                ///< why it is in error or stopped; a sentence for the owner
  std::string address;               ///< of its own, "127.96.0.5"; empty when the image has no ports
  std::vector<std::uint16_t> ports;  ///< of the guest, reachable under the same numbers on `address`
  std::string link;                  ///< name of the private link it is on, or empty
  int link_end = 0;
  std::int64_t generation = 0;  ///< grows with each start
  Time created;
  Time changed;
};

/// What somebody asks for. Sizes are already resolved.
struct NewServer {
  std::string owner;
  std::string name;
  std::string image;  ///< name or id of an image; the newest of equal names
  Sizes sizes;
  Ceilings ceilings;
  std::vector<std::uint16_t> ports;
  /// Private link with at most one other server: both name the same link and take different ends (0 and 1). The
  /// guests get 10.96.0.1 and 10.96.0.2 on it.
  std::string link;
  int link_end = 0;
  /// KEY -> value of context.sh; keys [A-Z_][A-Z0-9_]*. Without secrets: this part is stored.
  std::vector<std::pair<std::string, std::string>> context;
  /// KEY -> value that must not be readable at rest (SR_AUTH). Sealed in the operation, then only on the context disc.
  std::vector<std::pair<std::string, Secret>> secret_context;
  std::string function;  ///< the user's own function: bytes of an executable file, or empty
};

struct Image {
  ImageId id;
  std::string name;
  std::string directory;     ///< vmlinux, initrd.img, root.qcow2; never changed after registration
  std::string command_line;  ///< kernel words
  Time created;
  Bytes disk_least = {};  ///< of a machine that boots from it; 0: not known
};

}  // namespace nephele::compute
