// SPDX-License-Identifier: Apache-2.0
#include "identity/pages/forms.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/io_threads.h"
#include "identity/pages/layout.h"
#include "identity/pages/password_rules.h"
#include "identity/pages/project_form.h"
#include "identity/pages/ticket.h"

namespace nephele::identity::pages {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

TEST(HtmlTest, EscapesTextAndAttributes) {
  EXPECT_EQ(Html("<b>&\"'</b>").markup(), "&lt;b&gt;&amp;&quot;&#39;&lt;/b&gt;");
  EXPECT_EQ(element("p", {{"title", "\"><script>"}}, {Html("a<b")}).markup(),
            "<p title=\"&quot;&gt;&lt;script&gt;\">a&lt;b</p>");
  EXPECT_EQ(element("input", {{"name", "x"}}).markup(), "<input name=\"x\"/>");
  EXPECT_EQ(Html("ä\t\n").markup(), "ä\t\n");
}

TEST(HtmlTest, ReplacesWhatXmlCannotHold) {
  const std::string mark = "\xEF\xBF\xBD";
  for (const std::string& bad : {std::string("\0", 1), std::string("\x1b"), std::string("\xff"), std::string("\xc0"),
                                 std::string("\x7f"), std::string("\xEF\xBF\xBF"), std::string("\xC2\x85")})
    EXPECT_EQ(Html("a" + bad + "b").markup(), "a" + mark + "b") << ::testing::PrintToString(bad);
}

TEST(FormDataTest, ReadsWhatBrowsersSend) {
  const auto form = FormData::parse("a=1&b=x+y%26&a=2&empty=&bare&&%C3%A4=%FF").value();
  EXPECT_EQ(form.value("a"), "1");
  EXPECT_EQ(form.value("b"), "x y&");
  EXPECT_TRUE(form.has("empty"));
  EXPECT_TRUE(form.has("bare"));
  EXPECT_FALSE(form.has("none"));
  EXPECT_EQ(form.value("ä"), "\xff");
}

TEST(FormDataTest, RefusesBrokenOnes) {
  for (const std::string bad : {"a=%", "a=%zz", "a=%00", "%=1"}) EXPECT_FALSE(FormData::parse(bad)) << bad;
  std::string many;
  for (int i = 0; i < 65; ++i) many += "a=1&";
  EXPECT_FALSE(FormData::parse(many));
}

TEST(CookieTest, OfTheRequest) {
  http::Request request;
  request.headers.add("Cookie", "xa=0; a=1;b=\"2\"");
  request.headers.add("cookie", "c=3=4; a=5");
  EXPECT_EQ(cookie(request, "a"), "1");
  EXPECT_EQ(cookie(request, "b"), "\"2\"");
  EXPECT_EQ(cookie(request, "c"), "3=4");
  EXPECT_EQ(cookie(request, "d"), std::nullopt);
}

TEST(CookieTest, IsStrict) {
  EXPECT_EQ(set_cookie({"n", "v", true, std::chrono::seconds{60}}),
            "n=v; Path=/; HttpOnly; SameSite=Lax; Secure; Max-Age=60");
  EXPECT_EQ(set_cookie({"n", "v", false, std::nullopt}), "n=v; Path=/; HttpOnly; SameSite=Lax");
}

TEST(CsrfTest, BelongsToCookieAndSession) {
  const SecretKey key = SecretKey::random();
  const CsrfGuard guard(key);
  const std::string cookie = CsrfGuard::new_cookie();
  EXPECT_TRUE(CsrfGuard::well_formed(cookie));
  const auto token = guard.token(cookie, "s");
  EXPECT_TRUE(guard.right(token, cookie, "s"));
  EXPECT_FALSE(guard.right(token, cookie, ""));
  EXPECT_FALSE(guard.right(token, cookie, "t"));
  EXPECT_FALSE(guard.right(token, CsrfGuard::new_cookie(), "s"));
  EXPECT_FALSE(guard.right("", cookie, "s"));
  EXPECT_FALSE(guard.right(guard.token("", "s"), "", "s"));
  EXPECT_FALSE(CsrfGuard(SecretKey::random()).right(token, cookie, "s"));
}

TEST(OriginTest, OnlyOurPagesPost) {
  const auto ours = [](std::vector<std::pair<std::string, std::string>> headers) {
    http::Request request;
    for (auto& [name, value] : headers) request.headers.add(name, value);
    return from_our_pages(request, "https://cloud.example.org");
  };
  EXPECT_TRUE(ours({}));
  EXPECT_TRUE(ours({{"Origin", "https://cloud.example.org"}, {"Sec-Fetch-Site", "same-origin"}}));
  EXPECT_TRUE(ours({{"Origin", "https://other.name:8443"}, {"Host", "other.name:8443"}}));
  EXPECT_FALSE(ours({{"Origin", "https://evil.example.com"}, {"Host", "cloud.example.org"}}));
  EXPECT_FALSE(ours({{"Origin", "https://cloud.example.org.evil.com"}}));
  EXPECT_FALSE(ours({{"Origin", "null"}, {"Host", "cloud.example.org"}}));
  EXPECT_FALSE(ours({{"Origin", "https://cloud.example.org"}, {"Sec-Fetch-Site", "cross-site"}}));
  EXPECT_FALSE(ours({{"Sec-Fetch-Site", "same-site"}}));
}

TEST(NextTest, StaysOnThisHost) {
  const std::string base = "https://cloud.example.org:8080";
  const auto next = [&](std::string_view text) { return safe_next(text, base).value_or("-"); };
  EXPECT_EQ(next("/ui/profile?x=1#y"), "/ui/profile?x=1#y");
  EXPECT_EQ(next("/"), "/");
  EXPECT_EQ(next("https://cloud.example.org:8080/ui/"), "/ui/");
  EXPECT_EQ(next("HTTPS://Cloud.Example.Org:8080/ui/"), "/ui/");
  EXPECT_EQ(next("/\xC3\xA4"), "/%C3%A4");
  for (const std::string_view bad : {"",
                                     "ui/profile",
                                     "//evil.org",
                                     "///evil.org",
                                     "/\\evil.org",
                                     "\\\\evil.org",
                                     "/\t/evil.org",
                                     "/a\r\nX-Y: 1",
                                     " /ui",
                                     "http://cloud.example.org:8080/",
                                     "https://cloud.example.org/",
                                     "https://cloud.example.org:80801/",
                                     "https://cloud.example.org:8080@evil.org/",
                                     "https://cloud.example.org:8080.evil.org/",
                                     "https://cloud.example.org:8080",
                                     "https://cloud.example.org:8080//evil.org",
                                     "https://evil.org/",
                                     "javascript:alert(1)",
                                     "data:text/html,x",
                                     "/\xff",
                                     "/a\x7f"})
    EXPECT_EQ(next(bad), "-") << bad;
  EXPECT_EQ(next("/" + std::string(6000, 'a')), "/" + std::string(6000, 'a'));
  EXPECT_EQ(next("/" + std::string(6144, 'a')), "-");
}

TEST(FieldTest, HasALabelAndKeepsNoPassword) {
  const auto plain = field({.name = "email", .label = "E-mail", .value = "<x>"}, {{"email", "wrong & bad"}}).markup();
  EXPECT_THAT(plain, HasSubstr("<label for=\"id_email\">E-mail</label>"));
  EXPECT_THAT(plain, HasSubstr("value=\"&lt;x&gt;\""));
  EXPECT_THAT(plain, HasSubstr("aria-invalid=\"true\" aria-describedby=\"email-problem\""));
  EXPECT_THAT(plain, HasSubstr("wrong &amp; bad"));
  EXPECT_THAT(field({.name = "p", .label = "P", .type = "password", .value = "hunter2hunter2"}).markup(),
              Not(HasSubstr("hunter2")));
}

TEST(StyleTest, HasAStrongTag) {
  http::Request request;
  const auto first = style_sheet(request);
  EXPECT_EQ(first.status, 200);
  const std::string tag(first.headers.find("ETag").value());
  EXPECT_THAT(tag, ::testing::MatchesRegex("\"[0-9a-f]{32}\""));
  request.headers.add("If-None-Match", tag);
  EXPECT_EQ(style_sheet(request).status, 304);
  request.headers.set("If-None-Match", "\"other\"");
  EXPECT_EQ(style_sheet(request).status, 200);
}

TEST(PasswordRulesTest, RefusesWhatOthersTryFirst) {
  const auto weak = [](const std::string& text) {
    return weakness(Secret(text), {"ada.lovelace@example.org", "Ada"}).has_value();
  };
  for (const std::string bad : {"short", "Password123", "aaaaaaaaaa", "ada.lovelace", "Ada.Lovelace@example.org"})
    EXPECT_TRUE(weak(bad)) << bad;
  EXPECT_TRUE(weak(std::string(1025, 'x') + "y"));
  EXPECT_FALSE(weak("correct horse"));
}

TEST(TicketTest, NamesAnAccountForADay) {
  const SecretKey key = SecretKey::random();
  const Time now = from_ms(1'700'000'000'000);
  const auto ticket = new_ticket(key, AccountId("some-id"), now);
  EXPECT_EQ(http::percent_encode(ticket), ticket);
  EXPECT_THAT(ticket, Not(HasSubstr("some-id")));
  EXPECT_EQ(ticket_account(key, ticket, now), AccountId("some-id"));
  EXPECT_EQ(ticket_account(key, ticket, now + std::chrono::hours{24}), std::nullopt);
  EXPECT_EQ(ticket_account(SecretKey::random(), ticket, now), std::nullopt);
  for (const std::string bad : {"", "x", "\xff", "AAAA"}) EXPECT_EQ(ticket_account(key, bad, now), std::nullopt);
}

ProjectForm form_of_lab(const projects::ProjectLife& lab) {
  ProjectForm form{.is_new = false, .resources = {{.name = "cyclades.vm"}}};
  take_project(form, lab, {{"cyclades.vm", {.project = 9, .member = 3}}});
  return form;
}

TEST(ProjectFormTest, AsksForWhatWasTypedOverAlone) {
  projects::ProjectLife lab{.id = ProjectId("p"), .name = "lab.example.org"};
  lab.description = "two\nlines";
  lab.max_members = 5;
  lab.end = from_ms(1'924'970'400'000);  // 18:00 of that day
  const auto first = form_of_lab(lab);
  EXPECT_EQ(first.value("end_date"), "2030-12-31");
  std::string body = "description=two%0D%0Alines&max_members=15&comments=please";
  for (const char* name :
       {"name", "end_date", "join_policy", "leave_policy", "private", "member:cyclades.vm", "project:cyclades.vm"})
    body += std::string("&") + name + "=" + http::percent_encode(first.value(name));
  auto form = first;
  take_typed(form, FormData::parse(body).value());
  FieldErrors errors;
  auto draft = draft_of(form, errors);
  EXPECT_TRUE(errors.empty());
  EXPECT_EQ(draft.max_members, 15);
  EXPECT_EQ(draft.comments, "please");
  EXPECT_FALSE(draft.name || draft.homepage || draft.description || draft.end || draft.join_policy ||
               draft.leave_policy || draft.is_private);
  EXPECT_TRUE(draft.capacities.empty());

  form = first;
  take_typed(form, FormData::parse("description=&end_date=2031-01-01&member%3Acyclades.vm=4").value());
  draft = draft_of(form, errors);
  EXPECT_EQ(draft.description, "");
  EXPECT_EQ(iso8601(draft.end.value()).substr(0, 10), "2031-01-01");
  EXPECT_EQ(draft.capacities.at("cyclades.vm"), (projects::Capacity{.project = 9, .member = 4}));
  EXPECT_TRUE(errors.empty());
  draft_of(first, errors);
  EXPECT_TRUE(errors.contains(""));  // nothing at all
}

TEST(ProjectFormTest, KnowsAProjectThatChangedMeanwhile) {
  projects::ProjectLife lab{.id = ProjectId("p"), .name = "lab.example.org"};
  const auto before = mark_of(form_of_lab(lab));
  EXPECT_EQ(mark_of(form_of_lab(lab)), before);
  lab.max_members = 7;
  EXPECT_NE(mark_of(form_of_lab(lab)), before);
}

TEST(ProjectFormTest, HasRoomForLines) {
  projects::ProjectLife lab{.id = ProjectId("p"), .name = "lab.example.org", .description = "two\nlines"};
  const auto form = form_of_lab(lab);
  const auto page = project_fields(form, {}).markup();
  EXPECT_THAT(page, HasSubstr(">\ntwo\nlines</textarea>"));
  EXPECT_THAT(page, HasSubstr("empty: as it is."));
  EXPECT_THAT(project_fields({.resources = form.resources}, {}).markup(), HasSubstr("empty: the usual."));
}

}  // namespace
}  // namespace nephele::identity::pages
