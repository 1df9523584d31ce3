// SPDX-License-Identifier: Apache-2.0
#include "apps/common/daemon.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cerrno>
#include <optional>

#include "base/async.h"
#include "base/task.h"

namespace nephele::apps {

void Starter::tell(const std::string& text) {
  if (pipe_) [[maybe_unused]]
    const auto written = ::write(pipe_.get(), text.data(), text.size());
  pipe_.reset();
}

namespace {

/// All that comes until the other end is closed; nothing when that takes too long.
std::optional<std::string> read_to_end(const FileHandle& pipe, SteadyTime until) {
  std::string out;
  std::array<char, 4096> block{};
  for (;;) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - std::chrono::steady_clock::now()).count();
    pollfd waited{pipe.get(), POLLIN, 0};
    const int ready = left <= 0 ? 0 : ::poll(&waited, 1, static_cast<int>(left));
    if (ready == 0) return std::nullopt;
    const ssize_t got = ready < 0 ? -1 : ::read(pipe.get(), block.data(), block.size());
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return out;
    out.append(block.data(), static_cast<std::size_t>(got));
  }
}

}  // namespace

Result<Started> start_detached(FileHandle output, const std::function<int(Starter&)>& body,
                               std::chrono::milliseconds limit) {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) return fail(Kind::unavailable, "no pipe can be made; too many open files?");
  FileHandle reading(ends[0]);
  FileHandle writing(ends[1]);
  const pid_t child = ::fork();
  if (child < 0) return fail(Kind::unavailable, "no process can be started; too many run already?");
  if (child == 0) {
    reading.reset();
    ::setsid();
    const FileHandle nothing(::open("/dev/null", O_RDWR | O_CLOEXEC));
    if (nothing) ::dup2(nothing.get(), STDIN_FILENO);
    for (const int fd : {STDOUT_FILENO, STDERR_FILENO})
      if (const int to = output ? output.get() : nothing.get(); to >= 0) ::dup2(to, fd);
    Starter starter(std::move(writing));
    ::_exit(body(starter));
  }
  writing.reset();
  auto told = read_to_end(reading, in(limit));
  if (!told)
    return fail(Kind::timeout, "process " + std::to_string(child) + " has not said for " +
                                   std::to_string(std::chrono::duration_cast<std::chrono::seconds>(limit).count()) +
                                   " s that it serves; it goes on with its start, look into its log");
  if (!told->starts_with("ok")) ::waitpid(child, nullptr, 0);
  return Started{.pid = child, .told = std::move(*told)};
}

void wait_for_end(log::Logging& logging, const std::function<void()>& every_hour) {
  asio::io_context context;
  asio::signal_set ends(context, SIGTERM, SIGINT);
  asio::signal_set hangups(context, SIGHUP);
  struct Hangup {
    asio::signal_set& set;
    log::Logging& logging;
    void operator()(const boost::system::error_code& ec, int) const {
      if (ec) return;
      logging.reopen();
      set.async_wait(*this);
    }
  };
  hangups.async_wait(Hangup{hangups, logging});
  asio::steady_timer timer(context);
  struct Hour {
    asio::steady_timer& timer;
    const std::function<void()>& every_hour;
    void begin() const {
      timer.expires_after(std::chrono::hours(1));
      timer.async_wait(*this);
    }
    void operator()(const boost::system::error_code& ec) const {
      if (ec) return;
      every_hour();
      begin();
    }
  };
  Hour{timer, every_hour}.begin();
  ends.async_wait([&](const boost::system::error_code&, int) { context.stop(); });
  context.run();
}

}  // namespace nephele::apps
