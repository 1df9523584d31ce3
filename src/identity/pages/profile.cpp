// SPDX-License-Identifier: Apache-2.0
#include "identity/pages/profile.h"

#include <array>

#include "identity/astakos/conventions.h"
#include "identity/directory/store.h"
#include "identity/environment.h"
#include "identity/pages/checks.h"
#include "identity/pages/store.h"
#include "identity/pages/ways.h"

namespace nephele::identity::pages {

namespace {

using http::Access;
using http::Request;
using http::Response;
using http::Route;
using http::Verb;

std::string when(Time time) {
  const std::string text = iso8601(time);
  return text.substr(0, 10) + " " + text.substr(11, 5) + " UTC";
}

Html row(std::string_view name, const std::string& value) {
  Html out = element("dt", {Html(name)});
  out += element("dd", {Html(value.empty() ? std::string("–") : value)});
  return out;
}

/// For the openstack command: by the token, or else by the password, which the shell then asks for.
std::string environment(const Account& account, const std::string& url, const std::string& project,
                        const std::string& token) {
  Variables all{{"OS_AUTH_URL", url + "/identity/v3"}, {"OS_IDENTITY_API_VERSION", "3"}};
  if (token.empty()) {
    all.emplace_back("OS_AUTH_TYPE", "password");
    all.emplace_back("OS_USERNAME", account.name);
    all.emplace_back("OS_USER_DOMAIN_ID", account.domain.text());
  } else {
    all.emplace_back("OS_AUTH_TYPE", "token");
    all.emplace_back("OS_TOKEN", token);
  }
  if (!project.empty()) all.emplace_back("OS_PROJECT_ID", project);
  std::string text = exported(all);
  if (token.empty()) text += "read -rsp 'Password: ' OS_PASSWORD && export OS_PASSWORD\n";
  return text;
}

/// As the site has them: {address: text}. Only what leads to a page.
Html extra_links(const Dictionary& links) {
  Html items;
  if (const auto* table = links.entries.if_table())
    for (const auto& entry : *table) {
      const auto* text = entry.value.if_text();
      if (text != nullptr && (!plain_origin(entry.key).empty() || entry.key.starts_with("/")))
        items += element("li", {link(entry.key, *text)});
    }
  return items.empty() ? Html() : element("ul", {items});
}

}  // namespace

std::span<const Route<ProfilePages>> ProfilePages::routes() {
  using P = ProfilePages;
  static constexpr auto table = astakos::slash_optional(std::array<Route<P>, 6>{{
      {Verb::get, "/ui/profile/", Access::open, &P::user<&P::profile>},
      {Verb::post, "/ui/profile/", Access::open, &P::user_form<&P::rename>, form_bytes_max},
      {Verb::post, "/ui/profile/end_sessions/", Access::open, &P::user_form<&P::end_others>, form_bytes_max},
      {Verb::post, "/ui/profile/update_token/", Access::open, &P::user_form<&P::renew_token>, form_bytes_max},
      {Verb::get, "/ui/api_access/", Access::open, &P::user<&P::api_access>},
      {Verb::post, "/ui/api_access/", Access::open, &P::user_form<&P::new_token>, form_bytes_max},
  }});
  return table;
}

Task<Result<Response>> ProfilePages::profile_page(Visit visit, std::vector<Message> messages, FieldErrors errors,
                                                  FormData typed, std::string next) {
  const auto& account = visit.session->account;
  CO_TRY(const auto sessions, co_await desk_.sessions.count(account.id));
  CO_TRY_VOID(co_await note_look(account.id));
  const auto shown = [&](std::string_view name, const std::string& stored) {
    return typed.has(name) ? std::string(typed.value(name)) : stored;
  };
  Html facts = row("Name", account.name);
  facts += row("E-mail address", account.email);
  facts += row("State", life::status_text(visit.session->life));
  facts += row("Account since", when(account.created));
  facts += row("Signed in since", when(visit.session->created));
  Html content = element("dl", {facts});

  Html names =
      person_fields(shown("first_name", account.first_name), shown("last_name", account.last_name), false, errors);
  names += check_box("renew", "Also end all my tokens and sign me out everywhere else", errors);
  names += submit("Save");
  if (!next.empty()) names += hidden("next", next);
  content += element("h2", {"Your name"});
  content += form("/ui/profile", desk_.token(visit), {names});

  std::string keeper;
  if (desk_.ways != nullptr) {
    CO_TRY(keeper, co_await desk_.ways->keeper_of_address(account.id));
  }
  if (desk_.settings.sign_up.email_change && keeper.empty()) {
    content += element("h2", {"E-mail address"});
    content += element("p", {link("/ui/email_change", "Change your e-mail address")});
  }
  if (desk_.ways != nullptr) {
    CO_TRY(const auto section, co_await ways_section(desk_, visit));
    content += section;
  } else {
    content += element("h2", {"Password"});
    content += element("p", {link("/ui/password_change", "Change your password")});
  }

  content += element("h2", {"Where you are signed in"});
  content += element("p", {Html(sessions == 1 ? std::string("Only in this browser.")
                                              : "In " + std::to_string(sessions) + " browsers, this one included.")});
  if (sessions > 1)
    content += form("/ui/profile/end_sessions", desk_.token(visit), {submit("Sign out everywhere else", true)});
  content += extra_links(desk_.settings.web.profile_links);
  const auto notices = pages::shown(desk_.settings.web.profile_messages);
  messages.insert(messages.end(), notices.begin(), notices.end());
  co_return desk_.show(
      visit,
      {.title = "Profile", .content = content, .messages = std::move(messages), .status = errors.empty() ? 200 : 400});
}

Task<Result<Response>> ProfilePages::profile(Request& request, Visit visit) {
  std::vector<Message> messages;
  const auto done = request.query_value("done");
  if (done == "way-added") messages = {{Message::Level::success, Html("You can sign in by it from now on.")}};
  if (done == "way-known") messages = {{Message::Level::info, Html("Your account has this way to sign in already.")}};
  if (done == "way-removed") messages = {{Message::Level::success, Html("Nobody signs in by it any more.")}};
  if (done == "password")
    messages = {{Message::Level::success, Html(desk_.say("PASSWORD_CHANGED", "Your password is changed."))}};
  if (done == "saved") messages = {{Message::Level::success, Html(desk_.say("PROFILE_UPDATED", "Saved."))}};
  if (done == "email")
    messages = {
        {Message::Level::success, Html(desk_.say("EMAIL_CHANGED", "The email of your account changed successfully."))}};
  if (done == "email_kept") messages = {{Message::Level::success, Html("Your address stays as it is.")}};
  if (done == "sessions") messages = {{Message::Level::success, Html("You are signed out everywhere else.")}};
  auto next = safe_next(request.query_value("next").value_or(""), desk_.public_url()).value_or("");
  co_return co_await profile_page(std::move(visit), std::move(messages), {}, {}, std::move(next));
}

Task<Result<Response>> ProfilePages::rename(Request&, Visit visit, FormData form) {
  FieldErrors errors;
  check_person(errors, form, false);
  if (!errors.empty()) co_return co_await profile_page(std::move(visit), {}, std::move(errors), std::move(form), {});
  CO_TRY_VOID(co_await desk_.identity.change(
      visit.session->account.id,
      {.first_name = std::string(form.value("first_name")), .last_name = std::string(form.value("last_name"))}));
  if (form.has("renew")) {
    CO_TRY_VOID(co_await desk_.sessions.end_others(*visit.session, true));
    desk_.log.info("account.tokens_ended", {{"account", visit.session->account.id}});
  }
  // Who was sent here on his way goes on.
  const auto next = safe_next(form.value("next"), desk_.public_url());
  co_return desk_.go(visit, next.value_or("/ui/profile?done=saved"));
}

Task<Result<Response>> ProfilePages::end_others(Request&, Visit visit, FormData) {
  CO_TRY(const auto ended, co_await desk_.sessions.end_others(*visit.session, false));
  desk_.log.info("session.others_ended", {{"account", visit.session->account.id}, {"count", ended}});
  co_return desk_.go(visit, "/ui/profile?done=sessions");
}

Task<Result<Response>> ProfilePages::api_page(Visit visit, std::optional<IssuedToken> token) {
  const Account& account = visit.session->account;
  CO_TRY(const std::string project, co_await desk_.database.read([&](sql::Tx& tx) {
    if (!account.default_project.empty()) return account.default_project.text();
    const ProjectId own(account.id.text());  // that each account gets with its activation
    return directory::store::project(tx, own) ? own.text() : std::string();
  }));
  const std::string url = desk_.public_url();
  const auto code = [](const std::string& text) {
    return element("pre", {{"tabindex", "0"}}, {element("code", {Html(text)})});
  };
  Html content = element("p", {Html("Programs reach the cloud through OpenStack's APIs. They begin at")});
  content += code(url + "/identity/v3");
  if (token) {
    content += element("h2", {"Your new token"});
    content += element(
        "p", {Html("It is shown this once and is good until " + when(token->expires) + ". Who has it acts as you.")});
    content += code(token->token.reveal());
    content += element("h2", {"For the openstack command, with this token"});
    content += code(environment(account, url, project, token->token.reveal()));
  }
  content += element("h2", {"For the openstack command, with your password"});
  content += code(environment(account, url, project, {}));
  content += element("p", {Html("Then, for example:")});
  content += code("openstack token issue\n");
  content += element("h2", {"A token"});
  content += element("p", {Html("Earlier tokens stay good until they expire; a new password ends all of them.")});
  content += form("/ui/api_access", desk_.token(visit), {submit("Make a new token")});
  content += element("p", {Html("Has somebody else one of them? Then all of them end, and you get one new token:")});
  content += form("/ui/profile/update_token", desk_.token(visit), {submit("End all tokens and make a new one", true)});
  content += element("h2", {"For kamaki"});
  Html kamaki = link("/ui/.kamakirc", "A file with settings and a token of its own");
  kamaki += Html(", to be saved as .kamakirc in your home directory.");
  content += element("p", {kamaki});
  if (const std::string& client = desk_.settings.web.client_url; !plain_origin(client).empty())
    content += element("p", {link(client, "Where to find the client")});
  co_return desk_.show(visit, {.title = "API access", .content = content});
}

Task<Result<Response>> ProfilePages::api_access(Request&, Visit visit) {
  co_return co_await api_page(std::move(visit), std::nullopt);
}

Task<Result<Response>> ProfilePages::new_token(Request&, Visit visit, FormData) {
  CO_TRY(auto token, co_await desk_.new_token(*visit.session, false));
  co_return co_await api_page(std::move(visit), std::move(token));
}

Task<Result<Response>> ProfilePages::renew_token(Request&, Visit visit, FormData) {
  CO_TRY(auto token, co_await desk_.new_token(*visit.session, true));
  co_return co_await api_page(std::move(visit), std::move(token));
}

Task<Result<>> ProfilePages::note_look(AccountId account) {
  if (!desk_.settings.sign_up.force_profile_update) co_return Result<>{};
  CO_TRY(const bool seen, co_await desk_.database.read([&](sql::Tx& tx) { return store::profile_seen(tx, account); }));
  if (seen) co_return Result<>{};
  const Time now = desk_.clock.now();
  co_return co_await desk_.database.write([&](sql::Tx& tx) { store::note_profile(tx, account, now); });
}

}  // namespace nephele::identity::pages
