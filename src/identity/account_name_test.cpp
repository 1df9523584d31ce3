// SPDX-License-Identifier: Apache-2.0
#include "identity/account_name.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace nephele::identity {
namespace {

using testing::HasSubstr;
using testing::Not;

struct NameCase {
  const char* name;
  std::string text;
  const char* refused_for;  // nothing: accepted
};
void PrintTo(const NameCase& row, std::ostream* out) {
  *out << row.name;
}
class AccountName : public testing::TestWithParam<NameCase> {};

TEST_P(AccountName, IsAcceptedOrRefusedWithTheReason) {
  const auto& row = GetParam();
  const auto checked = check_name(row.text);
  ASSERT_EQ(checked.has_value(), row.refused_for == nullptr);
  EXPECT_EQ(name_key(row.text).has_value(), row.refused_for == nullptr);
  if (checked) return;
  EXPECT_EQ(checked.error().kind(), Kind::invalid);
  EXPECT_THAT(checked.error().sentence(), HasSubstr(row.refused_for));
}

INSTANTIATE_TEST_SUITE_P(
    Table, AccountName,
    testing::Values(NameCase{"Plain", "oneadmin", nullptr}, NameCase{"Mail", "ada@example.org", nullptr},
                    NameCase{"Blank", "ada lovelace", nullptr}, NameCase{"NotAscii", "\xC3\x85sa", nullptr},
                    NameCase{"Longest", std::string(128, 'x'), nullptr}, NameCase{"Empty", "", "needs a name"},
                    NameCase{"TooLong", std::string(129, 'x'), "129 bytes"},
                    NameCase{"Huge", std::string(1'000'000, 'x'), "1000000 bytes"}, NameCase{"Colon", "a:b", "colon"},
                    NameCase{"OnlyColon", ":", "colon"}, NameCase{"Nul", std::string("a\0b", 3), "control"},
                    NameCase{"LineEnd", "a\n", "control"}, NameCase{"Delete", "a\x7F", "control"},
                    NameCase{"C1Control", "a\xC2\x85", "control"}, NameCase{"NotUtf8", "a\xFF", "UTF-8"},
                    NameCase{"Overlong", "\xC0\xBA", "UTF-8"}, NameCase{"CutSequence", "a\xC3", "UTF-8"}),
    [](const auto& info) { return std::string(info.param.name); });

TEST(NameKey, LowersAsciiLettersOnly) {
  EXPECT_EQ(name_key("OneADMIN-42Z@[`{"), "oneadmin-42z@[`{");
  EXPECT_EQ(name_key("\xC3\x85SA"), "\xC3\x85sa");
}

TEST(Password, HasALeastAndAMostLength) {
  EXPECT_FALSE(check_password(Secret("")));
  EXPECT_FALSE(check_password(Secret("1234567")));
  EXPECT_TRUE(check_password(Secret("12345678")));
  EXPECT_TRUE(check_password(Secret(std::string(8, '\0'))));
  EXPECT_TRUE(check_password(Secret(std::string(1024, 'x'))));
  EXPECT_FALSE(check_password(Secret(std::string(1025, 'x'))));
}

TEST(Password, IsNotRepeatedInTheReason) {
  EXPECT_THAT(check_password(Secret("geheim")).error().sentence(), Not(HasSubstr("geheim")));
}

}  // namespace
}  // namespace nephele::identity
