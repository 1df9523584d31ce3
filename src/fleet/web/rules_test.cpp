// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "fleet/web/access.h"
#include "fleet/web/access_log.h"
#include "fleet/web/paths.h"

namespace nephele::fleet::web {
namespace {

const std::string machine = "vcycle-a-0000000001";

TEST(FleetWebPaths, MeanWhatTheContractSays) {
  struct Case {
    std::string path;
    Target target;
  };
  const std::string base = "/machines/s.example.com/" + machine;
  const auto of = [](Asked asked, std::string what, std::string name = {}) {
    return Target{asked, "s.example.com", machine, std::move(what), std::move(name)};
  };
  const auto early = [](Asked asked, std::string what, std::string name = {}) {
    return Target{asked, "", machine, std::move(what), std::move(name)};
  };
  const Target nothing;
  const Target list{Asked::heartbeats, "s.example.com", "", "", "squid"};
  const std::string long_name(128, 'x');
  for (const auto& [path, target] : std::vector<Case>{
           {base + "/machinefeatures/total_cpu", of(Asked::feature, "machinefeatures", "total_cpu")},
           {base + "/jobfeatures/allocated_CPU", of(Asked::feature, "jobfeatures", "allocated_CPU")},
           {base + "/machinefeatures/", of(Asked::index, "machinefeatures")},
           {base + "/machinefeatures", of(Asked::folder, "machinefeatures")},
           {base + "/joboutputs/hb", of(Asked::output, "joboutputs", "hb")},
           {base + "/joboutputs/h%62", of(Asked::output, "joboutputs", "hb")},
           {"//machines//s.example.com///" + machine + "//joboutputs//hb", of(Asked::output, "joboutputs", "hb")},
           {base + "/joboutputs/" + long_name, of(Asked::output, "joboutputs", long_name)},
           {"/heartbeatlists/s.example.com/squid", list},
           // The first releases.
           {"/machines/" + machine + "/machinefeatures/hs06", early(Asked::feature, "machinefeatures", "hs06")},
           {"/machines/" + machine + "/jobfeatures/", early(Asked::index, "jobfeatures")},
           {"/machines/" + machine + "/jobfeatures", early(Asked::folder, "jobfeatures")},
           {"/machines/" + machine + "/joboutputs/hb", early(Asked::output, "joboutputs", "hb")},
           {"/spaces/s.example.com/heartbeatmachines/squid", list},
           {"/spaces/s.example.com/glue2.json", Target{Asked::glue, "s.example.com", "", "", ""}},
           // Everything else.
           {"/spaces/s.example.com/glue-2.0.json", nothing},
           {"/spaces/s.example.com/glue2.json/", nothing},
           {"/spaces/../glue2.json", nothing},
           {"/spaces/%2e%2e/glue2.json", nothing},
           {"/spaces/s.example.com", nothing},
           {base + "/joboutputs", nothing},
           {base + "/joboutputs/", nothing},
           {base + "/joboutputs/..", nothing},
           {base + "/joboutputs/%2e%2e", nothing},
           {base + "/joboutputs/.hidden", nothing},
           {base + "/joboutputs/a/b", nothing},
           {base + "/joboutputs/a%2fb", nothing},
           {base + "/joboutputs/a%00b", nothing},
           {base + "/joboutputs/a%zz", nothing},
           {base + "/joboutputs/x" + long_name, nothing},
           {base + "/joboutputs/x/", nothing},
           {base + "/machinefeatures/../user_data", nothing},
           {base + "/machinefeatures/..", nothing},
           {base + "/user_data", nothing},
           {base + "/other/x", nothing},
           {base, nothing},
           {base + "/", nothing},
           {"/machines/s.example.com/web01/joboutputs/x", nothing},
           {"/machines/s.example.com/vcycle-..%2f/joboutputs/x", nothing},
           {"/machines/../" + machine + "/joboutputs/x", nothing},
           {"/SPACE/current/" + machine + "/user_data", nothing},
           {"/heartbeatlists/s.example.com/", nothing},
           {"/heartbeatlists/s.example.com", nothing},
           {"/heartbeatlists/../squid", nothing},
           {"/machines", nothing},
           {"/", nothing},
           {"", nothing},
           {"machines", nothing}})
    EXPECT_EQ(target_of(path), target) << path;
}

constexpr std::string_view vm = "/DC=com/DC=example/CN=vm";

TEST(FleetWebAccess, TheCertificateIsTheMachinetypesOrAProxyOfIt) {
  struct Case {
    std::vector<std::string> subjects;
    bool may;
  };
  const std::string name(vm);
  for (const auto& [subjects, may] :
       std::vector<Case>{{{name}, true},
                         {{"CN=vm,DC=example,DC=com"}, true},
                         {{"CN=vm, DC=example, DC=com"}, true},
                         {{name + "/CN=123456", name}, true},
                         {{name + "/CN=123456/CN=limited proxy", name + "/CN=123456", name}, true},
                         {{name + "evil"}, false},
                         {{name + "/CN=123456"}, false},  // a name that an authority signed, and no proxy
                         {{"/DC=com/DC=example/CN=other/CN=1", name}, false},
                         {{name + "/CN=1/CN=2", "/DC=com/CN=x", name}, false},
                         {{"/DC=com/DC=example/CN=other"}, false},
                         {{""}, false},
                         {{}, false}}) {
    const auto why = refusal_of({.tls = true, .subjects = subjects}, {.subject = name});
    EXPECT_EQ(!why, may) << ::testing::PrintToString(subjects) << why.value_or("");
    EXPECT_EQ(!refusal_of({.tls = true, .subjects = subjects}, {.subject = "CN=vm,DC=example,DC=com"}), may);
    EXPECT_TRUE(refusal_of({.tls = false, .subjects = subjects}, {.subject = name}));
    EXPECT_TRUE(refusal_of({.tls = true, .subjects = subjects}, {})) << "the machine has no https_x509dn";
    EXPECT_TRUE(refusal_of({.tls = true, .subjects = subjects}, {.subject = name, .token_needed = true}));
    EXPECT_TRUE(refusal_of({.tls = true, .subjects = subjects}, {.subject = name, .token_hash = hash_of_token("t")}))
        << "the certificate is in other machines of the type too";
  }
}

TEST(FleetWebAccess, ATokenIsOneMachines) {
  struct Case {
    std::string header;
    bool may;
  };
  for (const auto& [header, may] : std::vector<Case>{{"Bearer secret", true},
                                                     {"bearer  secret ", true},
                                                     {"Bearer Secret", false},
                                                     {"Bearer secre", false},
                                                     {"Bearer ", false},
                                                     {"Bearersecret", false},
                                                     {"Basic secret", false},
                                                     {"secret", false},
                                                     {"", false}}) {
    for (const bool needed : {false, true}) {
      const Wanted wanted{.subject = std::string(vm), .token_hash = hash_of_token("secret"), .token_needed = needed};
      EXPECT_EQ(!refusal_of({.tls = true, .authorization = header}, wanted), may) << header;
      EXPECT_EQ(!refusal_of({.tls = true, .subjects = {std::string(vm)}, .authorization = header}, wanted), may);
    }
    EXPECT_TRUE(refusal_of({.tls = false, .authorization = header}, {.token_hash = hash_of_token("secret")}));
    EXPECT_TRUE(refusal_of({.tls = true, .authorization = header}, {.token_hash = "unreadable"}));
  }
  EXPECT_TRUE(refusal_of({.tls = true, .authorization = "Bearer " + hash_of_token("secret")},
                         {.token_hash = hash_of_token("secret")}))
      << "what the folder holds opens nothing";
}

TEST(FleetWebAccess, NamesHaveOneForm) {
  EXPECT_EQ(slash_form("CN=vm,DC=example,DC=com"), vm);
  EXPECT_EQ(slash_form(vm), vm);
  EXPECT_EQ(slash_form("CN=host/a.example.com,O=x"), "/O=x/CN=host/a.example.com");
  EXPECT_EQ(slash_form("CN=Doe\\, Jane,O=x"), "/O=x/CN=Doe, Jane");
  EXPECT_EQ(slash_form("vm"), "vm");
  EXPECT_EQ(slash_form(""), "");
}

TEST(FleetWebLog, ALineStaysOneWhateverMachinesSend) {
  const Time now = from_ms(1'700'000'000'123);
  EXPECT_EQ(text_of({.host = "10.0.0.1",
                     .subject = vm,
                     .method = "PUT",
                     .target = "/machines/s/m/joboutputs/hb?x=1",
                     .status = 200,
                     .bytes = 0,
                     .agent = "curl/7.88.1"},
                    now),
            "10.0.0.1 \"/DC=com/DC=example/CN=vm\" - [14/Nov/2023:22:13:20 +0000] "
            "\"PUT /machines/s/m/joboutputs/hb?x=*** HTTP/1.1\" 200 0 \"-\" \"curl/7.88.1\"\n");
  EXPECT_EQ(
      text_of({.host = "::1",
               .method = "GET",
               .target = "/\"x",
               .http10 = true,
               .status = 404,
               .bytes = 7,
               .referer = "a\"\\b\tc",
               .agent = "\xff\n"},
              now),
      "::1 \"-\" - [14/Nov/2023:22:13:20 +0000] \"GET /\\\"x HTTP/1.0\" 404 7 \"a\\\"\\\\b\\x09c\" \"\\xff\\x0a\"\n");
}

}  // namespace
}  // namespace nephele::fleet::web
