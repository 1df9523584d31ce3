// SPDX-License-Identifier: Apache-2.0
#include "identity/life/rules.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace nephele::identity::life {
namespace {

using ::testing::Eq;
using ::testing::Optional;

const Time now = from_ms(1'700'000'000'000);

Life fresh() {
  return {};
}
Life proved() {
  Life life;
  verify(life, now);
  return life;
}
Life alive() {
  Life life = proved();
  accept(life, "manual", "ada@example.org", now);
  activate(life);
  return life;
}
Life turned_away() {
  Life life = proved();
  reject(life, "no place", now);
  return life;
}
Life put_to_sleep() {
  Life life = alive();
  deactivate(life, "on leave", now);
  return life;
}

std::string said(const Result<>& result) {
  return result ? "" : result.error().sentence();
}

TEST(LifeRules, SayWhatStateAnAccountIsIn) {
  EXPECT_EQ(status_text(fresh()), "Pending email verification");
  EXPECT_EQ(status_text(proved()), "Pending moderation");
  EXPECT_EQ(status_text(turned_away()), "Rejected (no place)");
  EXPECT_EQ(status_text(alive()), "Accepted/Active (manually accepted)");
  EXPECT_EQ(status_text(put_to_sleep()), "Accepted/Inactive (on leave) (manually accepted)");
  Life by_pattern = proved();
  accept(by_pattern, "email", "a@b.org", now);
  activate(by_pattern);
  EXPECT_EQ(status_text(by_pattern), "Accepted/Active (accepted policy: email)");
}

TEST(LifeRules, RefuseInTheContractsWords) {
  EXPECT_EQ(said(may_verify(proved())), "This account is already verified.");
  EXPECT_EQ(said(may_accept(fresh())), "User account does not have a verified email address.");
  EXPECT_EQ(said(may_accept(alive())), "This account is already moderated.");
  EXPECT_EQ(said(may_reject(alive())), "This account is already moderated.");
  EXPECT_EQ(said(may_reject(fresh())), "User account does not have a verified email address.");
  EXPECT_EQ(said(may_activate(fresh())), "User account does not have a verified email address.");
  EXPECT_EQ(said(may_activate(proved())), "User account is not moderated.");
  EXPECT_EQ(said(may_activate(turned_away())), "This account has been rejected.");
  EXPECT_EQ(said(may_activate(alive())), "This account is already active.");
  EXPECT_EQ(said(may_deactivate(proved())), "User account is not moderated.");
}

TEST(LifeRules, AllowWhatTheContractAllows) {
  EXPECT_TRUE(may_verify(fresh()));
  EXPECT_TRUE(may_accept(proved()));
  EXPECT_TRUE(may_accept(turned_away()));  // later, after all
  EXPECT_TRUE(may_reject(proved()));
  EXPECT_TRUE(may_activate(put_to_sleep()));
  EXPECT_TRUE(may_deactivate(alive()));
  EXPECT_TRUE(may_deactivate(put_to_sleep()));  // another reason
}

TEST(LifeRules, KeepTheFirstAcceptedAddress) {
  Life life = alive();
  accept(life, "manual", "other@example.org", now);
  EXPECT_EQ(life.accepted_email, "ada@example.org");
  EXPECT_FALSE(life.rejected);
}

TEST(LifeRules, AcceptByPatternOnlyWhatMatchesAsAWhole) {
  const ModerationPolicy policy{.email_patterns = {".*@example\\.org"}};
  EXPECT_THAT(accepting_policy(proved(), "x@example.org", policy), Optional(Eq("email")));
  EXPECT_EQ(accepting_policy(proved(), "x@example.org.evil.net", policy), std::nullopt);
  EXPECT_EQ(accepting_policy(proved(), "x@examplexorg", policy), std::nullopt);
}

TEST(LifeRules, AcceptAllWithoutModeration) {
  EXPECT_THAT(accepting_policy(proved(), "x@y.org", {.enabled = false}), Optional(Eq("auto_moderation")));
}

TEST(LifeRules, TakeAnAdministratorsMailForHisApproval) {
  Life life = proved();
  EXPECT_EQ(accepting_policy(life, "x@y.org", {}), std::nullopt);
  life.approved = now;
  EXPECT_THAT(accepting_policy(life, "x@y.org", {}), Optional(Eq("manual")));
  EXPECT_EQ(accepting_policy(life, "x@y.org", {.sending_is_approval = false}), std::nullopt);
}

TEST(LifeRules, NameAPatternThatIsNone) {
  EXPECT_TRUE(check({.email_patterns = {".*"}}));
  EXPECT_THAT(said(check({.email_patterns = {".*", "(a"}})), ::testing::HasSubstr("number 2"));
}

}  // namespace
}  // namespace nephele::identity::life
