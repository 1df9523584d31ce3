// SPDX-License-Identifier: Apache-2.0
#include "clouds/openstack/cloud_fixture.h"

namespace nephele::openstack {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;

constexpr const char* detail = "GET /v2.1/servers/detail";
constexpr const char* ed25519 =
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHUBj6mEJqOAlYRPhkiJyEkXLlDIm5cwKXSn2WFEB4ra root@site\n";

class OpenStackTrouble : public testing::CloudTest {};

// ---- what goes wrong ------------------------------------------------------------------------------------------------

struct Trouble {
  const char* name;
  const char* rule;
  Kind kind;
  const char* cause;
};
class Troubles : public OpenStackTrouble, public ::testing::WithParamInterface<Trouble> {};

TEST_P(Troubles, AreToldApart) {
  auto once = account();
  once.repeats_max = 0;
  Cloud one(once, &log_);
  ASSERT_TRUE(wait(one.connect(soon())));
  fault(R"({"method":"GET /v2.1/limits",)" + std::string(GetParam().rule) + "}");
  const auto got = wait(one.compute().limits(GetParam().kind == Kind::timeout ? in(2s) : soon()));
  ASSERT_FALSE(got);
  expect_error(got.error(), GetParam().kind, GetParam().cause);
  EXPECT_EQ(got.error().detail("service"), "compute");
  EXPECT_EQ(got.error().detail("call"), "GET /limits");
}

INSTANTIATE_TEST_SUITE_P(
    Table, Troubles,
    ::testing::Values(Trouble{"Forbidden", R"("kind":"http","status":403,"text":"{}")", Kind::forbidden, "refused"},
                      Trouble{"NotFound", R"("kind":"http","status":404,"text":"{}")", Kind::not_found, "refused"},
                      Trouble{"Conflict", R"("kind":"http","status":409,"text":"{}")", Kind::conflict, "refused"},
                      Trouble{"TooLargeIsAQuota", R"("kind":"http","status":413,"text":"{}")", Kind::over_quota,
                              "quota"},
                      Trouble{"TooMuchAtOnce", R"("kind":"http","status":413,"headers":{"Retry-After":"0"})",
                              Kind::busy, "rate_limit"},
                      Trouble{"TooMany", R"("kind":"http","status":429)", Kind::busy, "rate_limit"},
                      Trouble{"ServerError", R"("kind":"http","status":500)", Kind::unavailable, "server"},
                      Trouble{"BadGateway", R"("kind":"http")", Kind::unavailable, "server"},
                      Trouble{"GatewayTimeout", R"("kind":"http","status":504)", Kind::timeout, "http"},
                      Trouble{"Redirect", R"("kind":"http","status":302)", Kind::unavailable, "http"},
                      Trouble{"Garbage", R"("kind":"garbage")", Kind::unavailable, "garbage"},
                      Trouble{"HalfAnAnswer", R"("kind":"truncate","bytes":40)", Kind::unavailable, "garbage"},
                      Trouble{"CutInTheBody", R"("kind":"cut","bytes":200)", Kind::unavailable, "lost"},
                      Trouble{"Closed", R"("kind":"close")", Kind::unavailable, "lost"},
                      Trouble{"Reset", R"("kind":"reset")", Kind::unavailable, "lost"},
                      Trouble{"NoHttp", R"("kind":"noise")", Kind::unavailable, "lost"},
                      Trouble{"Silence", R"("kind":"hang")", Kind::timeout, "timeout"}),
    [](const auto& info) { return std::string(info.param.name); });

TEST_F(OpenStackTrouble, SaysWhenACloudCannotBeReached) {
  const auto one = cloud();
  ASSERT_TRUE(wait(one->compute().limits(soon())));
  control(http::Verb::post, "/listen", R"({"api":false})");
  expect_error(wait(one->compute().limits(soon())).error(), Kind::unavailable, "unreachable");
}

TEST_F(OpenStackTrouble, RepeatsReadsAndWaitsAsLongAsItIsAsked) {
  const auto one = cloud();
  ASSERT_TRUE(wait(one->connect(soon())));
  fault(R"({"kind":"http","method":"GET /v2.1/limits","status":503,"count":2})");
  EXPECT_TRUE(wait(one->compute().limits(soon())));
  EXPECT_EQ(count("GET /v2.1/limits"), 3U);
  fault(R"({"kind":"http","method":"GET /v2.1/flavors/detail","status":429,"headers":{"Retry-After":"1"},"count":1})");
  const auto begin = std::chrono::steady_clock::now();
  EXPECT_TRUE(wait(one->compute().flavors(soon())));
  EXPECT_GE(std::chrono::steady_clock::now() - begin, 1s);
  fault(R"({"kind":"http","method":"GET /v2.1/servers/detail","status":429,"headers":{"Retry-After":"3600"}})");
  const auto refused = wait(one->compute().servers("", soon()));  // nobody waits an hour inside a call
  expect_error(refused.error(), Kind::busy, "rate_limit");
  EXPECT_EQ(retry_after(refused.error()), 3600s);
  EXPECT_EQ(count(detail), 1U);
}

TEST_F(OpenStackTrouble, RepeatsAChangeOnlyWhenNothingWasDone) {
  const auto one = cloud();
  const auto wanted = a_server();
  fault(R"({"kind":"http","method":"POST /v2.1/servers","status":429,"headers":{"Retry-After":"0"},"count":1})");
  ASSERT_TRUE(wait(one->compute().create(wanted, soon())));
  EXPECT_EQ(there_are("servers"), 1U);
  fault(R"({"kind":"http","method":"POST /v2.1/servers","status":500,"count":1})");
  auto refused = wait(one->compute().create(wanted, soon()));
  expect_error(refused.error(), Kind::unavailable, "server");
  EXPECT_TRUE(may_have_happened(refused.error()));
  EXPECT_EQ(there_are("servers"), 1U);
  fault(R"({"kind":"close","method":"POST /v2.1/servers","execute":true,"count":1})");
  refused = wait(one->compute().create(wanted, soon()));
  expect_error(refused.error(), Kind::unavailable, "lost");
  EXPECT_TRUE(may_have_happened(refused.error()));
  EXPECT_EQ(there_are("servers"), 2U);  // it was made, once
  EXPECT_EQ(wait(one->compute().servers(wanted.name, soon()))->size(), 2U);
}

TEST_F(OpenStackTrouble, KnowsAQuotaFromAProhibition) {
  set(R"({"cores":1})");
  const auto one = cloud();
  auto wanted = a_server();
  ASSERT_TRUE(wait(one->compute().create(wanted, soon())));
  const auto refused = wait(one->compute().create(wanted, soon()));
  expect_error(refused.error(), Kind::over_quota, "quota");
  EXPECT_TRUE(is_quota(refused.error()));
  EXPECT_FALSE(may_have_happened(refused.error()));
  EXPECT_THAT(refused.error().detail("text"), HasSubstr("already used 1 of 1 cores"));
}

TEST_F(OpenStackTrouble, RefusedOrdersSayWhyAndNeverQuoteUserData) {
  const auto one = cloud();
  const auto refusal = [&](const NewServer& wanted) {
    const auto refused = wait(one->compute().create(wanted, soon()));
    EXPECT_FALSE(refused);
    if (refused) return std::string();
    EXPECT_EQ(to_string(refused.error().kind()), to_string(Kind::invalid)) << refused.error().sentence();
    EXPECT_FALSE(may_have_happened(refused.error()));
    return refused.error().sentence();
  };
  auto wanted = a_server();
  wanted.zone = "nowhere";
  EXPECT_THAT(refusal(wanted), HasSubstr("The requested availability zone is not available"));
  wanted.zone.clear();
  wanted.flavor = FlavorId("none");
  EXPECT_THAT(refusal(wanted), HasSubstr("Invalid flavorRef provided."));
  wanted.flavor = FlavorId("1");
  wanted.key_name = "none";
  EXPECT_THAT(refusal(wanted), HasSubstr("Invalid key_name provided."));
  wanted.key_name.clear();
  wanted.user_data = std::string(60'000, 'x');
  EXPECT_THAT(refusal(wanted), HasSubstr("Nova takes 65535"));
  EXPECT_EQ(count("POST /v2.1/servers"), 3U);
  wanted.user_data = "-----BEGIN PRIVATE KEY----- host key of the site";
  const auto encoded = to_base64(wanted.user_data);
  for (const auto& quoted : {encoded, wanted.user_data, encoded.substr(0, 48) + "..."}) {
    clear_faults();
    fault(R"({"kind":"http","method":"POST /v2.1/servers","status":400,"content_type":"application/json","text":)"
          R"("{\"badRequest\":{\"message\":\"Invalid input for field/attribute user_data. Value: )" +
          quoted + R"(. It is not liked\"}}"})");
    const auto sentence = refusal(wanted);
    EXPECT_THAT(sentence, HasSubstr("user_data. Value: ***"));
    EXPECT_EQ(sentence.find(quoted.substr(0, 30)), std::string::npos) << sentence;
  }
}

TEST_F(OpenStackTrouble, ADeletedServerIsDeleted) {
  const auto one = cloud();
  EXPECT_TRUE(wait(one->compute().remove(ServerId("6c2a3c5e-0000-4000-8000-000000000000"), soon())));
  fault(R"({"kind":"http","method":"DELETE /v2.1/servers/{id}","status":409,"text":"{}"})");
  expect_error(wait(one->compute().remove(ServerId("x/../y?"), soon())).error(), Kind::conflict, "refused");
  clear_faults();
  const auto ids = add_servers("{}");
  fault(R"({"kind":"close","method":"DELETE /v2.1/servers/{id}","execute":true,"count":1})");
  EXPECT_TRUE(wait(one->compute().remove(ServerId(ids[0]), soon())));  // the answer was lost, the second says 404
  EXPECT_EQ(there_are("servers"), 0U);
}

TEST_F(OpenStackTrouble, AServerThatCannotBeBuiltSaysWhy) {
  set(R"({"boot_fails":true})");
  add_servers("{}");
  const auto servers = wait(cloud()->compute().servers("", soon()));
  ASSERT_TRUE(servers) << servers.error().sentence();
  EXPECT_EQ(phase_of(servers->at(0)), Phase::failed);
  EXPECT_EQ(servers->at(0).fault, "No valid host was found.");
}

// ---- key pairs, networks, volumes -----------------------------------------------------------------------------------

TEST_F(OpenStackTrouble, TakesAKeyPairWhoseKeyIsTheSame) {
  const auto key = *SshPublicKey::parse(ed25519);
  control(http::Verb::post, "/keypairs",
          R"({"name":"1500000000-12","public_key":")" + key.line("another comment") + R"("})");
  EXPECT_EQ(wait(cloud()->compute().ensure_keypair(key, "vcycle-", "vcycle", soon())), "1500000000-12");
  EXPECT_EQ(count("POST /v2.1/os-keypairs"), 0U);
}

TEST_F(OpenStackTrouble, AKeyPairThatAnotherMadeMeanwhileIsTaken) {
  const auto key = *SshPublicKey::parse(ed25519);
  const auto one = cloud();
  fault(R"({"kind":"close","method":"POST /v2.1/os-keypairs","execute":true,"count":1})");
  EXPECT_EQ(wait(one->compute().ensure_keypair(key, "vcycle-", "vcycle", soon())), key.pair_name("vcycle-"));
  control(http::Verb::post, "/reset", "{}");
  control(http::Verb::post, "/keypairs",
          R"({"name":")" + key.pair_name("vcycle-") + R"(","public_key":"ssh-rsa AAAA other"})");
  expect_error(wait(one->compute().ensure_keypair(key, "vcycle-", "vcycle", soon())).error(), Kind::conflict,
               "refused");
}

TEST_F(OpenStackTrouble, FindsANetworkByItsName) {
  set(R"({"networks_page":1})");
  const auto one = cloud();
  EXPECT_EQ(wait(one->networks().list(soon()))->size(), 4U);
  EXPECT_EQ(wait(one->networks().by_name("net", soon()))->id, network("net"));
  EXPECT_TRUE(wait(one->networks().by_name("ext", soon()))->external);
  EXPECT_EQ(wait(one->networks().by_name("twice", soon())).error().kind(), Kind::conflict);
  EXPECT_EQ(wait(one->networks().by_name("n&t", soon())).error().kind(), Kind::not_found);
}

TEST_F(OpenStackTrouble, BootsFromAVolume) {
  const auto one = cloud();
  auto wanted = a_server();
  auto volume = wait(one->volumes().create({.name = wanted.name, .size_gib = 20, .image = wanted.image}, soon()));
  ASSERT_TRUE(volume) << volume.error().sentence();
  EXPECT_EQ(wait(one->volumes().volume(volume->id, soon()))->status, "available");
  wanted.boot_volume = volume->id;
  const auto made = wait(one->compute().create(wanted, soon()));
  ASSERT_TRUE(made) << made.error().sentence();
  EXPECT_THAT(last_body("POST /v2.1/servers"),
              HasSubstr(R"("block_device_mapping_v2":[{"source_type":"volume","uuid":")" + volume->id.text() +
                        R"(","boot_index":0,"destination_type":"volume","delete_on_termination":true}])"));
  expect_error(wait(one->volumes().remove(volume->id, soon())).error(), Kind::invalid, "refused");
  EXPECT_TRUE(wait(one->compute().remove(*made, soon())));
  EXPECT_TRUE(wait(one->volumes().remove(volume->id, soon())));
  EXPECT_TRUE(wait(one->volumes().remove(volume->id, soon())));
  EXPECT_TRUE(wait(one->volumes().list(soon()))->empty());
  set(R"({"volumes":0,"volume_type":"volume"})");
  Cloud old(account(), &log_);
  expect_error(wait(old.volumes().create({.name = "v", .size_gib = 1, .image = wanted.image}, soon())).error(),
               Kind::over_quota, "quota");
}

}  // namespace
}  // namespace nephele::openstack
