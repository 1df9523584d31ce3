// SPDX-License-Identifier: Apache-2.0
#include "identity/quota/rules.h"

#include <gtest/gtest.h>

#include <random>

namespace nephele::identity::quota {
namespace {

constexpr Amount inf = unlimited;
constexpr Amount lowest = std::numeric_limits<Amount>::min();

struct IssueCase {
  const char* name;
  Amount limit, min, max, quantity;
  bool force;
  std::optional<Usage> usage;  ///< nothing: refused
  Refused refused = Refused::no_capacity;
};
class Issue : public testing::TestWithParam<IssueCase> {};
TEST_P(Issue, ReservesWithinTheLimitAndAboveZero) {
  const auto& row = GetParam();
  const Holding before{{"user:a", "project:b", "vm"}, row.limit, row.min, row.max};
  const auto after = issued(before, row.quantity, row.force);
  ASSERT_EQ(after.has_value(), row.usage.has_value());
  if (!after) {
    EXPECT_EQ(after.error(), row.refused);
    return;
  }
  EXPECT_EQ(after->key, before.key);
  EXPECT_EQ(after->limit, before.limit);
  EXPECT_EQ((Usage{after->usage_min, after->usage_max}), *row.usage);
}
INSTANTIATE_TEST_SUITE_P(
    Table, Issue,
    testing::Values(IssueCase{"WithinTheLimit", 10, 2, 4, 6, false, Usage{2, 10}},
                    IssueCase{"OneOverTheLimit", 10, 2, 4, 7, false, std::nullopt},
                    IssueCase{"ForcedOverTheLimit", 10, 2, 4, 7, true, Usage{2, 11}},
                    IssueCase{"LimitLoweredBelowTheUsage", 1, 4, 4, 1, false, std::nullopt},
                    IssueCase{"NothingOverALoweredLimit", 1, 4, 4, 0, false, Usage{4, 4}},
                    IssueCase{"AllOfInfinity", inf, 0, 0, inf, false, Usage{0, inf}},
                    IssueCase{"MoreThanInfinity", inf, 0, 1, inf, false, std::nullopt},
                    IssueCase{"ForcedOverTheLargestNumber", 5, 0, 1, inf, true, std::nullopt},
                    IssueCase{"Release", 10, 2, 4, -2, false, Usage{0, 4}},
                    IssueCase{"ReleaseOfMoreThanIsThere", 10, 2, 4, -3, false, std::nullopt, Refused::no_quantity},
                    IssueCase{"ForceDoesNotHelpARelease", 10, 2, 4, -3, true, std::nullopt, Refused::no_quantity},
                    IssueCase{"ReleaseOverTheLimit", 1, 4, 4, -1, false, Usage{3, 4}},
                    IssueCase{"ReleaseOfEverything", inf, inf, inf, -inf, false, Usage{0, inf}},
                    IssueCase{"ReleaseOfTheLowestNumber", inf, inf, inf, lowest, false, std::nullopt,
                              Refused::no_quantity}),
    [](const auto& info) { return std::string(info.param.name); });

struct ResolveCase {
  const char* name;
  Amount min, max, quantity;
  Usage accepted, rejected;
};
class Resolve : public testing::TestWithParam<ResolveCase> {};
TEST_P(Resolve, EndsAReservation) {
  const auto& row = GetParam();
  const Holding before{{"user:a", "project:b", "vm"}, 1, row.min, row.max};
  const auto accepted = resolved(before, row.quantity, Verdict::accept);
  EXPECT_EQ((Usage{accepted.usage_min, accepted.usage_max}), row.accepted);
  const auto rejected = resolved(before, row.quantity, Verdict::reject);
  EXPECT_EQ((Usage{rejected.usage_min, rejected.usage_max}), row.rejected);
}
INSTANTIATE_TEST_SUITE_P(Table, Resolve,
                         testing::Values(ResolveCase{"Positive", 2, 7, 5, {7, 7}, {2, 2}},
                                         ResolveCase{"Negative", 2, 7, -5, {2, 2}, {7, 7}},
                                         ResolveCase{"Zero", 2, 7, 0, {2, 7}, {2, 7}},
                                         ResolveCase{"Infinity", 0, inf, inf, {inf, inf}, {0, 0}},
                                         ResolveCase{"DriftedTooLow", 1, 2, 5, {6, 2}, {1, 0}},
                                         ResolveCase{"DriftedTooHigh", inf, inf, 5, {inf, inf}, {inf, inf - 5}},
                                         ResolveCase{"DriftedLowest", 1, 2, lowest, {1, 0}, {inf, 2}}),
                         [](const auto& info) { return std::string(info.param.name); });

TEST(Summed, AddsTheSameKeysInTheOrderOfTheirFirstAppearance) {
  const Key b{"user:b", "project:p", "vm"};
  const Key a{"user:a", "project:p", "vm"};
  const Key whole{"project:p", "", "vm"};
  const auto sums = summed(std::vector<Provision>{{b, 2}, {a, -1}, {b, -5}, {whole, inf}, {a, 1}});
  ASSERT_TRUE(sums);
  EXPECT_EQ(*sums, (std::vector<Provision>{{b, -3}, {a, 0}, {whole, inf}}));
}

TEST(Summed, RefusesASumThatIsNoNumber) {
  const Key key{"user:b", "project:p", "vm"};
  for (const Amount quantity : {inf, lowest}) {
    const auto sums = summed(std::vector<Provision>{{key, quantity}, {key, quantity}});
    ASSERT_FALSE(sums);
    EXPECT_EQ(sums.error().kind(), Kind::invalid);
  }
}

struct EffectiveCase {
  const char* name;
  MemberQuota quota;
  Amount limit;
};
class Effective : public testing::TestWithParam<EffectiveCase> {};
TEST_P(Effective, LimitIsTheSmallerOne) {
  EXPECT_EQ(effective_limit(GetParam().quota), GetParam().limit);
}
INSTANTIATE_TEST_SUITE_P(
    Table, Effective,
    testing::Values(
        EffectiveCase{"Own", {.usage = 1, .limit = 5, .project_usage = 3, .project_limit = 10}, 5},
        EffectiveCase{"OthersLeaveLess", {.usage = 1, .limit = 5, .project_usage = 8, .project_limit = 10}, 3},
        EffectiveCase{"ProjectIsOver", {.usage = 1, .limit = 5, .project_usage = 20, .project_limit = 10}, -9},
        EffectiveCase{"Infinite", {.usage = inf, .limit = inf, .project_usage = inf, .project_limit = inf}, inf},
        EffectiveCase{
            "OnlyTheProjectIsUsed", {.usage = 0, .limit = inf, .project_usage = inf, .project_limit = 0}, -inf}),
    [](const auto& info) { return std::string(info.param.name); });

TEST(UsageSum, PassesThroughAnySize) {
  UsageSum sum;
  EXPECT_EQ(sum.usage(), (Usage{0, 0}));
  sum.accepted(inf);
  sum.accepted(inf);
  EXPECT_EQ(sum.usage(), std::nullopt);
  sum.accepted(-inf);
  EXPECT_EQ(sum.usage(), (Usage{inf, inf}));
  sum.accepted_parts(-9'223'372'036, -854'775'800);
  EXPECT_EQ(sum.usage(), (Usage{7, 7}));
  sum.pending(5);
  sum.pending(-7);
  EXPECT_EQ(sum.usage(), (Usage{0, 12}));
  sum.pending(-1);
  EXPECT_EQ(sum.usage(), std::nullopt);
}

/// Whatever happens in whatever order: min <= max, and the sums explain both.
TEST(Rules, KeepEveryHoldingExplained) {
  std::mt19937_64 dice(20261121);
  for (int round = 0; round < 200; ++round) {
    Holding holding{{"user:a", "project:b", "vm"}, static_cast<Amount>(dice() % 50), 0, 0};
    std::vector<Amount> pending;
    Amount settled = 0;
    for (int step = 0; step < 100; ++step) {
      if (dice() % 2 == 0 || pending.empty()) {
        const Amount quantity = static_cast<Amount>(dice() % 41) - 20;
        const bool force = dice() % 5 == 0;
        if (const auto after = issued(holding, quantity, force)) {
          if (quantity > 0 && !force) EXPECT_LE(after->usage_max, holding.limit);
          holding = *after;
          pending.push_back(quantity);
        }
      } else {
        const auto at = pending.begin() + static_cast<std::ptrdiff_t>(dice() % pending.size());
        const bool accept = dice() % 2 == 0;
        holding = resolved(holding, *at, accept ? Verdict::accept : Verdict::reject);
        if (accept) settled += *at;
        pending.erase(at);
      }
      UsageSum sum;
      sum.accepted(settled);
      for (const Amount quantity : pending) sum.pending(quantity);
      ASSERT_EQ(sum.usage(), (Usage{holding.usage_min, holding.usage_max}));
      ASSERT_LE(holding.usage_min, holding.usage_max);
    }
  }
}

}  // namespace
}  // namespace nephele::identity::quota
