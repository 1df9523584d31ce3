// SPDX-License-Identifier: Apache-2.0
#include "identity/quota/quotas.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "identity/quota/testing/quotas_fixture.h"

namespace nephele::identity::quota {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using testing::member;
using ::testing::Pair;
using testing::pair_of;
using testing::QuotasTest;
using testing::whole;

const Key ada_vm = member("ada", "p1", "cyclades.vm");
const Key p1_vm = whole("p1", "cyclades.vm");

class Commissions : public QuotasTest {
 protected:
  Commissions() { limit({{ada_vm, 5}, {p1_vm, 8}, {member("bob", "p1", "cyclades.vm"), 5}}); }
};
INSTANTIATE_TEST_SUITE_P(Engines, Commissions, sql::testing::all_engines(), sql::testing::engine_name);

TEST_P(Commissions, ReserveFirstAndEndLater) {
  const auto serial = issue(pair_of("ada", "p1", "cyclades.vm", 3)).value();
  EXPECT_EQ(usage(ada_vm), (Usage{0, 3}));
  EXPECT_EQ(usage(p1_vm), (Usage{0, 3}));
  const auto other = issue(pair_of("ada", "p1", "cyclades.vm", 2)).value();
  EXPECT_NE(serial, other);
  EXPECT_TRUE(resolve(serial, Verdict::accept));
  EXPECT_EQ(usage(ada_vm), (Usage{3, 5}));
  EXPECT_TRUE(resolve(other, Verdict::reject));
  EXPECT_EQ(usage(ada_vm), (Usage{3, 3}));
  const auto release = issue(pair_of("ada", "p1", "cyclades.vm", -2)).value();
  EXPECT_EQ(usage(p1_vm), (Usage{1, 3}));
  EXPECT_TRUE(resolve(release, Verdict::accept));
  EXPECT_EQ(usage(p1_vm), (Usage{1, 1}));
  for (const auto gone : {serial, other, release}) {
    const auto again = resolve(gone, Verdict::accept);
    ASSERT_FALSE(again);
    EXPECT_EQ(again.error().kind(), Kind::not_found);
  }
  EXPECT_EQ(count("identity_commission"), 0);
  EXPECT_EQ(count("identity_provision"), 0);
  EXPECT_EQ(count("identity_provision_log"), 6);
}

TEST_P(Commissions, TakeAllOrNothing) {
  EXPECT_TRUE(issue(pair_of("ada", "p1", "cyclades.vm", 5), false, true));
  const auto refused = issue(pair_of("bob", "p1", "cyclades.vm", 4));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind(), Kind::over_quota);
  EXPECT_EQ(refused.error().detail("name"), "NoCapacityError");
  EXPECT_EQ(refused.error().detail("holder"), "project:p1");
  EXPECT_EQ(refused.error().detail("source"), "");
  EXPECT_EQ(refused.error().detail("resource"), "cyclades.vm");
  EXPECT_EQ(refused.error().detail("quantity"), "4");
  EXPECT_EQ(refused.error().detail("limit"), "8");
  EXPECT_EQ(refused.error().detail("usage"), "5");
  EXPECT_EQ(usage(member("bob", "p1", "cyclades.vm")), (Usage{0, 0}));
  EXPECT_EQ(usage(p1_vm), (Usage{5, 5}));
  EXPECT_EQ(count("identity_commission"), 0);
  EXPECT_TRUE(issue(pair_of("bob", "p1", "cyclades.vm", 4), true)) << "force passes the limit";
  EXPECT_EQ(usage(p1_vm), (Usage{5, 9}));
}

TEST_P(Commissions, RefuseToReleaseMoreThanIsThere) {
  EXPECT_TRUE(issue(pair_of("ada", "p1", "cyclades.vm", 2)));
  for (const bool force : {false, true}) {
    const auto refused = issue(pair_of("ada", "p1", "cyclades.vm", -1), force);
    ASSERT_FALSE(refused) << "pending is not there yet";
    EXPECT_EQ(refused.error().kind(), Kind::over_quota);
    EXPECT_EQ(refused.error().detail("name"), "NoQuantityError");
    EXPECT_EQ(refused.error().detail("source"), "project:p1");
    EXPECT_EQ(refused.error().detail("limit"), "0");
    EXPECT_EQ(refused.error().detail("usage"), "0");
    EXPECT_EQ(refused.error().detail("quantity"), "-1");
  }
}

TEST_P(Commissions, NeedTheirHoldings) {
  const auto refused = issue({{ada_vm, 1}, {member("ada", "p2", "cyclades.vm"), 1}});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind(), Kind::not_found);
  EXPECT_EQ(refused.error().detail("name"), "NoHoldingError");
  EXPECT_EQ(refused.error().detail("source"), "project:p2");
  EXPECT_EQ(usage(ada_vm), (Usage{0, 0}));
}

TEST_P(Commissions, SumTheSameKeys) {
  const auto serial = issue({{ada_vm, 4}, {ada_vm, 4}, {ada_vm, -5}}).value();
  EXPECT_EQ(usage(ada_vm), (Usage{0, 3}));
  const auto shown = loop.run(quotas.show("cyclades", serial)).value();
  EXPECT_THAT(shown.provisions, ElementsAre(Provision{ada_vm, 3}));
}

TEST_P(Commissions, MoveBetweenProjectsInOneStep) {
  limit({{member("ada", "p2", "cyclades.vm"), 5}, {whole("p2", "cyclades.vm"), 5}});
  EXPECT_TRUE(issue(pair_of("ada", "p1", "cyclades.vm", 2), false, true));
  auto provisions = pair_of("ada", "p1", "cyclades.vm", -2);
  for (auto& more : pair_of("ada", "p2", "cyclades.vm", 2)) provisions.push_back(more);
  const auto serial = issue(provisions).value();
  EXPECT_EQ(usage(ada_vm), (Usage{0, 2}));
  EXPECT_EQ(usage(whole("p2", "cyclades.vm")), (Usage{0, 2}));
  EXPECT_TRUE(resolve(serial, Verdict::accept));
  EXPECT_EQ(usage(ada_vm), (Usage{0, 0}));
  EXPECT_EQ(usage(whole("p2", "cyclades.vm")), (Usage{2, 2}));
}

TEST_P(Commissions, ThatAreAcceptedAtOnceAreNeverPending) {
  const auto serial = issue(pair_of("ada", "p1", "cyclades.vm", 2), false, true).value();
  EXPECT_EQ(usage(ada_vm), (Usage{2, 2}));
  EXPECT_EQ(count("identity_commission"), 0);
  EXPECT_EQ(count("identity_provision_log"), 2);
  EXPECT_FALSE(resolve(serial, Verdict::reject));
}

TEST_P(Commissions, AreTheirClientsOwn) {
  const auto serial = issue({{ada_vm, 1}}).value();
  EXPECT_EQ(resolve(serial, Verdict::accept, "pithos").error().kind(), Kind::not_found);
  EXPECT_EQ(loop.run(quotas.show("pithos", serial)).error().kind(), Kind::not_found);
  EXPECT_THAT(loop.run(quotas.pending("pithos")).value(), IsEmpty());
  EXPECT_THAT(loop.run(quotas.pending("cyclades")).value(), ElementsAre(serial));
  EXPECT_EQ(loop.run(quotas.show("", serial)).value().client, "cyclades");
  const auto shown = loop.run(quotas.show("cyclades", serial)).value();
  EXPECT_EQ(shown.name, "test");
  EXPECT_EQ(shown.issued, clock.now());
}

TEST_P(Commissions, AreResolvedInPartWhenSomeCannotBe) {
  const auto a = issue({{ada_vm, 1}}).value();
  const auto b = issue({{ada_vm, 1}}).value();
  const auto c = issue({{ada_vm, 1}}).value();
  const auto foreign = loop.run(quotas.issue({.client = "pithos", .provisions = {{ada_vm, 1}}})).value();
  const auto resolved = loop.run(quotas.resolve("cyclades", {a, c, a, foreign}, {b, c, Serial(999'999'999)})).value();
  EXPECT_THAT(resolved.accepted, ElementsAre(a));
  EXPECT_THAT(resolved.rejected, ElementsAre(b));
  std::map<std::int64_t, Kind> failed;
  for (const auto& [serial, error] : resolved.failed) failed.emplace(serial.number(), error.kind());
  EXPECT_EQ(failed,
            (std::map<std::int64_t, Kind>{
                {c.number(), Kind::invalid}, {foreign.number(), Kind::not_found}, {999'999'999, Kind::not_found}}));
  EXPECT_EQ(usage(ada_vm), (Usage{1, 3}));
}

TEST_P(Commissions, AreResolvedByTheHundreds) {
  limit({{ada_vm, unlimited}});
  std::vector<Serial> accept;
  std::vector<Serial> reject;
  for (int i = 0; i < 230; ++i) (i % 3 == 0 ? reject : accept).push_back(issue({{ada_vm, i}}).value());
  const auto resolved = loop.run(quotas.resolve("cyclades", accept, reject)).value();
  EXPECT_EQ(resolved.accepted, accept);
  EXPECT_EQ(resolved.rejected, reject);
  Amount sum = 0;
  for (int i = 0; i < 230; ++i) sum += i % 3 == 0 ? 0 : i;
  EXPECT_EQ(usage(ada_vm), (Usage{sum, sum}));
  EXPECT_THAT(loop.run(quotas.verify(testing::Given(), {})).value(), IsEmpty());
}

TEST_P(Commissions, MayHaveManyProvisionsButNotAnyNumber) {
  std::vector<Provision> provisions;
  std::vector<Limit> limits;
  for (int i = 0; i < 1001; ++i) {
    const Key key = member("ada", "p" + std::to_string(i), "cyclades.ram");
    limits.push_back({key, 7});
    provisions.push_back({key, i % 7});
  }
  limit(limits);
  EXPECT_EQ(issue(provisions).error().kind(), Kind::invalid);
  provisions.pop_back();
  const auto serial = issue(provisions).value();
  EXPECT_EQ(loop.run(quotas.show("cyclades", serial)).value().provisions.size(), 1000U);
  EXPECT_TRUE(resolve(serial, Verdict::accept));
  EXPECT_EQ(usage(member("ada", "p13", "cyclades.ram")), (Usage{6, 6}));
}

TEST_P(Commissions, OfNothingAreCommissionsToo) {
  const auto serial = issue({}).value();
  EXPECT_THAT(loop.run(quotas.show("cyclades", serial)).value().provisions, IsEmpty());
  EXPECT_TRUE(resolve(serial, Verdict::accept));
}

TEST_P(Commissions, CountToTheLargestNumber) {
  limit({{ada_vm, unlimited}});
  const auto serial = issue({{ada_vm, unlimited}}).value();
  EXPECT_EQ(issue({{ada_vm, 1}}, true).error().detail("name"), "NoCapacityError");
  EXPECT_TRUE(resolve(serial, Verdict::accept));
  EXPECT_TRUE(issue({{ada_vm, -unlimited}}, false, true));
  EXPECT_TRUE(issue({{ada_vm, unlimited}}, false, true));
  EXPECT_THAT(loop.run(quotas.verify(testing::Given(), {})).value(), IsEmpty());
  clock.advance(100 * 24h);
  EXPECT_EQ(loop.run(quotas.tidy()).value(), 3U);
  EXPECT_THAT(loop.run(quotas.verify(testing::Given(), {})).value(), IsEmpty());
}

TEST_P(Commissions, AreOverdueWhenTheyWaitTooLong) {
  const auto old = issue({{ada_vm, 1}}).value();
  clock.advance(60s);
  const auto young = issue({{ada_vm, 1}}).value();
  const auto serials = [&](std::optional<std::chrono::seconds> overdue, Serial after, std::size_t limit) {
    std::vector<Serial> found;
    for (const auto& commission : loop.run(quotas.commissions(overdue, after, limit)).value())
      found.push_back(commission.serial);
    return found;
  };
  EXPECT_THAT(serials(std::nullopt, Serial(0), 100), ElementsAre(old, young));
  EXPECT_THAT(serials(30s, Serial(0), 100), ElementsAre(old));
  EXPECT_THAT(serials(90s, Serial(0), 100), IsEmpty());
  EXPECT_THAT(serials(std::nullopt, old, 100), ElementsAre(young));
  EXPECT_THAT(serials(std::nullopt, Serial(0), 1), ElementsAre(old));
}

TEST_P(Commissions, PassALoweredLimitOnlyWithReleases) {
  EXPECT_TRUE(issue({{ada_vm, 4}}, false, true));
  limit({{ada_vm, 0}});
  EXPECT_EQ(holding(ada_vm), (Holding{ada_vm, 0, 4, 4}));
  EXPECT_FALSE(issue({{ada_vm, 1}}));
  EXPECT_TRUE(issue({{ada_vm, -4}}, false, true));
}

TEST_P(Commissions, ActInACallersTransaction) {
  const auto rolled_back = database().write_now([&](sql::Tx& tx) -> Result<Serial> {
    TRY(const auto serial, identity::reserve(tx, quotas, {.client = "cyclades", .provisions = {{ada_vm, 2}}}));
    (void)serial;
    return fail(Kind::conflict, "the caller's own reason");
  });
  EXPECT_EQ(rolled_back.error().kind(), Kind::conflict);
  EXPECT_EQ(usage(ada_vm), (Usage{0, 0}));
  const auto serial = database()
                          .write_now([&](sql::Tx& tx) {
                            return identity::reserve(tx, quotas, {.client = "cyclades", .provisions = {{ada_vm, 2}}});
                          })
                          .value();
  EXPECT_EQ(usage(ada_vm), (Usage{0, 2}));
  const auto settle = [&] {
    return database().write_now(
        [&](sql::Tx& tx) { return identity::settle(tx, quotas, "cyclades", serial, Verdict::accept); });
  };
  EXPECT_TRUE(settle());
  EXPECT_EQ(usage(ada_vm), (Usage{2, 2}));
  EXPECT_EQ(settle().error().kind(), Kind::not_found);
}

TEST_P(Commissions, HaveSerialsOfTheirOwnInEveryProcess) {
  const auto opened = fresh().open();
  Quotas second(*opened, clock);
  std::set<Serial> serials;
  for (int i = 0; i < 3; ++i) {
    EXPECT_TRUE(serials.insert(issue({{p1_vm, 0}}).value()).second);
    EXPECT_TRUE(serials.insert(loop.run(second.issue({.client = "c", .provisions = {{p1_vm, 0}}})).value()).second);
  }
  // A block that was drawn in a transaction that is rolled back is nobody's.
  Quotas third(database(), clock);
  EXPECT_FALSE(loop.run(third.issue({.client = "c", .provisions = {{p1_vm, 100}}})));
  for (int i = 0; i < 3; ++i)
    EXPECT_TRUE(serials.insert(loop.run(third.issue({.client = "c", .provisions = {{p1_vm, 0}}})).value()).second);
}

class Limits : public QuotasTest {};
INSTANTIATE_TEST_SUITE_P(Engines, Limits, sql::testing::all_engines(), sql::testing::engine_name);

TEST_P(Limits, AreSetInAnyNumberAndTheLastOneCounts) {
  std::vector<Limit> limits;
  for (int i = 0; i < 600; ++i) limits.push_back({member("u" + std::to_string(i), "p", "cyclades.vm"), i});
  limits.push_back({limits.front().key, 42});
  limit(limits);
  EXPECT_EQ(count("identity_holding"), 600);
  EXPECT_EQ(holding(limits.front().key).limit, 42);
  EXPECT_EQ(holding(member("u599", "p", "cyclades.vm")).limit, 599);
  const auto refused =
      database().write_now([&](sql::Tx& tx) { return quotas.set_limits(tx, std::vector<Limit>{{ada_vm, -1}}); });
  EXPECT_EQ(refused.error().kind(), Kind::invalid);
}

class Reading : public QuotasTest {
 protected:
  Reading() {
    database()
        .write_now([&](sql::Tx& tx) -> Result<> {
          for (const char* name : {"cyclades.vm", "cyclades.ram"})
            TRY_VOID(quotas.register_resource(tx, {.name = name, .service_origin = "cyclades_compute"}));
          TRY_VOID(quotas.register_resource(tx, {.name = "astakos.pending_app",
                                                 .service_origin = "astakos_account",
                                                 .ui_visible = false,
                                                 .api_visible = false}));
          return {};
        })
        .value();
    limit({{ada_vm, 5},
           {p1_vm, 8},
           {member("ada", "p2", "cyclades.vm"), 1},
           {member("ada", "p1", "astakos.pending_app"), 3},
           {member("bob", "p1", "cyclades.ram"), unlimited},
           {whole("p1", "cyclades.ram"), unlimited},
           {whole("p2", "cyclades.vm"), 7}});
    issue(pair_of("ada", "p1", "cyclades.vm", 3), false, true).value();
    issue(pair_of("ada", "p1", "cyclades.vm", 1)).value();
  }
};
INSTANTIATE_TEST_SUITE_P(Engines, Reading, sql::testing::all_engines(), sql::testing::engine_name);

std::string text_of(const MemberQuota& q) {
  std::string text;
  for (const Amount amount : {q.usage, q.limit, q.pending, q.project_usage, q.project_limit, q.project_pending})
    text += std::to_string(amount) + " ";
  return text;
}

TEST_P(Reading, ShowsAUserHisProjects) {
  const auto quotas_of_ada = loop.run(quotas.quotas_of("ada", {"p1", "p3"})).value();
  ASSERT_EQ(quotas_of_ada.size(), 1U);
  ASSERT_EQ(quotas_of_ada.at("p1").size(), 1U) << "the hidden one is not shown";
  EXPECT_EQ(text_of(quotas_of_ada.at("p1").at("cyclades.vm")), "4 5 1 4 8 1 ");
  EXPECT_THAT(loop.run(quotas.quotas_of("nobody", {"p1"})).value(), IsEmpty());
}

TEST_P(Reading, ShowsAServiceWhatItAsksFor) {
  const auto all = loop.run(quotas.member_quotas({.resources = {"cyclades.vm", "cyclades.ram"}})).value();
  ASSERT_EQ(all.size(), 2U);
  EXPECT_EQ(all.at("ada").size(), 2U);
  EXPECT_EQ(text_of(all.at("ada").at("p2").at("cyclades.vm")), "0 1 0 0 7 0 ");
  EXPECT_EQ(text_of(all.at("bob").at("p1").at("cyclades.ram")), "0 9223372036854775807 0 0 9223372036854775807 0 ");
  const auto some = loop.run(quotas.member_quotas({.users = std::vector<std::string>{"ada", "eve"},
                                                   .projects = std::vector<std::string>{"p2"},
                                                   .resources = {"cyclades.vm"}}))
                        .value();
  ASSERT_EQ(some.size(), 1U);
  EXPECT_EQ(some.at("ada").size(), 1U);
  const auto projects = loop.run(quotas.project_quotas({.resources = {"cyclades.vm"}})).value();
  ASSERT_EQ(projects.size(), 2U);
  EXPECT_EQ(projects.at("p1").at("cyclades.vm"), (Holding{p1_vm, 8, 3, 4}));
  EXPECT_THAT(
      loop.run(quotas.project_quotas({.projects = std::vector<std::string>{"p3"}, .resources = {"cyclades.vm"}}))
          .value(),
      IsEmpty());
}

TEST_P(Reading, PagesThroughHoldings) {
  std::vector<Key> keys;
  for (Key after;;) {
    const auto page = loop.run(quotas.holdings(after, 2)).value();
    for (const auto& found : page) keys.push_back(found.key);
    if (page.size() < 2) break;
    after = page.back().key;
  }
  EXPECT_EQ(keys.size(), 7U);
  EXPECT_EQ(std::set<Key>(keys.begin(), keys.end()).size(), 7U);
}

class Verify : public QuotasTest {
 protected:
  Verify() {
    limit({{ada_vm, 5}, {p1_vm, 8}});
    issue(pair_of("ada", "p1", "cyclades.vm", 3), false, true).value();
    resolve(issue(pair_of("ada", "p1", "cyclades.vm", 1)).value(), Verdict::reject).value();
    issue(pair_of("ada", "p1", "cyclades.vm", 1)).value();
    issue(pair_of("ada", "p1", "cyclades.vm", -2)).value();
  }
  const std::vector<Limit> expected{{ada_vm, 5}, {p1_vm, 8}};
  std::vector<std::pair<Flaw, Key>> flaws(std::vector<Limit> limits, Audit audit) {
    std::vector<std::pair<Flaw, Key>> found;
    for (const auto& finding : loop.run(quotas.verify(testing::Given(std::move(limits)), audit)).value()) {
      EXPECT_EQ(finding.fixed, audit.fix && finding.flaw != Flaw::unexplained);
      found.emplace_back(finding.flaw, finding.expected.key);
    }
    return found;
  }
};
INSTANTIATE_TEST_SUITE_P(Engines, Verify, sql::testing::all_engines(), sql::testing::engine_name);

TEST_P(Verify, FindsNothingWhereNothingIsWrong) {
  EXPECT_EQ(usage(ada_vm), (Usage{1, 4}));
  EXPECT_THAT(flaws(expected, {.unexpected = true}), IsEmpty());
}

TEST_P(Verify, FindsAndFixesLimits) {
  const Key missing = member("ada", "p2", "cyclades.vm");
  const std::vector<Limit> other{{ada_vm, 6}, {missing, 2}};
  for (const bool fix : {false, true})
    EXPECT_THAT(flaws(other, {.fix = fix}), ElementsAre(Pair(Flaw::limit, ada_vm), Pair(Flaw::missing, missing)));
  EXPECT_EQ(holding(ada_vm), (Holding{ada_vm, 6, 1, 4}));
  EXPECT_EQ(holding(missing), (Holding{missing, 2, 0, 0}));
  EXPECT_THAT(flaws(other, {}), IsEmpty());
  for (const bool fix : {false, true})
    EXPECT_THAT(flaws(other, {.fix = fix, .unexpected = true}), ElementsAre(Pair(Flaw::unexpected, p1_vm)));
  EXPECT_EQ(holding(p1_vm), (Holding{p1_vm, 0, 1, 4}));
}

TEST_P(Verify, FindsAndFixesUsageThatDrifted) {
  execute("UPDATE identity_holding SET usage_min = 0, usage_max = 7 WHERE source = ''");
  for (const bool fix : {false, true})
    EXPECT_THAT(flaws(expected, {.fix = fix}), ElementsAre(Pair(Flaw::usage, p1_vm)));
  EXPECT_EQ(usage(p1_vm), (Usage{1, 4}));
  EXPECT_THAT(flaws(expected, {}), IsEmpty());
}

TEST_P(Verify, LeavesAloneWhatNothingExplains) {
  execute("UPDATE identity_provision_log SET delta = -100 WHERE source = '' AND delta = 3");
  for (const bool fix : {false, true})
    EXPECT_THAT(flaws(expected, {.fix = fix}), ElementsAre(Pair(Flaw::unexplained, p1_vm)));
  EXPECT_EQ(usage(p1_vm), (Usage{1, 4}));
}

TEST_P(Verify, RemembersWhatTheLogHasForgotten) {
  EXPECT_EQ(loop.run(quotas.tidy()).value(), 0U);
  clock.advance(91 * 24h);
  issue(pair_of("ada", "p1", "cyclades.vm", 1), false, true).value();
  EXPECT_EQ(loop.run(quotas.tidy()).value(), 4U);
  EXPECT_EQ(count("identity_provision_log"), 2);
  EXPECT_THAT(flaws(expected, {}), IsEmpty());
  execute("UPDATE identity_holding SET usage_min = 0");
  EXPECT_EQ(flaws(expected, {.fix = true}).size(), 2U);
  EXPECT_EQ(usage(ada_vm), (Usage{2, 5}));
}

class Resources : public QuotasTest {
 protected:
  Result<bool> add(Resource resource) {
    return database().write_now([&](sql::Tx& tx) { return quotas.register_resource(tx, resource); });
  }
  Result<Resource> modify(const std::string& name, const ResourceChange& change) {
    return database().write_now([&](sql::Tx& tx) { return quotas.modify_resource(tx, name, change); });
  }
};
INSTANTIATE_TEST_SUITE_P(Engines, Resources, sql::testing::all_engines(), sql::testing::engine_name);

TEST_P(Resources, AreRegisteredOnceAndUpdatedLater) {
  EXPECT_TRUE(add({.name = "cyclades.vm", .description = "old", .service_origin = "cyclades"}).value());
  EXPECT_TRUE(add({.name = "hidden", .service_origin = "x", .ui_visible = false, .api_visible = false}).value());
  EXPECT_EQ(modify("cyclades.vm", {.project_default = 3}).value().project_default, 3);
  EXPECT_FALSE(add({.name = "cyclades.vm", .description = "new", .unit = "u", .service_origin = "cyclades"}).value());
  auto all = loop.run(quotas.resources()).value();
  std::erase_if(all, [](const Resource& each) { return each.name.starts_with("astakos."); });  // there from the start
  ASSERT_EQ(all.size(), 2U);
  EXPECT_EQ(all[0].description, "new");
  EXPECT_EQ(all[0].project_default, 3) << "an operator's choice stays";
  EXPECT_EQ(all[0].system_default, unlimited);
  EXPECT_EQ(all[1].project_default, unlimited);
  EXPECT_EQ(add({.name = "cyclades.vm", .service_origin = "pithos"}).error().kind(), Kind::conflict);
  EXPECT_EQ(add({.name = "odd", .ui_visible = true, .api_visible = false}).error().kind(), Kind::invalid);
}

TEST_P(Resources, HiddenFromTheApiAreHiddenFromThePages) {
  EXPECT_TRUE(add({.name = "r", .service_origin = "s"}));
  const auto visible = [&](ResourceChange change) {
    const auto changed = modify("r", change).value();
    return std::pair(changed.api_visible, changed.ui_visible);
  };
  EXPECT_EQ(visible({.api_visible = false}), std::pair(false, false));
  EXPECT_EQ(visible({.api_visible = true}), std::pair(true, false));
  EXPECT_EQ(visible({.api_visible = false}), std::pair(false, false));
  EXPECT_EQ(visible({.ui_visible = true}), std::pair(true, true));
  EXPECT_EQ(visible({.ui_visible = false}), std::pair(true, false));
  EXPECT_EQ(modify("r", {.ui_visible = true, .api_visible = false}).error().kind(), Kind::invalid);
  EXPECT_EQ(modify("r", {.system_default = -1}).error().kind(), Kind::invalid);
  EXPECT_EQ(modify("none", {}).error().kind(), Kind::not_found);
}

}  // namespace
}  // namespace nephele::identity::quota
