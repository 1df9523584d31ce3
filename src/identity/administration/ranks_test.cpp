// SPDX-License-Identifier: Apache-2.0
#include "identity/administration/ranks.h"

#include <gmock/gmock.h>

#include "base/settings/python_literal.h"

namespace nephele::identity::administration {

namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Not;
using Names = std::vector<std::string>;

const Names permitted{"admin-readonly", "helpdesk", "admin"};

Rank rank_in(const Names& groups, const Names& allowed = permitted) {
  return rank_of(Account{.id = AccountId("u")}, groups, allowed);
}

TEST(Ranks, ComeFromTheMarkOrTheBestPermittedGroup) {
  EXPECT_EQ(rank_of(Account{.id = AccountId("u"), .admin = true}, Names{}, Names{}), Rank::admin);
  EXPECT_EQ(rank_in({}), Rank::none);
  EXPECT_EQ(rank_in({"users"}), Rank::none);
  EXPECT_EQ(rank_in({"admin-readonly"}), Rank::reader);
  EXPECT_EQ(rank_in({"admin-readonly", "helpdesk"}), Rank::helpdesk);
  EXPECT_EQ(rank_in({"admin", "helpdesk"}), Rank::admin);
  EXPECT_EQ(rank_in({"admin"}, {"helpdesk"}), Rank::none) << "the group is not among the permitted ones";
  EXPECT_EQ(rank_in({"auditors"}, {"auditors"}), Rank::reader);
}

std::vector<std::string> offered(Rank rank, const life::Life& life, const Names& ways = {"local"}) {
  return administration::offered({.rank = rank}, {}, life, ways);
}

TEST(Ranks, OfferWhatAnAccountAllowsAndTheRankMay) {
  life::Life fresh;
  EXPECT_THAT(offered(Rank::admin, fresh), ElementsAre("verify", "resend_verification", "set_email"));
  life::Life pending{.email_verified = true};
  EXPECT_THAT(offered(Rank::admin, pending), ElementsAre("accept", "reject", "set_email", "contact"));
  life::Life active{.active = true, .email_verified = true, .moderated = true};
  EXPECT_THAT(offered(Rank::admin, active), ElementsAre("deactivate", "contact", "modify_email"));
  EXPECT_THAT(offered(Rank::admin, active, {"shibboleth"}),
              ElementsAre("deactivate", "release_shibboleth", "enable_local", "contact", "modify_email"));
  EXPECT_THAT(offered(Rank::helpdesk, active), ElementsAre("contact", "modify_email"));
  EXPECT_THAT(offered(Rank::reader, active), IsEmpty());
  life::Life inactive{.email_verified = true, .moderated = true};
  EXPECT_THAT(offered(Rank::admin, inactive), ElementsAre("activate", "set_email", "contact"));
  EXPECT_THAT(offered(Rank::helpdesk, inactive), ElementsAre("contact"));
  EXPECT_THAT(offered(Rank::admin, inactive, {"shibboleth"}), Not(::testing::Contains("enable_local")))
      << "a link for a password is of no use to him";
}

Result<Overrides> overrides(const std::string& rbac) {
  TRY(const auto document, settings::read_python_literal("A = " + rbac + "\n", "x.conf"));
  return overrides_from(document.root.entry("A")->value);
}

TEST(Ranks, AreOverriddenByGroups) {
  const auto wanted =
      overrides("{'user': {'deactivate': ['helpdesk', 'bouncers'], 'contact': []}, 'vm': 'as it is'}").value();
  const Powers helper{.rank = Rank::helpdesk, .groups = {"helpdesk"}}, admin{.rank = Rank::admin, .groups = {"admin"}};
  EXPECT_TRUE(may(UserAction::deactivate, helper, wanted));
  EXPECT_FALSE(may(UserAction::deactivate, admin, wanted)) << "his group is not named";
  EXPECT_FALSE(may(UserAction::contact, helper, wanted));
  EXPECT_TRUE(may(UserAction::contact, {.marked = true, .rank = Rank::admin}, wanted));
  EXPECT_TRUE(may(UserAction::activate, admin, wanted)) << "the others stay as they are";
  EXPECT_FALSE(may(UserAction::activate, helper, wanted));
  EXPECT_FALSE(may(UserAction::deactivate, {.rank = Rank::none, .groups = {"bouncers"}}, wanted))
      << "not let in at all";
  EXPECT_TRUE(overrides("{}").value().users.empty());
  const auto projects = overrides("{'project': {'approve': ['helpdesk']}}").value();
  EXPECT_TRUE(may(ProjectAction::approve, helper, projects));
  EXPECT_FALSE(may(ProjectAction::deny, helper, projects));
  EXPECT_TRUE(may(ProjectAction::deny, admin, projects));
  EXPECT_FALSE(may(ProjectAction::contact, helper, {}));
  for (const auto& wrong : {"{'user': 7}", "{'user': {'explode': []}}", "{'user': {'activate': {'a': 1}}}",
                            "{'project': {'destroy': []}}"}) {
    const auto refused = overrides(wrong);
    ASSERT_FALSE(refused) << wrong;
    EXPECT_TRUE(refused.error().sentence().starts_with("x.conf:1: ADMIN_RBAC")) << refused.error().sentence();
  }
}

TEST(Ranks, EveryActionHasOneName) {
  for (const auto& op : {"activate", "deactivate", "accept", "reject", "verify", "resend_verification", "set_email",
                         "release_shibboleth", "enable_local", "contact", "modify_email"}) {
    const auto action = user_action_from(op);
    ASSERT_TRUE(action) << op;
    EXPECT_EQ(to_string(*action), op);
  }
  EXPECT_FALSE(user_action_from("destroy"));
  for (const auto& op : {"approve", "deny", "suspend", "unsuspend", "terminate", "reinstate", "contact"}) {
    const auto action = project_action_from(op);
    ASSERT_TRUE(action) << op;
    EXPECT_EQ(to_string(*action), op);
  }
  EXPECT_FALSE(project_action_from("dismiss"));
}

}  // namespace

}  // namespace nephele::identity::administration
