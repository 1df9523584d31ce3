// SPDX-License-Identifier: Apache-2.0
// `nephele backup` and `nephele restore`: the database and the secrets that belong to it. Disks of machines are not
// copied; they stay where they are.
#include <sys/stat.h>

#include <array>
#include <filesystem>
#include <iostream>

#include "apps/nephele/foundation.h"
#include "apps/nephele/verbs.h"

namespace nephele::apps {

namespace fs = std::filesystem;

namespace {

constexpr std::string_view database_file = "nephele.db";
constexpr std::array<std::string_view, 3> companions{"secret.key", "demo-auth", "nephele.conf"};
constexpr std::array<std::string_view, 2> database_leftovers{"nephele.db-wal", "nephele.db-shm"};

Result<> failed(const std::string& what, const std::error_code& ec) {
  return fail(Kind::unavailable, what + ": " + ec.message());
}

Result<> make_copy(const Context& context, const fs::path& target) {
  std::error_code ec;
  if (fs::exists(target, ec)) return fail(Kind::conflict, target.string() + " exists; name a new directory");
  const fs::path partial = target.string() + ".partial";
  fs::remove_all(partial, ec);
  if (!fs::create_directory(partial, ec)) return failed(partial.string() + " cannot be made", ec);
  if (::chmod(partial.c_str(), 0700) != 0) return fail(Kind::unavailable, partial.string() + " is not ours");
  TRY(auto foundation, Foundation::open(context.installation, context.settings, Foundation::LogTo::file, false));
  TRY_VOID(foundation->database().backup_to((partial / database_file).string()));
  for (const auto name : companions) {
    const fs::path from = context.installation.file(name);
    if (fs::exists(from, ec)) fs::copy_file(from, partial / name, ec);
    if (ec) return failed(from.string() + " cannot be copied", ec);
  }
  fs::rename(partial, target, ec);
  if (ec) return failed(target.string() + " cannot be made", ec);
  return {};
}

/// Everything is first laid beside its place and then renamed; the old database is kept under another name.
Result<> put_back(const Context& context, const fs::path& source) {
  std::error_code ec;
  if (!fs::exists(source / database_file, ec))
    return fail(Kind::not_found, source.string() + " is no backup: it holds no " + std::string(database_file));
  if (const auto pid = ControlPlaneLock::holder(context.installation))
    return fail(Kind::conflict, "a control plane runs (pid " + std::to_string(*pid) + "); `nephele stop` first");
  TRY_VOID(context.installation.create());
  TRY(const auto lock, ControlPlaneLock::take(context.installation));

  const fs::path data = context.installation.directory();
  const auto lay = [&](std::string_view name) -> Result<> {
    if (!fs::exists(source / name, ec)) return {};
    const fs::path beside = data / ("." + std::string(name) + ".restored");
    fs::copy_file(source / name, beside, fs::copy_options::overwrite_existing, ec);
    if (!ec) fs::permissions(beside, fs::perms::owner_read | fs::perms::owner_write, ec);
    if (ec) return failed(beside.string() + " cannot be written", ec);
    return {};
  };
  TRY_VOID(lay(database_file));
  for (const auto name : companions) TRY_VOID(lay(name));

  if (fs::exists(data / database_file, ec)) fs::rename(data / database_file, data / "nephele.db.before-restore", ec);
  for (const auto name : database_leftovers) fs::remove(data / name, ec);
  for (const auto name : companions) {
    const fs::path beside = data / ("." + std::string(name) + ".restored");
    if (fs::exists(beside, ec)) fs::rename(beside, data / name, ec);
    if (ec) return failed(std::string(name) + " cannot be put in place", ec);
  }
  fs::rename(data / ("." + std::string(database_file) + ".restored"), data / database_file, ec);
  if (ec) return failed("the database cannot be put in place", ec);
  return {};
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
  const auto done = put_back(context, fs::absolute(directory));
  if (!done) return report(done.error());
  std::cerr << "restored from " << directory << "; the database of before is nephele.db.before-restore. At the next "
            << "start machines that the backup does not know are removed\n";
  return 0;
}

}  // namespace nephele::apps
