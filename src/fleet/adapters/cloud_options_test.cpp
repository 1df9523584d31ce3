// SPDX-License-Identifier: Apache-2.0
#include "fleet/cloud_options.h"

#include <gmock/gmock.h>

#include <set>
#include <sstream>

#include "base/json.h"
#include "base/temp_directory.h"
#include "fleet/adapters/options.h"
#include "fleet/adapters/testing/written_space.h"

namespace nephele::fleet {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::SizeIs;
using testing::small_key;
using testing::space_of;

TEST(CloudOptions, TheTableOfAllKindsIsWhatTheirReadersLookAt) {
  std::set<std::string> apis, told, read;
  for (const auto& option : cloud_options()) {
    std::istringstream names{std::string(option.apis)};
    for (std::string api; names >> api;)
      if (api != "creamce") told.insert(api + " " + std::string(option.name));
  }
  for (const auto& entry : told) apis.insert(entry.substr(0, entry.find(' ')));
  EXPECT_THAT(apis, SizeIs(7));
  for (const auto& api : apis)
    for (const auto& key : cloud_option_keys(api)) {
      const auto* const option = cloud_option(key.name);
      ASSERT_NE(option, nullptr) << key.name;
      EXPECT_TRUE(option->is_known_to(api)) << key.name;
      if (!option->apis.empty()) read.insert(api + " " + key.name);
    }
  for (const char* const ability :
       {"openstack zones", "ec2 zones", "google zones", "azure zones", "openstack volume_gb_per_processor"})
    EXPECT_EQ(told.erase(ability), 1U) << "read by space_table()";
  EXPECT_EQ(told, read);
  EXPECT_FALSE(cloud_option("key")->is_known_to("dbc"));
}

TEST(CloudOptions, AddressesThatSecretsWouldBeReadAtAreTold) {
  struct Case {
    std::string text;
    std::vector<std::string> told;
  };
  const TempDirectory directory;
  json::Object file;
  for (const auto& [name, value] :
       {std::pair("type", "service_account"), std::pair("project_id", "p"), std::pair("client_email", "e@p"),
        std::pair("token_uri", "http://tokens.example.org/token")})
    file.append(name, value);
  file.append("private_key", small_key);
  directory.write("key.json", json::write(file));
  const std::string key_file = "api = google\nzones = z\nkey_file = " + (directory / "key.json") + "\n";
  for (const auto& [text, told] :
       {Case{"api = openstack\nurl = http://k.example.org:5000/v3\n",
             {"vcycle.conf:8: url is http:// to k.example.org,"}},
        Case{"api = openstack\nurl = HTTP://me:hush@K.example.org/v3\n", {"url is http:// to k.example.org,"}},
        Case{"api = openstack\nurl = https://k.example.org:5000/v3\n", {}},
        Case{"api = ec2\nurl = http://[2001:db8::1]:8773/\n", {"url is http:// to 2001:db8::1,"}},
        Case{"api = azure\nurl = https://m\nlogin_url = http://l\n", {"vcycle.conf:9: login_url is http:// to l,"}},
        Case{"api = google\nurl = http://c\ntoken_url = http://t\n",
             {"url is http:// to c,", "token_url is http:// to t,"}},
        Case{key_file, {"vcycle.conf:9: token_uri of key_file is http:// to tokens.example.org,"}},
        Case{key_file + "token_url = https://t\n", {}}, Case{"api = occi\nurl = http://127.0.0.1:8787/\n", {}},
        Case{"api = occi\nurl = http://127.8.8.8\n", {}}, Case{"api = dbce\nurl = http://[::1]:80/\n", {}},
        Case{"api = dbce\nurl = http://localhost/\n", {}},
        Case{"api = dbce\nurl = http://localhost.example.org/\n", {"url is http:// to localhost.example.org,"}},
        Case{"api = dbce\nurl = http://127.0.0.1@h/\n", {"url is http:// to h,"}},
        Case{"api = opennebula\nurl = http://one:2633/RPC2\n", {"url is http:// to one,"}}}) {
    const auto said = secrets_in_the_clear(space_of(text));
    ASSERT_THAT(said, SizeIs(told.size())) << text << ::testing::PrintToString(said);
    for (std::size_t i = 0; i < said.size(); ++i)
      EXPECT_THAT(said[i], AllOf(HasSubstr(told[i]), HasSubstr("write https://"), Not(HasSubstr("hush"))));
  }
}

}  // namespace
}  // namespace nephele::fleet
