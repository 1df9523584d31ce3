// SPDX-License-Identifier: Apache-2.0
#include "apps/common/service_manager.h"

#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstddef>
#include <cstdlib>
#include <system_error>

#include "base/file_handle.h"

namespace nephele::apps {

namespace {

constexpr timeval patience{.tv_sec = 5, .tv_usec = 0};  // with a socket whose reader is behind
constexpr int parts_of_watchdog = 4;

std::string taken(const char* variable) {
  const char* const value = std::getenv(variable);  // NOLINT(concurrency-mt-unsafe): before any thread runs
  std::string out = value == nullptr ? "" : value;
  ::unsetenv(variable);  // NOLINT(concurrency-mt-unsafe): before any thread runs
  return out;
}

std::optional<std::int64_t> number_in(const std::string& text) {
  std::int64_t out = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  return error == std::errc{} && end == text.data() + text.size() && out > 0 ? std::optional(out) : std::nullopt;
}

}  // namespace

ServiceManager ServiceManager::from_environment() {
  ServiceManager out;
  out.address_ = taken("NOTIFY_SOCKET");
  const auto span = number_in(taken("WATCHDOG_USEC"));
  const std::string whose = taken("WATCHDOG_PID");  // another process's, where a shell stands between
  if (!out.address_.starts_with('/') && !out.address_.starts_with('@')) out.address_.clear();  // of other kinds
  if (out.address_.starts_with('@')) out.address_.front() = '\0';                              // an abstract one
  if (span && (whose.empty() || number_in(whose) == ::getpid())) out.watchdog_ = std::chrono::microseconds(*span);
  return out;
}

Result<> ServiceManager::ready() {
  return tell("READY=1");
}

Result<> ServiceManager::ending() {
  return tell("STOPPING=1");
}

void ServiceManager::alive(std::chrono::steady_clock::time_point now) {
  if (!watchdog_ || (told_ && now - *told_ < *watchdog_ / parts_of_watchdog)) return;
  if (tell("WATCHDOG=1")) told_ = now;
}

Result<> ServiceManager::tell(std::string_view what) const {
  if (address_.empty()) return {};
  sockaddr_un to{};
  to.sun_family = AF_UNIX;
  if (address_.size() >= sizeof(to.sun_path))
    return fail(Kind::invalid, "NOTIFY_SOCKET is longer than the address of a socket may be");
  std::ranges::copy(address_, to.sun_path);
  const auto length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + address_.size());
  const FileHandle socket(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  ::setsockopt(socket.get(), SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
  // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast): as the interface of sockets wants it
  const auto* const address = reinterpret_cast<const sockaddr*>(&to);
  if (!socket || ::sendto(socket.get(), what.data(), what.size(), MSG_NOSIGNAL, address, length) < 0)
    return fail(Kind::unavailable, "the service manager does not hear us: " + std::generic_category().message(errno));
  return {};
}

}  // namespace nephele::apps
