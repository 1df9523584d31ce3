// SPDX-License-Identifier: Apache-2.0
#include <CLI/CLI.hpp>
#include <filesystem>
#include <functional>
#include <iostream>

#include "apps/nephele/verbs.h"
#include "nephele_version.h"

namespace nephele::apps {

namespace {

/// What was typed, before any of it is judged.
struct Typed {
  std::string data, name, file, state, object;
  Flags flags;  // of settings
  std::vector<std::string> services;
  bool json = false, detach = false, machines = false, yes = false, admin = false;
  std::int64_t id = 0;
  std::size_t limit = 50, bytes = std::size_t{64} * 1024;
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
  void setting(CLI::App& sub, const std::string& flag, const std::string& help) {
    sub.add_option_function<std::string>(
        flag, [this, flag](const std::string& value) { typed_.flags.emplace_back(flag, value); }, help);
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
    setting(*start, "--port", "of the runtimes' REST API (NEPHELE_PORT; default 1337; 0: any free one)");
    setting(*start, "--listen", "address of the REST API (default 127.0.0.1)");
    start->add_flag("--detach", typed_.detach, "returns when the cloud listens; it goes on in the background");
    auto* serve_some = verb(app_, "serve", "some services in the foreground, without a demo account",
                            [this](const Context& c) { return serve(c, typed_.services); });
    serve_some
        ->add_option("SERVICE", typed_.services,
                     "compute: drives QEMU on this host; runtimes: the REST API, identity: accounts and sign-in, "
                     "both as often as you like")
        ->required();
    setting(*serve_some, "--port", "of the runtimes' REST API");
    setting(*serve_some, "--listen", "address of the REST API");
    verb(app_, "status", "which processes of this data directory run, and where they listen", status);
    auto* end = verb(app_, "stop", "ends all processes of this data directory; machines go on",
                     [this](const Context& c) { return stop(c, typed_.machines); });
    end->add_flag("--vms", typed_.machines, "ends the machines too");
    auto* gone = verb(app_, "destroy", "ends everything and removes the data directory",
                      [this](const Context& c) { return destroy(c, typed_.yes); });
    gone->add_flag("--yes", typed_.yes, "yes, all of it");
    verb(app_, "migrate", "brings the database to this program's schema", migrate);
  }
  void people() {
    auto* accounts = group("account", "who may use this cloud");
    auto* create = named(*accounts, "create", "makes an account; the password is one line on standard input", "NAME",
                         [this](const Context& c) { return account_create(c, typed_.name, typed_.admin); });
    create->add_flag("--admin", typed_.admin, "may do everything");
    verb(*accounts, "list", "all accounts", account_list);
    named(*accounts, "disable", "ends its tokens and refuses its password", "NAME",
          [this](const Context& c) { return account_set_enabled(c, typed_.name, false); });
    named(*accounts, "enable", "lets it in again", "NAME",
          [this](const Context& c) { return account_set_enabled(c, typed_.name, true); });
    named(*accounts, "password", "a new password, one line on standard input", "NAME",
          [this](const Context& c) { return account_set_password(c, typed_.name); });
  }

  void things() {
    auto* flavours = group("flavour", "what a runtime's FLAVOUR means");
    auto* add = named(*flavours, "add", "defines one by a JSON file, as `flavour show` prints it", "NAME",
                      [this](const Context& c) { return flavour_add(c, typed_.name, typed_.file); });
    add->add_option("--file", typed_.file, "JSON file; - for standard input")->required();
    verb(*flavours, "list", "all flavours", flavour_list);
    named(*flavours, "show", "one, as JSON", "NAME", [this](const Context& c) { return flavour_show(c, typed_.name); });
    named(*flavours, "remove", "runtimes made from it go on", "NAME",
          [this](const Context& c) { return flavour_remove(c, typed_.name); });

    auto* images = group("image", "what servers boot from");
    auto* register_image = named(*images, "add", "copies and registers what guest/build made", "NAME",
                                 [this](const Context& c) { return image_add(c, typed_.name, typed_.file); });
    register_image->add_option("DIRECTORY", typed_.file)->required();
    verb(*images, "list", "all images", image_list);
  }

  void work() {
    auto* operations = group("operations", "the work behind the API: what waits, runs, failed");
    auto* list = verb(*operations, "list", "newest first", [this](const Context& c) {
      return operations_list(c, typed_.state, typed_.object, typed_.limit);
    });
    list->add_option("--state", typed_.state, "pending, running, done, failed or cancelled");
    list->add_option("--object", typed_.object, "such as server:42");
    list->add_option("--limit", typed_.limit, "rows (default 50)");
    numbered(*operations, "show", "one, with all its fields",
             [this](const Context& c) { return operations_show(c, typed_.id); });
    numbered(*operations, "retry", "a failed one once more",
             [this](const Context& c) { return operations_retry(c, typed_.id); });
    numbered(*operations, "cancel", "ends one that waits or runs",
             [this](const Context& c) { return operations_cancel(c, typed_.id); });

    auto* log = numbered(app_, "logs", "what a machine wrote on its console; ID is its VM_ID",
                         [this](const Context& c) { return logs(c, typed_.id, typed_.bytes); });
    log->add_option("--bytes", typed_.bytes, "of the end (default 65536)");
    numbered(app_, "console", "types on a machine's serial console; leave with ^]",
             [this](const Context& c) { return console(c, typed_.id); });

    auto* check = verb(app_, "doctor",
                       "tries what the services need, with a test guest, and says what is wrong with this machine",
                       [this](const Context& c) { return doctor(c, typed_.services); });
    check->add_option("SERVICE", typed_.services,
                      "what this machine is to serve: compute runtimes identity (default all)");
    named(app_, "backup", "database and secrets into a new directory; also while the cloud runs", "DIRECTORY",
          [this](const Context& c) { return backup(c, typed_.name); });
    named(app_, "restore", "puts a backup in place; the control plane must not run", "DIRECTORY",
          [this](const Context& c) { return restore(c, typed_.name); });
    auto* config = group("config", "the settings in force");
    verb(*config, "show", "every setting, its value and where it came from", config_show);
  }

  CLI::App app_;
  Typed typed_;
  Verb chosen_;
};

Result<Context> context_from(const Typed& typed) {
  Installation installation(
      Installation::directory_from(typed.data.empty() ? std::nullopt : std::optional<std::string>(typed.data)));
  TRY(auto loaded, load_settings(installation.settings_file(), typed.flags));
  for (const auto& warning : loaded.warnings) std::cerr << "nephele: " << warning << '\n';
  Context context{std::move(installation), std::move(loaded.values), std::move(loaded.shown), typed.json};
  if (context.settings.guest_image.empty()) context.settings.guest_image = shipped_guest_image();
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
