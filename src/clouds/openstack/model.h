// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/id.h"
#include "base/result.h"

/// What OpenStack keeps, as far as its clients here use it. Plain data; how it is read stands in decode.h.
namespace nephele::openstack {

using ServerId = Id<struct NovaServerTag>;
using FlavorId = Id<struct NovaFlavorTag>;
using ImageId = Id<struct GlanceImageTag>;
using NetworkId = Id<struct NeutronNetworkTag>;
using VolumeId = Id<struct CinderVolumeTag>;

using Instant = std::chrono::sys_seconds;

// ---- compute -------------------------------------------------------------------------------------------------------

struct Flavor {
  FlavorId id = {};
  std::string name = {};
  std::int64_t vcpus = 0;
  std::int64_t ram_mib = 0;
  std::int64_t disk_gib = 0;
};

/// What a project may have; nothing where the cloud sets no limit (it says -1) or says nothing.
struct Limits {
  std::optional<std::int64_t> cores = {};
  std::optional<std::int64_t> instances = {};
  std::optional<std::int64_t> ram_mib = {};
  std::optional<std::int64_t> cores_used = {};
  std::optional<std::int64_t> instances_used = {};
};

struct Address {
  int version = 4;
  std::string text = {};
};

struct Server {
  ServerId id = {};
  std::string name = {};
  std::map<std::string, std::string, std::less<>> metadata = {};
  std::string status = {};      ///< "ACTIVE"
  std::string task_state = {};  ///< "deleting"; empty: none
  std::optional<std::int64_t> power_state = {};
  std::optional<Instant> created = {};
  std::optional<Instant> updated = {};
  std::optional<Instant> launched = {};
  std::optional<Instant> terminated = {};
  FlavorId flavor = {};                    ///< empty from microversion 2.47 on
  std::optional<std::int64_t> vcpus = {};  ///< only from microversion 2.47 on
  std::string zone = {};
  std::map<std::string, std::vector<Address>> addresses = {};  ///< by network
  std::string fault = {};                                      ///< why it is in ERROR, in the service's words

  /// Metadata "name" where there is one, else the name (contract vcycle, 3.1).
  const std::string& label() const;
  /// The first address of the network that comes first by name; "0.0.0.0" when there is none.
  std::string address() const;
};

/// What status, task and power state mean together (contract vcycle, 3.1; task states in any case).
enum class Phase : std::uint8_t { unknown, starting, running, stopping, shut_down, deleting, failed };
Phase phase_of(const Server& server);
std::string_view to_string(Phase phase) noexcept;

struct NewServer {
  std::string name = {};
  FlavorId flavor = {};
  ImageId image = {};
  std::string user_data = {};  ///< as the machine is to see it; base64 is made of it here
  std::vector<std::pair<std::string, std::string>> metadata = {};
  std::string key_name = {};
  std::vector<NetworkId> networks = {};  ///< none: the cloud chooses
  std::string zone = {};
  std::vector<std::string> security_groups = {};
  VolumeId boot_volume = {};  ///< goes when the server does; the image is named beside it
};

struct Keypair {
  std::string name = {};
  std::string public_key = {};
  std::string fingerprint = {};
};

/// One line of a `.pub` file: "ssh-ed25519 AAAA... comment".
struct SshPublicKey {
  std::string type = {};
  std::string blob = {};  ///< base64

  /// Of the first line that is neither empty nor a remark. Any type that OpenSSH writes; fails with `invalid`.
  static Result<SshPublicKey> parse(std::string_view text);
  std::string line(std::string_view comment) const;
  /// Whether `public_key` of a key pair is this key, whatever its comment.
  bool is_in(std::string_view public_key) const;
  /// The same for the same key, on every manager: prefix and half of its SHA-256.
  std::string pair_name(std::string_view prefix) const;
};

// ---- images --------------------------------------------------------------------------------------------------------

struct Image {
  ImageId id = {};
  std::string name = {};
  std::string status = {};    ///< "active": only then can a server be made of it
  std::string checksum = {};  ///< MD5 in hex; empty where the service gives none
  std::string hash_algorithm = {};
  std::string hash = {};
  std::optional<std::int64_t> size = {};
  /// Of the file that it was made from: a tag "last_modified: N" (v2) or a property (v1).
  std::optional<std::int64_t> last_modified = {};

  bool active() const noexcept { return status == "active"; }
};

/// An active image with the name, the first in the service's order; null when there is none.
const Image* first_named(std::span<const Image> images, std::string_view name) noexcept;
/// The one that was uploaded from a file of this name and time.
const Image* find_upload(std::span<const Image> images, std::string_view name, std::int64_t last_modified) noexcept;

struct NewImage {
  std::string name = {};
  std::string disk_format = {};  ///< "raw", "iso", "qcow2"
  std::int64_t last_modified = 0;
  std::string architecture = {"x86_64"};
  std::string sha256 = {};  ///< of the file, for those who look at the image; empty: not told
};
/// "iso" for names that end so, else "raw" (contract vcycle, 3.1).
std::string_view disk_format_of(std::string_view name) noexcept;

// ---- networks, volumes ---------------------------------------------------------------------------------------------

struct Network {
  NetworkId id = {};
  std::string name = {};
  std::string status = {};
  bool external = false;
  bool shared = false;
};

struct NewVolume {
  std::string name = {};
  std::int64_t size_gib = 0;
  ImageId image = {};
  std::string zone = {};
  std::vector<std::pair<std::string, std::string>> metadata = {};
};

struct Volume {
  VolumeId id = {};
  std::string name = {};
  std::string status = {};  ///< "available": a server may boot from it
  std::int64_t size_gib = 0;
  std::map<std::string, std::string, std::less<>> metadata = {};
};

}  // namespace nephele::openstack
