// SPDX-License-Identifier: Apache-2.0
#include "fleet/config_tables.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <span>

namespace nephele::settings {

template <>
struct Codec<nephele::fleet::Instant> {
  static std::optional<nephele::fleet::Instant> decode(const Node& node, const Allow& allow) {
    const auto value = Codec<std::int64_t>::decode(node, allow);
    return value ? std::optional(nephele::fleet::Instant{std::chrono::seconds{*value}}) : std::nullopt;
  }
  static std::string encode(nephele::fleet::Instant value) { return std::to_string(value.time_since_epoch().count()); }
  static std::string allowed(const Allow&) { return "a Unix time"; }
};

/// Numbers between blanks.
template <>
struct Codec<std::vector<int>> {
  static std::optional<std::vector<int>> decode(const Node& node, const Allow& allow) {
    const auto words = Codec<std::vector<std::string>>::decode(node, allow);
    if (!words) return std::nullopt;
    std::vector<int> out;
    for (const auto& word : *words) {
      const char* const end = word.data() + word.size();
      const auto [stop, error] = std::from_chars(word.data(), end, out.emplace_back());
      if (error != std::errc{} || stop != end) return std::nullopt;
    }
    return out;
  }
  static std::string encode(const std::vector<int>& value) {
    std::string out;
    for (const int number : value) out.append(out.empty() ? "" : " ").append(std::to_string(number));
    return out;
  }
  static std::string allowed(const Allow&) { return "whole numbers with blanks between them"; }
};

}  // namespace nephele::settings

namespace nephele::fleet {

using settings::Table;

namespace {

/// Three hundred years, so that no sum of times overflows.
constexpr std::int64_t longest_seconds = 10'000'000'000;
constexpr std::int64_t longest_hours = longest_seconds / 3'600;

}  // namespace

const Table<FactorySettings>& factory_table() {
  static const auto table =
      Table<FactorySettings>("settings")
          .add("vcycle_space", &FactorySettings::space,
               {.meaning = "space of machinetypes whose section names none", .aliases = {"vac_space"}})
          .add("factories", &FactorySettings::factories, {.meaning = "hosts that vcycle scan asks"})
          .add("udp_timeout_seconds", &FactorySettings::udp_timeout_seconds,
               {.meaning = "how long answers of factories are waited for", .unit = "seconds"})
          .add("responder_port", &FactorySettings::responder_port,
               {.meaning = "UDP port where questions of other factories are answered; 0: none is"})
          .add("responder_address", &FactorySettings::responder_address,
               {.meaning = "address of this host where they are (default: all)"})
          .add("responder_networks", &FactorySettings::responder_networks,
               {.meaning = "networks that may ask, beside this host"})
          .add("responder_requests_per_minute", &FactorySettings::responder_requests_per_minute,
               {.meaning = "questions of one source that are answered"}, {.min = 1})
          .add("web_addresses", &FactorySettings::web_addresses,
               {.meaning = "addresses of this host at which machines reach its web server (default: all)"})
          .add("web_http_port", &FactorySettings::web_http_port, {.meaning = "its port without TLS; 0: none"})
          .add(
              "web_https_port", &FactorySettings::web_https_port,
              {.meaning = "its port with TLS (default: https_port of each space); 0: another server of this host takes "
                          "joboutputs"})
          .add("web_certificate", &FactorySettings::web_certificate,
               {.meaning = "its host certificate; without it there is no web server"})
          .add("web_key", &FactorySettings::web_key, {.meaning = "the certificate's key"})
          .add("web_authorities", &FactorySettings::web_authorities,
               {.meaning = "directory of the authorities that sign machines' certificates"})
          .add("web_requests_per_second", &FactorySettings::web_requests_per_second,
               {.meaning = "requests that one address may make; 0: any number"}, {.max = 1'000})
          .add("joboutputs_file_mb", &FactorySettings::joboutputs_file,
               {.meaning = "size of one joboutput", .unit = "MiB"}, {.max = 4'095})
          .add("joboutputs_machine_mb", &FactorySettings::joboutputs_machine,
               {.meaning = "size of all joboutputs of a machine", .unit = "MiB"})
          .add("joboutputs_files", &FactorySettings::joboutputs_files, {.meaning = "joboutputs of a machine"})
          .add("joboutputs_puts_per_minute", &FactorySettings::joboutputs_puts_per_minute,
               {.meaning = "joboutputs that a machine may send in a minute"}, {.min = 1, .max = 60'000})
          .add("joboutputs_free_mb", &FactorySettings::joboutputs_free,
               {.meaning = "no joboutputs are taken when the disk has less left", .unit = "MiB"})
          .add("joboutputs_need_token", &FactorySettings::joboutputs_need_token,
               {.meaning = "a certificate alone lets no machine send joboutputs"});
  return table;
}

const Table<Space>& space_table() {
  static const auto table =
      Table<Space>("space")
          .add("api", &Space::api, {.meaning = "which kind of cloud the space is on"})
          .add("processors_limit", &Space::processors_limit,
               {.meaning = "processors of all machines in the space, also of others'"}, {.min = 0})
          .add("total_machines", &Space::machines_limit, {.meaning = "machines of ours in the space"}, {.min = 0})
          .add("shutdown_time", &Space::shutdown,
               {.meaning = "by then every machine is to be over", .unit = "Unix time"})
          .add("gocdb_sitename", &Space::gocdb_sitename,
               {.meaning = "site in accounting records; with it they are sent"})
          .add("accounting_user", &Space::accounting_user,
               {.meaning = "whose name is LocalUserId in accounting records"}, {.words = {"factory", "machine"}})
          .add("vacmon_hostport", &Space::vacmon_hostports, {.meaning = "VacMon services that hear of each cycle"})
          .add("write_glue", &Space::write_glue, {.meaning = "write GLUE 2.0 and 2.1 files at each cycle"})
          .add("https_host", &Space::https_host, {.meaning = "host in the URLs that machines are given"})
          .add("https_port", &Space::https_port, {.meaning = "its port"}, {.min = 1})
          .add("cleanup_hours", &Space::cleanup,
               {.meaning = "how long the files of deleted machines are kept", .unit = "hours"},
               {.min = 0, .max = longest_hours})
          .add("volume_gb_per_processor", &Space::volume_gb_per_processor,
               {.meaning = "above 0: machines boot from a new volume of that size", .unit = "GB"}, {.min = 0})
          .add("zones", &Space::zones, {.meaning = "availability zones; each machine gets one of them by chance"})
          .add("draining", &Space::draining, {.meaning = "nothing new is made"});
  return table;
}

const Table<MachineType>& machinetype_table() {
  using T = MachineType;
  static const auto table =
      Table<MachineType>("machinetype")
          .add("user_data", &T::user_data, {.meaning = "template of what a machine is told: path or URL"})
          .add("root_image", &T::root_image, {.meaning = "path, URL or image:NAME of what it boots from"})
          .add("backoff_seconds", &T::backoff, {.meaning = "how long none is made after an abort", .unit = "seconds"},
               {.min = -longest_seconds, .max = longest_seconds})
          .add("fizzle_seconds", &T::fizzle, {.meaning = "a shorter life has achieved nothing", .unit = "seconds"},
               {.min = -longest_seconds, .max = longest_seconds})
          .add("fizzle_ignores_codes", &T::fizzle_ignores_codes,
               {.meaning = "with these codes of its shutdown message a short life is no fizzle"})
          .add("max_wallclock_seconds", &T::max_wallclock, {.meaning = "when it is ended", .unit = "seconds"},
               {.min = -longest_seconds, .max = longest_seconds})
          .add("target_share", &T::target_share, {.meaning = "its part of the space, relative to the others'"})
          .add("flavor_names", &T::flavor_names, {.meaning = "flavors; the first that fits is taken"})
          .add("min_processors", &T::min_processors, {.meaning = "processors it needs"}, {.min = 1})
          .add("max_processors", &T::max_processors, {.meaning = "processors it can use"}, {.min = 1})
          .add("processors_limit", &T::processors_limit, {.meaning = "processors of all machines of the type"},
               {.min = 0})
          .add("max_machines", &T::machines_limit, {.meaning = "machines of the type"}, {.min = 0})
          .add("max_starting_processors", &T::max_starting_processors,
               {.meaning = "processors of those on their way up (default: processors_limit)"}, {.min = 0})
          .add("disk_gb_per_processor", &T::disk_gb_per_processor, {.meaning = "disk", .unit = "GB"}, {.min = 0})
          .add("mb_per_processor", &T::mb_per_processor, {.meaning = "memory", .unit = "MiB"}, {.min = 1})
          .add("hs06_per_processor", &T::hs06_per_processor, {.meaning = "benchmark of one processor", .unit = "HS06"})
          .add("hs06", &T::hs06_per_machine,
               {.meaning = "benchmark of a whole machine, where hs06_per_processor is not given", .unit = "HS06"})
          .add("root_public_key", &T::root_public_key, {.meaning = "ssh key that opens root's account"})
          .add("accounting_fqan", &T::accounting_fqan, {.meaning = "VO in accounting records"})
          .add("https_x509dn", &T::https_x509dn, {.meaning = "subject of the certificate that may PUT joboutputs"})
          .add("heartbeat_file", &T::heartbeat_file, {.meaning = "joboutput that shows that a machine works"})
          .add("heartbeat_seconds", &T::heartbeat,
               {.meaning = "how old it may be; 0: it must have come once", .unit = "seconds"},
               {.min = 0, .max = longest_seconds})
          .add("cvmfs_proxy_machinetype", &T::cvmfs_proxy_machinetype,
               {.meaning = "NAME or NAME:PORT of machines that serve as proxies to this type"})
          .add("cernvm_signing_dn", &T::image_signing_dn,
               {.meaning = "pattern of the subject that signed the image", .aliases = {"image_signing_dn"}})
          .add("user_data_proxy", &T::user_data_proxy, {.meaning = "make an X.509 proxy for user_data"})
          .add("legacy_proxy", &T::legacy_proxy, {.meaning = "of Globus' legacy kind"})
          .add("machinetype_path", &T::path, {.meaning = "folder of its files"});
  return table;
}

std::span<const Renamed> renamed_in(std::string_view section) noexcept {
  static constexpr std::array space{Renamed{"max_processors", "processors_limit"},
                                    Renamed{"max_machines", "total_machines"}, Renamed{"tenancy_name", "project_name"}};
  static constexpr std::array machinetype{Renamed{"flavor_name", "flavor_names"}, Renamed{"root_disk", "root_image"},
                                          Renamed{"cpu_per_machine", "min_processors", true},
                                          Renamed{"processors_per_machine", "min_processors", true},
                                          Renamed{"x509dn", "https_x509dn"}};
  if (section == "space") return space;
  if (section == "machinetype") return machinetype;
  return {};
}

bool is_lenient(std::string_view option) noexcept {
  static constexpr std::array<std::string_view, 8> lenient{
      "min_processors", "max_processors",          "mb_per_processor", "user_data_proxy",
      "https_port",     "volume_gb_per_processor", "cleanup_hours",    "legacy_proxy"};
  return std::ranges::find(lenient, option) != lenient.end();
}

bool needs_true(std::string_view option) noexcept {
  return option == "user_data_proxy" || option == "legacy_proxy";
}

std::span<const settings::Obsolete> obsolete_options() {
  static const std::array obsolete{
      settings::Obsolete{"log_joboutputs", "joboutputs are kept with the machine for cleanup_hours; remove the line"},
      settings::Obsolete{"log_machineoutputs", "remove the line"},
      settings::Obsolete{"joboutputs_days", "use cleanup_hours of the space"},
      settings::Obsolete{"machineoutputs_days", "use cleanup_hours of the space"},
      settings::Obsolete{"remote_joboutputs_url", "remove the line"},
      settings::Obsolete{"remote_joboutputs_cert", "remove the line"},
      settings::Obsolete{"remote_joboutputs_key", "remove the line"},
      settings::Obsolete{"user_data_proxy_cert", "put x509cert.pem into the machinetype's folder"},
      settings::Obsolete{"user_data_proxy_key", "put x509key.pem into the machinetype's folder"},
      settings::Obsolete{"gocdb_cert_file", "remove the line"},
      settings::Obsolete{"gocdb_key_file", "remove the line"}};
  return obsolete;
}

}  // namespace nephele::fleet
