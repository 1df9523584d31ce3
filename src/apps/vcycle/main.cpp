// SPDX-License-Identifier: Apache-2.0
// vcycle: looks at the fleet of this host (contract vcycle, 6.3).
#include <CLI/CLI.hpp>
#include <algorithm>
#include <functional>
#include <iostream>
#include <optional>

#include "apps/vcycle/verbs.h"
#include "apps/vcycled/rehearsal.h"
#include "base/clock.h"
#include "nephele_version.h"

namespace nephele::apps::vcycle {

namespace {

struct Typed {
  std::string root, host, space, name, month;
  std::vector<std::string> names;
  std::optional<std::int64_t> now, time, seconds;
  bool json = false, again = false;
  Whom whom;
  ScanOptions scan;
  ProxyOptions proxy;
  std::string signers, output;
  SimulateOptions simulate;
};

class CommandLine {
 public:
  CommandLine() : app_("Looks at the machines that vcycled manages from this host.", "vcycle") {
    app_.set_version_flag("--version", std::string(version));
    app_.require_subcommand(1);
    app_.failure_message(CLI::FailureMessage::help);
    looking();
    configuration();
    accounting();
    certificates();
  }
  CLI::App& app() noexcept { return app_; }
  int run() const {
    std::string root = typed_.root;
    while (root.ends_with('/')) root.pop_back();
    const auto now = typed_.now ? fleet::Instant{fleet::seconds{*typed_.now}}
                                : std::chrono::floor<fleet::seconds>(SystemClock().now());
    return chosen_(
        {.files = fleet::Files(root, node_name(typed_.host)), .now = now, .space = typed_.space, .json = typed_.json});
  }

 private:
  using Does = std::function<int(const Context&)>;

  CLI::App* verb(const std::string& name, const std::string& help, Does does) {
    auto* sub = app_.add_subcommand(name, help);
    sub->add_option("--root", typed_.root, "every file lies below this directory");
    sub->add_option("--host", typed_.host, "name of this factory (default: the host's)");
    sub->add_option("--now", typed_.now, "Unix time that is taken for now");
    sub->add_option("-s,--space", typed_.space, "this space only");
    sub->add_flag("-J,--json", typed_.json, "for programs");
    sub->callback([this, does = std::move(does)] { chosen_ = does; });
    return sub;
  }
  void whom(CLI::App* sub) {
    sub->add_option("FACTORY", typed_.whom.factories,
                    "these: HOST or HOST:PORT, this one is . (default: factories of the configuration, else this one)");
    sub->add_option("-t,--timeout", typed_.whom.timeout, "seconds that others have to answer")
        ->check(CLI::Range(0.01, 3'600.0));
  }
  void looking() {
    for (const char* name : {"scan", "machines"}) {
      auto* sub = verb(name, "one line per machine, as of the last cycle", [this](const Context& c) {
        typed_.scan.whom = typed_.whom;
        return vcycle::scan(c, typed_.scan);
      });
      whom(sub);
      sub->add_flag("-H,--include-hs06", typed_.scan.with_hs06, "with the benchmark of each");
      sub->add_flag("-V,--include-versions", typed_.scan.with_versions, "with the manager's version");
    }
    auto* type = verb("machinetype", "one machinetype on each factory",
                      [this](const Context& c) { return vcycle::machinetype(c, typed_.name, typed_.whom); });
    type->add_option("NAME", typed_.name)->required();
    whom(type);
    whom(verb("factories", "each factory: what runs, load, disks, memory",
              [this](const Context& c) { return vcycle::factories(c, typed_.whom); }));
    whom(verb("raw", "each datagram that a factory answers with",
              [this](const Context& c) { return vcycle::raw(c, typed_.whom); }));
    verb("explain", "why machines were or were not created, deleted, taken over in the last cycle", vcycle::explain);
  }
  void configuration() {
    verb("check-config", "reads the configuration: what is wrong with it, what is in it", vcycle::check_config);
    auto* world = verb("simulate", "what the configuration would do, in a simulated world",
                       [this](const Context& c) { return vcycle::simulate(c, typed_.simulate); });
    world->add_option("--hours", typed_.simulate.hours, "how long (default 24)")->check(CLI::Range(0.1, 10'000.0));
    world->add_option("--seed", typed_.simulate.seed, "the same seed tells the same story");
    world->add_option("--jobs-per-hour", typed_.simulate.jobs_per_hour, "work for each machinetype (default: endless)");
    world->add_option("--job-hours", typed_.simulate.job_hours, "length of a job in the mean (default 6)");
    world->add_option("--svg", typed_.simulate.svg, "draws the running processors into this file");
    auto* end = verb("shutdown", "the machines of a space are to be over by then", [this](const Context& c) {
      if (!typed_.seconds) return vcycle::shutdown(c, fleet::Instant{fleet::seconds{typed_.time.value_or(0)}});
      constexpr auto too_long = (shutdown_within + fleet::seconds{1}).count();
      return vcycle::shutdown(c, c.now + fleet::seconds{std::clamp<std::int64_t>(*typed_.seconds, -1, too_long)});
    });
    end->add_option("TIME", typed_.time, "Unix time");
    end->add_option("--in", typed_.seconds, "in so many seconds");
  }
  void accounting() {
    auto* again = verb("apel-republish", "copies archived records with the right site to apel-outgoing",
                       [this](const Context& c) { return apel_republish(c, typed_.name, typed_.month, typed_.again); });
    again->add_option("--site", typed_.name, "name in GOCDB")->required();
    again->add_option("--month", typed_.month, "YYYYMM: only machines that ended then");
    again->add_flag("--again", typed_.again, "those that were copied before, too");
    verb("apel-sync", "writes how many records of a month there are", [this](const Context& c) {
      return apel_sync(c, typed_.names);
    })->add_option("YYYYMM", typed_.names, "(default: the month of yesterday)");
  }

  void certificates() {
    auto* proxy = verb("proxy-init", "makes an X.509 proxy of twelve hours, and writes it",
                       [this](const Context& c) { return proxy_init(c, typed_.proxy); });
    proxy->add_option("-c,--cert", typed_.proxy.certificate, "file with the certificate, and those above it")
        ->required();
    proxy->add_option("-k,--key", typed_.proxy.key, "file with its private key")->required();
    proxy->add_flag("-l,--legacy-proxy", typed_.proxy.legacy, "of Globus' kind, in place of RFC 3820's");
    auto* signature = verb("cernvm-signature", "who signed an image of CernVM, and whether it is still the same",
                           [this](const Context& c) { return cernvm_signature(c, typed_.name, typed_.signers); });
    signature->add_option("FILE", typed_.name)->required();
    signature->add_option("--ca-path", typed_.signers,
                          "folder of hashed certificates (default: /etc/grid-security/certificates)");
    auto* squid = verb("squid-conf", "a configuration of Squid with the factories of this space in it",
                       [this](const Context& c) { return squid_conf(c, typed_.name, typed_.output); });
    squid->add_option("IN", typed_.name, "the configuration without them")->required();
    squid->add_option("OUT", typed_.output, "written when it changes")->required();
  }

  CLI::App app_;
  Typed typed_;
  Does chosen_;
};

int run(int argc, char** argv) {
  CommandLine line;
  try {
    line.app().parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return line.app().exit(error) == 0 ? 0 : 1;
  }
  return line.run();
}

}  // namespace

}  // namespace nephele::apps::vcycle

int main(int argc, char** argv) {
  try {
    return nephele::apps::vcycle::run(argc, argv);
  } catch (const std::exception& error) {
    std::cerr << "vcycle: unexpected: " << error.what() << '\n';
    return 1;
  }
}
