// SPDX-License-Identifier: Apache-2.0
#include "fleet/config_copies.h"

#include <algorithm>
#include <iterator>
#include <set>

#include "base/settings/config_parser.h"
#include "base/text_file.h"
#include "fleet/urls.h"
#include "http/message.h"

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

/// Sorted as they were read. A path that is too long to be the name of its copy is not found again.
std::vector<ConfigText> ConfigCopies::copies_in(const std::string& folder) const {
  std::vector<ConfigText> out;
  const auto names = names_in(files_.lib("config"));
  if (!names) return out;
  for (const auto& name : *names) {
    const auto path = http::percent_decode(name);
    if (!path || path->substr(0, path->rfind('/')) != folder) continue;
    auto copy = read_text_file(files_.lib("config/" + name), copy_max);
    if (copy) out.push_back({.path = *path, .text = std::move(*copy)});
  }
  std::ranges::sort(out, {}, &ConfigText::path);
  return out;
}

/// Where the folder stands among the files, since the later of them wins.
void ConfigCopies::stand_in_for_folders(ConfigFiles& found) const {
  std::vector<ConfigText> texts;
  for (auto& file : found.texts) {
    auto copies = file.folder ? copies_in(file.path) : std::vector<ConfigText>{};
    if (copies.empty()) {
      texts.push_back(std::move(file));
      continue;
    }
    found.problems.push_back({"", file.path + " cannot be read; what its files said last goes on until it is mended"});
    std::ranges::move(copies, std::back_inserter(texts));
  }
  found.texts = std::move(texts);
}

void ConfigCopies::stand_in(ConfigFiles& found) const {
  stand_in_for_folders(found);
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
