// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>

#include "identity/pages/desk.h"

namespace nephele::identity::ways {
class UserDirectory;
struct ShibbolethSettings;
class Ways;
}  // namespace nephele::identity::ways
namespace nephele::identity {
struct LdapSettings;
class MailOutbox;
class MailTexts;
}  // namespace nephele::identity

namespace nephele::identity::astakos {
class IdentityCallers;
}

/// The web pages of the identity service (contract astakos, 11): plain HTML, no scripts.
namespace nephele::identity::pages {

class Pages {
 public:
  /// All outlive it. `outbox` may be missing: then no mail can be sent.
  Pages(Identity& identity, life::AccountLife& life, sql::Database& database, const SecretKey& key, const Clock& clock,
        const MailOutbox* outbox, const MailTexts& texts, Settings settings, log::Logger log);
  ~Pages();
  Pages(const Pages&) = delete;
  Pages& operator=(const Pages&) = delete;

  /// Ways to sign in beside the password, before add_to(); without it there are none. `directory` may be missing where
  /// the ways do not offer it. `ways` and `directory` outlive the pages.
  void offer(ways::Ways& ways, ways::UserDirectory* directory, LdapSettings ldap, ways::ShibbolethSettings shibboleth);
  /// How browsers reach us, without a slash at the end; cookies are Secure when it is https. The port may be known
  /// late.
  void set_public_url(std::string url);
  /// Before the first request.
  Task<Result<>> begin();
  /// For a router that has other routes too: `others` answers for what is no page. Both outlive the router.
  std::unique_ptr<http::Faults> faults(const http::Faults& others) const;
  void add_to(http::Router& router);
  /// The calls of the account API that belong to pages. `callers` outlives the router.
  void add_api_to(http::Router& router, astakos::IdentityCallers& callers);
  /// For what is guarded as pages are but comes from elsewhere.
  Desk& desk() noexcept;

 private:
  class Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace nephele::identity::pages
