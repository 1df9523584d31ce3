// SPDX-License-Identifier: Apache-2.0
#include "apps/nephele/processes.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <filesystem>
#include <system_error>

#include "base/dead_holder.h"
#include "base/json.h"

namespace nephele::apps {

namespace fs = std::filesystem;

namespace {

std::string reason() {
  return std::generic_category().message(errno);
}

/// Record locks of the open file description: F_OFD_GETLK tells whether one is held, the file's text by whom.
struct flock whole_file() {
  struct flock lock{};
  lock.l_type = F_WRLCK;
  lock.l_whence = SEEK_SET;
  return lock;
}

bool lock(const FileHandle& file) {
  struct flock wanted = whole_file();
  return ::fcntl(file.get(), F_OFD_SETLK, &wanted) == 0;
}

/// Waits for its turn; whoever holds it only writes a file.
bool lock_when_free(const FileHandle& file) {
  struct flock wanted = whole_file();
  int done = 0;
  do done = ::fcntl(file.get(), F_OFD_SETLKW, &wanted);
  while (done != 0 && errno == EINTR);
  return done == 0;
}

bool is_locked(const FileHandle& file) {
  struct flock wanted = whole_file();
  return ::fcntl(file.get(), F_OFD_GETLK, &wanted) == 0 && wanted.l_type != F_UNLCK;
}

FileHandle open_file(const std::string& path) {
  return FileHandle(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
}

bool rewrite(const FileHandle& file, std::string_view text) {
  return ::pwrite(file.get(), text.data(), text.size(), 0) == static_cast<ssize_t>(text.size()) &&
         ::ftruncate(file.get(), static_cast<off_t>(text.size())) == 0;
}

std::string small_text(const FileHandle& file) {
  std::array<char, 8192> text{};
  const ssize_t length = ::pread(file.get(), text.data(), text.size(), 0);
  return {text.data(), length > 0 ? static_cast<std::size_t>(length) : 0};
}

std::optional<int> number(std::string_view text) {
  int value = 0;
  const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), value);
  return ec == std::errc{} && value > 0 ? std::optional(value) : std::nullopt;
}

std::string lock_file(const Installation& installation) {
  return installation.file("control-plane.lock");
}

/// False when somebody who tidied up has removed the file between our opening and our locking it.
bool still_there(const FileHandle& file, const std::string& path) {
  struct stat ours{};
  struct stat named{};
  return ::fstat(file.get(), &ours) == 0 && ::stat(path.c_str(), &named) == 0 && ours.st_ino == named.st_ino &&
         ours.st_dev == named.st_dev;
}

/// Of a dead process nothing is told; its entry goes.
std::optional<Process> living(const std::string& path, int pid) {
  const FileHandle file(::open(path.c_str(), O_RDWR | O_CLOEXEC));
  if (!file) return std::nullopt;
  if (!is_locked(file)) {
    if (lock(file) && still_there(file, path)) ::unlink(path.c_str());
    return std::nullopt;
  }
  if (is_dying(pid)) return std::nullopt;  // whoever takes its place waits for its locks
  Process process{.pid = pid, .services = {}, .ready = false, .url = {}, .endpoints = {}};
  if (const auto told = json::parse(small_text(file))) {  // half written: it starts at this moment
    process.services = told->text_at({"services"});
    process.url = told->text_at({"url"});
    const auto* ready = told->at_path({"ready"});
    process.ready = ready != nullptr && *ready == json::Value(true);
    if (const auto* endpoints = told->at_path({"endpoints"}); endpoints != nullptr && endpoints->if_object() != nullptr)
      for (const auto& [service, where] : *endpoints->if_object())
        if (const auto* address = where.if_string()) process.endpoints[service] = *address;
  }
  return process;
}

json::Object to_json(const Endpoints& endpoints) {
  json::Object out;
  for (const auto& [service, url] : endpoints) out.append(service, url);
  return out;
}

/// Of the processes that live, ours first.
json::Object all_endpoints(const Installation& installation, Endpoints ours) {
  for (const auto& process : processes_of(installation))
    ours.insert(process.endpoints.begin(), process.endpoints.end());
  return to_json(ours);
}

}  // namespace

Result<Services> Services::named(const std::vector<std::string>& names) {
  Services services;
  for (const auto& name : names) {
    if (name == "compute")
      services.compute = true;
    else if (name == "runtimes")
      services.runtimes = true;
    else if (name == "identity")
      services.identity = true;
    else
      return fail(Kind::invalid, "no service \"" + name +
                                     "\"; there are: compute (drives machines), runtimes (the REST API), identity "
                                     "(accounts, tokens, projects)");
  }
  return services;
}

std::vector<std::string> Services::names() const {
  std::vector<std::string> all;
  if (compute) all.emplace_back("compute");
  if (runtimes) all.emplace_back("runtimes");
  if (identity) all.emplace_back("identity");
  return all;
}

std::string Services::text() const {
  std::string text;
  for (const auto& name : names()) text += (text.empty() ? "" : " ") + name;
  return text;
}

Result<MachinesLock> MachinesLock::take(const Installation& installation) {
  const std::string path = lock_file(installation);
  FileHandle file = open_file(path);
  if (!file) return fail(Kind::unavailable, path + " cannot be opened: " + reason());
  if (!lock_after_the_dead([&] { return lock(file); }, [&] { return holder(installation).value_or(0); })) {
    const auto pid = holder(installation);
    return fail(Kind::conflict, "a control plane drives the machines of " + installation.directory() + " already" +
                                    (pid ? " (pid " + std::to_string(*pid) + ")" : "") +
                                    "; `nephele status` shows it, `nephele stop` ends it");
  }
  if (!rewrite(file, std::to_string(::getpid()) + "\n"))
    return fail(Kind::unavailable, path + " cannot be written: " + reason());
  return MachinesLock(std::move(file));
}

std::optional<int> MachinesLock::holder(const Installation& installation) {
  const FileHandle file(::open(lock_file(installation).c_str(), O_RDWR | O_CLOEXEC));
  if (!file || !is_locked(file)) return std::nullopt;
  return number(small_text(file));
}

Result<std::string> MachinesLock::hold() const {
  struct stat status{};
  if (::fstat(file_.get(), &status) != 0)
    return fail(Kind::unavailable, "control-plane.lock cannot be read: " + reason());
  TRY(auto boot, read_small_file("/proc/sys/kernel/random/boot_id"));
  while (boot.ends_with('\n')) boot.pop_back();
  return boot + ":" + std::to_string(status.st_dev) + ":" + std::to_string(status.st_ino);
}

Result<ProcessEntry> ProcessEntry::make(const Installation& installation, const Services& services) {
  const std::string folder = installation.processes();
  std::error_code ec;
  fs::create_directories(folder, ec);
  const std::string path = folder + "/" + std::to_string(::getpid());
  for (int tries = 0; tries < 100; ++tries) {
    FileHandle file = open_file(path);
    if (!file) break;
    if (!lock(file) || !still_there(file, path)) continue;
    ProcessEntry entry(std::move(file), path, services.text());
    TRY_VOID(entry.write(false, "", {}));
    return entry;
  }
  return fail(Kind::unavailable, path + " cannot be made: " + reason());
}

ProcessEntry::~ProcessEntry() {
  if (file_) ::unlink(path_.c_str());
}

Result<> ProcessEntry::ready(const Installation& installation, std::string_view url, const Endpoints& endpoints) {
  if (endpoints.empty()) return write(true, url, endpoints);
  // Of two that become ready at once each sees the other, or is seen by it.
  const std::string path = installation.file("endpoints.lock");
  const FileHandle turn = open_file(path);
  if (!turn || !lock_when_free(turn)) return fail(Kind::unavailable, path + " cannot be locked: " + reason());
  TRY_VOID(write(false, url, endpoints));
  TRY_VOID(
      write_private_file(installation.endpoints_file(), json::write(all_endpoints(installation, endpoints)) + "\n"));
  return write(true, url, endpoints);  // last: whoever waits for it reads the file next
}

Result<> ProcessEntry::write(bool ready, std::string_view url, const Endpoints& endpoints) {
  json::Object told;
  told.set("services", services_);
  told.set("ready", ready);
  told.set("url", url);
  told.set("endpoints", to_json(endpoints));
  if (rewrite(file_, json::write(json::Value(std::move(told))) + "\n")) return {};
  return fail(Kind::unavailable, path_ + " cannot be written: " + reason());
}

std::vector<Process> processes_of(const Installation& installation) {
  std::vector<Process> found;
  std::error_code ec;
  for (const auto& entry : fs::directory_iterator(installation.processes(), ec))
    if (const auto pid = number(entry.path().filename().string()))
      if (auto process = living(entry.path().string(), *pid)) found.push_back(std::move(*process));
  // One of an earlier release has no entry: it always served both. Ours make theirs before they take the lock.
  const bool known = std::ranges::any_of(found, [](const auto& one) { return one.services.contains("compute"); });
  if (const auto pid = known ? std::nullopt : MachinesLock::holder(installation); pid && !is_dying(*pid))
    found.push_back({.pid = *pid,
                     .services = Services{.compute = true, .runtimes = true}.text(),
                     .ready = true,
                     .url = {},
                     .endpoints = {}});
  std::ranges::sort(found, {}, &Process::pid);
  return found;
}

std::string text_of(const std::vector<Process>& processes) {
  std::string text;
  for (const auto& process : processes)
    text += (text.empty() ? "" : ", ") + process.services + " (pid " + std::to_string(process.pid) + ")";
  return text;
}

}  // namespace nephele::apps
