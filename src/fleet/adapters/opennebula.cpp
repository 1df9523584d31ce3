// SPDX-License-Identifier: Apache-2.0
#include "fleet/adapters/opennebula.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <set>

#include "clouds/opennebula/errors.h"
#include "fleet/adapters/terms.h"
#include "fleet/machine_name.h"
#include "fleet/space_cycle.h"

namespace nephele::fleet {

namespace {

using opennebula::Vm;
using opennebula::VmState;

/// Each of them is told with its whole context, so with its user_data.
constexpr std::size_t machines_per_page = 100;
constexpr std::string_view own_attribute = "VCYCLE";

std::optional<std::int64_t> whole(std::string_view text) {
  std::int64_t out = 0;
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), out);
  const bool good = failed == std::errc{} && end == text.data() + text.size();
  return good ? std::optional(out) : std::nullopt;
}

/// Half a processor takes a whole one in the accounts.
std::int64_t processors_of(std::optional<std::int64_t> vcpu, std::optional<double> cpu) {
  if (vcpu && *vcpu > 0) return *vcpu;
  constexpr double most = 1'000'000;
  if (cpu && *cpu > 0 && *cpu < most) return static_cast<std::int64_t>(std::ceil(*cpu));
  return 1;
}

Flavor flavor_of(const std::string& name, const opennebula::VmTemplate& source) {
  const auto cpu = std::string(source.contents.text("CPU"));
  double processors = 0;
  std::from_chars(cpu.data(), cpu.data() + cpu.size(), processors);
  Flavor out{.name = name, .processors = processors_of(whole(source.contents.text("VCPU")), processors)};
  out.memory_mib = whole(source.contents.text("MEMORY"));
  return out;
}

std::string own_member(const Vm& vm, std::string_view member) {
  const auto* const own = vm.user.vector(own_attribute);
  return own == nullptr ? std::string() : std::string(own->text(member));
}

std::string name_of(const Vm& vm) {
  auto own = own_member(vm, "NAME");
  return own.empty() ? vm.header.name : own;
}

/// When it stopped to run; where it is over.
std::optional<Instant> end_of(const Vm& vm) {
  if (vm.history.ran_until) return vm.history.ran_until;
  return vm.history.ended ? vm.history.ended : vm.ended;
}

CloudMachine seen(const Vm& vm) {
  CloudMachine out{.id = std::to_string(vm.header.id), .name = name_of(vm), .state = state_of(vm)};
  if (!vm.nics.empty() && !vm.nics.front().ip.empty()) out.ip = vm.nics.front().ip;
  out.machinetype = own_member(vm, "MACHINETYPE");
  if (out.machinetype.empty()) out.machinetype = machinetype_in(out.name);
  out.space = own_member(vm, "SPACE");
  out.processors = vm.state == VmState::done ? 0 : processors_of(vm.vcpu, vm.cpu);
  out.created = vm.created;
  // oned notes it before the driver boots, so it says something of those alone that came up. Later stays on hosts begin
  // when it was moved or resumed; then its files know when it began to run.
  const bool came_up = out.state == State::running || out.state == State::shut_down;
  if (vm.history.sequence == 0 && came_up) out.started = vm.history.ran;
  out.updated = has_ended(out.state) ? end_of(vm) : vm.history.ran;
  return out;
}

/// One that is ours is better than another's of the same name, a newer one better than an older.
bool is_better(const opennebula::Header& one, const opennebula::Header& other, const std::string& user) {
  if ((one.uname == user) != (other.uname == user)) return one.uname == user;
  return one.id > other.id;
}

/// What oned refuses was not done, whatever the kind; a quota is a refusal of rights to it.
Error refusal_of(const Error& error) {
  if (error.detail("cause") != "refused" && error.detail("cause") != "fault") return error;
  const auto text = error.detail("text");
  if (text.contains(" quota ") || text.ends_with(" quota")) return {Kind::over_quota, error.sentence()};
  return none_made(error);
}

/// "cern-services" as a name of oned's.
std::string member_name(std::string_view key) {
  std::string out;
  for (const char c : key) out += c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c == '-' ? '_' : c;
  return out;
}

}  // namespace

State state_of(const Vm& vm) noexcept {
  switch (vm.state) {
    case VmState::init:
    case VmState::pending:
    case VmState::hold:
    case VmState::cloning:
      return State::starting;
    case VmState::poweroff:
    case VmState::undeployed:
      return State::shut_down;
    case VmState::done:
      return State::deleting;
    case VmState::failed:
    case VmState::cloning_failure:
      return State::failed;
    case VmState::active:
      break;
    case VmState::stopped:  // it can go on where it was
    case VmState::suspended:
    case VmState::unknown:
      return State::unknown;
  }
  if (opennebula::is_first_start(vm.lcm_state)) return State::starting;
  if (opennebula::is_ending(vm.lcm_state)) return State::deleting;
  if (opennebula::is_failure(vm.lcm_state)) return State::failed;
  if (vm.lcm_state == opennebula::lcm_running) return State::running;
  // Resizing, migrating, saving, on its way down or back: neither over nor on its first way up.
  return State::unknown;
}

OpenNebulaCloud::OpenNebulaCloud(OpenNebulaOptions options, opennebula::CallLog* log)
    : options_(std::move(options)), oned_({.url = options_.url, .ca_file = options_.ca_file}, log) {}

CloudAbilities OpenNebulaCloud::abilities() const {
  return {.keys = true, .asks_files = true};
}

opennebula::Session OpenNebulaCloud::session(SteadyTime deadline) const {
  return {.user = options_.username, .password = options_.password, .deadline = deadline};
}

Task<Result<CloudFacts>> OpenNebulaCloud::facts(SteadyTime deadline) {
  images_.clear();
  CO_TRY(auto all, co_await oned_.vm_template_pool(session(deadline), opennebula::Pool::usable));
  templates_.clear();
  for (auto& one : all) {
    const auto& name = one.header.name;
    if (std::ranges::find(options_.flavors, name) == options_.flavors.end()) continue;
    const auto known = templates_.find(name);
    if (known == templates_.end() || is_better(one.header, known->second.header, options_.username))
      templates_.insert_or_assign(name, std::move(one));
  }
  CloudFacts out;
  for (const auto& name : options_.flavors)
    if (const auto found = templates_.find(name); found != templates_.end())
      out.flavors.push_back(flavor_of(name, found->second));
    else
      out.warnings.push_back("there is no VM template " + name + " that " + options_.username +
                             " may use; `onetemplate list` shows them");
  co_return out;
}

void OpenNebulaCloud::know(std::vector<WrittenMachine> machines) {
  written_ = std::move(machines);
}

/// By ranges of ids: pages that are counted lose a machine when one before it ends meanwhile.
Task<Result<std::vector<Vm>>> OpenNebulaCloud::machines(SteadyTime deadline) {
  using opennebula::Pool;
  CO_TRY(const auto brief, co_await oned_.vm_pool(session(deadline), Pool::own));
  std::vector<std::int64_t> ids;
  ids.reserve(brief.size());
  for (const auto& vm : brief) ids.push_back(vm.header.id);
  std::ranges::sort(ids);
  std::vector<Vm> out;
  for (std::size_t from = 0; from < ids.size(); from += machines_per_page) {
    const auto last = ids[std::min(from + machines_per_page, ids.size()) - 1];
    CO_TRY(auto page, co_await oned_.vm_pool_extended(session(deadline), Pool::own, ids[from], last));
    std::ranges::move(page, std::back_inserter(out));
  }
  co_return out;
}

/// oned lists nobody who is DONE, but knows him. So a machine that ended since the last cycle ends when it did. Which
/// cannot be asked for in time is a machine that is not listed, and its files tell about it.
Task<> OpenNebulaCloud::add_those_that_ended(std::vector<Vm>& to, SteadyTime deadline) {
  std::set<std::string> listed;
  for (const auto& vm : to) listed.insert(std::to_string(vm.header.id));
  const auto now = std::chrono::steady_clock::now();
  const auto half_way = now + (deadline - now) / 2;
  for (const auto& machine : written_) {
    const auto id = whole(machine.id);
    if (machine.over || !id || listed.contains(machine.id)) continue;
    auto vm = co_await oned_.vm(session(half_way), *id);
    if (vm && name_of(*vm) == machine.name)
      to.push_back(std::move(*vm));
    else if (!vm && vm.error().kind() != Kind::not_found)
      co_return;
  }
}

Task<Result<std::vector<CloudMachine>>> OpenNebulaCloud::list(SteadyTime deadline) {
  CO_TRY(auto all, co_await machines(deadline));
  co_await add_those_that_ended(all, deadline);
  std::vector<CloudMachine> out;
  out.reserve(all.size());
  for (const auto& vm : all) out.push_back(seen(vm));
  co_return out;
}

Task<Result<std::int64_t>> OpenNebulaCloud::image(std::string name, SteadyTime deadline) {
  if (const auto known = images_.find(name); known != images_.end()) co_return known->second;
  CO_TRY(const auto all, co_await oned_.image_pool(session(deadline), opennebula::Pool::usable));
  const opennebula::Image* found = nullptr;
  for (const auto& one : all)
    if (one.header.name == name && one.is_usable() &&
        (found == nullptr || is_better(one.header, found->header, options_.username)))
      found = &one;
  auto id = found != nullptr ? Result<std::int64_t>(found->header.id)
                             : fail(Kind::not_found, "Failed to find image:" + name +
                                                         ": there is no image of this name that is ready and that " +
                                                         options_.username + " may use; `oneimage list` shows them");
  images_.emplace(std::move(name), id);
  co_return id;
}

/// What is merged into the VM template. An attribute of the same name is replaced whole, so each is complete.
Task<Result<std::string>> OpenNebulaCloud::contents_of(const NewMachine& wanted, opennebula::VmTemplate source,
                                                       SteadyTime deadline) {
  opennebula::Template out;
  const auto name = named_image(wanted.image);
  if (!name && !wanted.image.empty())
    co_return fail(Kind::invalid,
                   "root_image " + wanted.image +
                       ": OpenNebula boots images that are registered there; write image:NAME, or nothing "
                       "for the disk of the VM template");
  if (name || wanted.disk_gb) {
    bool first = true;
    for (const auto* const disk : source.contents.vectors("DISK")) {
      opennebula::Vector copy = *disk;
      if (first && name) {
        CO_TRY(const auto id, co_await image(*name, deadline));
        for (const char* const other : {"IMAGE", "IMAGE_UNAME", "IMAGE_UID", "IMAGE_STATE"}) copy.erase(other);
        copy.set("IMAGE_ID", std::to_string(id));
      }
      if (first && wanted.disk_gb) copy.set("SIZE", std::to_string(*wanted.disk_gb * 1'024));
      first = false;
      out.add("DISK", std::move(copy));
    }
    if (first)
      co_return fail(Kind::invalid,
                     "the VM template " + source.header.name + " has no disk that root_image could be on; give it one");
  }
  const auto* const given = source.contents.vector("CONTEXT");
  opennebula::Vector context = given == nullptr ? opennebula::Vector() : *given;
  context.set("USER_DATA", to_base64(wanted.user_data.reveal()));
  context.set("USER_DATA_ENCODING", "base64");
  if (!wanted.public_key.empty()) context.set("SSH_PUBLIC_KEY", wanted.public_key);
  out.add("CONTEXT", std::move(context));
  opennebula::Vector own;
  for (const auto& [key, value] : wanted.metadata) own.set(member_name(key), value);
  out.add(own_attribute, std::move(own));
  co_return opennebula::write_xml(out);
}

Task<Result<std::string>> OpenNebulaCloud::create(NewMachine wanted, SteadyTime deadline) {
  const auto source = templates_.find(wanted.flavor.name);
  if (source == templates_.end())
    co_return fail(Kind::not_found, "there is no VM template " + wanted.flavor.name + " that may be used");
  auto text = co_await contents_of(wanted, source->second, deadline);
  if (!text) co_return fail(none_made(text.error()));
  const auto id =
      co_await oned_.instantiate(session(deadline), source->second.header.id, wanted.name, std::move(*text));
  if (id) co_return std::to_string(*id);
  const bool never_sent = id.error().detail("cause") == "unreachable" || id.error().detail("cause") == "request";
  co_return fail(never_sent ? none_made(id.error()) : refusal_of(id.error()));
}

/// Without waiting for what runs in it. A machine on its way up cannot be ended so; then it is deleted, where the site
/// lets users do that, and else when it has come up or failed.
Task<Result<>> OpenNebulaCloud::end(std::int64_t id, SteadyTime deadline) {
  const auto ended = co_await oned_.act_on_vm(session(deadline), "terminate-hard", id);
  if (ended || ended.error().kind() == Kind::not_found) co_return Result<>{};
  if (ended.error().kind() != Kind::conflict) co_return fail(ended.error());
  const auto looked = co_await oned_.vm(session(deadline), id);
  if (!looked) co_return looked.error().kind() == Kind::not_found ? Result<>{} : fail(looked.error());
  if (state_of(*looked) == State::deleting) co_return Result<>{};
  if (co_await oned_.recover_vm(session(deadline), id, opennebula::Recovery::erase)) co_return Result<>{};
  co_return fail(ended.error());
}

Task<Result<>> OpenNebulaCloud::remove(MachineHandle machine, SteadyTime deadline) {
  if (const auto id = whole(machine.id)) co_return co_await end(*id, deadline);
  CO_TRY(const auto all, co_await machines(deadline));
  for (const auto& vm : all)
    if (name_of(vm) == machine.name) CO_TRY_VOID(co_await end(vm.header.id, deadline));
  co_return Result<>{};
}

}  // namespace nephele::fleet
