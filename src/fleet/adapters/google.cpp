// SPDX-License-Identifier: Apache-2.0
#include "fleet/adapters/google.h"

#include <algorithm>
#include <array>
#include <set>

#include "base/secret.h"
#include "clouds/rest/errors.h"
#include "fleet/adapters/terms.h"
#include "fleet/machine_name.h"

namespace nephele::fleet {

namespace {

constexpr std::int64_t disk_gb_per_processor = 40;  // contract vcycle, 3.4
constexpr std::string_view space_label = "vcycle-space";
constexpr std::string_view type_label = "vcycle-machinetype";

/// "projects/P/global/images/I" of NAME, PROJECT/NAME, family/NAME, PROJECT/family/NAME or a whole path.
std::string image_path(const std::string& project, const std::string& name) {
  if (name.starts_with("projects/")) return name;
  const auto slash = name.find('/');
  const bool others = slash != std::string::npos && !name.starts_with("family/");
  return "projects/" + (others ? name.substr(0, slash) : project) + "/global/images/" +
         (others ? name.substr(slash + 1) : name);
}

/// The UUID that an order is known by: always the same one for a machine.
std::string request_id_of(const std::string& machine) {
  std::string hex = sha256_hex(machine).substr(0, 32);
  hex[12] = '4';
  hex[16] = '8';
  for (const std::size_t at : {20U, 16U, 12U, 8U}) hex.insert(at, "-");
  return hex;
}

/// "europe-west1" of "europe-west1-b"
std::string region_of(const std::string& zone) {
  return zone.substr(0, zone.rfind('-'));
}

bool is_for_google(const std::string& key) {
  static constexpr std::array<std::string_view, 6> told{"name",        "machinetype", "space", "machinefeatures",
                                                        "jobfeatures", "joboutputs"};
  return std::ranges::find(told, key) != told.end();
}

}  // namespace

GoogleCloud::GoogleCloud(GoogleOptions options, const Clock& clock)
    : options_(std::move(options)), cloud_(options_.account, clock) {}

CloudAbilities GoogleCloud::abilities() const {
  return {.zones = true, .keys = true, .asks_files = true};
}

/// Null where the zone has no such type. What is known of one never changes.
Task<Result<const Flavor*>> GoogleCloud::type(std::string zone, std::string name, SteadyTime deadline) {
  const auto key = zone + "/" + name;
  if (const auto known = types_.find(key); known != types_.end()) co_return &known->second;
  CO_TRY(const auto told, co_await cloud_.machine_type(zone, name, deadline));
  if (!told) co_return nullptr;
  const Flavor made{.name = name, .processors = told->processors, .memory_mib = told->memory_mib};
  co_return &types_.emplace(key, made).first->second;
}

Task<Result<>> GoogleCloud::learn_flavors(CloudFacts& facts, SteadyTime deadline) {
  for (const auto& name : options_.flavors) {
    const Flavor* found = nullptr;
    for (const auto& zone : options_.zones) {
      CO_TRY(const auto* const there, co_await type(zone, name, deadline));
      if (there == nullptr)
        facts.warnings.push_back("Google has no machine type " + name + " in " + zone +
                                 "; check flavor_names and zones");
      else
        found = there;
    }
    if (found != nullptr) facts.flavors.push_back(*found);
  }
  co_return Result<>{};
}

/// What became of orders of the cycles before. What is not told now is asked for again in the next one: nothing else
/// hangs on it.
Task<> GoogleCloud::follow_orders(CloudFacts& facts, SteadyTime deadline) {
  for (auto order = under_way_.begin(); order != under_way_.end();) {
    const auto& [name, sent] = *order;
    auto now = co_await cloud_.operation(sent.operation.zone, sent.operation.name, deadline);
    const bool is_refused = !now && now.error().detail("cause") == "refused";
    if (!now && !is_refused) co_return;  // it does not answer; the others neither
    if (is_refused && now.error().kind() != Kind::not_found)
      facts.warnings.push_back("what became of " + name + " is not told: " + now.error().sentence());
    if (is_refused && (now.error().kind() == Kind::forbidden || now.error().kind() == Kind::unauthorized))
      co_return;  // nor are the others
    if ((now && !now->done) || (is_refused && now.error().kind() != Kind::not_found)) {
      ++order;
      continue;
    }
    if (now && now->failure) {
      facts.warnings.push_back("Google made no " + name + ": " + now->failure->sentence());
      refused_.insert_or_assign(name, sent);
    }
    order = under_way_.erase(order);
  }
}

Task<Result<CloudFacts>> GoogleCloud::facts(SteadyTime deadline) {
  images_.clear();
  CloudFacts out;
  CO_TRY_VOID(co_await learn_flavors(out, deadline));
  co_await follow_orders(out, half_way_to(deadline));
  out.processors_limit = 1;  // contract vcycle, 1.4; what is written comes first
  if (!options_.has_limit)
    out.warnings.emplace_back("no processors_limit is written, so one processor is all that Google is asked for");
  co_return out;
}

void GoogleCloud::know(std::vector<WrittenMachine> machines) {
  const auto waits = [&machines](const auto& entry) {
    return std::ranges::any_of(machines, [&](const auto& one) { return one.name == entry.first && !one.over; });
  };
  std::erase_if(refused_, [&](const auto& entry) { return !waits(entry); });
  std::erase_if(under_way_, [&](const auto& entry) { return !waits(entry); });
}

CloudMachine GoogleCloud::seen(const google::Instance& instance) const {
  const State state = state_of_phase(google::phase_of(instance));
  CloudMachine out{.id = instance.id, .name = instance.name, .state = state};
  if (!instance.address.empty()) out.ip = instance.address;
  out.zone = instance.zone;
  out.machinetype = value_in(instance.labels, type_label);
  if (out.machinetype.empty()) out.machinetype = machinetype_in(out.name);
  out.space = name_of_google_label(value_in(instance.labels, space_label));
  if (const auto type = types_.find(instance.zone + "/" + instance.type); type != types_.end())
    out.processors = type->second.processors;
  out.created = instance.created;
  if (state != State::starting) out.started = instance.started;
  out.updated = has_ended(state) && instance.stopped ? instance.stopped
                : instance.started                   ? instance.started
                                                     : instance.created;
  return out;
}

Task<Result<std::vector<CloudMachine>>> GoogleCloud::list(SteadyTime deadline) {
  CO_TRY(const auto instances, co_await cloud_.instances(deadline));
  // Others' machines count with their processors too.
  for (const auto& instance : instances) CO_TRY_VOID(co_await type(instance.zone, instance.type, deadline));
  zones_.clear();
  std::vector<CloudMachine> out;
  out.reserve(instances.size());
  for (const auto& instance : instances) {
    out.push_back(seen(instance));
    zones_.emplace(instance.name, instance.zone);  // of two of a name the first is the fleet's, as everywhere
    refused_.erase(instance.name);
    if (out.back().state == State::running) under_way_.erase(instance.name);  // that came of it
  }
  for (const auto& [name, order] : refused_)
    out.push_back({.id = order.operation.target_id,
                   .name = name,
                   .state = State::failed,
                   .zone = order.operation.zone,
                   .machinetype = order.machinetype,
                   .processors = 0});
  co_return out;
}

Task<Result<std::int64_t>> GoogleCloud::image_gb(std::string path, SteadyTime deadline) {
  if (const auto known = images_.find(path); known != images_.end()) co_return known->second;
  auto size = co_await cloud_.image_gb(path, deadline);
  if (!size && size.error().kind() == Kind::not_found)
    size = fail(Kind::not_found, "Failed to find " + path + " at Google; check root_image");
  images_.emplace(std::move(path), size);
  co_return size;
}

google::NewInstance GoogleCloud::order_of(const NewMachine& wanted, const std::string& image) const {
  google::NewInstance out{.name = wanted.name,
                          .zone = wanted.zone.empty() ? one_of(options_.zones, wanted.name) : wanted.zone,
                          .type = wanted.flavor.name,
                          .image = image,
                          .disk_gb = wanted.disk_gb.value_or(disk_gb_per_processor * wanted.flavor.processors),
                          .disk_type = options_.disk_type,
                          .network = options_.network,
                          .public_address = options_.public_addresses,
                          .request_id = request_id_of(wanted.name)};
  const auto subnet = one_of(options_.subnets, wanted.name);
  if (!subnet.empty())
    out.subnetwork = subnet.contains('/') ? subnet
                                          : "projects/" + options_.account.project + "/regions/" + region_of(out.zone) +
                                                "/subnetworks/" + subnet;
  out.labels = {{std::string(space_label), options_.space_label}, {std::string(type_label), wanted.machinetype}};
  const std::string& user_data = wanted.user_data.reveal();
  out.metadata.emplace_back("user-data", user_data);
  // A mail of several parts is for CernVM's amiconfig, which looks for it here.
  if (user_data.starts_with("From ")) out.metadata.emplace_back("cvm-user-data", to_base64(user_data));
  for (const auto& [key, value] : wanted.metadata)
    if (is_for_google(key)) out.metadata.emplace_back(key, value);
  if (!wanted.public_key.empty())
    for (const char* const key : {"sshKeys", "ssh-keys"})
      out.metadata.emplace_back(key, "root:" + wanted.public_key + " root");
  out.hidden = {user_data, to_base64(user_data)};
  return out;
}

Task<Result<std::string>> GoogleCloud::create(NewMachine wanted, SteadyTime deadline) {
  const auto image = named_image(wanted.image);
  if (!image)
    co_return fail(Kind::invalid,
                   "root_image " + wanted.image + ": Google boots images that are registered there; write image:NAME");
  if (wanted.name.size() > google_name_max)
    co_return fail(Kind::invalid, wanted.name + " is too long a name for Google; give the machinetype a shorter one");
  const auto path = image_path(options_.account.project, *image);
  const auto image_size = co_await image_gb(path, deadline);
  if (!image_size) co_return fail(none_made(image_size.error()));
  auto order = order_of(wanted, path);
  order.disk_gb = std::max(order.disk_gb, *image_size);
  const auto zone = order.zone;
  const auto made = co_await cloud_.insert(std::move(order), deadline);
  if (!made) co_return fail(rest::may_have_happened(made.error()) ? made.error() : none_made(made.error()));
  if (made->failure) co_return fail(none_made(*made->failure));
  zones_[wanted.name] = zone;
  if (!made->done) under_way_.insert_or_assign(wanted.name, Order{*made, wanted.machinetype});
  co_return made->target_id;
}

Task<Result<>> GoogleCloud::remove(MachineHandle machine, SteadyTime deadline) {
  if (refused_.contains(machine.name)) co_return Result<>{};
  if (const auto zone = zones_.find(machine.name); zone != zones_.end())
    co_return co_await cloud_.remove(zone->second, machine.name, deadline);
  CO_TRY(const auto instances, co_await cloud_.instances(deadline));
  for (const auto& instance : instances)
    if (instance.name == machine.name) CO_TRY_VOID(co_await cloud_.remove(instance.zone, instance.name, deadline));
  co_return Result<>{};
}

}  // namespace nephele::fleet
