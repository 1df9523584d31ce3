// SPDX-License-Identifier: Apache-2.0
#include "identity/ways/rules.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace nephele::identity::ways {
namespace {

using ::testing::HasSubstr;

const AccountId ada{"ada"}, bob{"bob"};

PolicyBook book() {
  return PolicyBook::of({"local", "shibboleth"}, {}, {}, true).value();
}
Way way(const std::string& module, const std::string& id = {}) {
  return {.id = WayId(id.empty() ? module : id), .account = ada, .module = module, .identifier = id, .created = {}};
}
Holder active(const AccountId& account) {
  return {.account = account, .proved = true, .state = life::State::active};
}
std::string answer(const Arrival& arrival) {
  const auto step = next_step(arrival, book());
  if (!step) return step.error().sentence();
  switch (*step) {
    case Step::already:
      return "already";
    case Step::add:
      return "add";
    case Step::replace:
      return "replace";
    case Step::let_in:
      return "let in";
    case Step::sign_up:
      break;
  }
  return "sign up";
}

TEST(NextStep, OfAStranger) {
  Arrival arrival{.module = "shibboleth"};
  EXPECT_EQ(answer(arrival), "sign up");
  arrival.only_known = true;
  EXPECT_EQ(answer(arrival), "No account exists.");
  arrival.only_known = false;
  arrival.policies.create = false;
  EXPECT_THAT(answer(arrival), HasSubstr("not accepting new users"));
  arrival.holder = active(ada);
  EXPECT_EQ(answer(arrival), "let in");
  arrival.policies.login = false;
  EXPECT_THAT(answer(arrival), HasSubstr("not available for login"));
}

TEST(NextStep, SaysWhyAnAccountIsNotOpen) {
  Arrival arrival{.module = "shibboleth", .holder = active(ada)};
  arrival.holder->state = life::State::pending_moderation;
  EXPECT_EQ(answer(arrival), "Your account request is pending moderation.");
  arrival.holder->state = life::State::inactive;
  EXPECT_EQ(answer(arrival), "Your account is disabled.");
  arrival.holder->state = life::State::rejected;
  EXPECT_EQ(answer(arrival), "Your account request has been rejected.");
}

TEST(NextStep, WhoNeverProvedHisAddressGivesWay) {
  Arrival arrival{.module = "shibboleth", .holder = Holder{.account = bob}};
  EXPECT_EQ(answer(arrival), "sign up");
  arrival.visitor = ada;
  EXPECT_EQ(answer(arrival), "add");
}

TEST(NextStep, OfAVisitorWhoIsSignedIn) {
  Arrival arrival{.module = "shibboleth", .visitor = ada, .ways = {way("local")}};
  EXPECT_EQ(answer(arrival), "add");
  arrival.holder = active(ada);
  EXPECT_EQ(answer(arrival), "already");
  arrival.holder = active(bob);
  EXPECT_THAT(answer(arrival), HasSubstr("already in use by another account"));
  arrival.holder.reset();
  arrival.ways.push_back(way("shibboleth", "one"));
  EXPECT_THAT(answer(arrival), HasSubstr("as many ways"));
  arrival.policies.limit = 2;
  EXPECT_EQ(answer(arrival), "add");
  arrival.policies.add = false;
  EXPECT_THAT(answer(arrival), HasSubstr("cannot be added"));
}

TEST(NextStep, AWayGivesPlaceOnlyToOneOfItsKind) {
  Arrival arrival{.module = "shibboleth", .visitor = ada, .ways = {way("local"), way("shibboleth", "one")}};
  arrival.replaces = WayId("one");
  arrival.policies.replace = true;
  EXPECT_EQ(answer(arrival), "replace");
  arrival.policies.replace = false;
  EXPECT_THAT(answer(arrival), HasSubstr("cannot be changed"));
  arrival.policies.replace = true;
  for (const auto* other : {"local", "somebody else's"}) {
    arrival.replaces = WayId(other);
    EXPECT_THAT(answer(arrival), HasSubstr("no way to sign in"));
  }
}

TEST(MayRemove, NeverTheLastUsableOne) {
  const std::vector<Way> two{way("local"), way("shibboleth", "one")};
  EXPECT_TRUE(may_remove(two[0], two, {}, book()));
  EXPECT_FALSE(may_remove(two[0], two, {.remove = false}, book()));
  EXPECT_FALSE(may_remove(two[0], two, {.required = true}, book()));
  EXPECT_FALSE(may_remove(two[0], {two[0]}, {}, book()));
  const std::vector<Way> closed{way("local"), way("ldap", "one")};
  EXPECT_FALSE(may_remove(closed[0], closed, {}, book())) << "nobody signs in by LDAP here";
  EXPECT_TRUE(may_remove(closed[1], closed, {}, book()));
  std::vector<Way> asleep = two;
  asleep[1].active = false;
  EXPECT_FALSE(may_remove(asleep[0], asleep, {}, book()));
  EXPECT_TRUE(any_usable(two, book()));
  EXPECT_FALSE(any_usable({asleep[1], closed[1]}, book()));
  EXPECT_FALSE(any_usable({}, book()));
}

}  // namespace
}  // namespace nephele::identity::ways
