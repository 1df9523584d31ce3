// SPDX-License-Identifier: Apache-2.0
#include "identity/astakos/components.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "identity/astakos/identity_callers.h"
#include "identity/directory/catalog_store.h"
#include "identity/keystone/keystone.h"
#include "identity/life/life.h"
#include "sql/testing/test_databases.h"
#include "sql/testing/with_loop.h"

namespace nephele::identity::astakos {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr std::string_view exported = R"({
  "cyclades_compute": {
    "component": "cyclades", "type": "compute", "prefix": "compute", "public": true,
    "endpoints": [{"versionId": "v2.0", "publicURL": "https://cyclades.example.org/compute/v2.0"}],
    "resources": {
      "vm": {"name": "cyclades.vm", "desc": "Number of machines", "service_type": "compute",
             "service_origin": "cyclades_compute", "ui_visible": true, "api_visible": true}}},
  "cyclades_hidden": {"component": "cyclades", "type": "admin", "public": false, "endpoints": [], "resources": {}}})";

class ComponentsTest : protected sql::testing::WithLoop, public sql::testing::TestDatabases {
 protected:
  void SetUp() override {
    migrate(Identity::migrations());
    quotas = std::make_unique<quota::Quotas>(database(), clock);
    components = std::make_unique<Components>(database(), *quotas, key, clock);
  }
  template <class T>
  T run(Task<T> task) {
    return loop.run(std::move(task));
  }
  Secret add(const std::string& name) {
    return run(components->add({.name = name, .base_url = "https://" + name + ".example.org"})).value().second;
  }
  Result<ImportNotes> import(std::string_view text) {
    return run(components->import_services(json::parse(text).value()));
  }

  SecretKey key = SecretKey::random();
  ManualClock clock{from_ms(1'700'000'000'000)};
  std::unique_ptr<quota::Quotas> quotas;
  std::unique_ptr<Components> components;
};

TEST_P(ComponentsTest, ATokenStandsForItsComponent) {
  const auto token = add("cyclades");
  const auto other = add("pithos");
  ASSERT_TRUE(import(exported));
  const auto found = run(components->by_token(token)).value();
  EXPECT_EQ(found.first.name, "cyclades");
  EXPECT_THAT(found.second, ElementsAre("cyclades_compute", "cyclades_hidden"));
  EXPECT_THAT(run(components->by_token(other)).value().second, IsEmpty());
  EXPECT_EQ(run(components->by_token(Secret("made up"))).error().kind(), Kind::unauthorized);

  const auto newer = run(components->renew_token("cyclades")).value();
  EXPECT_FALSE(run(components->by_token(token)));
  EXPECT_EQ(run(components->by_token(newer)).value().first.name, "cyclades");
}

TEST_P(ComponentsTest, AreFoundByNameAndNumber) {
  add("cyclades");
  add("pithos");
  EXPECT_EQ(run(components->find("2")).value().name, "pithos");
  EXPECT_EQ(run(components->find("cyclades")).value().number, 1);
  EXPECT_EQ(run(components->find("3")).error().kind(), Kind::not_found);
  EXPECT_EQ(run(components->add({.name = "pithos"})).error().kind(), Kind::conflict);
  EXPECT_EQ(run(components->add({.name = "x", .base_url = "ftp://x"})).error().kind(), Kind::invalid);
}

TEST_P(ComponentsTest, AnImportIsRepeatable) {
  add("cyclades");
  EXPECT_THAT(import(exported).value(), ElementsAre("Added service cyclades_compute.",
                                                    "Resource 'cyclades.vm' created in database with unlimited quota.",
                                                    "Added service cyclades_hidden."));
  EXPECT_THAT(import(exported).value(),
              ElementsAre("Updated service cyclades_compute.", "Updated service cyclades_hidden."));
  const auto endpoints = database().read_now([](sql::Tx& tx) { return directory::store::endpoints(tx, {}); }).value();
  ASSERT_EQ(endpoints.size(), 1U);
  EXPECT_EQ(endpoints.front().version, "v2.0");
}

TEST_P(ComponentsTest, AnImportIsWholeOrNotAtAll) {
  add("cyclades");
  add("pithos");
  EXPECT_EQ(import(R"({"a": {"component": "cyclades", "type": "t"}, "b": {"component": "nobody", "type": "t"}})")
                .error()
                .kind(),
            Kind::not_found);
  EXPECT_THAT(database().read_now([](sql::Tx& tx) { return directory::store::services(tx, "", ""); }).value(),
              IsEmpty());
  ASSERT_TRUE(import(exported));
  EXPECT_EQ(import(R"({"cyclades_compute": {"component": "pithos", "type": "t"}})").error().kind(), Kind::conflict);
  for (const std::string_view bad :
       {"[]", R"({"a": 1})", R"({"a": {"component": "cyclades", "endpoints": [1]}})",
        R"({"a": {"component": "cyclades", "endpoints": [{"publicURL": "x"}]}})",
        R"({"a": {"component": "cyclades", "resources": {"r": {"name": "r", "service_origin": "b"}}}})"})
    EXPECT_EQ(import(bad).error().kind(), Kind::invalid) << bad;
}

TEST_P(ComponentsTest, GoWithTheirServices) {
  const auto token = add("cyclades");
  ASSERT_TRUE(import(exported));
  ASSERT_TRUE(run(components->remove("cyclades")));
  EXPECT_FALSE(run(components->by_token(token)));
  EXPECT_THAT(database().read_now([](sql::Tx& tx) { return directory::store::services(tx, "", ""); }).value(),
              IsEmpty());
  EXPECT_EQ(run(components->remove("cyclades")).error().kind(), Kind::not_found);
}

TEST_P(ComponentsTest, TermsThatWereNotAgreedToKeepAUserOut) {
  Identity identity(database(), key, clock, {}, {});
  const MailTexts texts{MailSite{}};
  life::AccountLife life(database(), identity, *quotas, key, clock, nullptr, texts, {}, {});
  IdentityCallers callers(identity, *components, database());
  const auto ada = run(identity.create("ada", Secret("correct horse"), false)).value();
  const auto token = run(identity.issue_token(ada.id)).value().token;
  EXPECT_EQ(run(callers.user(token)).value().uuid, ada.id.text());
  const auto root = run(identity.create("root", Secret("correct horse"), true)).value();
  const auto roots = run(identity.issue_token(root.id)).value().token;
  ASSERT_TRUE(run(life.add_terms("/terms.html", "<p>Be kind.</p>")));
  EXPECT_TRUE(run(callers.user(roots))) << "the cloud's administrator put them up himself";
  EXPECT_EQ(run(callers.user(token)).error().sentence(), "Pending approval terms");
  ASSERT_TRUE(run(life.agree(ada.id, ada.id.text())));
  EXPECT_TRUE(run(callers.user(token)));
  EXPECT_EQ(run(callers.user(Secret("x"))).error().sentence(), "Invalid token");
}

INSTANTIATE_TEST_SUITE_P(Engines, ComponentsTest, sql::testing::all_engines(), sql::testing::engine_name);

}  // namespace
}  // namespace nephele::identity::astakos
