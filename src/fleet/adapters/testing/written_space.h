// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gmock/gmock.h>

#include <string>
#include <string_view>

#include "fleet/config.h"

namespace nephele::fleet::testing {

/// [space s] with these options (from line 8 on its second one) and a machinetype. `warned`: of what, and of nothing
/// else.
inline Space space_of(const std::string& options, const std::string& type = "root_image = image:i\n",
                      const std::string& warned = "") {
  const auto config = read_configuration(
      {{"/etc/vcycle.conf", "[machinetype s a]\nuser_data = u\nbackoff_seconds = 1\nfizzle_seconds = 1\n" + type +
                                "[space s]\n" + options}});
  if (warned.empty())
    EXPECT_THAT(config.warnings, ::testing::IsEmpty()) << options;
  else
    EXPECT_THAT(config.warnings, ::testing::ElementsAre(::testing::HasSubstr(warned))) << options;
  if (config.spaces.size() != 1) {
    ADD_FAILURE() << options << (config.problems.empty() ? "" : config.problems[0].sentence);
    return {};
  }
  return config.spaces[0];
}

/// Made for tests: 512 bits, good for nothing.
inline constexpr std::string_view small_key = R"(-----BEGIN PRIVATE KEY-----
MIIBVQIBADANBgkqhkiG9w0BAQEFAASCAT8wggE7AgEAAkEAyft7LSLPKnqgHWAn
CDyUIsJOL9VX4a0ZA3o4whfucEQF1i5VDgFV9JoOi5ket0XuhidpVPXwGLjuMAnM
HmXdkwIDAQABAkAFLxEgPW53tqH5Xwhha7yZj8cV7zHMNvcXYcGnKZoTA4A9+8pe
vP+eSm23rPbSYY8ECiLsVefQopAfZCpy4EIRAiEA6KaILfy8bbCPFU9IGG0VddXp
FlbyLgKrnXPvz0YaEf0CIQDeQP6t1gHilyMFF2Fi7Uoh/uhWRNBKrePNPbtYAZY6
zwIhAJtLXidkRtrpOfk9fKBhYCvR586zpuCzg56MXwz6fDh5AiEA23BqxLJPLC0z
a3x5MBa/oi8vsLXCvmlQST3RMoRmkusCIGrmI7G15r6SZ2FjM7LAWkibL8zUpvDL
LvlFuIe6/fDa
-----END PRIVATE KEY-----
)";

}  // namespace nephele::fleet::testing
