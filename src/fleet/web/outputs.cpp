// SPDX-License-Identifier: Apache-2.0
#include "fleet/web/outputs.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

#include "base/secret.h"

namespace nephele::fleet::web {

namespace {

constexpr int at_once_of_a_machine = 4;
constexpr int at_once = 256;
constexpr std::size_t listed_max = 100'000;  // of a folder that anybody on this host may write into

/// For the machine too: no path of this host.
std::unexpected<Error> told(const std::string& what) {
  const int why = errno;
  const Kind kind = why == ENOSPC || why == EDQUOT    ? Kind::over_quota
                    : why == ENOENT || why == ENOTDIR ? Kind::not_found
                                                      : Kind::unavailable;
  return fail(kind, what + ": " + std::generic_category().message(why));
}

std::unexpected<Error> too_long() {
  return fail(Kind::invalid, "a joboutput must not be longer than joboutputs_file_mb allows");
}

struct Held {
  std::uint64_t bytes = 0;
  std::size_t files = 0;
};

struct CloseDirectory {
  void operator()(DIR* directory) const noexcept { ::closedir(directory); }
};

/// All but the file `name`, which is going to be replaced. What is no plain file counts too.
Result<Held> held_in(int folder, std::string_view name) {
  FileHandle again(::openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!again) return told("joboutputs");
  const std::unique_ptr<DIR, CloseDirectory> directory(::fdopendir(again.get()));
  if (!directory) return told("joboutputs");
  (void)again.release();
  Held out;
  while (const dirent* entry = ::readdir(directory.get())) {  // NOLINT(concurrency-mt-unsafe): a stream of our own
    const std::string_view found = entry->d_name;
    if (found == "." || found == ".." || found == name) continue;
    struct stat info{};
    if (::fstatat(folder, entry->d_name, &info, AT_SYMLINK_NOFOLLOW) != 0) continue;
    out.bytes += static_cast<std::uint64_t>(info.st_size);
    if (++out.files > listed_max) break;
  }
  return out;
}

/// Of a small file, by one that is as small.
bool takes_the_place_of_another(int folder, const std::string& name, std::uint64_t declared) {
  constexpr std::uint64_t small = 4096;
  struct stat info{};
  return declared > 0 && declared <= small && ::fstatat(folder, name.c_str(), &info, AT_SYMLINK_NOFOLLOW) == 0 &&
         S_ISREG(info.st_mode);
}

Result<> check_room(int folder, std::string_view name, std::uint64_t bytes, const OutputLimits& limits) {
  TRY(const Held held, held_in(folder, name));
  if (held.files + 1 > limits.files)
    return fail(Kind::over_quota,
                "the machine has " + std::to_string(held.files) + " joboutputs, and may have no more");
  if (held.bytes + bytes > limits.machine.count())
    return fail(Kind::over_quota, "the machine has " + std::to_string(held.bytes) + " bytes of joboutputs, and " +
                                      std::to_string(bytes) + " more are too many");
  return {};
}

}  // namespace

Upload::~Upload() {
  if (!temporary_.empty()) ::unlink(temporary_.c_str());
  if (counted_) outputs_.leave(folder_, room_);
}

Result<> Upload::add(std::span<const std::byte> bytes) {
  if (bytes.size() > limits_.file.count() - bytes_) return too_long();
  bytes_ += bytes.size();
  while (!bytes.empty()) {
    const ssize_t put = ::write(file_.get(), bytes.data(), bytes.size());
    if (put < 0 && errno == EINTR) continue;
    if (put < 0) return told(name_);
    bytes = bytes.subspan(static_cast<std::size_t>(put));
  }
  return {};
}

Result<> Upload::commit() {
  constexpr mode_t readable = 0644;  // whatever the umask
  if (::fchmod(file_.get(), readable) != 0 || ::fsync(file_.get()) != 0) return told(name_);
  {
    const std::lock_guard lock(outputs_.commits_);
    TRY_VOID(check_room(directory_.get(), name_, bytes_, limits_));
    if (::renameat(AT_FDCWD, temporary_.c_str(), directory_.get(), name_.c_str()) != 0) return told(name_);
  }
  temporary_.clear();
  if (::fsync(directory_.get()) != 0) return told("joboutputs");
  return {};
}

bool Outputs::enter(const std::string& folder, std::uint64_t room) {
  const std::lock_guard lock(mutex_);
  if (all_ >= at_once) return false;
  int& here = under_way_[folder];
  if (here >= at_once_of_a_machine) return false;
  ++here;
  ++all_;
  room_ += room;
  return true;
}

void Outputs::leave(const std::string& folder, std::uint64_t room) noexcept {
  const std::lock_guard lock(mutex_);
  --all_;
  room_ -= room;
  const auto found = under_way_.find(folder);
  if (found != under_way_.end() && --found->second == 0) under_way_.erase(found);
}

/// What is under way has its room already, whatever of it has come.
Result<> Outputs::check_disk(int folder, Bytes free) {
  struct statvfs disk{};
  if (::fstatvfs(folder, &disk) != 0) return told("joboutputs");
  const std::uint64_t left = disk.f_bavail * disk.f_frsize;
  const std::lock_guard lock(mutex_);
  if (left >= room_ && left - room_ >= free.count()) return {};
  return fail(Kind::over_quota,
              "the disk has " + std::to_string(left) + " bytes left; less than joboutputs_free_mb would remain");
}

/// In the same file system as the machine's own, where the contract has such files.
std::string Outputs::temporary_folder(const std::string& machine) const {
  return machine.starts_with(files_.shared() + "/") ? files_.shared("tmp") : files_.lib("tmp");
}

namespace {
std::string prefix_of(const Files& files) {
  return "joboutput-" + files.node() + "+";  // no other node's name goes on like that
}
}  // namespace

void Outputs::clear_leftovers() const {
  for (const auto& folder : {files_.shared("tmp"), files_.lib("tmp")}) {
    const auto names = names_in(folder);
    if (!names) continue;
    for (const auto& name : *names)
      if (name.starts_with(prefix_of(files_))) ::unlink((folder + "/" + name).c_str());
  }
}

Result<std::unique_ptr<Upload>> Outputs::begin(const std::string& machine, const std::string& name,
                                               std::uint64_t declared, const OutputLimits& limits) {
  const std::string folder = machine + "/joboutputs";
  std::unique_ptr<Upload> made(new Upload(*this, folder, name, limits));
  if (declared > limits.file.count()) return too_long();
  made->directory_ = FileHandle(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW));
  if (!made->directory_) return told("joboutputs");
  made->room_ = declared != 0 ? declared : limits.file.count();
  if (!enter(folder, made->room_))
    return fail(Kind::busy, "too many joboutputs are being sent at once; try again in a moment");
  made->counted_ = true;
  // The disk is no fuller by a heartbeat that takes the place of the one before, and its machine lives by it.
  if (!takes_the_place_of_another(made->directory_.get(), name, declared))
    TRY_VOID(check_disk(made->directory_.get(), limits.free));
  TRY_VOID(check_room(made->directory_.get(), name, declared, limits));
  const std::string place = temporary_folder(machine);
  TRY_VOID(files_.make_folder(place, 0750));
  made->temporary_ = place + "/" + prefix_of(files_) + random_token(12);
  made->file_ = FileHandle(::open(made->temporary_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  if (!made->file_) return told(name);
  return made;
}

}  // namespace nephele::fleet::web
