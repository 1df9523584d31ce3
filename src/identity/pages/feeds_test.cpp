// SPDX-License-Identifier: Apache-2.0
// What programs read below ui/, the hand-over of tokens, and feedback.
#include "identity/pages/feeds.h"

#include "base/json.h"
#include "identity/astakos/components.h"
#include "identity/astakos/identity_callers.h"
#include "identity/testing/site.h"

namespace nephele::identity::pages {
namespace {

using namespace std::chrono_literals;
using http::Verb;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

TEST(FeedRules, NamesOfFunctions) {
  for (const auto* good : {"f", "a.b_c.$d9", "jQuery123"}) EXPECT_TRUE(is_callback(good)) << good;
  for (const auto* bad : {"", "a(b", "alert(1)//", "a b", "<script>", "a\n", "a;b", "a[0]", "\xC3\xA4"})
    EXPECT_FALSE(is_callback(bad)) << bad;
  EXPECT_FALSE(is_callback(std::string(129, 'a')));
}

TEST(FeedRules, WhereATokenMayGo) {
  const std::vector<std::string> schemes{"pithos", "pithosdev"};
  EXPECT_EQ(hand_over_to("pithos://localhost/x?token=old#y", schemes), "pithos://localhost/x");
  EXPECT_EQ(hand_over_to("PITHOSDEV:abc", schemes), "PITHOSDEV:abc");
  for (const auto* bad : {"https://evil.org/", "javascript:alert(1)", "/ui/", "pithosx://a", "pithos", "",
                          "pithos://a\r\nX: 1", "pithos://a b", "pithos://\xC3\xA4", "//evil.org"})
    EXPECT_EQ(hand_over_to(bad, schemes), std::nullopt) << bad;
}

class FeedTest : public testing::SiteTest {
 protected:
  static json::Array rows(const std::string& body) { return *json::parse(body).value().if_array(); }
  bool good(const std::string& token) { return run(identity->authenticate_token(Secret(token))).has_value(); }
  static std::string token_in(const std::string& text, std::string_view before) {
    const auto at = text.find(before);
    if (at == std::string::npos) return {};
    return text.substr(at + before.size(), text.find_first_of("&\n", at + before.size()) - at - before.size());
  }
};
INSTANTIATE_TEST_SUITE_P(Engines, FeedTest, sql::testing::all_engines(), sql::testing::engine_name);

TEST_P(FeedTest, Menu) {
  member("ada");
  auto someone = browser();
  auto shown = someone.get("/ui/get_menu");
  EXPECT_EQ(shown.body, R"([{"url":"https://cloud.example.org/ui/","name":"Sign in"}])");
  EXPECT_EQ(someone.get("/im/get_menu").body, shown.body);
  someone.sign_in("ada");
  shown = someone.get("/ui/get_menu/");
  ASSERT_EQ(rows(shown.body).size(), 3);
  EXPECT_THAT(shown.body, AllOf(HasSubstr("ada@example.org"), HasSubstr("Sign out")));
  EXPECT_EQ(shown.headers.find("Cache-Control"), "no-store");
  shown = someone.get("/ui/get_menu?callback=show.it");
  EXPECT_THAT(shown.body, StartsWith("/**/show.it(["));
  EXPECT_THAT(std::string(shown.headers.find("Content-Type").value()), StartsWith("application/javascript"));
  EXPECT_EQ(shown.headers.find("X-Content-Type-Options"), "nosniff");
  shown = someone.get("/ui/get_menu?callback=%3Cscript%3E");
  EXPECT_EQ(shown.status, 400);
  EXPECT_THAT(shown.body, Not(HasSubstr("<script>")));
}

TEST_P(FeedTest, ServicesAndTheOverview) {
  Settings settings;
  settings::Node meta({}, settings::Node::Table{});
  meta.set("order", "order", settings::Node({}, std::int64_t{1}));
  meta.set("verbose_name", "verbose_name", settings::Node({}, std::string("Files & folders")));
  settings.web.components_meta.entries.set("pithos", "pithos", meta);
  open(settings);
  astakos::Components components(database(), *quotas, key, clock);
  ASSERT_TRUE(run(components.add({.name = "cyclades", .ui_url = "https://cyclades.example.org/ui"})));
  ASSERT_TRUE(run(components.add({.name = "pithos", .ui_url = "https://pithos.example.org/ui"})));
  ASSERT_TRUE(run(components.add({.name = "unseen"})));
  auto someone = browser();
  const auto shown = rows(someone.get("/ui/get_services").body);
  ASSERT_EQ(shown.size(), 2);
  EXPECT_EQ(*shown[0].if_object()->find("name")->if_string(), "Files & folders");
  EXPECT_EQ(*shown[1].if_object()->find("url")->if_string(), "https://cyclades.example.org/ui");
  member("ada");
  someone.sign_in("ada");
  EXPECT_THAT(
      someone.get("/ui/landing").body,
      AllOf(HasSubstr("<a href=\"https://pithos.example.org/ui\">Files &amp; folders</a>"), Not(HasSubstr("unseen"))));
}

TEST_P(FeedTest, Kamakirc) {
  Settings settings;
  settings.web.service_name = "My Cloud";
  open(settings);
  member("ada");
  auto someone = browser();
  EXPECT_EQ(someone.get("/ui/.kamakirc").status, 303);
  someone.sign_in("ada");
  const auto first = someone.get("/ui/.kamakirc");
  EXPECT_THAT(first.body, AllOf(HasSubstr("default_cloud = my_cloud\n"), HasSubstr("[cloud \"my_cloud\"]"),
                                HasSubstr("url = https://cloud.example.org/identity/v2.0\n")));
  EXPECT_THAT(std::string(first.headers.find("Content-Disposition").value()), StartsWith("attachment"));
  const auto one = token_in(first.body, "token = ");
  const auto two = token_in(someone.get("/ui/.kamakirc").body, "token = ");
  EXPECT_TRUE(good(one));
  EXPECT_TRUE(good(two));
  EXPECT_EQ(run(identity->authenticate_token(Secret(one))).value().expires, clock.now() + 720h);
  someone.extra.add("Sec-Fetch-Site", "cross-site");
  EXPECT_EQ(someone.get("/ui/.kamakirc").status, 303);
}

TEST_P(FeedTest, Weblogin) {
  const auto ada = member("ada");
  auto someone = browser();
  EXPECT_EQ(someone.get("/weblogin/login").status, 400);
  EXPECT_EQ(someone.get("/weblogin/login?next=https%3A%2F%2Fevil.org").status, 403);
  const std::string address = "/weblogin/login?next=pithos%3A%2F%2Flocalhost%2Fx%3Ftoken%3Dold";
  const auto away = someone.get(address).location();
  EXPECT_THAT(away, StartsWith("/ui/login?next=%2Fweblogin%2Flogin"));
  const auto page = someone.get(away);
  EXPECT_THAT(std::string(page.headers.find("Content-Security-Policy").value()), HasSubstr("form-action 'self';"));
  // The hand-over is a redirect beyond our pages: no part of what the form began.
  const auto back = someone.sign_in("ada", "correct horse", address);
  EXPECT_EQ(back.status, 200);
  EXPECT_EQ(back.location(), address);
  auto handed = someone.get(address);
  EXPECT_EQ(handed.status, 302);
  EXPECT_THAT(handed.location(), StartsWith("pithos://localhost/x?uuid=" + ada.id.text() + "&token="));
  const auto first = token_in(handed.location(), "&token=");
  EXPECT_TRUE(good(first));
  const auto second = token_in(someone.get(address + "&renew").location(), "&token=");
  EXPECT_TRUE(good(second));
  EXPECT_FALSE(good(first));
  someone.extra.add("Sec-Fetch-Site", "cross-site");
  EXPECT_EQ(someone.get(address + "&renew&force").status, 302);
  EXPECT_TRUE(good(second));
  someone.extra.clear();
  EXPECT_THAT(someone.get(address + "&force").location(),
              AllOf(StartsWith("/ui/login?next="), Not(HasSubstr("force"))));
  EXPECT_FALSE(someone.signed_in());
  someone.sign_in("ada");
  ASSERT_TRUE(run(life->add_terms("/terms.html", "<h2>Be kind</h2>")));
  EXPECT_THAT(someone.get(address).location(), StartsWith("/ui/approval_terms?next=%2Fweblogin"));
}

TEST_P(FeedTest, FeedbackOnThePage) {
  Settings settings;
  settings.feedback = {{"Help", "help@example.org"}, {"", "desk@example.org"}};
  open(settings);
  member("ada");
  auto someone = browser();
  someone.sign_in("ada");
  EXPECT_EQ(someone.post("/ui/feedback", {{"feedback_msg", " "}}).status, 400);
  EXPECT_THAT(someone.post("/ui/feedback", {{"feedback_msg", "It is\n.\nBcc: x@y.org {{ url }}"}}).body,
              HasSubstr("Thank you for contacting us."));
  ASSERT_TRUE(eventually([&] { return letterbox.arrived().size() == 2; }, 20s));
  const auto mail = letterbox.arrived().front();
  EXPECT_THAT(mail.text, AllOf(HasSubstr("ada@example.org"), HasSubstr("Bcc: x@y.org {{ url }}")));
  ASSERT_TRUE(mail.reply_to);
  EXPECT_EQ(mail.reply_to->mailbox, "ada@example.org");
  int sent = 0;
  while (sent < 30 && someone.post("/ui/feedback", {{"feedback_msg", "again"}}).status == 200) ++sent;
  EXPECT_LT(sent, 30);
  EXPECT_EQ(someone.post("/ui/feedback", {{"feedback_msg", "again"}}).status, 429);
}

TEST_P(FeedTest, FeedbackOfPrograms) {
  const auto ada = member("ada");
  astakos::Components components(database(), *quotas, key, clock);
  astakos::IdentityCallers callers(*identity, components, database());
  const auto token = run(identity->issue_token(ada.id)).value().token;
  const auto ask = [&](const std::string& body, const std::string& given) {
    auto program = browser();
    if (!given.empty()) program.extra.add("X-Auth-Token", given);
    return program.send(Verb::post, "/account/v1.0/feedback", body);
  };
  pages->add_api_to(*router, callers);
  EXPECT_EQ(ask("feedback_msg=hello", token.reveal()).status, 502);  // nobody reads it
  Settings settings;
  settings.feedback = {{"", "help@example.org"}};
  open(settings);
  pages->add_api_to(*router, callers);
  EXPECT_EQ(ask("feedback_msg=hello", "").status, 401);
  EXPECT_EQ(ask("feedback_msg=hello", "wrong").status, 401);
  const auto invalid = ask("feedback_data=x", token.reveal());
  EXPECT_EQ(invalid.status, 400);
  EXPECT_THAT(invalid.body, HasSubstr("Invalid data"));
  EXPECT_EQ(ask("feedback_msg=hello&feedback_data=%7B%7D", token.reveal()).status, 200);
  ASSERT_TRUE(eventually([&] { return letterbox.arrived().size() == 1; }, 20s));
}

}  // namespace
}  // namespace nephele::identity::pages
