// SPDX-License-Identifier: Apache-2.0
// New machines: which type gets one (shares decide), what it is told, and what is written down before it is asked for.
#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "base/secret.h"
#include "base/text_file.h"
#include "fleet/history.h"
#include "fleet/machine_name.h"
#include "fleet/space_cycle.h"
#include "fleet/urls.h"
#include "fleet/user_data.h"

namespace nephele::fleet {

namespace {

constexpr std::size_t user_data_max = std::size_t{48} * 1024;  // 64 KiB in Base64, which is Nova's limit
constexpr std::size_t file_max = std::size_t{1} << 20U;        // a template may be longer than what is made of it
constexpr std::size_t key_max = std::size_t{16} * 1024;
constexpr std::size_t token_bytes = 32;

bool fits(const MachineType& type, const Flavor& flavor) {
  return flavor.processors >= type.min_processors &&
         (!type.max_processors || flavor.processors <= *type.max_processors);
}

std::string_view stripped(std::string_view text) {
  constexpr std::string_view blanks = " \t\r\n\v\f";
  const auto begin = text.find_first_not_of(blanks);
  return begin == std::string_view::npos ? std::string_view{}
                                         : text.substr(begin, text.find_last_not_of(blanks) - begin + 1);
}

}  // namespace

/// The first of its names that is there and fits; null: none.
const Flavor* SpaceCycle::flavor_of(const MachineType& type) {
  for (const auto& name : type.flavor_names) {
    const auto found = std::ranges::find(facts_.flavors, name, &Flavor::name);
    if (found != facts_.flavors.end() && fits(type, *found)) return &*found;
  }
  if (!abilities_.any_size) return nullptr;
  const auto made = std::ranges::find_if(
      facts_.flavors, [&](const Flavor& f) { return f.name.empty() && f.processors == type.min_processors; });
  return made != facts_.flavors.end() ? &*made : nullptr;
}

std::vector<ShareRules> SpaceCycle::share_rules(std::vector<const Flavor*>& flavors) {
  std::vector<ShareRules> out;
  if (abilities_.any_size)
    for (const auto& type : space_.types)
      facts_.flavors.push_back(
          {.processors = type.min_processors, .memory_mib = type.mb_per_processor * type.min_processors});
  for (const auto& type : space_.types) {
    const Flavor* flavor = flavor_of(type);
    if (flavor == nullptr && type.target_share > 0) {
      say("No flavor suitable for machinetype " + type.name);
      decide("not created", "", type.name,
             "No flavor suitable for machinetype " + type.name + ": none of its flavor_names is on this cloud with " +
                 std::to_string(type.min_processors) + " processors or more, up to max_processors");
    }
    flavors.push_back(flavor);
    auto& rules = out.emplace_back(type.rules());
    if (flavor == nullptr)
      rules.target_share = 0;
    else
      rules.machine_processors = flavor->processors;
  }
  return out;
}

Task<> SpaceCycle::create_some(Result<SpaceLease>& lease) {
  if (!lease) {
    say("Nothing is created in " + space_.name + " this cycle: " + lease.error().sentence());
    decide("not created", "", "", lease.error().sentence());
    co_return;
  }
  std::vector<const Flavor*> flavors;
  const auto rules = share_rules(flavors);
  std::vector<TypeHistory> histories;
  for (const auto& type : space_.types) histories.push_back(read_history(files_, space_.name, type.name, now_));
  SpaceRules space = space_.rules();
  if (!space.processors_limit) space.processors_limit = facts_.processors_limit;
  Shares shares(space, rules, histories, totals_, now_, random_());
  std::set<std::string> said;
  for (;;) {
    const Choice choice = shares.choose();
    say_choice(choice, shares.totals(), histories, said);
    if (!choice.type || is_ending()) co_return;
    const MachineType& type = space_.types[*choice.type];
    say(fmt::format("Free capacity found for {} within {} ... creating", type.name, space_.name));
    if (const auto ours = lease->renew(moment()); !ours) {
      failed("Creating in " + space_.name, ours.error());
      co_return;
    }
    const auto created = co_await create_one(type, *flavors[*choice.type]);
    if (created) {
      shares.created(*choice.type);
    } else {
      say(fmt::format("Failed creating machine with machinetype {} in {} ({})", type.name, space_.name,
                      created.error().sentence()));
      decide("not created", "", type.name, created.error().sentence());
      if (const auto noted = note_failure(files_, space_.name, type.name, now_); !noted)
        failed("Remembering a refused creation", noted.error());
      shares.refused(*choice.type);
    }
    if (is_enough(created, "created")) co_return;
  }
}

void SpaceCycle::say_choice(const Choice& choice, const Totals& totals, std::span<const TypeHistory> histories,
                            std::set<std::string>& said) {
  const auto once = [&](const std::string& line, std::string type, const std::string& reason) {
    if (!said.insert(line).second) return;
    say(line);
    decide("not created", "", std::move(type), reason);
  };
  for (const auto& [index, blocked] : choice.candidates) {
    if (!blocked) continue;
    const MachineType& type = space_.types[index];
    const TypeHistory& history = histories[index];
    const auto since = history.last_abort ? (now_ - *history.last_abort).count() : 0;
    std::string line = fmt::format("No machine of {} within {}: {}", type.name, space_.name, reason_of(*blocked));
    if (*blocked == Blocked::type_full)
      line = fmt::format("Reached limit ({}) on number of processors to allocate for machinetype {}",
                         type.processors_limit.value_or(0), type.name);
    if (*blocked == Blocked::type_machines_full)
      line = fmt::format("Reached limit ({}) on number of machines to allocate for machinetype {}",
                         type.machines_limit.value_or(0), type.name);
    if (*blocked == Blocked::starting_full)
      line = fmt::format("Reached limit ({}) on processors that can be in starting state for machinetype {}",
                         type.max_starting_processors.value_or(type.processors_limit.value_or(0)), type.name);
    if (*blocked == Blocked::backoff)
      line = fmt::format("Free capacity found for {} ... but only {} seconds after last abort", type.name, since);
    if (*blocked == Blocked::probing)
      line = fmt::format(
          "Free capacity found for {} ... but still within fizzle_seconds+backoff_seconds({}) of last abort ({}s ago) "
          "and {} starting/running but not yet passed fizzle_seconds ({})",
          type.name, (type.fizzle + type.backoff).count(), since, totals.types[index].not_passed_fizzle,
          type.fizzle.count());
    once(line, type.name, reason_of(*blocked));
  }
  if (!choice.ended) return;
  std::string line = fmt::format("Nothing more is created in {}: {}", space_.name, reason_of(*choice.ended));
  const auto limit = space_.processors_limit ? space_.processors_limit : facts_.processors_limit;
  if (*choice.ended == Ended::space_full)
    line = fmt::format("Reached limit ({}) on number of processors to allocate for space {}", *limit, space_.name);
  if (*choice.ended == Ended::cycle_full)
    line = fmt::format("Already reached limit of {} processor allocations this cycle", processors_per_cycle(*limit));
  if (*choice.ended == Ended::no_candidate)
    line = "No more free capacity and/or suitable machinetype found within " + space_.name;
  once(line, "", reason_of(*choice.ended));
}

std::string SpaceCycle::new_name(const std::string& type) {
  constexpr std::string_view letters = "abcdefghijklmnopqrstuvwxyz0123456789";
  std::error_code ignored;
  for (;;) {
    std::string name = std::string(machine_prefix) + type + "-";
    for (std::size_t i = 0; i < machine_name_drawn; ++i) name += letters[random_() % letters.size()];
    const bool taken = std::ranges::any_of(listed_, [&](const CloudMachine& m) { return m.name == name; }) ||
                       std::filesystem::exists(files_.current(space_.name, name), ignored) ||
                       std::filesystem::exists(files_.deleted(space_.name, name), ignored);
    if (!taken) return name;
  }
}

Task<Result<std::string>> SpaceCycle::file_of(const MachineType& type, std::string path) {
  if (is_url(path)) co_return co_await fetched(std::move(path));
  const std::string folder = files_.machinetype(space_.name, type.name, type.path);
  const std::string full = files_.input(folder, path);
  auto text = read_text_file(full, file_max + 1);
  if (!text || text->empty()) co_return fail(Kind::invalid, "Failed to read " + full + ": it is missing or empty");
  if (text->size() > file_max) co_return fail(Kind::invalid, "Failed to read " + full + ": it is larger than 1 MiB");
  co_return std::move(*text);
}

/// The machines of another type that show that they work, as a list of proxies.
Result<std::string> SpaceCycle::proxies_for(const MachineType& type) {
  const MachineType* proxies = type_named(type.cvmfs_proxy_machinetype);
  if (proxies == nullptr)
    return fail(Kind::invalid, "cvmfs_proxy_machinetype " + type.cvmfs_proxy_machinetype + " of " + type.name +
                                   " is no machinetype of " + space_.name);
  std::string out;
  for (const auto& known : known_) {
    if (known.type != proxies || known.seen == nullptr || known.machine.state != State::running) continue;
    if (!proxies->heartbeat || !known.machine.heartbeat || now_ - *known.machine.heartbeat >= *proxies->heartbeat)
      continue;
    out += (out.empty() ? "http://" : "|http://") + known.seen->ip + ":" + std::to_string(type.cvmfs_proxy_port);
  }
  if (out.empty()) say("No machines of " + proxies->name + " with a heartbeat serve as proxies now");
  return out;
}

Task<Result<std::string>> SpaceCycle::user_data_of(const MachineType& type, const std::string& name,
                                                   const Secret& token) {
  CO_TRY(const std::string text, co_await file_of(type, type.user_data));
  Patterns patterns = built_in_patterns({.site = space_.gocdb_sitename,
                                         .space = space_.name,
                                         .machinetype = type.name,
                                         .machine = name,
                                         .manager_version = "Vcycle " + settings_.version,
                                         .manager_host = files_.node(),
                                         .https_host = space_.https_host.empty() ? files_.node() : space_.https_host,
                                         .https_port = space_.https_port,
                                         .root_image = type.root_image,
                                         .joboutputs_token = token.reveal(),
                                         .user_data_url = type.user_data});
  for (const auto& [option, value] : type.user_data_options) patterns["option_" + option] = value;
  for (const auto& [option, path] : type.user_data_files) {
    CO_TRY(const std::string content, co_await file_of(type, path));
    patterns["option_" + option] = content;
    patterns["file_" + option] = content;
  }
  if (!type.cvmfs_proxy_machinetype.empty()) {
    CO_TRY(const std::string proxies, proxies_for(type));
    const auto configured = patterns.find("option_cvmfs_proxy");
    if (!proxies.empty())
      patterns["option_cvmfs_proxy"] = proxies + (configured == patterns.end() ? "" : ";" + configured->second);
  }
  if (type.user_data_proxy) {
    CO_TRY(const Secret proxy, co_await proxy_of(type, name));
    patterns["option_x509_proxy"] = patterns["x509_proxy"] = proxy.reveal();
  }
  std::string made = render_user_data(text, patterns);
  if (made.size() > user_data_max)
    co_return fail(Kind::invalid, fmt::format("the user_data of {} is {} bytes long; clouds take up to {}", type.name,
                                              made.size(), user_data_max));
  co_return std::string(stripped(made));
}

/// A file beside the machinetype's others may be named without its folder.
std::string SpaceCycle::image_of(const MachineType& type) const {
  const std::string& image = type.root_image;
  if (image.empty() || image.starts_with("image:") || is_url(image)) return image;
  if (image.starts_with("/")) return files_.rooted(image);
  return files_.machinetype(space_.name, type.name, type.path) + "/files/" + image;
}

Result<std::string> SpaceCycle::public_key_of(const MachineType& type) const {
  const bool usual = type.root_public_key.empty();
  const std::string path =
      usual ? files_.rooted("/root/.ssh/id_rsa.pub")
            : files_.input(files_.machinetype(space_.name, type.name, type.path), type.root_public_key);
  const auto text = read_text_file(path, key_max);
  if (!text) {
    if (usual) return std::string();
    return fail(Kind::invalid,
                "root_public_key " + path + " cannot be read; make one with ssh-keygen, or comment the " + "line out");
  }
  std::string_view rest = *text;
  while (!rest.empty()) {
    const auto end = std::min(rest.find('\n'), rest.size());
    const auto line = stripped(rest.substr(0, end));
    if (line.starts_with("ssh-") || line.starts_with("ecdsa-") || line.starts_with("sk-")) return std::string(line);
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return fail(Kind::invalid, "root_public_key " + path + " holds no public key of OpenSSH");
}

/// Everything that is known of it before it is asked for: whoever finds it on the cloud finds its files.
Result<> SpaceCycle::write_folder(const MachineType& type, const Flavor& flavor, const std::string& name,
                                  const std::string& zone, const std::string& user_data, const Secret& token) {
  const std::string folder = files_.current(space_.name, name);
  const auto put = [&](std::string_view file, std::string_view text, mode_t mode) {
    return files_.write(folder + "/" + std::string(file), text, mode);
  };
  TRY_VOID(files_.make_folder(folder, 0755));
  TRY_VOID(put("manager", files_.node(), 0640));
  TRY_VOID(put("created", to_text(now_), 0640));
  TRY_VOID(put("updated", to_text(now_), 0640));
  TRY_VOID(put("manager_heartbeat", to_text(now_), 0640));
  TRY_VOID(put("machinetype_name", type.name, 0640));
  TRY_VOID(put("space_name", space_.name, 0640));
  TRY_VOID(put("limits", limits_text(type.lifetime(), type.heartbeat_file, type.accounting_fqan), 0640));
  if (!type.https_x509dn.empty()) TRY_VOID(put("https_x509dn", type.https_x509dn, 0644));
  if (!zone.empty()) TRY_VOID(put("zone", zone, 0640));
  TRY_VOID(files_.make_folder(folder + "/machinefeatures", 0755));
  TRY_VOID(files_.make_folder(folder + "/jobfeatures", 0755));
  TRY_VOID(files_.make_folder(folder + "/joboutputs", 0777));
  TRY_VOID(write_features(type, flavor, folder));
  // A machine whose template has no place for the token does not know it, and goes by its certificate.
  if (user_data.contains(token.reveal())) TRY_VOID(put("joboutputs_token", sha256_hex(token.reveal()), 0600));
  return put("user_data", user_data, 0640);
}

/// Contract vcycle, 2.9.
Result<> SpaceCycle::write_features(const MachineType& type, const Flavor& flavor, const std::string& folder) {
  const auto put = [&](std::string_view key, const std::string& text) {
    return files_.write(folder + "/" + std::string(key), text, 0644);
  };
  const std::string processors = std::to_string(flavor.processors);
  for (const char* key : {"total_cpu", "phys_cores", "log_cores"})
    TRY_VOID(put(std::string("machinefeatures/") + key, processors));
  TRY_VOID(put("machinefeatures/jobslots", "1"));
  if (type.hs06_per_processor) {
    const std::string hs06 = to_text(*type.hs06_per_processor * static_cast<double>(flavor.processors));
    TRY_VOID(put("machinefeatures/hs06", hs06));
    TRY_VOID(put("jobfeatures/hs06_job", hs06));
  }
  Instant shutdown = now_ + type.max_wallclock;
  if (space_.shutdown && *space_.shutdown < shutdown) {
    shutdown = *space_.shutdown;
    TRY_VOID(put("jobfeatures/shutdowntime_job", to_text(shutdown)));
  }
  TRY_VOID(put("machinefeatures/shutdowntime", to_text(shutdown)));
  const std::string wallclock = std::to_string(type.max_wallclock.count());
  for (const char* key : {"wall_limit_secs", "cpu_limit_secs"})
    TRY_VOID(put(std::string("jobfeatures/") + key, wallclock));
  TRY_VOID(put("jobfeatures/max_rss_bytes", std::to_string(type.mb_per_processor * 1'048'576 * flavor.processors)));
  for (const char* key : {"allocated_cpu", "allocated_CPU"})
    TRY_VOID(put(std::string("jobfeatures/") + key, processors));
  return put("jobfeatures/jobstart_secs", to_text(now_));
}

/// One of the space's zones, where its cloud has such.
std::string SpaceCycle::choose_zone() {
  const auto& zones = space_.zones;
  return abilities_.zones && !zones.empty() ? zones[random_() % zones.size()] : std::string();
}

/// What a machine's cloud keeps of it, and tells it.
std::vector<std::pair<std::string, std::string>> SpaceCycle::metadata_of(const std::string& type,
                                                                         const std::string& name) const {
  const MachineIdentity identity{.space = space_.name,
                                 .machinetype = type,
                                 .machine = name,
                                 .manager_version = settings_.version,
                                 .manager_host = files_.node(),
                                 .https_host = space_.https_host.empty() ? files_.node() : space_.https_host,
                                 .https_port = space_.https_port};
  std::vector<std::pair<std::string, std::string>> out{
      {"cern-services", "false"}, {"name", name}, {"machinetype", type}, {"space", space_.name}};
  for (const char* what : {"machinefeatures", "jobfeatures", "joboutputs"})
    out.emplace_back(what, features_url(identity, what));
  return out;
}

Task<Result<>> SpaceCycle::create_one(const MachineType& type, const Flavor& flavor) {
  const std::string name = new_name(type.name);
  const Secret token(random_token(token_bytes));
  CO_TRY(const std::string user_data, co_await user_data_of(type, name, token));
  NewMachine wanted{.name = name, .space = space_.name, .machinetype = type.name, .image = image_of(type)};
  CO_TRY(wanted.public_key, abilities_.keys ? public_key_of(type) : Result<std::string>(std::string()));
  wanted.image_signing_dn = type.image_signing_dn;
  wanted.image_signers = files_.rooted("/etc/grid-security/certificates");
  wanted.flavor = flavor;
  wanted.memory_mib = flavor.memory_mib.value_or(type.mb_per_processor * flavor.processors);
  if (type.disk_gb_per_processor) wanted.disk_gb = *type.disk_gb_per_processor * flavor.processors;
  if (abilities_.volumes) wanted.volume_gb = space_.volume_gb_per_processor * flavor.processors;
  wanted.user_data = Secret(user_data);
  wanted.metadata = metadata_of(type.name, name);

  wanted.zone = choose_zone();
  const std::string folder = files_.current(space_.name, name);
  const std::string zone = wanted.zone;
  if (const auto written = write_folder(type, flavor, name, zone, user_data, token); !written) {
    (void)files_.remove(folder);  // nobody has been asked for it
    co_return fail(Kind::busy, written.error().sentence());
  }
  files_.step("cloud create " + name);
  const SteadyTime until = in(std::max(settings_.call_limit, abilities_.longest_creation));
  auto created = co_await with_deadline(cloud_.create(std::move(wanted), until), until, "the cloud");
  files_.step("cloud created " + name);
  if (!created) {
    say("Creation of machine " + name + " fails with: " + created.error().sentence());
    if (!may_have_happened(created.error().kind())) CO_TRY_VOID(files_.write(folder + "/refused", "", 0640));
    co_return fail(created.error());
  }
  // It is made all the same; the next listing tells its id once more.
  if (const auto noted = write_id(folder, *created); !noted) failed("Writing down the id of " + name, noted.error());
  say(fmt::format("Created {} ({}) for {} within {}", name, *created, type.name, space_.name));
  decide("created", name, type.name, "it was furthest below its target share");
  report_.seen.push_back({.name = name,
                          .id = *created,
                          .ip = {},
                          .zone = zone,
                          .machinetype = type.name,
                          .manager = files_.node(),
                          .message = {},
                          .state = State::starting,
                          .processors = flavor.processors,
                          .created = now_});
  co_return Result<>{};
}

}  // namespace nephele::fleet
