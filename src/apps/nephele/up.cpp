// SPDX-License-Identifier: Apache-2.0
#include <signal.h>

#include <algorithm>
#include <iostream>

#include "apps/common/daemon.h"
#include "apps/nephele/cloud.h"
#include "apps/nephele/verbs.h"

namespace nephele::apps {

namespace {

constexpr Services everything{.compute = true, .runtimes = true, .identity = true};

Result<> run_cloud(const Context& context, const Services& services, Foundation::LogTo log_to, FirstStart first,
                   Starter& starter) {
  ::signal(SIGPIPE, SIG_IGN);
  TRY(auto foundation, Foundation::open(context.installation, context.settings, log_to, true));
  TRY(auto cloud, Cloud::open(*foundation, services));
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

int foreground(const Context& context, const Services& services, FirstStart first) {
  Starter nobody;
  std::cerr << services.text() << " of " << context.installation.directory() << " starts; stop it with ^C\n";
  const auto served = run_cloud(context, services, Foundation::LogTo::file_and_standard_error, first, nobody);
  return served ? 0 : report(served.error());
}

int detached(const Context& context) {
  const auto started = start_detached({}, [&](Starter& starter) {
    const auto served = run_cloud(context, everything, Foundation::LogTo::file, FirstStart::with_account, starter);
    if (!served) starter.tell(served.error().sentence());
    return served ? 0 : 1;
  });
  if (!started) return report(started.error());
  if (!started->told.starts_with("ok ")) {
    const auto& why = started->told;
    return report(
        Error(Kind::unavailable,
              why.empty() ? "the control plane ended without a word; see " + context.installation.log_file() : why));
  }
  std::cout << started->told.substr(3) << '\n';
  std::cerr << "the cloud of " << context.installation.directory() << " is up (pid " << started->pid << ")\n";
  return 0;
}

}  // namespace

int up(const Context& context, bool detach) {
  const auto running = processes_of(context.installation);
  if (detach && std::ranges::find(running, everything.text(), &Process::services) != running.end()) {
    std::cerr << "the cloud of " << context.installation.directory() << " is up already: " << text_of(running) << '\n';
    return 0;
  }
  return detach ? detached(context) : foreground(context, everything, FirstStart::with_account);
}

int serve(const Context& context, const std::vector<std::string>& names) {
  const auto services = Services::named(names);
  if (!services) return report(services.error());
  return foreground(context, *services, FirstStart::without_account);
}

}  // namespace nephele::apps
