// SPDX-License-Identifier: Apache-2.0
// Verbs about accounts, flavours, images and operations: they work on the database, whether a control plane runs or
// not.
#include <termios.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <sstream>

#include "apps/nephele/foundation.h"
#include "apps/nephele/verbs.h"
#include "base/cli_table.h"
#include "compute/adapters/qemu.h"
#include "compute/compute.h"
#include "compute/images.h"
#include "identity/identity.h"
#include "identity/keystone/keystone.h"
#include "operations/operations.h"
#include "runtimes/flavours.h"

namespace nephele::apps {

namespace {

constexpr std::size_t page = 500;

/// The database's services without workers or listeners.
struct Desk {
  explicit Desk(Foundation& ground)
      : foundation(ground),
        identity(ground.database(), ground.key(), ground.clock(), {}, ground.logging().logger("identity")),
        images(ground.database(), ground.clock(), ground.installation().images(), compute::least_disk),
        flavours(ground.database(), ground.clock()),
        operations(ground.database(), ground.key(), ground.clock(), ground.threads().first(), {},
                   ground.logging().logger("operations")) {}
  template <class T>
  T run(Task<T> task) {
    return foundation.threads().run(std::move(task));
  }

  Foundation& foundation;
  identity::Identity identity;
  compute::Images images;
  runtimes::Flavours flavours;
  operations::Operations operations;
};

/// Opens, runs `body` and reports.
template <class F>
int at_desk(const Context& context, F body) {
  auto foundation = Foundation::open(context.installation, context.settings, Foundation::LogTo::file, false);
  if (!foundation) return report(foundation.error());
  if (const auto migrated = (*foundation)->migrate(); !migrated) return report(migrated.error());
  Desk desk(**foundation);
  const Result<> done = body(desk);
  return done ? 0 : report(done.error());
}

/// Keeps a typed password off the screen.
class NoEcho {
 public:
  NoEcho() {
    if (::tcgetattr(STDIN_FILENO, &before_) != 0) return;
    termios quiet = before_;
    quiet.c_lflag &= ~static_cast<tcflag_t>(ECHO);
    changed_ = ::tcsetattr(STDIN_FILENO, TCSANOW, &quiet) == 0;
  }
  ~NoEcho() {
    if (changed_) ::tcsetattr(STDIN_FILENO, TCSANOW, &before_);
  }
  NoEcho(const NoEcho&) = delete;
  NoEcho& operator=(const NoEcho&) = delete;

 private:
  termios before_{};
  bool changed_ = false;
};

/// One line of standard input, so that no password stands in a process list.
Result<Secret> read_password(const std::string& name) {
  if (::isatty(STDIN_FILENO) != 0) std::cerr << "password for " << name << ": ";
  std::string line;
  bool read = false;
  {
    const NoEcho quiet;
    read = static_cast<bool>(std::getline(std::cin, line));
  }
  if (::isatty(STDIN_FILENO) != 0) std::cerr << '\n';
  if (!read || line.empty()) return fail(Kind::invalid, "type the password as one line on standard input");
  return Secret(std::move(line));
}

/// Headings in capitals; scripts see the same names in lower case.
cli::Table table_of(std::initializer_list<std::string> headings) {
  std::vector<cli::Column> columns;
  for (const auto& heading : headings) {
    std::string name = heading;
    std::ranges::transform(name, name.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    columns.push_back({std::move(name), heading});
  }
  return cli::Table(std::move(columns));
}

void print(const cli::Table& table, const Context& context) {
  std::cout << (context.json ? json::pretty(table.to_json()) + "\n" : table.text(cli::screen_of(STDOUT_FILENO)));
}

json::Value when(Time time) {
  return iso8601(time);
}

Result<json::Value> read_json(const std::string& path) {
  std::ostringstream text;
  if (path == "-") {
    text << std::cin.rdbuf();
  } else {
    std::ifstream file(path, std::ios::binary);
    text << file.rdbuf();
    if (!file) return fail(Kind::not_found, path + " cannot be read");
  }
  auto parsed = json::parse(text.str());
  if (!parsed) return fail(Error(parsed.error()).about(path));
  return parsed;
}

/// An image is copied into the data directory whose machines boot from it; elsewhere it would be of no use.
Result<> check_place_of_images(Desk& desk) {
  TRY(const auto drivers, desk.run(compute::drivers(desk.foundation.database())));
  const auto& installation = desk.foundation.installation();
  std::error_code ec;
  if (drivers.empty() || std::filesystem::exists(installation.file("driver-id"), ec)) return {};
  return fail(Kind::conflict, "no machine runs in " + installation.directory() + ": add the image on " +
                                  drivers.front().host + ", in the data directory of " + drivers.front().id.text());
}

/// It may be registered later: then this was only early.
Result<> warn_of_missing_images(Desk& desk, const runtimes::Flavour& flavour) {
  TRY(const auto images, desk.run(desk.images.list()));
  const auto missing = [&](const std::string& wanted) {
    return std::ranges::none_of(images,
                                [&](const auto& each) { return each.name == wanted || each.id.text() == wanted; });
  };
  for (const auto* role : {&flavour.faas, flavour.daas ? &*flavour.daas : nullptr})
    if (role != nullptr && missing(role->image))
      std::cerr << "there is no image \"" << role->image << "\" yet; `nephele image add " << role->image
                << " DIR` registers it\n";
  return {};
}

}  // namespace

int config_show(const Context& context) {
  cli::Table table = table_of({"NAME", "VALUE", "UNIT", "FROM", "MEANING"});
  for (const auto& row : context.shown) table.add({row.name, row.value, row.unit, row.origin, row.meaning});
  print(table, context);
  return 0;
}

int account_create(const Context& context, const std::string& name, bool admin) {
  return at_desk(context, [&](Desk& desk) -> Result<> {
    TRY(auto password, read_password(name));
    TRY(const auto account, desk.run(desk.identity.create(
                                {.name = name, .password = std::move(password), .admin = admin, .actor = "operator"})));
    if (admin) {
      auto& ground = desk.foundation;
      TRY_VOID(desk.run(identity::keystone::make_administrator(ground.database(), ground.clock(), account.id)));
    }
    std::cout << account.id.text() << '\n';
    return {};
  });
}

int account_list(const Context& context) {
  return at_desk(context, [&](Desk& desk) -> Result<> {
    cli::Table table = table_of({"NAME", "ADMIN", "ENABLED", "CREATED", "ID"});
    for (identity::AccountId after;;) {
      TRY(const auto accounts, desk.run(desk.identity.list({.after = after, .limit = page})));
      for (const auto& a : accounts) table.add({a.name, a.admin, a.enabled, when(a.created), a.id.text()});
      if (accounts.size() < page) break;
      after = accounts.back().id;
    }
    print(table, context);
    return {};
  });
}

int account_set_enabled(const Context& context, const std::string& name, bool enabled) {
  return at_desk(context, [&](Desk& desk) { return desk.run(desk.identity.set_enabled(name, enabled)); });
}

int account_set_password(const Context& context, const std::string& name) {
  return at_desk(context, [&](Desk& desk) -> Result<> {
    TRY_VOID(desk.run(desk.identity.find(name)));
    TRY(auto password, read_password(name));
    return desk.run(desk.identity.set_password(name, std::move(password)));
  });
}

int flavour_add(const Context& context, const std::string& name, const std::string& file) {
  return at_desk(context, [&](Desk& desk) -> Result<> {
    TRY(const auto description, read_json(file));
    TRY(auto flavour, runtimes::flavour_from_json(name, description));
    TRY_VOID(warn_of_missing_images(desk, flavour));
    return desk.run(desk.flavours.add(std::move(flavour)));
  });
}

int flavour_list(const Context& context) {
  return at_desk(context, [&](Desk& desk) -> Result<> {
    cli::Table table = table_of({"NAME", "IMAGE", "CPU", "MEMORY", "DISK", "DATA"});
    const auto size = [](const std::optional<std::int64_t>& n) { return n ? json::Value(*n) : json::Value(); };
    for (std::string after;;) {
      TRY(const auto flavours, desk.run(desk.flavours.list(after, page)));
      for (const auto& f : flavours)
        table.add({f.name, f.faas.image, size(f.faas.cpu), size(f.faas.memory_mib), size(f.faas.disk_mib),
                   f.daas.has_value()});
      if (flavours.size() < page) break;
      after = flavours.back().name;
    }
    print(table, context);
    return {};
  });
}

int flavour_show(const Context& context, const std::string& name) {
  return at_desk(context, [&](Desk& desk) -> Result<> {
    TRY(const auto flavour, desk.run(desk.flavours.show(name)));
    std::cout << json::pretty(runtimes::to_json(flavour)) << '\n';
    return {};
  });
}

int flavour_remove(const Context& context, const std::string& name) {
  return at_desk(context, [&](Desk& desk) { return desk.run(desk.flavours.remove(name)); });
}

int image_add(const Context& context, const std::string& name, const std::string& directory) {
  return at_desk(context, [&](Desk& desk) -> Result<> {
    TRY_VOID(check_place_of_images(desk));
    TRY(const auto image, desk.run(desk.images.add(name, std::filesystem::absolute(directory).string())));
    std::cout << image.id.text() << '\n';
    return {};
  });
}

int image_list(const Context& context) {
  return at_desk(context, [&](Desk& desk) -> Result<> {
    TRY(const auto images, desk.run(desk.images.list()));
    cli::Table table = table_of({"ID", "NAME", "CREATED", "DIRECTORY"});
    for (const auto& image : images) table.add({image.id.text(), image.name, when(image.created), image.directory});
    print(table, context);
    return {};
  });
}

int operations_list(const Context& context, const std::string& state, const std::string& object, std::size_t limit) {
  return at_desk(context, [&](Desk& desk) -> Result<> {
    using operations::State;
    operations::Page wanted{.state = std::nullopt, .object = object, .before = {}, .limit = 0};
    for (const auto known : {State::pending, State::running, State::done, State::failed, State::cancelled})
      if (operations::to_string(known) == state) wanted.state = known;
    if (!state.empty() && !wanted.state)
      return fail(Kind::invalid, "state \"" + state + "\": write pending, running, done, failed or cancelled");
    cli::Table table = table_of({"ID", "KIND", "OBJECT", "STATE", "ATTEMPT", "CREATED", "ERROR"});
    for (std::size_t left = limit; left > 0; left -= wanted.limit) {
      wanted.limit = std::min(left, page);
      TRY(const auto records, desk.run(desk.operations.list(wanted)));
      for (const auto& r : records)
        table.add({r.id.number(), r.kind, r.object, operations::to_string(r.state), r.attempt, when(r.created),
                   r.last_error});
      if (records.size() < wanted.limit) break;
      wanted.before = records.back().id;
    }
    print(table, context);
    return {};
  });
}

int operations_show(const Context& context, std::int64_t id) {
  return at_desk(context, [&](Desk& desk) -> Result<> {
    TRY(const auto r, desk.run(desk.operations.show(operations::OperationId(id))));
    json::Object shown;
    shown.set("id", r.id.number());
    shown.set("kind", r.kind);
    shown.set("object", r.object);
    shown.set("state", operations::to_string(r.state));
    shown.set("attempt", r.attempt);
    shown.set("progress", r.progress);
    shown.set("last_error", r.last_error);
    shown.set("actor", r.actor);
    shown.set("request", r.request_id);
    shown.set("runs_on", r.runs_on);
    shown.set("created", when(r.created));
    shown.set("updated", when(r.updated));
    shown.set("deadline", when(r.deadline));
    shown.set("payload", r.payload);
    std::cout << json::pretty(json::Value(std::move(shown))) << '\n';
    return {};
  });
}

int operations_retry(const Context& context, std::int64_t id) {
  return at_desk(context, [&](Desk& desk) { return desk.run(desk.operations.retry(operations::OperationId(id))); });
}

int operations_cancel(const Context& context, std::int64_t id) {
  return at_desk(context, [&](Desk& desk) { return desk.run(desk.operations.cancel(operations::OperationId(id))); });
}

}  // namespace nephele::apps
