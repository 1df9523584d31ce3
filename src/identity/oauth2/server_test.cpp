// SPDX-License-Identifier: Apache-2.0
#include "identity/oauth2/server.h"

#include "base/json.h"
#include "http/shown_path.h"
#include "identity/astakos/components.h"
#include "identity/astakos/identity_callers.h"
#include "identity/testing/site.h"

namespace nephele::identity::oauth2 {
namespace {

using namespace std::chrono_literals;
using http::Verb;
using pages::testing::Answered;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

TEST(OAuth2Rules, AddressesOfClients) {
  for (const auto* good : {"https://files.example.org/view", "https://a:8443/x?y=1", "http://127.0.0.1:5000/cb",
                           "http://localhost/cb", "http://[::1]:80/"})
    EXPECT_TRUE(check_redirect(good)) << good;
  for (const auto* bad : {"http://files.example.org/", "/view", "https://", "https://a/#x", "https://u@a/",
                          "javascript:1", "https://a/\r\nX: 1", "https://a b/", "http://localhost.evil.org/",
                          "http://127.0.0.1.evil.org/", "", "https://\xC3\xA4/"})
    EXPECT_FALSE(check_redirect(bad)) << bad;
}

TEST(OAuth2Rules, Pkce) {
  // RFC 7636, appendix B.
  EXPECT_EQ(challenge_of("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"), "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM");
}

constexpr const char* view = "https://files.example.org/view";

class OAuth2Test : public pages::testing::SiteTest {
 protected:
  void SetUp() override {
    SiteTest::SetUp();
    components = std::make_unique<astakos::Components>(database(), *quotas, key, clock);
    callers = std::make_unique<astakos::IdentityCallers>(*identity, *components, database());
    pages->add_api_to(*router, *callers);
    ASSERT_TRUE(add("files", true, true));
    ASSERT_TRUE(add("game", true, false));
    ASSERT_TRUE(add("phone", false, true));
    ada = member("ada");
    someone.sign_in("ada");
  }
  Result<Client> add(const std::string& name, bool confidential, bool trusted) {
    return run(add_client(database(), *identity,
                          {.identifier = name,
                           .confidential = confidential,
                           .trusted = trusted,
                           .redirects = {view},
                           .created = clock.now()},
                          confidential ? Secret("a secret of " + name) : Secret()));
  }
  static std::string address(const std::string& client, const std::string& more = {}) {
    return "/oauth2/auth?response_type=code&client_id=" + client + "&redirect_uri=" + http::percent_encode(view) + more;
  }
  static std::string parameter(const std::string& url, const std::string& name) {
    http::Request request;
    request.query = url.substr(url.find('?') + 1);
    return request.query_value(name).value_or("");
  }
  Answered exchange(const std::string& client, const std::string& secret, std::string body) {
    auto program = browser();
    if (!secret.empty()) program.extra.add("Authorization", "Basic " + base64(client + ":" + secret));
    body = "grant_type=authorization_code&redirect_uri=" + http::percent_encode(view) + "&" + body;
    return program.send(Verb::post, "/oauth2/token", body);
  }
  static std::string base64(const std::string& text) {
    std::string out = to_base64url(text);
    std::ranges::replace(out, '-', '+');
    std::ranges::replace(out, '_', '/');
    out.append((4 - out.size() % 4) % 4, '=');
    return out;
  }
  std::string code(const std::string& more = {}) {
    return parameter(someone.get(address("files", more)).location(), "code");
  }
  Answered traded(const std::string& with, const std::string& more = {}) {
    return exchange("files", "a secret of files", "code=" + with + more);
  }
  static std::string token_in(const Answered& answer) {
    return *json::parse(answer.body).value().if_object()->find("access_token")->if_string();
  }
  Answered look(const std::string& token, const std::string& query = {}) {
    return browser().get("/identity/v2.0/tokens/" + token + query);
  }

  std::unique_ptr<astakos::Components> components;
  std::unique_ptr<astakos::IdentityCallers> callers;
  Account ada;
  Browser someone{*this};
};
INSTANTIATE_TEST_SUITE_P(Engines, OAuth2Test, sql::testing::all_engines(), sql::testing::engine_name);

TEST_P(OAuth2Test, NothingInAPathIsAKeyInTheLog) {
  for (const std::string path : {"/identity/v2.0/tokens/", "/ui/email_change/confirm/", "/ui/send/activation/"})
    for (const auto* end : {"", "/"}) {
      const auto match = router->find(Verb::get, path + "hush" + end);
      ASSERT_NE(match.entry, nullptr) << path;
      EXPECT_EQ(match.parameters, std::vector<std::string>{"hush"});
      EXPECT_THAT(http::shown_path(path + "hush" + end, match.entry, {}),
                  AllOf(StartsWith(path), Not(HasSubstr("hush"))));
    }
}

TEST_P(OAuth2Test, FromTheQuestionToTheToken) {
  const auto sent = someone.get(address("files", "&scope=%2Fada%2Fphoto.jpg+more&state=a%26b"));
  EXPECT_EQ(sent.status, 302);
  EXPECT_THAT(sent.location(), StartsWith(std::string(view) + "?code="));
  EXPECT_EQ(parameter(sent.location(), "state"), "a&b");
  const auto answer = traded(parameter(sent.location(), "code"));
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.headers.find("Cache-Control"), "no-store");
  EXPECT_THAT(answer.body, AllOf(HasSubstr("\"token_type\":\"Bearer\""), HasSubstr("\"expires_in\":20")));
  const auto token = token_in(answer);
  const auto known = look(token, "?belongsTo=%2Fada%2Fphoto.jpg");
  EXPECT_EQ(known.status, 200);
  EXPECT_THAT(known.body, AllOf(HasSubstr(ada.id.text()), Not(HasSubstr("serviceCatalog"))));
  EXPECT_EQ(look(token).status, 200);
  EXPECT_EQ(look(token, "?belongsTo=%2Fbob%2Fphoto.jpg").status, 404);
  EXPECT_EQ(look("unknown").status, 404);
  EXPECT_FALSE(run(identity->authenticate_token(Secret(token))));  // it is no token of the API
  clock.advance(21s);
  EXPECT_EQ(look(token).status, 404);
}

TEST_P(OAuth2Test, ACodeWorksOnce) {
  const auto once = code();
  const auto first = traded(once);
  EXPECT_EQ(first.status, 200);
  const auto again = traded(once);
  EXPECT_EQ(again.status, 400);
  EXPECT_THAT(again.body, HasSubstr("invalid_grant"));
  EXPECT_EQ(look(token_in(first)).status, 404);  // somebody else had it
  const auto late = code();
  clock.advance(10min);
  EXPECT_EQ(traded(late).status, 400);
  EXPECT_EQ(traded("unknown").status, 400);
  const auto others = code();
  EXPECT_EQ(exchange("game", "a secret of game", "code=" + others).status, 400);
}

TEST_P(OAuth2Test, OnlyTheClientGetsTheToken) {
  for (const auto& [client, secret] : {std::pair("files", "wrong"), std::pair("nobody", "a secret of files"),
                                       std::pair("files", ""), std::pair("game", "a secret of files")}) {
    const auto refused = exchange(client, secret, std::string("client_id=") + client + "&code=" + code());
    EXPECT_EQ(refused.status, 401) << client << secret;
    EXPECT_THAT(refused.body, HasSubstr("invalid_client"));
    EXPECT_THAT(std::string(refused.headers.find("WWW-Authenticate").value_or("")), StartsWith("Basic"));
  }
  auto program = browser();
  const std::string body = "grant_type=authorization_code&code=" + code();
  program.extra.add("Authorization", "Basic " + base64("files:a secret of files"));
  EXPECT_EQ(program.send(Verb::post, "/oauth2/token", body).status, 400);  // the address is missing
  EXPECT_EQ(program.send(Verb::post, "/oauth2/token", body + "&redirect_uri=https%3A%2F%2Fevil.org").status, 400);
  EXPECT_EQ(program.send(Verb::post, "/oauth2/token", body + "&client_id=game").status, 400);
  EXPECT_EQ(program.send(Verb::post, "/oauth2/token", "{}", "application/json").status, 400);
  EXPECT_THAT(program.send(Verb::post, "/oauth2/token", "grant_type=password&code=x").body,
              HasSubstr("unsupported_grant_type"));
  EXPECT_EQ(program.get("/oauth2/token").status, 405);
}

TEST_P(OAuth2Test, QuestionsThatNoRedirectAnswers) {
  const auto evil = http::percent_encode("https://evil.org/");
  for (const std::string& bad :
       {std::string("/oauth2/auth"), std::string("/oauth2/auth?client_id=nobody&response_type=code"),
        "/oauth2/auth?response_type=code&client_id=files&redirect_uri=" + evil,
        "/oauth2/auth?response_type=code&client_id=files&redirect_uri=" +
            http::percent_encode(std::string(view) + "/below"),
        "/oauth2/auth?response_type=code&client_id=files&redirect_uri=" +
            http::percent_encode(std::string(view) + "?x=1"),
        std::string("/oauth2/auth?response_type=code&client_id=files&redirect_uri=%2Fview"),
        "/oauth2/auth?response_type=code&client_id=files&redirect_uri=https%3A%2F%2F" + std::string(5001, 'a'),
        std::string("/oauth2/auth?response_type=code&client_id=%3Cscript%3E%0D%0A")}) {
    const auto refused = someone.get(bad);
    EXPECT_EQ(refused.status, 400) << bad;
    EXPECT_THAT(refused.body, AllOf(HasSubstr("generic_error"), Not(HasSubstr("<script>")))) << bad;
    EXPECT_EQ(refused.location(), "") << bad;
  }
  const auto other_type = someone.get("/oauth2/auth?response_type=token&client_id=files&state=s");
  EXPECT_EQ(other_type.location(), std::string(view) + "?error=unsupported_response_type&state=s");
  someone.extra.add("Authorization", "Basic " + base64("game:x"));
  EXPECT_EQ(someone.get(address("files")).status, 400);
}

TEST_P(OAuth2Test, Pkce) {
  const std::string verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
  const std::string more = "&code_challenge_method=S256&code_challenge=" + challenge_of(verifier);
  EXPECT_EQ(traded(code(more), "&code_verifier=" + verifier).status, 200);
  EXPECT_EQ(traded(code(more)).status, 400);
  EXPECT_EQ(traded(code(more), "&code_verifier=" + std::string(43, 'a')).status, 400);
  EXPECT_EQ(traded(code(), "&code_verifier=" + verifier).status, 400);  // nobody asked for it: another one's code
  for (const auto* bad : {"&code_challenge=abc&code_challenge_method=S256", "&code_challenge_method=S256"})
    EXPECT_THAT(someone.get(address("files", bad)).location(), HasSubstr("error=invalid_request"));
  EXPECT_THAT(someone.get(address("files", "&code_challenge_method=plain&code_challenge=" + verifier)).location(),
              HasSubstr("error=invalid_request"));
  // A program on users' machines keeps no secret: PKCE is its proof.
  EXPECT_THAT(someone.get(address("phone")).location(), HasSubstr("error=invalid_request"));
  const auto public_code = parameter(someone.get(address("phone", more)).location(), "code");
  EXPECT_EQ(exchange("phone", "", "client_id=phone&code=" + public_code + "&code_verifier=" + verifier).status, 200);
}

TEST_P(OAuth2Test, CodesTravelByHttpsOnly) {
  for (const auto* safe :
       {"https://cloud.example.org", "http://localhost:8080", "http://127.0.0.1", "http://[::1]:80"}) {
    pages->set_public_url(safe);
    EXPECT_THAT(browser().get(address("files")).location(), StartsWith("/ui/login?next=")) << safe;
  }
  for (const auto* open : {"http://cloud.example.org", "http://localhost.example.org", "http://127.0.0.1.example.org",
                           "http://localhost:x@example.org"}) {
    pages->set_public_url(open);
    EXPECT_THAT(browser().get(address("files")).body, HasSubstr("Secure request required")) << open;
  }
}

TEST_P(OAuth2Test, UsersAreAskedForStrangers) {
  const auto page = someone.get(address("game", "&scope=%3Cb%3E&state=s"));
  EXPECT_EQ(page.status, 200);
  EXPECT_THAT(page.body, AllOf(HasSubstr("game"), HasSubstr("&lt;b&gt;"), Not(HasSubstr("<b>"))));
  EXPECT_THAT(std::string(page.headers.find("Content-Security-Policy").value()), HasSubstr("form-action 'self';"));
  const pages::testing::Fields fields{
      {"client_id", "game"}, {"redirect_uri", view}, {"response_type", "code"}, {"scope", "x"}, {"state", "s"}};
  auto allow = fields, deny = fields;
  allow.emplace_back("decision", "allow");
  deny.emplace_back("decision", "deny");
  EXPECT_EQ(someone.post(address("game"), deny, "/oauth2/auth").location(),
            std::string(view) + "?error=access_denied&state=s");
  EXPECT_EQ(someone.send(Verb::post, "/oauth2/auth", Browser::encoded(allow, "")).status, 403);
  const auto granted = someone.post(address("game"), allow, "/oauth2/auth");
  EXPECT_EQ(granted.status, 200);
  EXPECT_THAT(granted.location(), StartsWith(view));
  EXPECT_EQ(exchange("game", "a secret of game", "code=" + parameter(granted.location(), "code")).status, 200);
}

TEST_P(OAuth2Test, WhoIsNotSignedInComesBack) {
  auto visitor = browser();
  const auto away = visitor.get(address("files")).location();
  EXPECT_THAT(away, StartsWith("/ui/login?next=%2Foauth2%2Fauth%3F"));
  EXPECT_THAT(std::string(visitor.get(away).headers.find("Content-Security-Policy").value()),
              HasSubstr("form-action 'self';"));
  for (const auto& place : {address("files"), std::string("/oauth2/auth?response_type=code&client_id=files")}) {
    auto other = browser();
    const auto back = other.sign_in("ada", "correct horse", place);
    EXPECT_EQ(back.status, 200) << place;
    EXPECT_EQ(back.location(), place);
    EXPECT_EQ(other.get(place).status, 302) << place;
  }
  visitor.sign_in("ada");
  ASSERT_TRUE(run(life->add_terms("/terms.html", "<h2>Be kind</h2>")));
  EXPECT_THAT(visitor.get(address("files")).location(), StartsWith("/ui/approval_terms?next="));
}

TEST_P(OAuth2Test, WhoLacksARequiredWayGetsNothing) {
  const auto book = ways::PolicyBook::of(
      {"local", "ldap"}, {{"ASTAKOS_AUTH_PROVIDER_LDAP_REQUIRED_POLICY", settings::Node({}, true)}}, {}, false);
  ways::Ways strict(database(), *life, key, clock, ways::Settings{.book = book.value()}, log::Logger{});
  pages->desk().ways = &strict;
  for (const auto& place : {address("files"), std::string("/weblogin/login?next=pithos%3A%2F%2Fhere"),
                            std::string("/weblogin/login?renew&next=pithos%3A%2F%2Fhere")})
    EXPECT_THAT(someone.get(place).location(), StartsWith("/ui/profile")) << place;
  pages->desk().ways = nullptr;
  EXPECT_EQ(someone.get(address("files")).status, 302);
}

TEST_P(OAuth2Test, TokensEndWithTheSession) {
  auto token = token_in(traded(code()));
  const auto waiting = code();
  EXPECT_EQ(look(token).status, 200);
  someone.post("/ui/profile", {}, "/ui/logout");
  EXPECT_EQ(look(token).status, 404);
  EXPECT_EQ(traded(waiting).status, 400);
  someone.sign_in("ada");
  token = token_in(traded(code()));
  someone.post("/ui/api_access", {}, "/ui/profile/update_token");
  EXPECT_EQ(look(token).status, 404);
  token = token_in(traded(code()));
  ASSERT_TRUE(run(life->deactivate(ada.id, "gone", "operator")));
  EXPECT_EQ(look(token).status, 404);
}

TEST_P(OAuth2Test, ClientsAreAddedAndRemoved) {
  EXPECT_EQ(add("files", true, true).error().kind(), Kind::conflict);
  EXPECT_EQ(add("a b", true, true).error().kind(), Kind::invalid);
  const auto stored = run(database().read([](sql::Tx& tx) { return store::client(tx, "files"); })).value();
  ASSERT_TRUE(stored);
  EXPECT_THAT(stored->secret_hash, StartsWith("$argon2id$"));
  const auto token = token_in(traded(code()));
  EXPECT_TRUE(run(database().write([](sql::Tx& tx) { return store::remove(tx, "files"); })).value());
  EXPECT_EQ(look(token).status, 404);
  EXPECT_EQ(someone.get(address("files")).status, 400);
  EXPECT_FALSE(run(database().write([](sql::Tx& tx) { return store::remove(tx, "files"); })).value());
}

}  // namespace
}  // namespace nephele::identity::oauth2
