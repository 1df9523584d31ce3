// SPDX-License-Identifier: Apache-2.0
// Mail, pages, the API, projects and the administration: the second half of Astakos' settings.
#include "identity/settings_codecs.h"
#include "identity/settings_rows.h"

namespace nephele::identity::rows {

namespace {

using S = AstakosSettings;

void mail(Rows& rows) {
  using M = AstakosMail;
  const auto of = [](auto field) { return in(&S::mail, field); };
  std::move(rows)
      .add("EMAIL_SUBJECT_PREFIX", of(&M::subject_prefix),
           {.meaning = "stands before the subjects of mails to administrators"})
      .add("CONTACT_EMAIL", of(&M::contact), {.meaning = "where mails and pages send users for help"});
}

void recipients(Rows& rows) {
  using R = RecipientSettings;
  const auto of = [](auto field) { return in(&S::recipients, field); };
  std::move(rows)
      .add("ADMINS", of(&R::admins), {.meaning = "who runs the machines"})
      .add("MANAGERS", of(&R::managers), {.meaning = "who decides about accounts and projects"})
      .add("HELPDESK", of(&R::helpdesk), {.meaning = "who answers users"})
      .add("ACCOUNT_NOTIFICATIONS_RECIPIENTS", of(&R::account),
           {.meaning = "who hears of accounts; None: HELPDESK, MANAGERS and ADMINS"})
      .add("FEEDBACK_NOTIFICATIONS_RECIPIENTS", of(&R::feedback), {.meaning = "who gets feedback; None: HELPDESK"})
      .add("PROJECT_NOTIFICATIONS_RECIPIENTS", of(&R::project),
           {.meaning = "who hears of projects; None: HELPDESK and MANAGERS"})
      .add("ACCOUNT_PENDING_MODERATION_RECIPIENTS", of(&R::account_pending),
           {.meaning = "who moderates; None: ACCOUNT_NOTIFICATIONS_RECIPIENTS"})
      .add("ACCOUNT_ACTIVATED_RECIPIENTS", of(&R::account_activated),
           {.meaning = "who hears of an activation; None: ACCOUNT_NOTIFICATIONS_RECIPIENTS"})
      .add("PROJECT_CREATION_RECIPIENTS", of(&R::project_creation),
           {.meaning = "who hears of a new project; None: PROJECT_NOTIFICATIONS_RECIPIENTS"})
      .add("PROJECT_MODIFICATION_RECIPIENTS", of(&R::project_modification),
           {.meaning = "who hears of a change of one; None: PROJECT_NOTIFICATIONS_RECIPIENTS"});
}

void api(Rows& rows) {
  using A = ApiSettings;
  const auto of = [](auto field) { return in(&S::api, field); };
  std::move(rows)
      .add("ASTAKOS_ADMIN_API_ENABLED", of(&A::admin_enabled), {.meaning = "users can be administered over the API"})
      .add("ASTAKOS_ADMIN_API_PERMITTED_GROUPS", of(&A::admin_groups), {.meaning = "by members of these groups"})
      .add("ASTAKOS_ADMIN_STATS_PERMITTED_GROUPS", of(&A::stats_groups),
           {.meaning = "who may read detailed statistics"})
      .add("ASTAKOS_ENDPOINT_CACHE_TIMEOUT", of(&A::endpoint_cache),
           {.meaning = "the catalog of services may be that old", .unit = "seconds"}, {.min = 0, .max = 86'400})
      .add("ASTAKOS_RESOURCE_CACHE_TIMEOUT", of(&A::resource_cache),
           {.meaning = "the list of resources may be that old", .unit = "seconds"}, {.min = 0, .max = 86'400})
      .add("ASTAKOS_TRANSLATE_UUIDS", of(&A::translate_uuids),
           {.meaning = "old services ask for names by uuid at each request"});
}

void oauth2(Rows& rows) {
  using O = OAuth2Settings;
  const auto of = [](auto field) { return in(&S::oauth2, field); };
  std::move(rows)
      .add("OAUTH2_ENDPOINT_PREFIX", of(&O::prefix), {.meaning = "path below ASTAKOS_BASE_URL"})
      .add("OAUTH2_AUTHORIZATION_ENDPOINT", of(&O::authorization_endpoint), {.meaning = "path below the prefix"})
      .add("OAUTH2_TOKEN_ENDPOINT", of(&O::token_endpoint), {.meaning = "path below the prefix"})
      .add("OAUTH2_AUTHORIZATION_CODE_LENGTH", of(&O::code_length), {.meaning = "characters of a code"},
           {.min = 22, .max = 256})
      .add("OAUTH2_TOKEN_LENGTH", of(&O::token_length), {.meaning = "characters of an access token"},
           {.min = 22, .max = 256})
      .add("OAUTH2_TOKEN_EXPIRES", of(&O::token_expires), {.meaning = "life of an access token", .unit = "seconds"},
           {.min = 1, .max = 86'400})
      .add("OAUTH2_MAXIMUM_ALLOWED_REDIRECT_URI_LENGTH", of(&O::redirect_length_max),
           {.meaning = "longer ones are refused", .unit = "bytes"}, {.min = 100, .max = 100'000});
}

void projects(Rows& rows) {
  using P = ProjectSettings;
  const auto of = [](auto field) { return in(&S::projects, field); };
  std::move(rows)
      .add("ASTAKOS_PROJECT_ADMINS", of(&P::admins), {.meaning = "uuids of users who decide about all projects"})
      .add("ASTAKOS_PROJECT_MEMBERS_LIMIT_CHOICES", of(&P::member_limits),
           {.meaning = "what the form of a new project offers"})
      .add("QUOTA_POLICY_MODULE", of(&P::quota_policy_module),
           {.meaning = "a Python module of old installations; none is run here, so it must be empty"})
      .add("ASTAKOS_RESOURCES_META", of(&P::resources_meta), {.meaning = "how pages show resources"});
}

void pages(Rows& rows) {
  using W = WebSettings;
  const auto of = [](auto field) { return in(&S::web, field); };
  std::move(rows)
      .add("ASTAKOS_IM_STATIC_URL", of(&W::static_url), {.meaning = "path of pictures, styles and scripts"})
      .add("ASTAKOS_LOGIN_MESSAGES", of(&W::login_messages), {.meaning = "shown on the sign-in page"})
      .add("ASTAKOS_SIGNUP_MESSAGES", of(&W::signup_messages), {.meaning = "shown on the sign-up page"})
      .add("ASTAKOS_PROFILE_MESSAGES", of(&W::profile_messages), {.meaning = "shown on the profile page"})
      .add("ASTAKOS_GLOBAL_MESSAGES", of(&W::global_messages), {.meaning = "shown on every page"})
      .add("ASTAKOS_PROFILE_EXTRA_LINKS", of(&W::profile_links), {.meaning = "more links on the profile page"})
      .add("ASTAKOS_PAGINATE_BY", of(&W::paginate_by), {.meaning = "rows of a page of projects"},
           {.min = 1, .max = 1000})
      .add("ASTAKOS_PAGINATE_BY_ALL", of(&W::paginate_by_all), {.meaning = "rows of a page of all projects"},
           {.min = 1, .max = 1000})
      .add("ASTAKOS_USAGE_UPDATE_INTERVAL", of(&W::usage_update),
           {.meaning = "the usage page asks again after", .unit = "milliseconds"}, {.min = 500, .max = 3'600'000})
      .add("ASTAKOS_API_CLIENT_URL", of(&W::client_url), {.meaning = "where users find the command line client"})
      .add("ASTAKOS_KAMAKI_CONFIG_CLOUD_NAME", of(&W::kamaki_cloud),
           {.meaning = "name of this cloud in .kamakirc; empty: made from BRANDING_SERVICE_NAME"})
      .add("ASTAKOS_COMPONENTS_META", of(&W::components_meta), {.meaning = "how pages show services"})
      .add("CLOUDBAR_ACTIVE", of(&W::cloudbar), {.meaning = "pages have the bar with all services"})
      .add("CLOUDBAR_LOCATION", of(&W::cloudbar_location),
           {.meaning = "where its script is; empty: static/im/cloudbar/ below ASTAKOS_BASE_URL"})
      .add("CLOUDBAR_COOKIE_NAME", of(&W::cloudbar_cookie), {.meaning = "the cookie that it reads"})
      .add("CLOUDBAR_SERVICES_URL", of(&W::cloudbar_services_url),
           {.meaning = "its list of services; empty: ui/get_services below ASTAKOS_BASE_URL"})
      .add("CLOUDBAR_MENU_URL", of(&W::cloudbar_menu_url),
           {.meaning = "its menu; empty: ui/get_menu below ASTAKOS_BASE_URL"});
}

void branding(Rows& rows) {
  using W = WebSettings;
  const auto of = [](auto field) { return in(&S::web, field); };
  std::move(rows)
      .add("BRANDING_SERVICE_NAME", of(&W::service_name),
           {.meaning = "what pages and mails call this cloud", .aliases = {"ASTAKOS_SITENAME", "SITENAME"}})
      .add("BRANDING_SERVICE_URL", of(&W::service_url), {.meaning = "its home page"})
      .add("BRANDING_COMPANY_NAME", of(&W::company_name), {.meaning = "who runs it"})
      .add("BRANDING_COMPANY_URL", of(&W::company_url), {.meaning = "the home page of those"})
      .add("BRANDING_SHOW_COPYRIGHT", of(&W::show_copyright), {.meaning = "the footer has a copyright line"})
      .add("BRANDING_COPYRIGHT_MESSAGE", of(&W::copyright), {.meaning = "that line"})
      .add("BRANDING_FOOTER_EXTRA_MESSAGE", of(&W::footer_message), {.meaning = "more in the footer"})
      .add("BRANDING_IMAGE_MEDIA_URL", of(&W::image_url), {.meaning = "path of the site's own pictures"})
      .add("BRANDING_FAVICON_URL", of(&W::favicon_url), {.meaning = "the small picture of a browser's tab"})
      .add("BRANDING_DASHBOARD_LOGO_URL", of(&W::logo_url), {.meaning = "the picture at the top of pages"});
}

void administration(Rows& rows) {
  using A = AdminWebSettings;
  const auto of = [](auto field) { return in(&S::admin, field); };
  std::move(rows)
      .add("ADMIN_ENABLED", of(&A::enabled), {.meaning = "the administrators' pages exist"})
      .add("ADMIN_BASE_URL", of(&A::base_url), {.meaning = "where they are"})
      .add("ADMIN_PERMITTED_GROUPS", of(&A::groups), {.meaning = "whose members reach them"})
      .add("ADMIN_RBAC", of(&A::rbac), {.meaning = "which groups may do what; empty: as the manual has it"})
      .add("ADMIN_VIEWS", of(&A::views), {.meaning = "the pages; empty: all"})
      .add("ADMIN_VIEWS_ORDER", of(&A::views_order), {.meaning = "and their order"})
      .add("ADMIN_MEDIA_URL", of(&A::media_url), {.meaning = "path of pictures, styles and scripts"})
      .add("ADMIN_AUTH_COOKIE_NAME", of(&A::cookie_name), {.meaning = "the cookie that tells who asks"})
      .add("ADMIN_SHOW_DELETED_ASSOCIATED_ITEMS", of(&A::show_deleted), {.meaning = "details show deleted things too"})
      .add("ADMIN_SHOW_ONLY_ACTIVE_PROJECT_MEMBERS", of(&A::only_active_members),
           {.meaning = "a project's details leave out those who are no members any more"})
      .add("ADMIN_LIMIT_ASSOCIATED_ITEMS_PER_CATEGORY", of(&A::items_per_category),
           {.meaning = "things of a kind in the details of another"}, {.min = 1, .max = 10'000})
      .add("ADMIN_LIMIT_SUSPENDED_VMS_IN_SUMMARY", of(&A::suspended_servers),
           {.meaning = "suspended servers in the details of a user"}, {.min = 0, .max = 10'000})
      .add("ADMIN_FIELD_SIGN", of(&A::field_sign), {.meaning = "stands between field and value in a search"})
      .add("ADMIN_OR_SIGN", of(&A::or_sign), {.meaning = "stands between two searches"});
}

}  // namespace

void web(Rows& rows) {
  for (const auto part : {mail, recipients, api, oauth2, projects, pages, branding, administration}) part(rows);
}

}  // namespace nephele::identity::rows

namespace nephele::identity {

Result<> check(const AstakosSettings& settings) {
  const auto& module = settings.projects.quota_policy_module;
  if (module.empty()) return {};
  return fail(
      Error(Kind::invalid, "it names the Python module " + module +
                               ", and no Python is run here: take the setting out, and say by limits what it decided "
                               "(`snf-manage resource-modify` for everybody, `project-modify --limit` for one project)")
          .about("QUOTA_POLICY_MODULE"));
}

}  // namespace nephele::identity
