// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/ascii.h"
#include "base/async.h"
#include "base/result.h"
#include "base/secret.h"
#include "fleet/model.h"

/// What the fleet needs from a cloud, whoever's it is. Adapters stand in fleet/adapters and translate to a client in
/// clouds/ or to a service below.
namespace nephele::fleet {

/// One machine as its cloud lists it, ours or anybody's.
struct CloudMachine {
  /// The cloud's own, a UUID where it has such; what the accounting record names. Empty: not told this time.
  std::string id;
  /// As we called it when we made it: from its metadata where the cloud renames machines.
  std::string name;
  State state = State::unknown;
  std::string ip = "0.0.0.0";
  std::string zone = {};
  std::string machinetype = {};                 ///< from its metadata; empty: not told
  std::string space = {};                       ///< from its metadata; another's is none of ours
  std::optional<std::int64_t> processors = {};  ///< of its flavor
  std::optional<Instant> created = {}, started = {};
  std::optional<Instant> updated = {};  ///< last change of its state
  std::string second_id = {};           ///< another of its ids, under which it may be written down; empty: none
  /// What could not be read of this machine, as a sentence. It is in the list all the same: what is not told of it is
  /// taken from its files, and the others are not kept from theirs.
  std::string problem = {};
};

/// Whether it is the machine that was written down under this id, whatever the case of its letters. Where either is not
/// known it may be.
inline bool is_known_as(const CloudMachine& machine, std::string_view id) {
  const auto is = [name = ascii::lowered(id)](const std::string& one) { return ascii::lowered(one) == name; };
  return id.empty() || machine.id.empty() || is(machine.id) || is(machine.second_id);
}

struct Flavor {
  std::string name = {};
  std::int64_t processors = 1;
  std::optional<std::int64_t> memory_mib = {};
};

/// What is known of a space before anything is done in it.
struct CloudFacts {
  std::vector<Flavor> flavors = {};
  std::optional<std::int64_t> processors_limit = {};  ///< the quota; absent: none, or not told
  std::vector<std::string> warnings = {};             ///< what an operator should know, as sentences
};

/// What a cloud can do. What it cannot is left out of a request, with a warning where somebody configured it.
struct CloudAbilities {
  bool any_size = false;  ///< machines of any size: no flavor need be named
  bool zones = false, volumes = false, keys = false;
  bool asks_files = false;  ///< before list() it is told what is written down: know()
  /// How long making a machine may take where that begins with an image on its way to the cloud; 0: as any call.
  std::chrono::milliseconds longest_creation{0};
};

struct NewMachine {
  std::string name;
  std::string space;
  std::string machinetype;
  std::string image;  ///< root_image: "image:NAME", a URL, or the path of a file on this host
  /// Who must have signed the image, as CernVM does: a pattern of the subject; empty: nobody.
  std::string image_signing_dn = {};
  std::string image_signers = {};  ///< folder of the certificates that vouch for him
  Flavor flavor = {};              ///< one of facts(); where any size may be had, its name may be empty
  std::int64_t memory_mib = 0;
  std::optional<std::int64_t> disk_gb = {};
  std::int64_t volume_gb = 0;  ///< above 0: boots from a new volume
  std::string zone = {};
  std::string public_key = {};  ///< "ssh-ed25519 AAAA..."; empty: none
  Secret user_data = {};        ///< ready to be used; neither logged nor kept
  std::vector<std::pair<std::string, std::string>> metadata = {};
};

/// A machine to be acted on: by its id, or by its name where that is not known.
struct MachineHandle {
  std::string name;
  std::string id = {};
};

/// A machine of ours that has files, as they have it.
struct WrittenMachine {
  std::string name;
  std::string id = {};                                             ///< empty: not known yet
  bool over = false;                                               ///< its end has been dealt with
  bool ran = false;                                                ///< it has been seen to run
  std::optional<std::chrono::seconds> age = {};                    ///< since its creation
  std::vector<std::pair<std::string, std::string>> metadata = {};  ///< as at its creation
};

/// Whether a failed creation can have made a machine after all. Where it can, the machine counts as made until a
/// listing some time later does not show it.
constexpr bool may_have_happened(Kind kind) noexcept {
  return kind == Kind::timeout || kind == Kind::unavailable || kind == Kind::internal;
}

/// One space on one cloud. Calls come one at a time. Each ends by its deadline, with `timeout` when it must.
class Cloud {
 public:
  virtual ~Cloud() = default;

  virtual CloudAbilities abilities() const = 0;
  /// Signs in where that is needed.
  virtual Task<Result<CloudFacts>> facts(SteadyTime deadline) = 0;
  /// For clouds that do not keep names, or forget who has ended: machines that have files, just before list().
  virtual void know(std::vector<WrittenMachine> /*machines*/) {}
  /// Every machine of the space, all pages of it, or an error: never a part. Nobody acts on less.
  virtual Task<Result<std::vector<CloudMachine>>> list(SteadyTime deadline) = 0;
  /// The new machine's id; the machine may still be on its way up. Never repeats a request that may have had its
  /// effect. `over_quota`: the cloud gives no more now; `invalid`, `not_found`, `forbidden`, `conflict`: nothing was
  /// made. For the other kinds see may_have_happened().
  virtual Task<Result<std::string>> create(NewMachine wanted, SteadyTime deadline) = 0;
  /// Asks for its end. Gone already: success.
  virtual Task<Result<>> remove(MachineHandle machine, SteadyTime deadline) = 0;
};

}  // namespace nephele::fleet
