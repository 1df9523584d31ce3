// SPDX-License-Identifier: Apache-2.0
#include "base/this_machine.h"

#include <gtest/gtest.h>

namespace nephele {
namespace {

TEST(ThisMachine, IsToldByWhatIsWritten) {
  for (const auto* here : {"localhost", "localhost:25", "127.0.0.1", "127.3.2.1:8080", "::1", "[::1]", "[::1]:389",
                           "http://localhost", "http://localhost:5000/a:b@c", "ldap://127.0.0.1/", "http://[::1]?x"})
    EXPECT_TRUE(is_this_machine(here)) << here;
  for (const auto* elsewhere :
       {"", "http://", "localhost.example.org", "http://localhost.example.org/", "http://127.0.0.1.example.org",
        "http://127.0.0.1x", "http://[::1].example.org", "http://[::1]x", "http://localhost:x@example.org/",
        "http://127.0.0.1:1@example.org", "http://localhost@example.org", "http://example.org/localhost", "128.0.0.1",
        "127", "10.0.0.1", "[::2]", "http://localhost:80x"})
    EXPECT_FALSE(is_this_machine(elsewhere)) << elsewhere;
}

}  // namespace
}  // namespace nephele
