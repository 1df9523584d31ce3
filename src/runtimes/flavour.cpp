// SPDX-License-Identifier: Apache-2.0
#include "runtimes/flavour.h"

#include <algorithm>
#include <array>

#include "base/secret.h"
#include "base/utf8.h"

namespace nephele::runtimes {
namespace {

constexpr std::size_t ports_max = 16;
constexpr std::size_t function_bytes_max = 4UL * 1024 * 1024;

/// Set by the engine or by compute for every machine: a flavour that sets them would break it.
constexpr std::array<std::string_view, 7> reserved{"SR_AUTH", "NAME",      "FLAVOUR", "PORTS",
                                                   "PEER_IP", "PEER_PORT", "VMID"};

RoleTemplate small_role() {
  RoleTemplate role;
  role.cpu = 1;
  role.memory_mib = 128;
  role.disk_mib = 256;
  return role;
}

/// The data service of a pair, and alone: the guest is an object store in this role.
RoleTemplate data_role() {
  RoleTemplate role = small_role();
  role.context.emplace_back("ROLE", "DAAS");
  return role;
}

bool is_variable_name(std::string_view name) {
  const auto upper = [](char c) { return (c >= 'A' && c <= 'Z') || c == '_'; };
  const auto any = [&](char c) { return upper(c) || (c >= '0' && c <= '9'); };
  return !name.empty() && name.size() <= 128 && upper(name.front()) && std::ranges::all_of(name, any);
}

bool is_reserved(std::string_view name) {
  return std::ranges::find(reserved, name) != reserved.end() || name.starts_with("ETH");
}

Result<> check_size(std::string_view what, const std::optional<std::int64_t>& size) {
  if (!size || (*size >= 0 && *size <= number_max)) return {};
  return fail(Kind::invalid, std::string(what) + " is " + std::to_string(*size) + "; write a number from 0 to " +
                                 std::to_string(number_max));
}

Result<> check_variables(std::string_view what, const Variables& variables) {
  for (const auto& [name, value] : variables) {
    if (!is_variable_name(name))
      return fail(Kind::invalid, std::string(what) + ": \"" + name +
                                     "\" is no name of a variable; use A-Z, 0-9 and _, a letter first");
    if (value.find('\0') != std::string::npos)
      return fail(Kind::invalid, std::string(what) + ": the value of " + name + " holds a NUL; leave it out");
  }
  return {};
}

Result<> check_role(const RoleTemplate& role) {
  if (role.image.empty()) return fail(Kind::invalid, "the image has no name; `nephele image list` shows them");
  TRY_VOID(check_size("cpu", role.cpu));
  TRY_VOID(check_size("memory", role.memory_mib));
  TRY_VOID(check_size("disk", role.disk_mib));
  if (role.ports.size() > ports_max)
    return fail(Kind::invalid, "there are " + std::to_string(role.ports.size()) + " ports; at most " +
                                   std::to_string(ports_max) + " are possible");
  auto sorted = role.ports;
  std::ranges::sort(sorted);
  if (std::ranges::adjacent_find(sorted) != sorted.end() || std::ranges::find(sorted, 0) != sorted.end())
    return fail(Kind::invalid, "a port stands twice or is 0; name each port from 1 to 65535 once");
  TRY_VOID(check_variables("environment", role.environment));
  TRY_VOID(check_variables("context", role.context));
  for (const auto& [name, value] : role.context)
    if (is_reserved(name)) return fail(Kind::invalid, "context: " + name + " is set by the engine; leave it out");
  if (role.function.size() > function_bytes_max)
    return fail(Kind::invalid, "the function has " + std::to_string(role.function.size()) + " bytes; at most " +
                                   std::to_string(function_bytes_max) + " travel with a context");
  return {};
}

}  // namespace

std::string flavour_tuple(std::string_view faas, std::string_view daas) {
  std::string tuple(faas);
  if (!daas.empty()) {
    tuple += '-';
    tuple += daas;
  }
  return tuple;
}

std::string default_name(std::string_view tuple) {
  const auto uuid = random_uuid();
  std::size_t kept = 0;
  for (std::size_t step = 1; kept < tuple.size(); kept += step) {
    step = std::max<std::size_t>(utf8_sequence(tuple.substr(kept)), 1);
    if (kept + step + 1 + uuid.size() > name_bytes_max) break;
  }
  return std::string(tuple.substr(0, kept)) + "_" + uuid;
}

std::optional<std::string> flavour_fallback(std::string_view faas, std::string_view daas) {
  if (daas.empty() || faas.size() <= daas.size() + 1) return std::nullopt;
  if (!faas.ends_with(daas) || faas[faas.size() - daas.size() - 1] != '-') return std::nullopt;
  return std::string(faas);
}

FunctionSizes resolve_sizes(const WantedSizes& wanted, const RoleTemplate& from, const CapacitySettings& capacity) {
  const auto resolve = [](const auto& asked, const auto& templated, std::int64_t configured) {
    if (asked) return *asked;
    return templated && *templated != 0 ? *templated : configured;
  };
  return {.cpu = resolve(wanted.cpu, from.cpu, capacity.cpu_default),
          .memory_mib = resolve(wanted.memory_mib, from.memory_mib, capacity.memory_default_mib),
          .disk_mib = resolve(wanted.disk_mib, from.disk_mib, capacity.disk_default_mib)};
}

std::vector<Flavour> shipped_flavours() {
  return {
      {.name = "nature", .faas = small_role(), .daas = std::nullopt},
      {.name = "s3", .faas = data_role(), .daas = std::nullopt},
      {.name = "Function", .faas = small_role(), .daas = std::nullopt},
      {.name = "Data", .faas = data_role(), .daas = std::nullopt},
      {.name = "nature-s3", .faas = small_role(), .daas = data_role()},
      {.name = "Function-Data", .faas = small_role(), .daas = data_role()},
  };
}

Result<> check_flavour(const Flavour& flavour) {
  if (flavour.name.empty() || flavour.name.size() > name_bytes_max || flavour.name.find('\0') != std::string::npos)
    return fail(Kind::invalid, "a flavour's name has 1 to " + std::to_string(name_bytes_max) + " bytes and no NUL");
  TRY_VOID(check_role(flavour.faas));
  if (flavour.daas) TRY_VOID(check_role(*flavour.daas));
  return {};
}

}  // namespace nephele::runtimes
