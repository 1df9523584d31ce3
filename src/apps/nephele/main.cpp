// SPDX-License-Identifier: Apache-2.0
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <charconv>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <iostream>

#include "apps/nephele/verbs.h"
#include "nephele_version.h"

namespace nephele::apps {

namespace {

/// What was typed, before any of it is judged.
struct Typed {
  std::string data, port, listen, name, file, state, object;
  bool json = false, detach = false, machines = false, yes = false, admin = false;
  std::int64_t id = 0;
  std::size_t limit = 50, bytes = 64 * 1024;
};

using Verb = std::function<int(const Context&)>;

/// The command line as a tree; the verb that was chosen ends up in `chosen`.
class CommandLine {
 public:
  CommandLine()
      : app_("Nephele, a cloud control plane: `nephele up` starts a whole cloud on this machine.", "nephele") {
    app_.set_version_flag("--version", std::string(version));
    app_.require_subcommand(1);
    app_.failure_message(CLI::FailureMessage::help);
    life();
    people();
    things();
    work();
  }

  CLI::App& app() noexcept { return app_; }
  const Typed& typed() const noexcept { return typed_; }
  const Verb& chosen() const noexcept { return chosen_; }

 private:
  CLI::App* verb(CLI::App& below, const std::string& name, const std::string& help, Verb does) {
    auto* sub = below.add_subcommand(name, help);
    sub->add_option("--data", typed_.data,
                    "data directory (NEPHELE_DATA; default: the XDG data home, /var/lib/nephele for root)");
    sub->add_flag("--json", typed_.json, "answers for programs");
    sub->callback([this, does = std::move(does)] { chosen_ = does; });
    return sub;
  }
  CLI::App* group(const std::string& name, const std::string& help) {
    auto* sub = app_.add_subcommand(name, help);
    sub->require_subcommand(1);
    return sub;
  }
  CLI::App* named(CLI::App& below, const std::string& name, const std::string& help, const std::string& what,
                  Verb does) {
    auto* sub = verb(below, name, help, std::move(does));
    sub->add_option(what, typed_.name)->required();
    return sub;
  }
  CLI::App* numbered(CLI::App& below, const std::string& name, const std::string& help, Verb does) {
    auto* sub = verb(below, name, help, std::move(does));
    sub->add_option("ID", typed_.id)->required();
    return sub;
  }

  void life() {
    auto* start = verb(app_, "up", "starts the embedded cloud: everything in this process",
                       [this](const Context& c) { return up(c, typed_.detach); });
    start->add_option("--port", typed_.port, "of the runtimes' REST API (NEPHELE_PORT; default 1337; 0: any free one)");
    start->add_option("--listen", typed_.listen, "address of the REST API (default 127.0.0.1)");
    start->add_flag("--detach", typed_.detach, "returns when the cloud listens; it goes on in the background");
    verb(app_, "status", "what runs, and where it listens", status);
    auto* end = verb(app_, "stop", "ends the control plane; machines go on",
                     [this](const Context& c) { return stop(c, typed_.machines); });
    end->add_flag("--vms", typed_.machines, "ends the machines too");
    auto* gone = verb(app_, "destroy", "ends everything and removes the data directory",
                      [this](const Context& c) { return destroy(c, typed_.yes); });
    gone->add_flag("--yes", typed_.yes, "yes, all of it");
    verb(app_, "migrate", "brings the database to this program's schema", migrate);
  }
  void people() {}
  void things() {}
  void work() {}

  CLI::App app_;
  Typed typed_;
  Verb chosen_;
};

std::optional<std::string> environment(const char* name) {
  const char* value = std::getenv(name);  // NOLINT(concurrency-mt-unsafe): before any thread starts
  return value == nullptr || *value == '\0' ? std::nullopt : std::optional<std::string>(value);
}

/// Where the shipped guest image is: named, beside the checkout's build, or installed.
std::string guest_image() {
  namespace fs = std::filesystem;
  if (auto named = environment("NEPHELE_GUEST_IMAGE")) return *named;
  std::error_code ec;
  const fs::path program = fs::read_symlink("/proc/self/exe", ec);
  for (const auto& place : {program.parent_path() / "../build/guest-image", fs::path("/usr/share/nephele/guest")})
    if (fs::exists(place / "root.qcow2", ec)) return fs::canonical(place, ec).string();
  return "";
}

Result<std::uint16_t> port_from(const std::string& text) {
  std::uint16_t port = 0;
  const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (ec == std::errc{} && end == text.data() + text.size()) return port;
  return fail(Kind::invalid, "port \"" + text + "\": write a number from 0 to 65535");
}

Result<Context> context_from(const Typed& typed) {
  Context context{Installation(Installation::directory_from(
                      typed.data.empty() ? std::nullopt : std::optional<std::string>(typed.data))),
                  {},
                  typed.json};
  const std::string port = typed.port.empty() ? environment("NEPHELE_PORT").value_or("") : typed.port;
  if (!port.empty()) {
    TRY(context.settings.port, port_from(port));
  }
  if (!typed.listen.empty()) context.settings.listen_address = typed.listen;
  context.settings.guest_image = guest_image();
  return context;
}

int run(int argc, char** argv) {
  CommandLine line;
  try {
    line.app().parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return line.app().exit(error) == 0 ? 0 : 2;
  }
  const auto context = context_from(line.typed());
  if (!context) return report(context.error());
  return line.chosen()(*context);
}

}  // namespace

}  // namespace nephele::apps

int main(int argc, char** argv) {
  try {
    return nephele::apps::run(argc, argv);
  } catch (const std::exception& error) {
    std::cerr << "nephele: unexpected: " << error.what() << '\n';
    return 1;
  }
}
