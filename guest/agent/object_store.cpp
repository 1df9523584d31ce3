// SPDX-License-Identifier: Apache-2.0
#include "object_store.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <filesystem>

#include "object_key.h"
#include "text.h"

namespace guest {
namespace {

constexpr std::string_view magic = "nephele-object 1\n";

bool sync_folder(const std::string& path) {
  const Fd folder(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  return folder && ::fsync(folder.get()) == 0;
}

std::string parent_of(const std::string& path) {
  return path.substr(0, path.find_last_of('/'));
}

StoreResult fault() {
  return errno == ENOSPC || errno == EDQUOT ? StoreResult::full : StoreResult::broken;
}

}  // namespace

std::string encode_record(const ObjectRecord& record) {
  std::string text(magic);
  text += "size " + std::to_string(record.size) + "\nmodified " + std::to_string(record.modified) + "\netag " +
          record.etag + "\ntype " + record.type + "\n";
  text.resize(ObjectRecord::bytes, '\0');
  return text;
}

std::optional<ObjectRecord> decode_record(std::string_view bytes) {
  if (bytes.size() != ObjectRecord::bytes || !bytes.starts_with(magic)) return std::nullopt;
  ObjectRecord record;
  bool sized = false;
  bytes.remove_prefix(magic.size());
  while (!bytes.empty() && bytes.front() != '\0') {
    const std::string_view line = bytes.substr(0, bytes.find('\n'));
    bytes.remove_prefix(std::min(line.size() + 1, bytes.size()));
    const std::size_t space = std::min(line.find(' '), line.size());
    const std::string_view key = line.substr(0, space);
    const std::string_view value = line.substr(std::min(space + 1, line.size()));
    if (key == "size") {
      const auto size = to_number(value, 1ULL << 60);
      sized = size.has_value();
      record.size = size.value_or(0);
    }
    if (key == "modified") record.modified = static_cast<std::int64_t>(to_number(value, 1ULL << 40).value_or(0));
    if (key == "etag") record.etag = value;
    if (key == "type") record.type = value;
  }
  if (!sized) return std::nullopt;
  return record;
}

bool ObjectStore::prepare() {
  std::error_code error;
  ::mkdir(folder_.c_str(), 0700);
  std::filesystem::remove_all(folder_ + "/new", error);
  ::mkdir((folder_ + "/new").c_str(), 0700);
  ::mkdir((folder_ + "/keys").c_str(), 0700);
  return ::access((folder_ + "/new").c_str(), W_OK) == 0 && ::access((folder_ + "/keys").c_str(), W_OK) == 0;
}

Fd ObjectStore::begin(std::string& temporary) {
  temporary = folder_ + "/new/" + std::to_string(++next_temporary_);
  Fd file(::open(temporary.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  if (file && ::lseek(file.get(), ObjectRecord::bytes, SEEK_SET) < 0) file.reset();
  return file;
}

bool ObjectStore::make_parents(const std::string& path) const {
  for (std::size_t slash = path.find('/', folder_.size() + 1); slash != std::string::npos;
       slash = path.find('/', slash + 1)) {
    const std::string folder = path.substr(0, slash);
    if (::mkdir(folder.c_str(), 0700) == 0) {
      if (!sync_folder(parent_of(folder))) return false;
    } else if (errno != EEXIST) {
      return false;
    }
  }
  return true;
}

StoreResult ObjectStore::commit(const Fd& file, const std::string& temporary, std::string_view key,
                                const ObjectRecord& record, bool only_new) const {
  const std::string path = folder_ + "/keys/" + key_to_path(key);
  const std::string head = encode_record(record);
  const auto give_up = [&](StoreResult result) {
    ::unlink(temporary.c_str());
    return result;
  };
  if (::pwrite(file.get(), head.data(), head.size(), 0) != static_cast<ssize_t>(head.size()) ||
      ::fsync(file.get()) != 0 || !make_parents(path))
    return give_up(fault());
  const bool existed = ::access(path.c_str(), F_OK) == 0;
  if (existed && only_new) return give_up(StoreResult::exists);  // nobody else changes names: jobs run one by one
  if (::rename(temporary.c_str(), path.c_str()) != 0) return give_up(fault());
  if (!sync_folder(parent_of(path))) return fault();
  return existed ? StoreResult::replaced : StoreResult::created;
}

void ObjectStore::prune_parents(std::string path) const {
  const std::string top = folder_ + "/keys";
  for (path = parent_of(path); path.size() > top.size(); path = parent_of(path))
    if (::rmdir(path.c_str()) != 0) return;
}

StoreResult ObjectStore::remove(std::string_view key) const {
  const std::string path = folder_ + "/keys/" + key_to_path(key);
  if (::unlink(path.c_str()) != 0) return errno == ENOENT || errno == ENOTDIR ? StoreResult::missing : fault();
  const bool durable = sync_folder(parent_of(path));
  prune_parents(path);
  return durable ? StoreResult::removed : StoreResult::broken;
}

std::optional<ObjectRecord> ObjectStore::open_object(std::string_view key, Fd& file) const {
  file.reset(::open((folder_ + "/keys/" + key_to_path(key)).c_str(), O_RDONLY | O_CLOEXEC));
  std::array<char, ObjectRecord::bytes> head;
  if (!file || ::pread(file.get(), head.data(), head.size(), 0) != static_cast<ssize_t>(head.size()))
    return std::nullopt;
  return decode_record(std::string_view(head.data(), head.size()));
}

}  // namespace guest
