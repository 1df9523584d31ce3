// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <boost/asio/signal_set.hpp>
#include <iostream>

#include "apps/nephele/cloud.h"
#include "apps/nephele/verbs.h"

namespace nephele::apps {

namespace {

/// Tells the process that waits for us how the start went: "ok URL" or the reason.
class Starter {
 public:
  explicit Starter(FileHandle pipe) : pipe_(std::move(pipe)) {}
  void tell(const std::string& text) {
    if (pipe_) [[maybe_unused]]
      const auto written = ::write(pipe_.get(), text.data(), text.size());
    pipe_.reset();
  }

 private:
  FileHandle pipe_;
};

/// Blocks until SIGTERM or SIGINT; SIGHUP opens the log anew.
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

Result<> run_cloud(const Context& context, Foundation::LogTo log_to, FirstStart first, Starter& starter) {
  ::signal(SIGPIPE, SIG_IGN);
  TRY(auto foundation, Foundation::open(context.installation, context.settings, log_to, true));
  TRY(auto cloud, Cloud::open(*foundation));
  auto url = cloud->start(first);
  if (!url) {
    cloud->stop();
    return fail(url.error());
  }
  starter.tell("ok " + *url);
  wait_for_end(foundation->logging());
  cloud->stop();
  return {};
}

int foreground(const Context& context, FirstStart first) {
  Starter nobody{FileHandle()};
  std::cerr << "the cloud of " << context.installation.directory() << " starts; stop it with ^C\n";
  const auto served = run_cloud(context, Foundation::LogTo::file_and_standard_error, first, nobody);
  return served ? 0 : report(served.error());
}

/// The child: a session of its own, nothing of the terminal.
[[noreturn]] void become_daemon(const Context& context, FileHandle pipe) {
  ::setsid();
  const FileHandle null(::open("/dev/null", O_RDWR | O_CLOEXEC));
  for (const int fd : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO})
    if (null) ::dup2(null.get(), fd);
  Starter starter(std::move(pipe));
  const auto served = run_cloud(context, Foundation::LogTo::file, FirstStart::everything, starter);
  if (!served) starter.tell(served.error().sentence());
  ::_exit(served ? 0 : 1);
}

int detached(const Context& context) {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0)
    return report(Error(Kind::unavailable, "no pipe can be made; too many open files?"));
  FileHandle reading(ends[0]);
  FileHandle writing(ends[1]);
  const pid_t child = ::fork();  // no thread runs yet
  if (child < 0) return report(Error(Kind::unavailable, "no process can be started; too many run already?"));
  if (child == 0) {
    reading.reset();
    become_daemon(context, std::move(writing));
  }
  writing.reset();
  std::string told;
  std::array<char, 4096> block{};
  for (ssize_t got = 0; (got = ::read(reading.get(), block.data(), block.size())) > 0;)
    told.append(block.data(), static_cast<std::size_t>(got));
  if (told.starts_with("ok ")) {
    std::cout << told.substr(3) << '\n';
    std::cerr << "the cloud of " << context.installation.directory() << " is up (pid " << child << ")\n";
    return 0;
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  if (told.empty()) told = "the control plane ended without a word; see " + context.installation.log_file();
  return report(Error(Kind::unavailable, told));
}

}  // namespace

int up(const Context& context, bool detach) {
  if (const auto pid = ControlPlaneLock::holder(context.installation); pid && detach) {
    std::cerr << "the cloud of " << context.installation.directory() << " is up already (pid " << *pid << ")\n";
    return 0;
  }
  return detach ? detached(context) : foreground(context, FirstStart::everything);
}

int serve(const Context& context, const std::vector<std::string>& services) {
  const auto asked = [&](std::string_view name) { return std::ranges::find(services, name) != services.end(); };
  for (const auto& service : services)
    if (service != "compute" && service != "runtimes")
      return report(Error(Kind::invalid, "no service \"" + service + "\"; there are: compute, runtimes"));
  if (!asked("compute") || !asked("runtimes"))
    return report(Error(Kind::invalid, "compute and runtimes run in one process in this release: " +
                                           std::string("nephele serve compute runtimes")));
  return foreground(context, FirstStart::images_and_flavours);
}

}  // namespace nephele::apps
