// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>

#include "apps/synnefo/synnefo_conf.h"
#include "base/log.h"
#include "identity/administration/precedence.h"
#include "identity/identity.h"
#include "identity/life/life.h"
#include "identity/mails.h"
#include "identity/pages/settings.h"
#include "identity/projects/projects.h"
#include "identity/public_url.h"
#include "identity/quota/quotas.h"
#include "identity/ways/shibboleth_rules.h"
#include "identity/ways/user_directory.h"
#include "identity/ways/ways.h"
#include "operations/operations.h"

namespace nephele::apps {

/// What accounts live on in a program. All of it outlives AccountServices.
struct AccountGround {
  sql::Database& database;
  identity::Identity& identity;
  identity::quota::Quotas& quotas;
  operations::Operations& operations;  ///< not started yet
  const SecretKey& key;
  const Clock& clock;
  log::Logger log;
  std::string named_url;       ///< IDENTITY_URL; empty: unset
  std::string usual_url;       ///< where the service listens or did last; holds until listens_at()
  std::string data_directory;  ///< has the mails where no setting names a way for them; empty: then there is none
};

/// The accounts' life as /etc/synnefo wants it: moderation, recipients, texts, and the mails' way out.
class AccountServices {
 public:
  /// Registers the handler of mails, so that a process that starts its operations sends them. Without a way for mails
  /// it has none, and what needs one fails with the name of the setting.
  static Result<std::unique_ptr<AccountServices>> open(const SynnefoConf& conf, AccountGround ground);

  identity::life::AccountLife& life() noexcept { return *life_; }
  identity::projects::Projects& projects() noexcept { return *projects_; }
  /// Null where there is no way for mails.
  const identity::MailOutbox* outbox() const noexcept { return outbox_.get(); }
  const identity::MailTexts& texts() const noexcept { return texts_; }
  const identity::AstakosSettings& settings() const noexcept { return settings_; }
  /// ADMIN_RBAC.
  const identity::administration::Overrides& admin_overrides() const noexcept { return admin_overrides_; }
  const identity::administration::Precedence& precedence() const noexcept { return *precedence_; }
  /// How users reach the service, for all that tells it: ASTAKOS_BASE_URL, else IDENTITY_URL, else where it listens.
  const identity::PublicUrl& url() const noexcept { return url_; }
  /// The address that the service is bound to. Before the first request, as far as the port is known then.
  void listens_at(std::string url);
  identity::ways::Ways& ways() noexcept { return *ways_; }
  const identity::LdapSettings& ldap() const noexcept { return ldap_; }
  const identity::ways::ShibbolethSettings& shibboleth() const noexcept { return shibboleth_; }
  /// The directory of users, where one is a way to sign in; else nothing. Fails with `invalid` and a setting's name.
  Result<std::unique_ptr<identity::ways::UserDirectory>> open_directory(const log::Logger& log) const;
  const identity::pages::Settings& pages() const noexcept { return pages_; }

 private:
  AccountServices() = default;

  identity::AstakosSettings settings_;
  identity::administration::Overrides admin_overrides_;
  bool named_ = false;
  identity::PublicUrl url_;
  identity::LdapSettings ldap_;
  identity::ways::ShibbolethSettings shibboleth_;
  identity::pages::Settings pages_;
  identity::MailTexts texts_{identity::MailSite{}};
  std::unique_ptr<identity::Mailer> mailer_;
  std::unique_ptr<identity::MailHandler> handler_;
  std::unique_ptr<identity::MailOutbox> outbox_;
  std::unique_ptr<identity::life::AccountLife> life_;
  std::unique_ptr<identity::ways::Ways> ways_;
  std::unique_ptr<identity::administration::Precedence> precedence_;
  std::unique_ptr<identity::projects::Projects> projects_;
};

/// Operations::Settings::place of processes that are bound to nothing of a host but their own life: those of one boot,
/// among which the dead can be told from the living.
std::string boot_place();

}  // namespace nephele::apps
