// SPDX-License-Identifier: Apache-2.0
// Listing in key order with bounded memory: of each folder only the next few names after the marker are kept.
#include <dirent.h>

#include <memory>
#include <set>

#include "object_key.h"
#include "object_store.h"

namespace guest {
namespace {

struct Walk {
  const ObjectStore& store;
  std::string_view prefix;
  std::string_view marker;
  std::size_t limit;
  ObjectList list{};

  /// Could a key that begins with `start` be wanted?
  bool overlaps_prefix(std::string_view start) const {
    const std::size_t common = std::min(start.size(), prefix.size());
    return start.substr(0, common) == prefix.substr(0, common);
  }

  /// Could a key that begins with `start` come after the marker?
  bool may_follow_marker(std::string_view start) const {
    return start > marker || marker.substr(0, start.size()) == start;
  }
};

/// The smallest `max` entries of a folder as parts of keys: "name" for an object, "name/" for a folder. In that form
/// their order is the order of the keys below them.
std::set<std::string> next_entries(const std::string& folder, const std::string& base, const Walk& walk,
                                   std::string_view after, std::size_t max) {
  std::set<std::string> entries;
  const std::unique_ptr<DIR, int (*)(DIR*)> directory(::opendir(folder.c_str()), ::closedir);
  if (!directory) return entries;
  while (const dirent* item = ::readdir(directory.get())) {
    const std::string_view name = item->d_name;
    if (name.size() < 2 || (name.back() != '=' && name.back() != '+')) continue;
    auto part = unescape_component(name.substr(0, name.size() - 1));
    if (!part) continue;
    const bool is_folder = name.back() == '+';
    if (is_folder) *part += '/';
    if (*part <= after || (entries.size() == max && *part > *entries.rbegin())) continue;
    const std::string key = base + *part;
    const bool wanted = is_folder ? walk.overlaps_prefix(key) && walk.may_follow_marker(key)
                                  : key.starts_with(walk.prefix) && key > walk.marker;
    if (!wanted) continue;
    entries.insert(std::move(*part));
    if (entries.size() > max) entries.erase(std::prev(entries.end()));
  }
  return entries;
}

/// False when the list is full and more would follow.
bool visit(Walk& walk, const std::string& folder, const std::string& base) {
  std::string after;
  while (true) {
    const std::size_t portion = walk.limit + 1;
    const std::set<std::string> entries = next_entries(folder, base, walk, after, portion);
    for (const std::string& part : entries) {
      const std::string key = base + part;
      if (part.ends_with('/')) {
        const std::string below = folder + "/" + escape_component(part.substr(0, part.size() - 1)) + "+";
        if (!visit(walk, below, key)) return false;
        continue;
      }
      Fd file;
      auto record = walk.store.open_object(key, file);
      if (!record) continue;
      if (walk.list.objects.size() == walk.limit) {
        walk.list.more = true;
        return false;
      }
      walk.list.objects.push_back(ListedObject{key, std::move(*record)});
    }
    if (entries.size() < portion) return true;
    after = *entries.rbegin();
  }
}

}  // namespace

ObjectList ObjectStore::list(std::string_view prefix, std::string_view marker, std::size_t limit) const {
  Walk walk{*this, prefix, marker, limit};
  visit(walk, folder_ + "/keys", "");
  return std::move(walk.list);
}

}  // namespace guest
