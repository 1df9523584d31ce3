// SPDX-License-Identifier: Apache-2.0
#include "sql/sqlite_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <system_error>

#include "base/file_handle.h"

namespace nephele::sql {

namespace {

std::string reason(int error) {
  return std::generic_category().message(error);
}

Result<> sync(const std::string& path, int flags) {
  const FileHandle file(::open(path.c_str(), flags | O_CLOEXEC));
  if (file && ::fsync(file.get()) == 0) return {};
  return fail(Kind::unavailable, fmt::format("{}: cannot be written to disk ({})", path, reason(errno)));
}

}  // namespace

Result<> create_sqlite_file(const std::string& path) {
  if (path.empty() || path.starts_with(':'))
    return fail(Kind::invalid, "the database's address names no file; write sqlite:/path/to/file");
  // SQLite gives its log and shared-memory files the mode of the database.
  const FileHandle file(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  if (!file) {
    const int error = errno;
    const char* advice =
        error == ENOENT ? "create its folder first" : "it and its folder must be writable for this user";
    return fail(Kind::unavailable, fmt::format("{}: cannot be opened ({}); {}", path, reason(error), advice));
  }
  struct stat status{};
  if (::fstat(file.get(), &status) != 0 || !S_ISREG(status.st_mode))
    return fail(Kind::invalid, fmt::format("{}: is not a regular file; the database needs one", path));
  return {};
}

void check_sqlite_file(SqliteConnection& connection, const std::string& path, bool whole) {
  struct stat status{};
  const bool small = ::stat(path.c_str(), &status) == 0 && status.st_size <= checked_bytes_max;
  const std::string found = connection.pragma(
      small || whole ? "PRAGMA quick_check(1)" : "SELECT CASE WHEN count(*) >= 0 THEN 'ok' END FROM sqlite_schema");
  if (found != "ok")
    throw Failure(Failure::Cause::corrupt, fmt::format("{}: the file is damaged ({}); nothing was changed in it; put a "
                                                       "backup in its place with `nephele restore DIRECTORY`",
                                                       path, found));
  connection.file_is_sound();
}

void reserve_log(const std::string& path) noexcept {
  // Blocks behind the end of the log: SQLite sees nothing of them. A file system that has none to give, or cannot,
  // leaves things as they are.
  const FileHandle log(::open((path + "-wal").c_str(), O_WRONLY | O_CLOEXEC));
  if (log) [[maybe_unused]]
    const int ignored = ::fallocate(log.get(), FALLOC_FL_KEEP_SIZE, 0, log_reserve_bytes);
}

Result<> copy_sqlite_file(const std::string& path, const std::string& target) {
  {
    const FileHandle made(::open(target.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
    if (!made) {
      const int error = errno;
      return fail(error == EEXIST ? Kind::conflict : Kind::unavailable,
                  fmt::format("{}: cannot be made ({}); choose a new name in a folder that is writable", target,
                              reason(error)));
    }
  }
  try {
    SqliteConnection connection(path, SqliteConnection::Role::writer);
    connection.limit(in(std::chrono::hours(1)));
    const Value into = target;
    connection.run({"sql.backup", "VACUUM INTO $1"}, {&into, 1});
  } catch (const Failure& failure) {
    std::error_code ignored;
    std::filesystem::remove(target, ignored);
    return fail(to_error(failure));
  }
  TRY_VOID(sync(target, O_RDONLY));
  const auto folder = std::filesystem::path(target).parent_path();
  return sync(folder.empty() ? "." : folder.string(), O_RDONLY | O_DIRECTORY);
}

}  // namespace nephele::sql
