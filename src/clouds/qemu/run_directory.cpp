// SPDX-License-Identifier: Apache-2.0
#include "clouds/qemu/run_directory.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <cstring>
#include <filesystem>
#include <thread>

#include "base/text_file.h"

namespace nephele::qemu {

namespace {

constexpr std::size_t record_bytes_max = std::size_t{64} * 1024;
constexpr std::array<std::string_view, 4> leftovers{"qmp", "qmp2", "console", "ctl"};

Result<> make_directory(const std::string& path, mode_t mode, std::optional<UserIds> owner, gid_t group) {
  if (::mkdir(path.c_str(), 0700) != 0 && errno != EEXIST)
    return fail(Kind::unavailable, fmt::format("{}: {}", path, std::strerror(errno)));
  const FileHandle directory(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!directory) return fail(Kind::unavailable, fmt::format("{}: {}", path, std::strerror(errno)));
  const bool chown_needed = owner || group != static_cast<gid_t>(-1);
  const uid_t uid = owner ? owner->uid : static_cast<uid_t>(-1);
  if ((chown_needed && ::fchown(directory.get(), uid, group) != 0) || ::fchmod(directory.get(), mode) != 0)
    return fail(Kind::unavailable, fmt::format("{}: {}", path, std::strerror(errno)));
  return {};
}

pid_t pid_in(const std::string& path) {
  const std::string text = read_text_file(path, 32).value_or("");
  pid_t pid = 0;
  std::from_chars(text.data(), text.data() + text.size(), pid);
  return pid;
}

}  // namespace

Result<> RunDirectory::create() const {
  const gid_t nobody = static_cast<gid_t>(-1);
  TRY_VOID(make_directory(path_, user_ ? 0710 : 0700, std::nullopt, user_ ? user_->gid : nobody));
  return make_directory(run(), 0700, user_, user_ ? user_->gid : nobody);
}

bool RunDirectory::exists() const {
  std::error_code ignored;
  return std::filesystem::is_directory(path_, ignored);
}

Result<> RunDirectory::save(const Record& record) const {
  return replace_file(path_ + "/vm.json", write_record(record), 0600);
}

Result<Record> RunDirectory::load() const {
  const auto text = read_text_file(path_ + "/vm.json", record_bytes_max);
  if (!text) return fail(Kind::not_found, path_ + " holds no machine that was completely prepared");
  return read_record(*text);
}

Result<FileHandle> RunDirectory::lock() const {
  FileHandle file(::open((path_ + "/lock").c_str(), O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600));
  if (!file) return fail(Kind::not_found, fmt::format("{}/lock: {}", path_, std::strerror(errno)));
  if (::flock(file.get(), LOCK_EX | LOCK_NB) == 0) return file;
  if (errno == EWOULDBLOCK) return fail(Kind::conflict, "a process of this machine is running already");
  return fail(Kind::unavailable, fmt::format("{}/lock: {}", path_, std::strerror(errno)));
}

Result<Process> RunDirectory::holder(const Record& record) const {
  if (const auto mine = lock(); mine || mine.error().kind() != Kind::conflict)
    return fail(Kind::not_found, "no process of this machine is running");
  if (record.pid != 0 && record.boot_id == host_boot_id())
    if (auto process = Process::find(record.pid, record.started)) return process;
  // The record is older than the process: its starter died before it could write the pid. The child writes it itself,
  // some microseconds after its birth.
  for (int look = 0; look < 20; ++look) {
    if (auto process = Process::find(pid_in(path_ + "/lock"), std::nullopt)) return process;
    if (auto process = Process::find(find_process_by_argument(record.uuid), std::nullopt)) return process;
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
    if (lock()) return fail(Kind::not_found, "no process of this machine is running");
  }
  return fail(Kind::unavailable, path_ + "/lock is held by a process that cannot be found; end it (fuser shows it)");
}

void RunDirectory::sweep() const {
  for (const std::string_view name : leftovers) ::unlink(file(name).c_str());
}

Result<> RunDirectory::remove() const {
  std::error_code ec;
  std::filesystem::remove_all(run(), ec);
  if (!ec) std::filesystem::remove_all(path_, ec);
  if (ec) return fail(Kind::unavailable, fmt::format("{} cannot be removed: {}", path_, ec.message()));
  return {};
}

Result<std::string> pass_file(const std::string& file, const std::string& ours, const std::optional<UserIds>& user,
                              std::vector<FileHandle>& kept) {
  if (!user) {
    if (::access(file.c_str(), R_OK) == 0) return file;
    return fail(Kind::unavailable, fmt::format("{}: {}", file, std::strerror(errno)));
  }
  FileHandle opened(::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  struct stat about{};
  if (!opened || ::fstat(opened.get(), &about) != 0)
    return fail(Kind::unavailable, fmt::format("{}: {}", file, std::strerror(errno)));
  constexpr mode_t group_reads = 0040;
  constexpr mode_t all_read = 0004;
  const bool readable =
      (about.st_mode & all_read) != 0 || (about.st_gid == user->gid && (about.st_mode & group_reads) != 0);
  if (!readable && !file.starts_with(ours + "/"))
    return fail(Kind::forbidden, file + " cannot be read by the user that machines run under; allow it with chmod a+r");
  if (!readable && (::fchown(opened.get(), static_cast<uid_t>(-1), user->gid) != 0 ||
                    ::fchmod(opened.get(), (about.st_mode & 07777U) | group_reads) != 0))
    return fail(Kind::unavailable, fmt::format("{}: {}", file, std::strerror(errno)));
  kept.push_back(std::move(opened));
  return fmt::format("/proc/self/fd/{}", kept.back().get());
}

}  // namespace nephele::qemu
