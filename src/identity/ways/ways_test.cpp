// SPDX-License-Identifier: Apache-2.0
#include "identity/ways/ways.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "identity/directory/store.h"
#include "identity/keystone/keystone.h"
#include "identity/pages/store.h"
#include "identity/store.h"
#include "identity/testing/account_ground.h"

namespace nephele::identity::ways {
namespace {

using namespace std::chrono_literals;
using settings::Node;
using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::StartsWith;
using ::testing::UnorderedElementsAre;

class WaysTest : public identity::testing::AccountGround {
 protected:
  void SetUp() override {
    AccountGround::SetUp();
    ASSERT_TRUE(run(keystone::seed(database(), clock, "http://127.0.0.1:8080")));
    start({});
  }
  void clear() override { ways.reset(); }
  void start(const std::map<std::string, Node>& policies, bool moderated = false) {
    const auto book = PolicyBook::of({"local", "ldap", "shibboleth"}, policies, {}, moderated).value();
    life::Settings settings{.moderation = {.enabled = moderated}, .base_url = base};
    settings.accepting_way = [book](sql::Tx& tx, const AccountId& account) { return accepting_way(tx, account, book); };
    live(std::move(settings));
    ways = std::make_unique<Ways>(database(), *life, key, clock, Settings{.book = book}, log::Logger{});
  }
  static Proof proof(const std::string& identifier, const std::string& module = "shibboleth") {
    return {.module = module,
            .identifier = identifier,
            .affiliation = "staff",
            .email = "ada@uni.example",
            .first_name = "Ada",
            .last_name = "L"};
  }
  /// Signs up by the proof, and follows the link in the mail.
  AccountId member(const std::string& identifier, const std::string& email) {
    const auto arrived = run(ways->arrive(proof(identifier), {})).value();
    EXPECT_EQ(arrived.step, Step::sign_up);
    const auto made = run(ways->sign_up(arrived.token, {.email = email, .first_name = "Ada", .last_name = "L"}));
    EXPECT_TRUE(made) << made.error().sentence();
    verify(email);
    return made->id;
  }
  void verify(const std::string& email) {
    const auto followed = run(life->follow(key_for(email)));
    ASSERT_TRUE(followed) << followed.error().sentence();
  }
  std::vector<std::string> modules(const AccountId& account) {
    std::vector<std::string> out;
    for (const auto& listed : run(ways->overview(account)).value().ways)
      out.push_back(listed.way.module + ":" + listed.way.identifier);
    return out;
  }
  std::vector<std::string> groups(const AccountId& account) {
    return run(database().read([&](sql::Tx& tx) {
             std::vector<std::string> names;
             for (const auto& group : directory::store::groups_of(tx, account)) names.push_back(group.name);
             return names;
           }))
        .value();
  }
  Result<Account> sign_in(const AccountId& account, const std::string& password) {
    return run(identity->authenticate(account, Secret(password), "192.0.2.1"));
  }

  std::unique_ptr<Ways> ways;
};

TEST_P(WaysTest, WhoIsUnknownSignsUpAndIsKnownThen) {
  const auto ada = member("a@u", "Ada@Uni.example");
  EXPECT_THAT(modules(ada), ElementsAre("shibboleth:a@u"));
  const auto again = run(ways->arrive(proof("a@u"), {})).value();
  EXPECT_EQ(again.step, Step::let_in);
  EXPECT_EQ(again.account.id, ada);
  EXPECT_EQ(run(ways->overview(ada)).value().ways.at(0).way.last_login, clock.now());
  EXPECT_FALSE(sign_in(ada, "")) << "there is no password";
  EXPECT_FALSE(sign_in(ada, "correct horse"));
}

TEST_P(WaysTest, WhatWaitsIsGoodOnceAndForAWhile) {
  const auto first = run(ways->arrive(proof("a@u"), {})).value();
  const auto second = run(ways->arrive(proof("a@u"), {})).value();
  EXPECT_FALSE(run(ways->pending(first.token))) << "the later one took its place";
  EXPECT_TRUE(run(ways->pending(second.token)));
  EXPECT_FALSE(run(ways->pending(Secret(std::string(200, 'x')))));
  clock.advance(5h);
  EXPECT_EQ(run(ways->pending(second.token)).error().kind(), Kind::not_found);
  const auto third = run(ways->arrive(proof("a@u"), {})).value();
  ASSERT_TRUE(run(ways->sign_up(third.token, {.email = "a@u.org", .first_name = "A", .last_name = "L"})));
  EXPECT_FALSE(run(ways->sign_up(third.token, {.email = "b@u.org", .first_name = "A", .last_name = "L"})));
}

TEST_P(WaysTest, WhoNeverProvedHisAddressGivesWay) {
  const auto begun = run(ways->arrive(proof("a@u"), {})).value();
  const auto first =
      run(ways->sign_up(begun.token, {.email = "one@u.org", .first_name = "A", .last_name = "L"})).value();
  const auto ada = member("a@u", "two@u.org");
  EXPECT_EQ(run(identity->find(first.id)).error().kind(), Kind::not_found);
  EXPECT_THAT(modules(ada), ElementsAre("shibboleth:a@u"));
}

TEST_P(WaysTest, ASignUpThatSomebodyOvertookIsOver) {
  const auto slow = run(ways->arrive(proof("a@u"), {})).value();
  const auto ada = run(identity->create({.name = "ada", .email = "ada@x.org"})).value();
  ASSERT_TRUE(run(database().write([&](sql::Tx& tx) {
    return store::insert(
        tx, {.id = WayId("w"), .account = ada.id, .module = "shibboleth", .identifier = "a@u", .created = clock.now()});
  })));
  const auto made = run(ways->sign_up(slow.token, {.email = "b@u.org", .first_name = "A", .last_name = "L"}));
  EXPECT_EQ(made.error().kind(), Kind::not_found);
  EXPECT_FALSE(run(ways->pending(slow.token)));
  EXPECT_EQ(run(identity->list({.email = "b@u.org"})).value().size(), 0U);
}

TEST_P(WaysTest, AnAddressThatSomebodyHasIsRefused) {
  member("a@u", "ada@u.org");
  const auto other = run(ways->arrive(proof("b@u"), {})).value();
  const auto made = run(ways->sign_up(other.token, {.email = "ADA@U.org", .first_name = "B", .last_name = "L"}));
  EXPECT_EQ(made.error().kind(), Kind::conflict);
  EXPECT_TRUE(run(ways->pending(other.token))) << "another address may be written";
}

TEST_P(WaysTest, AVisitorAddsAWayAndTakesTheOldOneAway) {
  const auto ada =
      run(identity->create({.name = "ada", .password = Secret("correct horse"), .email = "a@x.org"})).value();
  EXPECT_THAT(modules(ada.id), ElementsAre("local:"));
  const Visitor visitor{.account = ada.id};
  EXPECT_EQ(run(ways->arrive(proof("a@u"), visitor)).value().step, Step::add);
  EXPECT_EQ(run(ways->arrive(proof("a@u"), visitor)).value().step, Step::already);
  EXPECT_THAT(modules(ada.id), UnorderedElementsAre("local:", "shibboleth:a@u"));
  EXPECT_EQ(run(ways->arrive(proof("b@u"), visitor)).error().kind(), Kind::forbidden) << "one of each kind";
  const auto bob =
      run(identity->create({.name = "bob", .password = Secret("correct horse"), .email = "b@x.org"})).value();
  EXPECT_EQ(run(ways->arrive(proof("a@u"), {.account = bob.id})).error().kind(), Kind::conflict);

  ASSERT_TRUE(sign_in(ada.id, "correct horse"));
  const auto ways_of_ada = run(ways->overview(ada.id)).value().ways;
  const auto local_way = std::ranges::find_if(ways_of_ada, [](const Listed& l) { return l.way.module == local; });
  EXPECT_EQ(run(ways->remove(bob.id, local_way->way.id)).error().kind(), Kind::not_found) << "it is not his";
  ASSERT_TRUE(run(ways->remove(ada.id, local_way->way.id)));
  EXPECT_FALSE(sign_in(ada.id, "correct horse")) << "not even one that was verified a moment ago";
  EXPECT_THAT(modules(ada.id), ElementsAre("shibboleth:a@u"));
  EXPECT_THAT(run(ways->instead_of_password(ada.id)).value(), HasSubstr("Classic login is not enabled"));
  EXPECT_THAT(run(ways->instead_of_password(ada.id)).value(), HasSubstr("Shibboleth"));
  const auto last = run(ways->overview(ada.id)).value().ways.at(0);
  EXPECT_FALSE(last.removable);
  EXPECT_EQ(run(ways->remove(ada.id, last.way.id)).error().kind(), Kind::forbidden);

  ASSERT_TRUE(run(identity->change(ada.id, {.password = Secret("battery staple")})));
  EXPECT_THAT(modules(ada.id), UnorderedElementsAre("local:", "shibboleth:a@u"));
}

TEST_P(WaysTest, ALookAloneChangesNothing) {
  const auto ada =
      run(identity->create({.name = "ada", .password = Secret("correct horse"), .email = "a@x.org"})).value();
  const auto looked = run(ways->arrive(proof("a@u"), {.account = ada.id, .only_look = true})).value();
  EXPECT_EQ(looked.step, Step::add);
  EXPECT_THAT(modules(ada.id), ElementsAre("local:"));
  ASSERT_TRUE(run(ways->attach(ada.id, looked.token)));
  EXPECT_THAT(modules(ada.id), UnorderedElementsAre("local:", "shibboleth:a@u"));
  EXPECT_FALSE(run(ways->attach(ada.id, looked.token)));
}

TEST_P(WaysTest, TheOldKeyBecomesTheNewOne) {
  const auto ada = member("ada@u", "ada@u.org");
  auto both = proof("opaque-1");
  EXPECT_EQ(run(ways->arrive(both, {})).value().step, Step::sign_up);
  both.earlier_identifier = "ada@u";
  EXPECT_EQ(run(ways->arrive(both, {})).value().account.id, ada);
  EXPECT_THAT(modules(ada), ElementsAre("shibboleth:opaque-1"));
}

TEST_P(WaysTest, WhatTheModuleSaysReplacesWhatIsStored) {
  const auto ada = member("a@u", "ada@u.org");
  auto said = proof("a@u");
  said.first_name = "Augusta";
  said.email = "augusta@u.org";
  EXPECT_EQ(run(ways->arrive(said, {})).value().account.first_name, "Ada") << "hers to say";
  said.forced = {"email", "first_name"};
  const auto renamed = run(ways->arrive(said, {})).value().account;
  EXPECT_EQ(renamed.first_name, "Augusta");
  EXPECT_EQ(renamed.email, "augusta@u.org");
  EXPECT_EQ(renamed.name, "augusta@u.org");
  run(identity->create({.name = "other", .email = "taken@u.org"})).value();
  said.email = "taken@u.org";
  said.first_name = "Ada";
  const auto kept = run(ways->arrive(said, {})).value().account;
  EXPECT_EQ(kept.email, "augusta@u.org");
  EXPECT_EQ(kept.first_name, "Ada");
  EXPECT_EQ(kept.id, ada);
}

TEST_P(WaysTest, GroupsFollowTheDirectory) {
  start({{"ASTAKOS_AUTH_PROVIDER_LDAP_MIRROR_GROUPS_POLICY", Node({}, true)},
         {"ASTAKOS_AUTH_PROVIDER_SHIBBOLETH_CREATION_GROUPS_POLICY",
          Node({}, Node::List{Node({}, std::string("academic"))})}});
  const auto ada = member("a@u", "ada@u.org");
  EXPECT_THAT(groups(ada), ElementsAre("academic"));
  auto ldap = proof("guid", "ldap");
  ASSERT_TRUE(run(ways->arrive(ldap, {.account = ada})));
  ldap.groups = {"Staff", "lab", std::string("\x01", 1)};
  ASSERT_TRUE(run(ways->arrive(ldap, {})));
  EXPECT_THAT(groups(ada), UnorderedElementsAre("Staff", "lab"));
  ldap.groups = {"staff"};
  ASSERT_TRUE(run(ways->arrive(ldap, {})));
  EXPECT_THAT(groups(ada), ElementsAre("Staff"));
  ASSERT_TRUE(run(ways->arrive(proof("a@u"), {})));
  EXPECT_THAT(groups(ada), ElementsAre("Staff")) << "the other way mirrors nothing";
}

TEST_P(WaysTest, AWayMayVouchForAddressAndPerson) {
  start({{"ASTAKOS_AUTH_PROVIDER_LDAP_AUTOVERIFY_POLICY", Node({}, true)},
         {"ASTAKOS_AUTH_PROVIDER_LDAP_AUTOMODERATE_POLICY", Node({}, true)}},
        true);
  auto ldap = proof("guid", "ldap");
  ldap.forced = {"email", "first_name", "last_name"};
  const auto arrived = run(ways->arrive(ldap, {})).value();
  const auto made = run(ways->sign_up(arrived.token, {.email = "mine@evil.example"})).value();
  EXPECT_EQ(made.email, "ada@uni.example") << "the directory's word, not the form's";
  EXPECT_TRUE(made.enabled);
  EXPECT_EQ(run(life->show(made.id)).value().life.accepted_policy, "auth_provider_ldap");
  EXPECT_EQ(run(ways->arrive(ldap, {})).value().step, Step::let_in);

  const auto plain = run(ways->arrive(proof("guid-2", "ldap"), {})).value();
  const auto other = run(ways->sign_up(plain.token, {.email = "b@u.org", .first_name = "B", .last_name = "L"})).value();
  EXPECT_FALSE(other.enabled) << "an address that was typed is not proved";
  verify("b@u.org");
  EXPECT_TRUE(run(identity->find(other.id)).value().enabled) << "and then the person is vouched for";
  member("waits@u", "waits@u.org");
  EXPECT_THAT(run(ways->arrive(proof("waits@u"), {})).error().sentence(), HasSubstr("pending moderation"));
}

TEST_P(WaysTest, ProfilesOfUsersAndGroupsHold) {
  const auto ada = member("a@u", "ada@u.org");
  const Group staff{.id = GroupId("g1"), .domain = DomainId("default"), .name = "staff", .description = {}};
  ASSERT_TRUE(run(database().write([&](sql::Tx& tx) {
    directory::store::insert(tx, staff, "staff");
    directory::store::add_member(tx, staff.id, ada);
    Profile closed{.name = "closed", .provider = "shibboleth", .overrides = {.login = false}};
    Profile open{
        .name = "open", .provider = "shibboleth", .priority = 2, .overrides = {.login = true, .required = true}};
    EXPECT_TRUE(store::insert(tx, closed));
    EXPECT_TRUE(store::insert(tx, open));
    Profile twice = closed;
    EXPECT_FALSE(store::insert(tx, twice));
    store::assign(tx, closed.number, {ada}, {});
  })));
  EXPECT_THAT(run(ways->arrive(proof("a@u"), {})).error().sentence(), HasSubstr("not available for login"));
  EXPECT_EQ(run(ways->missing(ada)).value(), "");
  const auto assign = [&](const char* name, std::vector<AccountId> users, std::vector<GroupId> to) {
    return run(database().write(
        [&](sql::Tx& tx) { store::assign(tx, store::profile(tx, name).value().profile.number, users, to); }));
  };
  ASSERT_TRUE(assign("open", {}, {staff.id}));
  EXPECT_TRUE(run(ways->arrive(proof("a@u"), {}))) << "the group's comes later";
  ASSERT_TRUE(assign("closed", {}, {}));
  EXPECT_TRUE(run(identity->find(ada))) << "only the tie goes";
  const auto bob = run(identity->create({.name = "bob", .password = Secret("correct horse")})).value();
  EXPECT_EQ(run(ways->missing(bob.id)).value(), "");
  ASSERT_TRUE(assign("open", {bob.id}, {}));
  EXPECT_EQ(run(ways->missing(bob.id)).value(), "shibboleth");
  ASSERT_TRUE(run(database().write([&](sql::Tx& tx) { return store::remove_profile(tx, "open"); })));
  EXPECT_EQ(run(ways->missing(bob.id)).value(), "");
}

TEST_P(WaysTest, OfManyWhoComeAtOnceOneGetsTheIdentifier) {
  std::vector<AccountId> accounts;
  for (int i = 0; i < 8; ++i) accounts.push_back(run(identity->create({.name = "u" + std::to_string(i)})).value().id);
  std::vector<std::future<Result<Arrived>>> answers;
  for (const auto& account : accounts)
    answers.push_back(threads->begin(ways->arrive(proof("a@u"), {.account = account})));
  int added = 0;
  for (auto& answer : answers)
    if (const auto arrived = answer.get()) ++added;
  EXPECT_EQ(added, 1);
}

TEST_P(WaysTest, ALinkForANewPasswordGoesWithThePassword) {
  const auto ada =
      run(identity->create({.name = "ada", .password = Secret("correct horse"), .email = "a@x.org"})).value();
  ASSERT_TRUE(run(ways->arrive(proof("a@u"), {.account = ada.id})));
  const auto good = [&] {
    return run(database().read(
                   [&](sql::Tx& tx) { return pages::store::account_with_reset(tx, "hash", clock.now()).has_value(); }))
        .value();
  };
  const auto keep = [&](sql::Tx& tx) { pages::store::keep_reset(tx, ada.id, "hash", clock.now(), clock.now() + 1h); };
  ASSERT_TRUE(run(database().write(keep)));
  EXPECT_TRUE(good());
  ASSERT_TRUE(run(ways->remove(ada.id, WayId(ada.id.text() + "-local"))));
  EXPECT_FALSE(good());
  ASSERT_TRUE(run(identity->change(ada.id, {.password = Secret("battery staple")})));
  EXPECT_FALSE(good()) << "not with another password either";
  ASSERT_TRUE(run(ways->remove(ada.id, WayId(ada.id.text() + "-local"))));
  ASSERT_TRUE(run(database().write(keep)));
  EXPECT_FALSE(good()) << "one that was asked for at that moment";
}

TEST_P(WaysTest, WhoSignsUpIsAsHeIsStored) {
  start({{"ASTAKOS_AUTH_PROVIDER_LDAP_AUTOVERIFY_POLICY", Node({}, true)}});
  auto ldap = proof("guid", "ldap");
  ldap.forced = {"email"};
  const auto arrived = run(ways->arrive(ldap, {})).value();
  const auto made = run(ways->sign_up(arrived.token, {.first_name = "Ada", .last_name = "L"})).value();
  EXPECT_TRUE(made.enabled);
  EXPECT_EQ(made.version, run(identity->find(made.id)).value().version) << "else no session begins";
}

TEST_P(WaysTest, WhoProvesHisAddressMeanwhileStays) {
  const auto begun = run(ways->arrive(proof("a@u"), {})).value();
  const auto first =
      run(ways->sign_up(begun.token, {.email = "one@u.org", .first_name = "A", .last_name = "L"})).value();
  const auto again = run(ways->arrive(proof("a@u"), {})).value();
  const auto second = overtaken(
      [&](sql::Tx& tx) {
        life::Life proved = life::store::life(tx, first.id).value();
        life::verify(proved, clock.now());
        life::store::keep(tx, first.id, proved, clock.now());
      },
      [&] { return run(ways->sign_up(again.token, {.email = "two@u.org", .first_name = "B", .last_name = "L"})); });
  EXPECT_FALSE(second);
  EXPECT_TRUE(run(identity->find(first.id)));
  EXPECT_THAT(modules(first.id), ElementsAre("shibboleth:a@u"));
}

TEST_P(WaysTest, TheLimitHoldsWhileAnotherWayIsAdded) {
  const auto ada = run(identity->create({.name = "ada"})).value().id;
  const auto add = [&](sql::Tx& tx) {
    (void)identity::store::lock_enabled(tx, ada);
    store::insert(
        tx, {.id = WayId("w"), .account = ada, .module = "shibboleth", .identifier = "a@u", .created = clock.now()});
  };
  EXPECT_FALSE(overtaken(add, [&] { return run(ways->arrive(proof("b@u"), {.account = ada})); }));
  EXPECT_THAT(modules(ada), ElementsAre("shibboleth:a@u"));
}

TEST_P(WaysTest, AGroupThatSomebodyMakesMeanwhileIsTheOne) {
  start({{"ASTAKOS_AUTH_PROVIDER_LDAP_MIRROR_GROUPS_POLICY", Node({}, true)}});
  const auto ada = member("a@u", "ada@u.org");
  auto ldap = proof("guid", "ldap");
  ASSERT_TRUE(run(ways->arrive(ldap, {.account = ada})));
  ldap.groups = {"Staff"};
  const auto arrived = overtaken(
      [&](sql::Tx& tx) {
        directory::store::insert(
            tx, Group{.id = GroupId("g1"), .domain = DomainId("default"), .name = "staff", .description = {}}, "staff");
      },
      [&] { return run(ways->arrive(ldap, {})); });
  ASSERT_TRUE(arrived) << arrived.error().sentence();
  EXPECT_THAT(groups(ada), ElementsAre("staff"));
}

TEST_P(WaysTest, WhatAModuleChangesIsTold) {
  start({{"ASTAKOS_AUTH_PROVIDER_LDAP_MIRROR_GROUPS_POLICY", Node({}, true)}});
  const auto ada = member("a@u", "ada@u.org");
  auto ldap = proof("guid", "ldap");
  ldap.forced = {"first_name", "email"};
  ldap.first_name = "Augusta";
  ASSERT_TRUE(run(ways->arrive(ldap, {.account = ada})));
  ldap.groups = {"lab"};
  ASSERT_TRUE(run(ways->arrive(ldap, {})));
  auto told = told_of(ada);
  EXPECT_THAT(told, Contains("account.changed by ldap: email=ada@uni.example, names"));
  EXPECT_THAT(told, Contains(AllOf(StartsWith("group.joined by ldap: "), EndsWith(" lab"))));
  ASSERT_TRUE(run(ways->arrive(ldap, {})));
  EXPECT_EQ(told_of(ada).size(), told.size()) << "nothing changed";
  ldap.groups = {};
  ASSERT_TRUE(run(ways->arrive(ldap, {})));
  EXPECT_THAT(told_of(ada), Contains(AllOf(StartsWith("group.left by ldap: "), EndsWith(" lab"))));
}

TEST_P(WaysTest, WhoSignsUpByAFormHasTheGroupsOfTheDirectory) {
  start({{"ASTAKOS_AUTH_PROVIDER_LDAP_MIRROR_GROUPS_POLICY", Node({}, true)},
         {"ASTAKOS_AUTH_PROVIDER_LDAP_ADD_GROUPS_POLICY", Node({}, Node::List{Node({}, std::string("people"))})}});
  auto ldap = proof("guid", "ldap");
  ldap.groups = {"lab"};
  const auto arrived = run(ways->arrive(ldap, {})).value();
  const auto made =
      run(ways->sign_up(arrived.token, {.email = "a@u.org", .first_name = "A", .last_name = "L"})).value();
  EXPECT_THAT(groups(made.id), UnorderedElementsAre("lab", "people"));
}

TEST(TidiedProof, LeavesOutWhatCannotBeStored) {
  EXPECT_FALSE(tidied({.module = "ldap"}));
  EXPECT_FALSE(tidied({.module = "ldap", .identifier = "a\nb"}));
  EXPECT_FALSE(tidied({.module = "ldap", .identifier = std::string(300, 'x')}));
  const auto kept = tidied({.module = "ldap",
                            .identifier = "a",
                            .email = "no address",
                            .first_name = std::string(31, 'x'),
                            .last_name = "L",
                            .forced = {"email", "first_name", "last_name"}})
                        .value();
  EXPECT_EQ(kept.email + kept.first_name + kept.last_name, "L");
  EXPECT_THAT(kept.forced, ElementsAre("last_name"));
}

INSTANTIATE_TEST_SUITE_P(Engines, WaysTest, sql::testing::all_engines(), sql::testing::engine_name);

}  // namespace
}  // namespace nephele::identity::ways
