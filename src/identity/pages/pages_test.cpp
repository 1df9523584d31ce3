// SPDX-License-Identifier: Apache-2.0
#include "identity/pages/pages.h"

#include <algorithm>

#include "identity/testing/site.h"

namespace nephele::identity::pages {
namespace {

using testing::Fields;
using namespace std::chrono_literals;
using http::Verb;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

class PagesTest : public testing::SiteTest {};
INSTANTIATE_TEST_SUITE_P(Engines, PagesTest, sql::testing::all_engines(), sql::testing::engine_name);

TEST_P(PagesTest, SignInAndOut) {
  member("ada");
  auto someone = browser();
  EXPECT_EQ(someone.get("/").location(), "/ui/");
  EXPECT_EQ(someone.get("/ui").location(), "/ui/login");
  EXPECT_EQ(someone.get("/ui/profile?x=1").location(), "/ui/login?next=%2Fui%2Fprofile%3Fx%3D1");
  const auto wrong = someone.sign_in("ada", "wrong password");
  EXPECT_EQ(wrong.status, 403);
  EXPECT_THAT(wrong.body,
              AllOf(HasSubstr("Please enter a correct"), HasSubstr("value=\"ada\""), Not(HasSubstr("wrong password"))));
  EXPECT_EQ(someone.sign_in("ADA@example.org").location(), "/ui/landing");
  EXPECT_THAT(someone.cookies, ::testing::Contains(::testing::Key("__Host-nephele-session")));
  EXPECT_EQ(someone.get("/ui/").location(), "/ui/landing");
  EXPECT_EQ(someone.get("/ui/landing").status, 200);
  EXPECT_EQ(someone.post("/ui/landing", {}, "/ui/logout").location(), "/ui/login?done=signed-out");
  EXPECT_FALSE(someone.signed_in());
  EXPECT_EQ(someone.sign_in("ada", "correct horse", "/ui/profile").location(), "/ui/profile");
  auto other = browser();
  EXPECT_EQ(other.sign_in("ada", "correct horse", "https://evil.org/").location(), "/ui/landing");
}

TEST_P(PagesTest, TheSessionIsTheOnlyWayIn) {
  member("ada");
  auto someone = browser();
  someone.sign_in("ada");
  const auto page = someone.get("/ui/profile");
  EXPECT_EQ(page.status, 200);
  EXPECT_THAT(std::string(page.headers.find("Content-Security-Policy").value()),
              AllOf(HasSubstr("default-src 'none'"), HasSubstr("frame-ancestors 'none'"), Not(HasSubstr("unsafe"))));
  EXPECT_EQ(page.headers.find("Cache-Control"), "no-store");
  auto forger = browser();
  forger.cookies["__Host-nephele-session"] = "guess";
  EXPECT_EQ(forger.get("/ui/profile").status, 303);
  EXPECT_FALSE(forger.cookies.contains("__Host-nephele-session"));
  clock.advance(std::chrono::hours{169});
  EXPECT_FALSE(someone.signed_in());
}

TEST_P(PagesTest, FormsOfOthersAreRefused) {
  member("ada");
  auto someone = browser();
  const Fields fields{{"username", "ada"}, {"password", "correct horse"}};
  const auto before = Browser::token(someone.get("/ui/login").body);
  EXPECT_EQ(someone.send(Verb::post, "/ui/login", Browser::encoded(fields, "")).status, 403);
  EXPECT_EQ(someone.send(Verb::post, "/ui/login", Browser::encoded(fields, before), "text/plain").status, 400);
  auto without_cookies = browser();
  EXPECT_EQ(without_cookies.send(Verb::post, "/ui/login", Browser::encoded(fields, before)).status, 403);
  someone.extra.add("Origin", "https://evil.org");
  EXPECT_EQ(someone.sign_in("ada").status, 403);
  someone.extra.clear();
  EXPECT_EQ(someone.sign_in("ada").status, 303);
  // A token of before the sign-in is of no use behind it.
  EXPECT_EQ(someone.send(Verb::post, "/ui/logout", Browser::encoded({}, before)).status, 403);
  EXPECT_TRUE(someone.signed_in());
}

TEST_P(PagesTest, FromSignUpToTheFirstSignIn) {
  auto someone = browser();
  const auto asked = someone.post("/ui/signup", ada());
  EXPECT_EQ(asked.status, 200);
  EXPECT_THAT(asked.body, AllOf(HasSubstr("Ada@example.org"), HasSubstr("/ui/send/activation/")));
  const auto early = someone.sign_in("ada@example.org");
  EXPECT_EQ(early.status, 403);
  EXPECT_THAT(early.body, AllOf(HasSubstr("not verified yet"), HasSubstr("/ui/send/activation/")));
  EXPECT_THAT(someone.sign_in("ada@example.org", "not the one").body, Not(HasSubstr("verified")));

  const auto code = key_for("Ada@example.org");
  EXPECT_EQ(someone.get("/ui/activate").status, 403);
  EXPECT_EQ(someone.get("/ui/activate?auth=unknown").status, 404);
  const auto followed = someone.get("/ui/activate?auth=" + code + "&next=/ui/");
  EXPECT_EQ(followed.status, 200);
  EXPECT_THAT(followed.body, HasSubstr("pending moderation"));
  EXPECT_THAT(someone.get("/ui/activate?auth=" + code).body, HasSubstr("Invalid or already used activation key."));
  EXPECT_THAT(someone.sign_in("ada@example.org").body, HasSubstr("Your account request is pending moderation."));

  ASSERT_TRUE(run(life->accept(run(identity->find("ada@example.org")).value().id, "operator")));
  EXPECT_EQ(someone.sign_in("ada@example.org").location(), "/ui/landing");
  EXPECT_THAT(someone.get("/ui/profile").body, HasSubstr("Accepted/Active (manually accepted)"));
}

TEST_P(PagesTest, SignUpSaysWhatIsWrongAndKeepsTheRest) {
  member("ada");
  auto someone = browser();
  auto fields = ada();
  fields[1].second = "<i>";
  fields[4].second = "other";
  const auto wrong = someone.post("/ui/signup", fields);
  EXPECT_EQ(wrong.status, 400);
  EXPECT_THAT(wrong.body, AllOf(HasSubstr("the two passwords differ"), HasSubstr("value=\"&lt;i&gt;\""),
                                Not(HasSubstr("correct horse"))));
  EXPECT_THAT(someone.post("/ui/signup", ada()).body,
              HasSubstr("There is already an account with this email address."));
  fields = ada();
  fields[0].second = "a@b.org\r\nBcc: x@y.org";
  EXPECT_EQ(someone.post("/ui/signup", fields).status, 400);
}

TEST_P(PagesTest, SignUpMailsAnAddressOnceAMinute) {
  auto someone = browser();
  EXPECT_EQ(someone.post("/ui/signup", ada()).status, 200);
  EXPECT_EQ(someone.post("/ui/signup", ada()).status, 429);
  clock.advance(std::chrono::minutes{1});
  EXPECT_EQ(someone.post("/ui/signup", ada()).status, 200);
}

TEST_P(PagesTest, AnotherMailKillsTheOlderLink) {
  auto someone = browser();
  const auto asked = someone.post("/ui/signup", ada());
  const auto first = key_for("Ada@example.org");
  const auto at = asked.body.find("/ui/send/activation/");
  const std::string address = asked.body.substr(at, asked.body.find('"', at) - at);
  EXPECT_EQ(someone.post(address, {}).status, 429);
  clock.advance(std::chrono::minutes{2});
  EXPECT_EQ(someone.post(address, {}).status, 200);
  ASSERT_TRUE(eventually([&] { return letterbox.key_for("Ada@example.org") != first; }, 20s));
  EXPECT_EQ(someone.get("/ui/activate?auth=" + first).status, 404);
  EXPECT_EQ(someone.get("/ui/activate?auth=" + letterbox.key_for("Ada@example.org")).status, 200);
  EXPECT_EQ(someone.post("/ui/send/activation/forged", {}).status, 404);
}

TEST_P(PagesTest, TermsComeBetween) {
  member("ada");
  auto someone = browser();
  someone.sign_in("ada");
  EXPECT_THAT(someone.get("/ui/landing").body, Not(HasSubstr("approval_terms")));
  EXPECT_THAT(someone.get("/ui/approval_terms").body, HasSubstr("There are no terms of service to approve."));
  ASSERT_TRUE(run(life->add_terms("/terms.html", "<h2>Be <em>kind</em></h2>")));
  EXPECT_EQ(someone.get("/ui/profile").location(), "/ui/approval_terms?next=%2Fui%2Fprofile");
  const auto shown = someone.get("/ui/approval_terms?next=/ui/profile");
  EXPECT_THAT(shown.body, AllOf(HasSubstr("<em>kind</em>"), HasSubstr("has_signed_terms")));
  const auto refused = someone.post("/ui/approval_terms", {});
  EXPECT_EQ(refused.status, 400);
  EXPECT_THAT(refused.body, HasSubstr("Please, you need to &#39;Agree with the terms&#39; before proceeding."));
  EXPECT_EQ(someone.post("/ui/approval_terms", {{"has_signed_terms", "on"}, {"next", "/ui/profile"}}).location(),
            "/ui/profile");
  EXPECT_THAT(someone.get("/ui/profile").body, HasSubstr("href=\"/ui/approval_terms\""));
  EXPECT_THAT(someone.get("/ui/nowhere").body, HasSubstr("href=\"/ui/approval_terms\""));

  ASSERT_TRUE(run(life->add_terms("/terms.html", "<h2>Be kinder</h2>")));
  EXPECT_THAT(someone.get("/ui/profile").location(), StartsWith("/ui/approval_terms"));
  const auto second = someone.get("/ui/approval_terms").body;
  EXPECT_THAT(second, HasSubstr("name=\"terms_version\" value=\"2\""));
  ASSERT_TRUE(run(life->add_terms("/terms.html", "<h2>Be kindest</h2>")));
  const Fields agreed{{"has_signed_terms", "on"}, {"terms_version", "2"}};
  EXPECT_EQ(someone.send(Verb::post, "/ui/approval_terms", Browser::encoded(agreed, Browser::token(second))).status,
            303);
  EXPECT_THAT(someone.get("/ui/profile").location(), StartsWith("/ui/approval_terms")) << "these she has not seen";
  EXPECT_THAT(someone.get("/ui/approval_terms/1").body, AllOf(HasSubstr("kind</em>"), Not(HasSubstr("I agree"))));
  EXPECT_EQ(someone.get("/ui/approval_terms/4").status, 404);
  EXPECT_EQ(someone.get("/ui/approval_terms/1x").status, 404);

  auto visitor = browser();
  EXPECT_THAT(visitor.get("/ui/approval_terms").body, AllOf(HasSubstr("kindest"), Not(HasSubstr("I agree"))));
  EXPECT_EQ(visitor.post("/ui/signup", {}, "/ui/approval_terms").location(), "/ui/login?next=%2Fui%2Fapproval_terms");
  auto fields = ada();
  fields[0].second = "bob@example.org";
  EXPECT_THAT(visitor.post("/ui/signup", fields).body, HasSubstr("Please, you need to"));
  fields.emplace_back("has_signed_terms", "on");
  EXPECT_EQ(visitor.post("/ui/signup", fields).status, 200);
}

TEST_P(PagesTest, ANewPasswordEndsAllOtherSessions) {
  member("ada");
  auto here = browser(), there = browser();
  here.sign_in("ada");
  there.sign_in("ada");
  const Fields fields{
      {"old_password", "correct horse"}, {"new_password1", "battery staple"}, {"new_password2", "battery staple"}};
  auto wrong = fields;
  wrong[0].second = "a guess of it";
  EXPECT_THAT(here.post("/ui/password_change", wrong).body, HasSubstr("this is not your present password"));
  EXPECT_TRUE(there.signed_in());
  EXPECT_EQ(here.post("/ui/password_change", fields).location(), "/ui/profile?done=password");
  EXPECT_TRUE(here.signed_in());
  EXPECT_FALSE(there.signed_in());
  EXPECT_EQ(there.sign_in("ada").status, 403);
  EXPECT_EQ(there.sign_in("ada", "battery staple").status, 303);
  EXPECT_EQ(here.post("/ui/profile", {}, "/ui/profile/end_sessions").status, 303);
  EXPECT_TRUE(here.signed_in());
  EXPECT_FALSE(there.signed_in());
}

TEST_P(PagesTest, WhoeverEndsAnAccountEndsItsSessions) {
  const auto ada = member("ada");
  auto someone = browser();
  const auto ended_by = [&](auto what) {
    EXPECT_EQ(someone.sign_in("ada").status, 303);
    EXPECT_TRUE(someone.signed_in());
    ASSERT_TRUE(what());
    EXPECT_FALSE(someone.signed_in());
  };
  ended_by([&] { return run(life->deactivate(ada.id, "gone", "operator")); });
  EXPECT_THAT(someone.sign_in("ada").body, HasSubstr("Your account is disabled."));
  ASSERT_TRUE(run(life->activate(ada.id, "operator")));
  EXPECT_FALSE(someone.signed_in());  // what was ended stays ended
  ended_by([&] { return run(identity->set_password("ada", Secret("correct horse"))); });
  ended_by([&] { return run(identity->set_enabled("ada", false)); });
  ASSERT_TRUE(run(identity->set_enabled("ada", true)));
  ended_by([&] { return run(identity->remove(ada.id)); });
}

TEST_P(PagesTest, AForgottenPassword) {
  const auto ada = member("ada");
  auto someone = browser(), signed_in = browser();
  signed_in.sign_in("ada");
  const auto unknown = someone.post("/ui/local/password_reset", {{"email", "nobody@example.org"}});
  const auto known = someone.post("/ui/local/password_reset", {{"email", "ADA@example.org"}});
  EXPECT_EQ(known.status, 200);
  EXPECT_EQ(known.body, unknown.body);
  const auto code = key_for("ada@example.org");
  ASSERT_EQ(someone.post("/ui/local/password_reset", {{"email", "ada@example.org"}}).status, 200);
  EXPECT_EQ(letterbox.arrived().size(), 1);
  const auto told = database().read_now([&](sql::Tx& tx) { return life::store::audit_of(tx, ada.id, 9); }).value();
  EXPECT_EQ(std::ranges::count(told, "account.password_reset_asked", &life::store::AuditEvent::event), 1);

  const std::string page = "/ui/local/password_reset/confirm", link = page + "?auth=" + code;
  EXPECT_EQ(someone.get(page + "?auth=" + code + "x").status, 404);
  EXPECT_EQ(someone.post(link, {{"auth", code}, {"new_password1", "short"}, {"new_password2", "short"}}, page).status,
            400);
  const Fields fields{{"auth", code}, {"new_password1", "battery staple"}, {"new_password2", "battery staple"}};
  EXPECT_EQ(someone.post(link, fields, page).location(), "/ui/login?done=password");
  EXPECT_FALSE(signed_in.signed_in());
  EXPECT_EQ(someone.get(link).status, 404);
  EXPECT_EQ(someone.post("/ui/login", fields, page).status, 404);
  EXPECT_EQ(someone.sign_in("ada", "battery staple").status, 303);
}

TEST_P(PagesTest, ALinkForANewPasswordDies) {
  member("ada");
  auto someone = browser();
  someone.post("/ui/local/password_reset", {{"email", "ada@example.org"}});
  const auto first = key_for("ada@example.org");
  const std::string link = "/ui/local/password_reset/confirm?auth=";
  EXPECT_EQ(someone.get(link + first).status, 200);
  auto owner = browser();
  owner.sign_in("ada");
  EXPECT_EQ(someone.get(link + first).status, 404);
  clock.advance(std::chrono::minutes{10});
  someone.post("/ui/local/password_reset", {{"email", "ada@example.org"}});
  ASSERT_TRUE(eventually([&] { return letterbox.key_for("ada@example.org") != first; }, 20s));
  const auto second = letterbox.key_for("ada@example.org");
  EXPECT_EQ(someone.get(link + second).status, 200);
  clock.advance(std::chrono::hours{72});
  EXPECT_EQ(someone.get(link + second).status, 404);
}

TEST_P(PagesTest, NamesAndTokens) {
  member("ada");
  auto someone = browser();
  someone.sign_in("ada");
  EXPECT_EQ(someone.post("/ui/profile", {{"first_name", "A<da"}, {"last_name", ""}}).location(),
            "/ui/profile?done=saved");
  EXPECT_THAT(someone.get("/ui/profile").body, HasSubstr("value=\"A&lt;da\""));
  EXPECT_EQ(someone.post("/ui/profile", {{"first_name", "a\nb"}, {"last_name", ""}}).status, 400);
  EXPECT_EQ(someone.post("/ui/profile", {{"first_name", std::string(31, 'x')}, {"last_name", ""}}).status, 400);
  const auto shown = someone.post("/ui/api_access", {});
  EXPECT_EQ(shown.status, 200);
  constexpr std::string_view before = "OS_TOKEN=&#39;";
  const auto at = shown.body.find(before);
  ASSERT_NE(at, std::string::npos);
  const auto token =
      shown.body.substr(at + before.size(), shown.body.find('&', at + before.size()) - at - before.size());
  EXPECT_EQ(run(identity->authenticate_token(Secret(token))).value().account.name, "ada");
  EXPECT_THAT(someone.get("/ui/api_access").body,
              AllOf(Not(HasSubstr(token)), HasSubstr("OS_AUTH_URL=&#39;https://cloud.example.org/identity/v3&#39;")));
}

TEST_P(PagesTest, OldAndUnknownAddresses) {
  auto someone = browser();
  EXPECT_EQ(someone.get("/im/login?next=/x").location(), "/ui/login?next=/x");
  EXPECT_EQ(someone.get("//im/activate?auth=1").location(), "/ui/activate?auth=1");
  EXPECT_EQ(someone.send(Verb::post, "/im/local", "").status, 308);
  EXPECT_EQ(someone.get("/im").location(), "/ui");
  const auto none = someone.get("/ui/login/none");
  EXPECT_EQ(none.status, 404);
  EXPECT_THAT(none.body, AllOf(HasSubstr("<nav"), HasSubstr("There is no page")));
  EXPECT_THAT(someone.get("/account/x").body, Not(HasSubstr("<html")));
  EXPECT_EQ(someone.send(Verb::del, "/ui/login").status, 405);
  EXPECT_EQ(someone.send(Verb::post, "/ui/login", std::string(form_bytes_max + 1, 'a')).status, 413);
}

}  // namespace
}  // namespace nephele::identity::pages
