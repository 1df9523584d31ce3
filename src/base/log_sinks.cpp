// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <sys/stat.h>
#include <syslog.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <ctime>
#include <mutex>
#include <system_error>

#include "base/file_handle.h"
#include "base/log.h"

namespace nephele::log {

namespace {

/// One write(2) a line, so that lines of several processes in one file do not mix. How much the system took.
std::size_t write_all(int descriptor, std::string_view line) noexcept {
  std::size_t taken = 0;
  while (taken < line.size()) {
    const ssize_t written = ::write(descriptor, line.data() + taken, line.size() - taken);
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) break;
    taken += static_cast<std::size_t>(written);
  }
  return taken;
}

class Standard final : public Sink {
 public:
  Standard(int descriptor, Format format) : descriptor_(descriptor), format_(std::move(format)) {}
  void write(const Event& event) noexcept override {
    try {
      const std::string line = format_(event) + "\n";
      const std::lock_guard lock(mutex_);
      write_all(descriptor_, line);
    } catch (...) {  // NOLINT(bugprone-empty-catch): no memory for a line: the event is lost, the program is not
    }
  }

 private:
  const int descriptor_;
  const Format format_;
  std::mutex mutex_;
};

FileHandle open_for_appending(const std::string& path) noexcept {
  return FileHandle(::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOCTTY, 0640));
}

/// Has a process that ended on a full disk left half a line?
bool ends_torn(const std::string& path) noexcept {
  const FileHandle file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY));
  char last = '\n';
  // NOLINTNEXTLINE(clang-analyzer-unix.BlockInCriticalSection): one byte of a file of this machine
  if (file && ::lseek(file.get(), -1, SEEK_END) >= 0 && ::read(file.get(), &last, 1) != 1) return false;
  return last != '\n';
}

class File final : public Sink {
 public:
  File(std::string path, FileHandle file, FileStyle style)
      : path_(std::move(path)), style_(std::move(style)), file_(std::move(file)), torn_(ends_torn(path_)) {
    begin();
  }

  void write(const Event& event) noexcept override {
    try {
      const std::string line = style_.format(event) + "\n";
      const std::lock_guard lock(mutex_);
      if (lost_ > 0 && put(style_.format(Event{
                               event.time, Level::warn, "log", "log.lines_lost", {{"path", path_}, {"lines", lost_}}}) +
                           "\n"))
        lost_ = 0;
      if (lost_ > 0 || !put(line)) ++lost_;
    } catch (...) {  // NOLINT(bugprone-empty-catch): as above
    }
  }

  /// Keeps the old file when the new one cannot be opened: lines in the wrong file are better than none.
  void reopen() noexcept override {
    FileHandle fresh = open_for_appending(path_);
    if (!fresh) return;
    // Looked at under the lock: a line that this process is just writing grows page by page and would pass for a torn
    // one.
    const std::lock_guard lock(mutex_);
    file_ = std::move(fresh);
    torn_ = ends_torn(path_);
    begin();
  }

 private:
  void begin() {
    struct stat status{};
    if (style_.maker.empty() || ::fstat(file_.get(), &status) != 0 || status.st_size != 0) return;
    const std::time_t now = std::time(nullptr);
    std::tm local{};
    std::array<char, 64> date{};
    ::localtime_r(&now, &local);
    const auto length = std::strftime(date.data(), date.size(), "%Y-%m-%d %H:%M:%S %z", &local);
    (void)put("# Logfile created on " + std::string(date.data(), length) + " by " + style_.maker + "\n");
  }

  /// False when the line did not fit; what follows a torn one begins on a line of its own.
  bool put(const std::string& line) {
    const std::string whole = torn_ ? "\n" + line : line;
    const std::size_t taken = write_all(file_.get(), whole);
    if (taken > 0) torn_ = taken < whole.size();
    return taken == whole.size();
  }

  const std::string path_;
  const FileStyle style_;
  std::mutex mutex_;
  FileHandle file_;
  std::size_t lost_ = 0;
  bool torn_;
};

int priority_of(Level level) noexcept {
  switch (level) {
    case Level::debug:
      return LOG_DEBUG;
    case Level::info:
      return LOG_INFO;
    case Level::warn:
      return LOG_WARNING;
    case Level::error:
      return LOG_ERR;
  }
  return LOG_ERR;
}

class Syslog final : public Sink {
 public:
  Syslog(std::string ident, Format format) : ident_(std::move(ident)), format_(std::move(format)) {
    ::openlog(ident_.c_str(), LOG_PID, LOG_USER);
  }
  Syslog(const Syslog&) = delete;
  Syslog& operator=(const Syslog&) = delete;
  ~Syslog() override { ::closelog(); }

  void write(const Event& event) noexcept override {
    try {
      ::syslog(priority_of(event.level), "%.*s", longest, format_(event).c_str());
    } catch (...) {  // NOLINT(bugprone-empty-catch): as above
    }
  }

 private:
  static constexpr int longest = 8 << 10;  // what the usual daemons take
  const std::string ident_;                // syslog keeps the pointer
  const Format format_;
};

}  // namespace

std::unique_ptr<Sink> standard_error_sink(Format format) {
  return std::make_unique<Standard>(STDERR_FILENO, std::move(format));
}

std::unique_ptr<Sink> standard_output_sink(Format format) {
  return std::make_unique<Standard>(STDOUT_FILENO, std::move(format));
}

Result<std::unique_ptr<Sink>> file_sink(std::string path, FileStyle style) {
  FileHandle file = open_for_appending(path);
  if (!file) {
    return fail(Kind::unavailable, path + ": " + std::generic_category().message(errno) +
                                       "; make its directory writable or name another log file");
  }
  return std::make_unique<File>(std::move(path), std::move(file), std::move(style));
}

std::unique_ptr<Sink> syslog_sink(std::string ident, Format format) {
  return std::make_unique<Syslog>(std::move(ident), std::move(format));
}

}  // namespace nephele::log
