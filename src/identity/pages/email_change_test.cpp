// SPDX-License-Identifier: Apache-2.0
#include "identity/pages/email_change.h"

#include <functional>

#include "identity/amend.h"
#include "identity/pages/store.h"
#include "identity/store.h"
#include "identity/testing/site.h"

namespace nephele::identity::pages {
namespace {

using testing::Fields;
using namespace std::chrono_literals;
using ::testing::HasSubstr;
using ::testing::Not;

class EmailChangeTest : public testing::SiteTest {
 protected:
  void SetUp() override {
    SiteTest::SetUp();
    Settings settings;
    settings.sign_up.email_change = true;
    open(settings);
  }
  /// As people sign up: the name is the address.
  Account person(const std::string& email) {
    return run(identity->create({.name = email, .password = Secret("correct horse"), .email = email})).value();
  }
  static Fields wish(const std::string& email, const std::string& password = "correct horse") {
    return {{"new_email_address", email}, {"password", password}};
  }
  /// The link in the latest mail to somebody that holds one.
  std::string link_to(const std::string& mailbox, std::size_t mails = 1) {
    constexpr std::string_view before = "/ui/email_change/confirm/";
    std::string found;
    const auto look = [&] {
      std::size_t count = 0;
      for (const auto& mail : letterbox.arrived()) {
        const auto at = mail.text.find(before);
        if (mail.to.mailbox != mailbox || at == std::string::npos) continue;
        found = mail.text.substr(at, mail.text.find('\n', at) - at);
        ++count;
      }
      return count >= mails;
    };
    EXPECT_TRUE(eventually(look, 20s));
    return found;
  }
};
INSTANTIATE_TEST_SUITE_P(Engines, EmailChangeTest, sql::testing::all_engines(), sql::testing::engine_name);

TEST_P(EmailChangeTest, FromTheWishToTheNewAddress) {
  const auto ada = person("ada@example.org");
  auto someone = browser(), visitor = browser();
  someone.sign_in("ada@example.org");
  EXPECT_THAT(someone.get("/ui/profile").body, HasSubstr("/ui/email_change"));
  EXPECT_EQ(someone.post("/ui/email_change", wish("Countess@example.org", "a guess")).status, 400);
  EXPECT_EQ(someone.post("/ui/email_change", wish("ada@EXAMPLE.org")).status, 400);
  EXPECT_EQ(someone.post("/ui/email_change", wish("x\r\nBcc: y@z.org")).status, 400);
  EXPECT_EQ(letterbox.arrived().size(), 0);
  EXPECT_EQ(someone.post("/ui/email_change", wish("Countess@example.org")).status, 200);
  const auto link = link_to("Countess@example.org");
  EXPECT_TRUE(eventually([&] { return letterbox.arrived().size() == 2; }, 20s));
  for (const auto& mail : letterbox.arrived())
    if (mail.to.mailbox == "ada@example.org") EXPECT_THAT(mail.text, Not(HasSubstr("confirm/")));
  EXPECT_EQ(run(identity->find(ada.id)).value().email, "ada@example.org");
  EXPECT_EQ(visitor.get(link + "x").status, 404);
  EXPECT_EQ(visitor.get(link).location(), "/ui/login?done=email");
  EXPECT_EQ(visitor.get(link).status, 404);
  const auto after = run(identity->find(ada.id)).value();
  EXPECT_EQ(after.email, "Countess@example.org");
  EXPECT_EQ(after.name, "countess@example.org");
  EXPECT_TRUE(someone.signed_in());
  EXPECT_EQ(visitor.sign_in("ada@example.org").status, 403);
  EXPECT_EQ(visitor.sign_in("countess@example.org").status, 303);
}

TEST_P(EmailChangeTest, ALinkIsItsOwnersAlone) {
  const auto ada = person("ada@example.org");
  person("bob@example.org");
  auto someone = browser(), bob = browser();
  someone.sign_in("ada@example.org");
  bob.sign_in("bob@example.org");
  EXPECT_EQ(someone.post("/ui/email_change", wish("new@example.org")).status, 200);
  const auto link = link_to("new@example.org");
  EXPECT_EQ(bob.get(link).status, 403);
  EXPECT_EQ(run(identity->find(ada.id)).value().email, "ada@example.org");
  EXPECT_EQ(someone.get(link).location(), "/ui/profile?done=email");
  EXPECT_EQ(run(identity->find(ada.id)).value().email, "new@example.org");
}

TEST_P(EmailChangeTest, AnotherWishAndCancellingKillTheLink) {
  person("ada@example.org");
  auto someone = browser();
  someone.sign_in("ada@example.org");
  EXPECT_EQ(someone.post("/ui/email_change", wish("one@example.org")).status, 200);
  const auto first = link_to("one@example.org");
  EXPECT_EQ(someone.post("/ui/email_change", wish("two@example.org")).status, 429);
  clock.advance(61s);
  EXPECT_THAT(someone.get("/ui/email_change").body, HasSubstr("one@example.org"));
  EXPECT_EQ(someone.post("/ui/email_change", wish("two@example.org")).status, 200);
  const auto second = link_to("two@example.org");
  EXPECT_EQ(browser().get(first).status, 404);
  EXPECT_EQ(someone.post("/ui/email_change", {}, "/ui/email_change/cancel").location(), "/ui/profile?done=email_kept");
  EXPECT_EQ(browser().get(second).status, 404);
}

TEST_P(EmailChangeTest, ALinkExpires) {
  const auto ada = person("ada@example.org");
  auto someone = browser();
  someone.sign_in("ada@example.org");
  EXPECT_EQ(someone.post("/ui/email_change", wish("new@example.org")).status, 200);
  const auto link = link_to("new@example.org");
  clock.advance(std::chrono::days{10});
  const auto late = browser().get(link);
  EXPECT_EQ(late.status, 400);
  EXPECT_THAT(late.body, HasSubstr("Invalid activation key."));
  EXPECT_EQ(run(identity->find(ada.id)).value().email, "ada@example.org");
}

TEST_P(EmailChangeTest, AnAddressIsTakenOnce) {
  const auto ada = person("ada@example.org");
  person("bob@example.org");
  auto someone = browser();
  someone.sign_in("ada@example.org");
  const auto taken = someone.post("/ui/email_change", wish("BOB@example.org"));
  EXPECT_EQ(taken.status, 400);
  EXPECT_THAT(taken.body, HasSubstr("There is already an account with this email address."));
  EXPECT_EQ(someone.post("/ui/email_change", wish("new@example.org")).status, 200);
  const auto link = link_to("new@example.org");
  person("new@example.org");
  const auto late = browser().get(link);
  EXPECT_EQ(late.status, 409);
  EXPECT_THAT(late.body, HasSubstr("The new email address is reserved."));
  EXPECT_EQ(run(identity->find(ada.id)).value().email, "ada@example.org");
  EXPECT_EQ(browser().get(link).status, 409);  // nothing was used up
}

TEST_P(EmailChangeTest, AWishDiesWithWhatItRestsOn) {
  const auto ada = person("ada@example.org");
  ASSERT_TRUE(run(identity->change(ada.id, {.enabled = true})));
  struct Case {
    const char* name;
    std::function<bool()> end;
  };
  const std::vector<Case> cases{
      {"a new password",
       [&] { return run(identity->change(ada.id, {.password = Secret("correct horse")})).has_value(); }},
      {"tokens renewed by an administrator",
       [&] { return run(identity->renew_token(ada.id, {.actor = "root"})).has_value(); }},
      {"deactivated for a while",
       [&] { return run(life->deactivate(ada.id, "", "root")) && run(life->activate(ada.id, "root")); }},
      {"disabled for a while",
       [&] {
         return run(identity->change(ada.id, {.enabled = false})) && run(identity->change(ada.id, {.enabled = true}));
       }},
      {"another address", [&] { return run(identity->change(ada.id, {.email = "other@example.org"})).has_value(); }}};
  std::size_t mails = 0;
  for (const auto& each : cases) {
    clock.advance(2min);
    auto someone = browser();
    ASSERT_EQ(someone.sign_in("ada@example.org").status, 303);
    ASSERT_EQ(someone.post("/ui/email_change", wish("new@example.org")).status, 200);
    const auto link = link_to("new@example.org", ++mails);
    ASSERT_TRUE(each.end()) << each.name;
    EXPECT_EQ(browser().get(link).status, 404) << each.name;
    EXPECT_NE(run(identity->find(ada.id)).value().email, "new@example.org") << each.name;
  }
}

TEST_P(EmailChangeTest, NobodyWhoIsDisabledGetsANewAddress) {
  const auto ada = person("ada@example.org");
  ASSERT_TRUE(run(identity->change(ada.id, {.enabled = false})));
  ASSERT_TRUE(database().write_now([&](sql::Tx& tx) {
    store::keep_email_change(tx, {ada.id, "new@example.org", clock.now(), clock.now() + 1h},
                             key.keyed_hash("code", "identity.email_change"));
  }));
  EXPECT_EQ(browser().get("/ui/email_change/confirm/code").status, 404);
  EXPECT_EQ(run(identity->find(ada.id)).value().email, "ada@example.org");
}

TEST_P(EmailChangeTest, ALinkThatALaterWishOvertakesIsDead) {
  const auto ada = person("ada@example.org");
  auto someone = browser();
  someone.sign_in("ada@example.org");
  EXPECT_EQ(someone.post("/ui/email_change", wish("one@example.org")).status, 200);
  const auto link = link_to("one@example.org");
  const auto answer = overtaken(
      [&](sql::Tx& tx) {
        (void)identity::store::find_to_change(tx, ada.id);
        store::keep_email_change(tx, {ada.id, "two@example.org", clock.now(), clock.now() + 1h}, "a later code's hash");
      },
      [&] { return browser().get(link).status; });
  EXPECT_EQ(answer, 404);
  EXPECT_EQ(run(identity->find(ada.id)).value().email, "ada@example.org");
  EXPECT_EQ(database().read_now([&](sql::Tx& tx) { return store::email_change(tx, ada.id); }).value()->email,
            "two@example.org");
}

TEST_P(EmailChangeTest, LinksDieWithTheAddressThatTheyWentTo) {
  const auto ada = person("ada@example.org");
  const auto left = [&] {
    return database()
        .write_now([&](sql::Tx& tx) {
          std::vector<std::string> out;
          if (life::store::account_with_activation(tx, "activation", clock.now())) out.emplace_back("activation");
          if (store::account_with_reset(tx, "reset", clock.now())) out.emplace_back("reset");
          if (store::email_change(tx, ada.id)) out.emplace_back("wish");
          return out;
        })
        .value();
  };
  ASSERT_TRUE(database().write_now([&](sql::Tx& tx) {
    life::store::keep_activation(tx, ada.id, "activation", clock.now(), clock.now() + 1h);
    store::keep_reset(tx, ada.id, "reset", clock.now(), clock.now() + 1h);
    store::keep_email_change(tx, {ada.id, "new@example.org", clock.now(), clock.now() + 1h}, "wish");
  }));
  ASSERT_TRUE(run(identity->change(ada.id, {.email = "ADA@example.org", .first_name = "Ada"})));
  EXPECT_THAT(left(), ::testing::ElementsAre("activation", "reset", "wish")) << "it is the same mailbox";
  ASSERT_TRUE(run(identity->change(ada.id, {.email = "right@example.org"})));
  EXPECT_THAT(left(), ::testing::IsEmpty());
}

TEST_P(EmailChangeTest, NoLinkForAPasswordGoesToTheAddressOfBefore) {
  const auto ada = person("ada@example.org");
  const auto answer = overtaken(
      [&](sql::Tx& tx) {
        auto stored = identity::store::find_to_change(tx, ada.id);
        ASSERT_TRUE(amended(tx, std::move(stored->account), {.email = "right@example.org"}, clock.now()));
      },
      [&] { return browser().post("/ui/local/password_reset", {{"email", "ada@example.org"}}).status; });
  EXPECT_EQ(answer, 200) << "nobody learns more";
  EXPECT_FALSE(database().read_now([&](sql::Tx& tx) { return store::reset_made(tx, ada.id); }).value());
}

TEST_P(EmailChangeTest, OnlyWhereTheSiteWantsIt) {
  person("ada@example.org");
  open({});
  auto someone = browser();
  someone.sign_in("ada@example.org");
  EXPECT_EQ(someone.get("/ui/email_change").status, 404);
  EXPECT_EQ(someone.post("/ui/profile", wish("new@example.org"), "/ui/email_change").status, 404);
  EXPECT_EQ(someone.get("/ui/email_change/confirm/x").status, 404);
}

}  // namespace
}  // namespace nephele::identity::pages
