// SPDX-License-Identifier: Apache-2.0
#include "identity/ways/policies.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace nephele::identity::ways {
namespace {

using settings::Node;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

Node node(Node::Data data) {
  return {{}, std::move(data)};
}
PolicyBook book(const std::map<std::string, Node>& policies, std::map<std::string, std::string> messages = {},
                bool moderated = true) {
  return PolicyBook::of({"ldap", "local"}, policies, std::move(messages), moderated).value();
}

TEST(PolicyBook, BeginsWithTheContractsDefaults) {
  const auto plain = book({});
  for (const auto* module : {"local", "ldap", "shibboleth"}) {
    const auto policies = plain.policies(module);
    EXPECT_TRUE(policies.login && policies.create && policies.add && policies.remove);
    EXPECT_EQ(policies.limit, 1);
    EXPECT_FALSE(policies.replace || policies.required || policies.autoverify || policies.automoderate);
    EXPECT_FALSE(policies.mirror_groups);
  }
  EXPECT_TRUE(plain.policies("google").replace);
  EXPECT_TRUE(book({}, {}, false).policies("ldap").automoderate);
  EXPECT_TRUE(plain.offers("ldap"));
  EXPECT_FALSE(plain.offers("shibboleth"));
  EXPECT_FALSE(plain.requires_any());
}

TEST(PolicyBook, OneModulesSettingWinsOverThatOfAll) {
  const auto some =
      book({{"ASTAKOS_AUTH_PROVIDERS_LIMIT_POLICY", node(std::int64_t{3})},
            {"ASTAKOS_AUTH_PROVIDERS_ADD_POLICY", node(false)},
            {"ASTAKOS_AUTH_PROVIDER_LDAP_ADD_POLICY", node(true)},
            {"ASTAKOS_AUTH_PROVIDER_LDAP_REQUIRED_POLICY", node(true)},
            {"ASTAKOS_AUTH_PROVIDER_LDAP_ADD_GROUPS_POLICY", node(Node::List{node(std::string("lab"))})}});
  EXPECT_EQ(some.policies("local").limit, 3);
  EXPECT_FALSE(some.policies("local").add);
  EXPECT_TRUE(some.policies("ldap").add);
  EXPECT_THAT(some.policies("ldap").add_groups, ElementsAre("lab"));
  EXPECT_TRUE(some.requires_any());
  EXPECT_FALSE(PolicyBook::of({}, {{"ASTAKOS_AUTH_PROVIDER_LDAP_LIMIT_POLICY", node(std::string("x"))}}, {}, true));
}

TEST(PolicyBook, ALaterProfileWins) {
  const auto plain = book({});
  const Profile closed{.name = "closed", .provider = "ldap", .overrides = {.login = false, .limit = 5}};
  const Profile open{.name = "open", .provider = "ldap", .overrides = {.login = true}};
  Profile sleeping = closed;
  sleeping.active = false;
  EXPECT_FALSE(plain.policies("ldap", std::vector{closed}).login);
  EXPECT_TRUE(plain.policies("local", std::vector{closed}).login);
  EXPECT_TRUE(plain.policies("ldap", std::vector{closed, open}).login);
  EXPECT_EQ(plain.policies("ldap", std::vector{closed, open}).limit, 5);
  EXPECT_FALSE(plain.policies("ldap", std::vector{open, closed}).login);
  EXPECT_TRUE(plain.policies("ldap", std::vector{sleeping}).login);
}

TEST(PolicyBook, AnExclusiveProfileIsAboutAllOthers) {
  const Profile only{.name = "only", .provider = "shibboleth", .exclusive = true, .overrides = {.login = false}};
  const auto plain = book({});
  EXPECT_TRUE(plain.policies("shibboleth", std::vector{only}).login);
  EXPECT_FALSE(plain.policies("ldap", std::vector{only}).login);
  EXPECT_FALSE(plain.policies("local", std::vector{only}).login);
}

TEST(PolicyBook, SaysWhatASettingSays) {
  const auto plain = book({});
  EXPECT_EQ(plain.title("shibboleth"), "Shibboleth");
  EXPECT_EQ(plain.title("ldap"), "LDAP");
  EXPECT_THAT(plain.words("ldap", Words::cannot_login), HasSubstr("LDAP is not available for login"));
  const auto own = book({}, {{"ASTAKOS_AUTH_PROVIDER_LDAP_TITLE", "Campus"},
                             {"ASTAKOS_AUTH_PROVIDER_LDAP_DISABLED_FOR_CREATE_MSG", "No {title} today"}});
  EXPECT_EQ(own.title("ldap"), "Campus");
  EXPECT_EQ(own.words("ldap", Words::disabled_for_create), "No Campus today");
  EXPECT_THAT(own.words("ldap", Words::add_prompt), HasSubstr("Campus"));
}

}  // namespace
}  // namespace nephele::identity::ways
