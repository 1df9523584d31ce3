// SPDX-License-Identifier: Apache-2.0
#include "clouds/ec2/signing.h"

#include <gmock/gmock.h>

#include "clouds/ec2/cloud.h"
#include "clouds/ec2/errors.h"

namespace nephele::ec2 {
namespace {

constexpr Time noon{std::chrono::sys_days(std::chrono::March / 1 / 2026) + std::chrono::milliseconds(43'200'250)};

Account keys() {
  Account out{.access_key = "AKIDEXAMPLE"};
  out.secret_key = Secret("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY");
  return out;
}

// What testdata/botocore_signatures.py prints.
struct V4Row {
  const char* name;
  const char* url;
  const char* service;
  const char* region;
  const char* body;
  const char* signature;
};
class SignatureV4 : public ::testing::TestWithParam<V4Row> {};

TEST_P(SignatureV4, IsThatOfBotocore) {
  auto account = keys();
  account.service = GetParam().service;
  account.region = GetParam().region;
  const auto fields = sign_v4(account, *target_of(GetParam().url), GetParam().body, noon);
  ASSERT_EQ(fields.size(), 2U);
  EXPECT_EQ(fields[0], std::pair(std::string("X-Amz-Date"), std::string("20260301T120000Z")));
  EXPECT_EQ(fields[1].first, "Authorization");
  EXPECT_EQ(fields[1].second, "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20260301/" + account.region + "/" +
                                  account.service +
                                  "/aws4_request, SignedHeaders=host;x-amz-date, Signature=" + GetParam().signature);
}

INSTANTIATE_TEST_SUITE_P(Table, SignatureV4,
                         ::testing::Values(V4Row{"Amazon", "https://ec2.eu-west-1.amazonaws.com/", "ec2", "eu-west-1",
                                                 "Action=DescribeInstances&Version=2010-08-31",
                                                 "fdd7180fa5c436fb298440338efb4785f7348af851ce91de838ae6ed2eb78e33"},
                                           V4Row{"NoPath", "https://EC2.eu-west-1.amazonaws.com:443", "ec2",
                                                 "eu-west-1", "Action=DescribeInstances&Version=2010-08-31",
                                                 "fdd7180fa5c436fb298440338efb4785f7348af851ce91de838ae6ed2eb78e33"},
                                           V4Row{"PortAndPath", "http://cloud.example.org:8773/services/Cloud",
                                                 "openstack", "us-east-1",
                                                 "Action=RunInstances&UserData=aGk%3D&X=%C3%BC%20~%2A",
                                                 "5cf18f02a7f0d8e53bad43d2a09f445d0fe7e7ae3d1d615a958c485a15261ce7"},
                                           V4Row{"NoBody", "https://h:443/a", "openstack", "us-east-1", "",
                                                 "9152f2dfe464aa88585b1459d49bd1b6fb6889118b029ab1bfd61371aa08950e"}),
                         [](const auto& info) { return std::string(info.param.name); });

TEST(SignatureV2, IsThatOfBotocore) {
  const Parameters wanted{{"Action", "RunInstances"},
                          {"Version", "2010-08-31"},
                          {"Tag.10.Key", "a b"},
                          {"Tag.2.Key", "ü*~"},
                          {"empty", ""}};
  const auto signed_by = [&wanted](const char* url) {
    const auto all = sign_v2(keys(), *target_of(url), wanted, noon);
    EXPECT_EQ(all.size(), wanted.size() + 5);
    EXPECT_EQ(all.back().first, "Signature");
    return all.back().second;
  };
  EXPECT_EQ(signed_by("http://cloud.example.org:8773/services/Cloud"), "7fY7HbZXjpA+ncQYYdO5NiRcuapuOeMahIucLgCNkLE=");
  EXPECT_EQ(signed_by("https://ec2.amazonaws.com"), "wy3A/yqSbcNu5XHqkZbFrPoqHHAWPAKOF4duslkFFPA=");
}

TEST(Ec2Form, IsEncodedAsItIsSigned) {
  EXPECT_EQ(form_of({{"A", "a-z_0.9~"}, {"b c", "é&=+/*\n"}, {"d", ""}}),
            "A=a-z_0.9~&b%20c=%C3%A9%26%3D%2B%2F%2A%0A&d=");
  EXPECT_EQ(form_of({}), "");
}

TEST(Ec2Target, IsAnAddressAndNothingElse) {
  EXPECT_EQ(target_of("http://H:80/x/")->host + target_of("http://H:80/x/")->path, "h/x/");
  EXPECT_EQ(target_of("http://h:443/")->host, "h:443");
  EXPECT_EQ(target_of("https://[::1]:8773")->host, "[::1]:8773");
  for (const auto* const url : {"", "h", "ftp://h", "https://", "https:///x", "https://u:p@h/", "https://h/?a=b",
                                "https://h/#a", "https://h/a b", "https://h\r\nX: y/"})
    EXPECT_FALSE(target_of(url)) << url;
}

TEST(Ec2Keys, HaveTheFingerprintOfTheirBlob) {
  EXPECT_EQ(fingerprint_of("ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHUBj6mEJqOAlYRPhkiJyEkXLlDIm5cwKXSn2WFEB4ra me\n"),
            "a7:d3:b7:1c:e0:59:30:7f:9b:2f:cc:43:53:3d:51:e5");
  for (const auto* const text : {"", "ssh-rsa", "ssh-rsa AAAA", "ssh-rsa AAAAC3NzaC1lZDI1NTE5AAAAIHUBj6mE"})
    EXPECT_FALSE(fingerprint_of(text)) << text;
}

struct FaultRow {
  int status;
  const char* code;
  Kind kind;
  const char* cause;
};

TEST(Ec2Errors, AreKnownByTheirCodesBeforeTheirStatus) {
  for (const auto& row :
       {FaultRow{400, "AuthFailure", Kind::unauthorized, "refused"},
        FaultRow{403, "SignatureDoesNotMatch", Kind::unauthorized, "refused"},
        FaultRow{400, "RequestExpired", Kind::unauthorized, "refused"},
        FaultRow{403, "UnauthorizedOperation", Kind::forbidden, "refused"},
        FaultRow{400, "InvalidInstanceID.NotFound", Kind::not_found, "refused"},
        FaultRow{400, "InvalidInstanceID.Malformed", Kind::invalid, "refused"},
        FaultRow{400, "InstanceLimitExceeded", Kind::over_quota, "quota"},
        FaultRow{400, "VcpuLimitExceeded", Kind::over_quota, "quota"},
        FaultRow{503, "RequestLimitExceeded", Kind::busy, "rate_limit"},
        FaultRow{400, "Throttling", Kind::busy, "rate_limit"},
        FaultRow{500, "InsufficientInstanceCapacity", Kind::busy, "refused"},
        FaultRow{400, "InvalidKeyPair.Duplicate", Kind::conflict, "refused"},
        FaultRow{500, "InternalError", Kind::unavailable, "server"}, FaultRow{503, "", Kind::unavailable, "server"},
        FaultRow{404, "", Kind::unavailable, "http"}, FaultRow{302, "", Kind::unavailable, "http"},
        FaultRow{504, "", Kind::timeout, "http"}, FaultRow{429, "", Kind::busy, "rate_limit"}}) {
    const auto error = refused("RunInstances", row.status, {.code = row.code});
    EXPECT_EQ(to_string(error.kind()), to_string(row.kind)) << row.code << row.status;
    EXPECT_EQ(error.detail("cause"), row.cause) << row.code << row.status;
  }
}

TEST(Ec2Errors, AreReadInBothForms) {
  const auto one = decode_fault(
      "<Response><Errors><Error><Code>C</Code><Message>m &amp; n</Message></Error></Errors>"
      "<RequestID>r</RequestID></Response>");
  EXPECT_EQ(one.code + one.message + one.request_id, "Cm & nr");
  const auto other = decode_fault(
      "<ErrorResponse><Error><Code>C</Code><Message>m</Message></Error>"
      "<RequestId>r</RequestId></ErrorResponse>");
  EXPECT_EQ(other.code + other.message + other.request_id, "Cmr");
  for (const auto* const body : {"", "<html>", "{}", "<Response/>"}) EXPECT_EQ(decode_fault(body).code, "") << body;
}

}  // namespace
}  // namespace nephele::ec2
