// SPDX-License-Identifier: Apache-2.0
#include "clouds/opennebula/dialect.h"

#include "clouds/opennebula/one_fixture.h"

namespace nephele::opennebula {
namespace {

using namespace std::chrono_literals;
using testing::ScriptedTest;
using testing::success;

class OneDialects : public ScriptedTest {};

TEST_F(OneDialects, FindsTheDialectOutOnce) {
  on("one.system.version", success("6.10.1"));
  Dialects dialects(oned_);
  ServiceTemplate old_format{.header = {.id = 3}, .roles = {{.name = "FAAS", .vm_template = 1}}};
  ServiceTemplate new_format{.header = {.id = 4}, .roles = {{.name = "FAAS", .vm_template = 1, .new_format = true}}};
  EXPECT_EQ(wait(dialects.dialect(alice_, new_format)), Dialect::v7);
  EXPECT_EQ(count("one.system.version"), 0U);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(wait(dialects.dialect(alice_, old_format)), Dialect::v6);
  EXPECT_EQ(count("one.system.version"), 1U);
  Dialects forced(oned_, Dialect::v7);
  EXPECT_EQ(wait(forced.dialect(alice_, old_format)), Dialect::v7);
  EXPECT_EQ(count("one.system.version"), 1U);
}

TEST_F(OneDialects, AsksForTheVersionAgainAfterAWhileAndAfterAFailure) {
  on("one.system.version", {.status = 502});
  on("one.system.version", success("6.8.0"));
  on("one.system.version", success("7.0.0"));
  Dialects dialects(oned_, std::nullopt, 0s);
  const ServiceTemplate any{.header = {.id = 3}, .roles = {}};
  EXPECT_FALSE(wait(dialects.dialect(alice_, any)));
  EXPECT_EQ(wait(dialects.dialect(alice_, any)), Dialect::v6);
  EXPECT_EQ(wait(dialects.dialect(alice_, any)), Dialect::v7);
}

TEST(Dialect, MergesByPositionIn6AndByNameIn7) {
  const ServiceTemplate two{
      .header = {.id = 3},
      .roles = {{.name = "DAAS"}, {.name = "LOG"}, {.name = "FAAS", .vm_template = 1, .cardinality = 1}}};
  const auto contents = Template().add("CPU", std::string("2")).add("DISK", Vector{{"SIZE", "1"}});
  const auto v6 = merge_template(two, {{"FAAS", contents}}, Dialect::v6);
  ASSERT_TRUE(v6);
  EXPECT_EQ(json::write(*v6), R"({"roles":[{"name":"DAAS"},{"name":"LOG"},)"
                              R"({"name":"FAAS","vm_template_contents":"CPU=\"2\"\nDISK=[SIZE=\"1\"]\n"}]})");
  const auto v7 = merge_template(two, {{"FAAS", contents}}, Dialect::v7);
  ASSERT_TRUE(v7);
  EXPECT_EQ(json::write(*v7), R"({"roles":[{"name":"FAAS","template_contents":{"CPU":"2","DISK":{"SIZE":"1"}}}]})");
  EXPECT_FALSE(merge_template(two, {{"NONE", contents}}, Dialect::v6));
}

TEST(Dialect, GivesAMachineToAnOverriddenRoleThatHasNone) {
  for (const auto number : {std::optional<std::int64_t>(), std::optional<std::int64_t>(0)}) {
    const ServiceTemplate one{
        .header = {.id = 3},
        .roles = {{.name = "FAAS", .cardinality = number}, {.name = "LOG", .cardinality = number}}};
    const auto v6 = merge_template(one, {{"FAAS", Template()}}, Dialect::v6);
    ASSERT_TRUE(v6);
    EXPECT_EQ(json::write(*v6),
              R"({"roles":[{"name":"FAAS","cardinality":1,"vm_template_contents":""},{"name":"LOG"}]})");
    const auto v7 = merge_template(one, {{"FAAS", Template()}}, Dialect::v7);
    ASSERT_TRUE(v7);
    EXPECT_EQ(json::write(*v7), R"({"roles":[{"name":"FAAS","cardinality":1,"template_contents":{}}]})");
  }
}

}  // namespace
}  // namespace nephele::opennebula
