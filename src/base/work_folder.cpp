// SPDX-License-Identifier: Apache-2.0
#include "base/work_folder.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>

#include <cerrno>
#include <filesystem>
#include <system_error>
#include <utility>

#include "base/secret.h"

namespace nephele {

namespace fs = std::filesystem;

namespace {

constexpr std::string_view suffix = ".part";

/// The folder, locked; none when somebody else has it, or it has gone meanwhile.
FileHandle locked(const std::string& path) {
  FileHandle folder(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW));
  struct stat ours{}, there{};
  if (!folder || ::flock(folder.get(), LOCK_EX | LOCK_NB) != 0 || ::fstat(folder.get(), &ours) != 0 ||
      ::lstat(path.c_str(), &there) != 0 || ours.st_ino != there.st_ino || ours.st_dev != there.st_dev)
    return {};
  return folder;
}

void remove_those_of_the_dead(const std::string& parent) {
  std::error_code ec, ignored;
  for (fs::directory_iterator entry(parent, ec), end; !ec && entry != end; entry.increment(ec)) {
    const auto name = entry->path().filename().string();
    if (!name.starts_with('.') || !name.ends_with(suffix)) continue;
    if (const auto lock = locked(entry->path().string())) fs::remove_all(entry->path(), ignored);
  }
}

}  // namespace

WorkFolder::WorkFolder(std::string path, FileHandle lock) : path_(std::move(path)), lock_(std::move(lock)) {}
WorkFolder::WorkFolder(WorkFolder&& other) noexcept
    : path_(std::exchange(other.path_, {})), lock_(std::move(other.lock_)) {}

WorkFolder::~WorkFolder() {
  std::error_code ignored;
  if (!path_.empty()) fs::remove_all(path_, ignored);
}

Result<WorkFolder> WorkFolder::make(const std::string& parent, std::string_view name) {
  constexpr int tries_max = 5;
  constexpr std::size_t random_bytes = 12;
  remove_those_of_the_dead(parent);
  for (int i = 0; i < tries_max; ++i) {
    std::string path = parent + "/." + std::string(name) + "." + random_token(random_bytes) + std::string(suffix);
    if (::mkdir(path.c_str(), 0700) != 0)
      return fail(Kind::unavailable, path + " cannot be made: " + std::generic_category().message(errno));
    // Between these two somebody who clears up may have taken it for one of the dead.
    if (auto lock = locked(path)) return WorkFolder(std::move(path), std::move(lock));
  }
  return fail(Kind::unavailable, "no folder can be kept below " + parent);
}

}  // namespace nephele
