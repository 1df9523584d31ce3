// SPDX-License-Identifier: Apache-2.0
#include "http/head.h"

#include <gtest/gtest.h>

namespace nephele::http {
namespace {

using namespace std::string_literals;

struct Read {
  int refused = 0;  // the status, or 0
  HeadFacts facts;
  Request request;
};

/// As the session does it: find the end, then read.
Read read(std::string_view text, const Limits& limits = {}) {
  Read result;
  HeadScanner scanner;
  if (scanner.scan(text) != HeadScanner::Found::head) {
    result.refused = 400;
    return result;
  }
  const auto facts = parse_head(text.substr(0, scanner.size()), limits, result.request);
  if (facts) result.facts = *facts;
  result.refused = facts ? 0 : facts.error().status;
  return result;
}

TEST(Head, IsReadIntoTheRequest) {
  const auto got =
      read("POST /a/b?x=1?2 HTTP/1.1\r\nhost: example\r\nX-Empty:\r\nX-Blank: \t a b \t\r\nContent-Length: 12\r\n\r\n");
  ASSERT_EQ(got.refused, 0);
  EXPECT_EQ(got.request.verb, Verb::post);
  EXPECT_EQ(got.request.target, "/a/b?x=1?2");
  EXPECT_EQ(got.request.path, "/a/b");
  EXPECT_EQ(got.request.query, "x=1?2");
  EXPECT_EQ(got.request.headers.find("X-Empty"), "");
  EXPECT_EQ(got.request.headers.find("x-blank"), "a b");
  EXPECT_EQ(got.request.content_length, 12U);
  EXPECT_TRUE(got.facts.keep_alive);
}

TEST(Head, OfEveryLengthIsFoundOnceItIsWhole) {
  const std::string text = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
  HeadScanner scanner;
  for (std::size_t n = 0; n < text.size(); ++n)
    ASSERT_EQ(scanner.scan(std::string_view(text).substr(0, n)), HeadScanner::Found::more) << n;
  EXPECT_EQ(scanner.scan(text + "rest"), HeadScanner::Found::head);
  EXPECT_EQ(scanner.size(), text.size());
}

struct Case {
  const char* name;
  std::string text;
  int refused;
};
class HeadForm : public ::testing::TestWithParam<Case> {};
TEST_P(HeadForm, IsAcceptedOrRefused) {
  EXPECT_EQ(read(GetParam().text).refused, GetParam().refused);
}

Case line(const char* name, const std::string& request_line, int refused) {
  return {name, request_line + "\r\nHost: a\r\n\r\n", refused};
}
Case fields(const char* name, const std::string& lines, int refused) {
  return {name, "POST / HTTP/1.1\r\nHost: a\r\n" + lines + "\r\n\r\n", refused};
}

INSTANTIATE_TEST_SUITE_P(
    RequestLine, HeadForm,
    ::testing::Values(
        line("Plain", "GET / HTTP/1.1", 0), line("UnknownMethod", "BREW /pot HTTP/1.1", 0),
        line("LowerCaseMethodIsAnother", "get / HTTP/1.1", 0), line("Absolute", "GET http://a/x?y HTTP/1.1", 0),
        line("AbsoluteTls", "GET https://a:1/x HTTP/1.1", 0), line("AbsoluteWithoutPath", "GET http://a HTTP/1.1", 0),
        line("AbsoluteQueryOnly", "GET http://a?x HTTP/1.1", 400),
        line("AbsoluteWithUser", "GET http://u:p@a/ HTTP/1.1", 400),
        line("AbsoluteWithoutHost", "GET http:///x HTTP/1.1", 400), line("OtherScheme", "GET ftp://a/x HTTP/1.1", 400),
        line("RelativeTarget", "GET x HTTP/1.1", 400), line("AuthorityForm", "CONNECT a:80 HTTP/1.1", 400),
        line("Asterisk", "OPTIONS * HTTP/1.1", 0), line("AsteriskOfGet", "GET * HTTP/1.1", 400),
        line("NoTarget", "GET HTTP/1.1", 400), line("TwoSpaces", "GET  / HTTP/1.1", 400),
        line("TrailingSpace", "GET / HTTP/1.1 ", 400), line("Tab", "GET\t/ HTTP/1.1", 400),
        line("Fragment", "GET /a#b HTTP/1.1", 400), line("SpaceInTarget", "GET /a b HTTP/1.1", 400),
        line("HighByte", "GET /\xC3\xA9 HTTP/1.1", 400), line("NulInTarget", "GET /a\0b HTTP/1.1"s, 400),
        line("Http09", "GET /", 400), line("Http2", "PRI * HTTP/2.0", 400), line("Http12", "GET / HTTP/1.2", 400),
        line("LowerCaseVersion", "GET / http/1.1", 400), line("VersionWithZeros", "GET / HTTP/1.10", 400),
        line("LongMethod", std::string(33, 'A') + " / HTTP/1.1", 400), line("MethodWithColon", "G:ET / HTTP/1.1", 400),
        line("LeadingSpace", " GET / HTTP/1.1", 400), line("Binary", "\x16\x03\x01", 400)),
    [](const auto& info) { return std::string(info.param.name); });

INSTANTIATE_TEST_SUITE_P(
    Fields, HeadForm,
    ::testing::Values(fields("Plain", "A: b", 0), fields("NoColon", "abc", 400),
                      fields("SpaceBeforeColon", "Content-Length : 3", 400), fields("EmptyName", ": x", 400),
                      fields("FoldedLine", "A: b\r\n c", 400), fields("FoldedByTab", "A: b\r\n\tc", 400),
                      fields("NulInValue", "A: b\0c"s, 400), fields("NulInName", "A\0: b"s, 400),
                      fields("BareCarriageReturn", "A: b\rc", 400), fields("BareLineFeed", "A: b\nB: c", 400),
                      fields("Bell", "A: \x07", 400), fields("Delete", "A: \x7f", 400),
                      fields("HighBytesInValue", "A: \xC3\xA9", 0), fields("HighBytesInName", "\xC3\xA9: a", 400),
                      fields("SecondHost", "Host: b", 400), fields("Parenthesis", "A(b): c", 400)),
    [](const auto& info) { return std::string(info.param.name); });

INSTANTIATE_TEST_SUITE_P(
    Framing, HeadForm,
    ::testing::Values(
        fields("LengthAndChunked", "Content-Length: 3\r\nTransfer-Encoding: chunked", 400),
        fields("ChunkedAndLength", "Transfer-Encoding: chunked\r\nContent-Length: 3", 400),
        fields("TwoLengths", "Content-Length: 3\r\nContent-Length: 4", 400),
        fields("TheSameLengthTwice", "Content-Length: 3\r\nContent-Length: 3", 400),
        fields("LengthList", "Content-Length: 3, 3", 400), fields("LengthWithSign", "Content-Length: +3", 400),
        fields("NegativeLength", "Content-Length: -3", 400), fields("HexLength", "Content-Length: 0x3", 400),
        fields("EmptyLength", "Content-Length:", 400), fields("LengthWithText", "Content-Length: 3a", 400),
        fields("HugeLength", "Content-Length: 99999999999999999999", 400),
        fields("LargestLength", "Content-Length: 999999999999999999", 0),
        fields("Chunked", "Transfer-Encoding: chunked", 0),
        fields("ChunkedInCapitals", "Transfer-Encoding: CHUNKED", 0),
        fields("ChunkedTwice", "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked", 400),
        fields("ChunkedList", "Transfer-Encoding: chunked, chunked", 400),
        fields("Gzip", "Transfer-Encoding: gzip, chunked", 400), fields("Identity", "Transfer-Encoding: identity", 400),
        fields("XChunked", "Transfer-Encoding: xchunked", 400), fields("Quoted", "Transfer-Encoding: \"chunked\"", 400),
        fields("WithParameter", "Transfer-Encoding: chunked;a=b", 400), fields("NoCoding", "Transfer-Encoding:", 400),
        fields("VerticalTab",
               "Transfer-Encoding: \x0b"
               "chunked",
               400),
        fields("OtherExpectation", "Expect: 200-ok", 417), fields("Continue", "Expect: 100-Continue", 0),
        Case{"OldWithChunks", "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", 400},
        Case{"OldWithoutHost", "GET / HTTP/1.0\r\n\r\n", 0}, Case{"NoHost", "GET / HTTP/1.1\r\nA: b\r\n\r\n", 400},
        Case{"HostWithPath", "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", 400},
        Case{"HostWithUser", "GET / HTTP/1.1\r\nHost: u@a\r\n\r\n", 400},
        Case{"HostWithSpace", "GET / HTTP/1.1\r\nHost: a b\r\n\r\n", 400},
        Case{"Host6", "GET / HTTP/1.1\r\nHost: [::1]:80\r\n\r\n", 0},
        Case{"LineFeedsOnly", "GET / HTTP/1.1\nHost: a\n\n", 400},
        Case{"LineFeedAtTheEnd", "GET / HTTP/1.1\r\nHost: a\r\n\n", 400}),
    [](const auto& info) { return std::string(info.param.name); });

TEST(Head, WithTooManyFieldsIsRefused) {
  std::string text = "GET / HTTP/1.1\r\nHost: a\r\n";
  for (int i = 0; i < 100; ++i) text += "A: b\r\n";
  EXPECT_EQ(read(text + "\r\n").refused, 431);
}

struct KeepAliveCase {
  const char* name;
  std::string_view version, connection;
  bool keeps;
};
class KeepAlive : public ::testing::TestWithParam<KeepAliveCase> {};
TEST_P(KeepAlive, FollowsVersionAndConnection) {
  const auto got = read("GET / HTTP/" + std::string(GetParam().version) +
                        "\r\nHost: a\r\nConnection: " + std::string(GetParam().connection) + "\r\n\r\n");
  ASSERT_EQ(got.refused, 0);
  EXPECT_EQ(got.facts.keep_alive, GetParam().keeps);
}
INSTANTIATE_TEST_SUITE_P(Table, KeepAlive,
                         ::testing::Values(KeepAliveCase{"New", "1.1", "", true},
                                           KeepAliveCase{"NewClose", "1.1", "close", false},
                                           KeepAliveCase{"NewCloseInList", "1.1", "TE , Close", false},
                                           KeepAliveCase{"Old", "1.0", "", false},
                                           KeepAliveCase{"OldKeeps", "1.0", "Keep-Alive", true},
                                           KeepAliveCase{"Both", "1.1", "keep-alive, close", false}),
                         [](const auto& info) { return std::string(info.param.name); });

}  // namespace
}  // namespace nephele::http
