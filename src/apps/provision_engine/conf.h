// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "base/log.h"
#include "base/secret.h"
#include "base/settings/settings.h"
#include "clouds/opennebula/dialect.h"
#include "runtimes/adapters/opennebula/sr_auth.h"
#include "runtimes/settings.h"

/// engine.conf, the Provision Engine's one file (contract, 6.1), with keys of ours beside the original's.
namespace nephele::apps::engine {

/// Where what OpenNebula was asked goes (decision C1).
enum class CallsTo : std::uint8_t { file, engine, both };
enum class WhichDialect : std::uint8_t { found_out, v6, v7 };

struct Conf {
  runtimes::Settings runtimes;

  // Ours.
  std::string cloud = "opennebula";  ///< or "embedded"
  WhichDialect dialect = WhichDialect::found_out;
  bool verify_tls = true;
  std::string ca_file;
  std::string tls_certificate;  ///< of the REST API itself; empty: it speaks plain HTTP
  std::string tls_key;
  std::chrono::seconds one_timeout{30};
  runtimes::SrAuth sr_auth = runtimes::SrAuth::credentials;
  std::int64_t body_max = std::int64_t{1024} * 1024;
  Secret database;  ///< PostgreSQL that several engines share; empty: a file in `data`
  std::string data = "/opt/provision-engine/var";
  std::string pid_file = "/tmp/provision-engine-server.pid";
  std::string log_directory = "/var/log/provision-engine";
  CallsTo calls_to = CallsTo::both;
  bool pretty_log = false;
};

/// The path in PROVISION_ENGINE_CONF, else the guide's.
std::string conf_path();

struct Read {
  settings::Loaded<Conf> conf;
  std::vector<std::string> warnings;  ///< each begins with file and line
};

/// As `start debug` asks.
void log_everything(runtimes::Settings& settings);

/// For whoever does not see the terminal: the same warnings, as lines of a log.
void log_warnings(const Read& read, const log::Logger& log);

/// Reads and checks the file. Fails with "Failed to load configuration at PATH" and the reason.
Result<Read> read_conf(const std::string& path);

/// What a file that read_conf() refuses names as :pid_file:, as far as it can be read at all; else the guide's.
std::string pid_file_in(const std::string& path);

/// `:host:` as an address to bind: localhost is one.
std::string listen_address(const Conf& conf);
log::Level log_level(const Conf& conf);

/// Every row with its value and where it came from; secrets hidden.
std::vector<settings::Shown> shown(const Read& read);

}  // namespace nephele::apps::engine
