// SPDX-License-Identifier: Apache-2.0
#include "fleet/adapters/openstack.h"

#include <sys/stat.h>

#include <algorithm>
#include <set>

#include "clouds/openstack/errors.h"
#include "fleet/adapters/terms.h"
#include "fleet/cernvm_signature.h"
#include "fleet/machine_name.h"
#include "fleet/urls.h"

namespace nephele::fleet {

namespace {

constexpr std::string_view key_comment = "vcycle";
constexpr std::chrono::seconds volume_poll{2};
constexpr std::chrono::seconds clean_up_limit{10};
constexpr const char* space_mark = "space";  // in the metadata of what is ours

}  // namespace

OpenStackCloud::OpenStackCloud(OpenStackOptions options, Workers& workers, openstack::CallLog* log,
                               ImageFiles* remote_images)
    : space_(std::move(options.space)),
      security_groups_(std::move(options.security_groups)),
      network_(std::move(options.network_uuid)),
      volume_grace_(options.volume_grace),
      workers_(workers),
      remote_images_(remote_images),
      cloud_(std::move(options.account), log),
      has_volumes_(options.volumes) {}

CloudAbilities OpenStackCloud::abilities() const {
  return {.zones = true, .volumes = true, .keys = true, .longest_creation = std::chrono::minutes(30)};
}

Task<Result<CloudFacts>> OpenStackCloud::facts(SteadyTime deadline) {
  images_.clear();
  keys_.clear();
  CO_TRY_VOID(co_await cloud_.connect(deadline));
  CO_TRY(flavors_, co_await cloud_.compute().flavors(deadline));
  CO_TRY(const auto limits, co_await cloud_.compute().limits(deadline));
  CloudFacts out{.processors_limit = limits.cores};
  for (const auto& flavor : flavors_)
    out.flavors.push_back({.name = flavor.name, .processors = flavor.vcpus, .memory_mib = flavor.ram_mib});
  co_return out;
}

CloudMachine OpenStackCloud::seen(const openstack::Server& server) const {
  CloudMachine out{
      .id = server.id.text(), .name = server.label(), .state = state_of_phase(openstack::phase_of(server))};
  out.ip = server.address();
  out.zone = server.zone;
  out.machinetype = value_in(server.metadata, "machinetype");
  out.space = value_in(server.metadata, space_mark);
  const auto flavor = std::ranges::find(flavors_, server.flavor, &openstack::Flavor::id);
  if (server.vcpus)
    out.processors = server.vcpus;
  else if (flavor != flavors_.end())
    out.processors = flavor->vcpus;
  out.created = server.created;
  out.started = server.launched;
  out.updated = server.terminated ? server.terminated : server.updated;
  return out;
}

Task<Result<std::vector<CloudMachine>>> OpenStackCloud::list(SteadyTime deadline) {
  CO_TRY(const auto servers, co_await cloud_.compute().servers("", deadline));
  if (has_volumes_) {
    // The listing is what counts: of the time that is left it keeps half.
    const auto now = std::chrono::steady_clock::now();
    co_await remove_left_volumes(servers, std::min(in(clean_up_limit), now + (deadline - now) / 2));
  }
  std::vector<CloudMachine> out;
  out.reserve(servers.size());
  for (const auto& server : servers) out.push_back(seen(server));
  co_return out;
}

/// Made by a manager of this space for one machine: the name alone could be anybody's.
bool OpenStackCloud::is_ours(const openstack::Volume& volume) const {
  return !machinetype_in(volume.name).empty() && value_in(volume.metadata, space_mark) == space_;
}

/// A manager that died between a volume and its server leaves the volume, which has no server; what another manager is
/// making at this moment looks the same, so it must stay so for a while.
Task<> OpenStackCloud::remove_left_volumes(const std::vector<openstack::Server>& servers, SteadyTime deadline) {
  const auto volumes = co_await cloud_.volumes().list(deadline);
  if (!volumes) {
    // A cloud without Cinder has none of ours.
    if (volumes.error().detail("cause") == "no_endpoint") has_volumes_ = false;
    co_return;
  }
  std::set<std::string> used;
  for (const auto& server : servers) used.insert(server.label());
  std::map<openstack::VolumeId, SteadyTime> left;
  const auto now = std::chrono::steady_clock::now();
  for (const auto& volume : *volumes) {
    if (!is_ours(volume) || used.contains(volume.name)) continue;
    if (volume.status != "available" && volume.status != "error") continue;
    const auto before = left_volumes_.find(volume.id);
    const auto since = before == left_volumes_.end() ? now : before->second;
    left.emplace(volume.id, since);
    if (now - since >= volume_grace_) (void)co_await cloud_.volumes().remove(volume.id, deadline);
  }
  left_volumes_ = std::move(left);
}

Task<Result<ImageFile>> OpenStackCloud::image_file(std::string wanted, SteadyTime deadline) {
  if (is_url(wanted)) {
    if (remote_images_ == nullptr)
      co_return fail(Kind::invalid, "root_image " + wanted + ": nothing is downloaded here; write the path of a file");
    co_return co_await remote_images_->file_of(std::move(wanted), deadline);
  }
  struct stat about = {};
  if (::stat(wanted.c_str(), &about) != 0)
    co_return fail(Kind::invalid, "Failed to read " + wanted + ": root_image names no file of this host");
  co_return ImageFile{.path = std::move(wanted), .modified = about.st_mtim.tv_sec};
}

Task<Result<openstack::ImageId>> OpenStackCloud::look_up_image(const NewMachine& wanted, SteadyTime deadline) {
  if (const auto name = named_image(wanted.image)) {
    CO_TRY(const auto images, co_await cloud_.images().list(deadline));
    const auto* const found = openstack::first_named(images, *name);
    if (found == nullptr)
      co_return fail(Kind::not_found,
                     "Failed to find " + wanted.image + ": the cloud has no active image of this name");
    co_return found->id;
  }
  CO_TRY(const auto file, co_await image_file(wanted.image, deadline));
  CO_TRY(const auto images, co_await cloud_.images().list(deadline));
  if (const auto* const found = openstack::find_upload(images, wanted.image, file.modified); found != nullptr)
    co_return found->id;
  if (!wanted.image_signing_dn.empty()) {
    const auto check = [&] { return check_cernvm_signature(file.path, wanted.image_signing_dn, wanted.image_signers); };
    CO_TRY_VOID(co_await workers_.run(check));
  }
  openstack::NewImage made{.name = wanted.image,
                           .disk_format = std::string(openstack::disk_format_of(wanted.image)),
                           .last_modified = file.modified,
                           .sha256 = file.sha256};
  CO_TRY(const auto uploaded, co_await cloud_.images().upload(std::move(made), file.path, workers_, deadline));
  co_return uploaded.id;
}

Task<Result<openstack::ImageId>> OpenStackCloud::image(const NewMachine& wanted, SteadyTime deadline) {
  const std::pair key(wanted.image, wanted.image_signing_dn);
  auto known = images_.find(key);
  if (known == images_.end()) known = images_.emplace(key, co_await look_up_image(wanted, deadline)).first;
  co_return known->second;
}

Task<Result<std::string>> OpenStackCloud::key_name(std::string public_key, SteadyTime deadline) {
  if (const auto known = keys_.find(public_key); known != keys_.end()) co_return known->second;
  const auto key = openstack::SshPublicKey::parse(public_key);
  if (!key) co_return fail(key.error());
  auto name =
      co_await cloud_.compute().ensure_keypair(*key, std::string(machine_prefix), std::string(key_comment), deadline);
  keys_.emplace(public_key, name);
  co_return name;
}

/// Ready to boot from, or gone again.
Task<Result<openstack::VolumeId>> OpenStackCloud::volume(const NewMachine& wanted, openstack::ImageId image,
                                                         SteadyTime deadline) {
  has_volumes_ = true;
  openstack::NewVolume made{.name = wanted.name, .size_gib = wanted.volume_gb, .image = image, .zone = wanted.zone};
  made.metadata = {{space_mark, space_}, {"machinetype", wanted.machinetype}};
  CO_TRY(auto volume, co_await cloud_.volumes().create(std::move(made), deadline));
  Error why(Kind::busy, "the volume of " + wanted.name + " was not ready in time");
  while (volume.status != "available") {
    if (volume.status.starts_with("error")) {
      why = Error(Kind::busy, "the cloud could not make the volume of " + wanted.name);
      break;
    }
    if (std::chrono::steady_clock::now() + 2 * volume_poll >= deadline) break;
    co_await sleep_for(volume_poll);
    auto looked = co_await cloud_.volumes().volume(volume.id, deadline);
    if (!looked) {
      why = looked.error();
      break;
    }
    volume = std::move(*looked);
  }
  if (volume.status == "available") co_return volume.id;
  (void)co_await cloud_.volumes().remove(volume.id, in(std::chrono::seconds(10)));
  co_return fail(why);
}

Task<Result<openstack::ServerId>> OpenStackCloud::create_server(openstack::NewServer server, SteadyTime deadline) {
  const auto volume = server.boot_volume;
  auto made = co_await cloud_.compute().create(std::move(server), deadline);
  // It has gone with its server, or there is none; where nobody knows, remove_left_volumes() finds out.
  if (!made && !volume.empty() && !openstack::may_have_happened(made.error()))
    (void)co_await cloud_.volumes().remove(volume, in(std::chrono::seconds(10)));
  co_return made;
}

Task<Result<std::string>> OpenStackCloud::create(NewMachine wanted, SteadyTime deadline) {
  const auto flavor = std::ranges::find(flavors_, wanted.flavor.name, &openstack::Flavor::name);
  if (flavor == flavors_.end()) co_return fail(Kind::not_found, "the cloud has no flavor " + wanted.flavor.name);
  openstack::NewServer server{.name = wanted.name, .flavor = flavor->id, .zone = wanted.zone};
  const auto found = co_await image(wanted, deadline);
  if (!found) co_return fail(none_made(found.error()));
  server.image = *found;
  if (!wanted.public_key.empty()) {
    const auto key = co_await key_name(wanted.public_key, deadline);
    if (!key) co_return fail(none_made(key.error()));
    server.key_name = *key;
  }
  if (wanted.volume_gb > 0) {
    const auto made = co_await volume(wanted, server.image, deadline);
    if (!made) co_return fail(none_made(made.error()));
    server.boot_volume = *made;
  }
  server.user_data = wanted.user_data.reveal();
  server.metadata = std::move(wanted.metadata);
  server.security_groups = security_groups_;
  if (!network_.empty()) server.networks.emplace_back(network_);
  CO_TRY(const auto id, co_await create_server(std::move(server), deadline));
  co_return id.text();
}

Task<Result<>> OpenStackCloud::remove(MachineHandle machine, SteadyTime deadline) {
  if (!machine.id.empty()) co_return co_await cloud_.compute().remove(openstack::ServerId(machine.id), deadline);
  CO_TRY(const auto servers, co_await cloud_.compute().servers(machine.name, deadline));
  for (const auto& server : servers)
    if (server.label() == machine.name) CO_TRY_VOID(co_await cloud_.compute().remove(server.id, deadline));
  co_return Result<>{};
}

}  // namespace nephele::fleet
