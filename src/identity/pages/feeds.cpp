// SPDX-License-Identifier: Apache-2.0
#include "identity/pages/feeds.h"

#include <algorithm>
#include <array>

#include "base/json.h"
#include "identity/astakos/conventions.h"
#include "identity/pages/components.h"

namespace nephele::identity::pages {

namespace {

using http::Access;
using http::Request;
using http::Response;
using http::Route;
using http::Verb;

constexpr std::size_t callback_max = 128, uri_max = 2048;

/// JSON, or a call of the script's function with it.
Result<Response> feed(const Request& request, const json::Array& rows) {
  const auto callback = request.query_value("callback");
  Response response = http::json_response(200, json::write(rows));
  if (callback && !callback->empty()) {
    if (!is_callback(*callback))
      return fail(Kind::invalid, "The callback is no name of a function; use letters, digits, _ . and $.");
    // The comment in front: the answer is never what a file of another kind begins with.
    response.body = "/**/" + *callback + "(" + std::get<std::string>(response.body) + ");";
    response.headers.set("Content-Type", "application/javascript; charset=utf-8");
  }
  response.headers.set("Cache-Control", "no-store");
  response.headers.set("Vary", "Cookie");
  response.headers.set("X-Content-Type-Options", "nosniff");
  return response;
}

/// A page of another site made the browser ask.
bool from_elsewhere(const Request& request) {
  return request.headers.find("Sec-Fetch-Site").value_or("none") == "cross-site";
}

/// As it may stand in a file of settings.
std::string cloud_name(const WebSettings& settings) {
  std::string name;
  for (const char c : settings.kamaki_cloud.empty() ? settings.service_name : settings.kamaki_cloud) {
    const bool capital = c >= 'A' && c <= 'Z';
    const bool good = capital || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-' || c == '.';
    name += good ? (capital && settings.kamaki_cloud.empty() ? static_cast<char>(c + 32) : c) : '_';
  }
  return name.empty() ? "cloud" : name;
}

}  // namespace

bool is_callback(std::string_view name) noexcept {
  return !name.empty() && name.size() <= callback_max && std::ranges::all_of(name, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '.' ||
           c == '$';
  });
}

std::optional<std::string> hand_over_to(std::string_view uri, const std::vector<std::string>& schemes) {
  const auto colon = uri.find(':');
  if (colon == std::string_view::npos || uri.size() > uri_max) return std::nullopt;
  if (std::ranges::none_of(schemes, [&](const auto& scheme) { return http::same_name(scheme, uri.substr(0, colon)); }))
    return std::nullopt;
  const auto odd = [](char c) { return c <= 0x20 || c >= 0x7F || c == '\\' || c == '"' || c == '<' || c == '>'; };
  if (std::ranges::any_of(uri, odd)) return std::nullopt;
  return std::string(uri.substr(0, uri.find_first_of("?#")));
}

std::span<const Route<FeedPages>> FeedPages::routes() {
  using P = FeedPages;
  static constexpr auto table = astakos::slash_optional(std::array<Route<P>, 6>{{
      {Verb::get, "/ui/get_menu/", Access::open, &P::open<&P::menu>},
      {Verb::get, "/ui/get_services/", Access::open, &P::open<&P::services>},
      {Verb::get, "/im/get_menu/", Access::open, &P::open<&P::menu>},
      {Verb::get, "/im/get_services/", Access::open, &P::open<&P::services>},
      {Verb::get, "/ui/.kamakirc/", Access::open, &P::user<&P::kamakirc>},
      {Verb::get, "/weblogin/login/", Access::open, &P::open<&P::weblogin>},
  }});
  return table;
}

Task<Result<Response>> FeedPages::menu(Request& request, Visit visit) {
  json::Array rows;
  const std::string url = desk_.public_url();
  const auto add = [&](const std::string& path, std::string_view name) {
    json::Object row;
    row.append("url", url + path);
    row.append("name", name);
    if (request.query_value("location").value_or("") == url + path) row.append("is_active", true);
    rows.emplace_back(std::move(row));
  };
  if (!visit.session) {
    add("/ui/", "Sign in");
  } else {
    const auto& account = visit.session->account;
    add("/ui/", account.email.empty() ? account.name : account.email);
    add("/ui/landing", "Dashboard");
    add("/ui/logout", "Sign out");
  }
  co_return feed(request, rows);
}

Task<Result<Response>> FeedPages::services(Request& request, Visit) {
  CO_TRY(auto components,
         co_await desk_.database.read([&](sql::Tx& tx) { return shown_components(tx, desk_.settings.web); }));
  json::Array rows;
  for (auto& component : components) rows.emplace_back(std::move(component.facts));
  co_return feed(request, rows);
}

/// A further token each time: what another machine has stays good. One's own page leads here.
Task<Result<Response>> FeedPages::kamakirc(Request& request, Visit visit) {
  if (from_elsewhere(request)) co_return desk_.go(visit, "/ui/api_access");
  CO_TRY(const auto token, co_await desk_.new_token(*visit.session, false));
  const std::string name = cloud_name(desk_.settings.web);
  Response response = http::text_response(200, "[global]\ndefault_cloud = " + name + "\n\n[cloud \"" + name +
                                                   "\"]\nurl = " + desk_.public_url() +
                                                   "/identity/v2.0\ntoken = " + token.token.reveal() + "\n");
  response.headers.set("Content-Disposition", "attachment; filename=\".kamakirc\"");
  response.headers.set("Cache-Control", "no-store");
  response.headers.set("X-Content-Type-Options", "nosniff");
  co_return response;
}

Task<Result<Response>> FeedPages::weblogin(Request& request, Visit visit) {
  const std::string next = request.query_value("next").value_or("");
  if (next.empty())
    co_return fail(Kind::invalid, desk_.say("MISSING_NEXT_PARAMETER", "The next parameter is missing."));
  const auto target = hand_over_to(next, desk_.settings.sign_in.redirect_schemes);
  if (!target) co_return fail(Kind::forbidden, desk_.say("NOT_ALLOWED_NEXT_PARAM", "Not allowed next parameter."));
  // A program opens this address by itself; a page of another site may neither sign somebody out nor end his tokens.
  const bool asked = !from_elsewhere(request);
  const bool renew = asked && request.query_value("renew").has_value();
  const std::string self =
      "/weblogin/login?next=" + http::percent_encode(next) + (renew ? std::string("&renew") : std::string());
  if (asked && request.query_value("force") && visit.session) {
    CO_TRY_VOID(co_await desk_.let_out(visit));
    co_return desk_.go(visit, with_next("/ui/login", self));
  }
  if (auto elsewhere = sent_away(request, visit, self)) co_return std::move(*elsewhere);
  CO_TRY(const auto token, co_await desk_.new_token(*visit.session, renew));
  auto response = desk_.go(visit, *target + "?uuid=" + http::percent_encode(visit.session->account.id.text()) +
                                      "&token=" + http::percent_encode(token.token.reveal()));
  response.status = 302;
  co_return response;
}

}  // namespace nephele::identity::pages
