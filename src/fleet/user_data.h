// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>

/// What a machine is told when it is made: a template in which `##user_data_NAME##` stands for values (contract vcycle,
/// 4).
namespace nephele::fleet {

/// NAME (without `user_data_`) to value.
using Patterns = std::map<std::string, std::string, std::less<>>;

/// What every machine can be told.
struct MachineIdentity {
  std::string site = {};  ///< gocdb_sitename; empty: unknown
  std::string space;
  std::string machinetype;
  std::string machine;          ///< its name
  std::string manager_version;  ///< "Vcycle 04.00"
  std::string manager_host;
  std::string https_host;
  std::uint16_t https_port = 443;
  std::string root_image = {};
  std::string joboutputs_token = {};
  std::string user_data_url = {};  ///< where the template came from, if that is a URL
};

/// "https://HOST:PORT/machines/SPACE/NAME/joboutputs"; `what` is machinefeatures, jobfeatures or joboutputs.
std::string features_url(const MachineIdentity& identity, std::string_view what);

/// The patterns that are always there, by their names of old too.
Patterns built_in_patterns(const MachineIdentity& identity);

/// One pass over `text`: values go in as they are and are not looked at again; patterns that nobody knows vanish.
std::string render_user_data(std::string_view text, const Patterns& patterns);

/// Whether a template has a place for the machine's token. No other place will do: what stands in options and files
/// that go into it is not looked at again.
bool tells_token(std::string_view text);

}  // namespace nephele::fleet
