// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <syslog.h>
#include <unistd.h>

#include <cerrno>
#include <mutex>
#include <system_error>

#include "base/file_handle.h"
#include "base/log.h"

namespace nephele::log {

namespace {

/// One write(2) a line, so that lines of several processes in one file do not mix. False when the system took less.
bool write_all(int descriptor, std::string_view line) noexcept {
  while (!line.empty()) {
    const ssize_t written = ::write(descriptor, line.data(), line.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return false;
    line.remove_prefix(static_cast<std::size_t>(written));
  }
  return true;
}

class StandardError final : public Sink {
 public:
  void write(const Event& event) noexcept override {
    try {
      const std::string line = format_line(event) + "\n";
      const std::lock_guard lock(mutex_);
      write_all(STDERR_FILENO, line);
    } catch (...) {  // no memory for a line: the event is lost, the program is not
    }
  }

 private:
  std::mutex mutex_;
};

FileHandle open_for_appending(const std::string& path) noexcept {
  return FileHandle(::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOCTTY, 0640));
}

class File final : public Sink {
 public:
  File(std::string path, FileHandle file) : path_(std::move(path)), file_(std::move(file)) {}

  void write(const Event& event) noexcept override {
    try {
      const std::string line = format_line(event) + "\n";
      const std::lock_guard lock(mutex_);
      if (lost_ > 0 &&
          write_all(file_.get(),
                    format_line(
                        Event{event.time, Level::warn, "log", "log.lines_lost", {{"path", path_}, {"lines", lost_}}}) +
                        "\n"))
        lost_ = 0;
      if (lost_ > 0 || !write_all(file_.get(), line)) ++lost_;
    } catch (...) {  // as above
    }
  }

  /// Keeps the old file when the new one cannot be opened: lines in the wrong file are better than none.
  void reopen() noexcept override {
    FileHandle fresh = open_for_appending(path_);
    if (!fresh) return;
    const std::lock_guard lock(mutex_);
    file_ = std::move(fresh);
  }

 private:
  const std::string path_;
  std::mutex mutex_;
  FileHandle file_;
  std::size_t lost_ = 0;
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
  explicit Syslog(std::string ident) : ident_(std::move(ident)) { ::openlog(ident_.c_str(), LOG_PID, LOG_USER); }
  Syslog(const Syslog&) = delete;
  Syslog& operator=(const Syslog&) = delete;
  ~Syslog() override { ::closelog(); }

  void write(const Event& event) noexcept override {
    try {
      ::syslog(priority_of(event.level), "%s", format_message(event).c_str());
    } catch (...) {  // as above
    }
  }

 private:
  const std::string ident_;  // syslog keeps the pointer
};

}  // namespace

std::unique_ptr<Sink> standard_error_sink() {
  return std::make_unique<StandardError>();
}

Result<std::unique_ptr<Sink>> file_sink(std::string path) {
  FileHandle file = open_for_appending(path);
  if (!file) {
    return fail(Kind::unavailable, path + ": " + std::generic_category().message(errno) +
                                       "; make its directory writable or name another log file");
  }
  return std::make_unique<File>(std::move(path), std::move(file));
}

std::unique_ptr<Sink> syslog_sink(std::string ident) {
  return std::make_unique<Syslog>(std::move(ident));
}

}  // namespace nephele::log
