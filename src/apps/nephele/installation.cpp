// SPDX-License-Identifier: Apache-2.0
#include "apps/nephele/installation.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <cstdlib>
#include <filesystem>
#include <system_error>

#include "base/secret.h"

namespace nephele::apps {

namespace fs = std::filesystem;

namespace {

std::string reason() {
  return std::generic_category().message(errno);
}

std::optional<std::string> environment(const char* name) {
  const char* value = std::getenv(name);  // NOLINT(concurrency-mt-unsafe): before any thread starts
  if (value == nullptr || *value == '\0') return std::nullopt;
  return std::string(value);
}

/// The lock is a record lock of the open file description: F_OFD_GETLK tells whether it is held, the text who holds it.
struct flock whole_file() {
  struct flock lock{};
  lock.l_type = F_WRLCK;
  lock.l_whence = SEEK_SET;
  return lock;
}

}  // namespace

std::string Installation::directory_from(const std::optional<std::string>& flag) {
  std::string directory;
  if (flag)
    directory = *flag;
  else if (const auto named = environment("NEPHELE_DATA"))
    directory = *named;
  else if (::geteuid() == 0)
    directory = "/var/lib/nephele";
  else if (const auto home = environment("XDG_DATA_HOME"))
    directory = *home + "/nephele";
  else
    directory = environment("HOME").value_or("/tmp") + "/.local/share/nephele";
  std::string absolute = fs::absolute(directory).lexically_normal().string();
  while (absolute.size() > 1 && absolute.back() == '/') absolute.pop_back();
  return absolute;
}

Result<> Installation::create() const {
  std::error_code ec;
  fs::create_directories(directory_, ec);
  if (ec)
    return fail(Kind::unavailable, "the data directory " + directory_ + " cannot be made: " + ec.message() +
                                       "; name another one with --data or NEPHELE_DATA");
  const mode_t mode = ::geteuid() == 0 ? 0711 : 0700;
  if (::chmod(directory_.c_str(), mode) != 0)
    return fail(Kind::unavailable, "the data directory " + directory_ + " is not ours: " + reason());
  for (const auto& part : {images(), servers(), file("log")}) {
    fs::create_directories(part, ec);
    if (ec || ::chmod(part.c_str(), mode) != 0)
      return fail(Kind::unavailable, part + " cannot be made: " + (ec ? ec.message() : reason()));
  }
  return {};
}

bool Installation::exists() const {
  std::error_code ec;
  return fs::exists(file("nephele.db"), ec) || fs::exists(key_file(), ec);
}

Result<ControlPlaneLock> ControlPlaneLock::take(const Installation& installation) {
  const std::string path = installation.file("control-plane.lock");
  FileHandle file(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  if (!file) return fail(Kind::unavailable, path + " cannot be opened: " + reason());
  struct flock lock = whole_file();
  if (::fcntl(file.get(), F_OFD_SETLK, &lock) != 0) {
    const auto pid = holder(installation);
    return fail(Kind::conflict, "a control plane runs in " + installation.directory() + " already" +
                                    (pid ? " (pid " + std::to_string(*pid) + ")" : "") +
                                    "; `nephele status` shows it, `nephele stop` ends it");
  }
  const std::string pid = std::to_string(::getpid()) + "\n";
  if (::ftruncate(file.get(), 0) != 0 ||
      ::pwrite(file.get(), pid.data(), pid.size(), 0) != static_cast<ssize_t>(pid.size()))
    return fail(Kind::unavailable, path + " cannot be written: " + reason());
  return ControlPlaneLock(std::move(file));
}

std::optional<int> ControlPlaneLock::holder(const Installation& installation) {
  const FileHandle file(::open(installation.file("control-plane.lock").c_str(), O_RDWR | O_CLOEXEC));
  if (!file) return std::nullopt;
  struct flock lock = whole_file();
  if (::fcntl(file.get(), F_OFD_GETLK, &lock) != 0 || lock.l_type == F_UNLCK) return std::nullopt;
  std::array<char, 16> text{};
  const ssize_t length = ::pread(file.get(), text.data(), text.size() - 1, 0);
  int pid = 0;
  if (length <= 0 || std::from_chars(text.data(), text.data() + length, pid).ec != std::errc{}) return std::nullopt;
  return pid;
}

Result<> write_private_file(const std::string& path, std::string_view text) {
  const std::string temporary = path + "." + random_password(8);
  FileHandle file(::open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  bool written = static_cast<bool>(file);
  while (written && !text.empty()) {
    const ssize_t count = ::write(file.get(), text.data(), text.size());
    written = count > 0;
    if (written) text.remove_prefix(static_cast<std::size_t>(count));
  }
  written = written && ::fsync(file.get()) == 0 && ::rename(temporary.c_str(), path.c_str()) == 0;
  if (written) return {};
  const std::string why = reason();
  ::unlink(temporary.c_str());
  return fail(Kind::unavailable, path + " cannot be written: " + why);
}

Result<std::string> read_small_file(const std::string& path) {
  const FileHandle file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file) return fail(errno == ENOENT ? Kind::not_found : Kind::unavailable, path + " cannot be read: " + reason());
  std::string text(64U << 10U, '\0');
  const ssize_t length = ::read(file.get(), text.data(), text.size());
  if (length < 0) return fail(Kind::unavailable, path + " cannot be read: " + reason());
  text.resize(static_cast<std::size_t>(length));
  return text;
}

}  // namespace nephele::apps
