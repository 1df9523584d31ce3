// SPDX-License-Identifier: Apache-2.0
// What `nephele doctor identity` looks at: an identity service like the real one, on a database of its own.
#include <algorithm>

#include "apps/nephele/accounts.h"
#include "apps/nephele/doctor.h"
#include "apps/nephele/identity_listener.h"
#include "apps/nephele/processes.h"
#include "apps/synnefo/log_setup.h"
#include "apps/synnefo/synnefo_conf.h"

namespace nephele::apps {

namespace {

constexpr std::size_t password_characters = 20;

Result<SynnefoConf> examine_settings() {
  const std::string directory = synnefo_directory(std::nullopt);
  TRY(auto conf, read_synnefo(directory));
  const auto set = std::ranges::count_if(conf.shown, [](const auto& row) { return row.origin != "default"; });
  say("ok", std::to_string(set) + " settings of " + directory + " can be read");
  for (const auto& warning : conf.warnings) say("--", warning);
  if (conf.programs.logging.type() == settings::Type::none) return conf;
  const SystemClock clock;
  log::Logging logging(clock, log::Level::info);
  TRY(const auto warnings, set_up_logging(logging, conf.programs.logging, "nephele"));
  say("ok", "LOGGING_SETUP can be followed");
  for (const auto& warning : warnings) say("--", warning);
  return conf;
}

std::string way_of_mails(const SynnefoConf& conf, const Context& context) {
  if (!conf.mail.host.empty()) return conf.mail.host + ":" + std::to_string(conf.mail.port);
  if (!conf.mail.folder.empty()) return "the folder " + conf.mail.folder;
  if (context.settings.database_url.empty()) return "the folder " + context.installation.file("mails");
  return {};
}

/// What it runs on: as in the real process, apart from its data.
Settings bench_settings(const Context& context, bool insists) {
  Settings apart = context.settings;
  apart.database_url.clear();
  apart.secret_key_file.clear();
  const auto running = processes_of(context.installation);
  const bool serves = std::ranges::any_of(running, [](const auto& one) { return one.services.contains("identity"); });
  if (serves) {
    say("ok", "an identity service runs here already");
    apart.identity_port = 0;
  } else if (!insists && apart.identity_port == default_identity_port) {
    say("--", "`nephele up` takes any other port where " + std::to_string(apart.identity_port) + " is taken");
  }
  return apart;
}

Task<Result<>> sign_in(identity::Identity& identity) {
  const std::string password = random_password(password_characters);
  CO_TRY_VOID(co_await identity.create("doctor", Secret(password), false));
  CO_TRY_VOID(co_await identity.authenticate("doctor", Secret(password), "127.0.0.1"));
  co_return Result<>{};
}

}  // namespace

Result<> examine_identity(const Context& context, const Installation& bench, bool insists) {
  TRY(const auto conf, examine_settings());
  TRY_VOID(check_one_database(context.settings, conf));
  TRY(auto foundation, Foundation::open(bench, bench_settings(context, insists), Foundation::LogTo::file, true));
  TRY_VOID(foundation->migrate());
  operations::Operations operations(foundation->database(), foundation->key(), foundation->clock(),
                                    foundation->threads().first(), {.place = boot_place()},
                                    foundation->logging().logger("operations"));
  identity::Identity identity(foundation->database(), foundation->key(), foundation->clock(), {},
                              foundation->logging().logger("identity"));
  identity::quota::Quotas quotas(foundation->database(), foundation->clock());
  TRY(auto accounts, open_accounts(*foundation, conf, identity, quotas, operations));
  if (const auto way = way_of_mails(conf, context); way.empty())
    say("--", "no mail can be sent: neither EMAIL_HOST nor EMAIL_FILE_PATH is set");
  else
    say("ok", "mails go to " + way);

  IdentityListener listener(*foundation, identity, quotas, *accounts);
  TRY(const auto url, listener.start(FirstStart::without_account, !insists));
  listener.stop();
  say("ok", "the identity service can listen; users would reach it at " + url);
  const auto began = std::chrono::steady_clock::now();
  TRY_VOID(foundation->threads().run(sign_in(identity)));
  const auto took = std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - began);
  say("ok", "an account was made and signed in within " + std::to_string(took.count()) + " ms");
  return {};
}

}  // namespace nephele::apps
