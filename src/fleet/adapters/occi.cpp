// SPDX-License-Identifier: Apache-2.0
#include "fleet/adapters/occi.h"

#include <algorithm>
#include <filesystem>

#include "clouds/rest/errors.h"
#include "fleet/adapters/ca_bundle.h"
#include "fleet/adapters/terms.h"
#include "fleet/machine_name.h"

namespace nephele::fleet {

namespace {

/// The processors of others' machines are looked up so often; who resizes his is counted then.
constexpr std::chrono::minutes foreign_for{10};

/// Services may add a domain to the host name, so the title comes first.
std::string name_of(const occi::Compute& compute) {
  return is_machine_name(compute.title) ? compute.title : compute.name();
}

OcciOptions with_authorities(OcciOptions options) {
  std::error_code ignored;
  auto& link = options.account.link;
  if (link.ca_file.empty() && std::filesystem::is_directory(options.ca_folder, ignored))
    link.ca_file = options.ca_bundle;
  return options;
}

/// Nothing was made: whatever the service said no to.
Error refusal_of(const Error& error) {
  return rest::may_have_happened(error) ? error : none_made(error);
}

}  // namespace

OcciCloud::OcciCloud(OcciOptions options) : options_(with_authorities(std::move(options))), cloud_(options_.account) {}

CloudAbilities OcciCloud::abilities() const {
  return {.keys = true, .asks_files = true};
}

Result<> OcciCloud::refresh_authorities() const {
  if (options_.ca_bundle.empty() || options_.account.link.ca_file != options_.ca_bundle) return {};
  return refresh_ca_bundle(options_.ca_folder, options_.ca_bundle);
}

Task<Result<CloudFacts>> OcciCloud::facts(SteadyTime deadline) {
  CloudFacts out;
  if (const auto made = refresh_authorities(); !made) {
    std::error_code ignored;
    if (!std::filesystem::exists(options_.ca_bundle, ignored)) co_return fail(made.error());
    out.warnings.push_back("the certificates of authorities stay as they were: " + made.error().sentence());
  }
  CO_TRY(categories_, co_await cloud_.categories(deadline));
  cores_.clear();
  for (const auto& category : categories_)
    if (const auto told = category.defaults.find("occi.compute.cores"); told != category.defaults.end())
      if (const auto cores = occi::cores_in(told->second)) cores_[category.type()] = *cores;
  for (const auto& name : options_.flavors) {
    const auto* const size = occi::find_template(categories_, "resource_tpl", name);
    if (size == nullptr) {
      out.warnings.push_back("the service has no resource template that is " + name +
                             " alone; check flavor_names: terms, types and titles may be written");
      continue;
    }
    const auto written = options_.sizes.find(name);
    const auto told = cores_.find(size->type());
    if (written != options_.sizes.end()) {
      out.flavors.push_back(written->second);
      cores_[size->type()] = written->second.processors;
    } else if (told != cores_.end()) {
      out.flavors.push_back({.name = name, .processors = told->second});
    } else {
      out.warnings.push_back("the processors of " + name +
                             " are not told, so none is made; write flavor_processors = " + name + ":NUMBER");
    }
  }
  co_return out;
}

void OcciCloud::know(std::vector<WrittenMachine> machines) {
  written_.clear();
  for (auto& machine : machines) {
    auto name = machine.name;
    written_.emplace(std::move(name), std::move(machine));
  }
}

State OcciCloud::state_of(const occi::Compute& compute, const std::string& name) const {
  const auto told = compute.state();
  if (told == "active") return State::running;
  if (told == "inactive" || told == "stopped") {
    const auto files = written_.find(name);
    const bool ran = files == written_.end() || files->second.ran;
    return ran || told == "stopped" ? State::shut_down : State::starting;
  }
  if (told == "waiting" || told == "building") return State::starting;
  if (told == "error") return State::failed;
  return State::unknown;
}

std::optional<std::int64_t> OcciCloud::cores_of(const occi::Compute& compute) const {
  if (const auto cores = compute.cores()) return cores;
  for (const auto& mixin : compute.mixins)
    if (const auto found = cores_.find(mixin); found != cores_.end()) return found->second;
  return std::nullopt;
}

CloudMachine OcciCloud::seen(const occi::Compute& compute) const {
  CloudMachine out{.id = compute.id, .name = name_of(compute)};
  out.state = state_of(compute, out.name);
  if (!compute.address.empty()) out.ip = compute.address;
  out.machinetype = machinetype_in(out.name);
  out.processors = cores_of(compute);
  return out;
}

Task<Result<std::vector<CloudMachine>>> OcciCloud::list(SteadyTime deadline) {
  const auto now = std::chrono::steady_clock::now();
  std::erase_if(foreign_, [&](const auto& one) { return now - one.second.read_at >= foreign_for; });
  std::map<std::string, occi::Compute> known;
  for (const auto& [id, one] : foreign_) known.emplace(id, one.machine);
  CO_TRY(const auto all, co_await cloud_.computes(std::move(known), deadline));
  std::map<std::string, Foreign> foreign;
  std::vector<CloudMachine> out;
  out.reserve(all.size());
  for (const auto& one : all) {
    out.push_back(seen(one));
    if (is_machine_name(out.back().name)) continue;
    const auto before = foreign_.find(one.id);
    foreign.emplace(one.id,
                    Foreign{.machine = one, .read_at = before == foreign_.end() ? now : before->second.read_at});
  }
  foreign_ = std::move(foreign);
  co_return out;
}

Task<Result<std::string>> OcciCloud::create(NewMachine wanted, SteadyTime deadline) {
  const auto image = named_image(wanted.image);
  if (!image)
    co_return fail(Kind::invalid,
                   "root_image " + wanted.image + ": OCCI boots images that the service has; write image:NAME");
  const auto* const os = occi::find_template(categories_, "os_tpl", *image);
  if (os == nullptr)
    co_return fail(Kind::not_found, "Failed to find " + wanted.image + ": the service has no OS template that is " +
                                        *image + " alone; terms, types and titles may be written");
  const auto* const size = occi::find_template(categories_, "resource_tpl", wanted.flavor.name);
  if (size == nullptr) co_return fail(Kind::not_found, "the service has no resource template " + wanted.flavor.name);
  occi::NewCompute order{.name = wanted.name, .image = *os, .size = *size};
  order.user_data = wanted.user_data.reveal();
  order.public_key = wanted.public_key;
  auto id = co_await cloud_.create(std::move(order), categories_, deadline);
  if (!id) co_return fail(refusal_of(id.error()));
  co_return id;
}

Task<Result<>> OcciCloud::remove(MachineHandle machine, SteadyTime deadline) {
  if (!machine.id.empty()) co_return co_await cloud_.remove(machine.id, deadline);
  CO_TRY(const auto all, co_await cloud_.computes({}, deadline));
  for (const auto& one : all)
    if (name_of(one) == machine.name) CO_TRY_VOID(co_await cloud_.remove(one.id, deadline));
  co_return Result<>{};
}

}  // namespace nephele::fleet
