// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "identity/astakos/faults.h"
#include "identity/keystone/keystone.h"
#include "identity/pages/pages.h"
#include "identity/testing/account_ground.h"

/// The pages over a fresh database, and browsers that look at them: for all tests of pages.
namespace nephele::identity::pages::testing {

using namespace std::chrono_literals;  // NOLINT(google-global-names-in-headers): tests read better
using http::Verb;

using Fields = std::vector<std::pair<std::string, std::string>>;

struct Answered {
  int status = 0;
  http::Headers headers;
  std::string body;
  /// Where it leads, as a redirect or as a page that goes on by itself.
  std::string location() const {
    if (const auto header = headers.find("Location")) return std::string(*header);
    constexpr std::string_view before = "http-equiv=\"refresh\" content=\"0; url=";
    const auto at = body.find(before);
    if (at == std::string::npos) return {};
    std::string to = body.substr(at + before.size(), body.find('"', at + before.size()) - at - before.size());
    for (auto found = to.find("&amp;"); found != std::string::npos; found = to.find("&amp;", found + 1))
      to.erase(found + 1, 4);
    return to;
  }
};

class SiteTest : public identity::testing::AccountGround {
 protected:
  void SetUp() override {
    AccountGround::SetUp();
    ASSERT_TRUE(run(keystone::seed(database(), clock, base)));
    open({});
  }
  /// Opens the pages, again with other settings or over another look at the database.
  void open(Settings settings, sql::Database* over = nullptr) {
    router.reset();
    faults.reset();
    pages = std::make_unique<Pages>(*identity, *life, over == nullptr ? database() : *over, key, clock, outbox.get(),
                                    texts, std::move(settings), log::Logger{});
    pages->set_public_url(base);
    faults = pages->faults(other_faults);
    router = std::make_unique<http::Router>(*faults);
    pages->add_to(*router);
  }
  void clear() override {
    router.reset();
    faults.reset();
    pages.reset();
  }
  Account member(const std::string& name) {
    return run(identity->create({.name = name, .password = Secret("correct horse"), .email = name + "@example.org"}))
        .value();
  }
  /// Keeps cookies as browsers do.
  struct Browser {
    SiteTest& test;
    std::map<std::string, std::string> cookies = {};
    http::Headers extra = {};
    std::string remote = "192.0.2.1";

    Answered send(Verb verb, const std::string& target, std::string body = {},
                  const std::string& type = "application/x-www-form-urlencoded") {
      http::Request request;
      request.verb = verb;
      request.target = target;
      request.path = target.substr(0, target.find('?'));
      request.query = target.size() == request.path.size() ? "" : target.substr(request.path.size() + 1);
      request.id = "req-1";
      request.remote = remote;
      request.deadline = in(30s);
      for (const auto& [name, value] : extra) request.headers.add(name, value);
      std::string all;
      for (const auto& [name, value] : cookies) all += (all.empty() ? "" : "; ") + name + "=" + value;
      if (!all.empty()) request.headers.add("Cookie", all);
      if (verb == Verb::post) request.headers.add("Content-Type", type);
      const auto reader = http::text_body(std::move(body));
      request.body = reader.get();
      auto match = test.router->find(verb, request.path);
      request.parameters = std::move(match.parameters);
      http::Response response;
      if (match.entry != nullptr)
        response = test.run(match.entry->handler->call(request));
      else if (match.allow.empty())
        response = test.faults->not_found(request);
      else
        response = test.faults->method_not_allowed(request, match.allow);
      for (const auto& [name, value] : response.headers) {
        if (name != "Set-Cookie") continue;
        const auto equals = value.find('=');
        cookies[value.substr(0, equals)] = value.substr(equals + 1, value.find(';') - equals - 1);
        if (value.contains("Max-Age=0")) cookies.erase(value.substr(0, equals));
      }
      return {response.status, response.headers, std::get<std::string>(response.body)};
    }
    Answered get(const std::string& target) { return send(Verb::get, target); }
    /// Fills the form of `page`, whose action is `target` if that is empty.
    Answered post(const std::string& page, const Fields& fields, const std::string& target = {}) {
      const auto shown = get(page);
      return send(Verb::post, target.empty() ? page : target, encoded(fields, token(shown.body)));
    }
    static std::string token(const std::string& body) {
      constexpr std::string_view before = "name=\"csrf_token\" value=\"";
      const auto at = body.find(before);
      if (at == std::string::npos) return {};
      return body.substr(at + before.size(), body.find('"', at + before.size()) - at - before.size());
    }
    static std::string encoded(const Fields& fields, const std::string& token) {
      std::string body = "csrf_token=" + token;
      for (const auto& [name, value] : fields) body += "&" + name + "=" + http::percent_encode(value);
      return body;
    }
    Answered sign_in(const std::string& name, const std::string& password = "correct horse",
                     const std::string& next = {}) {
      Fields fields{{"username", name}, {"password", password}};
      if (!next.empty()) fields.emplace_back("next", next);
      return post("/ui/login", fields);
    }
    bool signed_in() { return get("/ui/profile").status == 200; }
  };
  Browser browser() { return {*this}; }

  static Fields ada() {
    return {{"email", "Ada@example.org"},
            {"first_name", "Ada"},
            {"last_name", "Lovelace"},
            {"password1", "correct horse"},
            {"password2", "correct horse"}};
  }

  astakos::AstakosFaults other_faults;
  std::unique_ptr<Pages> pages;
  std::unique_ptr<http::Faults> faults;
  std::unique_ptr<http::Router> router;
};

}  // namespace nephele::identity::pages::testing
