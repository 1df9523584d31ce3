// SPDX-License-Identifier: Apache-2.0
#include "apps/snf_manage/desk.h"

#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <iostream>

#include "apps/nephele/accounts.h"
#include "apps/synnefo/log_setup.h"

namespace nephele::apps {

namespace {

/// A sentence for each part that a command stands on.
Result<> check_ground(const Installation& place, const Settings& settings, const std::string& files) {
  if (place.exists()) return {};
  if (settings.database_url.empty())
    return fail(Kind::not_found, "there is no database: " + place.directory() +
                                     " holds none (`nephele up` makes one, --data or NEPHELE_DATA names another " +
                                     "directory), and neither DATABASE in nephele.conf nor DATABASES in " + files +
                                     " names a PostgreSQL");
  if (settings.secret_key_file.empty())
    return fail(Kind::not_found,
                "the settings name a database but not its secret key: set SECRET_KEY_FILE in /etc/nephele/nephele.conf "
                "to a copy of secret.key from the node that made it");
  return {};
}

constexpr std::size_t sent_at_once = 8;  // of mails that wait; a command is no server
constexpr std::chrono::milliseconds looks_every{250};
constexpr std::chrono::minutes ends_within{15};  // longer than EMAIL_TIMEOUT can be

std::chrono::hours kept(const Foundation& ground) {
  return ground.settings().operations_keep;
}

/// Who is at the keyboard, for the log: the one who became root, if sudo tells.
std::string operator_name() {
  const char* sudo = std::getenv("SUDO_USER");  // NOLINT(concurrency-mt-unsafe): nobody here sets variables
  return sudo != nullptr && *sudo != '\0' ? sudo : "uid " + std::to_string(::getuid());
}

/// A setup of the administrator's own must work. The usual one is a courtesy: without its file verbs go on.
Result<> begin_logging(const SynnefoPrograms& settings, const std::string& logs, log::Logging& logging) {
  const auto& own = settings.manage_logging.type() != settings::Type::none ? settings.manage_logging : settings.logging;
  if (own.type() != settings::Type::none) {
    if (auto done = set_up_logging(logging, own, "snf-manage"); !done) return fail(done.error());
    return {};
  }
  std::error_code ec;
  std::filesystem::create_directories(logs, ec);
  const auto done = set_up_logging(logging, usual_logging(logs + "/snf-manage.log"), "snf-manage");
  if (!done) std::cerr << "snf-manage: warning: nothing is logged: " << done.error().sentence() << '\n';
  return {};
}

}  // namespace

/// The object graph, top to bottom; destructors run in the reverse order.
struct ManageDesk::Services {
  explicit Services(Foundation& ground)
      : operations(ground.database(), ground.key(), ground.clock(), ground.threads().first(),
                   {.place = boot_place(), .running_max = sent_at_once, .poll = looks_every, .keep = kept(ground)},
                   ground.logging().logger("operations")),
        identity(ground.database(), ground.key(), ground.clock(), {}, ground.logging().logger("identity")),
        quotas(ground.database(), ground.clock()),
        components(ground.database(), quotas, ground.key(), ground.clock()),
        whole{ground.database(), identity, quotas, ground.clock(), components} {}

  operations::Operations operations;
  identity::Identity identity;
  identity::quota::Quotas quotas;
  identity::astakos::Components components;
  identity::Ground whole;
  std::unique_ptr<AccountServices> accounts;
  bool works = false;
};

ManageDesk::ManageDesk() = default;

ManageDesk::~ManageDesk() {
  if (services_ && services_->works) foundation_->threads().run(services_->operations.stop(), ends_within);
}

void ManageDesk::set_directories(std::optional<std::string> data, const std::optional<std::string>& settings) {
  data_ = std::move(data);
  settings_ = synnefo_directory(settings);
}

Result<const SynnefoConf*> ManageDesk::conf() {
  if (!conf_) {
    TRY(auto read, read_synnefo(settings_));
    conf_ = std::make_unique<SynnefoConf>(std::move(read));
  }
  return conf_.get();
}

Result<std::string> ManageDesk::log_directory() {
  TRY(const auto* const settings, conf());
  if (!settings->programs.log_directory.empty()) return settings->programs.log_directory;
  std::error_code ec;
  const std::string usual = "/var/log/synnefo";
  return std::filesystem::is_directory(usual, ec) ? usual : installation().file("log");
}

Result<Foundation*> ManageDesk::foundation() {
  if (foundation_) return foundation_.get();
  TRY(const auto* const synnefo, conf());
  const Installation place = installation();
  TRY(auto settings, load_settings(place.settings_file(), {}));
  if (settings.values.database_url.empty()) settings.values.database_url = synnefo->programs.database_url;
  TRY_VOID(check_ground(place, settings.values, settings_));
  TRY(auto opened, Foundation::open(place, std::move(settings.values), Foundation::LogTo::nowhere, false));
  TRY(const std::string logs, log_directory());
  TRY_VOID(begin_logging(synnefo->programs, logs, opened->logging()));
  TRY_VOID(opened->migrate());
  foundation_ = std::move(opened);
  return foundation_.get();
}

Result<ManageDesk::Services*> ManageDesk::services() {
  if (services_) return services_.get();
  TRY(Foundation* const ground, foundation());
  services_ = std::make_unique<Services>(*ground);
  return services_.get();
}

Result<identity::Ground*> ManageDesk::ground() {
  TRY(Services* const all, services());
  return &all->whole;
}

Result<identity::life::AccountLife*> ManageDesk::life() {
  TRY(Services* const all, services());
  if (all->accounts) return &all->accounts->life();
  TRY(const auto* const settings, conf());
  TRY(all->accounts, open_accounts(*foundation_, *settings, all->identity, all->quotas, all->operations));
  return &all->accounts->life();
}

Result<identity::projects::Projects*> ManageDesk::projects() {
  TRY_VOID(life());
  return &services_->accounts->projects();
}

Result<operations::Operations*> ManageDesk::post() {
  TRY_VOID(life());
  auto& all = *services_;
  if (!all.works) TRY_VOID(foundation_->threads().run(all.operations.start()));
  all.works = true;
  return &all.operations;
}

void ManageDesk::log_command(std::string_view verb, bool done) {
  if (!foundation_) return;
  foundation_->logging().logger("manage").info("command", {{"verb", verb}, {"by", operator_name()}, {"done", done}});
}

}  // namespace nephele::apps
