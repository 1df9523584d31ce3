// SPDX-License-Identifier: Apache-2.0
#include "fleet/adapters/azure.h"

#include <algorithm>

#include "base/ascii.h"
#include "base/redacted.h"
#include "base/visible.h"
#include "clouds/rest/errors.h"
#include "fleet/adapters/terms.h"
#include "fleet/machine_name.h"

namespace nephele::fleet {

namespace {

/// What is not for Azure of the metadata goes.
std::vector<std::pair<std::string, std::string>> tags_of(std::vector<std::pair<std::string, std::string>> metadata) {
  std::erase_if(metadata, [](const auto& entry) { return entry.first == "cern-services"; });
  return metadata;
}

/// A machine without a key must have a password; one that nobody is told, with letters of all the kinds that are
/// wanted.
Secret unknown_password() {
  return Secret("Vc1-" + random_password(32));
}

}  // namespace

AzureCloud::AzureCloud(AzureOptions options, const Clock& clock)
    : options_(std::move(options)), cloud_(options_.account, clock) {}

CloudAbilities AzureCloud::abilities() const {
  return {.zones = true, .keys = true};
}

/// A name is one size wherever it is.
Task<Result<>> AzureCloud::learn_sizes(std::string location, SteadyTime deadline) {
  CO_TRY(const auto sizes, co_await cloud_.sizes(std::move(location), deadline));
  for (const auto& size : sizes)
    sizes_[ascii::lowered(size.name)] = {
        .name = size.name, .processors = size.processors, .memory_mib = size.memory_mib};
  co_return Result<>{};
}

Task<Result<CloudFacts>> AzureCloud::facts(SteadyTime deadline) {
  const auto is_known = [this](const std::string& name) { return sizes_.contains(ascii::lowered(name)); };
  if (sizes_.empty() || !std::ranges::all_of(options_.flavors, is_known)) {
    CO_TRY_VOID(co_await learn_sizes(options_.account.location, deadline));
  }
  CloudFacts out;
  for (const auto& name : options_.flavors) {
    if (const auto size = sizes_.find(ascii::lowered(name)); size != sizes_.end()) {
      out.flavors.push_back(size->second);
      out.flavors.back().name = name;
    } else {
      out.warnings.push_back("Azure has no size " + name + " at " + options_.account.location + "; check flavor_names");
    }
  }
  for (const auto& [name, why] : failures_)
    out.warnings.push_back("Azure made no " + name + ": " + visible(redacted(why, {})));
  failures_.clear();
  co_return out;
}

CloudMachine AzureCloud::seen(const azure::Machine& machine) const {
  const State state = state_of_phase(azure::phase_of(machine));
  CloudMachine out{.id = machine.uuid, .name = machine.name, .state = state};
  out.second_id = machine.id;  // what create() gave where there was no other yet
  if (!machine.address.empty()) out.ip = machine.address;
  out.zone = machine.zone;
  out.machinetype = value_in(machine.tags, "machinetype");
  if (out.machinetype.empty()) out.machinetype = machinetype_in(out.name);
  out.space = value_in(machine.tags, "space");
  if (const auto size = sizes_.find(ascii::lowered(machine.size)); size != sizes_.end())
    out.processors = size->second.processors;
  out.created = machine.created;
  // Azure does not tell when a machine began to run, only when it was made; what failed or is on its way up did not.
  if (state == State::running || state == State::shut_down) out.started = machine.created;
  out.updated = has_ended(state) && machine.view.since ? machine.view.since : machine.created;
  return out;
}

Task<Result<std::vector<CloudMachine>>> AzureCloud::list(SteadyTime deadline) {
  CO_TRY(const auto machines, co_await cloud_.machines(deadline));
  std::vector<CloudMachine> out;
  out.reserve(machines.size());
  for (const auto& machine : machines) {
    // Others' machines count with their processors too. What a size is that is not listed any more, nobody tells.
    const auto size = ascii::lowered(machine.size);
    if (!size.empty() && !sizes_.contains(size) && !unlisted_.contains(size)) {
      const auto learned =
          co_await learn_sizes(machine.location.empty() ? options_.account.location : machine.location, deadline);
      // Asked again where it cannot be told now; where it is refused, no cycle can wait for it.
      if (!learned && learned.error().kind() != Kind::forbidden && learned.error().kind() != Kind::invalid &&
          learned.error().kind() != Kind::not_found)
        co_return fail(learned.error());
      unlisted_.insert(size);
    }
    out.push_back(seen(machine));
    if (is_machine_name(machine.name) && out.back().state == State::failed && !machine.view.failure.empty())
      failures_[machine.name] = machine.view.failure;
  }
  co_return out;
}

Result<azure::NewMachine> AzureCloud::order_of(const NewMachine& wanted) const {
  const auto image = named_image(wanted.image);
  if (!image)
    return fail(Kind::invalid, "root_image " + wanted.image +
                                   ": Azure boots images that are registered there; write image:NAME, "
                                   "image:PUBLISHER:OFFER:SKU:VERSION or image:/subscriptions/...");
  azure::NewMachine out{.name = wanted.name,
                        .size = wanted.flavor.name,
                        .zone = wanted.zone,
                        .image = image->starts_with('/') || std::ranges::count(*image, ':') == 3
                                     ? *image
                                     : azure_id(options_.account, "Microsoft.Compute/images", *image),
                        .disk_gb = wanted.disk_gb,
                        .disk_type = options_.disk_type,
                        .subnet = one_of(options_.subnets, wanted.name),
                        .security_group = options_.security_group,
                        .public_address = options_.public_addresses,
                        .user = options_.user,
                        .public_key = wanted.public_key,
                        .password = options_.password,
                        .user_data = wanted.user_data.reveal(),
                        .tags = tags_of(wanted.metadata)};
  if (out.public_key.empty() && out.password.empty()) out.password = unknown_password();
  return out;
}

Task<Result<std::string>> AzureCloud::create(NewMachine wanted, SteadyTime deadline) {
  if (wanted.name.size() > azure_name_max)
    co_return fail(Kind::invalid, wanted.name + " is too long a name for Azure; give the machinetype a shorter one");
  CO_TRY(auto order, order_of(wanted));
  const auto made = co_await cloud_.create(std::move(order), deadline);
  if (!made) co_return fail(rest::may_have_happened(made.error()) ? made.error() : none_made(made.error()));
  co_return made->uuid.empty() ? made->id : made->uuid;
}

Task<Result<>> AzureCloud::remove(MachineHandle machine, SteadyTime deadline) {
  co_return co_await cloud_.remove(machine.name, deadline);
}

}  // namespace nephele::fleet
