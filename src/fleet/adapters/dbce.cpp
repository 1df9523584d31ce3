// SPDX-License-Identifier: Apache-2.0
#include "fleet/adapters/dbce.h"

#include <algorithm>
#include <array>

#include "clouds/rest/errors.h"
#include "fleet/adapters/terms.h"
#include "fleet/machine_name.h"

namespace nephele::fleet {

namespace {

/// The next request would fare no better.
bool is_for_all(const Error& error) {
  static constexpr std::array causes{"timeout", "unreachable", "rate_limit"};
  return std::ranges::find(causes, error.detail("cause")) != causes.end();
}

}  // namespace

DbceCloud::DbceCloud(DbceOptions options) : options_(std::move(options)), cloud_(options_.account) {}

CloudAbilities DbceCloud::abilities() const {
  return {.asks_files = true};
}

/// There is nothing to sign in to, and nobody tells of flavors.
Task<Result<CloudFacts>> DbceCloud::facts(SteadyTime /*deadline*/) {
  CloudFacts out;
  for (const auto& name : options_.flavors)
    if (const auto size = options_.sizes.find(name); size != options_.sizes.end())
      out.flavors.push_back(size->second);
    else
      out.warnings.push_back("the processors of " + name +
                             " are not told, so none is made; write flavor_processors = " + name + ":NUMBER");
  co_return out;
}

void DbceCloud::know(std::vector<WrittenMachine> machines) {
  written_.clear();
  for (auto& machine : machines) {
    auto name = machine.name;
    written_.emplace(std::move(name), std::move(machine));
  }
}

State DbceCloud::state_of(const dbce::Machine& machine) const {
  if (machine.state == "started") return State::running;
  if (machine.state == "error") return State::failed;
  if (machine.state != "stopped" && machine.state != "unknown") return State::unknown;
  const auto files = written_.find(machine.name);
  if (files == written_.end() || !files->second.age) return State::unknown;
  const auto fizzle = options_.fizzle.find(machinetype_in(machine.name));
  const bool young = fizzle != options_.fizzle.end() && *files->second.age < fizzle->second;
  return young ? State::starting : State::shut_down;
}

CloudMachine DbceCloud::seen(const dbce::Machine& machine) const {
  CloudMachine out{.id = machine.id, .name = machine.name, .state = state_of(machine)};
  out.machinetype = machinetype_in(machine.name);
  out.processors = machine.processors;
  return out;
}

/// Two requests would be two addresses, so what may have been heard is not asked for again.
Task<Result<>> DbceCloud::assign(std::string id, SteadyTime deadline) {
  const auto done = co_await cloud_.assign_public_ip(id, deadline);
  if (done || done.error().kind() == Kind::conflict || rest::may_have_happened(done.error()))
    without_address_.erase(id);
  else
    without_address_.insert(std::move(id));
  co_return done;
}

/// Of machines that could not get one at their order, and of those whose manager died there: their files have no id
/// yet. It is asked for again once they run.
Task<> DbceCloud::assign_addresses(const std::vector<dbce::Machine>& machines, SteadyTime deadline) {
  std::set<std::string> wanting;
  for (const auto& machine : machines) {
    const auto files = written_.find(machine.name);
    if (files == written_.end() || files->second.over) continue;
    if (without_address_.contains(machine.id) || files->second.id.empty()) wanting.insert(machine.id);
  }
  without_address_ = std::move(wanting);
  for (const auto& machine : machines) {
    if (machine.state != "started" || !without_address_.contains(machine.id)) continue;
    if (std::chrono::steady_clock::now() >= deadline) co_return;  // it would count as asked for
    const auto done = co_await assign(machine.id, deadline);
    if (!done && is_for_all(done.error())) co_return;
  }
}

Task<Result<std::vector<CloudMachine>>> DbceCloud::list(SteadyTime deadline) {
  CO_TRY(const auto all, co_await cloud_.machines(deadline));
  if (options_.public_ip) co_await assign_addresses(all, half_way_to(deadline));  // the listing is what counts
  std::vector<CloudMachine> out;
  out.reserve(all.size());
  for (const auto& one : all) out.push_back(seen(one));
  co_return out;
}

Task<Result<std::string>> DbceCloud::create(NewMachine wanted, SteadyTime deadline) {
  const auto image = options_.images.find(wanted.machinetype);  // the order has it as a path, where it has no "image:"
  dbce::NewMachine order{.name = wanted.name,
                         .platform = options_.platform,
                         .image = image == options_.images.end() ? std::string() : image->second,
                         .configuration = wanted.flavor.name,
                         .network = options_.network,
                         .cloud_config = wanted.user_data.reveal()};
  if (order.image.empty() || order.configuration.empty())
    co_return fail(Kind::invalid, "a machine of the Cloud Exchange needs image:ID as root_image, and a flavor");
  auto id = co_await cloud_.create(std::move(order), deadline);
  if (!id) co_return fail(rest::may_have_happened(id.error()) ? id.error() : none_made(id.error()));
  // The machine is there whatever comes of this, and its id is to be told in time; list() tries again.
  if (options_.public_ip) (void)co_await assign(*id, half_way_to(deadline));
  co_return id;
}

Task<Result<>> DbceCloud::remove(MachineHandle machine, SteadyTime deadline) {
  if (!machine.id.empty()) co_return co_await cloud_.remove(machine.id, deadline);
  CO_TRY(const auto all, co_await cloud_.machines(deadline));
  for (const auto& one : all)
    if (one.name == machine.name) CO_TRY_VOID(co_await cloud_.remove(one.id, deadline));
  co_return Result<>{};
}

}  // namespace nephele::fleet
