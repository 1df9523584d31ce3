// SPDX-License-Identifier: Apache-2.0
#include "apps/common/daemon.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>

#include "base/task.h"

namespace nephele::apps {

void Starter::tell(const std::string& text) {
  if (pipe_) [[maybe_unused]]
    const auto written = ::write(pipe_.get(), text.data(), text.size());
  pipe_.reset();
}

Result<Started> start_detached(FileHandle output, const std::function<int(Starter&)>& body) {
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
  Started started{.pid = child, .told = {}};
  std::array<char, 4096> block{};
  for (ssize_t got = 0; (got = ::read(reading.get(), block.data(), block.size())) > 0;)
    started.told.append(block.data(), static_cast<std::size_t>(got));
  if (!started.told.starts_with("ok")) ::waitpid(child, nullptr, 0);
  return started;
}

void wait_for_end(log::Logging& logging) {
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
  ends.async_wait([&](const boost::system::error_code&, int) { context.stop(); });
  context.run();
}

}  // namespace nephele::apps
