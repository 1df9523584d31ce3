// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "identity/testing/directory_fixture.h"

namespace nephele::identity {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr const char* here = "192.0.2.1";

class AccountsTest : public testing::DirectoryFixture {
 protected:
  std::vector<std::string> listed(AccountFilter filter) {
    std::vector<std::string> out;
    for (const auto& account : run(identity->list(std::move(filter))).value()) out.push_back(account.name);
    return out;
  }
  Kind refusal(NewAccount wanted) {
    const auto answer = run(identity->create(std::move(wanted)));
    EXPECT_FALSE(answer);
    return answer ? Kind::internal : answer.error().kind();
  }
};

TEST_P(AccountsTest, KeepsAllThatAnAccountMayHave) {
  add_domain("d1");
  const auto made = run(identity->create({.name = "Ada",
                                          .password = Secret("correct horse"),
                                          .enabled = false,
                                          .domain = DomainId("d1"),
                                          .email = "Ada@Example.org",
                                          .first_name = "Augusta Ada",
                                          .last_name = "King",
                                          .description = "wrote\nprograms",
                                          .default_project = ProjectId("p")}))
                        .value();
  for (const auto& account : {made, run(identity->find(made.id)).value()}) {
    EXPECT_EQ(account.name, "Ada");
    EXPECT_EQ(account.domain, DomainId("d1"));
    EXPECT_EQ(account.email, "Ada@Example.org");
    EXPECT_EQ(account.first_name, "Augusta Ada");
    EXPECT_EQ(account.last_name, "King");
    EXPECT_EQ(account.description, "wrote\nprograms");
    EXPECT_EQ(account.default_project, ProjectId("p"));
    EXPECT_FALSE(account.enabled);
    EXPECT_EQ(account.created, clock.now());
    EXPECT_GT(account.number, 0);
  }
}

TEST_P(AccountsTest, NamesAreTheirDomainsAndMailAddressesTheClouds) {
  add_domain("d1");
  run(identity->create({.name = "ada", .email = "ada@example.org"})).value();
  EXPECT_EQ(refusal({.name = "ADA"}), Kind::conflict);
  EXPECT_EQ(refusal({.name = "eve", .email = "ADA@example.ORG"}), Kind::conflict);
  EXPECT_EQ(refusal({.name = "eve", .domain = DomainId("none")}), Kind::not_found);
  EXPECT_EQ(refusal({.name = "eve", .domain = DomainId("d1"), .email = "ada@example.org"}), Kind::conflict);
  EXPECT_TRUE(run(identity->create({.name = "ada", .domain = DomainId("d1")})));
  EXPECT_TRUE(run(identity->create({.name = "bob"})));  // without an address, as many as you like
  EXPECT_EQ(run(identity->find("ada")).value().domain, DomainId("default"));
}

TEST_P(AccountsTest, RefusesWhatNoAccountMayHave) {
  EXPECT_EQ(refusal({.name = ""}), Kind::invalid);
  EXPECT_EQ(refusal({.name = "a\x1f"
                             "b"}),
            Kind::invalid);
  EXPECT_EQ(refusal({.name = "ada", .password = Secret("short")}), Kind::invalid);
  EXPECT_EQ(refusal({.name = "ada", .email = "ada"}), Kind::invalid);
  EXPECT_EQ(refusal({.name = "ada", .email = "a@b\r\nBcc: c@d"}), Kind::invalid);
  EXPECT_EQ(refusal({.name = "ada", .first_name = std::string(256, 'x')}), Kind::invalid);
  EXPECT_EQ(refusal({.name = "ada", .last_name = "\xFF"}), Kind::invalid);
  EXPECT_EQ(refusal({.name = "ada", .description = std::string(5000, 'x')}), Kind::invalid);
  EXPECT_EQ(refusal({.name = "ada", .default_project = ProjectId(std::string(65, 'x'))}), Kind::invalid);
  EXPECT_THAT(rows("SELECT id FROM identity_account"), IsEmpty());
}

TEST_P(AccountsTest, WithoutAPasswordNobodySignsIn) {
  const auto ada = add_account("ada");
  for (const std::string password : {"", "x", "correct horse"}) {
    EXPECT_EQ(run(identity->authenticate("ada", Secret(password), here)).error().kind(), Kind::unauthorized);
    EXPECT_EQ(run(identity->authenticate(ada, Secret(password), here)).error().kind(), Kind::unauthorized);
  }
}

TEST_P(AccountsTest, SignsInById) {
  add_domain("d1");
  const auto ada =
      run(identity->create({.name = "ada", .password = Secret("correct horse"), .domain = DomainId("d1")})).value();
  EXPECT_EQ(run(identity->authenticate(ada.id, Secret("correct horse"), here)).value().id, ada.id);
  EXPECT_EQ(run(identity->authenticate("ADA", Secret("correct horse"), here, DomainId("d1"))).value().id, ada.id);
  EXPECT_FALSE(run(identity->authenticate("ada", Secret("correct horse"), here)));  // another domain's
  const auto hashes = identity->figures().hashes;
  EXPECT_FALSE(run(identity->authenticate(AccountId("nobody"), Secret("correct horse"), here)));
  EXPECT_EQ(identity->figures().hashes, hashes + 1) << "an unknown id costs what a wrong password costs";
}

TEST_P(AccountsTest, ChangesWhatIsNamedAndNothingElse) {
  const auto ada = run(identity->create({.name = "ada", .email = "ada@example.org", .first_name = "A"})).value();
  add_account("bob");
  clock.advance(std::chrono::seconds{5});
  const auto changed = run(identity->change(ada.id, {.name = "Lady Ada", .description = "d"})).value();
  EXPECT_EQ(changed.name, "Lady Ada");
  EXPECT_EQ(changed.email, "ada@example.org");
  EXPECT_EQ(changed.first_name, "A");
  EXPECT_EQ(changed.description, "d");
  EXPECT_EQ(changed.version, ada.version + 1);
  EXPECT_EQ(changed.updated, clock.now());
  EXPECT_EQ(changed.created, ada.created);
  EXPECT_EQ(run(identity->find("lady ada")).value().id, ada.id);
  EXPECT_EQ(run(identity->find("ada")).error().kind(), Kind::not_found);
  EXPECT_EQ(run(identity->change(ada.id, {.name = "BOB"})).error().kind(), Kind::conflict);
  EXPECT_EQ(run(identity->change(ada.id, {.name = "LADY ADA"})).value().name, "LADY ADA");
  EXPECT_EQ(run(identity->change(ada.id, {.email = ""})).value().email, "");
  EXPECT_EQ(run(identity->change(ada.id, {.email = "no"})).error().kind(), Kind::invalid);
  EXPECT_EQ(run(identity->change(AccountId("none"), {.name = "x"})).error().kind(), Kind::not_found);
}

TEST_P(AccountsTest, DisablingAndANewPasswordEndTheTokens) {
  const auto ada = run(identity->create({.name = "ada", .password = Secret("correct horse")})).value();
  const auto token = [&] { return run(identity->issue_token(ada.id)).value().token; };
  const auto holds = [&](const Secret& it) { return run(identity->authenticate_token(Secret(it))).has_value(); };
  auto one = token();
  EXPECT_TRUE(run(identity->change(ada.id, {.first_name = "A"})));
  EXPECT_TRUE(holds(one));
  EXPECT_TRUE(run(identity->change(ada.id, {.password = Secret("battery staple")})));
  EXPECT_FALSE(holds(one));
  EXPECT_FALSE(run(identity->authenticate("ada", Secret("correct horse"), here)));
  EXPECT_TRUE(run(identity->authenticate("ada", Secret("battery staple"), here)));
  one = token();
  EXPECT_TRUE(run(identity->change(ada.id, {.enabled = false})));
  EXPECT_FALSE(holds(one));
  EXPECT_TRUE(run(identity->change(ada.id, {.enabled = true})));
  EXPECT_FALSE(holds(one)) << "what was ended stays ended";
}

TEST_P(AccountsTest, RemovedOnceAndForAll) {
  const auto ada = add_account("ada");
  EXPECT_TRUE(run(identity->remove(ada)));
  EXPECT_EQ(run(identity->remove(ada)).error().kind(), Kind::not_found);
  EXPECT_TRUE(run(identity->create({.name = "ada"})));  // the name is free again
}

TEST_P(AccountsTest, ListsInPagesAndByWhatIsAsked) {
  add_domain("d1");
  std::vector<AccountId> ids;
  for (const std::string name : {"carol", "Alice", "bob"}) ids.push_back(add_account(name));
  for (const std::string name : {"alice", "zoe"}) add_account(name, "d1");
  ASSERT_TRUE(run(identity->change(ids[0], {.enabled = false, .email = "carol@example.org"})));

  EXPECT_EQ(listed({}).size(), 5U);
  EXPECT_THAT(listed({.domain = "default"}), ElementsAre("carol", "Alice", "bob"));
  EXPECT_THAT(listed({.domain = "d1"}), ElementsAre("alice", "zoe"));
  EXPECT_THAT(listed({.domain = "none"}), IsEmpty());
  EXPECT_EQ(listed({.name = "ALICE"}).size(), 2U);
  EXPECT_THAT(listed({.name = "alice", .domain = "d1", .limit = 1}), ElementsAre("alice"));
  EXPECT_THAT(listed({.name = "alice", .domain = "default", .limit = 1}), ElementsAre("Alice"));
  EXPECT_THAT(listed({.name = "a:b"}), IsEmpty());
  EXPECT_THAT(listed({.name = "carol", .enabled = true}), IsEmpty());
  EXPECT_THAT(listed({.domain = "default", .enabled = true}), ElementsAre("Alice", "bob"));
  EXPECT_THAT(listed({.enabled = false}), ElementsAre("carol"));
  EXPECT_THAT(listed({.email = "CAROL@example.org"}), ElementsAre("carol"));
  EXPECT_THAT(listed({.email = "carol@example.org", .domain = "d1"}), IsEmpty());
  EXPECT_THAT(listed({.name = "bob", .email = "carol@example.org"}), IsEmpty());
  EXPECT_THAT(listed({.domain = "default", .after = ids[1]}), ElementsAre("bob"));
  EXPECT_EQ(run(identity->list({.after = AccountId("none")})).error().kind(), Kind::not_found);

  // Page by page everybody is seen once, over the borders of the domains.
  std::vector<std::string> seen;
  for (AccountFilter filter{.limit = 2};;) {
    const auto page = run(identity->list(filter)).value();
    for (const auto& account : page) seen.push_back(account.domain.text() + "/" + account.name);
    if (page.size() < 2) break;
    filter.after = page.back().id;
  }
  EXPECT_THAT(seen, ElementsAre("default/carol", "default/Alice", "default/bob", "d1/alice", "d1/zoe"));
}

TEST_P(AccountsTest, WhoIsRenamedBetweenTwoPagesIsInTheListOnce) {
  add_domain("d1");
  for (const std::string domain : {"default", "d1"}) {
    std::vector<AccountId> ids, seen;
    for (const std::string name : {"ann", "ben", "cleo", "dora"}) ids.push_back(add_account(name, domain));
    AccountFilter filter{.domain = domain == "d1" ? domain : "", .limit = 2};  // one of all first
    for (const auto& account : run(identity->list(filter)).value()) seen.push_back(account.id);
    ASSERT_TRUE(run(identity->change(ids[0], {.name = "zoe"})));   // by name he would come again
    ASSERT_TRUE(run(identity->change(ids[3], {.name = "abel"})));  // and he would be missed
    filter.after = seen.back();
    for (const auto& account : run(identity->list(filter)).value()) seen.push_back(account.id);
    EXPECT_EQ(seen, ids) << domain;
  }
}

TEST_P(AccountsTest, WhoIsMeantHasTheAddressBeforeTheName) {
  const auto named = add_account("ada@example.org");
  const auto owner = run(identity->create({.name = "Ada", .email = "ada@example.org"})).value();
  const auto meant = [&](const std::string& who) {
    const auto found = write([&](sql::Tx& tx) { return store::meant(tx, who); });
    return found ? found->id : AccountId("nobody");
  };
  EXPECT_EQ(meant("ADA@example.org"), owner.id);
  EXPECT_EQ(meant(named.text()), named);
  EXPECT_EQ(meant("ada"), owner.id);
  EXPECT_EQ(meant(std::to_string(owner.number)), AccountId("nobody"));
  EXPECT_EQ(meant("a\x01"), AccountId("nobody"));
  const auto by_administrator = [&](const std::string& who) {
    const auto found = write([&](sql::Tx& tx) { return store::meant_by_administrator(tx, who); });
    return found ? found->id : AccountId("nobody");
  };
  const auto confusing = add_account(std::to_string(owner.number));
  EXPECT_EQ(by_administrator(std::to_string(owner.number)), owner.id);
  EXPECT_EQ(by_administrator(confusing.text()), confusing);
  EXPECT_EQ(by_administrator("ada@example.org"), owner.id);
  EXPECT_EQ(by_administrator("99999999999999999999"), AccountId("nobody"));
}

INSTANTIATE_TEST_SUITE_P(Engines, AccountsTest, sql::testing::all_engines(), sql::testing::engine_name);

}  // namespace
}  // namespace nephele::identity
