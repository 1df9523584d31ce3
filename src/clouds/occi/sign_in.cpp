// SPDX-License-Identifier: Apache-2.0
#include "clouds/occi/sign_in.h"

#include <algorithm>

#include "base/ascii.h"
#include "base/json.h"
#include "base/text_file.h"
#include "base/visible.h"
#include "clouds/occi/challenge.h"

namespace nephele::occi {

namespace {

constexpr std::size_t token_bytes_max = std::size_t{64} * 1024;

json::Object with(std::string name, json::Value value) {
  json::Object out;
  out.append(std::move(name), std::move(value));
  return out;
}

std::string auth(json::Object inner) {
  return json::write(with("auth", std::move(inner)));
}

/// One project or tenant that we may be in.
struct Project {
  std::string id = {};
  std::string name = {};
};

/// One conversation with one Keystone.
class Keystone {
 public:
  Keystone(const Account& account, rest::Link& link, std::string url, SteadyTime deadline)
      : account_(account), link_(link), url_(std::move(url)), deadline_(deadline) {}

  /// Contract vcycle, 3.3: with VOMS, or a password; the tenants in turn.
  Task<Result<Secret>> token_v2() {
    CO_TRY(const auto first, co_await token_of_v2(auth(who_v2())));
    CO_TRY(const auto projects, co_await listed("GET /v2.0/tenants/", "/v2.0/tenants/", "tenants", first));
    CO_TRY(const auto order, in_turn(projects));
    std::optional<Error> last;
    for (const auto& project : order) {
      auto scoped = who_v2();
      scoped.append("tenantName", project.name);
      auto token = co_await token_of_v2(auth(std::move(scoped)), &first);
      if (token || !is_refusal(token.error())) co_return token;
      last = token.error();
    }
    co_return fail(nowhere(order, *last));
  }

  /// Of today: a federation's token or certificate, or a password; the projects in turn.
  Task<Result<Secret>> token_v3() {
    CO_TRY(const auto first, co_await unscoped_v3());
    CO_TRY(const auto projects, co_await listed("GET /v3/auth/projects", "/v3/auth/projects", "projects", first));
    CO_TRY(const auto order, in_turn(projects));
    std::optional<Error> last;
    for (const auto& project : order) {
      json::Object identity = with("methods", json::Array{"token"});
      identity.append("token", with("id", first.reveal()));
      json::Object whole = with("identity", std::move(identity));
      whole.append("scope", with("project", with("id", project.id)));
      auto token = co_await token_of_v3("POST /v3/auth/tokens", "/v3/auth/tokens", auth(std::move(whole)), {}, first);
      if (token || !is_refusal(token.error())) co_return token;
      last = token.error();
    }
    co_return fail(nowhere(order, *last));
  }

 private:
  bool has_password() const { return !account_.username.empty(); }
  static bool is_refusal(const Error& error) { return error.detail("cause") == "refused"; }

  rest::Call call(http::Verb verb, std::string name, const std::string& path, std::string body = {}) const {
    rest::Call out{.verb = verb, .url = url_ + path, .name = std::move(name), .body = std::move(body)};
    out.repeatable = true;  // a token more does no harm
    out.headers.add("Accept", "application/json");
    if (!out.body.empty()) out.headers.add("Content-Type", "application/json");
    out.hidden = {account_.password.reveal()};
    return out;
  }

  json::Object who_v2() const {
    if (!has_password()) return with("voms", true);
    json::Object password = with("username", account_.username);
    password.append("password", account_.password.reveal());
    return with("passwordCredentials", std::move(password));
  }

  Task<Result<Secret>> token_of_v2(std::string body, const Secret* shown = nullptr) {
    auto request = call(http::Verb::post, "POST /v2.0/tokens", "/v2.0/tokens", std::move(body));
    if (shown != nullptr) {
      request.headers.add("X-Auth-Token", shown->reveal());
      request.hidden.push_back(shown->reveal());
    }
    const std::string name = request.name;
    CO_TRY(const auto answer, co_await link_.send(std::move(request), deadline_));
    const auto tree = json::parse(answer.body);
    if (!tree) co_return fail(link_.unreadable(name, tree.error().sentence()));
    const auto id = tree->text_at({"access", "token", "id"});
    if (id.empty()) co_return fail(link_.unreadable(name, "it holds no token"));
    co_return Secret(std::string(id));
  }

  /// The token stands in the header, whatever the body.
  Task<Result<Secret>> token_of_v3(std::string name, std::string path, std::string body, std::string bearer,
                                   Secret hidden) {
    auto request = call(http::Verb::post, name, path, std::move(body));
    if (!bearer.empty()) request.headers.add("Authorization", "Bearer " + bearer);
    request.hidden.push_back(bearer);
    request.hidden.push_back(hidden.reveal());
    CO_TRY(const auto answer, co_await link_.send(std::move(request), deadline_));
    const auto token = answer.headers.find("X-Subject-Token");
    if (!token || token->empty()) co_return fail(link_.unreadable(name, "it has no X-Subject-Token"));
    co_return Secret(std::string(*token));
  }

  Task<Result<Secret>> unscoped_v3() {
    if (!account_.identity_provider.empty()) {
      std::string bearer;
      if (!account_.token_file.empty()) {
        const auto text = read_text_file(account_.token_file, token_bytes_max);
        if (!text) co_return fail(Kind::invalid, "the token_file " + account_.token_file + " cannot be read");
        bearer = ascii::trimmed(*text, ascii::spaces);
        if (bearer.empty() || bearer.find_first_of(ascii::spaces) != std::string::npos)
          co_return fail(Kind::invalid, "the token_file " + account_.token_file + " holds no token; write one line");
      }
      const std::string path = "/v3/OS-FEDERATION/identity_providers/" +
                               http::percent_encode(account_.identity_provider) + "/protocols/" +
                               http::percent_encode(account_.protocol) + "/auth";
      co_return co_await token_of_v3("POST /v3/OS-FEDERATION/.../auth", path, "", std::move(bearer), {});
    }
    json::Object user = with("name", account_.username);
    user.append("domain", with("name", account_.domain));
    user.append("password", account_.password.reveal());
    json::Object identity = with("methods", json::Array{"password"});
    identity.append("password", with("user", std::move(user)));
    co_return co_await token_of_v3("POST /v3/auth/tokens", "/v3/auth/tokens",
                                   auth(with("identity", std::move(identity))), {}, {});
  }

  Task<Result<std::vector<Project>>> listed(std::string name, std::string path, std::string member, Secret token) {
    auto request = call(http::Verb::get, name, path);
    request.headers.add("X-Auth-Token", token.reveal());
    request.hidden.push_back(token.reveal());
    CO_TRY(const auto answer, co_await link_.send(std::move(request), deadline_));
    const auto tree = json::parse(answer.body);
    const auto* const list = tree ? tree->at_path({member}) : nullptr;
    if (list == nullptr || list->if_array() == nullptr)
      co_return fail(link_.unreadable(name, "it holds no list of " + member));
    std::vector<Project> out;
    for (const auto& one : *list->if_array()) {
      const auto* const enabled = one.at_path({"enabled"});
      if (enabled != nullptr && enabled->if_bool() != nullptr && !*enabled->if_bool()) continue;
      out.push_back({.id = std::string(one.text_at({"id"})), .name = std::string(one.text_at({"name"}))});
    }
    co_return out;
  }

  /// That of project_name comes first: it may be any in old files (tenancy_name), where it meant nothing.
  Result<std::vector<Project>> in_turn(std::vector<Project> projects) const {
    if (projects.empty())
      return fail(Kind::forbidden, link_.settings().service + "'s Keystone at " + url_ +
                                       " knows no project for us; ask its operator whether the VO may use it");
    const auto first = std::ranges::find_if(projects, [&](const Project& one) {
      return !account_.project.empty() && (one.name == account_.project || one.id == account_.project);
    });
    if (first != projects.end()) std::rotate(projects.begin(), first, first + 1);
    return projects;
  }

  static Error nowhere(const std::vector<Project>& tried, const Error& last) {
    std::string names;
    for (const auto& one : tried) names += (names.empty() ? "" : ", ") + visible(one.name);
    return {Kind::forbidden, "no token is to be had for any of the projects " + names + ": " + last.sentence()};
  }

  const Account& account_;
  rest::Link& link_;
  const std::string url_;
  const SteadyTime deadline_;
};

Result<Pass> by_password(const Account& account) {
  if (account.username.empty())
    return fail(Kind::invalid,
                "the cloud's service of OCCI asks for a name and a password; write username and "
                "password_base64");
  return Pass{.field = "Authorization",
              .value = Secret("Basic " + to_base64(account.username + ":" + account.password.reveal()))};
}

}  // namespace

Task<Result<Pass>> sign_in(const Account& account, rest::Link& link, SteadyTime deadline) {
  const std::string name = "HEAD /-/";
  rest::Call call{.verb = http::Verb::head, .url = account.url + "/-/", .name = name};
  call.headers.add("Accept", "*/*");
  auto answer = co_await link.ask(call, deadline);
  if (answer && (answer->status == 405 || answer->status == 501)) {
    call.verb = http::Verb::get;
    answer = co_await link.ask(call, deadline);
  }
  if (!answer) co_return fail(answer.error());
  if (answer->status >= 200 && answer->status < 300) co_return Pass{};  // the certificate was enough
  if (answer->status != 401) co_return fail(link.refused(call, *answer));
  const auto challenge = challenge_of(answer->headers);
  if (challenge.keystone.empty()) {
    if (challenge.basic) co_return by_password(account);
    co_return fail(link.unreadable(name, "it is 401 and names neither Keystone nor Basic"));
  }
  if (account.url.starts_with("https://") && !challenge.keystone.starts_with("https://"))
    co_return fail(link.unreadable(name, "it sends us to a Keystone without TLS"));
  Keystone keystone(account, link, challenge.keystone, deadline);
  const bool v3 = !account.identity_provider.empty() || (challenge.v3 && !account.username.empty());
  auto token = v3 ? co_await keystone.token_v3() : co_await keystone.token_v2();
  if (!token) co_return fail(token.error());
  co_return Pass{.field = "X-Auth-Token", .value = *std::move(token)};
}

}  // namespace nephele::occi
