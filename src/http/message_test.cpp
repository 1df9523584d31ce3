// SPDX-License-Identifier: Apache-2.0
#include "http/message.h"

#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>

namespace nephele::http {
namespace {

template <class T>
T run(Task<T> task) {
  asio::io_context io;
  auto answer = asio::co_spawn(io, std::move(task), asio::use_future);
  io.run();
  return answer.get();
}

TEST(Headers, CompareNamesWithoutCaseAndKeepTheirOrder) {
  Headers headers;
  headers.add("Accept", "a");
  headers.add("X-One", "1");
  headers.add("accept", "b");
  EXPECT_EQ(headers.find("ACCEPT"), "a");
  headers.set("accept", "c");
  EXPECT_EQ(headers.size(), 2U);
  EXPECT_EQ(headers.find("Accept"), "c");
  headers.erase("x-one");
  EXPECT_EQ(headers.find("X-One"), std::nullopt);
}

struct DecodeCase {
  const char* name;
  std::string_view text;
  bool plus;
  std::optional<std::string> decoded;
};
class PercentDecode : public ::testing::TestWithParam<DecodeCase> {};
TEST_P(PercentDecode, GivesTheTextOrNothing) {
  EXPECT_EQ(percent_decode(GetParam().text, GetParam().plus), GetParam().decoded);
}
INSTANTIATE_TEST_SUITE_P(
    Table, PercentDecode,
    ::testing::Values(DecodeCase{"Plain", "abc", false, "abc"}, DecodeCase{"Escapes", "%41%6a%2F", false, "Aj/"},
                      DecodeCase{"PlusStays", "a+b", false, "a+b"}, DecodeCase{"PlusIsSpace", "a+b", true, "a b"},
                      DecodeCase{"CutShort", "a%4", false, std::nullopt},
                      DecodeCase{"LonePercent", "%", false, std::nullopt},
                      DecodeCase{"NotHex", "%zz", false, std::nullopt}, DecodeCase{"Nul", "a%00b", false, std::nullopt},
                      DecodeCase{"Utf8", "%C3%A9", false, "\xC3\xA9"}, DecodeCase{"Empty", "", false, ""}),
    [](const auto& info) { return std::string(info.param.name); });

TEST(PercentEncode, DecodesToTheSame) {
  std::string all;
  for (int c = 1; c < 256; ++c) all.push_back(static_cast<char>(c));
  EXPECT_EQ(percent_decode(percent_encode(all)), all);
  EXPECT_EQ(percent_encode("a b/c~"), "a%20b%2Fc~");
}

TEST(Request, FindsDecodedQueryValues) {
  Request request;
  request.query = "limit=10&name=a%20b+c&flag&limit=20&bad=%zz&%6bey=v";
  EXPECT_EQ(request.query_value("limit"), "10");
  EXPECT_EQ(request.query_value("name"), "a b c");
  EXPECT_EQ(request.query_value("flag"), "");
  EXPECT_EQ(request.query_value("key"), "v");
  EXPECT_EQ(request.query_value("bad"), std::nullopt);
  EXPECT_EQ(request.query_value("none"), std::nullopt);
}

TEST(MalformedCredentials, NameAUserAndNeverAPassword) {
  const auto user_of = [](std::string field) {
    Headers headers;
    headers.add("Authorization", std::move(field));
    const auto found = malformed_credentials(headers);
    EXPECT_EQ(found.password.reveal(), "");
    return found.user;
  };
  EXPECT_EQ(user_of("Basic dXNlcg=="), "user");
  EXPECT_EQ(user_of("Basic dXNlcjpwYXNz"), "user");
  for (const auto* nobody : {"Basic ====", "Basic @@@", "Basic ", "Basic", "", "Basic dToAYQ=="})
    EXPECT_EQ(user_of(nobody), "") << nobody;
}

struct BasicCase {
  const char* name;
  std::optional<std::string> field;
  std::variant<std::pair<std::string, std::string>, BasicProblem> expected;
};
class BasicCredentials : public ::testing::TestWithParam<BasicCase> {};
TEST_P(BasicCredentials, AreReadAsClientsSendThem) {
  Headers headers;
  if (GetParam().field) headers.add("Authorization", *GetParam().field);
  const auto found = basic_credentials(headers);
  if (const auto* problem = std::get_if<BasicProblem>(&GetParam().expected)) {
    ASSERT_TRUE(std::holds_alternative<BasicProblem>(found));
    EXPECT_EQ(std::get<BasicProblem>(found), *problem);
  } else {
    ASSERT_TRUE(std::holds_alternative<Basic>(found));
    const auto& [user, password] = std::get<0>(GetParam().expected);
    EXPECT_EQ(std::get<Basic>(found).user, user);
    EXPECT_EQ(std::get<Basic>(found).password.reveal(), password);
  }
}
INSTANTIATE_TEST_SUITE_P(
    Table, BasicCredentials,
    ::testing::Values(
        BasicCase{"Absent", std::nullopt, BasicProblem::absent},
        BasicCase{"Usual", "Basic dXNlcjpwYXNz", std::pair<std::string, std::string>("user", "pass")},
        BasicCase{"AnyCase", "bASIC dXNlcjpwYXNz", std::pair<std::string, std::string>("user", "pass")},
        BasicCase{"ColonInPassword", "Basic dTphOmI=", std::pair<std::string, std::string>("u", "a:b")},
        BasicCase{"NoPadding", "Basic dTphOmI", std::pair<std::string, std::string>("u", "a:b")},
        BasicCase{"StrayCharacters", "Basic dX Nl-cjpwYXNz", std::pair<std::string, std::string>("user", "pass")},
        BasicCase{"EmptyPassword", "Basic dTo=", std::pair<std::string, std::string>("u", "")},
        BasicCase{"Utf8", "Basic dTrDqcOf", std::pair<std::string, std::string>("u", "\xC3\xA9\xC3\x9F")},
        BasicCase{"Latin1", "Basic dTrp3w==", std::pair<std::string, std::string>("u", "\xC3\xA9\xC3\x9F")},
        BasicCase{"NoColon", "Basic dXNlcg==", BasicProblem::malformed},
        BasicCase{"Nothing", "Basic ", BasicProblem::malformed},
        BasicCase{"Nul", "Basic dToAYQ==", BasicProblem::malformed},
        BasicCase{"BareScheme", "Basic", BasicProblem::other_scheme},
        BasicCase{"Empty", "", BasicProblem::other_scheme},
        BasicCase{"Bearer", "Bearer abc", BasicProblem::other_scheme},
        BasicCase{"LongerScheme", "Basics dXNlcjpwYXNz", BasicProblem::other_scheme}),
    [](const auto& info) { return std::string(info.param.name); });

TEST(ReadAll, GivesWhatFitsTheLimit) {
  for (const std::size_t size : {0UZ, 1UZ, 4095UZ, 4096UZ, 4097UZ, 100'000UZ}) {
    const std::string text(size, 'x');
    auto body = text_body(text);
    const auto read = run<Result<std::string>>(read_all(*body, size));
    ASSERT_TRUE(read) << size;
    EXPECT_EQ(*read, text);
  }
}

TEST(ReadAll, RefusesWhatIsLonger) {
  auto body = text_body(std::string(101, 'x'));
  const auto read = run<Result<std::string>>(read_all(*body, 100));
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().kind(), Kind::over_quota);
}

}  // namespace
}  // namespace nephele::http
