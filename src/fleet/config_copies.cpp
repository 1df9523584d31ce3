// SPDX-License-Identifier: Apache-2.0
#include "fleet/config_copies.h"

#include <set>

#include "base/settings/config_parser.h"
#include "base/text_file.h"
#include "fleet/urls.h"

namespace nephele::fleet {

namespace {

constexpr std::size_t copy_max = std::size_t{2} << 20U;  // twice what a file may be long

Result<> parsed(const ConfigText& file) {
  return settings::ConfigParser(settings::Dialect::python2_raw).read(file.text, file.path);
}

}  // namespace

std::string ConfigCopies::path_of(const std::string& file) const {
  return files_.lib("config/" + cache_name(file));
}

void ConfigCopies::stand_in(ConfigFiles& found) const {
  for (auto& file : found.texts) {
    const auto good = parsed(file);
    if (!file.unread && good) continue;
    auto copy = read_text_file(path_of(file.path), copy_max);
    if (!copy) continue;
    const std::string why = file.unread ? file.path + " cannot be read"
                                        : "Failed to parse " + file.path + " (" + good.error().sentence() + ")";
    found.problems.push_back({"", why + "; what it said last goes on until it is mended"});
    file.text = std::move(*copy);
    file.unread = false;
  }
}

Result<> ConfigCopies::keep(const ConfigFiles& found) const {
  std::set<std::string> kept;
  TRY_VOID(files_.make_folder(files_.lib("config"), 0700));
  for (const auto& file : found.texts) {
    kept.insert(cache_name(file.path));
    const std::string path = path_of(file.path);
    if (file.unread || !parsed(file) || read_text_file(path, copy_max) == file.text) continue;
    TRY_VOID(files_.write(path, file.text, 0600));  // there are passwords in it
  }
  if (!found.problems.empty()) return {};  // a folder may be away for a while, with all its files
  TRY(const auto names, names_in(files_.lib("config")));
  for (const auto& name : names)
    if (!kept.contains(name)) TRY_VOID(files_.remove(files_.lib("config/" + name)));
  return {};
}

ConfigFiles config_in_force(const Files& files) {
  auto out = find_config_files(files.root());
  ConfigCopies(files).stand_in(out);
  return out;
}

}  // namespace nephele::fleet
