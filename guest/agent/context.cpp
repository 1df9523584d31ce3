// SPDX-License-Identifier: Apache-2.0
#include "context.h"

#include <algorithm>
#include <array>

#include "text.h"

namespace guest {
namespace {

constexpr std::size_t variables_max = 512;
constexpr std::size_t nics_max = 4;
constexpr std::size_t ports_max = 16;
constexpr std::string_view environment_prefix = "FUNCTION_ENV_";

bool is_name_start(char c) {
  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_';
}
bool is_name(char c) {
  return is_name_start(c) || (c >= '0' && c <= '9');
}

void skip_line(std::string_view& text) {
  text.remove_prefix(std::min(text.find('\n'), text.size()));
}

/// Everything up to the closing quote; nothing when it is missing.
std::optional<std::string> quoted(std::string_view& text, char quote) {
  std::string value;
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (text[at] == quote) {
      text.remove_prefix(at + 1);
      return value;
    }
    const bool escape = quote == '"' && text[at] == '\\' && at + 1 < text.size() &&
                        std::string_view("\\\"$`").find(text[at + 1]) != std::string_view::npos;
    if (escape) ++at;
    value += text[at];
  }
  return std::nullopt;
}

/// A shell word: quoted and bare pieces that touch each other.
std::optional<std::string> shell_word(std::string_view& text) {
  std::string value;
  while (!text.empty()) {
    const char c = text.front();
    if (c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == ';' || c == '#') break;
    text.remove_prefix(1);
    if (c == '\'' || c == '"') {
      auto piece = quoted(text, c);
      if (!piece) return std::nullopt;
      value += *piece;
    } else if (c == '\\' && !text.empty()) {
      value += text.front();
      text.remove_prefix(1);
    } else {
      value += c;
    }
  }
  return value;
}

std::string_view value_of(const Variables& variables, std::string_view key) {
  const auto found = variables.find(key);
  return found == variables.end() ? std::string_view() : std::string_view(found->second);
}

template <class Number>
Number number_of(const Variables& variables, std::string_view key, Number fallback, std::uint64_t min,
                 std::uint64_t max) {
  const auto value = to_number(trim(value_of(variables, key)), max);
  return value && *value >= min ? static_cast<Number>(*value) : fallback;
}

std::vector<std::uint16_t> ports_from(std::string_view text) {
  std::vector<std::uint16_t> ports;
  for (const std::string_view word : split_words(text)) {
    const auto port = to_number(word, 65535);
    if (!port || *port == 0 || ports.size() >= ports_max) continue;
    const auto value = static_cast<std::uint16_t>(*port);
    if (std::ranges::find(ports, value) == ports.end()) ports.push_back(value);
  }
  if (ports.empty()) ports.push_back(8000);
  return ports;
}

NicSettings nic_from(const Variables& variables, std::size_t number) {
  const auto value = [&](std::string_view field) {
    std::string key = "ETH";
    key += std::to_string(number);
    key += '_';
    key += field;
    return std::string(trim(value_of(variables, key)));
  };
  NicSettings nic;
  nic.mac = value("MAC");
  nic.ip = value("IP");
  if (const std::string mask = value("MASK"); !mask.empty()) nic.mask = mask;
  nic.gateway = value("GATEWAY");
  const std::string dns = value("DNS");
  for (const std::string_view word : split_words(dns)) nic.dns.emplace_back(word);
  return nic;
}

/// Goes into a response header as it is: printable ASCII only.
bool is_header_text(std::string_view text) {
  return !text.empty() && text.size() <= 128 && std::ranges::all_of(text, [](char c) { return c >= 0x20 && c < 0x7f; });
}

bool is_kept(std::string_view key) {
  constexpr std::array<std::string_view, 14> keys = {"NAME",
                                                     "SET_HOSTNAME",
                                                     "FLAVOUR",
                                                     "FLAVOR",
                                                     "ROLE",
                                                     "VMID",
                                                     "VM_ID",
                                                     "PEER_IP",
                                                     "PEER_PORT",
                                                     "PORTS",
                                                     "FUNCTION_TIMEOUT",
                                                     "FUNCTION_CONCURRENCY",
                                                     "FUNCTION_TYPE",
                                                     "HOSTNAME"};
  if (std::ranges::find(keys, key) != keys.end() || key.starts_with(environment_prefix)) return true;
  return key.starts_with("ETH") && key.size() > 4 && key[3] >= '0' && key[3] <= '9' && key[4] == '_';
}

}  // namespace

Variables parse_context(std::string_view text) {
  Variables variables;
  while (!text.empty() && variables.size() < variables_max) {
    const char c = text.front();
    if (c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == ';') {
      text.remove_prefix(1);
      continue;
    }
    if (text.starts_with("export ")) {
      text.remove_prefix(7);
      continue;
    }
    const std::size_t length =
        is_name_start(c) ? static_cast<std::size_t>(std::ranges::find_if_not(text, is_name) - text.begin()) : 0;
    if (length == 0 || length >= text.size() || text[length] != '=') {
      skip_line(text);
      continue;
    }
    const std::string_view key = text.substr(0, length);
    text.remove_prefix(length + 1);
    const auto value = shell_word(text);
    if (!value) break;  // an open quote takes the rest: nothing after it can be trusted
    if (value->find('\0') == std::string::npos) variables[std::string(key)] = *value;
  }
  return variables;
}

std::string write_context(const Variables& variables) {
  std::string out;
  for (const auto& [key, value] : variables) {
    out += key;
    out += "='";
    for (const char c : value) {
      if (c == '\'')
        out += "'\\''";
      else
        out += c;
    }
    out += "'\n";
  }
  return out;
}

Settings settings_from(const Variables& variables) {
  Settings settings;
  const auto first_of = [&](std::initializer_list<std::string_view> keys) {
    for (const std::string_view key : keys)
      if (const std::string_view value = trim(value_of(variables, key)); !value.empty()) return std::string(value);
    return std::string();
  };
  if (const std::string name = first_of({"SET_HOSTNAME", "NAME", "HOSTNAME"}); !name.empty()) settings.name = name;
  settings.hostname = to_hostname(settings.name);
  settings.flavour = first_of({"FLAVOUR", "FLAVOR"});
  if (equal_ignoring_case(first_of({"ROLE"}), "DAAS")) settings.role = "DAAS";
  settings.id = first_of({"VM_ID", "VMID"});
  settings.peer_ip = first_of({"PEER_IP"});
  settings.peer_port = number_of<std::uint16_t>(variables, "PEER_PORT", 8000, 1, 65535);
  settings.ports = ports_from(value_of(variables, "PORTS"));
  settings.function_timeout =
      std::chrono::seconds(number_of<std::uint32_t>(variables, "FUNCTION_TIMEOUT", 30, 1, 3600));
  settings.function_concurrency = number_of<std::uint32_t>(variables, "FUNCTION_CONCURRENCY", 4, 1, 64);
  if (const std::string type = first_of({"FUNCTION_TYPE"}); is_header_text(type)) settings.function_type = type;
  for (std::size_t number = 0; number < nics_max; ++number) settings.nics.push_back(nic_from(variables, number));
  for (const auto& [key, value] : variables)
    if (key.starts_with(environment_prefix) && key.size() > environment_prefix.size())
      settings.function_environment.emplace_back(key.substr(environment_prefix.size()), value);
  return settings;
}

Variables kept_variables(const Variables& variables) {
  Variables kept;
  for (const auto& [key, value] : variables)
    if (is_kept(key)) kept.emplace(key, value);
  return kept;
}

std::string to_hostname(std::string_view text) {
  std::string name;
  for (const char c : text.substr(0, 63)) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.';
    if (plain)
      name += c;
    else if (!name.empty() && name.back() != '-')
      name += '-';
  }
  while (!name.empty() && (name.back() == '-' || name.back() == '.')) name.pop_back();
  return name.empty() ? "localhost" : name;
}

}  // namespace guest
