// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/secret.h"
#include "base/settings/settings.h"
#include "base/units.h"
#include "fleet/model.h"

/// What vcycle.conf and its kin say (contract vcycle, 1). A mistake stops only what it is about.
namespace nephele::fleet {

/// One [machinetype ...].
struct MachineType {
  std::string name;
  std::string user_data;   ///< path or URL
  std::string root_image;  ///< path, URL or "image:NAME"
  seconds backoff{};
  seconds fizzle{};
  seconds max_wallclock{86'400};
  double target_share = 0;
  std::vector<std::string> flavor_names;  ///< the first that fits is taken
  std::int64_t min_processors = 1;
  std::optional<std::int64_t> max_processors;
  std::optional<std::int64_t> processors_limit;
  std::optional<std::int64_t> machines_limit;
  std::optional<std::int64_t> max_starting_processors;
  std::optional<std::int64_t> disk_gb_per_processor;
  std::int64_t mb_per_processor = 2'048;  ///< MiB
  std::optional<double> hs06_per_processor;
  std::optional<double> hs06_per_machine;  ///< as the guide's release wrote it; hs06_per_processor follows from it
  std::string root_public_key;             ///< path; empty: the usual one, if it is there
  std::string accounting_fqan;
  std::string https_x509dn;
  std::string heartbeat_file;
  std::optional<seconds> heartbeat;     ///< absent: no check
  std::string cvmfs_proxy_machinetype;  ///< a type of the same space; empty: none
  std::uint16_t cvmfs_proxy_port = 280;
  std::string image_signing_dn;
  std::map<std::string, std::string> user_data_options;
  std::map<std::string, std::string> user_data_files;  ///< contents of these paths
  bool user_data_proxy = false;
  bool legacy_proxy = false;
  std::string path;      ///< folder of its files; empty: the usual one
  std::size_t pipe = 0;  ///< of this vacuum pipe, whose types share these limits; 0: of none
  std::optional<std::int64_t> pipe_processors_limit, pipe_machines_limit;
  std::vector<int> fizzle_ignores_codes;

  Lifetime lifetime() const;
  /// On machines of min_processors.
  ShareRules rules() const;
};

/// One [space ...].
struct Space {
  std::string name;
  std::string api;         ///< which cloud: "openstack", "nephele"
  settings::Node options;  ///< all of the section, for that cloud's own reader
  std::optional<std::int64_t> processors_limit;
  std::optional<std::int64_t> machines_limit;  ///< total_machines of [settings]
  std::optional<Instant> shutdown;
  std::string gocdb_sitename;
  std::string accounting_user = "factory";  ///< "machine": LocalUserId is the machine's name, as Vcycle wrote it
  std::vector<std::string> vacmon_hostports;
  bool write_glue = false;
  std::string https_host;  ///< empty: this node's name
  std::uint16_t https_port = 443;
  std::chrono::hours cleanup{72};
  std::vector<std::string> zones;  ///< one of them for each machine; none: the cloud chooses
  std::int64_t volume_gb_per_processor = 0;
  bool draining = false;
  std::vector<MachineType> types;

  SpaceRules rules() const;
};

/// What stands in [settings] and is about the factory as a whole.
struct FactorySettings {
  std::string space;                   ///< vcycle_space: of machinetypes that name none
  std::vector<std::string> factories;  ///< HOST or HOST:PORT
  double udp_timeout_seconds = 10;
  // The web server that machines see.
  std::vector<std::string> web_addresses;       ///< none: all of this host
  std::uint16_t web_http_port = 80;             ///< 0: none
  std::optional<std::uint16_t> web_https_port;  ///< absent: those of the spaces
  std::string web_certificate = "/etc/grid-security/vcycle.cert.pem";
  std::string web_key = "/etc/grid-security/vcycle.key.pem";
  std::string web_authorities = "/etc/grid-security/certificates";
  std::uint32_t web_requests_per_second = 50;  ///< of one address
  Bytes joboutputs_file = Bytes::mib(10);
  Bytes joboutputs_machine = Bytes::mib(100);
  std::uint32_t joboutputs_files = 100;  ///< of one machine
  std::uint32_t joboutputs_puts_per_minute = 60;
  Bytes joboutputs_free = Bytes::mib(1'024);  ///< of the disk; nothing is taken when less is left
  bool joboutputs_need_token = false;
  std::optional<std::uint16_t> responder_port;  ///< 0: none; absent: the usual one, where there are factories
  std::string responder_address;                ///< empty: all of this host
  std::vector<std::string> responder_networks;  ///< who may ask beside this host
  std::int64_t responder_requests_per_minute = 300;

  /// Where a responder of ours listens; nothing where none is wanted.
  std::optional<std::uint16_t> responder() const;
  /// Where those of other factories do, unless `factories` says so.
  std::uint16_t usual_port() const;
};

/// Vac's; below 1024, so only root may listen there.
inline constexpr std::uint16_t vacquery_port = 995;

/// Something an operator must mend; it keeps the named part from working, and nothing else.
struct Problem {
  std::string section;   ///< "[machinetype s a]"; empty: a whole file
  std::string sentence;  ///< with file and line
};

/// A document that a [vacuum_pipe ...] names: it is fetched when there is none, or when it is as old as it may be.
struct PipeUse {
  std::string url;
  std::string header;
  std::optional<Instant> fetched;
  seconds cache{3'600};
  std::string space = {};
  std::vector<std::string> machinetypes = {};  ///< that were made of it
  /// Of all of them together.
  std::optional<std::int64_t> processors_limit = {}, machines_limit = {};
};

struct Configuration {
  FactorySettings factory;
  std::vector<PipeUse> pipes;
  std::vector<Space> spaces;  ///< in the order of their first mention
  std::vector<Problem> problems;
  std::vector<std::string> warnings;
};

/// Texts of files, in the order in which they are read.
struct ConfigText {
  std::string path;
  std::string text;
  bool unread = false;  ///< it is there and cannot be read
  bool folder = false;  ///< unread, too: nobody knows what files are in it
};

/// Where configuration files are looked for, under `root` ("" for the system's own): shared/vcycle.d, /etc/vcycle.d,
/// /etc/vcycle.conf; the guide's spelling with a capital V where the lower-case one is missing.
struct ConfigFiles {
  std::vector<ConfigText> texts;
  std::vector<Problem> problems;  ///< files that are there and cannot be read
  std::vector<std::string> warnings;
};
ConfigFiles find_config_files(const std::string& root);

class PipeCopies;

/// Reads all of them. A file that is no configuration is left out whole. `pipes`: what is known of vacuum pipes.
Configuration read_configuration(const std::vector<ConfigText>& files, const PipeCopies* pipes = nullptr);

/// The options of [settings], [space ...] and [machinetype ...], for the manual and `check-config`.
struct OptionDoc {
  std::string section;
  settings::Key key;
};
std::vector<OptionDoc> documented_options();

}  // namespace nephele::fleet
