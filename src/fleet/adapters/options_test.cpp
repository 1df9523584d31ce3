// SPDX-License-Identifier: Apache-2.0
#include "fleet/adapters/options.h"

#include <gmock/gmock.h>

#include "base/json.h"
#include "base/temp_directory.h"
#include "fleet/adapters/azure_options.h"
#include "fleet/adapters/dbce_options.h"
#include "fleet/adapters/ec2_options.h"
#include "fleet/adapters/google_options.h"
#include "fleet/adapters/occi_options.h"
#include "fleet/adapters/opennebula_options.h"
#include "fleet/adapters/openstack_options.h"
#include "fleet/adapters/terms.h"
#include "fleet/adapters/testing/written_space.h"
#include "fleet/machine_name.h"

namespace nephele::fleet {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::SizeIs;
using testing::small_key;
using testing::space_of;

TEST(OpenStackOptions, SaysWhatIsMissing) {
  struct Case {
    std::string text, told;
  };
  const std::string ground =
      "[machinetype s a]\nuser_data = u\nbackoff_seconds = 1\nfizzle_seconds = 1\n[space s]\napi = openstack\n";
  const std::string who = "username = u\npassword_base64 = cGFzcw==\n";
  for (const Case& each :
       {Case{who + "project_name = p\n", "has no url"}, Case{"url = http://k\nproject_name = p\n", "names nobody"},
        Case{"url = http://k\n" + who, "has no project_name"},
        Case{"url = http://k\n" + who + "project_name = p\nglance_api = 3\n", "glance_api = 3; it is 2 or 1"},
        Case{"url = http://k\n" + who + "project_name = p\ncompute_microversion = 3\n", "it is 2.N, as 2.69"},
        Case{"url = http://k\n" + who + "project_name = p\ncompute_microversion = 2.100\n", "needs a network_uuid"},
        Case{"url = http://k\n" + who + "project_name = p\napi_version = 4\n", "api_version = 4; it is 3 or 2"},
        Case{"url = http://k\ncred_id = i\ncred_secret = x\napi_version = 2\n", "write api_version = 3"},
        Case{"url = http://k\nproject_name = p\nusername = u\npassword_base64 = ====\n", "is no Base64"}}) {
    const auto config = read_configuration({{"/etc/vcycle.conf", ground + each.text}});
    ASSERT_THAT(config.spaces, SizeIs(1))
        << each.text << ::testing::PrintToString(config.problems.empty() ? "" : config.problems[0].sentence);
    const auto options = openstack_options(config.spaces[0]);
    ASSERT_FALSE(options) << each.text;
    EXPECT_THAT(options.error().sentence(), AllOf(HasSubstr("/etc/vcycle.conf:"), HasSubstr(each.told)));
  }
}

TEST(OpenStackOptions, UnderstandsNamesOfAllReleases) {
  const auto config = read_configuration({{"/etc/vcycle.conf",
                                           "[machinetype s a]\nuser_data = u\nbackoff_seconds = 1\nfizzle_seconds = 1\n"
                                           "[space s]\napi = openstack\nurl = http://k:5000/v2.0\napi_version = 2\n"
                                           "tenancy_name = p\nusername = u\npassword = qbtt\nglance_api = 1\n"
                                           "zones = a b\nsecurity_groups = one two\n"}});
  EXPECT_THAT(config.warnings, Not(Contains(HasSubstr("zones"))));
  ASSERT_THAT(config.spaces, SizeIs(1));
  EXPECT_THAT(config.spaces[0].zones, ElementsAre("a", "b"));
  const auto options = openstack_options(config.spaces[0]);
  ASSERT_TRUE(options) << options.error().sentence();
  EXPECT_EQ(options->account.credentials.password.reveal(), "pass") << "each character was written one higher";
  EXPECT_EQ(options->account.project_name, "p");
  EXPECT_EQ(options->account.keystone, openstack::KeystoneApi::v2);
  EXPECT_EQ(options->account.glance, openstack::GlanceApi::v1);
  EXPECT_THAT(options->security_groups, ElementsAre("one", "two"));
}

TEST(OpenStackOptions, TheDomainIsTheOneOfTheIdDefaultUnlessItIsNamed) {
  for (const std::string name : {"", "Grid"}) {
    const auto config =
        read_configuration({{"/etc/vcycle.conf",
                             "[machinetype s a]\nuser_data = u\nbackoff_seconds = 1\nfizzle_seconds = 1\n"
                             "[space s]\napi = openstack\nurl = http://k:5000/v3\nproject_name = p\nusername = u\n"
                             "password_base64 = cGFzcw==\n" +
                                 (name.empty() ? "" : "domain_name = " + name + "\n")}});
    ASSERT_THAT(config.spaces, SizeIs(1));
    const auto options = openstack_options(config.spaces[0]);
    ASSERT_TRUE(options) << options.error().sentence();
    EXPECT_EQ(options->account.domain_id, name.empty() ? "default" : "");
    EXPECT_EQ(options->account.domain_name, name);
  }
}

TEST(CloudOptions, SayWhatIsWrongAndWhatIsAllowed) {
  struct Case {
    std::string text, told;
    std::string type = "root_image = image:i\n";
    std::string warned = {};
  };
  const std::string ec2 = "api = ec2\naccess_key = a\nsecret_key = s\n";
  const std::string ec2_at = ec2 + "url = http://h:8773/services/Cloud\n";
  const std::string one = "api = opennebula\nurl = http://h:2633/RPC2\n";
  const std::string google = "api = google\n";
  const std::string exchange = "api = dbce\nurl = https://h\nversion = v1\nkey = k\nproject_name = p\nnetwork = n\n";
  const std::string azure = "api = azure\n";
  const std::string azure_in = azure + "tenant_id = t\nclient_id = c\nclient_secret = hush\n";
  const std::string azure_at = azure_in + "subscription = s\nresource_group = g\n";
  const std::string azure_there = azure_at + "location = westeurope\n";
  for (const Case& each :
       {Case{ec2, "has no url"},
        Case{ec2 + "url = h\n", "begins with https://"},
        Case{"api = ec2\nurl = http://h\naccess_key = a\n", "write access_key and secret_key"},
        Case{ec2_at + "signature = v3\n", "v4"},
        Case{ec2_at + "version = new\n", "it is a date"},
        Case{ec2_at + "tag_at_creation = perhaps\n", "true or false"},
        Case{ec2_at + "tag_at_creation = true\n", "write version = 2016-11-15"},
        Case{ec2_at + "subnets = subnet-1\n", "write version = 2016-11-15"},
        Case{ec2_at + "version = 2016-11-15\nsubnets = subnet-1\nzones = z\n", "take one of the two out"},
        Case{ec2_at + "version = 2016-11-15\nsubnets = subnet-1\nsecurity_groups = sg-1 vc\n", "write their ids"},
        Case{ec2_at + "flavor_processors = m1.small:none\n", "NAME:PROCESSORS"},
        Case{ec2_at, "write image:ami-", "root_image = /a/file\n"},
        Case{ec2_at, "write image:ami-", ""},
        Case{"api = azure\ntenancy_name = t\nsubscription = s\ncertificate = c\nlocation = l\npfx = p\nusername = u\n",
             "Microsoft has ended it. Write tenant_id", "root_image = image:i\n", "project_name"},
        Case{azure, "write tenant_id, client_id and client_secret"},
        Case{azure_in, "has no subscription"},
        Case{azure_in + "subscription = s\n", "has no resource_group"},
        Case{azure_in + "subscription = s\nresource_group = g\n", "has no location"},
        Case{azure_at + "location = West/Europe\n", "such as westeurope"},
        Case{azure_there, "has no subnets"},
        Case{azure_there + "subnets = grid\n", "write NETWORK/SUBNET"},
        Case{azure_there + "subnets = n/a\nsecurity_groups = a b\n", "a machine has one"},
        Case{azure_there + "subnets = n/a\nusername = root\n", "does not take for the user"},
        Case{azure_there + "subnets = n/a\nurl = management\n", "it begins with https://"},
        Case{azure_there + "subnets = n/a\n", "write image:NAME", "root_image = /a/file\n"},
        Case{google, "has no project_id"},
        Case{google + "project_id = a/b\n", "no id of a project"},
        Case{google + "project_id = p\n", "write key_file, or client_email and private_key"},
        Case{google + "key_file = /nowhere.json\n", "which cannot be read"},
        Case{google + "project_id = p\nclient_email = e@p\nprivate_key = none\n", "no RSA key in PEM"},
        Case{exchange, "write image:ID", "root_image = /a/file\n"},
        Case{exchange + "flavor_processors = y:1000001\n", "write NAME:PROCESSORS"},
        Case{exchange + "flavor_processors = y:9223372036854775807:1\n", "write NAME:PROCESSORS"},
        Case{"api = opennebula\nusername = u\npassword_base64 = cA==\n", "write oned's address"},
        Case{one + "password_base64 = cA==\n", "names nobody"},
        Case{one + "username = a:b\npassword_base64 = cA==\n", "no colon"},
        Case{one + "username = u\n", "no password_base64"},
        Case{one + "username = u\npassword_base64 = ====\n", "is no Base64"},
        Case{one + "username = u\npassword_base64 = cA==\n", "write image:NAME", "root_image = /a/file\n"}}) {
    const auto checked = check_cloud_options(space_of(each.text, each.type, each.warned));
    ASSERT_FALSE(checked) << each.text;
    EXPECT_THAT(checked.error().sentence(), AllOf(HasSubstr("/etc/vcycle.conf:"), HasSubstr(each.told))) << each.text;
  }
  EXPECT_TRUE(check_cloud_options(space_of(one + "username = u\npassword_base64 = cA==\n", "")));
  EXPECT_TRUE(check_cloud_options(space_of("api = creamce\n")));
  const auto read = dbce_options(space_of(exchange + "flavor_processors = y:1000000:25165824\n", "root_image = /a\n"));
  ASSERT_TRUE(read) << "one type's mistake keeps no other's machines from their ends: " << read.error().sentence();
  EXPECT_EQ(read->images.at("a"), "");
  EXPECT_EQ(read->sizes.at("y").memory_mib, 25'165'824);
}

TEST(CloudOptions, OfEc2AreThoseOfVcycleOrOfAmazon) {
  const std::string keys = "api = ec2\naccess_key = a\nsecret_key = s\n";
  auto read = ec2_options(
      space_of(keys + "url = https://h:8773/services/Cloud\nflavor_processors = m1.small:1 m1.large:2:7680\n",
               "root_image = image:i\nflavor_names = m1.small m1.large\n"));
  ASSERT_TRUE(read) << read.error().sentence();
  EXPECT_EQ(read->account.version + read->account.region + read->account.service, "2010-08-31us-east-1openstack");
  EXPECT_FALSE(read->tags_at_creation);
  EXPECT_THAT(read->flavors, ElementsAre("m1.small", "m1.large"));
  EXPECT_EQ(read->sizes.at("m1.large").processors, 2);
  EXPECT_EQ(read->sizes.at("m1.large").memory_mib, 7'680);
  read = ec2_options(space_of(keys + "url = https://ec2.eu-west-1.amazonaws.com/\n"));
  ASSERT_TRUE(read) << read.error().sentence();
  EXPECT_EQ(read->account.version + read->account.region + read->account.service, "2016-11-15eu-west-1ec2");
  EXPECT_TRUE(read->tags_at_creation);
  read = ec2_options(space_of(keys + "url = https://ec2.amazonaws.com\nregion = r\nservice = x\nversion = 2012-01-01\n"
                                     "signature = v2\n"));
  ASSERT_TRUE(read) << read.error().sentence();
  EXPECT_EQ(read->account.version + read->account.region + read->account.service, "2012-01-01rx");
  EXPECT_EQ(read->account.signature, ec2::Signature::v2);
}

TEST(CloudOptions, OfGoogleAreWrittenOrInTheFileOfAKey) {
  const TempDirectory directory;
  json::Object file;
  file.append("type", "service_account");
  file.append("project_id", "file-project");
  file.append("private_key_id", "k1");
  file.append("private_key", small_key);
  file.append("client_email", "fleet@file-project.iam.gserviceaccount.com");
  file.append("token_uri", "https://oauth2.googleapis.com/token");
  directory.write("key.json", json::write(file));
  const std::string by_file = "api = google\nzones = europe-west1-b\nkey_file = " + (directory / "key.json") + "\n";
  auto read = google_options(space_of(by_file));
  ASSERT_TRUE(read) << read.error().sentence();
  EXPECT_EQ(read->account.project, "file-project");
  EXPECT_EQ(read->account.client_email, "fleet@file-project.iam.gserviceaccount.com");
  EXPECT_EQ(read->account.private_key.reveal(), small_key);
  EXPECT_EQ(read->account.key_id, "k1");
  EXPECT_EQ(read->account.url, "https://compute.googleapis.com/compute/v1");
  EXPECT_FALSE(read->has_limit);
  EXPECT_TRUE(read->public_addresses);

  std::string lines(small_key);
  for (auto at = lines.find('\n'); at != std::string::npos; at = lines.find('\n', at + 2)) lines.insert(at + 1, " ");
  const std::string written =
      "api = google\nproject_id = p\nclient_email = e@p\nzones = a-b c-d\nprocessors_limit = 3\n";
  read = google_options(space_of(written + "private_key = " + lines + "\ntoken_url = http://h/token/\n"));
  ASSERT_TRUE(read) << read.error().sentence();
  EXPECT_EQ(read->account.token_url, "http://h/token");
  EXPECT_THAT(read->zones, ElementsAre("a-b", "c-d"));
  EXPECT_TRUE(read->has_limit);
  std::string copied(small_key);
  for (auto at = copied.find('\n'); at != std::string::npos; at = copied.find('\n')) copied.replace(at, 1, "\\n");
  read = google_options(space_of(written + "private_key = " + copied + "\n"));
  ASSERT_TRUE(read) << read.error().sentence();
  EXPECT_EQ(read->account.private_key.reveal(), small_key) << "as it stands in the JSON file";

  for (const auto& [more, told] : {std::pair{"network = n\nsubnets = s\n", "take one of the two out"},
                                   std::pair{"url = compute\n", "it begins with https://"}}) {
    read = google_options(space_of(by_file + more));
    ASSERT_FALSE(read) << more;
    EXPECT_THAT(read.error().sentence(), AllOf(HasSubstr(told), Not(HasSubstr("BEGIN"))));
  }
  read = google_options(space_of("api = google\nkey_file = " + (directory / "key.json") + "\n"));
  EXPECT_THAT(read.error().sentence(), HasSubstr("has no zones"));
  Space long_name = space_of(by_file);
  long_name.types[0].name = std::string(46, 't');
  EXPECT_TRUE(google_options(long_name)) << "the other machinetypes go on";
  EXPECT_THAT(check_cloud_options(long_name).error().sentence(), HasSubstr("45 are left for it"));
}

TEST(CloudOptions, OfAzureMayBeWrittenShort) {
  const std::string who = "api = azure\ntenant_id = t\nclient_id = c\nclient_secret = hush\nsubscription = s\n";
  auto read = azure_options(space_of(who + "resource_group = g\nlocation = West Europe\nsubnets = n/a /x/b\n"));
  ASSERT_TRUE(read) << read.error().sentence();
  EXPECT_EQ(read->account.location, "westeurope");
  EXPECT_EQ(read->account.url + " " + read->account.login_url,
            "https://management.azure.com https://login.microsoftonline.com");
  EXPECT_THAT(
      read->subnets,
      ElementsAre("/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/virtualNetworks/n/subnets/a", "/x/b"));
  EXPECT_EQ(read->user + read->disk_type, "vcycleStandardSSD_LRS");
  EXPECT_FALSE(read->public_addresses);
  read = azure_options(space_of(who + "tenancy_name = old\nlocation = l\nsubnets = n/a\nsecurity_groups = sg\n"
                                      "url = https://management.chinacloudapi.cn/\nusername = me\n",
                                "root_image = image:i\n", "tenancy_name is deprecated"));
  ASSERT_TRUE(read) << read.error().sentence();
  EXPECT_EQ(read->account.resource_group, "old") << "as Vcycle called it";
  EXPECT_EQ(read->security_group,
            "/subscriptions/s/resourceGroups/old/providers/Microsoft.Network/networkSecurityGroups/sg");
  EXPECT_EQ(read->account.url, "https://management.chinacloudapi.cn");
  EXPECT_EQ(read->user, "me");
}

TEST(CloudOptions, OfOcciSayHowToSignIn) {
  const std::string place = "api = occi\nurl = https://h:8787/\n";
  struct Case {
    std::string text, told;
  };
  for (const Case& each :
       {Case{"api = occi\nproxy = /p\n", "has no url"},
        Case{"api = occi\nproxy = /p\nurl = h\n", "it begins with https://"}, Case{place, "names nobody"},
        Case{place + "username = u\n", "has no password_base64"},
        Case{place + "token_file = /t\n", "needs the identity_provider"},
        Case{place + "identity_provider = i\nusername = u\npassword = p\n", "needs a token_file or a proxy"},
        Case{place + "identity_provider = i\ntoken_file = /t\nusername = u\npassword = p\n", "take one of the two out"},
        Case{place + "proxy = /p\nflavor_processors = x\n", "write NAME:PROCESSORS"}}) {
    const auto read = occi_options(space_of(each.text));
    ASSERT_FALSE(read) << each.text;
    EXPECT_THAT(read.error().sentence(), AllOf(HasSubstr("/etc/vcycle.conf:"), HasSubstr(each.told))) << each.text;
  }
  EXPECT_FALSE(check_cloud_options(space_of(place + "proxy = /p\n", "root_image = /a/file\n")));
  auto read = occi_options(space_of(place + "username = u\npassword = qx\nflavor_processors = 1:2\n"));
  ASSERT_TRUE(read) << read.error().sentence();
  EXPECT_EQ(read->account.password.reveal(), "pw") << "each character one higher";
  EXPECT_EQ(read->sizes.at("1").processors, 2);
  read = occi_options(space_of(place + "proxy = /p\nusername = u\n"));
  ASSERT_TRUE(read) << read.error().sentence();
  EXPECT_EQ(read->account.link.certificate_file + read->account.username, "/p");
}

TEST(CloudOptions, OfTheCloudExchangeMustAllBeGiven) {
  const std::vector<std::string> lines{"url = https://h/", "version = v1", "key = k", "tenancy_name = p",
                                       "network = n"};
  for (std::size_t left_out = 0; left_out <= lines.size(); ++left_out) {
    std::string text;
    for (std::size_t i = 0; i < lines.size(); ++i) text += i == left_out ? "" : lines[i] + "\n";
    const auto config = read_configuration(
        {{"/etc/vcycle.conf",
          "[machinetype s a]\nuser_data = u\nbackoff_seconds = 1\nfizzle_seconds = 7\nroot_image = 1\n"
          "[space s]\napi = dbce\n" +
              text}});
    ASSERT_THAT(config.spaces, SizeIs(1));
    const auto read = dbce_options(config.spaces[0]);
    EXPECT_EQ(read.has_value(), left_out == lines.size()) << text;
    if (!read) EXPECT_THAT(read.error().sentence(), AllOf(HasSubstr("/etc/vcycle.conf:"), HasSubstr("has no ")));
    if (read) EXPECT_EQ(read->fizzle.at("a"), std::chrono::seconds(7));
  }
  EXPECT_EQ(dbce_image("image:4711") + dbce_image("4712") + dbce_image("/a/file") + dbce_image("https://h/i"),
            "47114712");
}

TEST(CloudTerms, AMachinesNameHasItsType) {
  EXPECT_EQ(machinetype_in("vcycle-lhcb-prod-0123456789"), "lhcb-prod");
  for (const char* none : {"", "vcycle-a", "vcycle-0123456789", "web-a-0123456789", "vcycle--0123456789x"})
    EXPECT_EQ(machinetype_in(none), "") << none;
  EXPECT_EQ(named_image("image:a b"), "a b");
  EXPECT_EQ(named_image("/a/file"), std::nullopt);
}

}  // namespace
}  // namespace nephele::fleet
