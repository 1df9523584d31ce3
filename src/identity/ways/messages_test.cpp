// SPDX-License-Identifier: Apache-2.0
// What a directory and a federation say, read.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "identity/ways/ldap_rules.h"
#include "identity/ways/shibboleth_rules.h"

namespace nephele::identity::ways {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

DirectoryEntry ada() {
  return {.attributes = {{"objectGUID", {"30201000-5040"}},
                         {"mail", {"ada@example.org", "second@example.org"}},
                         {"givenName", {"Ada"}},
                         {"sn", {"Lovelace"}}},
          .groups = {"staff"}};
}

TEST(LdapProof, FollowsTheMap) {
  const auto proof = ldap_proof(ada(), {}).value();
  EXPECT_EQ(proof.module, "ldap");
  EXPECT_EQ(proof.identifier, "30201000-5040");
  EXPECT_EQ(proof.email, "ada@example.org");
  EXPECT_EQ(proof.first_name + " " + proof.last_name, "Ada Lovelace");
  EXPECT_THAT(proof.forced, IsEmpty());
  EXPECT_THAT(proof.groups, ElementsAre("staff"));
  EXPECT_EQ(proof.affiliation, "LDAP");
}

TEST(LdapProof, WhatTheUserMayNotChangeMustBeThere) {
  LdapSettings settings;
  settings.attributes["email"].editable = false;
  settings.attributes["last_name"] = {.source = "missing", .editable = true};
  const auto proof = ldap_proof(ada(), settings).value();
  EXPECT_THAT(proof.forced, ElementsAre("email"));
  EXPECT_EQ(proof.last_name, "");
  settings.attributes["last_name"].editable = false;
  const auto refused = ldap_proof(ada(), settings);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().sentence(), "Invalid LDAP response. Please contact support.");
  EXPECT_EQ(refused.error().detail("attribute"), "missing");
  settings = {};
  settings.attributes["identifier"] = {.source = "entryUUID", .editable = false};
  EXPECT_FALSE(ldap_proof(ada(), settings));
  EXPECT_THAT(wanted_attributes(settings), ElementsAre("entryUUID", "givenName", "mail", "sn"));
}

TEST(GuessedName, IsOneForAllThatADirectoryTakesForOne) {
  for (const auto* name : {"ada b", " ADA   B ", "Ada b  "}) EXPECT_EQ(guessed_name(name), "ada b") << name;
}

using Fields = std::vector<std::pair<std::string, std::string>>;
http::Headers headers(const Fields& fields) {
  http::Headers all;
  for (const auto& [name, value] : fields) all.add(name, value);
  return all;
}
Result<Proof> proof(const Fields& fields, const ShibbolethSettings& settings = {}) {
  return shibboleth_proof(headers(fields), settings);
}
std::string names(const Fields& fields) {
  Fields all{{"eppn", "a@u"}};
  all.insert(all.end(), fields.begin(), fields.end());
  const auto read = proof(all);
  return read ? read->first_name + "|" + read->last_name : read.error().sentence();
}

TEST(ShibbolethProof, HasTheGuidesTokens) {
  const auto read = proof({{"Host", "x"},
                           {"eppn", "ada@uni.example"},
                           {"Shib-InetOrgPerson-givenName", "Ada"},
                           {"Shib-Person-surname", "Lovelace"},
                           {"Shib-EP-Affiliation", "staff;member"},
                           {"Shib-Session-ID", "_1"},
                           {"Shib-Mail", "ada@uni.example;second@uni.example"}})
                        .value();
  EXPECT_EQ(read.identifier, "ada@uni.example");
  EXPECT_EQ(read.affiliation, "staff;member");
  EXPECT_EQ(read.email, "ada@uni.example");
  EXPECT_EQ(read.info.find("name")->if_string()[0], "Ada Lovelace");
  EXPECT_EQ(json::Value(read.info).text_at({"headers", "Shib-Session-ID"}), "_1");
  EXPECT_FALSE(read.info.find("headers")->if_object()->contains("Host"));
  EXPECT_THAT(read.forced, IsEmpty());
}

TEST(ShibbolethProof, TakesBothSpellings) {
  const auto read =
      proof({{"HTTP_EPPN", "ada@u"}, {"HTTP_SHIB_PERSON_SURNAME", "L"}, {"SHIB-MAIL", "a@b.org"}}).value();
  EXPECT_EQ(read.identifier, "ada@u");
  EXPECT_EQ(read.last_name, "L");
  EXPECT_EQ(read.email, "a@b.org");
  EXPECT_THAT(proof({{"eppn", "ada@u"}, {"HTTP_EPPN", "eve@u"}}).error().sentence(), HasSubstr("disagree"));
  EXPECT_THAT(proof({{"REMOTE_USER", "ada@u"}, {"HTTP_REMOTE_USER", "eve@u"}}).error().sentence(),
              HasSubstr("disagree"));
  for (const auto* other : {"Remote-User", "HTTP-EPPN", "Http_Remote-User", "X-eppn", "HTTP_HTTP_EPPN"})
    EXPECT_FALSE(proof({{other, "eve@u"}})) << other;
  EXPECT_EQ(proof({{"eppn", "ada@u"}, {"Shib_Mail", "a@b.org"}}).value().email, "");
}

TEST(ShibbolethProof, TheWholeNameWinsWhenItHasTwoParts) {
  EXPECT_EQ(names({{"Shib-InetOrgPerson-displayName", "Ada King Lovelace"}, {"Shib-Person-surname", "X"}}),
            "Ada|King Lovelace");
  EXPECT_EQ(names({{"Shib-Person-commonName", "Ada Lovelace"}}), "Ada|Lovelace");
  EXPECT_EQ(names({{"Shib-InetOrgPerson-displayName", "Countess"}, {"Shib-Person-surname", "Lovelace"}}), "|Lovelace");
  EXPECT_EQ(names({{"Shib-InetOrgPerson-displayName", "(null)"}, {"Shib-Person-commonName", "Ada L"}}), "Ada|L");
}

TEST(ShibbolethProof, ReadsUtf8AndWhatIsNot) {
  EXPECT_EQ(names({{"Shib-InetOrgPerson-displayName", "Ζωή Ώρα"}}), "Ζωή|Ώρα");
  EXPECT_EQ(names({{"Shib-InetOrgPerson-displayName", "Jos\xE9 Mu\xF1oz"}}), "José|Muñoz");
}

TEST(ShibbolethProof, SaysWhatIsMissing) {
  const ShibbolethSettings strict{.require_name = true, .site = "Okeanos", .support = "help@example.org"};
  EXPECT_THAT(proof({{"Shib-Person-surname", "L"}}, strict).error().sentence(),
              ::testing::AllOf(HasSubstr("Missing unique token in request"), HasSubstr("Okeanos"),
                               HasSubstr("help@example.org")));
  EXPECT_THAT(proof({{"eppn", "a@u"}}, strict).error().sentence(), HasSubstr("Missing user name in request"));
  EXPECT_TRUE(proof({{"eppn", "a@u"}}));
  EXPECT_EQ(proof({{"eppn", "a@u"}}).value().affiliation, "Shibboleth");
}

TEST(ShibbolethProof, RemoteUserIsTheKeyAndEppnTheOneBefore) {
  const Fields both{{"eppn", "a@u"}, {"REMOTE_USER", "opaque-1"}};
  EXPECT_EQ(proof(both).value().identifier, "opaque-1");
  EXPECT_EQ(proof(both).value().earlier_identifier, "");
  EXPECT_EQ(proof(both, {.migrate_eppn = true}).value().earlier_identifier, "a@u");
}

TEST(CheckMessenger, BelievesTheProxiesOnly) {
  ShibbolethSettings settings{.proxies = {"127.0.0.1"}};
  http::Request request;
  request.remote = "127.0.0.1";  // whatever X-Forwarded-For made of it
  request.peer = "192.0.2.1";
  EXPECT_EQ(check_messenger(request, settings).error().kind(), Kind::forbidden);
  request.peer = "127.0.0.1";
  EXPECT_TRUE(check_messenger(request, settings));
  settings.secret = Secret("between us");
  EXPECT_FALSE(check_messenger(request, settings));
  request.headers.add("X-Shibboleth-Secret", "wrong");
  EXPECT_FALSE(check_messenger(request, settings));
  request.headers.set("X-Shibboleth-Secret", "between us");
  EXPECT_TRUE(check_messenger(request, settings));
}

}  // namespace
}  // namespace nephele::identity::ways
