// SPDX-License-Identifier: Apache-2.0
// Who may sign in, how, and what he is told: the first half of Astakos' settings. The second is in settings_web.cpp.
#include "identity/settings.h"

#include <algorithm>
#include <array>

#include "identity/idle_settings.h"
#include "identity/mail_settings.h"
#include "identity/settings_codecs.h"
#include "identity/settings_rows.h"

namespace nephele::identity {

namespace {

using rows::in;
using rows::Rows;
using S = AstakosSettings;

void sign_in(Rows& rows) {
  std::move(rows)
      .add("ASTAKOS_BASE_URL", &S::base_url, {.meaning = "where users reach this service"})
      .add("SECRET_KEY", &S::secret_key,
           {.meaning = "Django's key; tokens are sealed with the installation's own key, so it is not used"})
      .add("ASTAKOS_IM_MODULES", &S::modules,
           {.meaning = "ways to sign in; the first is shown large, the addresses of one that is not here do not exist"},
           {.words = {"local", "ldap", "shibboleth", "google", "twitter", "linkedin"}})
      .add("ASTAKOS_LOGGING_LEVEL", &S::log_level, {.meaning = "level of what users do"},
           {.words = {"DEBUG", "INFO", "WARNING", "ERROR"}})
      .add("ASTAKOS_SHIBBOLETH_MIGRATE_EPPN", &S::shibboleth_migrate_eppn,
           {.meaning = "accounts that are known by eppn are known by REMOTE_USER after their next sign-in"})
      .add("ASTAKOS_SHIBBOLETH_REQUIRE_NAME_INFO", &S::shibboleth_require_name,
           {.meaning = "a sign-in that brings no name is refused"})
      .add("ASTAKOS_TRUSTED_PROXIES", &S::trusted_proxies,
           {.meaning = "addresses of the web servers in front: what they say of who asks (X-Forwarded-For, and "
                       "Shibboleth's headers) is believed, and nobody else's word"})
      .add(
          "ASTAKOS_SHIBBOLETH_SECRET", &S::shibboleth_secret,
          {.meaning = "the web server must send it along as X-Shibboleth-Secret, so that other programs of its machine "
                      "are not believed; empty: the address is enough"});
}

void ldap(Rows& rows) {
  using L = LdapSettings;
  const auto of = [](auto field) { return in(&S::ldap, field); };
  std::move(rows)
      .add("AUTH_LDAP_SERVER_URI", of(&L::server_uri), {.meaning = "ldap://host:389 or ldaps://host"})
      .add("AUTH_LDAP_BIND_DN", of(&L::bind_dn), {.meaning = "who searches; empty: anybody may"})
      .add("AUTH_LDAP_BIND_PASSWORD", of(&L::bind_password), {.meaning = "the password of AUTH_LDAP_BIND_DN"})
      .add("AUTH_LDAP_USER_SEARCH", of(&L::user_search), {.meaning = "finds the entry of %(user)s"})
      .add("AUTH_LDAP_USER_DN_TEMPLATE", of(&L::user_dn_template),
           {.meaning = "the entry without a search, such as uid=%(user)s,ou=people,dc=example,dc=org"})
      .add("AUTH_LDAP_START_TLS", of(&L::start_tls), {.meaning = "TLS on the plain port"})
      .add("AUTH_LDAP_GROUP_SEARCH", of(&L::group_search), {.meaning = "finds groups"})
      .add("AUTH_LDAP_GROUP_TYPE", of(&L::group_type), {.meaning = "how groups name their members"})
      .add("AUTH_LDAP_REQUIRE_GROUP", of(&L::require_group), {.meaning = "only members of this group may sign in"})
      .add("AUTH_LDAP_CONNECTION_OPTIONS", of(&L::connection_options),
           {.meaning = "such as {ldap.OPT_NETWORK_TIMEOUT: 10}"})
      .add("ASTAKOS_LDAP_ALLOW_PLAIN", of(&L::plain_passwords),
           {.meaning = "passwords may travel to another machine without TLS: only where nobody else reads the network"})
      .add("ASTAKOS_AUTH_PROVIDER_LDAP_USER_ATTR_MAP", of(&L::attributes),
           {.meaning = "where an account's attributes come from, and which of them the user may change"})
      .add("ASTAKOS_AUTH_PROVIDER_LDAP_PROVIDER_ATTRS", of(&L::provider_attributes),
           {.meaning = "more attributes to keep with the account"});
}

void external(Rows& rows) {
  using E = ExternalSettings;
  const auto of = [](auto field) { return in(&S::external, field); };
  std::move(rows)
      .add("ASTAKOS_GOOGLE_CLIENT_ID", of(&E::google_client_id), {.meaning = "of the OAuth2 client at Google"})
      .add("ASTAKOS_GOOGLE_SECRET", of(&E::google_client_secret),
           {.meaning = "of the OAuth2 client at Google", .aliases = {"ASTAKOS_GOOGLE_CLIENT_SECRET"}})
      .add("ASTAKOS_TWITTER_TOKEN", of(&E::twitter_token), {.meaning = "of the application at Twitter"})
      .add("ASTAKOS_TWITTER_SECRET", of(&E::twitter_secret), {.meaning = "of the application at Twitter"})
      .add("ASTAKOS_TWITTER_AUTH_FORCE_LOGIN", of(&E::twitter_force_login),
           {.meaning = "Twitter asks for the password each time"})
      .add("ASTAKOS_LINKEDIN_TOKEN", of(&E::linkedin_token), {.meaning = "of the application at LinkedIn"})
      .add("ASTAKOS_LINKEDIN_SECRET", of(&E::linkedin_secret), {.meaning = "of the application at LinkedIn"});
}

void captcha(Rows& rows) {
  using C = CaptchaSettings;
  const auto of = [](auto field) { return in(&S::captcha, field); };
  std::move(rows)
      .add("ASTAKOS_RECAPTCHA_ENABLED", of(&C::enabled), {.meaning = "the sign-up page has a box against bots"})
      .add("ASTAKOS_RECAPTCHA_PUBLIC_KEY", of(&C::public_key), {.meaning = "stands in the page"})
      .add("ASTAKOS_RECAPTCHA_PRIVATE_KEY", of(&C::private_key), {.meaning = "goes to the verifier only"})
      .add("ASTAKOS_RECAPTCHA_OPTIONS", of(&C::options), {.meaning = "for the box's script"})
      .add("ASTAKOS_RECAPTCHA_USE_SSL", of(&C::use_ssl), {.meaning = "the box's script comes over https"})
      .add("ASTAKOS_RECAPTCHA_VERIFY_URL", of(&C::verify_url), {.meaning = "who judges what was clicked"})
      .add("ASTAKOS_RECAPTCHA_SCRIPT_URL", of(&C::script_url),
           {.meaning = "what draws the box; pages with it may load from this host alone"});
}

void sign_up(Rows& rows) {
  using U = SignUpSettings;
  const auto of = [](auto field) { return in(&S::sign_up, field); };
  std::move(rows)
      .add("ASTAKOS_SHOW_SIGNUP", of(&U::shown), {.meaning = "pages link to the sign-up page"})
      .add(
          "ASTAKOS_MODERATION_ENABLED", of(&U::moderated),
          {.meaning =
               "an administrator accepts new accounts, except those that ASTAKOS_RE_USER_EMAIL_PATTERNS or a policy of "
               "their way to sign in lets in"})
      .add("ASTAKOS_RE_USER_EMAIL_PATTERNS", of(&U::email_patterns),
           {.meaning = "accounts whose whole address matches one of these regular expressions need no moderation"})
      .add("ASTAKOS_ADMIN_ACTIVATION_LINK_ACTIVATES", of(&U::link_of_admin_activates),
           {.meaning = "the link that snf-manage user-activation-send mails activates; else it only verifies"})
      .add("ASTAKOS_ACTIVATION_REDIRECT_URL", of(&U::activation_redirect), {.meaning = "where an activated user lands"})
      .add("ASTAKOS_INVITATIONS_ENABLED", of(&U::invitations), {.meaning = "users may invite others"})
      .add("ASTAKOS_INVITATIONS_PER_LEVEL", of(&U::invitations_per_level),
           {.meaning = "how many invitations a user of a level may send"})
      .add("ASTAKOS_EMAILCHANGE_ENABLED", of(&U::email_change), {.meaning = "users may change their address"})
      .add("ASTAKOS_EMAILCHANGE_ACTIVATION_DAYS", of(&U::email_change_valid),
           {.meaning = "the link that confirms it is good that long", .unit = "days"}, {.min = 1, .max = 365})
      .add("ASTAKOS_FORCE_PROFILE_UPDATE", of(&U::force_profile_update),
           {.meaning = "a new user sees his profile first"})
      .add("ASTAKOS_ENABLE_LOCAL_ACCOUNT_MIGRATION", of(&U::local_account_migration),
           {.meaning = "users may add other ways to sign in to a local account"});
}

void session(Rows& rows) {
  using N = SessionSettings;
  const auto of = [](auto field) { return in(&S::session, field); };
  std::move(rows)
      .add("ASTAKOS_COOKIE_NAME", of(&N::cookie_name), {.meaning = "name of the cookie"})
      .add("ASTAKOS_COOKIE_DOMAIN", of(&N::cookie_domain), {.meaning = "its domain; empty: this host only"})
      .add("ASTAKOS_COOKIE_SECURE", of(&N::cookie_secure), {.meaning = "over https only"})
      .add("ASTAKOS_LOGIN_SUCCESS_URL", of(&N::login_success_url), {.meaning = "where a user lands after the sign-in"})
      .add("ASTAKOS_LOGOUT_NEXT", of(&N::logout_next), {.meaning = "and after the sign-out; empty: the first page"})
      .add("ASTAKOS_REDIRECT_ALLOWED_SCHEMES", of(&N::redirect_schemes),
           {.meaning = "schemes that a token is handed over to"})
      .add("ASTAKOS_AUTH_TOKEN_DURATION", of(&N::token_duration), {.meaning = "life of a token", .unit = "hours"},
           {.min = 1, .max = 876'000})
      .add("ASTAKOS_NEWPASSWD_INVALIDATE_TOKEN", of(&N::new_password_ends_token),
           {.meaning = "a new password ends the token"})
      .add("ASTAKOS_RATELIMIT_RETRIES_ALLOWED", of(&N::retries_allowed),
           {.meaning = "wrong passwords in a minute before the captcha comes up"}, {.min = 1, .max = 1000});
}

struct Family {
  std::string_view begin;
  std::string_view end;
};
constexpr std::array policy_names{Family{"ASTAKOS_AUTH_PROVIDER_", "_POLICY"},
                                  Family{"ASTAKOS_AUTH_PROVIDERS_", "_POLICY"}};
constexpr std::array message_names{Family{"ASTAKOS_", "_MESSAGE"}, Family{"ASTAKOS_AUTH_PROVIDER_", "_MSG"},
                                   Family{"ASTAKOS_AUTH_PROVIDER_", "_PROMPT"},
                                   Family{"ASTAKOS_AUTH_PROVIDER_", "_TITLE"}};

bool among(std::string_view name, std::span<const Family> families) {
  return std::ranges::any_of(families, [name](const Family& family) {
    return name.size() > family.begin.size() + family.end.size() && name.starts_with(family.begin) &&
           name.ends_with(family.end);
  });
}

constexpr std::array policies{
    std::string_view("LOGIN"),      std::string_view("CREATE"),          std::string_view("ADD"),
    std::string_view("REMOVE"),     std::string_view("LIMIT"),           std::string_view("SWITCH"),
    std::string_view("REQUIRED"),   std::string_view("AUTOVERIFY"),      std::string_view("AUTOMODERATE"),
    std::string_view("ADD_GROUPS"), std::string_view("CREATION_GROUPS"), std::string_view("MIRROR_GROUPS")};

void say_if_idle(std::string_view name, std::string& meaning) {
  if (!has_effect(name)) meaning += " (no effect here)";
}

/// LIMIT is a number, *_GROUPS a list, all others a boolean.
Result<> check_policy(const settings::Entry& entry) {
  const std::string_view stem = std::string_view(entry.key).substr(0, entry.key.size() - 7);  // without _POLICY
  const auto policy = std::ranges::find_if(policies, [stem](std::string_view name) {
    return stem.ends_with(name) && stem[stem.size() - name.size() - 1] == '_' &&
           (name != "ADD" || !stem.ends_with("_GROUPS"));
  });
  const auto refuse = [&](const std::string& allowed) {
    return settings::fail_at(entry.value.place(), entry.key + " is not a value that can be used; write " + allowed);
  };
  if (policy == policies.end()) {
    std::string names;
    for (const auto name : policies) names += (names.empty() ? "" : ", ") + std::string(name);
    return settings::fail_at(entry.value.place(), entry.key + " names no policy; there are " + names);
  }
  if (*policy == "LIMIT" && !settings::Codec<int>::decode(entry.value, {.min = 0})) return refuse("a number");
  const bool groups = policy->ends_with("ADD_GROUPS") || policy->ends_with("CREATION_GROUPS");
  if (groups && !settings::Codec<std::vector<std::string>>::decode(entry.value, {})) return refuse("a list of groups");
  const bool boolean = !groups && *policy != "LIMIT";
  if (boolean && !settings::Codec<bool>::decode(entry.value, {})) return refuse("True or False");
  return {};
}

/// The names that are made of parts.
Result<> take_families(const settings::Node& root, const std::vector<settings::Key>& keys, AstakosSettings& into) {
  if (root.if_table() == nullptr) return {};
  for (const auto& entry : *root.if_table()) {
    if (std::ranges::find(keys, entry.key, &settings::Key::name) != keys.end()) continue;
    if (among(entry.key, policy_names)) {
      TRY_VOID(check_policy(entry));
      into.policies[entry.key] = entry.value;
    } else if (among(entry.key, message_names)) {
      const auto* text = entry.value.if_text();
      if (text == nullptr)
        return settings::fail_at(entry.value.place(), entry.key + " is no text; write one in quotes");
      into.messages[entry.key] = *text;
    }
  }
  return {};
}

}  // namespace

settings::Table<AstakosSettings> settings_table() {
  Rows made("astakos");
  for (const auto part : {sign_in, sign_up, session, ldap, external, captcha}) part(made);
  rows::web(made);
  return made;
}

std::vector<settings::Key> setting_keys() {
  auto keys = settings_table().keys();
  for (auto& key : keys) say_if_idle(key.name, key.doc.meaning);
  std::ranges::move(mail_setting_keys(), std::back_inserter(keys));
  return keys;
}

bool is_setting(std::string_view name) {
  static const std::vector<settings::Key> keys = setting_keys();
  return among(name, policy_names) || among(name, message_names) ||
         std::ranges::any_of(keys, [name](const settings::Key& key) {
           return key.name == name || std::ranges::find(key.doc.aliases, name) != key.doc.aliases.end();
         });
}

Result<LoadedSettings> load_settings(const settings::Sources& sources) {
  const auto table = settings_table();
  TRY(auto loaded, table.load(sources));
  for (const auto& root : sources.files) TRY_VOID(take_families(root, table.keys(), loaded.values));
  LoadedSettings answer{.values = std::move(loaded), .shown = {}};
  answer.shown = table.show(answer.values);
  for (auto& row : answer.shown) say_if_idle(row.name, row.meaning);
  return answer;
}

RecipientSettings recipients_of(const AstakosSettings& settings) {
  RecipientSettings all = settings.recipients;
  const auto joined = [](std::initializer_list<const People*> groups) {
    People people;
    for (const auto* group : groups) people.insert(people.end(), group->begin(), group->end());
    return people;
  };
  if (!all.account) all.account = joined({&all.helpdesk, &all.managers, &all.admins});
  if (!all.feedback) all.feedback = all.helpdesk;
  if (!all.project) all.project = joined({&all.helpdesk, &all.managers});
  for (auto* list : {&all.account_pending, &all.account_activated})
    if (!*list) *list = all.account;
  for (auto* list : {&all.project_creation, &all.project_modification})
    if (!*list) *list = all.project;
  return all;
}

std::string sample_settings() {
  return "# Settings of the identity service (Astakos). Each stands here with its default: take the # away to change "
         "it.\n"
         "# The form is NAME = literal as Python writes it; files of /etc/synnefo are read in the order of their "
         "names.\n"
         "# Beside these: ASTAKOS_AUTH_PROVIDER_<MODULE>_<POLICY>_POLICY and ASTAKOS_AUTH_PROVIDERS_<POLICY>_POLICY\n"
         "# (login, create, add, remove, limit, switch, required, autoverify, automoderate, add_groups, "
         "creation_groups,\n"
         "# mirror_groups), and texts of pages as ASTAKOS_<NAME>_MESSAGE.\n" +
         settings::python_sample(setting_keys());
}

}  // namespace nephele::identity
