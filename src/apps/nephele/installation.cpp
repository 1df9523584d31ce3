// SPDX-License-Identifier: Apache-2.0
#include "apps/nephele/installation.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <system_error>

#include "base/file_handle.h"
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
  // Ours belongs to one user; taking it from everybody else would break what they keep there, such as all of /tmp.
  const auto before = fs::status(directory_, ec).permissions();
  if (!ec && (before & fs::perms::others_write) != fs::perms::none)
    return fail(Kind::invalid, directory_ + " is a directory that everybody writes to; name one of its own below it");
  fs::create_directories(directory_, ec);
  if (ec)
    return fail(Kind::unavailable, "the data directory " + directory_ + " cannot be made: " + ec.message() +
                                       "; name another one with --data or NEPHELE_DATA");
  const mode_t mode = ::geteuid() == 0 ? 0711 : 0700;
  const auto refused = [this](const std::string& what) {
    return fail(Kind::unavailable, what + ": " + reason() + "; " + directory_ +
                                       " must be writable and belong to the user that runs the cloud");
  };
  if (::chmod(directory_.c_str(), mode) != 0) return refused("the data directory " + directory_ + " cannot be used");
  for (const auto& part : {images(), servers(), processes(), file("log")}) {
    fs::create_directories(part, ec);
    if (ec) errno = ec.value();
    if (ec || ::chmod(part.c_str(), mode) != 0) return refused(part + " cannot be made");
  }
  return {};
}

bool Installation::exists() const {
  std::error_code ec;
  return has_state() || fs::exists(key_file(), ec);
}

bool Installation::has_state() const {
  std::error_code ec;
  if (fs::exists(file("nephele.db"), ec)) return true;
  return fs::is_directory(servers(), ec) && fs::is_directory(images(), ec) && fs::is_directory(processes(), ec);
}

std::string host_name() {
  std::array<char, 256> name{};
  if (::gethostname(name.data(), name.size() - 1) != 0) return "localhost";
  return name.data();
}

Result<std::string> Installation::driver_id() const {
  const std::string path = file("driver-id");
  auto known = read_small_file(path);
  if (!known && known.error().kind() != Kind::not_found) return known;
  if (!known) {
    // The host's name makes it readable; what makes it unique is drawn.
    std::string drawn = host_name();
    drawn = drawn.substr(0, drawn.find('.')) + "-" + random_password(8);
    TRY_VOID(write_private_file(path, drawn + "\n"));
    return drawn;
  }
  while (known->ends_with('\n')) known->pop_back();
  const auto fits = [](char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '-' || c == '_'; };
  if (known->empty() || known->size() > 300 || !std::ranges::all_of(*known, fits))
    return fail(Kind::invalid, path + " holds no name: write back what `nephele doctor` of another node shows for it");
  return known;
}

std::string shipped_guest_image() {
  namespace fs = std::filesystem;
  std::error_code ec;
  const fs::path program = fs::read_symlink("/proc/self/exe", ec);
  for (const auto& place : {program.parent_path() / "../build/guest-image", fs::path("/usr/share/nephele/guest")})
    if (fs::exists(place / "root.qcow2", ec)) return fs::canonical(place, ec).string();
  return "";
}

Result<> refuse_half_restored(const Installation& installation) {
  const auto source = read_small_file(installation.restore_mark());
  if (!source && source.error().kind() == Kind::not_found) return {};
  const std::string from = source && !source->empty() ? *source : "DIRECTORY";
  return fail(Kind::conflict, "a restore into " + installation.directory() + " was interrupted; run `nephele restore " +
                                  from + "` again, it finishes the work");
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
