// SPDX-License-Identifier: Apache-2.0
#include "apps/synnefo/account_services.h"

#include <filesystem>

#include "apps/synnefo/page_settings.h"
#include "identity/adapters/ldap_directory.h"
#include "identity/adapters/open_mailer.h"
#include "operations/process_identity.h"

namespace nephele::apps {

namespace {

using identity::MailAddress;

/// Empty where no setting says it.
std::string named_url(const SynnefoConf& conf, const std::string& otherwise) {
  std::string url = is_set(conf, "ASTAKOS_BASE_URL") ? conf.astakos->base_url : otherwise;
  while (url.ends_with('/')) url.pop_back();
  return url;
}

std::vector<MailAddress> addresses(const std::optional<identity::People>& people) {
  std::vector<MailAddress> all;
  for (const auto& person : people.value_or(identity::People{}))
    all.push_back({.name = person.name, .mailbox = person.mail});
  return all;
}

identity::life::Settings life_settings(const SynnefoConf& conf, const identity::PublicUrl& url) {
  const auto& astakos = *conf.astakos;
  const auto recipients = identity::recipients_of(astakos);
  identity::life::Settings settings;
  settings.moderation = {.enabled = astakos.sign_up.moderated,
                         .email_patterns = astakos.sign_up.email_patterns,
                         .sending_is_approval = astakos.sign_up.link_of_admin_activates};
  settings.base_url = url;
  settings.moderators = addresses(recipients.account_pending);
  settings.administrators = addresses(recipients.account_activated);
  settings.subject_prefix = astakos.mail.subject_prefix;
  return settings;
}

/// The ways to sign in that this program knows; others are named in the log.
std::vector<std::string> known_modules(const identity::AstakosSettings& astakos, const log::Logger& log) {
  std::vector<std::string> known;
  for (const auto& module : astakos.modules) {
    if (module == "local" || module == "ldap" || module == "shibboleth")
      known.push_back(module);
    else
      log.warn("identity.unknown_way",
               {{"module", module},
                {"reason",
                 "ASTAKOS_IM_MODULES: it is not built in; users who have only this way sign in by 'local' once "
                 "an administrator has given them a password (enable_local), or by a federation that takes "
                 "such accounts, with 'shibboleth'"}});
  }
  return known;
}

/// Modules by whose word on the address an account goes, whatever its owner would like.
std::set<std::string> address_keepers(const identity::AstakosSettings& astakos) {
  const auto mail = astakos.ldap.attributes.find("email");
  if (mail == astakos.ldap.attributes.end() || mail->second.editable) return {};
  return {"ldap"};
}

identity::ways::ShibbolethSettings shibboleth_settings(const identity::AstakosSettings& astakos) {
  return {.proxies = astakos.trusted_proxies,
          .secret = astakos.shibboleth_secret,
          .migrate_eppn = astakos.shibboleth_migrate_eppn,
          .require_name = astakos.shibboleth_require_name,
          .site = astakos.web.service_name,
          .support = astakos.mail.contact};
}

identity::projects::Settings project_settings(const SynnefoConf& conf, const identity::PublicUrl& url) {
  const auto& astakos = *conf.astakos;
  const auto recipients = identity::recipients_of(astakos);
  identity::projects::Settings settings;
  settings.admins = astakos.projects.admins;
  settings.member_choices = astakos.projects.member_limits.items;
  settings.rows_of_page = astakos.web.paginate_by;
  settings.base_url = url;
  settings.hear_of_new = addresses(recipients.project_creation);
  settings.hear_of_changes = addresses(recipients.project_modification);
  settings.subject_prefix = astakos.mail.subject_prefix;
  return settings;
}

/// Groups of what is not open give nothing.
identity::administration::Offices offices_of(const identity::AstakosSettings& settings,
                                             const identity::administration::Overrides& overrides) {
  identity::administration::Offices offices{.overrides = overrides, .project_admins = settings.projects.admins};
  if (settings.admin.enabled) offices.groups = settings.admin.groups;
  if (settings.api.admin_enabled) offices.api_groups = settings.api.admin_groups;
  return offices;
}

/// The relay or the folder of the settings, else the ground's own folder; nothing: no mails.
bool has_way(const SynnefoConf& conf, const AccountGround& ground) {
  return !conf.mail.host.empty() || !conf.mail.folder.empty() || !ground.data_directory.empty();
}

}  // namespace

Result<std::unique_ptr<AccountServices>> AccountServices::open(const SynnefoConf& conf, AccountGround ground) {
  std::unique_ptr<AccountServices> made(new AccountServices);
  const std::string named = named_url(conf, ground.named_url);
  made->named_ = !named.empty();
  const identity::PublicUrl& url = made->url_;
  url.decide(made->named_ ? named : ground.usual_url);
  const auto& astakos = *conf.astakos;
  TRY_VOID(identity::check(astakos));
  made->settings_ = astakos;
  TRY(made->admin_overrides_, identity::administration::overrides_from(astakos.admin.rbac.entries));
  made->pages_ = page_settings(conf);
  TRY(made->texts_,
      identity::MailTexts::load(conf.mail.texts_folder,
                                {.name = astakos.web.service_name, .base_url = url, .support = astakos.mail.contact}));
  TRY(auto book, identity::ways::PolicyBook::of(known_modules(astakos, ground.log), astakos.policies, astakos.messages,
                                                astakos.sign_up.moderated));
  made->ldap_ = astakos.ldap;
  made->shibboleth_ = shibboleth_settings(astakos);
  auto settings = life_settings(conf, url);
  settings.accepting_way = [book](sql::Tx& tx, const identity::AccountId& account) {
    return identity::ways::accepting_way(tx, account, book);
  };
  TRY_VOID(identity::life::check(settings.moderation));
  if (has_way(conf, ground)) {
    const identity::MailTimes times{.give_up = conf.mail.give_up};
    TRY(auto sender, identity::mail_sender(conf.mail));
    TRY(made->mailer_, identity::open_mailer(conf.mail, ground.data_directory));
    made->handler_ = std::make_unique<identity::MailHandler>(*made->mailer_, times, ground.log);
    made->outbox_ = std::make_unique<identity::MailOutbox>(ground.operations, std::move(sender), times);
    ground.operations.handle(std::string(identity::mail_operation), *made->handler_);
  }
  made->life_ = std::make_unique<identity::life::AccountLife>(ground.database, ground.identity, ground.quotas,
                                                              ground.key, ground.clock, made->outbox_.get(),
                                                              made->texts_, std::move(settings), ground.log);
  made->ways_ = std::make_unique<identity::ways::Ways>(
      ground.database, *made->life_, ground.key, ground.clock,
      identity::ways::Settings{.book = std::move(book),
                               .local_accounts_may_add = astakos.sign_up.local_account_migration,
                               .address_keepers = address_keepers(astakos)},
      ground.log);
  made->precedence_ =
      std::make_unique<identity::administration::Precedence>(offices_of(astakos, made->admin_overrides_));
  auto of_projects = project_settings(conf, url);
  of_projects.precedence = [precedence = made->precedence_.get()](sql::Tx& tx, const identity::AccountId& who,
                                                                  const identity::AccountId& whom) {
    return precedence->check(tx, who, whom);
  };
  made->projects_ =
      std::make_unique<identity::projects::Projects>(ground.database, ground.quotas, ground.clock, made->outbox_.get(),
                                                     made->texts_, std::move(of_projects), ground.log);
  return made;
}

void AccountServices::listens_at(std::string url) {
  if (!named_) url_.decide(std::move(url));
}

Result<std::unique_ptr<identity::ways::UserDirectory>> AccountServices::open_directory(const log::Logger& log) const {
  const auto& book = ways_->book();
  if (book.modules().empty())
    return fail(Kind::invalid,
                "ASTAKOS_IM_MODULES names no way to sign in that there is here: add 'local', 'ldap' or 'shibboleth' "
                "(google, twitter and linkedin are not built in)");
  if (!book.offers("ldap")) return nullptr;
  TRY(auto directory, identity::LdapDirectory::open(ldap_, book.policies("ldap").mirror_groups, log));
  return std::unique_ptr<identity::ways::UserDirectory>(std::move(directory));
}

std::string boot_place() {
  // A container has numbers of processes of its own, although it is of the same boot.
  std::error_code ec;
  const auto numbers = std::filesystem::read_symlink("/proc/self/ns/pid", ec);
  return "boot:" + operations::ProcessIdentity::own().boot_id + " " + numbers.string();
}

}  // namespace nephele::apps
