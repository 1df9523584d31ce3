// SPDX-License-Identifier: Apache-2.0
// What administrators set about the pages.
#include "identity/pages/settings.h"

#include "identity/keystone/tokens.h"
#include "identity/store.h"
#include "identity/testing/site.h"

namespace nephele::identity::pages {
namespace {

using testing::Fields;
using namespace std::chrono_literals;
using http::Verb;
using ::testing::AllOf;
using ::testing::AnyOf;
using ::testing::HasSubstr;
using ::testing::Not;

settings::Node text(const std::string& words) {
  return {{}, words};
}
Dictionary dictionary(const std::vector<std::pair<std::string, std::string>>& entries) {
  Dictionary out;
  for (const auto& [key, value] : entries) out.entries.set(key, key, text(value));
  return out;
}

class SiteSettingsTest : public testing::SiteTest {
 protected:
  std::string set_cookie_of(const testing::Answered& answer, const std::string& name) {
    for (const auto& [header, value] : answer.headers)
      if (header == "Set-Cookie" && value.starts_with(name + "=")) return value;
    return {};
  }
  bool good(const Secret& token) { return run(identity->authenticate_token(token)).has_value(); }
};
INSTANTIATE_TEST_SUITE_P(Engines, SiteSettingsTest, sql::testing::all_engines(), sql::testing::engine_name);

TEST_P(SiteSettingsTest, Messages) {
  Settings settings;
  settings.web.global_messages = {{"warning", "Down <tomorrow>"}};
  settings.web.login_messages = {{"info", "for the login"}};
  settings.web.signup_messages = {{"success", "for the sign-up"}};
  settings.web.profile_messages = {{"error", "for the profile"}};
  settings.messages = {{"ASTAKOS_PROFILE_UPDATED_MESSAGE", "So be <it>."}};
  open(settings);
  member("ada");
  auto someone = browser();
  EXPECT_THAT(someone.get("/ui/login").body, AllOf(HasSubstr("Down &lt;tomorrow&gt;"), HasSubstr("message warning"),
                                                   HasSubstr("for the login"), Not(HasSubstr("for the sign-up"))));
  EXPECT_THAT(someone.get("/ui/signup").body, AllOf(HasSubstr("Down &lt;"), HasSubstr("for the sign-up")));
  someone.sign_in("ada");
  EXPECT_THAT(someone.get("/ui/profile").body, AllOf(HasSubstr("for the profile"), HasSubstr("Down &lt;")));
  EXPECT_THAT(someone.get("/ui/profile?done=saved").body, HasSubstr("So be &lt;it&gt;."));
}

TEST_P(SiteSettingsTest, TheFooter) {
  Settings settings;
  settings.web.show_copyright = true;
  settings.web.company_name = "A & B";
  settings.web.footer_message = "<b>Open</b> on Sundays";
  open(settings);
  for (const auto* page : {"/ui/login", "/ui/nowhere"})
    EXPECT_THAT(browser().get(page).body, AllOf(HasSubstr("<span>Copyright A &amp; B</span>"),
                                                HasSubstr("&lt;b&gt;Open"), Not(HasSubstr("approval_terms"))));
  // Terms of before this process began are in the footer of its first page, whatever that is.
  ASSERT_TRUE(run(life->add_terms("/terms.html", "<h2>Be kind</h2>")));
  open(settings);
  ASSERT_TRUE(run(pages->begin()));
  EXPECT_THAT(browser().get("/ui/nowhere").body, HasSubstr("href=\"/ui/approval_terms\""));
}

TEST_P(SiteSettingsTest, HiddenSignUpStillWorks) {
  Settings settings;
  settings.sign_up.shown = false;
  open(settings);
  auto someone = browser();
  EXPECT_THAT(someone.get("/ui/login").body, Not(HasSubstr("/ui/signup")));
  EXPECT_THAT(someone.get("/ui/nowhere").body, Not(HasSubstr("/ui/signup")));
  EXPECT_EQ(someone.get("/ui/signup").status, 200);
}

TEST_P(SiteSettingsTest, WhereUsersLand) {
  Settings settings;
  settings.sign_in.login_success_url = "ui/api_access";
  settings.sign_in.logout_next = "https://www.example.org/bye";
  open(settings);
  member("ada");
  auto someone = browser();
  EXPECT_EQ(someone.sign_in("ada").location(), "/ui/api_access");
  // A redirect after a form may not leave our pages in a browser.
  const auto left = someone.post("/ui/profile", {}, "/ui/logout");
  EXPECT_EQ(left.status, 200);
  EXPECT_EQ(left.location(), "https://www.example.org/bye");
  EXPECT_THAT(left.body, HasSubstr("<a href=\"https://www.example.org/bye\">"));
  EXPECT_FALSE(someone.signed_in());
  EXPECT_EQ(someone.sign_in("ada", "correct horse", "/ui/profile").location(), "/ui/profile");
  EXPECT_EQ(someone.post("/ui/profile", {{"next", "/ui/login"}}, "/ui/logout").location(), "/ui/login");
  EXPECT_EQ(someone.sign_in("ada").status, 303);
  EXPECT_EQ(someone.post("/ui/profile", {{"next", "//evil.org"}}, "/ui/logout").location(),
            "https://www.example.org/bye");
}

TEST_P(SiteSettingsTest, WhereAnActivatedUserLands) {
  Settings settings;
  settings.sign_up.activation_redirect = "ui/profile";
  open(settings);
  auto someone = browser();
  EXPECT_EQ(someone.post("/ui/signup", ada()).status, 200);
  const auto own = key_for("Ada@example.org");
  ASSERT_TRUE(run(life->send_activation(run(identity->find("ada@example.org")).value().id, true, "operator")));
  ASSERT_TRUE(eventually([&] { return letterbox.key_for("Ada@example.org") != own; }, 20s));
  const auto link = "/ui/activate?next=/ui/&auth=" + letterbox.key_for("Ada@example.org");
  EXPECT_EQ(someone.get(link).location(), "/ui/profile");
  EXPECT_TRUE(someone.signed_in());
}

TEST_P(SiteSettingsTest, TheProfileIsSeenFirstAndOnce) {
  Settings settings;
  settings.sign_up.force_profile_update = true;
  open(settings);
  member("ada");
  auto someone = browser();
  EXPECT_EQ(someone.sign_in("ada", "correct horse", "/ui/api_access").location(),
            "/ui/profile?next=%2Fui%2Fapi_access");
  EXPECT_THAT(someone.get("/ui/profile?next=%2Fui%2Fapi_access").body, HasSubstr("value=\"/ui/api_access\""));
  EXPECT_EQ(
      someone.post("/ui/profile", {{"first_name", "A"}, {"last_name", "L"}, {"next", "/ui/api_access"}}).location(),
      "/ui/api_access");
  EXPECT_EQ(someone.post("/ui/profile", {{"next", "https://evil.org/"}}).location(), "/ui/profile?done=saved");
  auto again = browser();
  EXPECT_EQ(again.sign_in("ada", "correct horse", "/ui/api_access").location(), "/ui/api_access");
  ASSERT_TRUE(run(identity->create({.name = "root", .password = Secret("correct horse"), .admin = true})));
  auto admin = browser();
  EXPECT_EQ(admin.sign_in("root").location(), "/ui/landing");
}

TEST_P(SiteSettingsTest, Cookies) {
  member("ada");
  Settings settings;
  settings.cookie = {.name = "_pithos2_a", .domain = "example.org", .secure = true};
  open(settings);
  auto someone = browser();
  const auto cookie = set_cookie_of(someone.sign_in("ada"), "_pithos2_a");
  EXPECT_THAT(cookie, AllOf(HasSubstr("Domain=example.org"), HasSubstr("Secure"), HasSubstr("HttpOnly")));
  EXPECT_TRUE(someone.signed_in());
  settings.cookie = {.domain = "example.org", .secure = false};
  open(settings);
  auto plain = browser();
  EXPECT_THAT(set_cookie_of(plain.sign_in("ada"), "nephele-session"), Not(HasSubstr("Secure")));
  EXPECT_TRUE(plain.signed_in());
  settings.cookie = {.domain = "example.org"};
  open(settings);
  auto shared = browser();
  EXPECT_THAT(set_cookie_of(shared.sign_in("ada"), "__Secure-nephele-session"), HasSubstr("Domain=example.org"));
  EXPECT_TRUE(shared.signed_in());
}

TEST_P(SiteSettingsTest, ANewPasswordMayLeaveTokens) {
  const auto ada = member("ada");
  Settings settings;
  settings.sign_in.new_password_ends_token = false;
  open(settings);
  auto someone = browser(), elsewhere = browser();
  someone.sign_in("ada");
  elsewhere.sign_in("ada");
  const auto token = run(identity->issue_token(ada.id)).value().token;
  EXPECT_THAT(someone.get("/ui/password_change").body, HasSubstr("checked=\"checked\""));
  Fields fields{
      {"old_password", "correct horse"}, {"new_password1", "battery staple"}, {"new_password2", "battery staple"}};
  EXPECT_EQ(someone.post("/ui/password_change", fields).status, 303);
  EXPECT_TRUE(good(token));
  EXPECT_FALSE(elsewhere.signed_in());
  fields = {{"old_password", "battery staple"},
            {"new_password1", "correct horse"},
            {"new_password2", "correct horse"},
            {"renew", "on"}};
  EXPECT_EQ(someone.post("/ui/password_change", fields).status, 303);
  EXPECT_FALSE(good(token));
  EXPECT_TRUE(someone.signed_in());
}

TEST_P(SiteSettingsTest, NothingIsEndedInTheNameOfADisabledAccount) {
  const auto ada = member("ada");
  ASSERT_TRUE(run(identity->set_enabled("ada", false)));
  EXPECT_EQ(run(pages->desk().sessions.end_others(
                    {.id = SessionId("ended"), .account = ada, .life = {}, .created = {}, .seen = {}}, true))
                .error()
                .kind(),
            Kind::not_found);
}

TEST_P(SiteSettingsTest, NothingIsGivenOutWhileWhatItRestsOnEnds) {
  const auto ada = member("ada");
  auto& desk = pages->desk();
  keystone::Tokens tokens(*identity, database(), clock);
  const auto session = [&] {
    const auto cookie = run(desk.sessions.begin(run(identity->find(ada.id)).value(), "by a test")).value();
    return run(desk.sessions.find(cookie)).value().value();
  };
  const auto kind = [](const auto& answer) { return answer ? std::nullopt : std::optional(answer.error().kind()); };
  using Ends = std::function<void(sql::Tx&)>;
  const Ends all = [&](sql::Tx& tx) {
    EXPECT_TRUE(identity::store::lock_enabled(tx, ada.id));  // as all do who end them
    identity::store::remove_tokens_of(tx, ada.id);
  };
  const Ends new_password = [&, hash = run(identity->hash_secret(Secret("battery staple"))).value()](sql::Tx& tx) {
    EXPECT_TRUE(identity::store::replace_password(tx, ada.id, hash));
    all(tx);
  };
  const auto by_token = [&] {
    return keystone::AuthRequest{.method = keystone::TokenMethod{run(identity->issue_token(ada.id)).value().token},
                                 .scope = {}};
  };
  const keystone::AuthRequest by_password{
      .method = keystone::PasswordMethod{.user = {.id = ada.id.text(), .name = {}, .domain = {}},
                                         .password = Secret("correct horse")},
      .scope = {}};
  using Asks = std::function<std::optional<Kind>()>;
  struct Case {
    const char* name;
    Ends ends;
    std::function<Asks()> signed_in;  ///< what he does with it
  };
  const std::vector<Case> cases{
      {"a session, for a token", all,
       [&] { return [&, s = session()] { return kind(run(desk.new_token(s, false))); }; }},
      {"a session, in place of all", all,
       [&] { return [&, s = session()] { return kind(run(desk.new_token(s, true))); }; }},
      {"a session, to end others", all,
       [&] { return [&, s = session()] { return kind(run(desk.sessions.end_others(s, true))); }; }},
      {"a token", all, [&] { return [&, r = by_token()] { return kind(run(tokens.issue(r, "192.0.2.1"))); }; }},
      {"a password", new_password, [&] { return [&] { return kind(run(tokens.issue(by_password, "192.0.2.1"))); }; }},
  };
  static constexpr sql::Statement count{"test.tokens", "SELECT COUNT(*) FROM identity_token"};
  for (const auto& each : cases) {
    const Asks asks = each.signed_in();
    EXPECT_EQ(overtaken(each.ends, asks), Kind::unauthorized) << each.name;
    const auto left = database().read_now([](sql::Tx& tx) { return tx.one(count).integer(0); });
    EXPECT_EQ(left.value(), 0) << each.name;
  }
}

TEST_P(SiteSettingsTest, WhoWasSignedOutMeanwhileChangesNothing) {
  const auto ada = member("ada");
  Settings settings;
  settings.sign_up.email_change = true;
  open(settings);
  const auto hash = run(identity->hash_secret(Secret("battery staple"))).value();
  const auto new_password = [&](sql::Tx& tx) {
    EXPECT_TRUE(identity::store::replace_password(tx, ada.id, hash));
    identity::store::remove_tokens_of(tx, ada.id);
  };
  struct Case {
    const char* page;
    Fields fields;
  };
  const std::vector<Case> cases{
      {"/ui/password_change",
       {{"old_password", "correct horse"}, {"new_password1", "third password"}, {"new_password2", "third password"}}},
      {"/ui/email_change", {{"new_email_address", "elsewhere@example.org"}, {"password", "correct horse"}}}};
  for (const auto& each : cases) {
    const auto& page = each.page;
    ASSERT_TRUE(run(identity->set_password("ada", Secret("correct horse"))));
    auto someone = browser();
    someone.sign_in("ada");
    const auto token = testing::SiteTest::Browser::token(someone.get(page).body);
    const auto status = overtaken(new_password, [&] {
      return someone.send(Verb::post, page, testing::SiteTest::Browser::encoded(each.fields, token)).status;
    });
    // Refused; to the sign-in where he came later; a wrong password where he came in between.
    EXPECT_THAT(status, AnyOf(403, 303, 400)) << page;
    EXPECT_TRUE(run(identity->authenticate("ada", Secret("battery staple"), "192.0.2.9"))) << page;
  }
  static constexpr sql::Statement wishes{"test.wishes", "SELECT COUNT(*) FROM identity_email_change"};
  EXPECT_EQ(database().read_now([](sql::Tx& tx) { return tx.one(wishes).integer(0); }).value(), 0);
}

TEST_P(SiteSettingsTest, TokensAreRenewed) {
  const auto ada = member("ada");
  Settings settings;
  settings.sign_in.token_duration = std::chrono::hours{100};
  open(settings);
  auto someone = browser(), elsewhere = browser();
  someone.sign_in("ada");
  elsewhere.sign_in("ada");
  const auto old = run(identity->issue_token(ada.id)).value().token;
  EXPECT_EQ(someone.post("/ui/api_access", {}).status, 200);
  EXPECT_TRUE(good(old));
  const auto page = someone.post("/ui/api_access", {}, "/ui/profile/update_token");
  EXPECT_EQ(page.status, 200);
  EXPECT_FALSE(good(old));
  constexpr std::string_view before = "OS_TOKEN=&#39;";
  const auto at = page.body.find(before) + before.size();
  const Secret renewed(page.body.substr(at, page.body.find('&', at) - at));
  EXPECT_EQ(run(identity->authenticate_token(renewed)).value().expires, clock.now() + 100h);
  EXPECT_EQ(someone.post("/ui/profile", {{"first_name", "A"}, {"last_name", "L"}}).status, 303);
  EXPECT_TRUE(good(renewed));
  EXPECT_TRUE(elsewhere.signed_in());
  EXPECT_EQ(someone.post("/ui/profile", {{"first_name", "A"}, {"last_name", "L"}, {"renew", "on"}}).status, 303);
  EXPECT_FALSE(good(renewed));
  EXPECT_FALSE(elsewhere.signed_in());
  EXPECT_TRUE(someone.signed_in());
}

TEST_P(SiteSettingsTest, ExtraLinksLeadToPagesOnly) {
  Settings settings;
  settings.web.profile_links =
      dictionary({{"https://cms.example.org/", "Our <news>"}, {"javascript:alert(1)", "evil"}});
  open(settings);
  member("ada");
  auto someone = browser();
  someone.sign_in("ada");
  EXPECT_THAT(someone.get("/ui/profile").body,
              AllOf(HasSubstr("<a href=\"https://cms.example.org/\">Our &lt;news&gt;</a>"), Not(HasSubstr("evil"))));
}

}  // namespace
}  // namespace nephele::identity::pages
