// SPDX-License-Identifier: Apache-2.0
#include "apps/nephele/identity_listener.h"

#include "http/faults_by_path.h"
#include "http/server.h"
#include "identity/administration/admin_api.h"
#include "identity/astakos/account_api.h"
#include "identity/astakos/legacy_api.h"
#include "identity/astakos/statistics_api.h"
#include "identity/astakos/users_api.h"
#include "identity/environment.h"
#include "identity/keystone/keystone.h"
#include "identity/pages/captcha.h"
#include "identity/pages/pages.h"
#include "identity/pages/projects.h"
#include "identity/projects/api.h"
#include "identity/quota/api.h"

namespace nephele::apps {

namespace {

constexpr std::chrono::seconds drain{20};
constexpr std::size_t password_characters = 20;

std::string openrc(const std::string& url, const std::string& password) {
  return "# The administrator of this cloud, for OpenStack's clients:  . admin-openrc && openstack token issue\n" +
         identity::exported({{"OS_AUTH_URL", url + "/identity/v3"},
                             {"OS_IDENTITY_API_VERSION", "3"},
                             {"OS_USERNAME", std::string(identity::keystone::first_administrator)},
                             {"OS_PASSWORD", password},
                             {"OS_USER_DOMAIN_NAME", "Default"},
                             {"OS_PROJECT_NAME", std::string(identity::keystone::first_project)},
                             {"OS_PROJECT_DOMAIN_NAME", "Default"},
                             {"OS_REGION_NAME", std::string(identity::keystone::first_region)}});
}

/// The file with the service's present URL; the password in it stays.
Result<> renew_openrc(const std::string& path, const std::string& url) {
  TRY(std::string text, read_small_file(path));
  constexpr std::string_view name = "export OS_AUTH_URL=";
  const auto at = text.find(name);
  if (at == std::string::npos) return {};
  const std::size_t length = std::min(text.find('\n', at), text.size() - 1) + 1 - at;
  const std::string line = identity::exported({{"OS_AUTH_URL", url + "/identity/v3"}});
  if (text.substr(at, length) == line) return {};
  text.replace(at, length, line);
  return write_private_file(path, text);
}

}  // namespace

/// The object graph, top to bottom; destructors run in the reverse order.
class IdentityListener::Parts {
 public:
  Parts(Foundation& foundation, identity::Identity& who, identity::quota::Quotas& limits, AccountServices& lives)
      : identity(who),
        accounts(lives),
        log(foundation.logging().logger("identity")),
        quotas(limits),
        components(foundation.database(), quotas, foundation.key(), foundation.clock()),
        callers(identity, components, foundation.database()),
        keystone(identity, accounts.projects(), foundation.database(), foundation.clock(), {}),
        quota_api(quotas, callers, log),
        projects_api(accounts.projects(), callers, log),
        account_api(identity, foundation.database(), callers, components, keystone.tokens(), accounts.url(), log),
        legacy_api(foundation.database(), callers, log),
        users_api(identity, accounts.life(), accounts.projects(), foundation.database(), callers, accounts.precedence(),
                  accounts.settings().api.admin_groups, log),
        statistics_api(foundation.database(), foundation.clock(), callers, accounts.settings().api.stats_groups,
                       accounts.settings().api.resource_cache, log),
        captcha(accounts.pages().captcha),
        pages(identity, accounts.life(), foundation.database(), foundation.key(), foundation.clock(), accounts.outbox(),
              accounts.texts(), accounts.pages(), log),
        admin_guard(pages.desk(), callers, accounts.settings().admin.groups),
        user_actions(pages.desk(), accounts.outbox(), accounts.texts(), accounts.precedence()),
        project_actions(accounts.projects(), user_actions),
        admin_api(admin_guard, pages.desk(), user_actions, project_actions, accounts.admin_overrides(),
                  foundation.logging().logger("console.admin")),
        project_pages(pages.desk(), accounts.projects(), quotas),
        api_faults({{"/identity/v3", &keystone.faults()}}, astakos_faults),
        faults(pages.faults(api_faults)),
        router(*faults),
        server(foundation.threads().executors(), router, {}, foundation.logging().logger("http.access"),
               foundation.logging().logger("http")) {
    keystone.add_to(router);
    router.add(quota_api, identity::quota::QuotaApi::routes());
    router.add(projects_api, identity::projects::ProjectsApi::routes());
    router.add(account_api, identity::astakos::AccountApi::routes());
    router.add(legacy_api, identity::astakos::LegacyApi::routes());
    router.add(statistics_api, identity::astakos::StatisticsApi::routes());
    const auto& settings = accounts.settings();
    if (settings.api.admin_enabled) router.add(users_api, identity::astakos::UsersApi::routes());
    if (settings.admin.enabled) router.add(admin_api, identity::administration::AdminApi::routes());
  }
  /// The pages, with the ways to sign in that the settings want.
  Result<> add_pages() {
    TRY(directory, accounts.open_directory(log));
    pages.offer(accounts.ways(), directory.get(), accounts.ldap(), accounts.shibboleth());
    pages.add_to(router);
    router.add(project_pages, identity::pages::ProjectPages::routes());
    pages.add_api_to(router, callers);
    return {};
  }

  /// One decision for catalog, links, cookies, mails.
  std::string listens_at(std::string bound) {
    accounts.listens_at(std::move(bound));
    std::string url = accounts.url().text();
    keystone.set_public_url(url);
    pages.set_public_url(url);
    return url;
  }

  identity::Identity& identity;
  AccountServices& accounts;
  log::Logger log;
  identity::quota::Quotas& quotas;
  identity::astakos::Components components;
  identity::astakos::IdentityCallers callers;
  identity::keystone::Keystone keystone;
  identity::quota::QuotaApi quota_api;
  identity::projects::ProjectsApi projects_api;
  identity::astakos::AccountApi account_api;
  identity::astakos::LegacyApi legacy_api;
  identity::astakos::UsersApi users_api;
  identity::astakos::StatisticsApi statistics_api;
  identity::astakos::AstakosFaults astakos_faults;
  std::unique_ptr<identity::ways::UserDirectory> directory;
  const identity::CaptchaSettings& captcha;
  identity::pages::Pages pages;
  identity::administration::AdminGuard admin_guard;
  identity::administration::UserActions user_actions;
  identity::administration::ProjectActions project_actions;
  identity::administration::AdminApi admin_api;
  identity::pages::ProjectPages project_pages;
  http::FaultsByPath api_faults;
  std::unique_ptr<http::Faults> faults;
  http::Router router;
  http::Server server;
};

IdentityListener::IdentityListener(Foundation& foundation, identity::Identity& identity,
                                   identity::quota::Quotas& quotas, AccountServices& accounts)
    : foundation_(foundation), parts_(std::make_unique<Parts>(foundation, identity, quotas, accounts)) {}

IdentityListener::~IdentityListener() = default;

namespace {

/// Each part only where it is missing, so a crash in between is harmless.
Task<Result<>> first_administrator(Foundation& foundation, identity::Identity& identity, std::string url) {
  const std::string path = foundation.installation().admin_openrc_file();
  const std::string name(identity::keystone::first_administrator);
  auto account = co_await identity.find(name);
  if (!account && account.error().kind() != Kind::not_found) co_return fail(account.error());
  if (account) {
    // Somebody's own account of that name, from before: it gets no rights by its name.
    if (!read_small_file(path)) co_return Result<>{};
    if (!account->admin) co_return Result<>{};
    CO_TRY_VOID(renew_openrc(path, url));
  } else {
    const std::string password = random_password(password_characters);
    // The file first: an account whose password nobody knows would be worse than a file without an account.
    CO_TRY_VOID(write_private_file(path, openrc(url, password)));
    account = co_await identity.create(name, Secret(password), true);
    if (!account) co_return fail(account.error());
  }
  co_return co_await identity::keystone::make_administrator(foundation.database(), foundation.clock(), account->id);
}

}  // namespace

Result<std::string> IdentityListener::start(FirstStart first, bool elsewhere) {
  auto& p = *parts_;
  TRY_VOID(identity::pages::Captcha::check(p.captcha));
  const auto& settings = foundation_.settings();
  TRY_VOID(p.add_pages());
  http::Listen listen{.address = settings.identity_address, .port = settings.identity_port};
  listen.trusted_proxies = p.accounts.shibboleth().proxies;
  if (!settings.tls_certificate.empty()) listen.tls = http::Tls{settings.tls_certificate, settings.tls_key};
  // The first request may be there before listen() is back.
  if (listen.port != 0) p.listens_at(base_url(listen, listen.port));
  auto port = p.server.listen(listen);
  if (!port && elsewhere && port.error().kind() == Kind::conflict && listen.port == default_identity_port) {
    foundation_.logging().logger("nephele").warn("identity.elsewhere", {{"reason", port.error().sentence()}});
    listen.port = 0;
    port = p.server.listen(listen);
  }
  if (!port) return fail(Error(port.error()).about("IDENTITY_PORT"));
  std::string url = p.listens_at(base_url(listen, *port));
  auto& threads = foundation_.threads();
  TRY_VOID(threads.run(identity::keystone::seed(foundation_.database(), foundation_.clock(), url)));
  TRY_VOID(threads.run(p.pages.begin()));
  if (first == FirstStart::with_account) TRY_VOID(threads.run(first_administrator(foundation_, p.identity, url)));
  return url;
}

void IdentityListener::stop() {
  foundation_.threads().run(parts_->server.stop(in(drain)), drain * 2);
}

}  // namespace nephele::apps
