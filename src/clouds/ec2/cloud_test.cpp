// SPDX-License-Identifier: Apache-2.0
#include "clouds/ec2/cloud.h"

#include <gmock/gmock.h>

#include "clouds/ec2/errors.h"
#include "clouds/testing/standin_test.h"

namespace nephele::ec2 {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;

constexpr const char* secret_key = "s3cret/of+ec2=0123456789";  // as tests/ec2/signatures.py has it
constexpr const char* ed25519 =
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHUBj6mEJqOAlYRPhkiJyEkXLlDIm5cwKXSn2WFEB4ra root@site\n";

/// botocore judges each signature that arrives.
class Ec2Cloud : public clouds::testing::StandInTest, public ::testing::WithParamInterface<Signature> {
 protected:
  Ec2Cloud() : clouds::testing::StandInTest("ec2") {}
  Account keys(Signature signature) const {
    Account out{.url = address() + "/services/Cloud"};
    out.access_key = "a1b2c3d4access";
    out.secret_key = Secret(secret_key);
    out.signature = signature;
    out.timeout = 10s;
    out.first_pause = 5ms;
    return out;
  }
  static NewInstance a_machine() { return {.image = "ami-00000001", .type = "small"}; }
  void expect_error(const Error& error, Kind kind, std::string_view cause) {
    EXPECT_EQ(to_string(error.kind()), to_string(kind)) << error.sentence();
    EXPECT_EQ(error.detail("cause"), cause) << error.sentence();
    EXPECT_EQ(error.sentence().find(secret_key), std::string::npos);
  }
  std::size_t instances() { return there_are("instances"); }

  SystemClock clock_;
  Cloud one_{keys(Signature::v4), clock_};
};

TEST_P(Ec2Cloud, GoesThroughTheLifeOfAMachine) {
  Cloud one(keys(GetParam()), clock_);
  EXPECT_TRUE(wait(one.instances(soon()))->empty());  // an account without machines, where Vcycle broke
  EXPECT_TRUE(wait(one.key_pairs(soon()))->empty());
  EXPECT_EQ(wait(one.ensure_key_pair(ed25519, "vcycle-key", soon())), "vcycle-key");
  EXPECT_EQ(wait(one.ensure_key_pair(ed25519, "another", soon())), "vcycle-key");
  auto wanted = a_machine();
  wanted.user_data = "#!/bin/sh\necho \"a+b/c=d & ~%\" ü\n";
  wanted.key_name = "vcycle-key";
  wanted.zone = "nova";
  wanted.security_groups = {"default", "vc"};
  const auto made = wait(one.run(wanted, soon()));
  ASSERT_TRUE(made) << made.error().sentence();
  EXPECT_TRUE(wait(one.tag(made->id, {{"name", "vcycle-a-1"}, {"joboutputs", "https://h:443/m/*?a=b&c"}}, soon())));
  const auto all = wait(one.instances(soon()));
  ASSERT_TRUE(all) << all.error().sentence();
  ASSERT_EQ(all->size(), 1U);
  const auto& shown = all->front();
  EXPECT_EQ(shown.id, made->id);
  EXPECT_EQ(shown.name(), "vcycle-a-1");
  EXPECT_EQ(shown.tags.at("joboutputs"), "https://h:443/m/*?a=b&c");
  EXPECT_EQ(phase_of(shown), Phase::running);
  EXPECT_EQ(shown.type + shown.zone + shown.private_address, "smallnova10.1.0.0");
  ASSERT_TRUE(shown.launched);
  EXPECT_LT(std::chrono::system_clock::now() - *shown.launched, 1h);
  const auto there = world();
  const auto& kept = there.at_path({"instances"})->if_array()->front();
  EXPECT_EQ(kept.text_at({"user_data"}), "#!/bin/sh\necho \"a+b/c=d & ~%\" \xC3\x83\xC2\xBC\n");  // told as Latin-1
  EXPECT_EQ(json::write(*kept.at_path({"groups"})), R"(["default","vc"])");
  EXPECT_TRUE(wait(one.terminate(shown.id, soon())));
  EXPECT_EQ(phase_of(wait(one.instances(soon()))->front()), Phase::deleting);
  EXPECT_THAT(calls(), ElementsAre("DescribeInstances", "DescribeKeyPairs", "DescribeKeyPairs", "ImportKeyPair",
                                   "DescribeKeyPairs", "RunInstances", "CreateTags", "DescribeInstances",
                                   "TerminateInstances", "DescribeInstances"));
}

INSTANTIATE_TEST_SUITE_P(Signatures, Ec2Cloud, ::testing::Values(Signature::v2, Signature::v4),
                         [](const auto& info) { return info.param == Signature::v2 ? "V2" : "V4"; });

TEST_P(Ec2Cloud, IsRefusedWithWrongKeysOrAClockThatIsWrong) {
  auto wrong = keys(GetParam());
  wrong.secret_key = Secret("another");
  expect_error(wait(Cloud(wrong, clock_).instances(soon())).error(), Kind::unauthorized, "refused");
  wrong = keys(GetParam());
  wrong.access_key = "nobody";
  expect_error(wait(Cloud(wrong, clock_).instances(soon())).error(), Kind::unauthorized, "refused");
  const ManualClock behind(SystemClock().now() - 20min);
  const auto refused = wait(Cloud(keys(GetParam()), behind).instances(soon()));
  expect_error(refused.error(), Kind::unauthorized, "refused");
  EXPECT_EQ(refused.error().detail("code"), "RequestExpired");
  wrong.access_key.clear();
  EXPECT_EQ(wait(Cloud(wrong, clock_).instances(soon())).error().kind(), Kind::invalid);
  wrong = keys(GetParam());
  wrong.url = "ftp://h/";
  EXPECT_EQ(wait(Cloud(wrong, clock_).instances(soon())).error().kind(), Kind::invalid);
}

TEST_F(Ec2Cloud, ReadsAllPagesOrNone) {
  set(R"({"page":7})");
  control(http::Verb::post, "/instances", R"({"count":30})");
  EXPECT_EQ(wait(one_.instances(soon()))->size(), 30U);
  auto once = keys(Signature::v4);
  once.repeats_max = 0;
  Cloud one(once, clock_);
  for (
      const auto* const spoiled :
      {R"("kind":"http","status":503,"text":"")", R"("kind":"cut","bytes":900)", R"("kind":"truncate","bytes":900)",
       R"("kind":"hang")", R"("kind":"garbage")", R"("kind":"http","status":200,"text":"<DescribeInstancesResponse/>")",
       R"("kind":"http","status":200,"text":"<RunInstancesResponse><reservationSet/></RunInstancesResponse>")",
       R"("kind":"http","status":200,"text":"<DescribeInstancesResponse><reservationSet><item><instancesSet><item><instanceId>i</instanceId></item></instancesSet></item></reservationSet></DescribeInstancesResponse>")",
       R"("kind":"http","status":200,"text":"<DescribeInstancesResponse><reservationSet/><nextToken>at-7</nextToken></DescribeInstancesResponse>")"}) {
    clear_faults();
    fault(R"({"method":"DescribeInstances","first":3,)" + std::string(spoiled) + "}");
    const bool silent = std::string_view(spoiled).contains("hang");
    const auto got = wait(one.instances(silent ? in(2s) : soon()));
    EXPECT_FALSE(got) << spoiled << ": " << got->size();
  }
  EXPECT_LT(calls().size(), 60U);  // and no circle is followed for long
}

TEST_F(Ec2Cloud, KnowsAQuotaAndAProhibition) {
  set(R"({"instances":0})");
  const auto refused = wait(one_.run(a_machine(), soon()));
  expect_error(refused.error(), Kind::over_quota, "quota");
  EXPECT_TRUE(is_quota(refused.error()));
  EXPECT_FALSE(may_have_happened(refused.error()));
  set(R"({"instances":5})");
  auto wrong = a_machine();
  wrong.image = "ami-none";
  expect_error(wait(one_.run(wrong, soon())).error(), Kind::not_found, "refused");
  wrong = a_machine();
  wrong.type.clear();
  EXPECT_EQ(wait(one_.run(wrong, soon())).error().kind(), Kind::invalid);
  wrong.type = "small";
  wrong.user_data = std::string(50'000, 'x');
  EXPECT_EQ(wait(one_.run(wrong, soon())).error().kind(), Kind::invalid);
  EXPECT_EQ(instances(), 0U);
}

TEST_F(Ec2Cloud, OrdersOnceUnlessNothingWasDone) {
  auto wanted = a_machine();
  wanted.client_token = "vcycle-a-0000000001";
  fault(
      R"({"kind":"http","method":"RunInstances","status":503,"count":1,"content_type":"text/xml","text":)"
      R"("<Response><Errors><Error><Code>RequestLimitExceeded</Code><Message>slow</Message></Error></Errors></Response>"})");
  ASSERT_TRUE(wait(one_.run(wanted, soon())));
  EXPECT_EQ(instances(), 1U);
  clear_faults();
  wanted.client_token = "vcycle-a-0000000002";
  fault(R"({"kind":"close","method":"RunInstances","execute":true,"count":1})");
  const auto lost = wait(one_.run(wanted, soon()));
  expect_error(lost.error(), Kind::unavailable, "lost");
  EXPECT_TRUE(may_have_happened(lost.error()));
  EXPECT_EQ(instances(), 2U);
  EXPECT_TRUE(wait(one_.run(wanted, soon())));  // the same token
  EXPECT_EQ(instances(), 2U);
  fault(R"({"kind":"http","method":"DescribeInstances","status":500,"count":2})");
  EXPECT_EQ(wait(one_.instances(soon()))->size(), 2U);
  fault(R"({"kind":"http","method":"RunInstances","status":500,"count":1})");
  expect_error(wait(one_.run(a_machine(), soon())).error(), Kind::unavailable, "server");
  EXPECT_EQ(instances(), 2U);
}

TEST_F(Ec2Cloud, AsksANewerServiceForMore) {
  auto newer = keys(Signature::v4);
  newer.version = "2016-11-15";
  Cloud one(newer, clock_);
  auto wanted = a_machine();
  wanted.subnet = "subnet-0000000b";
  wanted.security_groups = {"sg-00000001"};
  wanted.tags = {{"name", "vcycle-a-1"}, {"space", "s & t"}};
  wanted.client_token = "vcycle-a-1";
  const auto made = wait(one.run(wanted, soon()));
  ASSERT_TRUE(made) << made.error().sentence();
  control(http::Verb::post, "/instances/" + made->id.text() + "/shutdown", "{}");
  set(R"({"page":3})");
  control(http::Verb::post, "/instances", R"({"count":9})");
  const auto all = wait(one.instances(soon()));
  ASSERT_TRUE(all) << all.error().sentence();
  ASSERT_EQ(all->size(), 10U);
  const auto& shown = all->front();
  EXPECT_EQ(shown.name() + shown.tags.at("space") + shown.zone + shown.client_token, "vcycle-a-1s & tzone-bvcycle-a-1");
  EXPECT_EQ(shown.state + shown.reason_code, "stoppedClient.InstanceInitiatedShutdown");
  ASSERT_TRUE(shown.changed);
  EXPECT_LT(std::chrono::abs(std::chrono::system_clock::now() - *shown.changed), 1min);
  const auto types = wait(one.instance_types({"z", "none", "m5.large"}, soon()));
  ASSERT_TRUE(types) << types.error().sentence();
  ASSERT_EQ(types->size(), 2U);
  EXPECT_EQ((*types)[0].name + std::to_string((*types)[0].processors), "z8");
  EXPECT_EQ((*types)[0].memory_mib, 16'384);
  EXPECT_EQ(wait(one_.instance_types({"z"}, soon())).error().detail("code"), "InvalidAction");  // one of old
}

TEST_F(Ec2Cloud, WhatIsGoneIsGone) {
  EXPECT_TRUE(wait(one_.terminate(InstanceId("i-00000000"), soon())));
  expect_error(wait(one_.tag(InstanceId("i-00000000"), {{"a", "b"}}, soon())).error(), Kind::not_found, "refused");
}

TEST_F(Ec2Cloud, NeverQuotesUserData) {
  auto wanted = a_machine();
  wanted.user_data = "-----BEGIN PRIVATE KEY----- host key of the site";
  const auto encoded = to_base64(wanted.user_data);
  struct Row {
    std::string quoted;
    const char* shown;
  };
  for (const auto& row :
       {Row{encoded, "***"}, Row{wanted.user_data, "***"}, Row{encoded.substr(0, 48) + "...", "***..."}}) {
    clear_faults();
    fault(R"({"kind":"http","method":"RunInstances","status":400,"content_type":"text/xml","text":)"
          R"("<Response><Errors><Error><Code>InvalidParameterValue</Code><Message>Invalid BASE64 of user data: )" +
          row.quoted + R"(</Message></Error></Errors><RequestID>req-1</RequestID></Response>"})");
    const auto refused = wait(one_.run(wanted, soon()));
    expect_error(refused.error(), Kind::invalid, "refused");
    EXPECT_EQ(refused.error().detail("text"), std::string("Invalid BASE64 of user data: ") + row.shown);
    EXPECT_EQ(refused.error().detail("request_id"), "req-1");
  }
}

}  // namespace
}  // namespace nephele::ec2
