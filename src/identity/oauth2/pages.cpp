// SPDX-License-Identifier: Apache-2.0
#include "identity/oauth2/pages.h"

#include "base/json.h"
#include "base/this_machine.h"
#include "identity/astakos/conventions.h"

namespace nephele::identity::oauth2 {

namespace {

using http::Access;
using http::Request;
using http::Response;
using http::Verb;
using pages::element;
using pages::Html;

/// What no redirect may answer; the form is Astakos'.
Response generic(const std::string& text) {
  json::Object out;
  out.append("error", "generic_error");
  out.append("exception", text);
  auto response = http::json_response(400, json::write(out));
  response.headers.set("Cache-Control", "no-store");
  response.headers.set("X-Content-Type-Options", "nosniff");
  return response;
}

template <class Source>  // a query or a form
Ask ask_in(const Source& value) {
  return {.client = value("client_id").value_or(""),
          .redirect_uri = value("redirect_uri"),
          .response_type = value("response_type").value_or(""),
          .scope = value("scope").value_or(""),
          .state = value("state").value_or(""),
          .challenge = value("code_challenge").value_or(""),
          .challenge_method = value("code_challenge_method").value_or("")};
}

std::string back_to(const Checked& checked, const std::string& name, const std::string& value) {
  std::string url = checked.redirect_uri;
  url += url.contains('?') ? "&" : "?";
  url += name + "=" + http::percent_encode(value);
  if (!checked.state.empty()) url += "&state=" + http::percent_encode(checked.state);
  return url;
}

Response leave(const pages::Desk& desk, const pages::Visit& visit, const std::string& to) {
  auto response = desk.go(visit, to);
  response.status = 302;
  return response;
}

}  // namespace

std::string endpoint_path(const OAuth2Settings& settings, const std::string& name) {
  std::string path;
  for (const std::string_view part : {std::string_view(settings.prefix), std::string_view(name)}) {
    const auto begin = part.find_first_not_of('/');
    if (begin == std::string_view::npos) continue;
    path += "/" + std::string(part.substr(begin, part.find_last_not_of('/') - begin + 1));
  }
  return path;
}

AuthorizePages::AuthorizePages(pages::Desk& desk, Server& server)
    : Guarded(desk),
      server_(server),
      path_(endpoint_path(server.settings(), server.settings().authorization_endpoint)),
      path_with_slash_(path_ + "/") {}

std::vector<http::Route<AuthorizePages>> AuthorizePages::routes() const {
  using P = AuthorizePages;
  std::vector<http::Route<P>> all;
  for (const auto* path : {&path_, &path_with_slash_}) {
    all.push_back({Verb::get, *path, Access::open, &P::open<&P::ask>});
    all.push_back({Verb::post, *path, Access::open, &P::user_form<&P::agree>, pages::form_bytes_max});
  }
  return all;
}

bool AuthorizePages::safe() const {
  const std::string url = desk_.public_url();
  return url.starts_with("https://") || (url.starts_with("http://") && is_this_machine(url));
}

Task<Result<Response>> AuthorizePages::ask(Request& request, pages::Visit visit) {
  if (!safe()) co_return generic("Secure request required");
  const Ask asked = ask_in([&](std::string_view name) { return request.query_value(name); });
  const auto basic = http::basic_credentials(request.headers);
  if (const auto* given = std::get_if<http::Basic>(&basic); given != nullptr && given->user != asked.client)
    co_return generic("Client credentials conflict");
  auto checked = co_await server_.check(asked);
  if (!checked && checked.error().kind() == Kind::invalid) co_return generic(checked.error().sentence());
  if (!checked) co_return fail(checked.error());
  if (!checked->error.empty()) co_return leave(desk_, visit, back_to(*checked, "error", checked->error));
  if (auto elsewhere = sent_away(request, visit, pages::asked_for(request))) co_return std::move(*elsewhere);
  if (!checked->client.trusted) co_return consent(visit, asked, *checked);
  co_return co_await granted(std::move(visit), std::move(*checked));
}

Response AuthorizePages::consent(const pages::Visit& visit, const Ask& ask, const Checked& checked) const {
  Html content = element("p", {element("strong", {Html(checked.client.identifier)}),
                               Html(" asks for access in your name, as " + visit.session->account.name + ".")});
  Html facts = element("dl", {element("dt", {"What it may reach"}), element("dd", {Html(checked.scope)}),
                              element("dt", {"Where you go then"}), element("dd", {Html(checked.redirect_uri)})});
  content += facts;
  Html inside = pages::hidden("client_id", ask.client);
  if (ask.redirect_uri) inside += pages::hidden("redirect_uri", *ask.redirect_uri);
  inside += pages::hidden("response_type", ask.response_type);
  inside += pages::hidden("scope", ask.scope);
  inside += pages::hidden("state", ask.state);
  inside += pages::hidden("code_challenge", ask.challenge);
  inside += pages::hidden("code_challenge_method", ask.challenge_method);
  const auto button = [](const char* value, std::string_view kind, std::string_view text) {
    return element("button", {{"type", "submit"}, {"name", "decision"}, {"value", value}, {"class", std::string(kind)}},
                   {text});
  };
  inside += button("allow", "main", "Allow");
  inside += button("deny", "quiet", "Refuse");
  content += pages::form(path_, desk_.token(visit), {inside});
  return desk_.show(visit, {.title = "Access in your name", .content = content});
}

Task<Result<Response>> AuthorizePages::granted(pages::Visit visit, Checked checked) {
  const AccountId account = visit.session->account.id;
  CO_TRY(const auto code, co_await server_.grant(checked, account, desk_.sessions.holds(*visit.session)));
  desk_.log.info("oauth2.granted", {{"account", account}, {"client", checked.client.id}});
  co_return leave(desk_, visit, back_to(checked, "code", code));
}

Task<Result<Response>> AuthorizePages::agree(Request&, pages::Visit visit, pages::FormData form) {
  if (!safe()) co_return generic("Secure request required");
  const Ask asked = ask_in([&](std::string_view name) {
    return form.has(name) ? std::optional(std::string(form.value(name))) : std::nullopt;
  });
  auto checked = co_await server_.check(asked);
  if (!checked && checked.error().kind() == Kind::invalid) co_return generic(checked.error().sentence());
  if (!checked) co_return fail(checked.error());
  if (checked->error.empty() && form.value("decision") != "allow") checked->error = "access_denied";
  if (!checked->error.empty()) co_return leave(desk_, visit, back_to(*checked, "error", checked->error));
  co_return co_await granted(std::move(visit), std::move(*checked));
}

}  // namespace nephele::identity::oauth2
