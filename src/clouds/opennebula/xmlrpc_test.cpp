// SPDX-License-Identifier: Apache-2.0
#include "clouds/opennebula/xmlrpc.h"

#include <gmock/gmock.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <memory>

#include "base/eventually.h"
#include "base/io_threads.h"
#include "base/json.h"
#include "base/temp_directory.h"
#include "clouds/opennebula/oned.h"
#include "http/client.h"

namespace nephele::opennebula {
namespace {

using xmlrpc::Answer;
using xmlrpc::Fault;
using xmlrpc::Parameter;

std::string test_data(std::string_view name) {
  const char* source = std::getenv("NEPHELE_SOURCE_DIR");  // NOLINT(concurrency-mt-unsafe): never changed
  return std::string(source != nullptr ? source : ".") + "/src/clouds/opennebula/testdata/" + std::string(name);
}

std::string answer(const std::string& values) {
  return "<methodResponse><params><param><value><array><data>" + values +
         "</data></array></value></param></params></methodResponse>";
}

// ---- against Python -------------------------------------------------------------------------------------------------

xmlrpc::Value value_of(const json::Value& value) {
  if (const auto* const text = value.if_string()) return *text;
  if (const auto* const yes = value.if_bool()) return *yes;
  return value.integer().value_or(-99);
}

TEST(XmlRpc, ReadsWhatPythonWrites) {
  std::ifstream file(test_data("xmlrpc_cases.json"), std::ios::binary);
  const auto cases = json::parse(std::string{std::istreambuf_iterator<char>(file), {}});
  ASSERT_TRUE(cases) << cases.error().sentence();
  EXPECT_GT(cases->if_array()->size(), 240U);
  for (const auto& one : *cases->if_array()) {
    const auto decoded = xmlrpc::decode(std::string(one.text_at({"xml"})));
    ASSERT_TRUE(decoded) << decoded.error().sentence() << json::write(one);
    if (const auto* const fault = one.at_path({"fault"})) {
      const auto& ours = std::get<Fault>(*decoded);
      EXPECT_EQ(ours.code, fault->if_array()->at(0).integer());
      EXPECT_EQ(ours.message, *fault->if_array()->at(1).if_string());
      continue;
    }
    const auto& values = *one.at_path({"values"})->if_array();
    const auto& ours = std::get<Answer>(*decoded);
    EXPECT_EQ(ours.success, *values[0].if_bool());
    if (ours.success) {
      EXPECT_EQ(ours.payload, value_of(values[1])) << json::write(one);
    } else {
      EXPECT_EQ(ours.message, *values[1].if_string()) << json::write(one);
      EXPECT_EQ(ours.code, values[2].integer());
      EXPECT_EQ(ours.object, values.size() > 3 && *values[3].integer() >= 0 ? values[3].integer() : std::nullopt);
    }
  }
}

TEST(XmlRpc, ReadsPlainSuccessesLikeAllOthers) {
  const std::string head = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\r\n";
  const auto with = [](const std::string& first, const std::string& second, const std::string& rest) {
    return answer("\r\n<value>" + first + "</value>\r\n<value>" + second + "</value>\r\n" + rest + "\r\n");
  };
  const std::string yes = "<boolean>1</boolean>";
  const std::string zero = "<value><i4>0</i4></value>";
  std::vector<std::string> bodies;
  for (const char* const text : {"",
                                 " ",
                                 " x ",
                                 "a\nb",
                                 "a\r\nb",
                                 "a\rb",
                                 "&lt;VM&gt;&lt;ID&gt;1&lt;/ID&gt;&lt;/VM&gt;",
                                 "&amp;lt;",
                                 "&amp;amp;&quot;",
                                 "&apos;",
                                 "&#65;&#x42;",
                                 "&#13;",
                                 "&nbsp;",
                                 "&",
                                 "&lt",
                                 "a & b",
                                 "]]>",
                                 "<![CDATA[<b>]]>",
                                 "x<!-- y -->z",
                                 "<b>x</b>",
                                 "\xc3\xa9\xe6\xbc\xa2",
                                 "\xff"})
    bodies.push_back(with(yes, "<string>" + std::string(text) + "</string>", zero));
  bodies.push_back(with(yes, "text", zero));
  bodies.push_back(with(yes, "<i4>7</i4>", zero));
  bodies.push_back(with(yes, "<string>x</string>", ""));
  bodies.push_back(with(yes, "<string>x</string>", zero + "<value><i4>-1</i4></value><value><i8>-1</i8></value>"));
  bodies.push_back(with("<boolean>0</boolean>", "<string>no</string>", "<value><i4>1024</i4></value>"));
  bodies.push_back(with("<i4>1</i4>", "<string>x</string>", zero));
  bodies.push_back(with(yes, "<string>x</string>", zero) + "<more/>");
  bodies.push_back(with(yes, "<string>x</string>", zero) + " \n");
  bodies.push_back(with(yes, "<string>x</string>", zero).substr(0, 150));
  for (const auto& body : bodies) {
    // A comment is for the parser alone.
    const auto by_parser = xmlrpc::decode(head + "<!-- -->" + body);
    const auto ours = xmlrpc::decode(head + body);
    ASSERT_EQ(ours.has_value(), by_parser.has_value()) << body;
    if (!ours) continue;
    const auto& a = std::get<Answer>(*ours);
    const auto& b = std::get<Answer>(*by_parser);
    EXPECT_EQ(a.success, b.success) << body;
    EXPECT_EQ(a.payload, b.payload) << body;
    EXPECT_EQ(a.message, b.message) << body;
    EXPECT_EQ(a.code, b.code) << body;
  }
  EXPECT_FALSE(xmlrpc::decode(bodies[1], {.bytes = 20})) << "its limit holds for all";
  EXPECT_FALSE(xmlrpc::decode(with(yes, std::string("<string>\0</string>", 18), zero)));
}

/// As xmlrpc-c 1.33.14 writes them: an answer of one call, and a fault, in the answer to several.
const std::string part =
    "<value><array><data>\r\n<value><array><data>\r\n<value><boolean>1</boolean></value>\r\n"
    "<value><string>&lt;A/&gt;</string></value>\r\n<value><i4>0</i4></value>\r\n"
    "</data></array></value>\r\n</data></array></value>\r\n";
const std::string fault_part =
    "<value><struct>\r\n<member><name>faultCode</name>\r\n<value><i4>-506</i4></value></member>\r\n"
    "<member><name>faultString</name>\r\n<value><string>Method 'nope' not defined</string></value></member>\r\n"
    "</struct></value>\r\n";

TEST(XmlRpc, ReadsTheAnswersToSeveralCalls) {
  const std::string head = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\r\n";
  for (const auto* const comment : {"", "<!-- for the parser -->"}) {
    const auto plain = xmlrpc::decode_together(head + comment + answer(part + part), 2);
    ASSERT_TRUE(plain) << plain.error().sentence();
    for (const auto& one : std::get<std::vector<xmlrpc::Outcome>>(*plain))
      EXPECT_EQ(std::get<Answer>(one).payload, xmlrpc::Value("<A/>"));
  }
  const auto mixed = xmlrpc::decode_together(head + answer(fault_part + part), 2);
  ASSERT_TRUE(mixed) << mixed.error().sentence();
  const auto& outcomes = std::get<std::vector<xmlrpc::Outcome>>(*mixed);
  EXPECT_EQ(std::get<Fault>(outcomes[0]).code, -506);
  EXPECT_TRUE(std::get<Answer>(outcomes[1]).success);
  const auto none =
      xmlrpc::decode_together(head + "<methodResponse><fault>" + fault_part + "</fault></methodResponse>", 2);
  ASSERT_TRUE(none) << none.error().sentence();
  EXPECT_EQ(std::get<Fault>(*none).message, "Method 'nope' not defined");
}

TEST(XmlRpc, RefusesAnswersToMoreOrFewerOrOtherCalls) {
  for (const auto& body : {answer(part), answer(part + part + part), answer(""), answer("<value>1</value>" + part),
                           answer("<value><array/></value>" + part), std::string("<methodResponse/>"),
                           answer("<value><array><data></data></array></value>" + part)})
    EXPECT_FALSE(xmlrpc::decode_together(body, 2)) << body;
}

TEST(XmlRpc, RefusesSeveralCallsThatXmlCannotCarry) {
  const std::vector<xmlrpc::Call> calls = {{.method = "one.vm.info", .parameters = {std::string("\x01")}}};
  const auto encoded = xmlrpc::encode_together(calls);
  ASSERT_FALSE(encoded);
  EXPECT_TRUE(encoded.error().sentence().contains("one.vm.info"));
}

struct ClosePipe {
  void operator()(std::FILE* pipe) const noexcept { pclose(pipe); }  // the end of its input ends the server
};

class AgainstPython : public ::testing::Test {
 protected:
  void SetUp() override {
    const std::string command =
        "exec /usr/bin/python3 -B '" + test_data("xmlrpc_server.py") + "' '" + (directory_ / "port") + "'";
    server_.reset(popen(command.c_str(), "we"));  // NOLINT(cert-env33-c): a fixed command
    ASSERT_TRUE(server_);
    const auto told = [&] {
      port_ = directory_.read("port");
      return port_.ends_with('\n');  // all of it
    };
    ASSERT_TRUE(eventually(told, std::chrono::seconds(30))) << "the Python server did not start";
    port_.pop_back();
  }
  std::string url() const { return "http://127.0.0.1:" + port_ + "/RPC2"; }

  TempDirectory directory_;
  std::unique_ptr<std::FILE, ClosePipe> server_;
  std::string port_;
  IoThreads threads_{1};
  http::Client client_;
};

TEST_F(AgainstPython, EveryParameterArrivesAsItIs) {
  const std::vector<std::string> texts{"",
                                       " ",
                                       "  both ends  ",
                                       "a\nb\n",
                                       "tab\there",
                                       "<a>&amp;</a>",
                                       "]]>",
                                       "<![CDATA[]]>",
                                       "quotes \" '",
                                       "é ü 漢 𝄞",
                                       "a\rb",
                                       std::string(200'000, 'x') + "&"};
  std::vector<Parameter> parameters{true, false, 0, -1, 2'147'483'647, std::numeric_limits<std::int32_t>::min()};
  parameters.insert(parameters.end(), texts.begin(), texts.end());
  auto body = xmlrpc::encode("one.echo", parameters);
  ASSERT_TRUE(body);
  http::ClientRequest request{.verb = http::Verb::post, .url = url(), .body = *body};
  request.headers.add("Content-Type", "text/xml");
  const auto response = threads_.run(client_.send(std::move(request)));
  ASSERT_TRUE(response) << response.error().sentence();
  const auto decoded = xmlrpc::decode(response->body);
  ASSERT_TRUE(decoded) << decoded.error().sentence();
  const auto heard = json::parse(std::get<std::string>(std::get<Answer>(*decoded).payload));
  ASSERT_TRUE(heard) << heard.error().sentence();
  EXPECT_EQ(*heard->if_array()->at(0).if_string(), "one.echo");
  const auto& back = *heard->if_array()->at(1).if_array();
  ASSERT_EQ(back.size(), parameters.size());
  EXPECT_EQ(*back[0].if_bool(), true);
  EXPECT_EQ(*back[1].if_bool(), false);
  EXPECT_EQ(back[2].integer(), 0);
  EXPECT_EQ(back[3].integer(), -1);
  EXPECT_EQ(back[4].integer(), 2'147'483'647);
  EXPECT_EQ(back[5].integer(), -2'147'483'648);
  for (std::size_t i = 0; i < texts.size(); ++i) EXPECT_EQ(*back[6 + i].if_string(), texts[i]) << i;
}

TEST_F(AgainstPython, TheClientWorksWithServersThatCloseAfterEachAnswer) {
  Oned oned({.url = url(), .timeout = std::chrono::seconds(20)});
  const Session session{"alice", Secret("p:&<é"), SteadyTime::max()};
  for (int i = 0; i < 5; ++i) {
    const auto heard = threads_.run(oned.version(session));
    ASSERT_TRUE(heard) << heard.error().sentence();
    EXPECT_EQ(*heard, R"(["one.system.version", ["alice:p:&<é"]])");
  }
}

// ---- tables ---------------------------------------------------------------------------------------------------------

TEST(XmlRpc, RefusesWhatXmlCannotCarryWithoutQuotingIt) {
  for (const auto* const text : {"se\x01"
                                 "cret",
                                 "se\x1b"
                                 "cret",
                                 "secret\xff", "secret\xed\xa0\x80", "secret\xef\xbf\xbf"}) {
    const auto encoded = xmlrpc::encode("one.vm.info", {std::string("fine"), std::string(text)});
    ASSERT_FALSE(encoded);
    EXPECT_EQ(encoded.error().kind(), Kind::invalid);
    EXPECT_THAT(encoded.error().sentence(), ::testing::HasSubstr("parameter 1 of one.vm.info"));
    EXPECT_THAT(encoded.error().sentence(), ::testing::Not(::testing::HasSubstr("secret")));
  }
  EXPECT_FALSE(xmlrpc::encode("one.vm.info", {std::string("zero\0here", 9)}));
  EXPECT_FALSE(xmlrpc::encode("one<b>", {}));
}

struct Read {
  const char* name;
  std::string xml;
  Answer expected;
};
class XmlRpcAnswer : public ::testing::TestWithParam<Read> {};
TEST_P(XmlRpcAnswer, IsRead) {
  const auto decoded = xmlrpc::decode(GetParam().xml);
  ASSERT_TRUE(decoded) << decoded.error().sentence();
  const auto& ours = std::get<Answer>(*decoded);
  EXPECT_EQ(ours.success, GetParam().expected.success);
  EXPECT_EQ(ours.payload, GetParam().expected.payload);
  EXPECT_EQ(ours.message, GetParam().expected.message);
  EXPECT_EQ(ours.code, GetParam().expected.code);
  EXPECT_EQ(ours.object, GetParam().expected.object);
}
INSTANTIATE_TEST_SUITE_P(
    Table, XmlRpcAnswer,
    ::testing::Values(
        Read{"AsOnedWritesASuccess",
             "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\r\n<methodResponse>\r\n<params>\r\n<param><value><array><data>"
             "\r\n<value><boolean>1</boolean></value>\r\n<value><i4>6</i4></value>\r\n<value><i4>0</i4></value>\r\n"
             "</data></array></value></param>\r\n</params>\r\n</methodResponse>\r\n",
             {.success = true, .payload = std::int64_t{6}}},
        Read{"AsOnedWritesAFailure",
             answer("<value><boolean>0</boolean></value><value><string>no &amp; no</string></value><value><i4>1024</i4>"
                    "</value><value><i4>9999</i4></value><value><i8>-1</i8></value>"),
             {.success = false, .payload = {}, .message = "no & no", .code = 1024, .object = 9999}},
        Read{"NoObject",
             answer("<value><boolean>0</boolean></value><value><string>x</string></value><value><i4>256</i4></value>"
                    "<value><i4>-1</i4></value><value><i8>-1</i8></value>"),
             {.success = false, .payload = {}, .message = "x", .code = 256}},
        Read{"MoreElementsThanKnown",
             answer("<value><boolean>1</boolean></value><value>untyped</value><value><int>0</int></value>"
                    "<value><double>1.5</double></value><value><struct/></value>"),
             {.success = true, .payload = std::string("untyped")}},
        Read{"BlanksAreText",
             answer(
                 "<value><boolean> 1 </boolean></value><value><string> \n </string></value><value><i4>0</i4></value>"),
             {.success = true, .payload = std::string(" \n ")}},
        Read{"CdataIsText",
             answer("<value><boolean>1</boolean></value><value><string>a<![CDATA[<b> ]]>c</string></value>"
                    "<value><i4>0</i4></value>"),
             {.success = true, .payload = std::string("a<b> c")}},
        Read{"BigNumbers",
             answer("<value><boolean>1</boolean></value><value><i8>9223372036854775807</i8></value><value><i4>0</i4>"
                    "</value>"),
             {.success = true, .payload = std::numeric_limits<std::int64_t>::max()}}),
    [](const auto& info) { return std::string(info.param.name); });

struct Garbage {
  const char* name;
  std::string xml;
};
class XmlRpcGarbage : public ::testing::TestWithParam<Garbage> {};
TEST_P(XmlRpcGarbage, IsAClearError) {
  const auto decoded = xmlrpc::decode(GetParam().xml);
  ASSERT_FALSE(decoded);
  EXPECT_EQ(decoded.error().kind(), Kind::invalid);
  EXPECT_FALSE(decoded.error().sentence().empty());
}
INSTANTIATE_TEST_SUITE_P(
    Table, XmlRpcGarbage,
    ::testing::Values(
        Garbage{"Nothing", ""}, Garbage{"Blanks", " \n"}, Garbage{"Words", "Internal error"},
        Garbage{"Html", "<html><body>502</body></html>"}, Garbage{"Unclosed", "<methodResponse><params>"},
        Garbage{"Mismatch", "<methodResponse></params>"}, Garbage{"TwoTops", "<methodResponse/><methodResponse/>"},
        Garbage{"Zero", std::string("<methodResponse/>\0", 18)}, Garbage{"Empty", "<methodResponse/>"},
        Garbage{"NoArray",
                "<methodResponse><params><param><value><i4>1</i4></value></param></params></methodResponse>"},
        Garbage{"TwoElements", answer("<value><boolean>1</boolean></value><value>x</value>")},
        Garbage{"FirstIsNoBoolean", answer("<value><i4>1</i4></value><value>x</value><value><i4>0</i4></value>")},
        Garbage{"BooleanOfTwo", answer("<value><boolean>2</boolean></value><value>x</value><value><i4>0</i4></value>")},
        Garbage{"NumberOfLetters",
                answer("<value><boolean>1</boolean></value><value><i4>x</i4></value><value><i4>0</i4></value>")},
        Garbage{"NumberTooBig", answer("<value><boolean>1</boolean></value><value><i8>9223372036854775808</i8></"
                                       "value><value><i4>0</i4></value>")},
        Garbage{
            "StringWithElements",
            answer(
                "<value><boolean>1</boolean></value><value><string>a<b/></string></value><value><i4>0</i4></value>")},
        Garbage{"FailureWithoutCode", answer("<value><boolean>0</boolean></value><value>x</value><value>y</value>")},
        Garbage{"FaultWithoutCode", "<methodResponse><fault><value><struct/></value></fault></methodResponse>"}),
    [](const auto& info) { return std::string(info.param.name); });

TEST(XmlRpc, KeepsItsLimits) {
  std::string deep = "<methodResponse>";
  for (int i = 0; i < 100'000; ++i) deep += "<a>";
  for (int i = 0; i < 100'000; ++i) deep += "</a>";
  EXPECT_FALSE(xmlrpc::decode(deep + "</methodResponse>"));
  EXPECT_FALSE(xmlrpc::decode(std::string(2000, ' '), {.bytes = 1000}));
  EXPECT_FALSE(xmlrpc::decode("<methodResponse><a/><a/><a/></methodResponse>", {.tags = 4}));
}

}  // namespace
}  // namespace nephele::opennebula
