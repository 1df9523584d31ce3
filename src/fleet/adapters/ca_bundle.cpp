// SPDX-License-Identifier: Apache-2.0
#include "fleet/adapters/ca_bundle.h"

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <vector>

#include "base/secret.h"
#include "base/text_file.h"

namespace nephele::fleet {

namespace {

namespace fs = std::filesystem;

constexpr std::size_t certificate_bytes_max = std::size_t{256} * 1024;
/// Before the beginning, where clocks of file systems are coarse.
constexpr std::chrono::seconds before{2};
constexpr std::string_view begins = "-----BEGIN CERTIFICATE-----";

/// Of managers that died on the way: "occi.ca-certs.UUID", and what replace_file() made beside it. Young ones may be
/// another thread's.
void remove_leftovers(const std::string& bundle) {
  constexpr std::size_t uuid_size = 36;
  constexpr std::chrono::minutes young{10};
  const fs::path path(bundle);
  const std::string begin = path.filename().string() + ".";
  const auto limit = fs::file_time_type::clock::now() - young;
  std::error_code error;
  for (fs::directory_iterator at(path.parent_path(), error), end; !error && at != end; at.increment(error)) {
    const std::string name = at->path().filename().string();
    const bool whole = name.size() == begin.size() + uuid_size;
    if (!name.starts_with(begin) ||
        (!whole && !(name.size() == begin.size() + uuid_size + 4 && name.ends_with(".new"))))
      continue;
    std::error_code gone;
    if (const auto made = fs::last_write_time(at->path(), gone); !gone && made < limit) fs::remove(at->path(), gone);
  }
}

/// Spaces on other threads may do the same: each writes a file of its own, and all of them are right. It is as old as
/// the look at what went into it, so that what has changed since is newer.
Result<> put_in_place(const std::string& bundle, const std::string& text, fs::file_time_type looked) {
  const std::string own = bundle + "." + random_uuid();
  TRY_VOID(replace_file(own, text, 0644));
  std::error_code error;
  fs::last_write_time(own, looked, error);
  if (!error) fs::rename(own, bundle, error);
  if (!error) return {};
  std::error_code ignored;
  fs::remove(own, ignored);
  return fail(Kind::unavailable, bundle + ": " + error.message());
}

}  // namespace

Result<> refresh_ca_bundle(const std::string& folder, const std::string& bundle) {
  std::error_code error;
  const auto looked = fs::file_time_type::clock::now() - before;
  auto newest = fs::last_write_time(folder, error);
  if (error) return {};
  std::vector<std::string> names;
  for (fs::directory_iterator at(folder, error), end; !error && at != end; at.increment(error)) {
    if (at->path().extension() != ".pem") continue;
    std::error_code gone;
    const auto changed = fs::last_write_time(at->path(), gone);  // of what a link points to
    if (gone) continue;
    newest = std::max(newest, changed);
    names.push_back(at->path().string());
  }
  if (error) return fail(Kind::unavailable, "the folder " + folder + " cannot be read: " + error.message());
  const auto made = fs::last_write_time(bundle, error);
  // Of the same moment: what was made may be of before the change.
  if (!error && made > newest) return {};
  std::ranges::sort(names);
  std::string text;
  for (const auto& name : names) {
    const auto one = read_text_file(name, certificate_bytes_max);
    if (!one || !one->contains(begins)) continue;
    text += *one;
    if (!text.ends_with('\n')) text += '\n';
  }
  if (text.empty()) return fail(Kind::unavailable, "the folder " + folder + " has no certificates in files *.pem");
  remove_leftovers(bundle);
  return put_in_place(bundle, text, looked);
}

}  // namespace nephele::fleet
