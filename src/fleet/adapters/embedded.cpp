// SPDX-License-Identifier: Apache-2.0
#include "fleet/adapters/embedded.h"

#include <algorithm>

#include "base/secret.h"
#include "compute/tx.h"
#include "fleet/adapters/embedded_images.h"
#include "fleet/adapters/terms.h"
#include "fleet/machine_name.h"
#include "fleet/urls.h"

namespace nephele::fleet {

namespace {

constexpr std::size_t page_items = 500;
constexpr std::uint16_t guest_port = 8'000;  // guest/README.md
constexpr Bytes least_disk = Bytes::mib(64);

Instant in_seconds(Time time) {
  return std::chrono::floor<seconds>(time);
}

std::string job_of(const compute::Server& server) {
  return server.driver.text() + "-" + server.id.text();
}

CloudMachine seen(const compute::Server& server, const std::string& space) {
  CloudMachine out{.id = job_of(server), .name = server.name, .state = state_of(server)};
  if (!server.address.empty()) out.ip = server.address;
  out.machinetype = machinetype_in(server.name);
  out.space = space;
  out.processors = server.sizes.cpus.count();
  out.created = in_seconds(server.created);
  out.updated = in_seconds(server.changed);
  // Compute does not keep the moment of READY, which lies seconds behind.
  if (out.state == State::running || out.state == State::shut_down) out.started = out.created;
  return out;
}

}  // namespace

State state_of(const compute::Server& server) noexcept {
  using compute::Activity;
  using compute::Observed;
  if (server.desired == compute::Desired::deleted || server.activity == Activity::removing) return State::deleting;
  const bool first = server.generation <= 1;
  switch (server.observed) {
    case Observed::ready:
      return State::running;
    case Observed::absent:
    case Observed::starting:
      return first ? State::starting : State::unknown;
    case Observed::stopped:
      return server.activity == Activity::none ? State::shut_down : State::unknown;
    case Observed::error:
      if (server.activity == Activity::none) return State::failed;
      return server.activity == Activity::building ? State::starting : State::unknown;
  }
  return State::unknown;
}

EmbeddedCloud::EmbeddedCloud(sql::Database& database, compute::Compute& compute, std::string space, EmbeddedImages* web)
    : database_(database), compute_(compute), space_(std::move(space)), owner_("fleet:" + space_), web_(web) {}

CloudAbilities EmbeddedCloud::abilities() const {
  return {.any_size = true,
          .keys = true,
          .longest_creation = web_ == nullptr ? std::chrono::minutes(0) : std::chrono::minutes(30)};
}

Task<Result<CloudFacts>> EmbeddedCloud::facts(SteadyTime) {
  images_.clear();
  CO_TRY(const auto drivers, co_await compute::drivers(database_));
  CloudFacts out;
  for (const auto& driver : drivers)
    out.processors_limit = std::max<std::int64_t>(out.processors_limit.value_or(0), driver.capacity.cpus_per_machine);
  co_return out;
}

Task<Result<std::vector<compute::Server>>> EmbeddedCloud::servers() {
  std::vector<compute::Server> out;
  for (compute::Page page{.owner = owner_, .after = compute::ServerId(0), .limit = page_items};;) {
    CO_TRY(auto some, co_await compute_.list(page));
    const bool last = some.size() < page.limit;
    if (!some.empty()) page.after = some.back().id;
    std::ranges::move(some, std::back_inserter(out));
    if (last) co_return out;
  }
}

Task<Result<std::vector<CloudMachine>>> EmbeddedCloud::list(SteadyTime) {
  CO_TRY(const auto all, co_await servers());
  std::vector<CloudMachine> out;
  out.reserve(all.size());
  for (const auto& server : all) out.push_back(seen(server, space_));
  co_return out;
}

/// The name that it is registered under.
Task<Result<std::string>> EmbeddedCloud::image(const NewMachine& wanted, SteadyTime deadline) {
  if (const auto name = named_image(wanted.image)) co_return std::string(*name);
  if (web_ == nullptr || !is_url(wanted.image))
    co_return fail(Kind::invalid, "root_image " + wanted.image +
                                      ": this cloud boots registered images; write image:NAME (`nephele image list` "
                                      "shows them)");
  auto known = images_.find(wanted.image);
  if (known == images_.end()) {
    auto found = co_await web_->registered(wanted, deadline);
    if (!found) found = fail(none_made(found.error()));
    known = images_.emplace(wanted.image, std::move(found)).first;
  }
  co_return known->second;
}

Task<Result<std::string>> EmbeddedCloud::create(NewMachine wanted, SteadyTime deadline) {
  compute::NewServer server;
  server.owner = owner_;
  server.name = wanted.name;
  CO_TRY(server.image, co_await image(wanted, deadline));
  server.sizes = {.cpus = Cpus(static_cast<std::uint32_t>(wanted.flavor.processors)),
                  .memory = Bytes::mib(static_cast<std::uint64_t>(wanted.memory_mib)),
                  .disk = wanted.disk_gb ? Bytes::gib(static_cast<std::uint64_t>(*wanted.disk_gb)) : least_disk};
  server.ceilings = {.cpus = server.sizes.cpus, .memory = server.sizes.memory};
  server.ports = {guest_port};
  server.context = {{"NAME", wanted.name}, {"FLAVOUR", wanted.machinetype}};
  // What images with OpenNebula's contextualization look for.
  if (!wanted.public_key.empty()) server.context.emplace_back("SSH_PUBLIC_KEY", wanted.public_key);
  if (!wanted.user_data.empty())
    server.secret_context.emplace_back("USER_DATA", Secret(to_base64(wanted.user_data.reveal())));
  auto made = co_await database_.write([&](sql::Tx& tx) -> Result<std::string> {
    auto created = compute::create_server(tx, compute_, server, {.account = owner_, .request_id = wanted.name});
    // Inside a transaction nothing has happened when it fails, whatever the reason.
    if (!created) return fail(none_made(created.error()));
    return job_of(created->server);
  });
  co_return made;
}

Task<Result<>> EmbeddedCloud::remove(MachineHandle machine, SteadyTime) {
  CO_TRY(const auto all, co_await servers());
  const auto found = std::ranges::find_if(all, [&](const compute::Server& server) {
    return server.name == machine.name && (machine.id.empty() || machine.id == job_of(server));
  });
  if (found == all.end()) co_return Result<>{};
  const auto id = found->id;
  co_return co_await database_.write([&](sql::Tx& tx) -> Result<> {
    TRY_VOID(compute::remove_server(tx, compute_, id, {.account = owner_, .request_id = machine.name}));
    return {};
  });
}

}  // namespace nephele::fleet
