// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "apps/nephele/installation.h"
#include "apps/nephele/settings.h"

/// The verbs of `nephele`. Each answers the program's exit status: 0 done, 1 failed, 2 wrong usage, 3 not found. Data
/// goes to standard output, words to standard error.
namespace nephele::apps {

/// What all verbs share.
struct Context {
  Installation installation;
  Settings settings;
  std::vector<settings::Shown> shown;  ///< the settings with their origins
  bool json = false;
};

int up(const Context& context, bool detach);
/// The production form: some services in the foreground, no account made by itself.
int serve(const Context& context, const std::vector<std::string>& services);

int status(const Context& context);
/// Ends all processes of the data directory; machines go on, or end too.
int stop(const Context& context, bool machines);
/// Ends everything and removes the data directory.
int destroy(const Context& context, bool yes);
int migrate(const Context& context);
/// Can this machine serve these? Nothing: all of them.
int doctor(const Context& context, const std::vector<std::string>& services);
int config_show(const Context& context);
int backup(const Context& context, const std::string& file);
int restore(const Context& context, const std::string& file);

int account_create(const Context& context, const std::string& name, bool admin);
int account_list(const Context& context);
int account_set_enabled(const Context& context, const std::string& name, bool enabled);
int account_set_password(const Context& context, const std::string& name);

int flavour_add(const Context& context, const std::string& name, const std::string& file);
int flavour_list(const Context& context);
int flavour_show(const Context& context, const std::string& name);
int flavour_remove(const Context& context, const std::string& name);

int image_add(const Context& context, const std::string& name, const std::string& directory);
int image_list(const Context& context);

int operations_list(const Context& context, const std::string& state, const std::string& object, std::size_t limit);
int operations_show(const Context& context, std::int64_t id);
int operations_retry(const Context& context, std::int64_t id);
int operations_cancel(const Context& context, std::int64_t id);

int logs(const Context& context, std::int64_t server, std::size_t bytes);
int console(const Context& context, std::int64_t server);

/// Prints the sentence on standard error; the exit status that its kind means.
int report(const Error& error);

}  // namespace nephele::apps
