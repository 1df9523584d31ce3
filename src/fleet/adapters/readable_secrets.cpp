// SPDX-License-Identifier: Apache-2.0
#include "fleet/adapters/readable_secrets.h"

#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <map>

#include "fleet/adapters/options.h"

namespace nephele::fleet {

namespace {

/// Options of clouds that name files with a secret.
constexpr std::array<std::string_view, 3> of_files{"key_file", "token_file", "proxy"};

bool is_readable_by_others(const std::string& path) {
  struct stat about{};
  return ::stat(path.c_str(), &about) == 0 && S_ISREG(about.st_mode) && (about.st_mode & S_IROTH) != 0;
}

bool exists(const std::string& path) {
  struct stat about{};
  return ::stat(path.c_str(), &about) == 0;
}

void look_at_options(const Space& space, std::map<std::string, std::string>& holds) {
  for (const auto& key : cloud_option_keys(space.api)) {
    const auto* const given = space.options.entry(key.name);
    if (given == nullptr) continue;
    if (key.doc.secret) holds.try_emplace(given->value.place().file, given->spelled);
    const auto* const path = given->value.if_text();
    if (path != nullptr && !path->empty() && std::ranges::find(of_files, key.name) != of_files.end())
      holds.try_emplace(*path, given->spelled);
  }
}

}  // namespace

std::vector<std::string> readable_secrets(const Files& files, const Configuration& config) {
  std::map<std::string, std::string> holds;  // by path: what stands in it
  for (const auto& space : config.spaces) {
    look_at_options(space, holds);
    for (const auto& type : space.types) {
      if (!type.user_data_proxy) continue;
      const std::string folder = files.machinetype(space.name, type.name, type.path);
      // One file may have both.
      const std::string key = folder + "/x509key.pem";
      holds.try_emplace(exists(key) ? key : folder + "/x509cert.pem", "user_data_proxy's key");
    }
  }
  std::vector<std::string> out;
  for (const auto& [path, what] : holds)
    if (is_readable_by_others(path))
      out.push_back(path + ", which has the " + what + " in it, can be read by others; chmod 600 " + path);
  return out;
}

}  // namespace nephele::fleet
