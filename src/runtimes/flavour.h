// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "runtimes/model.h"
#include "runtimes/settings.h"

/// Flavours: what an admin defines, and the rules by which a specification finds one.
namespace nephele::runtimes {

using Variables = std::vector<std::pair<std::string, std::string>>;

/// One machine of a flavour. Sizes that are absent come from the configuration.
struct RoleTemplate {
  std::string image = "function";  ///< name or id of an image that compute knows
  std::optional<std::int64_t> cpu, memory_mib, disk_mib;
  std::vector<std::uint16_t> ports{8000};  ///< of the guest, reachable on the endpoint under the same numbers
  Variables environment;                   ///< of the user's own function
  Variables context;                       ///< further variables of context.sh, such as ROLE or FUNCTION_TIMEOUT
  std::string function;                    ///< bytes of an executable file, the user's own function; empty: none
  friend bool operator==(const RoleTemplate&, const RoleTemplate&) = default;
};

struct Flavour {
  std::string name;  ///< a tuple: "nature", or "nature-s3" for a pair
  RoleTemplate faas;
  std::optional<RoleTemplate> daas;
  friend bool operator==(const Flavour&, const Flavour&) = default;
};

/// The name under which a specification looks for its flavour: FAAS.FLAVOUR, with "-" and DAAS.FLAVOUR where that is
/// not empty (contract 4.1).
std::string flavour_tuple(std::string_view faas, std::string_view daas);

/// The name of a runtime whose caller gave none: the tuple and a UUID. Of a long tuple as many characters as leave a
/// name that can be kept.
std::string default_name(std::string_view tuple);

/// Where else to look when no flavour has the tuple's name: FAAS.FLAVOUR alone if it already ends in "-" and
/// DAAS.FLAVOUR, as one example of the user guide writes it.
std::optional<std::string> flavour_fallback(std::string_view faas, std::string_view daas);

/// Each size: the caller's, else the template's, else the configured default. 0 in a template counts as absent.
FunctionSizes resolve_sizes(const WantedSizes& wanted, const RoleTemplate& from, const CapacitySettings& capacity);

/// The flavours of a fresh installation: both printed specifications of the user guide work with them.
std::vector<Flavour> shipped_flavours();

/// Refuses what could not work: a bad name, sizes or ports out of range, variables that the engine sets itself.
Result<> check_flavour(const Flavour& flavour);

json::Value to_json(const Flavour& flavour);
/// The inverse, for the database and for `nephele flavour add --file`. Members: image, cpu, memory, disk, ports,
/// environment, context, function (base64), and `daas` with the same. Unknown members are refused by name.
Result<Flavour> flavour_from_json(std::string name, const json::Value& value);

}  // namespace nephele::runtimes
