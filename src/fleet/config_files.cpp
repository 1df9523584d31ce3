// SPDX-License-Identifier: Apache-2.0
#include "base/settings/config_files.h"

#include <filesystem>

#include "fleet/config.h"

namespace nephele::fleet {

namespace {

bool exists(const std::string& path) {
  std::error_code ignored;
  return std::filesystem::exists(path, ignored);
}

/// The guide writes its paths with a capital V; the tool itself does not.
std::string spelled(const std::string& root, const std::string& usual, const std::string& of_the_guide,
                    ConfigFiles& out) {
  std::string lower = root + usual;
  std::string upper = root + of_the_guide;
  if (!exists(upper)) return lower;
  if (!exists(lower)) return upper;
  out.warnings.push_back(upper + " is passed over because " + lower + " is there too; keep one of them");
  return lower;
}

void read_into(ConfigFiles& out, const std::string& path) {
  auto text = settings::read_file(path);
  if (text) {
    out.texts.push_back({path, std::move(*text)});
  } else if (text.error().kind() != Kind::not_found) {
    out.texts.push_back({path, "", true});
    out.problems.push_back({"", text.error().sentence()});
  }
}

void read_folder(ConfigFiles& out, const std::string& folder) {
  const auto files = settings::conf_files(folder);
  if (!files) {
    out.texts.push_back({.path = folder, .text = "", .unread = true, .folder = true});
    out.problems.push_back({"", files.error().sentence()});
    return;
  }
  for (const auto& file : *files) read_into(out, file);
}

}  // namespace

ConfigFiles find_config_files(const std::string& root) {
  ConfigFiles out;
  read_folder(out, root + "/var/lib/vcycle/shared/vcycle.d");
  read_folder(out, spelled(root, "/etc/vcycle.d", "/etc/Vcycle.d", out));
  read_into(out, spelled(root, "/etc/vcycle.conf", "/etc/Vcycle.conf", out));
  return out;
}

}  // namespace nephele::fleet
