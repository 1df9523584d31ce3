// SPDX-License-Identifier: Apache-2.0
#include "identity/pages/layout.h"

#include <utility>

#include "base/secret.h"
#include "identity/pages/style.h"

namespace nephele::identity::pages {

namespace {

constexpr std::string_view style_path = "/ui/static/style.css";

/// All that a page may load is our style sheet; it runs no script, and nobody may frame it. A page with a box against
/// bots runs that box.
std::string policy(const Page& page) {
  std::string text = "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'";
  if (!page.box_origins.empty()) {
    std::string origins;
    for (const auto& origin : page.box_origins) origins += " " + origin;
    text += "; script-src" + origins + "; frame-src" + origins + "; connect-src" + origins;
  }
  return text + "; base-uri 'none'; frame-ancestors 'none'";
}

void add_headers(http::Response& response, const Page& page) {
  auto& headers = response.headers;
  headers.set("Content-Security-Policy", policy(page));
  headers.set("X-Content-Type-Options", "nosniff");
  headers.set("X-Frame-Options", "DENY");
  // Not no-referrer: browsers then send "Origin: null" with our own forms.
  headers.set("Referrer-Policy", "same-origin");
  headers.set("Cross-Origin-Opener-Policy", "same-origin");
  headers.set("Vary", "Cookie");
  headers.set("Cache-Control", "no-store");
}

Html navigation(const Frame& frame) {
  Html items;
  const auto add = [&](std::string address, std::string_view text) {
    items += element("li", {link(std::move(address), text)});
  };
  if (frame.signed_in.empty()) {
    add("/ui/login", "Sign in");
    if (frame.sign_up) add("/ui/signup", "Sign up");
  } else {
    add("/ui/landing", "Overview");
    add("/ui/profile", "Profile");
    add("/ui/api_access", "API access");
    add("/ui/resources", "Usage");
    add("/ui/projects", "Projects");
    add("/ui/feedback", "Contact");
    items += element("li", {{"class", "who"}}, {frame.signed_in});
    if (!frame.sign_out.empty()) items += element("li", {frame.sign_out});
  }
  return element("nav", {{"aria-label", "Main"}}, {element("ul", {std::move(items)})});
}

Html shown(const std::vector<Message>& messages) {
  Html out;
  for (const auto& message : messages) {
    switch (message.level) {
      case Message::Level::info:
        out += element("p", {{"class", "message info"}, {"role", "status"}}, {message.text});
        break;
      case Message::Level::success:
        out += element("p", {{"class", "message success"}, {"role", "status"}}, {message.text});
        break;
      case Message::Level::warning:
        out += element("p", {{"class", "message warning"}, {"role", "alert"}}, {message.text});
        break;
      case Message::Level::error:
        out += element("p", {{"class", "message error"}, {"role", "alert"}}, {message.text});
        break;
    }
  }
  return out;
}

Html footer(const Frame& frame) {
  Html parts = element("span", {frame.site});
  if (frame.has_terms) parts += link("/ui/approval_terms", "Terms of use");
  if (!frame.support.empty()) parts += link("mailto:" + frame.support, "Help: " + frame.support);
  for (const auto& words : frame.footer) parts += element("span", {Html(words)});
  return element("footer", {std::move(parts)});
}

}  // namespace

http::Response page_response(const Page& page, const Frame& frame) {
  Html onward;
  if (!page.onward.empty()) onward = element("meta", {{"http-equiv", "refresh"}, {"content", "0; url=" + page.onward}});
  const Html head =
      element("head", {element("meta", {{"charset", "utf-8"}}), onward,
                       element("meta", {{"name", "viewport"}, {"content", "width=device-width, initial-scale=1"}}),
                       element("meta", {{"name", "robots"}, {"content", "noindex"}}),
                       element("title", {page.title, " · ", frame.site}),
                       element("link", {{"rel", "stylesheet"}, {"href", std::string(style_path)}})});
  const Html body = element(
      "body",
      {element("a", {{"class", "skip"}, {"href", "#content"}}, {"Skip to the content"}),
       element("header", {element("a", {{"class", "brand"}, {"href", "/ui/"}}, {frame.site}), navigation(frame)}),
       element("main", {{"id", "content"}}, {element("h1", {page.title}), shown(page.messages), page.content}),
       footer(frame)});
  http::Response response;
  response.status = page.status;
  response.headers.set("Content-Type", "text/html; charset=utf-8");
  add_headers(response, page);
  response.body = "<!DOCTYPE html>\n" +
                  element("html", {{"lang", "en"}, {"xmlns", "http://www.w3.org/1999/xhtml"}}, {head, body}).markup() +
                  "\n";
  return response;
}

http::Response redirect(const std::string& to) {
  http::Response response = http::empty_response(303);
  response.headers.set("Location", to);
  add_headers(response, {});
  return response;
}

http::Response style_sheet(const http::Request& request) {
  static const std::string tag = "\"" + sha256_hex(style).substr(0, 32) + "\"";
  const auto known = request.headers.find("If-None-Match");
  http::Response response = known && known->contains(tag) ? http::empty_response(304) : http::Response{};
  if (response.status == 200) {
    response.headers.set("Content-Type", "text/css; charset=utf-8");
    response.body = std::string(style);
  }
  response.headers.set("ETag", tag);
  response.headers.set("Cache-Control", "public, max-age=3600");
  response.headers.set("X-Content-Type-Options", "nosniff");
  return response;
}

}  // namespace nephele::identity::pages
