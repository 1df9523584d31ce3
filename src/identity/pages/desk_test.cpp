// SPDX-License-Identifier: Apache-2.0
// What all pages share: transactions, faults, limits, settings.
#include "identity/pages/desk.h"

#include "identity/directory/store.h"
#include "identity/keystone/tokens.h"
#include "identity/pages/ldap.h"
#include "identity/testing/site.h"
#include "identity/ways/shibboleth_rules.h"
#include "identity/ways/ways.h"
#include "sql/testing/watched_database.h"

namespace nephele::identity::pages {
namespace {

using testing::Fields;
using namespace std::chrono_literals;
using ::testing::AllOf;
using ::testing::HasSubstr;

class DeskTest : public testing::SiteTest {};
INSTANTIATE_TEST_SUITE_P(Engines, DeskTest, sql::testing::all_engines(), sql::testing::engine_name);

TEST_P(DeskTest, APageIsOneTransaction) {
  member("ada");
  sql::testing::WatchedDatabase watched(database());
  open({}, &watched);
  auto someone = browser();
  someone.sign_in("ada");
  const int before = watched.reads;
  EXPECT_EQ(someone.get("/ui/password_change").status, 200);
  EXPECT_EQ(watched.reads, before + 1);
}

TEST_P(DeskTest, NobodySignsUpByAPasswordWhereNoneIsOffered) {
  const auto book = ways::PolicyBook::of({"ldap"}, {}, {}, false).value();
  ways::Ways other(database(), *life, key, clock, {.book = book}, log::Logger{});
  pages->offer(other, nullptr, {}, {});
  auto someone = browser();
  EXPECT_EQ(someone.get("/ui/signup").location(), "/ui/login");
  EXPECT_EQ(someone.post("/ui/local/password_reset", ada(), "/ui/signup").status, 403);
  EXPECT_EQ(run(identity->list({.email = "ada@example.org"})).value().size(), 0U);
}

TEST_P(DeskTest, APasswordBringsItsGroups) {
  const auto named = [](const char* name) {
    return settings::Node({}, settings::Node::List{settings::Node({}, std::string(name))});
  };
  const auto book = ways::PolicyBook::of({"local"},
                                         {{"ASTAKOS_AUTH_PROVIDER_LOCAL_CREATION_GROUPS_POLICY", named("new")},
                                          {"ASTAKOS_AUTH_PROVIDER_LOCAL_ADD_GROUPS_POLICY", named("people")}},
                                         {}, false)
                        .value();
  ways::Ways other(database(), *life, key, clock, {.book = book}, log::Logger{});
  pages->offer(other, nullptr, {}, {});
  const auto groups = [&](const AccountId& account) {
    std::vector<std::string> out;
    const auto found = database().read_now([&](sql::Tx& tx) { return directory::store::groups_of(tx, account); });
    for (const auto& group : found.value()) out.push_back(group.name);
    return out;
  };
  auto someone = browser();
  EXPECT_EQ(someone.post("/ui/signup", ada()).status, 200);
  const auto made = run(identity->list({.email = "ada@example.org"})).value();
  ASSERT_EQ(made.size(), 1U);
  EXPECT_THAT(groups(made[0].id), ::testing::UnorderedElementsAre("new", "people"));

  const auto bob = run(identity->create({.name = "bob", .email = "bob@example.org"})).value();
  auto his = browser();
  his.cookies["__Host-nephele-session"] = run(pages->desk().sessions.begin(bob, "by a test")).value().reveal();
  EXPECT_EQ(his.post("/ui/password_change", {{"new_password1", "battery staple"}, {"new_password2", "battery staple"}})
                .location(),
            "/ui/profile?done=password");
  EXPECT_THAT(groups(bob.id), ::testing::ElementsAre("people"));
}

TEST_P(DeskTest, APageIsShownWhereNothingCanBeWritten) {
  member("ada");
  sql::testing::WatchedDatabase watched(database());
  open({}, &watched);
  auto someone = browser();
  someone.sign_in("ada");
  clock.advance(2h);
  const int before = watched.writes;
  watched.writes_left = 0;
  EXPECT_EQ(someone.get("/ui/profile").status, 200);
  EXPECT_EQ(watched.writes, before + 1);
}

// A process that ends at any place between two transactions leaves either the link or the new password.
TEST_P(DeskTest, NoLinkForANewPasswordIsLost) {
  member("ada");
  sql::testing::WatchedDatabase watched(database());
  open({}, &watched);
  auto someone = browser();
  someone.post("/ui/local/password_reset", {{"email", "ada@example.org"}});
  const auto code = key_for("ada@example.org");
  const std::string page = "/ui/local/password_reset/confirm", link = page + "?auth=" + code;
  const Fields fields{{"auth", code}, {"new_password1", "battery staple"}, {"new_password2", "battery staple"}};
  bool done = false;
  for (int writes = 0; !done; ++writes) {
    ASSERT_LT(writes, 5);
    watched.writes_left = writes;
    const auto answer = someone.post(link, fields, page);
    watched.writes_left = 1000;
    done = answer.status == 303;
    if (done) break;
    EXPECT_EQ(answer.status, 503);
    EXPECT_EQ(someone.get(link).status, 200);
    EXPECT_FALSE(run(identity->authenticate("ada", Secret("battery staple"), "192.0.2.9")));
  }
  EXPECT_EQ(someone.sign_in("ada", "battery staple").status, 303);
}

TEST_P(DeskTest, WhatTakesTooLongIsAnsweredInItsOwnForm) {
  http::Request page, call;
  page.path = "/ui/profile";
  page.id = call.id = "req-1";
  call.path = "/account/v1.0/quotas";
  const auto shown = faults->timed_out(page);
  EXPECT_EQ(shown.status, 503);
  EXPECT_THAT(std::get<std::string>(shown.body), AllOf(HasSubstr("<html"), HasSubstr("req-1")));
  const auto answered = faults->timed_out(call);
  EXPECT_EQ(answered.status, 503);
  EXPECT_THAT(std::get<std::string>(answered.body), HasSubstr("serviceUnavailable"));
}

TEST_P(DeskTest, AnAddressSignsUpOnlySoOften) {
  Settings settings;
  settings.sign_ups_of_address = {.burst = 2, .every = 60s};
  open(settings);
  auto someone = browser();
  const auto sign_up = [&](int n) {
    auto fields = ada();
    fields[0].second = "user" + std::to_string(n) + "@example.org";
    return someone.post("/ui/signup", fields);
  };
  someone.remote = "2001:db8::1";
  EXPECT_EQ(sign_up(1).status, 200);
  auto wrong = ada();
  wrong[4].second = "x";
  EXPECT_EQ(someone.post("/ui/signup", wrong).status, 400);  // counts for nothing
  EXPECT_EQ(sign_up(2).status, 200);
  someone.remote = "2001:db8::ffff";
  const auto refused = sign_up(3);
  EXPECT_EQ(refused.status, 429);
  EXPECT_EQ(refused.headers.find("Retry-After"), "60");
  someone.remote = "2001:db8:0:1::1";
  EXPECT_EQ(sign_up(4).status, 200);
  someone.remote = "2001:db8::1";
  clock.advance(60s);
  EXPECT_EQ(sign_up(3).status, 200);
}

TEST_P(DeskTest, AnAddressAsksForOnlySoManyMails) {
  Settings settings;
  settings.mails_of_address = {.burst = 3, .every = 60s};
  open(settings);
  member("bob");
  auto someone = browser();
  const auto asked = someone.post("/ui/signup", ada());
  EXPECT_EQ(asked.status, 200);
  const auto at = asked.body.find("/ui/send/activation/");
  const std::string again = asked.body.substr(at, asked.body.find('"', at) - at);
  clock.advance(61s);
  EXPECT_EQ(someone.post(again, {}).status, 200);
  EXPECT_EQ(someone.post("/ui/local/password_reset", {{"email", "bob@example.org"}}).status, 200);
  EXPECT_EQ(someone.post("/ui/local/password_reset", {{"email", "nobody@example.org"}}).status, 200);
  for (const auto* who : {"bob@example.org", "nobody@example.org"})
    EXPECT_EQ(someone.post("/ui/local/password_reset", {{"email", who}}).status, 429);
  EXPECT_EQ(someone.post(again, {}).status, 429);
  EXPECT_EQ(someone.post("/ui/signup", ada()).status, 429);
  someone.remote = "192.0.2.2";
  EXPECT_EQ(someone.post("/ui/local/password_reset", {{"email", "bob@example.org"}}).status, 200);
}

TEST_P(DeskTest, NewTermsHoldForTokensToo) {
  const auto ada = member("ada");
  keystone::Tokens tokens(*identity, database(), clock);
  const auto token = run(identity->issue_token(ada.id)).value().token;
  EXPECT_TRUE(run(tokens.standing(token)));
  ASSERT_TRUE(run(life->add_terms("/terms.html", "<h2>Be kind</h2>")));
  const auto refused = run(tokens.standing(token));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind(), Kind::unauthorized);
  EXPECT_EQ(refused.error().sentence(), "Pending approval terms");
  ASSERT_TRUE(run(life->agree(ada.id, "ada")));
  EXPECT_TRUE(run(tokens.standing(token)));
}

}  // namespace
}  // namespace nephele::identity::pages
