// SPDX-License-Identifier: Apache-2.0
#include "identity/identity.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <future>

#include "identity/life/store.h"
#include "sql/testing/test_databases.h"
#include "sql/testing/with_loop.h"

namespace nephele::identity {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

constexpr const char* here = "192.0.2.1";
constexpr const char* elsewhere = "198.51.100.9";

class IdentityTest : protected sql::testing::WithLoop, public sql::testing::TestDatabases {
 protected:
  void SetUp() override {
    migrate(Identity::migrations());
    start(impatient());
  }

  static Settings impatient() {
    Settings settings;
    settings.slow_down_first = milliseconds{10};
    settings.slow_down_max = milliseconds{40};
    return settings;
  }
  void start(const Settings& settings) {
    identity = std::make_unique<Identity>(database(), key, clock, settings, log::Logger{});
  }

  template <class T>
  T run(Task<T> task) {
    return loop.run(std::move(task));
  }

  Result<Account> sign_in(std::string name, std::string password, std::string from = here) {
    return run(identity->authenticate(std::move(name), Secret(std::move(password)), std::move(from)));
  }
  Account create(std::string name, std::string password = "correct horse", bool admin = false) {
    return run(identity->create(std::move(name), Secret(std::move(password)), admin)).value();
  }
  Secret token_for(const Account& account) { return run(identity->issue_token(account.id)).value().token; }

  SecretKey key = SecretKey::random();
  ManualClock clock{from_ms(1'700'000'000'000)};
  std::unique_ptr<Identity> identity;
};

TEST_P(IdentityTest, IsEmptyUntilTheFirstAccountIsMade) {
  EXPECT_TRUE(run(identity->empty()).value());
  create("ada");
  EXPECT_FALSE(run(identity->empty()).value());
}

TEST_P(IdentityTest, LetsInWhoKnowsThePassword) {
  const Account made = create("Ada", "correct horse", true);
  const auto known = sign_in("Ada", "correct horse");
  ASSERT_TRUE(known) << known.error().sentence();
  EXPECT_EQ(known->id, made.id);
  EXPECT_EQ(known->name, "Ada");
  EXPECT_TRUE(known->admin);
  EXPECT_TRUE(known->enabled);
  EXPECT_EQ(known->created, clock.now());
  EXPECT_EQ(sign_in("aDA", "correct horse").value().id, made.id);
}

TEST_P(IdentityTest, TellsNobodyWhetherNameOrPasswordWasWrong) {
  create("ada");
  const auto wrong = sign_in("ada", "wrong");
  const auto unknown = sign_in("eve", "correct horse");
  const auto impossible = sign_in(std::string("a\0b\xFF", 4), "correct horse");
  ASSERT_FALSE(wrong);
  for (const auto* refused : {&wrong, &unknown, &impossible}) {
    ASSERT_FALSE(*refused);
    EXPECT_EQ(refused->error().kind(), Kind::unauthorized);
    EXPECT_EQ(refused->error().sentence(), wrong.error().sentence());
    EXPECT_THAT(refused->error().details(), IsEmpty());
  }
  EXPECT_EQ(identity->figures().hashes, 4U);  // one to create, one for each of the three
}

TEST_P(IdentityTest, TakesAnyBytesAsAPassword) {
  const std::string odd("pass:word\0\xFF\xC3", 12);
  create("ada", odd);
  EXPECT_TRUE(sign_in("ada", odd));
  EXPECT_FALSE(sign_in("ada", "pass:word"));
  EXPECT_FALSE(sign_in("ada", std::string(100'000, 'x')));
  EXPECT_FALSE(sign_in("", ""));
}

TEST_P(IdentityTest, HashesOnceForManyRequestsUntilTheTimeIsOver) {
  create("ada");
  for (int i = 0; i < 50; ++i) EXPECT_TRUE(sign_in("ada", "correct horse"));
  EXPECT_EQ(identity->figures().hashes, 2U);
  EXPECT_EQ(identity->figures().from_cache, 49U);
  clock.advance(milliseconds{9'999});
  EXPECT_TRUE(sign_in("ada", "correct horse"));
  EXPECT_EQ(identity->figures().hashes, 2U);
  clock.advance(milliseconds{1});
  EXPECT_TRUE(sign_in("ada", "correct horse"));
  EXPECT_EQ(identity->figures().hashes, 3U);
}

TEST_P(IdentityTest, HoldsAWrongPasswordAgainstNoVerifiedOne) {
  create("ada");
  EXPECT_TRUE(sign_in("ada", "correct horse"));
  EXPECT_FALSE(sign_in("ada", "wrong horse"));
  EXPECT_TRUE(sign_in("ada", "correct horse"));
  EXPECT_EQ(identity->figures().from_cache, 1U);
}

TEST_P(IdentityTest, DisablesAtOnceAlsoInAnotherProcess) {
  create("ada");
  Identity other(database(), key, clock, {}, {});
  EXPECT_TRUE(sign_in("ada", "correct horse"));
  EXPECT_TRUE(run(other.authenticate("ada", Secret("correct horse"), here)));
  EXPECT_TRUE(run(other.set_enabled("ADA", false)));
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(sign_in("ada", "correct horse").error().kind(), Kind::unauthorized);
    EXPECT_EQ(run(other.authenticate("ada", Secret("correct horse"), here)).error().kind(), Kind::unauthorized);
  }
  EXPECT_FALSE(run(identity->find("ada")).value().enabled);
  EXPECT_TRUE(run(other.set_enabled("ada", true)));
  EXPECT_TRUE(sign_in("ada", "correct horse"));
}

TEST_P(IdentityTest, ANewPasswordHoldsAtOnce) {
  create("ada");
  EXPECT_TRUE(sign_in("ada", "correct horse"));
  EXPECT_TRUE(run(identity->set_password("Ada", Secret("battery staple"))));
  EXPECT_EQ(sign_in("ada", "correct horse").error().kind(), Kind::unauthorized);
  EXPECT_TRUE(sign_in("ada", "battery staple"));
}

TEST_P(IdentityTest, DisablingHoldsAlsoForASignInUnderWay) {
  Settings slow;
  slow.slow_down_first = milliseconds{2'000};
  start(slow);
  create("ada");
  for (int i = 0; i < 3; ++i) EXPECT_FALSE(sign_in("ada", "wrong" + std::to_string(i)));
  auto late = loop.begin(identity->authenticate("ada", Secret("correct horse"), here));  // slowed down, then hashed
  EXPECT_TRUE(run(identity->set_enabled("ada", false)));
  EXPECT_EQ(late.get().error().kind(), Kind::unauthorized);
}

TEST_P(IdentityTest, VersionGrowsWithEachChangeAndOnlyThen) {
  const auto version = [&] { return run(identity->find("ada")).value().version; };
  create("ada");
  EXPECT_EQ(version(), 1);
  EXPECT_TRUE(run(identity->set_enabled("ada", true)));
  EXPECT_EQ(version(), 1);
  EXPECT_TRUE(run(identity->set_enabled("ada", false)));
  EXPECT_EQ(version(), 2);
  EXPECT_TRUE(run(identity->set_password("ada", Secret("battery staple"))));
  EXPECT_EQ(version(), 3);
  const auto account = run(identity->find("ada")).value();
  (void)run(identity->issue_token(account.id));
  EXPECT_EQ(version(), 3);
}

TEST_P(IdentityTest, AStormOfGuessesSlowsNeitherTheOwnerElsewhereNorOthers) {
  create("ada");
  create("bob");
  std::vector<std::future<Result<Account>>> storm;
  for (int i = 0; i < 300; ++i)
    storm.push_back(loop.begin(identity->authenticate("ada", Secret("guess" + std::to_string(i)), here)));
  EXPECT_TRUE(sign_in("ada", "correct horse", elsewhere));
  EXPECT_TRUE(sign_in("bob", "correct horse", here));
  // Verified a moment ago: the owner is not slowed even at the address that the guesses come from.
  EXPECT_TRUE(sign_in("ada", "correct horse", here));
  for (auto& one : storm) {
    const auto answer = one.get();
    ASSERT_FALSE(answer);
    EXPECT_THAT(answer.error().kind(), testing::AnyOf(Kind::unauthorized, Kind::busy));
  }
  EXPECT_LT(identity->figures().hashes, 40U);
}

TEST_P(IdentityTest, SixtyFourSignInsAtOnceAreAllAnswered) {
  std::vector<std::string> people;
  for (int i = 0; i < 64; ++i) people.push_back("user" + std::to_string(i));
  for (const auto& name : people) create(name);
  std::vector<std::future<Result<Account>>> answers;
  for (const auto& name : people) {
    answers.push_back(loop.begin(identity->authenticate(name, Secret("correct horse"), here)));
  }
  for (std::size_t i = 0; i < answers.size(); ++i) EXPECT_EQ(answers[i].get().value().name, people[i]);
}

TEST_P(IdentityTest, ANameIsTakenWithoutItsCase) {
  create("ada");
  const auto again = run(identity->create("ADA", Secret("correct horse"), false));
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().kind(), Kind::conflict);
  EXPECT_THAT(again.error().sentence(), HasSubstr("ADA"));
}

TEST_P(IdentityTest, OfManyWhoTakeANameAtOnceOneGetsIt) {
  std::vector<std::future<Result<Account>>> answers;
  for (int i = 0; i < 8; ++i) answers.push_back(loop.begin(identity->create("ada", Secret("correct horse"), false)));
  int made = 0;
  for (auto& answer : answers) made += answer.get() ? 1 : 0;
  EXPECT_EQ(made, 1);
}

TEST_P(IdentityTest, RefusesBadNamesAndPasswordsBeforeHashing) {
  EXPECT_EQ(run(identity->create("a:b", Secret("correct horse"), false)).error().kind(), Kind::invalid);
  EXPECT_EQ(run(identity->create("ada", Secret("short"), false)).error().kind(), Kind::invalid);
  EXPECT_EQ(run(identity->set_password("ada", Secret("short"))).error().kind(), Kind::invalid);
  EXPECT_EQ(identity->figures().hashes, 0U);
}

TEST_P(IdentityTest, KnowsNoAccountThatIsNotThere) {
  for (const std::string name : {"eve", "", "a:b"}) {
    EXPECT_EQ(run(identity->find(name)).error().kind(), Kind::not_found);
    EXPECT_EQ(run(identity->set_enabled(name, false)).error().kind(), Kind::not_found);
    EXPECT_EQ(run(identity->set_password(name, Secret("battery staple"))).error().kind(), Kind::not_found);
  }
}

TEST_P(IdentityTest, ThatGuessersOfAnAccountWereSlowedDownStandsInTheAuditLog) {
  const Account ada = create("ada");
  const auto told = [&](const AccountId& account) {
    std::vector<std::string> out;
    const auto events = database().read_now([&](sql::Tx& tx) { return life::store::audit_of(tx, account, 100); });
    for (const auto& each : events.value()) out.push_back(each.event + " by " + each.actor + ": " + each.details);
    return out;
  };
  const std::size_t before = told(ada.id).size();
  const auto guess = [&](int times, const char* name) {
    for (int i = 0; i < times; ++i) EXPECT_FALSE(sign_in(name, "guess " + std::to_string(i), elsewhere));
  };
  guess(2, "ada");
  EXPECT_EQ(told(ada.id).size(), before) << "he may mistype";
  guess(4, "ada");
  guess(6, "nobody");
  ASSERT_EQ(told(ada.id).size(), before + 1);
  const auto words = std::string("account.sign_in_slowed by ") + elsewhere + ": wrong passwords from " + elsewhere;
  EXPECT_EQ(told(ada.id).front(), words);
  EXPECT_THAT(told(AccountId()), ElementsAre(words)) << "an unknown name costs the same, and is not shown";
}

TEST_P(IdentityTest, ATokenStandsForItsAccount) {
  const Account ada = create("ada");
  const auto issued = run(identity->issue_token(ada.id)).value();
  EXPECT_GE(issued.token.reveal().size(), 40U);
  EXPECT_EQ(issued.expires, clock.now() + std::chrono::hours{24});
  EXPECT_EQ(run(identity->authenticate_token(issued.token)).value().account.id, ada.id);
  EXPECT_NE(token_for(ada).reveal(), issued.token.reveal());
}

TEST_P(IdentityTest, ATokenEnds) {
  const Account ada = create("ada");
  const auto refused = [&](const Secret& token) {
    const auto answer = run(identity->authenticate_token(token));
    return !answer && answer.error().kind() == Kind::unauthorized;
  };
  EXPECT_TRUE(refused(Secret("")));
  EXPECT_TRUE(refused(Secret("made up")));
  EXPECT_TRUE(refused(Secret(std::string(1'000'000, 'x'))));
  EXPECT_TRUE(refused(Secret(std::string("\0\xFF", 2))));

  const auto revoked = run(identity->issue_token(ada.id)).value();
  EXPECT_TRUE(run(identity->revoke_token(revoked.id)));
  EXPECT_TRUE(run(identity->revoke_token(revoked.id)));  // gone already
  EXPECT_TRUE(refused(revoked.token));

  const Secret aged = token_for(ada);
  clock.advance(std::chrono::hours{24} - milliseconds{1});
  EXPECT_FALSE(refused(aged));
  clock.advance(milliseconds{1});
  EXPECT_TRUE(refused(aged));

  const Secret before_disabling = token_for(ada);
  EXPECT_TRUE(run(identity->set_enabled("ada", false)));
  EXPECT_TRUE(refused(before_disabling));
  EXPECT_EQ(run(identity->issue_token(ada.id)).error().kind(), Kind::not_found);
  EXPECT_TRUE(run(identity->set_enabled("ada", true)));
  EXPECT_TRUE(refused(before_disabling));

  const Secret before_new_password = token_for(ada);
  EXPECT_TRUE(run(identity->set_password("ada", Secret("battery staple"))));
  EXPECT_TRUE(refused(before_new_password));
}

TEST_P(IdentityTest, IssuesNoTokenForAnUnknownAccount) {
  EXPECT_EQ(run(identity->issue_token(AccountId("nobody"))).error().kind(), Kind::not_found);
}

TEST_P(IdentityTest, KeepsTheNewestTokensOfAnAccount) {
  Settings few = impatient();
  few.tokens_per_account = 3;
  start(few);
  const Account ada = create("ada");
  const Secret bobs = token_for(create("bob"));
  std::vector<Secret> tokens;
  for (int i = 0; i < 5; ++i) {
    tokens.push_back(token_for(ada));
    clock.advance(seconds{1});
  }
  std::vector<bool> valid;
  for (const auto& token : tokens) valid.push_back(run(identity->authenticate_token(token)).has_value());
  EXPECT_THAT(valid, ElementsAre(false, false, true, true, true));
  EXPECT_TRUE(run(identity->authenticate_token(bobs)));
}

TEST_P(IdentityTest, StoresNeitherPasswordsNorTokens) {
  const Account ada = create("ada", "correct horse");
  const Secret token = token_for(ada);
  constexpr sql::Statement accounts{"test.accounts", "SELECT password_hash FROM identity_account"};
  constexpr sql::Statement tokens{"test.tokens", "SELECT token_hash FROM identity_token"};
  const auto kept = database().read_now([&](sql::Tx& tx) { return tx.one(accounts).text(0) + tx.one(tokens).text(0); });
  EXPECT_THAT(kept.value(), HasSubstr("$argon2id$"));
  EXPECT_THAT(kept.value(), Not(HasSubstr("correct horse")));
  EXPECT_THAT(kept.value(), Not(HasSubstr(token.reveal())));
}

TEST_P(IdentityTest, DjangosHashesLetInAndGiveWay) {
  const std::string hash = "pbkdf2_sha1$1000$seasalt2$z8uI+Wl4zj9ngVTOBcFxL2SxGng=";  // of "correct horse"
  const Account ada = run(identity->create({.name = "ada", .password_hash = hash})).value();
  const auto kept = [&] {
    constexpr sql::Statement read{"test.hash", "SELECT password_hash FROM identity_account"};
    return database().read_now([&](sql::Tx& tx) { return tx.one(read).text(0); }).value();
  };
  EXPECT_EQ(kept(), hash);
  const Secret token = token_for(ada);
  EXPECT_FALSE(run(identity->authenticate("ada", Secret("battery staple"), "192.0.2.1")));
  EXPECT_EQ(kept(), hash);
  EXPECT_EQ(run(identity->authenticate("ada", Secret("correct horse"), "192.0.2.1")).value().version, ada.version);
  EXPECT_THAT(kept(), HasSubstr("$argon2id$"));
  EXPECT_TRUE(run(identity->authenticate_token(token))) << "the password is the same";
  EXPECT_FALSE(run(identity->authenticate("ada", Secret("battery staple"), "192.0.2.2")));
  Identity other(database(), key, clock, {}, {});
  EXPECT_TRUE(run(other.authenticate("ada", Secret("correct horse"), "192.0.2.1")));

  ASSERT_TRUE(run(identity->change(ada.id, {.password_hash = hash})));
  EXPECT_FALSE(run(identity->authenticate_token(token)));
  std::vector<std::future<Result<Account>>> at_once;
  for (int i = 0; i < 8; ++i)
    at_once.push_back(
        loop.begin(identity->authenticate("ada", Secret("correct horse"), "192.0.2." + std::to_string(10 + i))));
  for (auto& each : at_once) EXPECT_TRUE(each.get());
  EXPECT_THAT(kept(), HasSubstr("$argon2id$"));
  for (const char* bad : {"md5$x$y", "pbkdf2_sha256$9999999$s$aGFzaA=="}) {
    EXPECT_EQ(run(identity->create({.name = "bob", .password_hash = bad})).error().kind(), Kind::invalid);
    EXPECT_EQ(run(identity->change(ada.id, {.password_hash = bad})).error().kind(), Kind::invalid);
  }
}

TEST_P(IdentityTest, WhileOneHasADjangoHashAWrongPasswordOfAnybodyCostsAsMuch) {
  const auto hashed = [](const std::string& iterations) {
    return "pbkdf2_sha1$" + iterations + "$seasalt2$z8uI+Wl4zj9ngVTOBcFxL2SxGng=";  // of 1000: "correct horse"
  };
  create("ada", "correct horse");
  const auto off = create("off", "correct horse");
  ASSERT_TRUE(run(identity->change(off.id, {.enabled = false})));
  int place = 0;
  const auto costs = [&](Identity& there, const std::string& name, const std::string& password = "battery staple") {
    const auto before = there.figures();
    const auto from = "192.0.2." + std::to_string(++place);
    EXPECT_FALSE(run(there.authenticate(name, Secret(password), from))) << name;
    const auto after = there.figures();
    EXPECT_EQ(after.hashes - before.hashes, 1U) << name;
    return after.iterations - before.iterations;
  };
  EXPECT_EQ(costs(*identity, "ada"), 0U);

  // Another process imports them: this one knows at once.
  Identity other(database(), key, clock, {}, {});
  const auto bob = run(other.create({.name = "bob", .password_hash = hashed("1000")})).value();
  const auto eve = run(other.create({.name = "eve", .password_hash = hashed("4000")})).value();
  for (const char* name : {"ada", "bob", "eve", "nobody", "no:name", "", "off"})
    EXPECT_EQ(costs(*identity, name), 4000U) << name;
  EXPECT_EQ(costs(*identity, "off", "correct horse"), 4000U);
  const auto before = identity->figures();
  EXPECT_FALSE(run(identity->authenticate(AccountId("nobody's id"), Secret("battery staple"), "192.0.3.1")));
  EXPECT_EQ(identity->figures().iterations - before.iterations, 4000U);
  const auto right = identity->figures();
  EXPECT_TRUE(run(identity->authenticate("ada", Secret("correct horse"), "192.0.3.2")));
  EXPECT_EQ(identity->figures().iterations, right.iterations) << "who knows his password learns nothing by the time";

  ASSERT_TRUE(run(other.remove(eve.id)));
  EXPECT_EQ(costs(*identity, "ada"), 1000U);
  ASSERT_TRUE(run(other.change(bob.id, {.password_hash = hashed("3000")})));
  EXPECT_EQ(costs(*identity, "nobody"), 3000U);
  ASSERT_TRUE(run(other.change(bob.id, {.password_hash = hashed("1000")})));
  EXPECT_TRUE(run(other.authenticate("bob", Secret("correct horse"), "192.0.3.3")));
  for (const char* name : {"ada", "bob", "nobody"}) EXPECT_EQ(costs(*identity, name), 0U) << name;
  ASSERT_TRUE(run(other.change(bob.id, {.password_hash = hashed("1000")})));
  ASSERT_TRUE(run(other.set_password("bob", Secret("battery charger"))));
  EXPECT_EQ(costs(*identity, "ada"), 0U);
}

TEST_P(IdentityTest, AnotherKeyOpensNoOldToken) {
  const Secret token = token_for(create("ada"));
  const SecretKey other_key = SecretKey::random();
  Identity other(database(), other_key, clock, {}, {});
  EXPECT_FALSE(run(other.authenticate_token(token)));
}

INSTANTIATE_TEST_SUITE_P(Engines, IdentityTest, sql::testing::all_engines(), sql::testing::engine_name);

}  // namespace
}  // namespace nephele::identity
