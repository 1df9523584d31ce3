// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "fleet/config.h"
#include "fleet/files.h"

namespace nephele::fleet {

/// What each configuration file said last, in /var/lib/vcycle/config. A file that cannot be read, or is no
/// configuration, must not take the limits along that it sets for sections of other files: its copy stands in for it.
class ConfigCopies {
 public:
  explicit ConfigCopies(const Files& files) : files_(files) {}

  /// Puts copies in place of what cannot be used, and says so among the problems.
  void stand_in(ConfigFiles& found) const;
  /// For the manager alone: what is good is kept, and copies of files that have gone go, too.
  Result<> keep(const ConfigFiles& found) const;

 private:
  std::string path_of(const std::string& file) const;
  std::vector<ConfigText> copies_in(const std::string& folder) const;
  void stand_in_for_folders(ConfigFiles& found) const;
  const Files& files_;
};

/// The files that are there, and copies where they stand in.
ConfigFiles config_in_force(const Files& files);

}  // namespace nephele::fleet
