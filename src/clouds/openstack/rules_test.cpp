// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>

#include <filesystem>

#include "base/temp_directory.h"
#include "base/test_run.h"
#include "clouds/openstack/decode.h"
#include "clouds/openstack/errors.h"
#include "clouds/openstack/fields.h"
#include "clouds/openstack/file_body.h"
#include "clouds/openstack/requests.h"
#include "clouds/openstack/token.h"

namespace nephele::openstack {
namespace {

json::Object object(std::string_view text) {
  return *json::parse(text).value().if_object();
}

// ---- accounts and tokens --------------------------------------------------------------------------------------------

Account an_account() {
  Account out{.url = "https://keystone.example.com:5000/v3"};
  out.credentials = {.username = "u", .password = Secret("P")};
  out.project_name = "demo";
  return out;
}

TEST(OpenStackToken, IsAskedForAsTheContractHasIt) {
  auto account = an_account();
  EXPECT_EQ(token_request(account),
            R"({"auth":{"identity":{"methods":["password"],"password":{"user":{"name":"u","domain":{"name":"default"},)"
            R"("password":"P"}}},"scope":{"project":{"name":"demo","domain":{"name":"default"}}}}})");
  account.project_id = "abc";
  account.domain_id = "d1";
  EXPECT_EQ(token_request(account),
            R"({"auth":{"identity":{"methods":["password"],"password":{"user":{"name":"u","domain":{"id":"d1"},)"
            R"("password":"P"}}},"scope":{"project":{"id":"abc"}}}})");
  account.credentials = {.application_credential_id = "i", .application_credential_secret = Secret("s")};
  EXPECT_EQ(token_request(account),
            R"({"auth":{"identity":{"methods":["application_credential"],"application_credential":{"id":"i",)"
            R"("secret":"s"}}}})");
  account = an_account();
  account.keystone = KeystoneApi::v2;
  EXPECT_EQ(token_request(account),
            R"({"auth":{"tenantName":"demo","passwordCredentials":{"username":"u","password":"P"}}})");
}

TEST(OpenStackToken, IsAskedForWhereTheVersionSays) {
  struct Row {
    const char* url;
    KeystoneApi api;
    const char* asked;
  };
  for (const auto& row : {Row{"https://h:5000/v3", KeystoneApi::v3, "https://h:5000/v3/auth/tokens"},
                          Row{"https://h:5000/v3/", KeystoneApi::v3, "https://h:5000/v3/auth/tokens"},
                          Row{"https://h:5000", KeystoneApi::v3, "https://h:5000/v3/auth/tokens"},
                          Row{"https://h/identity/", KeystoneApi::v3, "https://h/identity/v3/auth/tokens"},
                          Row{"https://h/vo", KeystoneApi::v3, "https://h/vo/v3/auth/tokens"},
                          Row{"https://h:5000/v2.0", KeystoneApi::v2, "https://h:5000/v2.0/tokens"},
                          Row{"https://h:5000", KeystoneApi::v2, "https://h:5000/v2.0/tokens"}}) {
    auto account = an_account();
    account.url = row.url;
    account.keystone = row.api;
    EXPECT_EQ(token_url(account), row.asked);
  }
}

TEST(OpenStackToken, IsNotAskedForWithHalfAnAccount) {
  EXPECT_TRUE(check_account(an_account()));
  std::vector<Account> bad(5, an_account());
  bad[0].url.clear();
  bad[1].credentials = {};
  bad[2].project_name.clear();
  bad[3].credentials = {.application_credential_id = "i"};
  bad[4].credentials = {.application_credential_id = "i", .application_credential_secret = Secret("s")};
  bad[4].keystone = KeystoneApi::v2;
  for (const auto& account : bad) EXPECT_FALSE(check_account(account));
}

constexpr std::string_view v3_body =
    R"({"token":{"expires_at":"2026-11-22T08:51:23.000000Z","issued_at":"2026-11-22T07:51:23.000000Z",
    "user":{"id":"u1"},"project":{"id":"p1"},"catalog":[
    {"type":"volumev2","endpoints":[{"interface":"public","region":"A","url":"http://a/v2/p"}]},
    {"type":"compute","endpoints":[{"interface":"public","region_id":"A","region":"x","url":"http://a/v2.1/"},
      {"interface":"admin","region":"B","url":"http://admin"},{"interface":"public","region":"B","url":"http://b:8774"}]},
    {"type":"image","endpoints":[{"interface":"public","region":"A","url":"http://a:9292/v2/"}]},
    {"type":"network","endpoints":[{"interface":"public","region":"A","url":"http://a:9696/"}]},
    {"type":"volumev3","endpoints":[{"interface":"public","region":"A","url":"http://a/v3/p"}]},
    {"type":"volume","endpoints":[{"interface":"public","region":"A","url":"http://a/v1/p"}]}]}})";

TEST(OpenStackToken, LeadsToTheServices) {
  const auto token = decode_token_v3("T", v3_body);
  ASSERT_TRUE(token) << token.error().sentence();
  EXPECT_EQ(token->lifetime, std::chrono::hours(1));
  auto account = an_account();
  EXPECT_EQ(endpoint_of(*token, account, Service::compute),
            "http://b:8774/v2.1");  // the last that fits, with a version
  account.region = "A";
  EXPECT_EQ(endpoint_of(*token, account, Service::compute), "http://a/v2.1");
  EXPECT_EQ(endpoint_of(*token, account, Service::image), "http://a:9292");
  EXPECT_EQ(endpoint_of(*token, account, Service::network), "http://a:9696");
  EXPECT_EQ(endpoint_of(*token, account, Service::volume), "http://a/v3/p");
  account.endpoint_interface = "admin";
  EXPECT_EQ(endpoint_of(*token, account, Service::compute).error().detail("cause"), "no_endpoint");
  account.region = "B";
  EXPECT_EQ(endpoint_of(*token, account, Service::compute), "http://admin/v2.1");
}

TEST(OpenStackToken, OfV2HasThreeInterfacesInOneEndpoint) {
  const auto token = decode_token_v2(
      R"({"access":{"token":{"id":"T","issued_at":"2026-11-22T07:51:23","expires":"2026-11-22T07:52:23Z",
      "tenant":{"id":"p1"}},"user":{"id":"u1"},"serviceCatalog":[{"type":"compute","endpoints":[
      {"region":"A","publicURL":"http://a/v2/p1","internalURL":"http://ia/v2/p1"},{"region":"B","publicURL":"http://b/v2/p1"}]}]}})");
  ASSERT_TRUE(token) << token.error().sentence();
  EXPECT_EQ(token->id.reveal(), "T");
  EXPECT_EQ(token->lifetime, std::chrono::seconds(60));
  auto account = an_account();
  EXPECT_EQ(endpoint_of(*token, account, Service::compute), "http://a/v2/p1");  // the first of a service
  account.region = "B";
  EXPECT_EQ(endpoint_of(*token, account, Service::compute), "http://b/v2/p1");
  account.endpoint_interface = "internal";
  EXPECT_FALSE(endpoint_of(*token, account, Service::compute));
}

TEST(OpenStackToken, LivesNoLongerThanAYear) {
  const auto body = [](std::string_view expires) {
    return R"({"access":{"token":{"id":"T","issued_at":"2026-11-22T07:51:23","expires":")" + std::string(expires) +
           R"("},"user":{"id":"u1"},"serviceCatalog":[]}})";
  };
  for (const auto* const expires : {"2030-01-01T00:00:00Z", "9999-12-31T23:59:59Z"})
    EXPECT_EQ(decode_token_v2(body(expires)).value().lifetime, std::chrono::years(1)) << expires;
  for (const auto* const expires : {"2026-11-22T07:51:23Z", "2026-01-01T00:00:00Z", "never"})
    EXPECT_EQ(decode_token_v2(body(expires)).value().lifetime, std::nullopt) << expires;
}

TEST(OpenStackToken, IsRefusedWhenItIsHalfOne) {
  EXPECT_FALSE(decode_token_v3("", v3_body));
  for (const auto* const body : {"", "[]", "{}", R"({"token":[]})", R"({"token":{"catalog":{}}})", R"({"token":{}})"})
    EXPECT_FALSE(decode_token_v3("T", body)) << body;
  for (const auto* const body :
       {"", "{}", R"({"access":{}})", R"({"access":{"token":{},"serviceCatalog":[]}})",
        R"({"access":{"token":{"id":7},"serviceCatalog":[]}})", R"({"access":{"token":{"id":"T"}}})"})
    EXPECT_FALSE(decode_token_v2(body)) << body;
}

// ---- fields ---------------------------------------------------------------------------------------------------------

TEST(OpenStackFields, ReadTheTimesOfAllServices) {
  struct Row {
    const char* text;
    std::optional<std::int64_t> second;
  };
  for (const auto& row : {Row{"2026-11-21T07:57:43Z", 1795247863}, Row{"2026-11-21T07:57:43.999999", 1795247863},
                          Row{"2026-11-21T07:57:43.000000Z", 1795247863}, Row{"2026-11-21T08:57:43+01:00", 1795247863},
                          Row{"2026-11-21 04:27:43-0330", 1795247863}, Row{"1970-01-01T00:00:00", 0},
                          Row{"2024-02-29T00:00:00Z", 1709164800}, Row{"2023-02-29T00:00:00Z", std::nullopt},
                          Row{"2026-13-01T00:00:00Z", std::nullopt}, Row{"2026-11-21T24:00:00Z", std::nullopt},
                          Row{"2026-11-21T07:57:43X", std::nullopt}, Row{"2026-11-21T07:57:43+1", std::nullopt},
                          Row{"2026-11-21", std::nullopt}, Row{"", std::nullopt}, Row{"soon", std::nullopt}}) {
    const auto time = fields::time_of(row.text);
    EXPECT_EQ(time ? std::optional(time->time_since_epoch().count()) : std::nullopt, row.second) << row.text;
  }
}

// ---- errors ---------------------------------------------------------------------------------------------------------

struct RefusalRow {
  const char* name;
  Refusal refusal;
  Kind kind;
  const char* cause;
  const char* text;
};
class OpenStackRefusals : public ::testing::TestWithParam<RefusalRow> {};

TEST_P(OpenStackRefusals, AreUnderstood) {
  const auto error = refused("compute", "POST /servers", GetParam().refusal, {"hunter2"});
  EXPECT_EQ(to_string(error.kind()), to_string(GetParam().kind));
  EXPECT_EQ(error.detail("cause"), GetParam().cause);
  EXPECT_EQ(error.detail("text"), GetParam().text);
  EXPECT_EQ(error.sentence().find("hunter2"), std::string::npos);
  EXPECT_EQ(error.detail("http_status"), std::to_string(GetParam().refusal.status));
}

INSTANTIATE_TEST_SUITE_P(
    Table, OpenStackRefusals,
    ::testing::Values(
        RefusalRow{"Keystone",
                   {.status = 401,
                    .body = R"({"error":{"code":401,"message":"The request you have made requires)"
                            R"( authentication.","title":"Unauthorized"}})"},
                   Kind::unauthorized,
                   "refused",
                   "The request you have made requires authentication."},
        RefusalRow{"Nova",
                   {.status = 400, .body = R"({"badRequest":{"code":400,"message":"bad hunter2 here\nand there"}})"},
                   Kind::invalid,
                   "refused",
                   "bad *** here\\nand there"},
        RefusalRow{"NovaQuota",
                   {.status = 403, .body = R"({"forbidden":{"message":"Quota exceeded for cores"}})"},
                   Kind::over_quota,
                   "quota",
                   "Quota exceeded for cores"},
        RefusalRow{"NovaPolicy",
                   {.status = 403, .body = R"({"forbidden":{"message":"Policy doesn't allow it"}})"},
                   Kind::forbidden,
                   "refused",
                   "Policy doesn't allow it"},
        RefusalRow{"NeutronQuota",
                   {.status = 409,
                    .body = R"({"NeutronError":{"type":"OverQuota","message":"Quota exceeded for)"
                            R"( resources: ['port'].","detail":""}})"},
                   Kind::over_quota,
                   "quota",
                   "Quota exceeded for resources: ['port']."},
        RefusalRow{"GlancePage",
                   {.status = 404,
                    .body = "<html>\n <head>\n  <title>404 Not Found</title>\n </head>\n <body>\n  <h1>404 Not "
                            "Found</h1>\n  No image found with ID x<br /><br />\n\n\n </body>\n</html>",
                    .content_type = "text/html"},
                   Kind::not_found,
                   "refused",
                   "404 Not Found 404 Not Found No image found with ID x"},
        RefusalRow{"ProxyPage", {.status = 502, .body = "<html>nginx</html>"}, Kind::unavailable, "server", ""},
        RefusalRow{"OldRateLimit",
                   {.status = 413, .body = R"({"overLimit":{"message":"slow down"}})", .retry_after = "60"},
                   Kind::busy,
                   "rate_limit",
                   "slow down"},
        RefusalRow{"CinderQuota", {.status = 413, .body = "{"}, Kind::over_quota, "quota", ""},
        RefusalRow{"Gone", {.status = 410}, Kind::not_found, "refused", ""},
        RefusalRow{"ProxyTimeout", {.status = 504}, Kind::timeout, "http", ""},
        RefusalRow{"Choices", {.status = 300, .body = "[]"}, Kind::unavailable, "http", ""},
        RefusalRow{"LongWords",
                   {.status = 400,
                    .body = "key AAAAB3NzaC1yc2EAAAADAQABAAABAQDexample0123456789 of 6c2a3c5e-0000-4000-"
                            "8000-000000000000",
                    .content_type = "text/plain"},
                   Kind::invalid,
                   "refused",
                   "key *** of 6c2a3c5e-0000-4000-8000-000000000000"}),
    [](const auto& info) { return std::string(info.param.name); });

TEST(OpenStackRefusals, KeepWaitAndRequestId) {
  const auto error = refused("compute", "c", {.status = 429, .retry_after = " 7 ", .request_id = "req-1"});
  EXPECT_EQ(retry_after(error), std::chrono::seconds(7));
  EXPECT_EQ(error.detail("request_id"), "req-1");
  for (const auto* const text : {"", "soon", "-1", "Sun, 01 Mar 2026 12:00:00 GMT", "99999999999999999999"})
    EXPECT_EQ(retry_after(refused("compute", "c", {.status = 429, .retry_after = text})), std::nullopt) << text;
  for (const auto* const text : {"86400", "86401", "9223372036854775807"})
    EXPECT_EQ(retry_after(refused("compute", "c", {.status = 429, .retry_after = text})), std::chrono::days(1)) << text;
  const auto long_one =
      refused("compute", "c", {.status = 400, .body = std::string(5000, 'x') + " y", .content_type = "text/plain"});
  EXPECT_EQ(long_one.detail("text"), "*** y");
}

TEST(OpenStackRefusals, SayWhetherItMayHaveHappened) {
  for (const int status : {500, 502, 503, 504, 300})
    EXPECT_TRUE(may_have_happened(refused("compute", "c", {.status = status}))) << status;
  for (const int status : {400, 401, 403, 404, 409, 413, 429})
    EXPECT_FALSE(may_have_happened(refused("compute", "c", {.status = status}))) << status;
  EXPECT_TRUE(may_have_happened(unreadable("compute", "c", "x")));
  EXPECT_FALSE(
      may_have_happened(not_answered("compute", "c", Error(Kind::unavailable, "h does not accept connections"))));
  EXPECT_TRUE(may_have_happened(not_answered("compute", "c", Error(Kind::unavailable, "h failed: it broke"))));
  EXPECT_TRUE(may_have_happened(not_answered("compute", "c", Error(Kind::timeout, "h"))));
}

// ---- decoding -------------------------------------------------------------------------------------------------------

TEST(OpenStackServer, IsReadWithAllThatTheScanWants) {
  const auto server = decode_server(object(
      R"({"id":"i","name":"n","status":"ACTIVE","metadata":{"name":"vcycle-a-1","machinetype":"a","odd":7},
      "created":"2026-11-21T07:57:43Z","updated":"2026-11-21T07:58:43Z","flavor":{"id":"42"},
      "addresses":{"z":[{"version":4,"addr":"10.9.9.9"}],"b":[{"version":6,"addr":"fd00::1"},{"version":4,"addr":"10.0.0.2"}],"y":7},
      "OS-EXT-AZ:availability_zone":"nova","OS-EXT-STS:task_state":null,"OS-EXT-STS:power_state":1,
      "OS-SRV-USG:launched_at":"2026-11-21T07:57:58.000000","OS-SRV-USG:terminated_at":null})"));
  ASSERT_TRUE(server) << server.error().sentence();
  EXPECT_EQ(server->label(), "vcycle-a-1");
  EXPECT_EQ(server->address(), "fd00::1");
  EXPECT_EQ(server->flavor, FlavorId("42"));
  EXPECT_EQ(server->launched->time_since_epoch().count(), 1795247878);
  EXPECT_EQ(server->terminated, std::nullopt);
  const auto bare = decode_server(object(R"({"id":7,"name":"n","status":"BUILD","addresses":{"a":[]}})"));
  ASSERT_TRUE(bare) << bare.error().sentence();
  EXPECT_EQ(bare->id, ServerId("7"));
  EXPECT_EQ(bare->label() + bare->address(), "n0.0.0.0");
  for (const auto* const text : {R"({"name":"n","status":"A"})", R"({"id":"i","name":"n"})",
                                 R"({"id":"i","status":"UNKNOWN"})", R"({"id":{},"name":"n","status":"A"})"})
    EXPECT_FALSE(decode_server(object(text))) << text;
}

TEST(OpenStackServer, HasThePhaseOfTheContract) {
  struct Row {
    const char* status;
    const char* task;
    std::optional<std::int64_t> power;
    Phase phase;
  };
  for (const auto& row : {Row{"ACTIVE", "", 1, Phase::running}, Row{"ACTIVE", "", 0, Phase::starting},
                          Row{"ACTIVE", "", std::nullopt, Phase::starting},
                          Row{"BUILD", "spawning", 0, Phase::starting}, Row{"ACTIVE", "deleting", 1, Phase::deleting},
                          Row{"ACTIVE", "Deleting", 1, Phase::deleting}, Row{"ERROR", "deleting", 0, Phase::deleting},
                          Row{"SHUTOFF", "", 4, Phase::shut_down}, Row{"ERROR", "", 0, Phase::failed},
                          Row{"DELETED", "", 0, Phase::deleting}, Row{"ACTIVE", "powering-off", 1, Phase::stopping},
                          Row{"PAUSED", "", 3, Phase::unknown}, Row{"REBOOT", "", 1, Phase::unknown},
                          Row{"SHELVED", "", 0, Phase::unknown}, Row{"UNKNOWN", "", 0, Phase::unknown}}) {
    Server server{.status = row.status, .task_state = row.task, .power_state = row.power};
    EXPECT_EQ(to_string(phase_of(server)), to_string(row.phase)) << row.status << " " << row.task;
  }
}

TEST(OpenStackDecode, RefusesWhatHasNoIdAndTakesMinusOneForNone) {
  EXPECT_FALSE(decode_flavor(object(R"({"id":"1","name":"x"})")));
  EXPECT_FALSE(decode_image_v2(object("{}")));
  EXPECT_FALSE(decode_network(object("{}")));
  EXPECT_FALSE(decode_volume(object("{}")));
  EXPECT_FALSE(decode_keypair(object(R"({"name":"x"})")));
  const auto limits = decode_limits(*json::parse(R"({"limits":{"absolute":{"maxTotalCores":-1,"totalCoresUsed":3}}})"));
  ASSERT_TRUE(limits);
  EXPECT_EQ(limits->cores, std::nullopt);
  EXPECT_EQ(limits->cores_used, 3);
  EXPECT_FALSE(decode_limits(*json::parse(R"({"limits":{}})")));
  EXPECT_EQ(decode_image_v2(object(R"({"id":"i","tags":["x",7,"last_modified: 15"]})"))->last_modified, 15);
  EXPECT_EQ(decode_image_v2(object(R"({"id":"i","tags":["last_modified: soon"]})"))->last_modified, std::nullopt);
  EXPECT_EQ(decode_image_v1(object(R"({"id":"i","properties":{"last_modified":"15"}})"))->last_modified, 15);
}

TEST(OpenStackPages, GiveTheQueryOfTheirLinkOnly) {
  EXPECT_EQ(next_query(object(R"({"servers":[]})"), "servers"), "");
  EXPECT_EQ(next_query(object(R"({"servers_links":[{"rel":"previous","href":"http://h/?x=1"}]})"), "servers"), "");
  EXPECT_EQ(
      next_query(object(R"({"servers_links":[{"rel":"next","href":"http://evil/a?limit=2&marker=5"}]})"), "servers"),
      "limit=2&marker=5");
  EXPECT_EQ(next_query(object(R"({"next":"/v2/images?marker=a%20b"})"), "images"), "marker=a%20b");
  EXPECT_EQ(next_query(object(R"({"next":null})"), "images"), "");
  for (const auto* const text : {R"({"next":"/v2/images"})", R"({"next":"/v2/images?"})", R"({"next":7})",
                                 R"({"next":"/x?a\r\nX-Y: z"})", R"({"next":"?a#b"})"})
    EXPECT_FALSE(next_query(object(text), "images")) << text;
}

// ---- requests -------------------------------------------------------------------------------------------------------

TEST(OpenStackRequests, HaveOnlyWhatIsWanted) {
  EXPECT_EQ(server_request({.name = "n", .flavor = FlavorId("f"), .image = ImageId("i")}),
            R"({"server":{"name":"n","imageRef":"i","flavorRef":"f"}})");
  EXPECT_FALSE(server_request({.flavor = FlavorId("f")}));
  EXPECT_FALSE(server_request({.name = std::string(256, 'n')}));
  EXPECT_TRUE(server_request({.name = "n", .user_data = std::string(49'149, 'x')}));
  EXPECT_FALSE(server_request({.name = "n", .user_data = std::string(49'152, 'x')}));
  EXPECT_EQ(name_pattern("vcycle-a_1.x*"), "^vcycle-a_1.x.");
  EXPECT_EQ(volume_request({.name = "v", .size_gib = 8, .image = ImageId("i"), .zone = "z"}),
            R"({"volume":{"size":8,"imageRef":"i","name":"v","availability_zone":"z"}})");
  EXPECT_EQ(volume_request({.name = "v", .size_gib = 8, .image = ImageId("i"), .metadata = {{"space", "s"}}}),
            R"({"volume":{"size":8,"imageRef":"i","name":"v","metadata":{"space":"s"}}})");
}

TEST(OpenStackKeys, AreReadInEveryType) {
  const auto key = SshPublicKey::parse(
      "# the site's\n\nssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHUBj6mEJqOAlYRPhkiJyEkXLlDIm5cwKXSn2WFEB4ra root@h\n");
  ASSERT_TRUE(key) << key.error().sentence();
  EXPECT_EQ(key->type, "ssh-ed25519");
  EXPECT_TRUE(key->is_in(key->line("vcycle")));
  EXPECT_TRUE(key->is_in(key->type + "  " + key->blob + "\n"));
  EXPECT_FALSE(key->is_in(key->type + " " + key->blob + "x"));
  EXPECT_FALSE(key->is_in("ssh-rsa " + key->blob));
  EXPECT_THAT(key->pair_name("vcycle-"), ::testing::MatchesRegex("vcycle-[0-9a-f]{32}"));
  for (const auto* const text :
       {"", "\n# only a remark\n", "ssh-rsa", "ssh-rsa AAAA", "ssh-rsa ====", "AAAAC3NzaC1lZDI1NTE5AAAAIHUBj6mE",
        "ssh-rsa AAAAC3NzaC1lZDI1NTE5AAAAIHUBj6mEJqOAlYRPhkiJyEkXLlDIm5cwKXSn2WFEB4ra", "-----BEGIN KEY-----\nAAAA"})
    EXPECT_FALSE(SshPublicKey::parse(text)) << text;
}

// ---- files ----------------------------------------------------------------------------------------------------------

TEST(OpenStackFile, IsSummedUpWhileItIsRead) {
  const TempDirectory folder;
  const auto path = folder.write("f", "abc");
  Workers workers("hashing", 1, 4);
  const auto body = FileBody::open(path, workers);
  ASSERT_TRUE(body) << body.error().sentence();
  EXPECT_EQ((*body)->length(), 3U);
  std::array<std::byte, 2> block{};
  for (int turn = 0; turn < 2; ++turn) {
    (*body)->rewind();
    EXPECT_EQ(run_to_end((*body)->read(block)), 2U);
    EXPECT_EQ(run_to_end((*body)->read(block)), 1U);
    EXPECT_EQ(run_to_end((*body)->read(block)), 0U);
  }
  EXPECT_EQ((*body)->md5(), "900150983cd24fb0d6963f7d28e17f72");
  EXPECT_EQ((*body)->sha256(), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ((*body)->sha512().substr(0, 16), "ddaf35a193617aba");
}

TEST(OpenStackFile, MayNotChangeMeanwhile) {
  const TempDirectory folder;
  Workers workers("hashing", 1, 4);
  std::array<std::byte, 8> block{};
  for (const std::size_t size : {std::size_t{1}, std::size_t{6}}) {
    const auto path = folder.write("f", "abc");
    const auto body = FileBody::open(path, workers);
    ASSERT_TRUE(body);
    std::filesystem::resize_file(path, size);
    auto got = run_to_end((*body)->read(block));
    if (got) got = run_to_end((*body)->read(block));
    ASSERT_FALSE(got);
    EXPECT_EQ(got.error().kind(), Kind::conflict);
  }
  EXPECT_FALSE(FileBody::open(folder / "none", workers));
  EXPECT_FALSE(FileBody::open(folder.path().string(), workers));
  EXPECT_FALSE(FileBody::open(folder.write("empty", ""), workers));
}

}  // namespace
}  // namespace nephele::openstack
