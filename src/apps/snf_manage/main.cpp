// SPDX-License-Identifier: Apache-2.0
// snf-manage, also called snf-admin: the administrator's verbs over the installation's database.
#include <algorithm>
#include <cstring>
#include <filesystem>
#include <iostream>
#include <iterator>
#include <regex>

#include "apps/snf_manage/command_log.h"
#include "apps/snf_manage/desk.h"
#include "apps/snf_manage/export_verbs.h"
#include "apps/snf_manage/settings_verbs.h"
#include "base/visible.h"
#include "manage/command_line.h"
#include "nephele_version.h"

namespace nephele::apps {

namespace {

constexpr std::string_view about = "Administers a cloud: its users and what they may use.";

manage::Program program_named(const char* path) {
  return {.name = std::filesystem::path(path).filename().string(),
          .version = std::string(version),
          .about = std::string(about),
          .options = {
              {"--data", "DIRECTORY",
               "data directory (NEPHELE_DATA; default: the XDG data home, /var/lib/nephele for root)"},
              {"--settings-dir", "DIRECTORY", "of the *.conf files (SYNNEFO_SETTINGS_DIR; default: /etc/synnefo)"}}};
}

/// Does the verb write a log of the command?
Result<bool> is_logged(const manage::Verb& verb, const SynnefoPrograms& settings) {
  if (!verb.logged || settings.unlogged.empty()) return verb.logged;
  try {
    const std::regex unlogged(settings.unlogged, std::regex::ECMAScript);
    return !std::regex_search(verb.name, unlogged);
  } catch (const std::regex_error&) {
    return fail(Kind::invalid, "LOGGER_EXCLUDE_COMMANDS is \"" + settings.unlogged +
                                   "\", which is no regular expression; the usual one is \"-list$|-show$\"");
  }
}

/// Warns and goes on without: whoever repairs a full disk needs his commands.
std::unique_ptr<CommandLog> begin_log(const manage::Program& program, const manage::Parsed& parsed,
                                      const std::string& directory) {
  auto log = CommandLog::open(directory, parsed.verb->name, SystemClock().now());
  if (!log) {
    std::cerr << program.name << ": warning: no log of this command: " << log.error().sentence() << '\n';
    return nullptr;
  }
  std::string line = program.name + " " + parsed.verb->name;
  for (const auto& word : parsed.masked) line += " " + visible(word);
  (*log)->write(line + "\n");
  return std::move(*log);
}

std::string complaint(const Error& error) {
  return "CommandError: " + visible(error.sentence()) + "\n";
}

/// Runs the verb; what it prints goes to standard output and, unless it only reads, into a log.
Result<> run_verb(const manage::Program& program, const manage::Parsed& parsed, ManageDesk& desk) {
  TRY(const auto* const conf, desk.conf());
  if (parsed.call->verbosity() > 1)
    for (const auto& warning : conf->warnings) std::cerr << program.name << ": warning: " << warning << '\n';
  TRY(const bool logged, is_logged(*parsed.verb, conf->programs));
  std::unique_ptr<CommandLog> log;
  if (logged) {
    TRY(const std::string directory, desk.log_directory());
    log = begin_log(program, parsed, directory);
  }
  Terminal out(log.get());
  auto done = parsed.verb->run(*parsed.call, out);
  if (logged) desk.log_command(parsed.verb->name, done.has_value());
  if (!done && log) log->write(complaint(done.error()));
  const bool whole = out.flush();  // before the complaint
  if (done && !whole) return fail(Kind::unavailable, "standard output takes no more; is its disk full?");
  return done;
}

/// The system shows everybody what a program was called with: secrets are blotted out once they are read.
void blot_secrets(int argc, char** argv, const std::vector<std::string>& masked) {
  for (std::size_t i = 0; i < masked.size() && i + 2 < static_cast<std::size_t>(argc); ++i) {
    char* const word = argv[i + 2];  // behind the program and the verb
    if (masked[i] == word) continue;
    const std::string_view shown(word, std::min(masked[i].find("***"), std::strlen(word)));
    std::memset(word + shown.size(), '*', std::strlen(word) - shown.size());
  }
}

int run(int argc, char** argv) {
  const auto program = program_named(argc > 0 ? argv[0] : "snf-manage");
  ManageDesk desk;
  auto verbs = identity::manage_verbs(desk);
  std::ranges::move(settings_verbs(desk), std::back_inserter(verbs));
  std::ranges::move(export_verbs(desk), std::back_inserter(verbs));
  const auto parsed = manage::parse(program, verbs, {argv + std::min(argc, 1), argv + argc});
  blot_secrets(argc, argv, parsed.masked);
  std::cout << parsed.out << std::flush;
  std::cerr << parsed.err;
  if (parsed.verb == nullptr || !parsed.call) return parsed.status;

  desk.set_directories(parsed.call->text("--data"), parsed.call->text("--settings-dir"));
  const auto done = run_verb(program, parsed, desk);
  if (!done) std::cerr << complaint(done.error());
  return done ? 0 : 1;
}

}  // namespace

}  // namespace nephele::apps

int main(int argc, char** argv) {
  try {
    return nephele::apps::run(argc, argv);
  } catch (const std::exception& error) {
    std::cerr << "CommandError: unexpected: " << error.what() << '\n';
    return 1;
  }
}
