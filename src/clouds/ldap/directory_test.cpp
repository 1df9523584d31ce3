// SPDX-License-Identifier: Apache-2.0
#include "clouds/ldap/directory.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/eventually.h"
#include "base/io_threads.h"
#include "clouds/ldap/slapd.h"

namespace nephele::ldap {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::UnorderedElementsAre;

constexpr const char* people = "ou=people,dc=example,dc=org";
constexpr const char* group_base = "ou=groups,dc=example,dc=org";

class DirectoryTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() { slapd = new ldap::testing::Slapd; }
  static void TearDownTestSuite() {
    delete slapd;
    slapd = nullptr;
  }

  static Settings by_search() {
    Settings settings;
    settings.servers = {slapd->url()};
    settings.ca_file = slapd->ca_file();
    settings.bind_dn = "cn=reader,dc=example,dc=org";
    settings.bind_password = Secret("reader-password");
    settings.users = {{.base = people, .filter = "(uid=%(user)s)"}};
    return settings;
  }
  static Settings by_template() {
    Settings settings = by_search();
    settings.users.clear();
    settings.user_dn_template = std::string("uid=%(user)s,") + people;
    return settings;
  }
  static Groups groups(std::string filter, std::string member, Groups::Type type = Groups::Type::member_dn) {
    return {.searches = {{.base = group_base, .filter = std::move(filter)}}, .type = type, .member = std::move(member)};
  }
  Result<Entry> sign_in(Settings settings, std::string user, std::string password) {
    Directory directory(std::move(settings));
    return loop.run(directory.authenticate(std::move(user), Secret(std::move(password))));
  }
  Result<Entry> sign_in(Settings settings, const std::string& user) {
    return sign_in(std::move(settings), user, slapd->secret_of(user));
  }
  static void expect(const Result<Entry>& answer, Kind kind, const std::string& words = "") {
    ASSERT_FALSE(answer) << answer->dn;
    EXPECT_EQ(answer.error().kind(), kind) << answer.error().sentence();
    EXPECT_THAT(answer.error().sentence(), HasSubstr(words));
    EXPECT_THAT(answer.error().sentence(), Not(HasSubstr("password\"")));
    EXPECT_THAT(answer.error().sentence(), Not(HasSubstr("-password")));
  }
  static std::vector<std::string> names(const Result<Entry>& answer) {
    std::vector<std::string> out;
    if (answer)
      for (const auto& group : answer->groups) out.push_back(group.name);
    return out;
  }

  inline static ldap::testing::Slapd* slapd = nullptr;
  IoThreads loop{1};
};

TEST_F(DirectoryTest, TheRightPasswordGivesTheEntry) {
  for (const auto& settings : {by_search(), by_template()}) {
    const auto entry = sign_in(settings, "ada");
    ASSERT_TRUE(entry) << entry.error().sentence();
    EXPECT_EQ(entry->dn, "uid=ada,ou=people,dc=example,dc=org");
    EXPECT_EQ(entry->text("mail"), "person0@example.org");
    EXPECT_EQ(entry->text("GIVENNAME"), "Given ada");
    EXPECT_EQ(entry->text("objectGUID"), "30201000-5040-7060-8090-a0b0c0d0e0f0");
    EXPECT_EQ(entry->values("objectGUID").at(0),
              std::string("\0\x10\x20\x30\x40\x50\x60\x70\x80\x90\xA0\xB0\xC0\xD0\xE0\xF0", 16));
    EXPECT_EQ(entry->text("userPassword"), std::nullopt);
  }
}

TEST_F(DirectoryTest, EveryWayToBeWrongIsTheSameAnswer) {
  for (const auto& settings : {by_search(), by_template()}) {
    expect(sign_in(settings, "ada", "wrong"), Kind::unauthorized, "user or password are wrong");
    expect(sign_in(settings, "nobody", "wrong"), Kind::unauthorized, "user or password are wrong");
    expect(sign_in(settings, "nopass", "wrong"), Kind::unauthorized, "user or password are wrong");
    expect(sign_in(settings, "ada", "bob-password"), Kind::unauthorized, "user or password are wrong");
    expect(sign_in(settings, "ada", std::string("ada-password\0", 13)), Kind::unauthorized, "user or password");
  }
}

TEST_F(DirectoryTest, AnUnknownNameCostsAsManyBindsAsAWrongPassword) {
  const auto binds = [this](const Settings& settings, const std::string& user) {
    const auto before = slapd->log().size();
    expect(sign_in(settings, user, "wrong"), Kind::unauthorized);
    const std::string said = slapd->log().substr(before);
    std::size_t count = 0;
    for (auto at = said.find(" BIND dn="); at != std::string::npos; at = said.find(" BIND dn=", at + 1))
      if (said.substr(at, said.find('\n', at) - at).contains("method=128")) ++count;
    return count;
  };
  for (const auto& [settings, wanted] : {std::pair(by_search(), 2U), std::pair(by_template(), 1U)}) {
    for (const char* user : {"ada", "nopass", "nobody", "*"}) EXPECT_EQ(binds(settings, user), wanted) << user;
  }
}

TEST_F(DirectoryTest, AnEmptyPasswordNeverReachesTheServer) {
  const auto before = slapd->log();
  for (const auto& settings : {by_search(), by_template()}) {
    expect(sign_in(settings, "ada", ""), Kind::unauthorized, "empty");
    expect(sign_in(settings, "", "x"), Kind::unauthorized, "empty");
    expect(sign_in(settings, std::string(300, 'x'), "x"), Kind::unauthorized, "too long");
    expect(sign_in(settings, "\xFF", "x"), Kind::unauthorized);
  }
  EXPECT_EQ(slapd->log(), before) << "not even a connection";
}

TEST_F(DirectoryTest, NamesMayHoldWhatIsSyntaxElsewhere) {
  for (const auto& settings : {by_search(), by_template()}) {
    for (const std::string name : {slapd->odd_name, slapd->zoe_name}) {
      const auto entry = sign_in(settings, name);
      ASSERT_TRUE(entry) << name << ": " << entry.error().sentence();
      EXPECT_EQ(entry->text("uid"), name);
      expect(sign_in(settings, name, "wrong"), Kind::unauthorized);
    }
  }
}

TEST_F(DirectoryTest, NoNameBecomesAnotherFilterOrAnotherDn) {
  for (const std::string_view attack :
       {"*", "a*", "ada)(uid=*", "*)(objectClass=*", "ada)(&)", "ada)(|(uid=*)", "\\2a", "ada\\", "(ada)",
        "ada,ou=people", "ada+uid=bob", "ada,ou=people,dc=example,dc=org", "ada\\,ou=people", "\"ada\"", "#616461",
        "%(user)s", "ada\n"}) {
    for (const auto& settings : {by_search(), by_template()})
      for (const char* password : {"ada-password", "reader-password", "*"})
        expect(sign_in(settings, std::string(attack), password), Kind::unauthorized);
  }
  expect(sign_in(by_search(), std::string("ada\0", 4), "ada-password"), Kind::unauthorized);
  expect(sign_in(by_template(), std::string("ada\0", 4), "ada-password"), Kind::unauthorized);
}

TEST_F(DirectoryTest, GroupsOfEachKind) {
  Settings settings = by_search();
  settings.groups = groups("(objectClass=groupOfNames)", "member");
  EXPECT_THAT(names(sign_in(settings, "ada")), UnorderedElementsAre("staff"));
  EXPECT_THAT(names(sign_in(settings, slapd->odd_name)), UnorderedElementsAre("staff"));
  EXPECT_THAT(names(sign_in(settings, "bob")), UnorderedElementsAre());
  settings.groups->nested = true;  // and they form a circle
  EXPECT_THAT(names(sign_in(settings, "ada")), UnorderedElementsAre("staff", "all"));
  settings.groups->searches.push_back({.base = "dc=example,dc=org", .filter = "(cn=all)"});
  settings.groups->nested = false;
  EXPECT_THAT(names(sign_in(settings, "ada")), UnorderedElementsAre("staff"));
  settings.groups->nested = true;
  EXPECT_THAT(names(sign_in(settings, "ada")), UnorderedElementsAre("staff", "all")) << "each once, by two searches";
  settings.groups = groups("(objectClass=groupOfUniqueNames)", "uniqueMember");
  EXPECT_THAT(names(sign_in(settings, "bob")), UnorderedElementsAre("unique"));
  settings.groups = groups("(objectClass=posixGroup)", "memberUid", Groups::Type::member_uid);
  EXPECT_THAT(names(sign_in(settings, "ada")), UnorderedElementsAre("posix"));
  EXPECT_THAT(names(sign_in(settings, "bob")), UnorderedElementsAre("posix")) << "by his primary group";
  EXPECT_THAT(names(sign_in(settings, slapd->odd_name)), UnorderedElementsAre());
  settings.attributes = {"mail"};
  EXPECT_THAT(names(sign_in(settings, "bob")), UnorderedElementsAre("posix")) << "asks for what groups need";
}

TEST_F(DirectoryTest, ARequiredOrDeniedGroup) {
  Settings settings = by_search();
  settings.groups = groups("(objectClass=groupOfNames)", "member");
  settings.require_group = "CN=Staff, OU=groups,DC=example,DC=org";
  EXPECT_TRUE(sign_in(settings, "ada"));
  expect(sign_in(settings, "bob"), Kind::unauthorized, "may not sign in");
  settings.require_group = "cn=all,ou=groups,dc=example,dc=org";
  expect(sign_in(settings, "ada"), Kind::unauthorized);
  settings.groups->nested = true;
  EXPECT_TRUE(sign_in(settings, "ada"));
  settings.require_group.clear();
  settings.deny_group = "cn=all,ou=groups,dc=example,dc=org";
  expect(sign_in(settings, "ada"), Kind::unauthorized);
  EXPECT_TRUE(sign_in(settings, "bob"));
}

TEST_F(DirectoryTest, OnlyTheWantedAttributesAreRead) {
  Settings settings = by_search();
  settings.attributes = {"mail", "sn"};
  const auto entry = sign_in(settings, "ada");
  ASSERT_TRUE(entry);
  EXPECT_EQ(entry->attributes.size(), 2u);
}

TEST_F(DirectoryTest, WithoutAServiceAccountTheUserReadsHimself) {
  Settings settings = by_template();
  settings.bind_dn.clear();
  settings.bind_password = Secret();
  EXPECT_EQ(sign_in(settings, "ada")->text("mail"), "person0@example.org");
  settings = by_search();
  settings.read_as_user = true;
  EXPECT_EQ(sign_in(settings, "ada")->text("mail"), "person0@example.org");
  settings.bind_dn.clear();
  settings.bind_password = Secret();
  expect(sign_in(settings, "ada"), Kind::invalid, "Insufficient access");
  settings.users = {{.base = "ou=open,dc=example,dc=org", .filter = "(uid=%(user)s)"}};
  EXPECT_TRUE(sign_in(settings, "eve")) << "an anonymous search";
}

TEST_F(DirectoryTest, SeveralSearchesAndScopes) {
  Settings settings = by_search();
  settings.users.push_back(
      {.base = "ou=open,dc=example,dc=org", .scope = Scope::one_level, .filter = "(uid=%(user)s)"});
  settings.users.push_back({.base = "dc=example,dc=org", .filter = "(&(uid=%(user)s)(objectClass=inetOrgPerson))"});
  EXPECT_TRUE(sign_in(settings, "ada")) << "found by two searches, and it is one";
  EXPECT_TRUE(sign_in(settings, "eve"));
  settings.users = {{.base = "dc=example,dc=org", .scope = Scope::one_level, .filter = "(uid=%(user)s)"}};
  expect(sign_in(settings, "ada"), Kind::unauthorized);
}

TEST_F(DirectoryTest, SettingsThatDoNotFitAreToldApart) {
  Settings settings = by_search();
  settings.users[0].filter = "(|(uid=%(user)s)(employeeType=worker))";
  expect(sign_in(settings, "ada"), Kind::invalid, "several entries");
  settings = by_search();
  settings.bind_password = Secret("wrong-password");
  expect(sign_in(settings, "ada"), Kind::invalid, "refuses \"cn=reader,dc=example,dc=org\"");
  settings = by_search();
  settings.users[0].base = "ou=nowhere,dc=example,dc=org";
  expect(sign_in(settings, "ada"), Kind::invalid, "the user search below \"ou=nowhere,dc=example,dc=org\" fails");
  settings = by_search();
  settings.users[0].filter = "((uid=%(user)s)";
  expect(sign_in(settings, "ada"), Kind::invalid, "fails");
  settings = by_search();
  settings.groups = groups("(objectClass=groupOfNames)", "member");
  settings.groups->searches[0].base = "ou=nowhere,dc=example,dc=org";
  expect(sign_in(settings, "ada"), Kind::invalid, "group search");
}

TEST_F(DirectoryTest, TlsFromTheStartAndStartTls) {
  Settings settings = by_search();
  settings.servers = {slapd->tls_url()};
  EXPECT_TRUE(sign_in(settings, "ada")) << sign_in(settings, "ada").error().sentence();
  settings = by_search();
  settings.start_tls = true;
  const auto before = slapd->log().size();
  EXPECT_TRUE(sign_in(settings, "ada"));
  EXPECT_THAT(slapd->log().substr(before), HasSubstr("TLS established"));
}

TEST_F(DirectoryTest, ACertificateOfAnotherAuthorityIsRefusedUnlessASettingSaysOtherwise) {
  const http::testing::Certificate other;
  for (const bool start : {false, true}) {
    Settings settings = by_search();
    settings.start_tls = start;
    settings.servers = {start ? slapd->url() : slapd->tls_url()};
    for (const std::string& ca : {other.certificate_file, std::string()}) {
      settings.ca_file = ca;
      expect(sign_in(settings, "ada"), Kind::unavailable, "certificate");
    }
    settings.verify_tls = false;
    EXPECT_TRUE(sign_in(settings, "ada"));
    settings.verify_tls = true;
    settings.ca_file = "/nonexistent.pem";
    expect(sign_in(settings, "ada"), Kind::invalid, "/nonexistent.pem");
  }
}

TEST_F(DirectoryTest, TheNextServerIsAskedWhenOneIsNotThere) {
  Settings settings = by_search();
  settings.servers = {"ldap://127.0.0.1:1", slapd->url()};
  EXPECT_TRUE(sign_in(settings, "ada"));
  settings.servers = {"ldap://127.0.0.1:1", "ldap://127.0.0.1:2"};
  expect(sign_in(settings, "ada"), Kind::unavailable, "ldap://127.0.0.1:1 cannot be reached");
}

TEST_F(DirectoryTest, AServerThatStopsIsUnavailableAndHealsItself) {
  Directory directory(by_search());
  const auto sign_in_again = [&] { return loop.run(directory.authenticate("ada", Secret("ada-password"))); };
  EXPECT_TRUE(sign_in_again());
  slapd->stop();
  expect(sign_in_again(), Kind::unavailable, "cannot be reached");
  slapd->start();
  EXPECT_TRUE(sign_in_again());
  slapd->crash();
  expect(sign_in_again(), Kind::unavailable, "cannot be reached");
  slapd->start();
  EXPECT_TRUE(sign_in_again());
}

TEST_F(DirectoryTest, ASlowServerIsATimeoutOnEveryWayIn) {
  for (const int way : {0, 1, 2}) {
    Settings settings = by_search();
    settings.connect = 1s;
    settings.timeout = 2s;
    if (way == 1) settings.servers = {slapd->tls_url()};
    if (way == 2) settings.start_tls = true;
    slapd->freeze();
    const auto begun = std::chrono::steady_clock::now();
    const auto answer = sign_in(settings, "ada");
    slapd->resume();
    expect(answer, Kind::timeout, "did not answer in time");
    EXPECT_LT(std::chrono::steady_clock::now() - begun, 10s) << way;
    EXPECT_TRUE(sign_in(by_search(), "ada"));
  }
}

TEST_F(DirectoryTest, AServerThatDiesInTheMiddleIsUnavailable) {
  Directory directory(by_search());
  slapd->freeze();
  auto answer = loop.begin(directory.authenticate("ada", Secret("ada-password")));
  EXPECT_EQ(answer.wait_for(300ms), std::future_status::timeout) << "it waits for the server";
  slapd->crash();
  expect(answer.get(), Kind::unavailable, "cannot be reached");
  slapd->start();
  EXPECT_TRUE(loop.run(directory.authenticate("ada", Secret("ada-password"))));
}

TEST_F(DirectoryTest, ACancelledCallerDoesNotWaitForTheServer) {
  Directory directory(by_search());
  slapd->freeze();
  const auto begun = std::chrono::steady_clock::now();
  const auto answer =
      loop.run(with_deadline(directory.authenticate("ada", Secret("ada-password")), in(200ms), "the caller"));
  slapd->resume();
  expect(answer, Kind::timeout);
  EXPECT_LT(std::chrono::steady_clock::now() - begun, 5s);
}

TEST_F(DirectoryTest, ManyAtOnceAreAllAnsweredAndTooManySentAway) {
  Settings settings = by_search();
  settings.sign_ins = 2;
  settings.waiting = 8;
  Directory directory(settings);
  std::vector<std::future<Result<Entry>>> answers;
  for (int i = 0; i < 40; ++i) answers.push_back(loop.begin(directory.authenticate("ada", Secret("ada-password"))));
  int good = 0;
  for (auto& answer : answers) {
    const auto entry = answer.get();
    if (entry) ++good;
    if (!entry) EXPECT_EQ(entry.error().kind(), Kind::busy) << entry.error().sentence();
  }
  EXPECT_GE(good, 8);
}

}  // namespace
}  // namespace nephele::ldap
