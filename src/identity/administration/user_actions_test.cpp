// SPDX-License-Identifier: Apache-2.0
#include "identity/administration/user_actions.h"

#include <functional>

#include "identity/directory/store.h"
#include "identity/projects/projects.h"
#include "identity/store.h"
#include "identity/testing/site.h"

namespace nephele::identity::administration {

namespace {

/// A helper in the group helpdesk, and ada.
class UserActionsTest : public pages::testing::SiteTest {
 protected:
  void SetUp() override {
    SiteTest::SetUp();
    helper = accepted("helper");
    ada = accepted("ada");
    const Group group{.id = GroupId("g"), .domain = DomainId("default"), .name = "admin", .description = {}};
    ASSERT_TRUE(database().write_now([&](sql::Tx& tx) {
      directory::store::insert(tx, group, "admin");
      directory::store::add_member(tx, group.id, helper);
    }));
    actions = std::make_unique<UserActions>(pages->desk(), outbox.get(), texts, precedence);
  }
  void clear() override {
    actions.reset();
    SiteTest::clear();
  }
  AccountId accepted(const std::string& name) {
    return run(life->add_accepted({.password = Secret("correct horse"), .email = name + "@example.org"}, "operator"))
        .value()
        .id;
  }
  static void mark(sql::Tx& tx, const AccountId& account, bool administrator) {
    auto stored = identity::store::find_to_change(tx, account).value();
    stored.account.admin = administrator;
    ++stored.account.version;
    EXPECT_EQ(identity::store::update(tx, stored.account, {.name = stored.account.name, .email = stored.account.name}),
              identity::store::Written::done);
  }
  template <class T>
  static Result<> done(const Result<T>& answer) {
    if (answer) return {};
    return fail(answer.error());
  }
  Result<> act(UserAction action, const AccountId& whom) {
    return run(actions->act(action, whom, {.text = "new@example.org"}, helper.text()));
  }

  Precedence precedence{Offices{.groups = {"admin"}}};
  std::unique_ptr<UserActions> actions;
  AccountId helper, ada;
};
INSTANTIATE_TEST_SUITE_P(Engines, UserActionsTest, sql::testing::all_engines(), sql::testing::engine_name);

TEST_P(UserActionsTest, AreRefusedToWhoWasOvertakenByARiseOrHisOwnFall) {
  projects::Projects projects(database(), *quotas, clock, outbox.get(), texts, {}, log::Logger{});
  const auto holds = [&] { return precedence.holds(helper, ada); };
  using Asks = std::function<Result<>()>;
  std::vector<std::pair<std::string, Asks>> all{
      {"change", [&] { return done(run(identity->change(ada, {.first_name = "x", .holds = holds()}))); }},
      {"renew", [&] { return done(run(identity->renew_token(ada, {.actor = "x", .holds = holds()}))); }},
      {"agree", [&] { return run(life->agree(ada, "x", 0, holds())); }},
      {"default project",
       [&] { return run(projects.set_default({.account = helper}, ada, ProjectId(ada.text()), holds())); }}};
  for (const auto action : all_user_actions())
    if (action != UserAction::contact && action != UserAction::release_shibboleth)  // no Shibboleth here
      all.emplace_back(to_string(action), [&, action] { return act(action, ada); });
  const auto before = told_of(ada);
  for (const auto& [name, asks] : all) {
    const auto answer = overtaken([&](sql::Tx& tx) { mark(tx, ada, true); }, asks);
    ASSERT_FALSE(answer) << name;
    EXPECT_EQ(answer.error().kind(), Kind::forbidden) << name << ": " << answer.error().sentence();
    ASSERT_TRUE(database().write_now([&](sql::Tx& tx) { mark(tx, ada, false); }));

    const auto falls = [&](sql::Tx& tx) {
      mark(tx, ada, false);  // whoever changes her waits for this
      directory::store::remove_member(tx, GroupId("g"), helper);
    };
    const auto fallen = overtaken(falls, asks);
    ASSERT_FALSE(fallen) << name;
    EXPECT_EQ(fallen.error().kind(), Kind::forbidden) << name << ": " << fallen.error().sentence();
    ASSERT_TRUE(database().write_now([&](sql::Tx& tx) { directory::store::add_member(tx, GroupId("g"), helper); }));
  }
  EXPECT_EQ(told_of(ada), before) << "nothing was done";
  EXPECT_TRUE(run(identity->find(ada)).value().enabled);

  EXPECT_TRUE(act(UserAction::modify_email, ada)) << "one who ranks below is his to change";
  EXPECT_TRUE(act(UserAction::deactivate, ada));
}

TEST(UserActions, MailsAreAddressedByPlainSubstitution) {
  const Account ada{.id = AccountId("u"),
                    .name = "ada@example.org",
                    .email = "Ada@example.org",
                    .first_name = "Ada",
                    .last_name = "Lovelace {{ email }}"};
  EXPECT_EQ(addressed("Dear {{ full_name }} <{{email}}>", ada), "Dear Ada Lovelace {{ email }} <Ada@example.org>");
  EXPECT_EQ(addressed("{{ first_name }}{{ last_name }}", ada), "AdaLovelace {{ email }}");
  EXPECT_EQ(addressed("{{ password }} {% include x %} {{ 7 * 7 }}", ada), "{{ password }} {% include x %} {{ 7 * 7 }}");
  EXPECT_EQ(addressed("{{ open", ada), "{{ open");
  EXPECT_EQ(addressed("", ada), "");
}

}  // namespace

}  // namespace nephele::identity::administration
