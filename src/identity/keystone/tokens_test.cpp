// SPDX-License-Identifier: Apache-2.0
#include "identity/keystone/tokens.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "identity/keystone/keystone.h"
#include "identity/life/store.h"
#include "identity/testing/directory_fixture.h"

namespace nephele::identity::keystone {
namespace {

using identity::testing::a_credential;
using identity::testing::a_group;
using identity::testing::a_project;
using identity::testing::a_role;
using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;
namespace names = directory::store;

constexpr const char* here = "192.0.2.1";
constexpr const char* right = "correct horse";

/// ada is a member of project p in domain d, by herself. The roles are those of every cloud.
class TokensTest : public identity::testing::DirectoryFixture {
 protected:
  void SetUp() override {
    DirectoryFixture::SetUp();
    ASSERT_TRUE(run(seed(database(), clock, "http://cloud")));
    tokens = std::make_unique<Tokens>(*identity, database(), clock);
    add_domain("d");
    ada = run(identity->create({.name = "ada", .password = Secret(right), .domain = DomainId("d")})).value().id;
    write([&](sql::Tx& tx) {
      names::insert(tx, a_project("p", "d", "p"), "p");
      names::insert(tx, a_project("q", "d", "q"), "q");
    });
    grant(user(ada), project("p"), "member");
  }

  static Target project(const std::string& id) { return {TargetKind::project, id}; }
  static Target domain(const std::string& id) { return {TargetKind::domain, id}; }
  static Target system() { return {TargetKind::system, "all"}; }
  static Actor user(const AccountId& id) { return {ActorKind::user, id.text()}; }
  RoleId role(std::string_view name) {
    return write([&](sql::Tx& tx) { return names::role_named(tx, DomainId(), name); }).value().id;
  }
  void grant(const Actor& actor, const Target& target, std::string_view name, bool inherited = false) {
    const auto id = role(name);
    write([&](sql::Tx& tx) { names::insert(tx, Assignment{actor, target, id, inherited}); });
  }
  void withdraw(const Actor& actor, const Target& target, std::string_view name) {
    const auto id = role(name);
    write([&](sql::Tx& tx) { EXPECT_TRUE(names::remove(tx, Assignment{actor, target, id})); });
  }

  AuthRequest by_password(WantedScope scope = {}, std::string password = right) const {
    return {.method = PasswordMethod{.user = {.id = ada.text(), .name = {}, .domain = {}},
                                     .password = Secret(std::move(password))},
            .scope = std::move(scope)};
  }
  static WantedScope for_project(const std::string& id) {
    return ProjectScope{.project = {.id = id, .name = {}, .domain = {}}};
  }
  static WantedScope for_domain(const std::string& id) { return DomainScope{.domain = {.id = id, .name = {}}}; }
  static AuthRequest by_token(const Secret& token, WantedScope scope = {}) {
    return {.method = TokenMethod{.token = Secret(token)}, .scope = std::move(scope)};
  }
  static AuthRequest by_credential(const std::string& id, const std::string& secret) {
    return {.method = CredentialMethod{.id = id, .name = {}, .user = {}, .secret = Secret(secret)}, .scope = {}};
  }

  Result<Issued> issue(AuthRequest request) { return run(tokens->issue(std::move(request), here)); }
  Secret issued(AuthRequest request) {
    auto answer = issue(std::move(request));
    EXPECT_TRUE(answer) << answer.error().sentence();
    return answer ? std::move(answer->token) : Secret();
  }
  Result<Standing> standing(const Secret& token) { return run(tokens->standing(Secret(token))); }
  bool holds(const Secret& token) {
    const auto answer = standing(token);
    EXPECT_TRUE(answer || answer.error().kind() == Kind::unauthorized) << answer.error().sentence();
    return answer.has_value();
  }
  std::vector<std::string> roles(const Secret& token) {
    std::vector<std::string> out;
    if (const auto answer = standing(token))
      for (const auto& each : answer->roles) out.push_back(each.name);
    return out;
  }
  /// Made in project p, with these roles.
  void add_credential(const std::string& id, const std::vector<std::string_view>& named, bool unrestricted = false,
                      std::optional<Time> expires = {}) {
    std::vector<std::string> ids;
    for (const auto name : named) ids.push_back(role(name).text());
    auto stored = a_credential(id, ada, "p", ids, run(identity->hash_secret(Secret("s" + id))).value());
    stored.credential.unrestricted = unrestricted;
    stored.credential.expires = expires;
    write([&](sql::Tx& tx) { EXPECT_TRUE(names::insert(tx, stored)); });
  }

  std::unique_ptr<Tokens> tokens;
  AccountId ada;
};

TEST_P(TokensTest, SeedingTwiceChangesNothing) {
  const auto before = contents();
  ASSERT_TRUE(run(seed(database(), clock, "http://cloud")));
  EXPECT_EQ(contents(), before);
  EXPECT_THAT(rows("SELECT url FROM identity_endpoint WHERE interface = 'public'"),
              ElementsAre("http://cloud/identity/v3"));
  ASSERT_TRUE(run(seed(database(), clock, "https://moved")));
  EXPECT_EQ(contents(), before);
  EXPECT_THAT(rows("SELECT DISTINCT url FROM identity_endpoint"), ElementsAre("https://moved/identity/v3"));
}

TEST_P(TokensTest, OfSeveralProcessesThatStartAtOnceOneSeeds) {
  const auto before = contents();
  write([](sql::Tx& tx) { names::remove(tx, names::services(tx, "identity", "").front().id); });
  std::vector<std::future<Result<>>> starts;
  for (int i = 0; i < 8; ++i) starts.push_back(loop.begin(seed(database(), clock, "http://cloud")));
  for (auto& one : starts) EXPECT_TRUE(one.get());
  EXPECT_EQ(contents(), before);
}

TEST_P(TokensTest, AnAdministratorMayEverything) {
  ASSERT_TRUE(run(make_administrator(database(), clock, ada)));
  ASSERT_TRUE(run(make_administrator(database(), clock, ada)));
  const auto admin = write([](sql::Tx& tx) { return names::project_named(tx, DomainId("default"), "admin"); }).value();
  for (const WantedScope& scope : {for_project(admin.id.text()), for_domain("default"), WantedScope(SystemScope{})})
    EXPECT_THAT(roles(issued(by_password(scope))), UnorderedElementsAre("admin", "member", "reader"));
}

TEST_P(TokensTest, UnscopedByIdByNameAndByDomainName) {
  for (const auto& ref : {NamedRef{.id = ada.text(), .name = {}, .domain = {}},
                          NamedRef{.id = {}, .name = "ADA", .domain = {.id = "d", .name = {}}},
                          NamedRef{.id = {}, .name = "ada", .domain = {.id = {}, .name = "D"}}}) {
    const auto token = issued({.method = PasswordMethod{.user = ref, .password = Secret(right)}, .scope = {}});
    const auto found = standing(token);
    ASSERT_TRUE(found);
    EXPECT_EQ(found->token.account.id, ada);
    EXPECT_EQ(found->user_domain.id, DomainId("d"));
    EXPECT_FALSE(found->token.grant.scope);
    EXPECT_THAT(found->roles, IsEmpty());
    EXPECT_FALSE(found->admin());
  }
}

TEST_P(TokensTest, WhateverIsWrongIsToldInTheSameWords) {
  std::vector<AuthRequest> wrong;
  wrong.push_back(by_password({}, "wrong"));
  for (const auto& ref : {NamedRef{.id = "nobody", .name = {}, .domain = {}},
                          NamedRef{.id = {}, .name = "nobody", .domain = {.id = "d", .name = {}}},
                          NamedRef{.id = {}, .name = "ada", .domain = {.id = "default", .name = {}}},
                          NamedRef{.id = {}, .name = "ada", .domain = {.id = {}, .name = "no such domain"}},
                          NamedRef{.id = {}, .name = "ada", .domain = {.id = {}, .name = "\n"}},
                          NamedRef{.id = {}, .name = "ada", .domain = {.id = std::string(10'000, 'x'), .name = {}}},
                          NamedRef{.id = std::string(10'000, 'x'), .name = {}, .domain = {}},
                          NamedRef{.id = {}, .name = std::string(10'000, 'x'), .domain = {.id = "d", .name = {}}},
                          NamedRef{.id = {}, .name = "a\xFF", .domain = {.id = "d", .name = {}}},
                          NamedRef{.id = {}, .name = "a' OR 1=1 --", .domain = {.id = "d", .name = {}}}})
    wrong.push_back({.method = PasswordMethod{.user = ref, .password = Secret(right)}, .scope = {}});
  wrong.push_back(by_password(for_project("none")));
  wrong.push_back(by_password(for_project("q")));  // she has no role there
  wrong.push_back(by_password(for_domain("d")));
  wrong.push_back(by_password(for_domain("none")));
  wrong.push_back(by_password(SystemScope{}));
  wrong.push_back(by_token(Secret("nonsense")));
  wrong.push_back(by_credential("none", "secret"));
  for (auto& request : wrong) {
    const auto answer = issue(std::move(request));
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().kind(), Kind::unauthorized);
    EXPECT_EQ(answer.error().sentence(), "The request you have made requires authentication.");
    EXPECT_THAT(answer.error().details(), IsEmpty());
  }
  EXPECT_THAT(rows("SELECT id FROM identity_token"), IsEmpty());
}

TEST_P(TokensTest, AWrongUserCostsWhatAWrongPasswordCosts) {
  const auto hashes = [&](AuthRequest request) {
    const auto before = identity->figures().hashes;
    EXPECT_FALSE(issue(std::move(request)));
    return identity->figures().hashes - before;
  };
  EXPECT_EQ(hashes(by_password({}, "wrong")), 1U);
  const auto named = [](NamedRef ref) {
    return AuthRequest{.method = PasswordMethod{.user = std::move(ref), .password = Secret("wrong")}, .scope = {}};
  };
  EXPECT_EQ(hashes(named({.id = "nobody", .name = {}, .domain = {}})), 1U);
  EXPECT_EQ(hashes(named({.id = {}, .name = "nobody", .domain = {.id = "d", .name = {}}})), 1U);
  EXPECT_EQ(hashes(named({.id = {}, .name = "ada", .domain = {.id = {}, .name = "none"}})), 1U);
  EXPECT_EQ(hashes(by_credential("nobody", "wrong")), 1U);
}

TEST_P(TokensTest, AProjectByIdAndByName) {
  for (const WantedScope& scope :
       {for_project("p"), WantedScope(ProjectScope{{.id = {}, .name = "P", .domain = {.id = "d", .name = {}}}}),
        WantedScope(ProjectScope{{.id = {}, .name = "p", .domain = {.id = {}, .name = "d"}}})}) {
    const auto found = standing(issued(by_password(scope)));
    ASSERT_TRUE(found);
    EXPECT_EQ(found->project->id, ProjectId("p"));
    EXPECT_EQ(found->domain->id, DomainId("d"));
    EXPECT_EQ(found->token.grant.scope, project("p"));
    EXPECT_TRUE(found->has_role("member"));
    EXPECT_TRUE(found->has_role("reader"));  // implied
    EXPECT_FALSE(found->has_role("admin"));
  }
}

TEST_P(TokensTest, TheDefaultProjectIsTakenWhereHeHasBusiness) {
  ASSERT_TRUE(run(identity->change(ada, {.default_project = ProjectId("p")})));
  EXPECT_EQ(issue(by_password()).value().standing.token.grant.scope, project("p"));
  EXPECT_EQ(issue(by_password(Unscoped{})).value().standing.token.grant.scope, std::nullopt);
  ASSERT_TRUE(run(identity->change(ada, {.default_project = ProjectId("q")})));
  EXPECT_EQ(issue(by_password()).value().standing.token.grant.scope, std::nullopt);
}

TEST_P(TokensTest, ARoleThatIsWithdrawnEndsItsTokensAtOnceAlsoInAnotherProcess) {
  const auto other_database = fresh().open();
  Identity other_identity(*other_database, key, clock, Settings{}, log::Logger{});
  Tokens other(other_identity, *other_database, clock);
  const auto holds_there = [&](const Secret& token) { return run(other.standing(Secret(token))).has_value(); };
  grant(user(ada), domain("d"), "reader");
  grant(user(ada), system(), "reader");
  const struct {
    WantedScope scope;
    Target target;
    std::string_view role;
  } cases[] = {{for_project("p"), project("p"), "member"},
               {for_domain("d"), domain("d"), "reader"},
               {SystemScope{}, system(), "reader"}};
  const Secret unscoped = issued(by_password());
  for (const auto& [scope, target, name] : cases) {
    const Secret token = issued(by_password(scope));
    for (int i = 0; i < 2; ++i) {
      EXPECT_TRUE(holds(token));
      EXPECT_TRUE(holds_there(token));
    }
    withdraw(user(ada), target, name);
    for (int i = 0; i < 2; ++i) {
      EXPECT_FALSE(holds_there(token));
      EXPECT_FALSE(holds(token));
    }
    EXPECT_FALSE(issue(by_password(scope)));
    grant(user(ada), target, name);
    EXPECT_TRUE(holds(token));
  }
  EXPECT_TRUE(holds(unscoped));
}

TEST_P(TokensTest, RevocationHoldsAtOnceAlsoInAnotherProcess) {
  const auto other_database = fresh().open();
  Identity other_identity(*other_database, key, clock, Settings{}, log::Logger{});
  Tokens other(other_identity, *other_database, clock);
  for (const WantedScope& scope : {WantedScope(), for_project("p")}) {
    const Secret token = issued(by_password(scope));
    const Secret bystander = issued(by_password(scope));
    ASSERT_TRUE(run(other.standing(Secret(token))));
    ASSERT_TRUE(run(tokens->revoke(standing(token).value())));
    EXPECT_FALSE(run(other.standing(Secret(token))));
    EXPECT_FALSE(holds(token));
    EXPECT_TRUE(holds(bystander));
  }
}

TEST_P(TokensTest, DisablingAUserADomainOrAProjectEndsWhatHangsOnIt) {
  const Secret unscoped = issued(by_password());
  const Secret scoped = issued(by_password(for_project("p")));
  const auto set_domain = [&](bool enabled) {
    write([&](sql::Tx& tx) { names::update(tx, Domain{.id = DomainId("d"), .name = "d", .enabled = enabled}, "d"); });
  };
  const auto set_project = [&](bool enabled) {
    auto changed = a_project("p", "d", "p");
    changed.enabled = enabled;
    write([&](sql::Tx& tx) { names::update(tx, changed, "p"); });
  };
  set_project(false);
  EXPECT_TRUE(holds(unscoped));
  EXPECT_FALSE(holds(scoped));
  EXPECT_FALSE(issue(by_password(for_project("p"))));
  set_project(true);
  EXPECT_TRUE(holds(scoped));
  set_domain(false);
  EXPECT_FALSE(holds(unscoped));
  EXPECT_FALSE(holds(scoped));
  EXPECT_FALSE(issue(by_password()));
  set_domain(true);
  EXPECT_TRUE(holds(unscoped));
  write([](sql::Tx& tx) { identity::store::remove_tokens_within(tx, DomainId("d")); });  // as the API does it
  EXPECT_FALSE(holds(unscoped));
  EXPECT_FALSE(holds(scoped));
  const Secret again = issued(by_password(for_project("p")));
  ASSERT_TRUE(run(identity->change(ada, {.enabled = false})));
  EXPECT_FALSE(holds(again));
  EXPECT_FALSE(issue(by_password()));
}

TEST_P(TokensTest, RolesByGroupComeAndGoWithTheMembership) {
  write([&](sql::Tx& tx) { names::insert(tx, a_group("g", "d", "g"), "g"); });
  grant({ActorKind::group, "g"}, project("q"), "admin");
  EXPECT_FALSE(issue(by_password(for_project("q"))));
  write([&](sql::Tx& tx) { names::add_member(tx, GroupId("g"), ada); });
  const Secret token = issued(by_password(for_project("q")));
  EXPECT_THAT(roles(token), UnorderedElementsAre("admin", "member", "reader"));
  EXPECT_TRUE(standing(token)->admin());
  write([&](sql::Tx& tx) { names::remove_member(tx, GroupId("g"), ada); });
  EXPECT_FALSE(holds(token));
}

TEST_P(TokensTest, ARoleThatIsRemovedOrRenamedGivesNoRights) {
  grant(user(ada), project("p"), "admin");
  const Secret token = issued(by_password(for_project("p")));
  ASSERT_TRUE(standing(token)->admin());
  const auto id = role("admin");
  write([&](sql::Tx& tx) { names::update(tx, a_role(id.text(), "", "former"), "former"); });
  EXPECT_FALSE(standing(token)->admin());
  write([&](sql::Tx& tx) { names::remove(tx, id); });
  EXPECT_THAT(roles(token), UnorderedElementsAre("member", "reader"));
}

TEST_P(TokensTest, ATokenFromATokenEndsWithIt) {
  const auto first = issue(by_password()).value();
  clock.advance(hours{23});
  const auto second = issue(by_token(first.token, for_project("p"))).value();
  EXPECT_EQ(second.standing.token.expires, first.standing.token.expires);
  EXPECT_EQ(second.standing.token.issued, clock.now());
  EXPECT_EQ(second.standing.token.grant.methods, "password,token");
  EXPECT_EQ(second.standing.token.grant.parent, first.standing.token.id.text());
  const auto third = issue(by_token(second.token)).value();
  EXPECT_EQ(third.standing.token.grant.methods, "password,token");
  EXPECT_EQ(third.standing.token.expires, first.standing.token.expires);
  clock.advance(hours{1} - seconds{1});
  EXPECT_TRUE(holds(third.token));
  clock.advance(seconds{1});
  for (const auto* each : {&first.token, &second.token, &third.token}) EXPECT_FALSE(holds(*each));
  EXPECT_FALSE(issue(by_token(first.token)));
}

TEST_P(TokensTest, SignInsStandInTheAuditLogTheNewestOfThem) {
  add_credential("c1", {"member"});
  const auto told = [&] {
    std::vector<std::string> out;
    const auto events = database().read_now(
        [&](sql::Tx& tx) { return life::store::audit_of(tx, ada, 10 * life::store::sign_ins_kept); });
    for (const auto& each : events.value()) out.push_back(each.event + ": " + each.details);
    return out;
  };
  const std::size_t before = told().size();
  const auto first = issue(by_password()).value();
  clock.advance(seconds{1});
  ASSERT_TRUE(issue(by_token(first.token)));
  ASSERT_TRUE(issue(by_credential("c1", "sc1")));
  ASSERT_FALSE(issue(by_password({}, "wrong")));
  auto now = told();
  ASSERT_EQ(now.size(), before + 2);
  now.resize(2);
  EXPECT_THAT(now, ElementsAre("account.signed_in: by application credential from 192.0.2.1",
                               "account.signed_in: by password for a token from 192.0.2.1"));
  for (std::size_t i = 0; i < life::store::sign_ins_kept; ++i) {
    clock.advance(seconds{1});
    write([&](sql::Tx& tx) { life::store::insert_signed_in(tx, ada, std::to_string(i), clock.now()); });
  }
  now = told();
  EXPECT_EQ(now.size(), before + life::store::sign_ins_kept) << "what is no sign-in stays";
  EXPECT_EQ(now.front(), "account.signed_in: " + std::to_string(life::store::sign_ins_kept - 1));
}

TEST_P(TokensTest, AnApplicationCredentialHasItsRolesInItsProject) {
  grant(user(ada), project("p"), "admin");
  ASSERT_TRUE(run(identity->change(ada, {.admin = true})));
  add_credential("c", {"reader"});
  const auto made = issue(by_credential("c", "sc")).value();
  EXPECT_EQ(made.standing.token.grant.scope, project("p"));
  EXPECT_EQ(made.standing.token.grant.credential, CredentialId("c"));
  EXPECT_EQ(made.standing.token.grant.methods, "application_credential");
  EXPECT_THAT(roles(made.token), ElementsAre("reader"));
  EXPECT_FALSE(standing(made.token)->admin()) << "her own rights are not the credential's";
  EXPECT_EQ(issue(by_credential("c", "wrong")).error().kind(), Kind::unauthorized);
  EXPECT_EQ(issue(by_token(made.token)).error().kind(), Kind::forbidden);
  EXPECT_EQ(issue(by_token(made.token, for_project("q"))).error().kind(), Kind::forbidden);

  AuthRequest by_name{.method = CredentialMethod{.id = {},
                                                 .name = "c",
                                                 .user = {.id = {}, .name = "ada", .domain = {.id = {}, .name = "d"}},
                                                 .secret = Secret("sc")},
                      .scope = {}};
  EXPECT_TRUE(issue(std::move(by_name)));
  // What she no longer has, it no longer has.
  withdraw(user(ada), project("p"), "admin");
  EXPECT_THAT(roles(made.token), ElementsAre("reader"));  // member implies it still
  withdraw(user(ada), project("p"), "member");
  EXPECT_FALSE(holds(made.token));
  EXPECT_FALSE(issue(by_credential("c", "sc")));
}

TEST_P(TokensTest, AnApplicationCredentialEndsWithItsTokens) {
  add_credential("short", {"member"}, false, clock.now() + minutes{10});
  add_credential("gone", {"member"});
  const auto brief = issue(by_credential("short", "sshort")).value();
  EXPECT_EQ(brief.standing.token.expires, clock.now() + minutes{10});
  const auto other = issue(by_credential("gone", "sgone")).value();
  clock.advance(minutes{10});
  EXPECT_FALSE(holds(brief.token));
  EXPECT_FALSE(issue(by_credential("short", "sshort")));
  EXPECT_TRUE(holds(other.token));
  write([](sql::Tx& tx) { names::remove(tx, CredentialId("gone")); });
  EXPECT_FALSE(holds(other.token));
  EXPECT_FALSE(issue(by_credential("gone", "sgone")));
  add_credential("third", {"member"});
  const Secret third = issued(by_credential("third", "sthird"));
  ASSERT_TRUE(run(identity->change(ada, {.enabled = false})));
  EXPECT_FALSE(holds(third));
  EXPECT_FALSE(issue(by_credential("third", "sthird")));
}

TEST_P(TokensTest, ADozenSignInsAtOnceHashOnce) {
  const auto before = identity->figures().hashes;
  std::vector<std::future<Result<Issued>>> uploads;
  for (int i = 0; i < 12; ++i) uploads.push_back(loop.begin(tokens->issue(by_password(for_project("p")), here)));
  for (auto& one : uploads) EXPECT_TRUE(one.get());
  EXPECT_EQ(identity->figures().hashes, before + 1);
}

TEST_P(TokensTest, HostileTokensAreRefused) {
  for (const std::string& text : {std::string(), std::string("x"), std::string(10'000, 'x'), std::string("a\0b", 3),
                                  std::string("\xFF\xFE"), std::string("' OR '1'='1")})
    EXPECT_FALSE(holds(Secret(text)));
}

INSTANTIATE_TEST_SUITE_P(Engines, TokensTest, sql::testing::all_engines(), sql::testing::engine_name);

}  // namespace
}  // namespace nephele::identity::keystone
