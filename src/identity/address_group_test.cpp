// SPDX-License-Identifier: Apache-2.0
#include "identity/address_group.h"

#include <gtest/gtest.h>

namespace nephele::identity {
namespace {

struct GroupCase {
  const char* name;
  std::string address;
  std::string group;
};
void PrintTo(const GroupCase& row, std::ostream* out) {
  *out << row.name;
}
class AddressGroup : public testing::TestWithParam<GroupCase> {};

TEST_P(AddressGroup, IsWhatOneGuesserOwns) {
  EXPECT_EQ(address_group(GetParam().address), GetParam().group);
}

INSTANTIATE_TEST_SUITE_P(Table, AddressGroup,
                         testing::Values(GroupCase{"V4IsItself", "192.0.2.7", "192.0.2.7"},
                                         GroupCase{"V6IsItsNetwork", "2001:db8:1:2:3:4:5:6", "20010db800010002/64"},
                                         GroupCase{"V6OtherHost", "2001:db8:1:2:ffff::1", "20010db800010002/64"},
                                         GroupCase{"V6Loopback", "::1", "0000000000000000/64"},
                                         GroupCase{"MappedV4IsTheV4", "::ffff:192.0.2.7", "192.0.2.7"},
                                         GroupCase{"ScopeIsLeftOut", "fe80::1%eth0", "fe80000000000000/64"},
                                         GroupCase{"Empty", "", ""}, GroupCase{"SomethingElse", "unix", "unix"},
                                         GroupCase{"Long", std::string(500, 'a'), std::string(64, 'a')}),
                         [](const auto& info) { return std::string(info.param.name); });

}  // namespace
}  // namespace nephele::identity
