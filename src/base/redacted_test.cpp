// SPDX-License-Identifier: Apache-2.0
#include "base/redacted.h"

#include <gtest/gtest.h>

namespace nephele {
namespace {

TEST(Redacted, UrlsLoseWhoSignsInAndTheValuesOfTheirQueries) {
  struct Case {
    const char* text;
    const char* shown;
  };
  for (const auto& [text, shown] : {
           Case{"", ""},
           Case{"no URL: a=b, c@d ?e=f", "no URL: a=b, c@d ?e=f"},
           Case{"Fetching https://h:8443/a@b/c.json", "Fetching https://h:8443/a@b/c.json"},
           Case{"New http://u:p@h/x put in /y", "New http://***@h/x put in /y"},
           Case{"http://u:p@s@h", "http://***@h"},
           Case{"http://token@h/", "http://***@h/"},
           Case{"Failed to read https://h/x?token=abc: it answers 404",
                "Failed to read https://h/x?token=***: it answers 404"},
           Case{"https://h/x?a=1&sig=%2Bq==;b#c=d", "https://h/x?a=***&sig=***;***#c=***"},
           Case{"https://h?secret, and", "https://h?***, and"},
           Case{"https://h/x?", "https://h/x?"},
           Case{"https://h/x?a=&b", "https://h/x?a=***&***"},
           Case{"(https://u:p@h/?k=v) and \"https://u:p@h/?k=v\".",
                "(https://***@h/?k=***) and \"https://***@h/?k=***\"."},
           Case{"https://u:p?x@h/y", "https://***@h/y"},
           Case{"https://u:pa/ss@h/x?k=v", "https://***@h/x?k=***"},
           Case{"https://u:p#s@h/x", "https://***@h/x"},
           Case{"https://h:8443/a@b [https://[::1]:8/a@b]", "https://h:8443/a@b [https://[::1]:8/a@b]"},
           Case{"https://me:it'sme@h/x?sig=ab'cd no", "https://***@h/x?sig=*** no"},
           Case{"'https://u:p@h/?k=v' and 'no'", "'https://***@h/?k=***' and 'no'"},
           Case{"https://h/?next=https://u:p@i/ http://u:p@i/", "https://h/?next=*** http://***@i/"},
           Case{"https://u:p@h/x.json:3: no", "https://***@h/x.json:3: no"},
           Case{"/cache/https%3A%2F%2Fu%3Ap%40h%2Fx%3Fk%3Dv%26w is full",
                "/cache/https%3A%2F%2F***%40h%2Fx%3Fk%3D***%26*** is full"},
           Case{"://", "://"},
           Case{"://@", "://***@"},
       })
    EXPECT_EQ(without_url_secrets(text), shown);
}

TEST(Redacted, TargetsLoseTheValuesOfTheirQueries) {
  EXPECT_EQ(without_query_values("/a@b/c=d?token=x&y"), "/a@b/c=d?token=***&***");
  EXPECT_EQ(without_query_values("/a"), "/a");
  EXPECT_EQ(without_query_values(""), "");
}

TEST(Redacted, NamedSecretsAndLongWordsGo) {
  EXPECT_EQ(redacted("a secret b", {"secret", ""}), "a *** b");
  EXPECT_EQ(redacted("x " + std::string(41, 'k') + " 0f8fad5b-d9cb-469f-a165-70867728950e", {}),
            "x *** 0f8fad5b-d9cb-469f-a165-70867728950e");
}

}  // namespace
}  // namespace nephele
