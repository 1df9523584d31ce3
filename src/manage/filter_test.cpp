// SPDX-License-Identifier: Apache-2.0
#include "manage/filter.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace nephele::manage {
namespace {

using testing::HasSubstr;

const std::vector<Column> columns{{"id", Type::integer, ""},
                                  {"name", Type::text, ""},
                                  {"active", Type::boolean, ""},
                                  {"created", Type::time, ""},
                                  {"groups", Type::list, ""}};

bool matches(std::string_view filter, const std::vector<Value>& row) {
  const auto parsed = Filters::parse(filter, columns).value();
  for (const auto& each : parsed.left())
    if (!holds(row[each.column], each.op, each.value)) return false;
  return true;
}

TEST(Filters, CompareByTheTypeOfTheColumn) {
  const std::vector<Value> row{std::int64_t{10}, std::string("bob"), true, from_ms(1'772'366'400'000),
                               std::vector<std::string>{"admin", "staff"}};
  for (const std::string_view yes : {"",
                                     "id=10",
                                     "id>9",
                                     "id>=10",
                                     "id<100",
                                     "id<=10",
                                     "id!=9",
                                     "name=bob",
                                     "name>bo",
                                     "active=yes",
                                     "active=1",
                                     "active!=False",
                                     "created>2026-03-01",
                                     "created<2026-03-02T00:00:00Z",
                                     "groups=admin",
                                     "groups!=guest",
                                     "id=10,name=bob,active=true",
                                     " id = 10 , name = bob ",
                                     "id=10,",
                                     "name!="})
    EXPECT_TRUE(matches(yes, row)) << yes;
  for (const std::string_view no : {"id=9", "id>10", "id>100", "name=BOB", "active=no", "created>2026-03-02",
                                    "groups=guest", "groups!=admin", "id=10,name=alice", "id=None"})
    EXPECT_FALSE(matches(no, row)) << no;
}

TEST(Filters, NothingEqualsNothingOnly) {
  const std::vector<Value> row(columns.size());
  EXPECT_TRUE(matches("id=None", row));
  EXPECT_TRUE(matches("id!=3", row));
  EXPECT_FALSE(matches("id!=None", row));
  EXPECT_FALSE(matches("id<3", row));
  EXPECT_FALSE(matches("name=x", row));
}

TEST(Filters, SayWhatIsWrong) {
  const auto refusal = [](std::string_view filter) {
    const auto parsed = Filters::parse(filter, columns);
    return parsed ? std::string() : parsed.error().sentence();
  };
  EXPECT_THAT(refusal("id"), HasSubstr("no operator"));
  EXPECT_THAT(refusal("nmae=x"), HasSubstr("did you mean name?"));
  EXPECT_THAT(refusal("zzzzzz=x"), HasSubstr("--list-filters"));
  EXPECT_THAT(refusal("id=x"), HasSubstr("no whole number"));
  EXPECT_THAT(refusal("active=maybe"), HasSubstr("no boolean"));
  EXPECT_THAT(refusal("id=1,created=soon"), HasSubstr("no time"));
  EXPECT_THAT(refusal("id!10"), HasSubstr("no operator"));
}

TEST(Filters, HandAConditionToASourceOnce) {
  auto filters = Filters::parse("active=yes,id>3", columns).value();
  EXPECT_FALSE(filters.take("active", Op::unequal).has_value());
  EXPECT_EQ(filters.take("active", Op::equal), std::optional<Value>(Value(true)));
  EXPECT_FALSE(filters.take("active", Op::equal).has_value());
  EXPECT_EQ(filters.left().size(), 1U);
}

}  // namespace
}  // namespace nephele::manage
