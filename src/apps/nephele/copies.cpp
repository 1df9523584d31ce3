// SPDX-License-Identifier: Apache-2.0
// `nephele backup` and `nephele restore`: the database and the secrets that belong to it. Disks of machines are not
// copied; they stay where they are. Both may be killed between any two instructions: the source is never harmed, and
// the target is whole or refused with the way out.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <filesystem>
#include <iostream>

#include "apps/nephele/foundation.h"
#include "apps/nephele/processes.h"
#include "apps/nephele/verbs.h"
#include "base/fault_point.h"

namespace nephele::apps {

namespace fs = std::filesystem;

namespace {

constexpr std::string_view database_file = "nephele.db";
constexpr std::string_view set_aside = "nephele.db.before-restore";
constexpr std::string_view unfinished = ".partial";
constexpr std::string_view key_name = "secret.key";
constexpr std::array<std::string_view, 4> companions{key_name, "driver-id", "demo-auth", "nephele.conf"};

Result<> failed(const std::string& what, const std::error_code& ec) {
  return fail(Kind::unavailable, what + ": " + ec.message());
}

/// A file's content, or a directory's names, reach the disk.
Result<> sync(const fs::path& path) {
  const FileHandle file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (file && ::fsync(file.get()) == 0) return {};
  return failed(path.string() + " cannot be written to disk", {errno, std::generic_category()});
}

Result<> duplicate(const fs::path& from, const fs::path& to) {
  std::error_code ec;
  fs::remove(to, ec);
  fs::copy_file(from, to, ec);
  if (!ec) fs::permissions(to, fs::perms::owner_read | fs::perms::owner_write, ec);
  if (ec) return failed(from.string() + " cannot be copied to " + to.string(), ec);
  return sync(to);
}

Result<> put(const fs::path& from, const fs::path& to) {
  std::error_code ec;
  fs::rename(from, to, ec);
  if (ec) return failed(to.string() + " cannot be put in place", ec);
  return {};
}

/// The database last: a directory that holds it holds everything.
Result<> fill(const Context& context, const fs::path& partial) {
  TRY(auto foundation, Foundation::open(context.installation, context.settings, Foundation::LogTo::file, false));
  std::error_code ec;
  for (const auto name : companions) {
    const bool named_key = name == key_name && !context.settings.secret_key_file.empty();
    const fs::path from = named_key ? context.settings.secret_key_file : context.installation.file(name);
    if (fs::exists(from, ec)) TRY_VOID(duplicate(from, partial / name));
  }
  fault_point("backup/companions:after");
  return foundation->database().backup_to((partial / database_file).string());
}

Result<> make_copy(const Context& context, const fs::path& target) {
  std::error_code ec;
  if (fs::exists(target, ec)) return fail(Kind::conflict, target.string() + " exists; name a new directory");
  const fs::path partial = target.string() + std::string(unfinished);
  fs::remove_all(partial, ec);
  // Nobody else's from its first moment on: we may end between any two.
  if (::mkdir(partial.c_str(), 0700) != 0)
    return failed(partial.string() + " cannot be made", std::error_code(errno, std::generic_category()));
  auto done = fill(context, partial);
  fault_point("backup/filled:after");
  if (done) done = put(partial, target);
  if (done) return sync(target.parent_path());
  fs::remove_all(partial, ec);  // it may hold the key
  return done;
}

/// Says what is wrong with a backup before anything is changed.
Result<> check_source(const fs::path& source) {
  std::error_code ec;
  if (source.string().ends_with(unfinished))
    return fail(Kind::invalid, source.string() + " is a backup that was interrupted; restore a finished one");
  for (const auto name : {database_file, companions.front()})
    if (!fs::exists(source / name, ec))
      return fail(Kind::not_found, source.string() + " is no backup: it holds no " + std::string(name));
  return {};
}

fs::path beside(const fs::path& data, std::string_view name) {
  return data / ("." + std::string(name) + ".restored");
}

/// Copies of the backup beside the places that they shall take, read through to the last page.
Result<> lay(const fs::path& source, const fs::path& data) {
  std::error_code ec;
  for (const auto name : companions) {
    fs::remove(beside(data, name), ec);
    if (fs::exists(source / name, ec)) TRY_VOID(duplicate(source / name, beside(data, name)));
  }
  const fs::path database = beside(data, database_file);
  for (const auto* end : {"-wal", "-shm"}) fs::remove(database.string() + end, ec);
  TRY_VOID(duplicate(source / database_file, database));
  sql::Settings look;
  look.url = "sqlite:" + database.string();
  look.check_whole = true;
  const auto opened = sql::Database::open(look);
  if (opened) return {};
  return fail(opened.error().kind(),
              source.string() + " cannot be restored, and nothing was changed: " + opened.error().sentence());
}

/// The old database and its log under another name: together they are all that was ever committed. What an interrupted
/// restore has set aside already is not overwritten by the half of its work.
Result<> put_aside(const fs::path& data) {
  std::error_code ec;
  for (const auto* end : {"", "-wal"}) {
    const fs::path from = data / (std::string(database_file) + end);
    const fs::path to = data / (std::string(set_aside) + end);
    if (!fs::exists(from, ec)) continue;
    if (fs::exists(to, ec)) {
      fs::remove(from, ec);
    } else {
      TRY_VOID(put(from, to));
    }
    fault_point("restore/aside:after");
  }
  fs::remove(data / (std::string(database_file) + "-shm"), ec);
  return sync(data);
}

Result<> put_back(const Context& context, const fs::path& source) {
  TRY_VOID(check_source(source));
  const Installation& installation = context.installation;
  if (const auto running = processes_of(installation); !running.empty())
    return fail(Kind::conflict, "a control plane runs: " + text_of(running) + "; `nephele stop` first");
  TRY_VOID(installation.create());
  TRY(const auto lock, MachinesLock::take(installation));
  const fs::path data = installation.directory();
  TRY_VOID(lay(source, data));
  fault_point("restore/laid:after");

  std::error_code ec;
  if (!fs::exists(installation.restore_mark(), ec)) {
    for (const auto* end : {"", "-wal"}) fs::remove(data / (std::string(set_aside) + end), ec);
    TRY_VOID(write_private_file(installation.restore_mark(), source.string()));
    TRY_VOID(sync(data));
  }
  fault_point("restore/marked:after");
  TRY_VOID(put_aside(data));
  for (const auto name : companions)
    if (fs::exists(beside(data, name), ec)) TRY_VOID(put(beside(data, name), data / name));
  fault_point("restore/companions:after");
  TRY_VOID(put(beside(data, database_file), data / database_file));
  TRY_VOID(sync(data));
  fault_point("restore/database:after");
  fs::remove(installation.restore_mark(), ec);
  if (ec) return failed(installation.restore_mark() + " cannot be removed", ec);
  return sync(data);
}

}  // namespace

int backup(const Context& context, const std::string& directory) {
  if (!context.settings.database_url.empty())
    return report(Error(Kind::invalid, "this cloud's state lives in PostgreSQL; back it up with pg_dump"));
  const auto done = make_copy(context, fs::absolute(directory));
  if (!done) return report(done.error());
  std::cerr << "backup written to " << directory << ": keep it private, it holds this cloud's secret key. Disks of "
            << "machines are not in it\n";
  return 0;
}

int restore(const Context& context, const std::string& directory) {
  const auto done = put_back(context, fs::absolute(directory).lexically_normal());
  if (!done) return report(done.error());
  std::cerr << "restored from " << directory << "; the database of before is nephele.db.before-restore. At the next "
            << "start machines that the backup does not know are removed\n";
  return 0;
}

}  // namespace nephele::apps
