// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/secret.h"
#include "base/settings/settings.h"

/// What an Astakos' administrator writes into /etc/synnefo/*.conf, under the names that he knows. Names, defaults and
/// meanings stand in one table (settings.cpp, settings_web.cpp); share/synnefo/20-snf-astakos-app-settings.conf is
/// printed from it.
namespace nephele::identity {

/// `("Ada", "ada@example.org")`, or the address alone.
struct Person {
  std::string name;
  std::string mail;
};
using People = std::vector<Person>;

/// `("warning", "the site is down tomorrow")`
struct Notice {
  std::string level;
  std::string text;
};
using Notices = std::vector<Notice>;

/// `{"key": value}`, whatever the values are.
struct Dictionary {
  settings::Node entries{{}, settings::Node::Table{}};
};

/// What a select box offers: `("Unlimited", 5, 15)`, or pairs of which the first is shown.
struct Choices {
  std::vector<std::string> items;
};

/// How many invitations a user of a level may send: `{0: 100, 1: 2}`.
using PerLevel = std::map<std::int64_t, std::int64_t>;

/// `LDAPSearch("ou=people,dc=example,dc=org", ldap.SCOPE_SUBTREE, "(uid=%(user)s)")`
struct LdapSearch {
  enum class Scope : std::uint8_t { base, one_level, subtree };
  std::string base;
  Scope scope = Scope::subtree;
  std::string filter = "(objectClass=*)";
};
/// One, or several of an LDAPSearchUnion.
using LdapSearches = std::vector<LdapSearch>;

/// `GroupOfNamesType(name_attr="cn")`
struct LdapGroupType {
  std::string type = "GroupOfNamesType";
  std::string member_attribute{};  ///< of MemberDNGroupType; the others have one of their own
  std::string name_attribute = "cn";
};

/// Where an account's attribute comes from: `{"email": ("mail", True)}`.
struct LdapAttribute {
  std::string source;
  bool editable = true;
};
using LdapAttributes = std::map<std::string, LdapAttribute>;

struct LdapSettings {
  std::string server_uri;
  std::string bind_dn;
  Secret bind_password;
  LdapSearches user_search;
  std::string user_dn_template;
  bool start_tls = false;
  LdapSearches group_search;
  LdapGroupType group_type;
  std::string require_group;
  Dictionary connection_options;
  bool plain_passwords = false;
  LdapAttributes attributes{
      {"email", {"mail", true}}, {"first_name", {"givenName", true}}, {"last_name", {"sn", true}}};
  std::vector<std::string> provider_attributes;
};

/// Google, Twitter, LinkedIn.
struct ExternalSettings {
  std::string google_client_id;
  Secret google_client_secret;
  std::string twitter_token;
  Secret twitter_secret;
  bool twitter_force_login = false;
  std::string linkedin_token;
  Secret linkedin_secret;
};

struct CaptchaSettings {
  bool enabled = false;
  std::string public_key;
  Secret private_key;
  Dictionary options;
  bool use_ssl = true;
  std::string verify_url = "https://www.google.com/recaptcha/api/siteverify";
  std::string script_url = "https://www.google.com/recaptcha/api.js";
};

/// What mails say. Who carries them: mail_settings.h.
struct AstakosMail {
  std::string subject_prefix;
  std::string contact = "support@example.synnefo.org";
};

/// Who is told what. recipients_of() fills what is not set.
struct RecipientSettings {
  People admins, managers, helpdesk;
  std::optional<People> account, feedback, project;
  std::optional<People> account_pending, account_activated, project_creation, project_modification;
};

struct SignUpSettings {
  bool shown = true;
  bool moderated = true;
  bool link_of_admin_activates = true;
  std::vector<std::string> email_patterns;
  std::string activation_redirect = "ui/landing";
  bool invitations = false;
  PerLevel invitations_per_level{{0, 100}, {1, 2}, {2, 0}, {3, 0}, {4, 0}};
  bool email_change = false;
  std::chrono::days email_change_valid{10};
  bool force_profile_update = false;
  bool local_account_migration = true;
};

struct SessionSettings {
  std::string cookie_name = "_pithos2_a";
  std::string cookie_domain;
  bool cookie_secure = true;
  std::string login_success_url = "ui/landing";
  std::string logout_next;
  std::vector<std::string> redirect_schemes{"pithos", "pithosdev"};
  std::chrono::hours token_duration{720};
  bool new_password_ends_token = true;
  int retries_allowed = 3;
};

struct ApiSettings {
  bool admin_enabled = false;
  std::vector<std::string> admin_groups{"admin-api"};
  std::vector<std::string> stats_groups{"admin-stats"};
  std::chrono::seconds endpoint_cache{60};
  std::chrono::seconds resource_cache{60};
  bool translate_uuids = false;
};

struct OAuth2Settings {
  std::string prefix = "oauth2/";
  std::string authorization_endpoint = "auth/";
  std::string token_endpoint = "token/";
  std::uint16_t code_length = 60;
  std::uint16_t token_length = 30;
  std::chrono::seconds token_expires{20};
  std::uint32_t redirect_length_max = 5000;
};

struct ProjectSettings {
  std::vector<std::string> admins;
  Choices member_limits{{"Unlimited", "5", "15", "50", "100"}};
  std::string quota_policy_module;
  Dictionary resources_meta;
};

struct WebSettings {
  std::string static_url = "/static/im/";
  Notices login_messages, signup_messages, profile_messages, global_messages;
  Dictionary profile_links;
  std::uint16_t paginate_by = 50;
  std::uint16_t paginate_by_all = 50;
  std::chrono::milliseconds usage_update{5000};
  std::string client_url = "https://pypi.org/project/kamaki/";
  std::string kamaki_cloud;
  Dictionary components_meta;
  bool cloudbar = true;
  std::string cloudbar_location;
  std::string cloudbar_cookie = "_pithos2_a";
  std::string cloudbar_services_url;
  std::string cloudbar_menu_url;
  std::string service_name = "Synnefo";
  std::string service_url = "http://www.synnefo.org/";
  std::string company_name = "GRNET";
  std::string company_url = "https://www.grnet.gr/en/";
  bool show_copyright = false;
  std::string copyright;
  std::string footer_message;
  std::string image_url;
  std::string favicon_url;
  std::string logo_url;
};

struct AdminWebSettings {
  bool enabled = true;
  std::string base_url = "https://accounts.example.synnefo.org/admin";
  std::vector<std::string> groups{"admin-readonly", "helpdesk", "admin"};
  Dictionary rbac;
  Dictionary views;
  std::vector<std::string> views_order{"user", "vm", "volume", "network", "ip", "ip_log", "project", "group"};
  std::string media_url = "/static/admin/";
  std::string cookie_name = "_pithos2_a";
  bool show_deleted = false;
  bool only_active_members = true;
  std::uint16_t items_per_category = 50;
  std::uint16_t suspended_servers = 10;
  std::string field_sign = "=";
  std::string or_sign = "OR";
};

struct AstakosSettings {
  std::string base_url = "https://accounts.example.synnefo.org";
  Secret secret_key;
  std::vector<std::string> modules{"local"};
  std::string log_level = "INFO";
  bool shibboleth_migrate_eppn = false;
  bool shibboleth_require_name = false;
  Secret shibboleth_secret;
  std::vector<std::string> trusted_proxies{"127.0.0.1", "::1"};
  LdapSettings ldap;
  ExternalSettings external;
  CaptchaSettings captcha;
  AstakosMail mail;
  RecipientSettings recipients;
  SignUpSettings sign_up;
  SessionSettings session;
  ApiSettings api;
  OAuth2Settings oauth2;
  ProjectSettings projects;
  WebSettings web;
  AdminWebSettings admin;

  /// Names that are made of parts, as the files write them: ASTAKOS_AUTH_PROVIDER_LDAP_CREATE_POLICY,
  /// ASTAKOS_AUTH_PROVIDERS_ADD_POLICY; ASTAKOS_SIGNUP_TERMS_MESSAGE and the like.
  std::map<std::string, settings::Node> policies;
  std::map<std::string, std::string> messages;
};

settings::Table<AstakosSettings> settings_table();
/// Of this table and of mail_settings.h.
std::vector<settings::Key> setting_keys();
/// A row's name, here or in mail_settings.h, or one made of parts.
bool is_setting(std::string_view name);

struct LoadedSettings {
  settings::Loaded<AstakosSettings> values;
  std::vector<settings::Shown> shown;
};
/// Fails with `invalid` and file, line, name, what was found and what is allowed. Names of others are left alone.
Result<LoadedSettings> load_settings(const settings::Sources& sources);

/// What can be written down but not done; `invalid` names the setting.
Result<> check(const AstakosSettings& settings);

/// All lists of recipients, those that were not set as the contract has them: accounts to helpdesk, managers and
/// admins, feedback to the helpdesk, projects to helpdesk and managers.
RecipientSettings recipients_of(const AstakosSettings& settings);

/// The commented file that an administrator starts from: every row with its meaning and its default, and those of
/// mail_settings.h behind them.
std::string sample_settings();

}  // namespace nephele::identity
