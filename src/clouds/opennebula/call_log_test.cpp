// SPDX-License-Identifier: Apache-2.0
#include "clouds/opennebula/call_log.h"

#include <gtest/gtest.h>

#include "base/json.h"
#include "clouds/xml/xml.h"

namespace nephele::opennebula {
namespace {

const Session alice{"alice", Secret("pass:word"), SteadyTime::max()};

struct Row {
  const char* name;
  std::string text;
  std::string expected;
};
class Secrets : public ::testing::TestWithParam<Row> {};
TEST_P(Secrets, AreHidden) {
  EXPECT_EQ(without_secrets(GetParam().text, alice), GetParam().expected);
}
INSTANTIATE_TEST_SUITE_P(
    Table, Secrets,
    ::testing::Values(
        Row{"NothingToHide", "CPU=\"1\" NAME=\"author of keys\"", "CPU=\"1\" NAME=\"author of keys\""},
        Row{"TemplateText", "CONTEXT=[A=\"1\",\nSR_AUTH=\"eA==\n\"]", "CONTEXT=[A=\"1\",\nSR_AUTH=\"***\"]"},
        Row{"BareWord", "PASSWORD=abc\nB=2", "PASSWORD=***\nB=2"},
        Row{"EscapedQuoteInside", R"(PASSWORD="a\"b" C="d")", R"(PASSWORD="***" C="d")"},
        Row{"Json", R"({"SR_AUTH":"eA==","b":1})", R"({"SR_AUTH":"***","b":1})"},
        Row{"JsonNumber", R"({"token": 12345, "b": 1})", R"({"token": ***, "b": 1})"},
        Row{"TextInJson", R"({"c":"SR_AUTH=\"eA==\\n\", B=\"2\""})", R"({"c":"SR_AUTH=\"***\", B=\"2\""})"},
        Row{"EscapedQuoteInTextInJson", R"({"c":"PASSWORD=\"a\\\"b\", B=\"2\""})",
            R"({"c":"PASSWORD=\"***\", B=\"2\""})"},
        Row{"Cdata", "<SR_AUTH><![CDATA[eA==]]></SR_AUTH><B>2</B>", "<SR_AUTH><![CDATA[***]]></SR_AUTH><B>2</B>"},
        Row{"Element", "<PASSWORD>abc</PASSWORD>", "<PASSWORD>***</PASSWORD>"},
        Row{"EscapedCdata", "&lt;TOKEN&gt;&lt;![CDATA[abc]]&gt;&lt;/TOKEN&gt;",
            "&lt;TOKEN&gt;&lt;![CDATA[***]]&gt;&lt;/TOKEN&gt;"},
        Row{"Credentials", "for alice:pass:word and " + to_base64("alice:pass:word"), "for *** and ***"},
        Row{"OpenQuote", "SR_AUTH=\"abc", "SR_AUTH=\"***"}, Row{"NameAtTheEnd", "SR_AUTH", "SR_AUTH"},
        Row{"EmptyValue", "SR_AUTH=\"\" B=\"2\"", "SR_AUTH=\"\" B=\"2\""}),
    [](const auto& info) { return std::string(info.param.name); });

TEST(Secrets, StayHiddenHoweverOftenATextIsQuoted) {
  std::string text = "CONTEXT=[SSH_PUBLIC_KEY=\"ssh geheim \\\"geheim\\\" geheim\", OPEN=\"1\"]";
  for (int level = 0; level < 4; ++level) {
    const auto shown = without_secrets(text, alice);
    EXPECT_EQ(shown.find("geheim"), std::string::npos) << shown;
    EXPECT_NE(shown.find("OPEN"), std::string::npos) << shown;
    json::Object quoted;
    quoted.append("text", text);
    text = json::write(json::Value(std::move(quoted)));
  }
}

TEST(CallNote, TellsTheLogAlsoOfCallsThatNobodyWaitsForAnyMore) {
  struct Log final : CallLog {
    void ended(const CallRecord& record) noexcept override { error = record.error->sentence(); }
    std::string error;
  } log;
  {
    const CallNote note(&log, "oned", "one.vm.info", 7, alice);
  }
  EXPECT_EQ(log.error, "nobody waits for the answer any more");
  log.error.clear();
  CallNote note(nullptr, "oned", "one.vm.info", 7, alice);
  note.ended(nullptr);
}

}  // namespace
}  // namespace nephele::opennebula
