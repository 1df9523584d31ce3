// SPDX-License-Identifier: Apache-2.0
#include "compute/images.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "base/secret.h"
#include "base/work_folder.h"
#include "compute/store.h"

namespace nephele::compute {

namespace fs = std::filesystem;

namespace {

constexpr std::array<std::string_view, 4> parts{"vmlinux", "initrd.img", "root.qcow2", "cmdline"};

// Read-only for everybody: machines run under another user.
constexpr auto readable = fs::perms::owner_read | fs::perms::group_read | fs::perms::others_read;
constexpr auto searchable =
    fs::perms::owner_write | fs::perms::owner_exec | fs::perms::group_exec | fs::perms::others_exec;

Result<> check_name(const std::string& name) {
  const bool good = !name.empty() && name.size() <= 64 && std::ranges::all_of(name, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_' ||
           c == '.';
  }) && name.front() != '.';
  if (good) return {};
  return fail(Kind::invalid, "image name \"" + name + "\": use letters, digits, - _ . and at most 64 characters");
}

Result<std::string> read_text(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  if (!file) return fail(Kind::invalid, path.string() + " cannot be read");
  return std::move(text).str();
}

/// Of the MANIFEST where there is one, which names the hash of each part; else of the parts themselves.
Result<std::string> content_hash(const fs::path& directory) {
  if (const auto manifest = read_text(directory / "MANIFEST")) return sha256_hex(*manifest).substr(0, 12);
  std::string hashes;
  for (const auto part : parts) {
    TRY(const auto text, read_text(directory / part));
    hashes += sha256_hex(text);
  }
  return sha256_hex(hashes).substr(0, 12);
}

void sync_path(const fs::path& path) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return;
  ::fsync(fd);
  ::close(fd);
}

}  // namespace

Result<Image> copy_image(const std::string& name, const std::string& directory, const std::string& images_directory,
                         const LeastDisk& least_disk) {
  TRY_VOID(check_name(name));
  for (const auto part : parts)
    if (std::error_code ec; !fs::is_regular_file(fs::path(directory) / part, ec))
      return fail(Kind::invalid, directory + " holds no " + std::string(part) + "; make an image with guest/build");
  TRY(auto words, read_text(fs::path(directory) / "cmdline"));
  while (!words.empty() && (words.back() == '\n' || words.back() == ' ')) words.pop_back();
  TRY(const auto hash, content_hash(directory));
  const std::string id = name + "-" + hash;
  const fs::path target = fs::path(images_directory) / id;
  TRY(const Bytes disk_least, least_disk((fs::path(directory) / "root.qcow2").string()));
  Image image{ImageId(id), name, target.string(), words, {}, disk_least};

  std::error_code ec;
  if (fs::is_directory(target, ec)) return image;
  fs::create_directories(images_directory, ec);
  TRY(const auto folder, WorkFolder::make(images_directory, id));
  const fs::path partial = folder.path();
  for (const auto part : parts) {
    if (!ec) fs::copy_file(fs::path(directory) / part, partial / part, ec);
    if (!ec) fs::permissions(partial / part, readable, ec);
    if (!ec) sync_path(partial / part);
  }
  if (!ec) fs::permissions(partial, readable | searchable, ec);
  if (!ec) fs::rename(partial, target, ec);
  if (ec) {
    std::error_code ignored;
    if (fs::is_directory(target, ignored)) return image;  // somebody else copied the same content meanwhile
    return fail(Kind::unavailable, "image " + name + " cannot be copied to " + images_directory + ": " + ec.message());
  }
  sync_path(images_directory);
  return image;
}

Images::Images(sql::Database& database, const Clock& clock, std::string directory, LeastDisk least_disk)
    : database_(database),
      clock_(clock),
      directory_(std::move(directory)),
      least_disk_(std::move(least_disk)),
      copying_("images", 1, 16) {}

Task<Result<Image>> Images::add(std::string name, std::string from) {
  CO_TRY(auto image, co_await copying_.run([&] { return copy_image(name, from, directory_, least_disk_); }));
  image.created = clock_.now();
  CO_TRY_VOID(co_await database_.write([&](sql::Tx& tx) { store::insert_image(tx, image); }));
  co_return image;
}

Task<Result<std::vector<Image>>> Images::list() {
  CO_TRY(auto found, co_await database_.read([](sql::Tx& tx) { return store::images(tx); }));
  for (auto& image : found) image.directory = directory_ + "/" + image.id.text();
  co_return found;
}

}  // namespace nephele::compute
