// SPDX-License-Identifier: Apache-2.0
#include "identity/pages/pages.h"

#include <algorithm>
#include <optional>
#include <vector>

#include "identity/oauth2/pages.h"
#include "identity/pages/email_change.h"
#include "identity/pages/entry.h"
#include "identity/pages/feedback.h"
#include "identity/pages/feeds.h"
#include "identity/pages/join.h"
#include "identity/pages/ldap.h"
#include "identity/pages/password.h"
#include "identity/pages/profile.h"
#include "identity/pages/shibboleth.h"
#include "identity/pages/ways.h"

namespace nephele::identity::pages {

class Pages::Parts {
 public:
  Parts(Identity& identity, life::AccountLife& life, sql::Database& database, const SecretKey& key, const Clock& clock,
        const MailOutbox* outbox, const MailTexts& texts, Settings settings, log::Logger log)
      : desk(identity, life, database, key, clock, std::move(settings), std::move(log)),
        password(desk, outbox, texts),
        email(desk, outbox, texts),
        feedback(desk, outbox, texts) {}

  Desk desk;
  RootPage root;
  EntryPages entry{desk};
  JoinPages join{desk};
  PasswordPages password;
  ProfilePages profile{desk};
  WayPages ways{desk};
  std::optional<LdapPages> ldap;
  std::optional<ShibbolethPages> shibboleth;
  EmailPages email;
  FeedPages feeds{desk};
  Feedback feedback;
  FeedbackPages feedback_pages{desk, feedback};
  std::unique_ptr<FeedbackApi> feedback_api = {};
  oauth2::Server oauth2{desk.database, desk.identity, desk.key, desk.clock, desk.settings.oauth2};
  oauth2::AuthorizePages authorize{desk, oauth2};
  oauth2::TokenApi tokens{oauth2, desk.database, desk.log};
};

namespace {

/// Those that are about our own passwords.
bool is_local(std::string_view path, http::Verb verb) {
  return path.starts_with("/ui/local") || path.starts_with("/ui/login/local") ||
         (verb == http::Verb::post && path.starts_with("/ui/login"));
}

}  // namespace

Pages::Pages(Identity& identity, life::AccountLife& life, sql::Database& database, const SecretKey& key,
             const Clock& clock, const MailOutbox* outbox, const MailTexts& texts, Settings settings, log::Logger log)
    : parts_(std::make_unique<Parts>(identity, life, database, key, clock, outbox, texts, std::move(settings),
                                     std::move(log))) {}
Pages::~Pages() = default;

void Pages::offer(ways::Ways& ways, ways::UserDirectory* directory, LdapSettings ldap,
                  ways::ShibbolethSettings shibboleth) {
  auto& p = *parts_;
  p.desk.ways = &ways;
  if (ways.book().offers("ldap") && directory != nullptr) p.ldap.emplace(p.desk, p.ways, *directory, std::move(ldap));
  if (ways.book().offers("shibboleth")) p.shibboleth.emplace(p.desk, p.ways, std::move(shibboleth));
}

void Pages::set_public_url(std::string url) {
  parts_->desk.set_public_url(std::move(url));
}

Task<Result<>> Pages::begin() {
  co_return co_await parts_->desk.begin();
}

std::unique_ptr<http::Faults> Pages::faults(const http::Faults& others) const {
  return std::make_unique<PageFaults>(parts_->desk, others);
}

Desk& Pages::desk() noexcept {
  return parts_->desk;
}

void Pages::add_to(http::Router& router) {
  router.add(parts_->root, RootPage::routes());
  const bool passwords = parts_->desk.offers(ways::local);
  std::vector<http::Route<EntryPages>> entry;
  std::ranges::copy_if(EntryPages::routes(), std::back_inserter(entry),
                       [&](const auto& route) { return passwords || !is_local(route.path, route.verb); });
  router.add(parts_->entry, std::span<const http::Route<EntryPages>>(entry));
  router.add(parts_->join, JoinPages::routes());
  if (passwords) router.add(parts_->password, PasswordPages::routes());
  if (parts_->desk.ways != nullptr) router.add(parts_->ways, WayPages::routes());
  if (parts_->ldap) router.add(*parts_->ldap, LdapPages::routes());
  if (parts_->shibboleth) router.add(*parts_->shibboleth, ShibbolethPages::routes());
  router.add(parts_->profile, ProfilePages::routes());
  router.add(parts_->email, EmailPages::routes());
  router.add(parts_->feeds, FeedPages::routes());
  router.add(parts_->feedback_pages, FeedbackPages::routes());
  const auto authorize = parts_->authorize.routes();
  router.add(parts_->authorize, std::span(authorize));
}

void Pages::add_api_to(http::Router& router, astakos::IdentityCallers& callers) {
  parts_->feedback_api = std::make_unique<FeedbackApi>(parts_->feedback, callers, parts_->desk.log);
  router.add(*parts_->feedback_api, FeedbackApi::routes());
  const auto tokens = parts_->tokens.routes();
  router.add(parts_->tokens, std::span(tokens));
}

}  // namespace nephele::identity::pages
