// SPDX-License-Identifier: Apache-2.0
#include "identity/keystone/auth_request.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace nephele::identity::keystone {
namespace {

using testing::HasSubstr;
using testing::Not;

std::string with_scope(const std::string& scope) {
  return R"({"auth": {"identity": {"methods": ["password"], "password": {"user": {"id": "u1", "password": "x"}}}, )"
         R"("scope": )" +
         scope + "}}";
}
std::string with_identity(const std::string& identity) {
  return R"({"auth": {"identity": )" + identity + "}}";
}
AuthRequest parsed(const std::string& body) {
  auto request = parse_auth_request(body);
  EXPECT_TRUE(request) << body << ": " << request.error().sentence();
  return request ? std::move(*request) : AuthRequest{};
}

TEST(AuthRequest, ReadsWhatTheOpenstackClientSends) {
  const auto request = parsed(
      R"({"auth":{"identity":{"methods":["password"],"password":{"user":{"name":"admin","password":"se cret",
          "domain":{"name":"Default"}}}},"scope":{"project":{"name":"demo","domain":{"id":"d7"}}}}})");
  const auto& method = std::get<PasswordMethod>(request.method);
  EXPECT_EQ(method.user.name, "admin");
  EXPECT_EQ(method.user.id, "");
  EXPECT_EQ(method.user.domain.name, "Default");
  EXPECT_EQ(method.user.domain.id, "");
  EXPECT_EQ(method.password.reveal(), "se cret");
  const auto& scope = std::get<ProjectScope>(request.scope);
  EXPECT_EQ(scope.project.name, "demo");
  EXPECT_EQ(scope.project.domain.id, "d7");
}

TEST(AuthRequest, ReadsUsersById) {
  const auto request = parsed(
      with_identity(R"({"methods": ["password"], "password": {"user": {"id": "u1", "password": "x"}}, "unknown": 1})"));
  EXPECT_EQ(std::get<PasswordMethod>(request.method).user.id, "u1");
  EXPECT_TRUE(std::holds_alternative<std::monostate>(request.scope));
}

TEST(AuthRequest, LooksInTheDefaultDomainWhenNoneIsNamed) {
  const auto request =
      parsed(with_identity(R"({"methods": ["password"], "password": {"user": {"name": "ada", "password": "x"}}})"));
  EXPECT_EQ(std::get<PasswordMethod>(request.method).user.domain.id, "default");
  EXPECT_EQ(std::get<ProjectScope>(parsed(with_scope(R"({"project": {"name": "p"}})")).scope).project.domain.id,
            "default");
}

TEST(AuthRequest, ReadsTokens) {
  const auto request = parsed(with_identity(R"({"methods": ["token"], "token": {"id": "abc"}})"));
  EXPECT_EQ(std::get<TokenMethod>(request.method).token.reveal(), "abc");
}

TEST(AuthRequest, ReadsApplicationCredentialsByIdAndByName) {
  const auto by_id = parsed(with_identity(
      R"({"methods": ["application_credential"], "application_credential": {"id": "c1", "secret": "s"}})"));
  EXPECT_EQ(std::get<CredentialMethod>(by_id.method).id, "c1");
  EXPECT_EQ(std::get<CredentialMethod>(by_id.method).secret.reveal(), "s");
  const auto by_name = parsed(
      with_identity(R"({"methods": ["application_credential"], "application_credential": {"name": "ci", "secret": "s",
                        "user": {"name": "ada", "domain": {"name": "Default"}}}})"));
  EXPECT_EQ(std::get<CredentialMethod>(by_name.method).name, "ci");
  EXPECT_EQ(std::get<CredentialMethod>(by_name.method).user.name, "ada");
  EXPECT_EQ(std::get<CredentialMethod>(by_name.method).user.domain.name, "Default");
}

TEST(AuthRequest, ReadsEveryScope) {
  EXPECT_TRUE(std::holds_alternative<std::monostate>(parsed(with_scope("null")).scope));
  EXPECT_TRUE(std::holds_alternative<Unscoped>(parsed(with_scope(R"("unscoped")")).scope));
  EXPECT_TRUE(std::holds_alternative<Unscoped>(parsed(with_scope(R"({"unscoped": {}})")).scope));
  EXPECT_TRUE(std::holds_alternative<SystemScope>(parsed(with_scope(R"({"system": {"all": true}})")).scope));
  EXPECT_EQ(std::get<ProjectScope>(parsed(with_scope(R"({"project": {"id": "p1"}})")).scope).project.id, "p1");
  EXPECT_EQ(std::get<DomainScope>(parsed(with_scope(R"({"domain": {"id": "d1"}})")).scope).domain.id, "d1");
  EXPECT_EQ(std::get<DomainScope>(parsed(with_scope(R"({"domain": {"name": "D"}})")).scope).domain.name, "D");
}

class Hostile : public testing::TestWithParam<std::string> {};

TEST_P(Hostile, IsRefusedWithoutAValueOfTheBodyInTheSentence) {
  const auto request = parse_auth_request(GetParam());
  ASSERT_FALSE(request) << GetParam();
  EXPECT_EQ(request.error().kind(), Kind::invalid);
  EXPECT_THAT(request.error().sentence(), Not(HasSubstr("S3cret"))) << GetParam();
  EXPECT_FALSE(request.error().sentence().empty());
  EXPECT_TRUE(request.error().details().empty());
}

const std::string hostile[] = {
    "",
    "S3cret",
    "[]",
    "null",
    "\"S3cret\"",
    "{}",
    R"({"auth": "S3cret"})",
    R"({"auth": null})",
    R"({"auth": []})",
    R"({"auth": {}})",
    R"({"auth": {"identity": "S3cret"}})",
    R"({"auth": {"identity": {}}} S3cret)",
    // A password without its quotes, and one with a line end.
    R"({"auth": {"identity": {"methods": ["password"], "password": {"user": {"id": "u", "password": S3cret}}}}})",
    ("{\"auth\": {\"identity\": {\"methods\": [\"password\"], \"password\": {\"user\": {\"id\": \"u\", \"password\": "
     "\"S3cret\nS3cret\"}}}}}"),
    "{\"auth\": {\"S3cret\": 1, \"S3cret\": 2}}",
    "{\"auth\": {\"identity\": \"\xFFS3cret\"}}",
    R"({"auth": {"identity": {"methods": "S3cret"}}})",
    R"({"auth": {"identity": {"methods": []}}})",
    R"({"auth": {"identity": {"methods": [7]}}})",
    R"({"auth": {"identity": {"methods": ["S3cret"]}}})",
    R"({"auth": {"identity": {"methods": ["password", "totp"], "password": {"user": {"id": "u", "password": "x"}}}}})",
    R"({"auth": {"identity": {"methods": ["password"]}}})",
    R"({"auth": {"identity": {"methods": ["password"], "password": "S3cret"}}})",
    R"({"auth": {"identity": {"methods": ["password"], "password": {"user": "S3cret"}}}})",
    R"({"auth": {"identity": {"methods": ["password"], "password": {"user": {"password": "S3cret"}}}}})",
    R"({"auth": {"identity": {"methods": ["password"], "password": {"user": {"name": 7, "password": "S3cret"}}}}})",
    R"({"auth": {"identity": {"methods": ["password"], "password": {"user": {"id": "u", "password": ["S3cret"]}}}}})",
    R"({"auth": {"identity": {"methods": ["password"], "password": {"user": {"name": "u", "domain": "S3cret"}}}}})",
    R"({"auth": {"identity": {"methods": ["password"], "password": {"user": {"name": "u", "domain": {}}}}}})",
    R"({"auth": {"identity": {"methods": ["token"], "token": {}}}})",
    R"({"auth": {"identity": {"methods": ["token"], "token": "S3cret"}}})",
    R"({"auth": {"identity": {"methods": ["application_credential"]}}})",
    R"({"auth": {"identity": {"methods": ["application_credential"], "application_credential": {"secret": "S3cret"}}}})",
    R"({"auth": {"identity": {"methods": ["application_credential"],
        "application_credential": {"name": "n", "secret": "S3cret"}}}})",
    with_scope(R"("S3cret")"),
    with_scope("{}"),
    with_scope(R"({"project": {}})"),
    with_scope(R"({"project": "S3cret"})"),
    with_scope(R"({"domain": {"id": ["S3cret"]}})"),
    with_scope(R"({"system": {"all": false}})"),
    with_scope(R"({"system": "S3cret"})"),
    with_scope(R"({"project": {"id": "S3cret"}, "domain": {"id": "S3cret"}})"),
    std::string(10'000, '['),
    R"({"auth": )" + std::string(500, '[') + std::string(500, ']') + "}",
};
INSTANTIATE_TEST_SUITE_P(Bodies, Hostile, testing::ValuesIn(hostile));

}  // namespace
}  // namespace nephele::identity::keystone
