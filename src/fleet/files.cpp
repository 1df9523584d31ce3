// SPDX-License-Identifier: Apache-2.0
#include "fleet/files.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <filesystem>
#include <system_error>

#include "base/dead_holder.h"
#include "base/text_file.h"

namespace nephele::fleet {

namespace fs = std::filesystem;

namespace {

constexpr std::size_t state_max = 4'096;
constexpr std::size_t times_bytes = 16;

std::unexpected<Error> told(const std::string& path) {
  const Kind kind = errno == ENOENT ? Kind::not_found : errno == EACCES ? Kind::forbidden : Kind::unavailable;
  return fail(kind, path + ": " + std::generic_category().message(errno));
}
std::unexpected<Error> told(const std::string& path, const std::error_code& why) {
  return fail(Kind::unavailable, path + ": " + why.message());
}

std::string below_of(std::string folder, std::string_view below) {
  if (!below.empty()) folder += "/" + std::string(below);
  return folder;
}

/// Times are replaced by times of the same length, ten thousand of them in a cycle: in their place, by one write.
bool overwrite(const std::string& path, std::string_view text) {
  const FileHandle file(::open(path.c_str(), O_WRONLY | O_CLOEXEC | O_NOFOLLOW));
  struct stat info{};
  return file && !text.empty() && ::fstat(file.get(), &info) == 0 && info.st_size == static_cast<off_t>(text.size()) &&
         info.st_nlink == 1 && ::pwrite(file.get(), text.data(), text.size(), 0) == info.st_size;
}

/// Appearing under its name at once, whole; without the waits of base's replace_file.
Result<> write_lightly(const std::string& path, std::string_view text, mode_t mode) {
  if (text.size() <= times_bytes && overwrite(path, text)) return {};
  const std::string temporary = path + ".new";
  ::unlink(temporary.c_str());
  const FileHandle file(::open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  if (!file) return told(temporary);
  if (::write(file.get(), text.data(), text.size()) == static_cast<ssize_t>(text.size()) &&
      ::fchmod(file.get(), mode) == 0 && ::rename(temporary.c_str(), path.c_str()) == 0)
    return {};
  auto why = told(path);
  ::unlink(temporary.c_str());
  return why;
}

struct flock whole_file() {
  struct flock lock{};
  lock.l_type = F_WRLCK;
  lock.l_whence = SEEK_SET;
  return lock;
}

bool is_folder(const std::string& path) {
  std::error_code ignored;
  return fs::is_directory(path, ignored);
}

}  // namespace

Files::Files(std::string root, std::string node, std::function<void(std::string_view)> step)
    : root_(std::move(root)), node_(std::move(node)), step_(std::move(step)) {}

std::string Files::lib(std::string_view below) const {
  return below_of(root_ + "/var/lib/vcycle", below);
}
std::string Files::shared(std::string_view below) const {
  return below_of(lib("shared"), below);
}
std::string Files::space(std::string_view space, std::string_view below) const {
  return below_of(shared("spaces/" + std::string(space)), below);
}
std::string Files::current(std::string_view name, std::string_view machine) const {
  return below_of(space(name, "current"), machine);
}
std::string Files::deleted(std::string_view name, std::string_view machine) const {
  return below_of(space(name, "deleted"), machine);
}
std::string Files::early(std::string_view machine) const {
  return below_of(lib("machines"), machine);
}
std::string Files::rooted(std::string_view path) const {
  return path.starts_with("/") ? root_ + std::string(path) : std::string(path);
}

std::string Files::machinetype(std::string_view name, std::string_view type, std::string_view configured) const {
  if (!configured.empty()) return rooted(configured);
  std::string usual = lib("spaces/" + std::string(name) + "/machinetypes/" + std::string(type));
  if (is_folder(usual)) return usual;
  for (const char* guide : {"/var/lib/vcycle/machinetypes/", "/var/lib/Vcycle/machinetypes/"})
    if (is_folder(root_ + guide + std::string(type))) return root_ + guide + std::string(type);
  return usual;
}

std::string Files::input(const std::string& folder, const std::string& path) const {
  if (path.starts_with("/")) return rooted(path);
  std::string usual = folder + "/files/" + path;
  const std::string beside = folder + "/" + path;
  std::error_code ignored;
  return !fs::exists(usual, ignored) && fs::exists(beside, ignored) ? beside : usual;
}

void Files::step(std::string_view what) const {
  if (step_) step_(what);
}

Result<> Files::write(const std::string& path, std::string_view text, mode_t mode, Durable durable) const {
  step("write " + path);
  return durable == Durable::yes ? replace_file(path, text, mode) : write_lightly(path, text, mode);
}

Result<> Files::make_folder(const std::string& path, mode_t mode) const {
  if (is_folder(path)) return {};
  step("folder " + path);
  std::error_code ec;
  fs::create_directories(fs::path(path).parent_path(), ec);
  if (ec) return told(path, ec);
  if (::mkdir(path.c_str(), mode) != 0 && errno != EEXIST) return told(path);
  if (::chmod(path.c_str(), mode) != 0) return told(path);  // whatever the umask
  return {};
}

Result<> Files::move(const std::string& from, const std::string& to) const {
  step("move " + to);
  std::error_code ec;
  fs::create_directories(fs::path(to).parent_path(), ec);
  if (ec) return told(to, ec);
  if (::rename(from.c_str(), to.c_str()) == 0) return {};
  if (errno != EXDEV) return told(from);
  const std::string half = to + ".new";  // a name that no machine has
  fs::remove_all(half, ec);
  fs::copy(from, half, fs::copy_options::recursive | fs::copy_options::copy_symlinks, ec);
  if (ec) return told(half, ec);
  if (::rename(half.c_str(), to.c_str()) != 0) return told(to);
  return remove(from);
}

Result<> Files::remove(const std::string& path) const {
  step("remove " + path);
  std::error_code ec;
  fs::remove_all(path, ec);
  if (ec) return told(path, ec);
  return {};
}

std::optional<std::string> read_state(const std::string& path) {
  auto text = read_text_file(path, state_max);
  if (!text) return std::nullopt;
  constexpr std::string_view blanks = " \t\r\n\v\f";
  const auto begin = text->find_first_not_of(blanks);
  if (begin == std::string::npos) return std::string();
  return text->substr(begin, text->find_last_not_of(blanks) - begin + 1);
}

std::optional<std::int64_t> read_number(const std::string& path) {
  const auto text = read_state(path);
  if (!text) return std::nullopt;
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), value);
  // Older managers wrote times with a fraction.
  if (error != std::errc{} || (end != text->data() + text->size() && *end != '.')) return std::nullopt;
  return value;
}

std::optional<Instant> read_instant(const std::string& path) {
  const auto value = read_number(path);
  return value ? std::optional(Instant{seconds{*value}}) : std::nullopt;
}

std::optional<double> read_real(const std::string& path) {
  const auto text = read_state(path);
  if (!text) return std::nullopt;
  double value = 0;
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), value);
  return error == std::errc{} && end == text->data() + text->size() ? std::optional(value) : std::nullopt;
}

std::string to_text(double value) {
  std::string out = fmt::format("{}", value);
  if (out.find_first_of(".en") == std::string::npos) out += ".0";
  return out;
}

std::string to_text(Instant when) {
  return std::to_string(when.time_since_epoch().count());
}

Result<std::vector<std::string>> names_in(const std::string& folder) {
  std::vector<std::string> out;
  std::error_code ec;
  fs::directory_iterator each(folder, ec);
  if (ec == std::errc::no_such_file_or_directory) return out;
  for (; !ec && each != fs::directory_iterator(); each.increment(ec)) out.push_back(each->path().filename().string());
  if (ec) return told(folder, ec);
  std::ranges::sort(out);
  return out;
}

namespace {

/// Opens the lease and holds its lock for the moment of a change.
Result<FileHandle> locked(const std::string& path) {
  FileHandle file(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0640));
  if (!file) return told(path);
  struct flock lock = whole_file();
  if (::fcntl(file.get(), F_OFD_SETLKW, &lock) != 0) return told(path);
  return file;
}

struct LeaseText {
  std::string node;
  Instant until{};
};

LeaseText lease_in(int file) {
  std::string text(256, '\0');
  const auto got = ::pread(file, text.data(), text.size(), 0);
  text.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
  const auto blank = text.find(' ');
  LeaseText out;
  if (blank == std::string::npos) return out;
  std::int64_t until = 0;
  std::from_chars(text.data() + blank + 1, text.data() + text.size(), until);
  return {text.substr(0, blank), Instant{seconds{until}}};
}

Result<> write_lease(int file, const std::string& path, const std::string& node, Instant until) {
  const std::string text = node + " " + to_text(until) + "\n";
  if (::ftruncate(file, 0) != 0 || ::pwrite(file, text.data(), text.size(), 0) != static_cast<ssize_t>(text.size()))
    return told(path);
  return {};
}

}  // namespace

Result<SpaceLease> SpaceLease::take(const Files& files, const std::string& space, Instant now, seconds length) {
  TRY_VOID(files.make_folder(files.space(space, ""), 0755));
  SpaceLease lease(files, files.space(space, "lease"), length);
  TRY(const auto file, locked(lease.path_));
  const auto held = lease_in(file.get());
  // A clock that was set back must not keep a dead manager's lease for ever.
  if (!held.node.empty() && held.node != files.node() && held.until > now && held.until <= now + 4 * length)
    return fail(Kind::busy, "manager " + held.node + " creates in this space at the moment");
  files.step("lease " + space);
  TRY_VOID(write_lease(file.get(), lease.path_, files.node(), now + length));
  return lease;
}

Result<> SpaceLease::renew(Instant now) {
  TRY(const auto file, locked(path_));
  if (const auto held = lease_in(file.get()); held.node != files_->node())
    return fail(Kind::conflict, "manager " + held.node + " has taken over creating in this space");
  return write_lease(file.get(), path_, files_->node(), now + length_);
}

void SpaceLease::give_back() {
  if (const auto file = locked(path_); file && lease_in(file->get()).node == files_->node())
    (void)write_lease(file->get(), path_, files_->node(), Instant{});
}

Result<FileHandle> lock_node(const Files& files) {
  TRY_VOID(files.make_folder(files.shared("managers"), 0755));
  const std::string path = files.shared("managers/" + files.node());
  FileHandle file(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644));
  if (!file) return told(path);
  const auto try_lock = [&] {
    struct flock lock = whole_file();
    return ::fcntl(file.get(), F_OFD_SETLK, &lock) == 0;
  };
  const auto holder = [&] { return static_cast<pid_t>(read_number(path).value_or(0)); };
  if (!lock_after_the_dead(try_lock, holder))
    return fail(Kind::conflict, "another manager called " + files.node() + " works with " + files.shared() + " (pid " +
                                    std::to_string(holder()) + "); stop it, or give one of them another --host");
  const std::string pid = std::to_string(::getpid()) + "\n";
  if (::ftruncate(file.get(), 0) != 0 || ::pwrite(file.get(), pid.data(), pid.size(), 0) < 0) return told(path);
  return file;
}

}  // namespace nephele::fleet
