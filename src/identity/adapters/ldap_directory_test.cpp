// SPDX-License-Identifier: Apache-2.0
#include "identity/adapters/ldap_directory.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/io_threads.h"
#include "clouds/ldap/slapd.h"
#include "identity/ways/ldap_rules.h"

namespace nephele::identity {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

settings::Node text(std::string value) {
  return {{}, settings::Node::Data(std::move(value))};
}

LdapSettings example(std::string url) {
  LdapSettings settings;
  settings.server_uri = std::move(url);
  settings.bind_dn = "cn=reader,dc=example,dc=org";
  settings.bind_password = Secret("reader-password");
  settings.user_search = {{.base = "ou=people,dc=example,dc=org", .filter = "(uid=%(user)s)"}};
  return settings;
}

TEST(LdapSettingsOfAstakos, BecomeThoseOfTheDirectory) {
  auto settings = example("ldaps://one.example.org, ldaps://two.example.org");
  settings.group_search = {{.base = "ou=groups,dc=example,dc=org", .scope = LdapSearch::Scope::one_level}};
  settings.group_type = {.type = "NestedGroupOfUniqueNamesType", .name_attribute = "ou"};
  settings.provider_attributes = {"telephoneNumber"};
  settings.connection_options.entries.set("ldap.OPT_NETWORK_TIMEOUT", "", {{}, std::int64_t{3}});
  settings.connection_options.entries.set("ldap.OPT_TIMEOUT", "", {{}, 1.5});
  settings.connection_options.entries.set("ldap.OPT_X_TLS_CACERTFILE", "", text("/ca.pem"));
  settings.connection_options.entries.set("ldap.OPT_REFERRALS", "", {{}, std::int64_t{0}});
  const auto made = ldap_settings(settings, true);
  ASSERT_TRUE(made) << made.error().sentence();
  EXPECT_THAT(made->servers, ElementsAre("ldaps://one.example.org", "ldaps://two.example.org"));
  EXPECT_THAT(made->attributes, ElementsAre("givenName", "mail", "objectGUID", "sn", "telephoneNumber"));
  EXPECT_EQ(made->connect, std::chrono::seconds(3));
  EXPECT_EQ(made->timeout, std::chrono::milliseconds(1500));
  EXPECT_EQ(made->ca_file, "/ca.pem");
  EXPECT_TRUE(made->verify_tls);
  ASSERT_TRUE(made->groups);
  EXPECT_TRUE(made->groups->nested);
  EXPECT_EQ(made->groups->member, "uniqueMember");
  EXPECT_EQ(made->groups->name, "ou");
  EXPECT_FALSE(ldap_settings(settings, false)->groups) << "nobody wants them";
}

TEST(LdapSettingsOfAstakos, AreRefusedWithTheirName) {
  const auto refused = [](LdapSettings settings) {
    const auto made = ldap_settings(settings, false);
    return made ? std::string("taken") : made.error().sentence();
  };
  EXPECT_THAT(refused({}), HasSubstr("AUTH_LDAP_*"));
  EXPECT_THAT(refused(example("ldap://far.example.org")), HasSubstr("in the clear"));
  auto plain = example("ldap://far.example.org");
  plain.plain_passwords = true;
  EXPECT_EQ(refused(plain), "taken");
  auto option = example("ldaps://far.example.org");
  option.connection_options.entries.set("ldap.OPT_TIMEOUT", "", text("soon"));
  EXPECT_THAT(refused(option), HasSubstr("AUTH_LDAP_CONNECTION_OPTIONS"));
}

TEST(LdapDirectoryOfUsers, GivesWhatAnAccountNeeds) {
  ldap::testing::Slapd slapd;
  IoThreads loop{1};
  auto settings = example(slapd.url());
  settings.attributes.at("first_name").editable = false;
  settings.provider_attributes = {"employeeType", "uid"};
  settings.group_search = {{.base = "ou=groups,dc=example,dc=org", .filter = "(objectClass=groupOfNames)"}};
  const auto directory = LdapDirectory::open(settings, true, log::Logger{});
  ASSERT_TRUE(directory) << directory.error().sentence();
  const auto entry = loop.run((*directory)->authenticate("ada", Secret("ada-password")));
  ASSERT_TRUE(entry) << entry.error().sentence();
  EXPECT_THAT(entry->groups, ElementsAre("staff"));
  const auto proof = ways::ldap_proof(*entry, settings);
  ASSERT_TRUE(proof) << proof.error().sentence();
  EXPECT_EQ(proof->identifier, "30201000-5040-7060-8090-a0b0c0d0e0f0");
  EXPECT_EQ(proof->email, "person0@example.org");
  EXPECT_EQ(proof->first_name, "Given ada");
  EXPECT_THAT(proof->forced, ElementsAre("first_name"));
  EXPECT_EQ(json::write(proof->info), R"({"employeeType":["worker"],"uid":["ada"]})");

  EXPECT_EQ(loop.run((*directory)->authenticate("ada", Secret("wrong"))).error().kind(), Kind::unauthorized);
  EXPECT_EQ(loop.run((*directory)->authenticate("ada", Secret(""))).error().kind(), Kind::unauthorized);
  slapd.stop();
  EXPECT_EQ(loop.run((*directory)->authenticate("ada", Secret("ada-password"))).error().kind(), Kind::unavailable);
  slapd.start();
  EXPECT_TRUE(loop.run((*directory)->authenticate("ada", Secret("ada-password"))));
}

}  // namespace
}  // namespace nephele::identity
