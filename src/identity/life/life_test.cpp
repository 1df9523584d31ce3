// SPDX-License-Identifier: Apache-2.0
#include "identity/life/life.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>

#include "identity/amend.h"
#include "identity/directory/store.h"
#include "identity/keystone/keystone.h"
#include "identity/projects/defaults.h"
#include "identity/projects/store.h"
#include "identity/store.h"
#include "identity/testing/account_ground.h"

namespace nephele::identity::life {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

class AccountLifeTest : public identity::testing::AccountGround {
 protected:
  void SetUp() override {
    AccountGround::SetUp();
    ASSERT_TRUE(run(keystone::seed(database(), clock, "http://127.0.0.1:8080")));
    start({});
  }
  void start(ModerationPolicy policy) {
    Settings settings{.moderation = std::move(policy), .base_url = base};
    settings.moderators = {{"", "moderator@example.org"}};
    settings.administrators = {{"", "operator@example.org"}};
    live(std::move(settings));
  }
  Account signed_up(const std::string& email = "Ada@Example.org") {
    return run(life->sign_up(
                   {.email = email, .first_name = "Ada", .last_name = "L", .password = Secret("correct horse")}))
        .value();
  }
  /// Subjects and recipients of the first `count` mails.
  std::vector<std::string> mails(std::size_t count) {
    EXPECT_TRUE(eventually([&] { return letterbox.arrived().size() >= count; }, 20s));
    std::vector<std::string> out;
    for (const auto& mail : letterbox.arrived()) out.push_back(mail.to.mailbox + ": " + mail.subject);
    return out;
  }
  /// The code of the latest link to somebody.
  std::string code_for(const std::string& mailbox, std::size_t mails_so_far) {
    mails(mails_so_far);
    return letterbox.key_for(mailbox);
  }
  State state(const Account& account) { return state_of(run(life->show(account.id)).value().life); }
  Result<Account> sign_in(const std::string& name) {
    return run(identity->authenticate(name, Secret("correct horse"), "192.0.2.1"));
  }
};

TEST_P(AccountLifeTest, AnAccountComesToLifeByLinkAndModeratorsWord) {
  const auto ada = signed_up();
  EXPECT_EQ(ada.name, "ada@example.org");
  EXPECT_EQ(ada.email, "Ada@Example.org");
  EXPECT_EQ(state(ada), State::pending_verification);
  EXPECT_FALSE(sign_in("ada@example.org"));
  EXPECT_THAT(mails(1), ElementsAre("Ada@Example.org: Cloud account verification"));

  const auto followed = run(life->follow(code_for("Ada@Example.org", 1))).value();
  EXPECT_EQ(followed.first, ada.id);
  EXPECT_EQ(followed.second, Outcome::pending_moderation);
  EXPECT_FALSE(sign_in("ada@example.org"));
  EXPECT_THAT(mails(2).back(), HasSubstr("moderator@example.org: Cloud account created (Ada@Example.org)"));

  ASSERT_TRUE(run(life->accept(ada.id, "operator")));
  EXPECT_EQ(state(ada), State::active);
  EXPECT_TRUE(sign_in("aDa@example.org"));
  EXPECT_THAT(mails(4), ::testing::IsSupersetOf({"Ada@Example.org: Welcome to Cloud",
                                                 "operator@example.org: Cloud account activated (Ada@Example.org)"}));
}

TEST_P(AccountLifeTest, ALinkWorksOnceAndNotForEver) {
  const auto ada = signed_up();
  const auto code = code_for("Ada@Example.org", 1);
  clock.advance(24h * 7);
  EXPECT_EQ(run(life->follow(code)).error().kind(), Kind::not_found);
  ASSERT_TRUE(run(life->send_activation(ada.id, false, ada.id.text())));
  EXPECT_EQ(run(life->follow(code)).error().kind(), Kind::not_found);  // the older one is dead
  const auto newer = code_for("Ada@Example.org", 2);
  EXPECT_TRUE(run(life->follow(newer)));
  EXPECT_EQ(run(life->follow(newer)).error().kind(), Kind::not_found);
  EXPECT_EQ(run(life->follow("")).error().kind(), Kind::not_found);
  EXPECT_EQ(run(life->follow(std::string(100'000, 'x'))).error().kind(), Kind::not_found);
}

TEST_P(AccountLifeTest, AnAdministratorsMailIsHisApproval) {
  const auto ada = signed_up();
  clock.advance(1h);
  ASSERT_TRUE(run(life->send_activation(ada.id, true, "operator")));
  EXPECT_EQ(run(life->follow(code_for("Ada@Example.org", 2))).value().second, Outcome::activated);
  EXPECT_EQ(status_text(run(life->show(ada.id)).value().life), "Accepted/Active (manually accepted)");
}

TEST_P(AccountLifeTest, StrictModerationWantsMoreThanAnAdministratorsMail) {
  start({.sending_is_approval = false});
  const auto ada = signed_up();
  ASSERT_TRUE(run(life->send_activation(ada.id, true, "operator")));
  EXPECT_EQ(run(life->follow(code_for("Ada@Example.org", 2))).value().second, Outcome::pending_moderation);
}

TEST_P(AccountLifeTest, APatternAcceptsByItself) {
  start({.email_patterns = {".*@[Ee]xample\\.org"}});
  const auto ada = signed_up();
  EXPECT_EQ(run(life->follow(code_for("Ada@Example.org", 1))).value().second, Outcome::activated);
  EXPECT_EQ(state(ada), State::active);
}

TEST_P(AccountLifeTest, UsersAskForMailsOnlyNowAndThen) {
  const auto ada = signed_up();
  EXPECT_EQ(run(life->send_activation(ada.id, false, ada.id.text())).error().kind(), Kind::busy);
  clock.advance(61s);
  EXPECT_TRUE(run(life->send_activation(ada.id, false, ada.id.text())));
}

TEST_P(AccountLifeTest, AnUnprovedAddressGivesWayAndAProvedOneDoesNot) {
  const auto first = signed_up();
  const auto second = signed_up("ada@example.ORG");
  EXPECT_EQ(run(life->show(first.id)).error().kind(), Kind::not_found);
  ASSERT_TRUE(run(life->verify(second.id, "operator")));
  const auto third = run(life->sign_up({.email = "ADA@example.org", .password = Secret("correct horse")}));
  ASSERT_FALSE(third);
  EXPECT_EQ(third.error().sentence(), "There is already an account with this email address.");
}

TEST_P(AccountLifeTest, WhomAnAdministratorAddsWaitsLikeAnyOther) {
  const auto add = [this](std::string email, std::vector<GroupId> groups = {}) {
    return run(life->add({.password = Secret("correct horse"), .admin = true, .email = std::move(email)},
                         std::move(groups), "operator"));
  };
  const GroupId group("5a5a");
  ASSERT_TRUE(database().write_now([&](sql::Tx& tx) {
    directory::store::insert(tx, Group{.id = group, .domain = DomainId("default"), .name = "One", .description = {}},
                             "one");
  }));
  EXPECT_EQ(add("ada@example.org", {GroupId("none")}).error().kind(), Kind::not_found);
  const auto ada = add("Ada@example.org", {group}).value();
  EXPECT_EQ(state(ada), State::pending_verification);
  EXPECT_FALSE(sign_in("ada@example.org"));
  EXPECT_EQ(add("ADA@example.org").error().kind(), Kind::conflict);
  const auto bob = add("bob@example.org").value();
  ASSERT_TRUE(run(life->verify(bob.id, "operator")));
  ASSERT_TRUE(run(life->accept(bob.id, "operator")));

  const auto page = [this](AccountFilter filter, std::int64_t after) {
    return database().read_now([&](sql::Tx& tx) { return store::page(tx, filter, after); }).value();
  };
  const auto first = page({.limit = 1}, 0);
  ASSERT_EQ(first.rows.size(), 1U);
  EXPECT_EQ(first.rows[0].account.id, ada.id);
  EXPECT_THAT(first.rows[0].groups, ElementsAre("One"));
  EXPECT_FALSE(first.rows[0].life.email_verified);
  const auto second = page({.limit = 1}, first.last);
  ASSERT_EQ(second.rows.size(), 1U);
  EXPECT_EQ(second.rows[0].account.id, bob.id);
  EXPECT_TRUE(second.rows[0].life.active);
  EXPECT_THAT(second.rows[0].groups, IsEmpty());
  EXPECT_THAT(page({.limit = 1}, second.last).rows, IsEmpty());
  EXPECT_EQ(page({.enabled = true, .limit = 9}, 0).rows.size(), 1U);
  EXPECT_EQ(database().read_now([](sql::Tx& tx) { return store::with_own_project(tx, "", 9); }).value(),
            std::vector{bob.id.text()});
}

TEST_P(AccountLifeTest, DeactivationEndsTokensAtOnce) {
  const auto ada = signed_up();
  ASSERT_TRUE(run(life->verify(ada.id, "operator")));
  ASSERT_TRUE(run(life->accept(ada.id, "operator")));
  const auto token = run(identity->issue_token(ada.id)).value().token;
  ASSERT_TRUE(run(life->deactivate(ada.id, "on leave", "operator")));
  EXPECT_FALSE(run(identity->authenticate_token(token)));
  EXPECT_FALSE(sign_in("ada@example.org"));
  ASSERT_TRUE(run(life->activate(ada.id, "operator")));
  EXPECT_TRUE(sign_in("ada@example.org"));
  EXPECT_FALSE(run(identity->authenticate_token(token)));
}

TEST_P(AccountLifeTest, WhoeverTurnsAnAccountOffOrOnDoesAllOfIt) {
  const auto ada = signed_up();
  ASSERT_TRUE(run(life->verify(ada.id, "operator")));
  ASSERT_TRUE(run(life->accept(ada.id, "operator")));
  struct Switch {
    const char* name;
    std::function<bool(bool)> turn;
  };
  const std::vector<Switch> switches{
      {"life",
       [&](bool on) {
         return on ? run(life->activate(ada.id, "root")).has_value()
                   : run(life->deactivate(ada.id, "", "root")).has_value();
       }},
      {"change", [&](bool on) { return run(identity->change(ada.id, {.enabled = on})).has_value(); }},
      {"operator", [&](bool on) { return run(identity->set_enabled("ada@example.org", on)).has_value(); }}};
  const auto project = [&] {
    return database()
        .read_now([&](sql::Tx& tx) { return projects::store::project(tx, ProjectId(ada.id.text())).value(); })
        .value();
  };
  for (const auto& off : switches)
    for (const auto& on : switches) {
      const std::string both = off.name + std::string(", ") + on.name;
      ASSERT_TRUE(off.turn(false)) << both;
      EXPECT_EQ(project().state, projects::State::suspended) << both;
      EXPECT_EQ(run(life->show(ada.id)).value().life.deactivated, clock.now()) << both;
      ASSERT_TRUE(on.turn(true)) << both;
      EXPECT_EQ(project().state, projects::State::active) << both;
      EXPECT_FALSE(run(life->show(ada.id)).value().life.deactivated) << both;
    }
}

TEST_P(AccountLifeTest, WhomAnAdministratorTurnsOnIsProvedAndAccepted) {
  const auto ada = signed_up();
  ASSERT_TRUE(run(identity->change(ada.id, {.enabled = true, .actor = "root"})));
  EXPECT_EQ(status_text(run(life->show(ada.id)).value().life), "Accepted/Active (manually accepted)");
  EXPECT_TRUE(sign_in("ada@example.org"));
  EXPECT_FALSE(run(life->sign_up({.email = "ada@example.org", .password = Secret("correct horse")})))
      << "nobody takes his place";
  EXPECT_EQ(database().read_now([](sql::Tx& tx) { return store::with_own_project(tx, "", 9); }).value(),
            std::vector{ada.id.text()});
  EXPECT_FALSE(run(life->follow(code_for("Ada@Example.org", 1))));
  const auto bob = signed_up("bob@example.org");
  ASSERT_TRUE(run(identity->change(bob.id, {.enabled = false})));
  EXPECT_EQ(state(bob), State::pending_verification) << "he is not on";
  EXPECT_FALSE(run(life->show(bob.id)).value().life.deactivated);
}

TEST_P(AccountLifeTest, ALinkProvesTheAddressThatItWentTo) {
  const auto ada = signed_up();
  const auto code = code_for("Ada@Example.org", 1);
  ASSERT_TRUE(run(identity->change(ada.id, {.email = "eve@example.org", .actor = "root"})));
  EXPECT_FALSE(run(life->follow(code)));
  EXPECT_EQ(state(ada), State::pending_verification);
}

TEST_P(AccountLifeTest, WhoProvesHisAddressMeanwhileStays) {
  const auto first = signed_up();
  const auto second = overtaken(
      [&](sql::Tx& tx) {
        Life proved = store::life(tx, first.id).value();
        verify(proved, clock.now());
        store::keep(tx, first.id, proved, clock.now());
      },
      [&] { return run(life->sign_up({.email = "ada@example.org", .password = Secret("correct horse")})); });
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().kind(), Kind::conflict);
  EXPECT_EQ(state(first), State::pending_moderation);
}

TEST_P(AccountLifeTest, ALinkThatANewAddressOvertakesProvesNothing) {
  const auto ada = signed_up();
  const auto code = code_for("Ada@Example.org", 1);
  const auto followed = overtaken(
      [&](sql::Tx& tx) {
        auto stored = identity::store::find_to_change(tx, ada.id);
        ASSERT_TRUE(amended(tx, std::move(stored->account), {.email = "other@example.org"}, clock.now()));
      },
      [&] { return run(life->follow(code)); });
  ASSERT_FALSE(followed);
  EXPECT_EQ(followed.error().kind(), Kind::not_found);
  EXPECT_EQ(state(ada), State::pending_verification);
}

TEST_P(AccountLifeTest, WhoIsMadeIsAsHeIsStored) {
  const auto ada = run(life->add_accepted({.password = Secret("correct horse"), .email = "ada@example.org"}, "root"));
  const auto stored = run(identity->find(ada.value().id)).value();
  EXPECT_EQ(ada->version, stored.version);
  EXPECT_EQ(ada->default_project, stored.default_project);
  const auto bob = signed_up("bob@example.org");
  EXPECT_EQ(bob.version, run(identity->find(bob.id)).value().version);
}

TEST_P(AccountLifeTest, AnAcceptedAccountHasAProjectAndLimitsOfItsOwn) {
  ASSERT_TRUE(database().write_now([&](sql::Tx& tx) {
    return quotas->register_resource(tx, {.name = "cyclades.vm", .service_origin = "cyclades"});
  }));
  ASSERT_TRUE(run(projects::modify_resource(database(), *quotas, "cyclades.vm", {.system_default = 2})));
  const auto ada = signed_up();
  ASSERT_TRUE(run(life->verify(ada.id, "operator")));
  ASSERT_TRUE(run(life->accept(ada.id, "operator")));
  const auto roles = database().read_now(
      [&](sql::Tx& tx) { return directory::store::effective_roles(tx, ada.id, {TargetKind::project, ada.id.text()}); });
  ASSERT_EQ(roles.value().size(), 1U);
  EXPECT_EQ(roles.value().front().name, "member");
  const auto limits = run(quotas->quotas_of(ada.id.text(), {ada.id.text()})).value();
  EXPECT_EQ(limits.at(ada.id.text()).at("cyclades.vm").limit, 2);
}

TEST_P(AccountLifeTest, TermsAreAskedForAgainWhenTheyChange) {
  EXPECT_FALSE(run(life->terms()).value());
  const auto ada = signed_up();
  EXPECT_EQ(run(life->add_terms("/terms.html", "<h1>One</h1>")).value(), 1);
  const auto must = [&] {
    return AccountLife::must_agree(run(life->show(ada.id)).value().life, run(life->terms()).value());
  };
  EXPECT_TRUE(must());
  ASSERT_TRUE(run(life->agree(ada.id, ada.id.text())));
  EXPECT_FALSE(must());
  EXPECT_EQ(run(life->add_terms("/terms.html", "<h1>Two</h1>")).value(), 2);
  EXPECT_TRUE(must());
  ASSERT_TRUE(run(life->agree(ada.id, ada.id.text(), 1)));
  EXPECT_TRUE(must()) << "she saw the first ones";
  EXPECT_EQ(std::ranges::count(told_of(ada.id), "terms.agreed by " + ada.id.text() + ": 1"), 2) << "now as before";
  const auto refused = run(life->sign_up({.email = "bob@example.org", .password = Secret("correct horse")}));
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().sentence(), HasSubstr("Agree with the terms"));
  EXPECT_EQ(refused.error().detail("about"), "terms");  // pages tell it below the box
  EXPECT_TRUE(
      run(life->sign_up({.email = "bob@example.org", .password = Secret("correct horse"), .terms_agreed = true})));
  const auto eve = run(life->sign_up(
      {.email = "eve@example.org", .password = Secret("correct horse"), .terms_agreed = true, .terms_shown = 1}));
  EXPECT_EQ(run(life->show(eve.value().id)).value().life.terms, 1) << "asked again when she comes in";
  EXPECT_FALSE(run(life->add_terms("/terms.html", " \n")));
}

TEST_P(AccountLifeTest, WithoutAMailServerNothingBegins) {
  life = std::make_unique<AccountLife>(database(), *identity, *quotas, key, clock, nullptr, texts, Settings{},
                                       log::Logger{});
  const auto refused = run(life->sign_up({.email = "bob@example.org", .password = Secret("correct horse")}));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind(), Kind::unavailable);
  EXPECT_THAT(refused.error().sentence(), HasSubstr("EMAIL_HOST"));
}

TEST_P(AccountLifeTest, WhatHappenedIsWrittenDownWithoutSecrets) {
  const auto ada = signed_up();
  const auto code = code_for("Ada@Example.org", 1);
  ASSERT_TRUE(run(life->follow(code)));
  ASSERT_TRUE(run(life->accept(ada.id, "operator")));
  const auto events = database().read_now([&](sql::Tx& tx) { return store::audit_of(tx, ada.id, 100); }).value();
  std::vector<std::string> names;
  for (const auto& event : events) {
    names.push_back(event.event);
    EXPECT_THAT(event.details, ::testing::Not(HasSubstr(code)));
  }
  EXPECT_THAT(names, UnorderedElementsAre("account.signed_up", "account.verified", "account.accepted"));
}

INSTANTIATE_TEST_SUITE_P(Engines, AccountLifeTest, sql::testing::all_engines(), sql::testing::engine_name);

}  // namespace
}  // namespace nephele::identity::life
