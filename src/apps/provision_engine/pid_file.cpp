// SPDX-License-Identifier: Apache-2.0
#include "apps/provision_engine/pid_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <system_error>

#include "base/dead_holder.h"

namespace nephele::apps::engine {
namespace {

struct flock whole_file() {
  struct flock lock{};
  lock.l_type = F_WRLCK;
  lock.l_whence = SEEK_SET;
  return lock;
}

std::string reason() {
  return std::generic_category().message(errno);
}

bool is_ours(int file) {
  struct stat status{};
  return ::fstat(file, &status) == 0 && S_ISREG(status.st_mode) && status.st_uid == ::geteuid();
}

std::optional<int> written_in(int file) {
  std::array<char, 16> text{};
  const auto length = ::pread(file, text.data(), text.size() - 1, 0);
  int pid = 0;
  if (length <= 0 || std::from_chars(text.data(), text.data() + length, pid).ec != std::errc{}) return std::nullopt;
  return pid;
}

}  // namespace

Result<PidFile> PidFile::take(const std::string& path) {
  FileHandle file(::open(path.c_str(), O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC | O_NOCTTY, 0644));
  if (!file) return fail(Kind::unavailable, path + " cannot be written: " + reason() + "; name another :pid_file:");
  if (!is_ours(file.get()))
    return fail(Kind::forbidden, path + " belongs to somebody else; remove it or name another :pid_file:");
  const auto lock_it = [&] {
    struct flock lock = whole_file();
    return ::fcntl(file.get(), F_OFD_SETLK, &lock) == 0;
  };
  if (!lock_after_the_dead(lock_it, [&] { return written_in(file.get()).value_or(0); })) {
    const auto pid = written_in(file.get());
    return fail(Kind::conflict, "Found pid " + (pid ? std::to_string(*pid) : "?") + " at " + path +
                                    "\nProvision Engine is already running or wasn't stopped cleanly");
  }
  const auto text = std::to_string(::getpid()) + "\n";
  if (::ftruncate(file.get(), 0) != 0 ||
      ::pwrite(file.get(), text.data(), text.size(), 0) != static_cast<ssize_t>(text.size()))
    return fail(Kind::unavailable, path + " cannot be written: " + reason());
  return PidFile(std::move(file), path);
}

std::optional<int> PidFile::holder(const std::string& path) {
  // Reading is enough to ask; the server may be another user's.
  const FileHandle file(::open(path.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NOCTTY));
  if (!file) return std::nullopt;
  struct flock lock = whole_file();
  if (::fcntl(file.get(), F_OFD_GETLK, &lock) != 0 || lock.l_type == F_UNLCK) return std::nullopt;
  return written_in(file.get());
}

bool PidFile::exists(const std::string& path) {
  struct stat status{};
  return ::lstat(path.c_str(), &status) == 0;
}

void PidFile::touch() const noexcept {
  (void)::futimens(file_.get(), nullptr);
}

PidFile::~PidFile() {
  if (file_) ::unlink(path_.c_str());
}

}  // namespace nephele::apps::engine
