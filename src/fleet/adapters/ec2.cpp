// SPDX-License-Identifier: Apache-2.0
#include "fleet/adapters/ec2.h"

#include <algorithm>
#include <array>

#include "base/secret.h"
#include "clouds/ec2/errors.h"
#include "fleet/adapters/terms.h"
#include "fleet/machine_name.h"
#include "fleet/space_cycle.h"

namespace nephele::fleet {

namespace {

constexpr std::string_view ended_itself = "Client.InstanceInitiatedShutdown";
constexpr std::string_view terminated = "terminated";

/// Ends that somebody wanted; behind every other code of a machine that is terminated stands a failure.
bool was_wanted(std::string_view code) {
  static constexpr std::array<std::string_view, 6> wanted{"",
                                                          ended_itself,
                                                          "Client.UserInitiatedShutdown",
                                                          "Server.SpotInstanceShutdown",
                                                          "Server.SpotInstanceTermination",
                                                          "Server.ScheduledStop"};
  return std::ranges::find(wanted, code) != wanted.end();
}

State state_of(const ec2::Instance& instance) {
  const auto state = state_of_phase(ec2::phase_of(instance));
  return state == State::deleting && !was_wanted(instance.reason_code) ? State::failed : state;
}

/// EC2 tells when a machine was launched, not whether it ever ran: what ended on its way up did not start.
bool has_run(const ec2::Instance& instance, State state) {
  return state == State::running || state == State::shut_down || instance.reason_code == ended_itself;
}

/// What is not for EC2 of the metadata goes.
std::vector<std::pair<std::string, std::string>> tags_of(std::vector<std::pair<std::string, std::string>> metadata) {
  std::erase_if(metadata, [](const auto& entry) { return entry.first == "cern-services"; });
  return metadata;
}

/// What an order is known by, so that given twice it makes one machine. EC2 takes up to 64 characters.
std::string token_of(const std::string& machine) {
  constexpr std::size_t characters_max = 64;
  return machine.size() <= characters_max ? machine : sha256_hex(machine);
}

/// The moment at which half of what is left until then is over.
SteadyTime half_way(SteadyTime deadline) {
  const auto now = std::chrono::steady_clock::now();
  return now + (deadline - now) / 2;
}

}  // namespace

Ec2Cloud::Ec2Cloud(Ec2Options options, const Clock& clock)
    : options_(std::move(options)),
      cloud_(options_.account, clock),
      types_(options_.sizes),
      asks_types_(ec2::is_modern(options_.account)) {}

CloudAbilities Ec2Cloud::abilities() const {
  return {.zones = options_.subnets.empty(), .keys = true, .asks_files = true};
}

/// Those that are known stay so. Fails where they cannot be told now; where they are never told, what is configured
/// must do.
Task<Result<>> Ec2Cloud::learn_types(std::vector<std::string> names, SteadyTime deadline) {
  std::erase_if(names, [this](const std::string& name) { return types_.contains(name); });
  if (names.empty() || !asks_types_) co_return Result<>{};
  const auto told = co_await cloud_.instance_types(names, deadline);
  if (!told) {
    const Kind kind = told.error().kind();
    if (kind != Kind::forbidden && kind != Kind::invalid) co_return fail(told.error());
    asks_types_ = false;
    types_refused_ = told.error().sentence();
    co_return Result<>{};
  }
  for (const auto& type : *told)
    types_[type.name] = {.name = type.name, .processors = type.processors, .memory_mib = type.memory_mib};
  co_return Result<>{};
}

Task<Result<CloudFacts>> Ec2Cloud::facts(SteadyTime deadline) {
  keys_.clear();
  // What was forbidden may have been allowed since.
  asks_types_ = ec2::is_modern(options_.account);
  types_refused_.clear();
  CO_TRY_VOID(co_await learn_types(options_.flavors, deadline));
  CloudFacts out;
  for (const auto& name : options_.flavors) {
    if (const auto type = types_.find(name); type != types_.end())
      out.flavors.push_back(type->second);
    else if (asks_types_)
      out.warnings.push_back("EC2 has no instance type " + name + "; check flavor_names");
    else
      out.warnings.push_back("the processors of " + name + " are not known" +
                             (types_refused_.empty() ? "" : " (" + types_refused_ + ")") +
                             ", so none is made; write flavor_processors = " + name + ":NUMBER");
  }
  co_return out;
}

void Ec2Cloud::know(std::vector<WrittenMachine> machines) {
  written_.clear();
  names_.clear();
  for (auto& machine : machines) {
    if (!machine.id.empty()) names_[machine.id] = machine.name;
    names_[token_of(machine.name)] = machine.name;
    auto name = machine.name;
    written_.emplace(std::move(name), std::move(machine));
  }
}

const WrittenMachine* Ec2Cloud::written(const std::string& name) const {
  const auto found = written_.find(name);
  return found == written_.end() ? nullptr : &found->second;
}

std::string Ec2Cloud::name_of(const ec2::Instance& instance) const {
  if (auto tagged = instance.name(); !tagged.empty()) return tagged;
  for (const auto& known_by : {instance.id.text(), instance.client_token})
    if (const auto name = names_.find(known_by); name != names_.end()) return name->second;
  return is_machine_name(instance.client_token) ? instance.client_token : std::string();
}

bool Ec2Cloud::is_gone(const ec2::Instance& instance) const {
  if (instance.state != terminated) return false;
  const auto* const ours = written(name_of(instance));
  return ours == nullptr || ours->over;
}

CloudMachine Ec2Cloud::seen(const ec2::Instance& instance) const {
  const State state = state_of(instance);
  CloudMachine out{.id = instance.id.text(), .name = name_of(instance), .state = state};
  if (!instance.private_address.empty()) out.ip = instance.private_address;
  out.zone = instance.zone;
  out.machinetype = value_in(instance.tags, "machinetype");
  if (out.machinetype.empty()) out.machinetype = machinetype_in(out.name);
  out.space = value_in(instance.tags, "space");
  if (const auto type = types_.find(instance.type); type != types_.end()) out.processors = type->second.processors;
  if (instance.state == terminated) out.processors = 0;
  out.created = instance.launched;
  if (has_run(instance, state)) out.started = instance.launched;
  out.updated = has_ended(state) && instance.changed ? instance.changed : instance.launched;
  return out;
}

/// A machine that nobody could be told about at its order is told about when it runs. What fails is tried again in the
/// next cycle: its files name it as well.
Task<> Ec2Cloud::tag_those_without(const std::vector<ec2::Instance>& instances, SteadyTime deadline) {
  for (const auto& instance : instances) {
    if (ec2::phase_of(instance) != ec2::Phase::running || !instance.name().empty()) continue;
    const auto* const ours = written(name_of(instance));
    if (ours == nullptr) continue;
    if (!co_await cloud_.tag(instance.id, tags_of(ours->metadata), deadline)) co_return;
  }
}

Task<Result<std::vector<CloudMachine>>> Ec2Cloud::list(SteadyTime deadline) {
  CO_TRY(auto instances, co_await cloud_.instances(deadline));
  std::erase_if(instances, [this](const ec2::Instance& instance) { return is_gone(instance); });
  std::vector<std::string> types;
  for (const auto& instance : instances)
    if (std::ranges::find(types, instance.type) == types.end()) types.push_back(instance.type);
  // Others' machines count with their processors too.
  CO_TRY_VOID(co_await learn_types(std::move(types), deadline));
  co_await tag_those_without(instances, half_way(deadline));
  std::vector<CloudMachine> out;
  out.reserve(instances.size());
  for (const auto& instance : instances) out.push_back(seen(instance));
  co_return out;
}

Task<Result<std::string>> Ec2Cloud::key_name(std::string public_key, SteadyTime deadline) {
  if (const auto known = keys_.find(public_key); known != keys_.end()) co_return known->second;
  CO_TRY(auto fingerprint, ec2::fingerprint_of(public_key));
  std::erase(fingerprint, ':');
  auto name = co_await cloud_.ensure_key_pair(public_key, std::string(machine_prefix) + fingerprint, deadline);
  keys_.emplace(public_key, name);
  co_return name;
}

Task<Result<std::string>> Ec2Cloud::create(NewMachine wanted, SteadyTime deadline) {
  const auto image = named_image(wanted.image);
  if (!image)
    co_return fail(Kind::invalid,
                   "root_image " + wanted.image + ": EC2 boots images that are registered there; write image:ami-...");
  ec2::NewInstance order{.image = *image, .type = wanted.flavor.name, .zone = wanted.zone};
  if (!wanted.public_key.empty()) {
    const auto key = co_await key_name(wanted.public_key, deadline);
    if (!key) co_return fail(none_made(key.error()));
    order.key_name = *key;
  }
  order.user_data = wanted.user_data.reveal();
  order.subnet = one_of(options_.subnets, wanted.name);
  order.security_groups = options_.security_groups;
  if (options_.tags_at_creation) order.tags = tags_of(std::move(wanted.metadata));
  order.client_token = token_of(wanted.name);
  const auto made = co_await cloud_.run(std::move(order), deadline);
  if (made) co_return made->id.text();
  co_return fail(ec2::may_have_happened(made.error()) ? made.error() : none_made(made.error()));
}

Task<Result<>> Ec2Cloud::remove(MachineHandle machine, SteadyTime deadline) {
  if (!machine.id.empty()) co_return co_await cloud_.terminate(ec2::InstanceId(machine.id), deadline);
  CO_TRY(const auto instances, co_await cloud_.instances(deadline));
  for (const auto& instance : instances)
    if (name_of(instance) == machine.name && instance.state != terminated)
      CO_TRY_VOID(co_await cloud_.terminate(instance.id, deadline));
  co_return Result<>{};
}

}  // namespace nephele::fleet
