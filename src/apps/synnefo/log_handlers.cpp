// SPDX-License-Identifier: Apache-2.0
#include "apps/synnefo/log_handlers.h"

#include <fmt/format.h>
#include <netdb.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <syslog.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <ctime>
#include <mutex>

#include "base/file_handle.h"

namespace nephele::apps {

namespace {

class WatchedFile final : public log::Sink {
 public:
  WatchedFile(std::string path, std::unique_ptr<log::Sink> file) : path_(std::move(path)), file_(std::move(file)) {
    remember();
  }

  void write(const log::Event& event) noexcept override {
    const std::lock_guard lock(mutex_);
    struct stat now{};
    if (::stat(path_.c_str(), &now) != 0 || now.st_ino != inode_ || now.st_dev != device_) {
      file_->reopen();
      remember();
    }
    file_->write(event);
  }
  void reopen() noexcept override {
    const std::lock_guard lock(mutex_);
    file_->reopen();
    remember();
  }

 private:
  void remember() noexcept {
    struct stat now{};
    if (::stat(path_.c_str(), &now) != 0) return;
    inode_ = now.st_ino;
    device_ = now.st_dev;
  }

  const std::string path_;
  std::unique_ptr<log::Sink> file_;
  std::mutex mutex_;
  ino_t inode_ = 0;
  dev_t device_ = 0;
};

struct Facility {
  std::string_view name;
  int number;
};
constexpr std::array facilities{
    Facility{"kern", LOG_KERN},     Facility{"user", LOG_USER},     Facility{"mail", LOG_MAIL},
    Facility{"daemon", LOG_DAEMON}, Facility{"auth", LOG_AUTH},     Facility{"security", LOG_AUTH},
    Facility{"syslog", LOG_SYSLOG}, Facility{"lpr", LOG_LPR},       Facility{"news", LOG_NEWS},
    Facility{"uucp", LOG_UUCP},     Facility{"cron", LOG_CRON},     Facility{"authpriv", LOG_AUTHPRIV},
    Facility{"ftp", LOG_FTP},       Facility{"local0", LOG_LOCAL0}, Facility{"local1", LOG_LOCAL1},
    Facility{"local2", LOG_LOCAL2}, Facility{"local3", LOG_LOCAL3}, Facility{"local4", LOG_LOCAL4},
    Facility{"local5", LOG_LOCAL5}, Facility{"local6", LOG_LOCAL6}, Facility{"local7", LOG_LOCAL7}};

int severity_of(log::Level level) noexcept {
  constexpr std::array severities{LOG_DEBUG, LOG_INFO, LOG_WARNING, LOG_ERR};
  return severities[static_cast<std::size_t>(level)];
}

/// A socket that is bound to its other end; none when nobody is there.
FileHandle connected(const SyslogAddress& address) {
  if (!address.path.empty()) {
    sockaddr_un name{};
    name.sun_family = AF_UNIX;
    if (address.path.size() >= sizeof name.sun_path) return {};
    std::ranges::copy(address.path, name.sun_path);
    FileHandle socket(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    const auto* raw = reinterpret_cast<const sockaddr*>(&name);  // NOLINT: the system's own way
    return socket && ::connect(socket.get(), raw, sizeof name) == 0 ? std::move(socket) : FileHandle();
  }
  addrinfo hints{};
  hints.ai_socktype = SOCK_DGRAM;
  addrinfo* found = nullptr;
  if (::getaddrinfo(address.host.c_str(), std::to_string(address.port).c_str(), &hints, &found) != 0) return {};
  const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> all(found, ::freeaddrinfo);
  for (const addrinfo* one = found; one != nullptr; one = one->ai_next) {
    FileHandle socket(::socket(one->ai_family, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    if (socket && ::connect(socket.get(), one->ai_addr, one->ai_addrlen) == 0) return socket;
  }
  return {};
}

class SyslogSocket final : public log::Sink {
 public:
  SyslogSocket(SyslogAddress address, int facility, std::string ident, log::Format format)
      : address_(std::move(address)), facility_(facility), ident_(std::move(ident)), format_(std::move(format)) {}

  void write(const log::Event& event) noexcept override {
    try {
      const std::string line = packet(event);
      const std::lock_guard lock(mutex_);
      if (lost_ > 0 && send(packet({event.time, log::Level::warn, "log", "log.lines_lost", {{"lines", lost_}}})))
        lost_ = 0;
      if (!send(line)) ++lost_;
    } catch (...) {  // NOLINT(bugprone-empty-catch): no memory for a line: the event is lost, the program is not
    }
  }

 private:
  /// "<30>Mar  1 12:00:00 ident[42]: text", as syslog(3) writes it.
  std::string packet(const log::Event& event) const {
    constexpr std::size_t longest = 8 << 10;  // what the usual daemons take
    const std::time_t seconds = std::chrono::system_clock::to_time_t(event.time);
    std::tm local{};
    ::localtime_r(&seconds, &local);
    std::array<char, 32> stamp{};
    const auto length = std::strftime(stamp.data(), stamp.size(), "%b %e %H:%M:%S", &local);
    return fmt::format("<{}>{} {}[{}]: {}", facility_ | severity_of(event.level),
                       std::string_view(stamp.data(), length), ident_, ::getpid(), format_(event).substr(0, longest));
  }

  bool send(const std::string& line) {
    for (int attempt = 0; attempt < 2; ++attempt) {  // the daemon may have been restarted
      if (!socket_ && std::chrono::steady_clock::now() >= next_try_) {
        socket_ = connected(address_);
        // Asking for a name may take long, and the program waits for its log meanwhile.
        if (!socket_ && !address_.host.empty()) next_try_ = std::chrono::steady_clock::now() + std::chrono::seconds(10);
        const timeval patience{.tv_sec = 0, .tv_usec = 200'000};
        if (socket_) ::setsockopt(socket_.get(), SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
      }
      if (!socket_) return false;
      if (::send(socket_.get(), line.data(), line.size(), MSG_NOSIGNAL) >= 0) return true;
      if (errno == EAGAIN) return false;
      socket_.reset();
    }
    return false;
  }

  const SyslogAddress address_;
  const int facility_;
  const std::string ident_;
  const log::Format format_;
  std::mutex mutex_;
  FileHandle socket_;
  std::chrono::steady_clock::time_point next_try_{};
  std::size_t lost_ = 0;
};

}  // namespace

Result<std::unique_ptr<log::Sink>> watched_file_sink(const std::string& path, log::Format format) {
  TRY(auto file, log::file_sink(path, {.format = std::move(format)}));
  return std::unique_ptr<log::Sink>(std::make_unique<WatchedFile>(path, std::move(file)));
}

std::optional<int> facility_from(std::string_view name) {
  const auto found = std::ranges::find(facilities, name, &Facility::name);
  return found == facilities.end() ? std::nullopt : std::optional(found->number);
}

std::unique_ptr<log::Sink> syslog_socket_sink(SyslogAddress address, int facility, std::string ident,
                                              log::Format format) {
  return std::make_unique<SyslogSocket>(std::move(address), facility, std::move(ident), std::move(format));
}

}  // namespace nephele::apps
