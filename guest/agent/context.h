// SPDX-License-Identifier: Apache-2.0
// The context: what the cloud tells this machine about itself. Reading it is pure; see README.md for the table.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace guest {

using Variables = std::map<std::string, std::string, std::less<>>;

/// Reads `KEY='value'` lines as a shell would: single quotes (a quote inside is '\''), double quotes and bare words;
/// values may span lines; `export`, comments and everything else that is no assignment is skipped. Never runs anything.
Variables parse_context(std::string_view text);

/// The inverse, always in single quotes.
std::string write_context(const Variables& variables);

struct NicSettings {
  std::string mac;  ///< empty: the interface of the same number
  std::string ip;   ///< empty: DHCP on the first interface, none on the others
  std::string mask = "255.255.255.0";
  std::string gateway;
  std::vector<std::string> dns;
};

/// What the agent keeps of a context: only variables on this list. Credentials are not among them, so no code behind
/// the network can give them away.
struct Settings {
  std::string name = "localhost";
  std::string hostname = "localhost";
  std::string flavour;
  std::string role = "FAAS";
  std::string id;
  std::string peer_ip;
  std::uint16_t peer_port = 8000;
  std::vector<std::uint16_t> ports = {8000};
  std::vector<NicSettings> nics;
  std::chrono::seconds function_timeout{30};
  std::uint32_t function_concurrency = 4;
  std::string function_type = "application/octet-stream";  ///< of the function's answers
  std::vector<std::pair<std::string, std::string>> function_environment;

  bool is_data() const { return role == "DAAS"; }
};

Settings settings_from(const Variables& variables);

/// The variables that settings_from() reads; for keeping a context over a restart of the agent.
Variables kept_variables(const Variables& variables);

/// Letters, digits and '-' as a host name takes them; others become '-'.
std::string to_hostname(std::string_view text);

}  // namespace guest
