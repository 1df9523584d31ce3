// SPDX-License-Identifier: Apache-2.0
#include "base/ascii.h"

#include <gtest/gtest.h>

namespace nephele::ascii {
namespace {

TEST(Ascii, ChangesOnlyItsOwnLetters) {
  for (int byte = 0; byte < 256; ++byte) {
    const char c = static_cast<char>(byte);
    const bool big = byte >= 'A' && byte <= 'Z', small = byte >= 'a' && byte <= 'z';
    EXPECT_EQ(lower(c), big ? static_cast<char>(byte + 32) : c) << byte;
    EXPECT_EQ(upper(c), small ? static_cast<char>(byte - 32) : c) << byte;
  }
  EXPECT_EQ(lowered("Ada LOVELACE ÄÖ 1@[`{"), "ada lovelace ÄÖ 1@[`{");
  EXPECT_EQ(uppered("Ada lovelace äö 1@[`{"), "ADA LOVELACE äö 1@[`{");
  EXPECT_EQ(lowered(""), "");
}

TEST(Ascii, TrimsWhatItIsToldTo) {
  EXPECT_EQ(trimmed(" \t a b\t "), "a b");
  EXPECT_EQ(trimmed("\n a \r"), "\n a \r") << "line ends are no blanks";
  EXPECT_EQ(trimmed("\r\n a \t\n", spaces), "a");
  EXPECT_EQ(trimmed("\t a ", " "), "\t a");
  EXPECT_EQ(trimmed(" \t "), "");
  EXPECT_EQ(trimmed(""), "");
  EXPECT_EQ(trimmed_left("  a "), "a ");
  EXPECT_EQ(trimmed_right(" a  "), " a");
  EXPECT_EQ(trimmed(std::string_view(" \0 ", 3)), std::string_view("\0", 1));
}

}  // namespace
}  // namespace nephele::ascii
