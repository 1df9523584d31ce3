// SPDX-License-Identifier: Apache-2.0
#include "base/settings/symbol_yaml.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>

#include "base/json.h"

namespace nephele::settings {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr std::array<std::string_view, 2> log_members{"level", "system"};
constexpr std::array unindented{Unindented{.section = "log", .members = log_members}};

Result<Document> read(std::string_view text) {
  return read_symbol_yaml(text, "engine.conf", unindented);
}

std::string json_of(std::string_view text) {
  const auto document = read(text);
  return document ? json::write(document->root.to_json()) : document.error().sentence();
}

TEST(SymbolYaml, ReadsTheEnginesFile) {
  const auto document = read(R"(# the engine
:one_xmlrpc: http://localhost:2633/RPC2
:oneflow_server:   "https://flow.example.com/"
:host: 127.0.0.1
:port: 1337
:timeout: 30

:capacity:
  :disk:
    :default: 1024
  :cpu:
    :default: 2
    :mult: 2
  :memory:
    :default: 1024
    :mult: 2
    :resize_mode: BALLOONING
:log:
  :level: 2     # 3 ERROR
  :system: 'file'
)");
  ASSERT_TRUE(document) << document.error().sentence();
  EXPECT_THAT(document->warnings, IsEmpty());
  EXPECT_EQ(json::write(document->root.to_json()),
            R"({"one_xmlrpc":"http://localhost:2633/RPC2","oneflow_server":"https://flow.example.com/",)"
            R"("host":"127.0.0.1","port":1337,"timeout":30,"capacity":{"disk":{"default":1024},)"
            R"("cpu":{"default":2,"mult":2},"memory":{"default":1024,"mult":2,"resize_mode":"BALLOONING"}},)"
            R"("log":{"level":2,"system":"file"}})");
  const Entry* mode = document->root.at("capacity.memory.resize_mode");
  ASSERT_NE(mode, nullptr);
  EXPECT_EQ(mode->value.place().text(), "engine.conf:17");
  EXPECT_EQ(mode->spelled, ":resize_mode:");
}

TEST(SymbolYaml, ReadsWhatRubyDumps) {
  EXPECT_EQ(
      json_of("---\n:one_xmlrpc: http://one:2633/RPC2\n:log:\n  :level: 1\n  :system: :syslog\n:list:\n- 1\n- a\n"),
      R"({"one_xmlrpc":"http://one:2633/RPC2","log":{"level":1,"system":"syslog"},"list":[1,"a"]})");
}

TEST(SymbolYaml, TakesTheLogSectionAsTheGuidePrintsIt) {
  const auto document = read(":port: 1337\n:log:\n:level: 1\n:system: 'syslog'\n");
  ASSERT_TRUE(document);
  EXPECT_EQ(json::write(document->root.to_json()), R"({"port":1337,"log":{"level":1,"system":"syslog"}})");
  EXPECT_THAT(document->warnings, ElementsAre("engine.conf:3: :level: belongs under :log:; indent it by two spaces",
                                              "engine.conf:4: :system: belongs under :log:; indent it by two spaces"));
  EXPECT_EQ(document->root.at("log.system")->value.place().text(), "engine.conf:4");
}

TEST(SymbolYaml, AnIndentedMemberWinsOverAStrayOne) {
  EXPECT_EQ(json_of(":log:\n  :level: 1\n:level: 2\n"), R"({"log":{"level":1}})");
  EXPECT_EQ(json_of(":level: 2\n"), R"({"level":2})");
  EXPECT_EQ(json_of(":log:\n:port: 1\n"), R"({"log":null,"port":1})");
  EXPECT_EQ(json_of(":log: text\n:level: 2\n"), R"({"log":"text","level":2})");
}

TEST(SymbolYaml, TheSymbolWinsOverThePlainKey) {
  for (const std::string_view text : {":port: 1\nport: 2\n", "port: 2\n:port: 1\n"}) {
    const auto document = read(text);
    ASSERT_TRUE(document);
    EXPECT_EQ(json::write(document->root.to_json()), R"({"port":1})");
    EXPECT_THAT(document->warnings, ElementsAre(HasSubstr(":port: wins")));
  }
  EXPECT_EQ(json_of("port: 2\n"), R"({"port":2})");
  EXPECT_THAT(read(":port: 1\n:port: 2\n")->warnings, ElementsAre("engine.conf:2: :port: stands twice; the last wins"));
  EXPECT_EQ(json_of(":port: 1\n:port: 2\n"), R"({"port":2})");
}

struct Scalar {
  const char* name;
  std::string_view yaml;
  std::string_view json;
};
class YamlScalar : public testing::TestWithParam<Scalar> {};
TEST_P(YamlScalar, HasItsRubyType) {
  EXPECT_EQ(json_of(":k: " + std::string(GetParam().yaml) + "\n"), "{\"k\":" + std::string(GetParam().json) + "}");
}
INSTANTIATE_TEST_SUITE_P(
    Table, YamlScalar,
    testing::Values(Scalar{"Integer", "30", "30"}, Scalar{"Negative", "-5", "-5"}, Scalar{"Plus", "+5", "5"},
                    Scalar{"QuotedInteger", "'30'", R"("30")"}, Scalar{"DoubleQuoted", R"("30")", R"("30")"},
                    Scalar{"Octal", "0644", "420"}, Scalar{"Hex", "0x1F", "31"}, Scalar{"Grouped", "1_000", "1000"},
                    Scalar{"TooLarge", "99999999999999999999", R"("99999999999999999999")"},
                    Scalar{"Real", "2.5", "2.5"}, Scalar{"Address", "127.0.0.1", R"("127.0.0.1")"},
                    Scalar{"Version", "1.3.3", R"("1.3.3")"}, Scalar{"True", "true", "true"},
                    Scalar{"Yes", "yes", "true"}, Scalar{"Off", "off", "false"},
                    Scalar{"QuotedTrue", "'true'", R"("true")"}, Scalar{"Null", "~", "null"},
                    Scalar{"Nothing", "", "null"}, Scalar{"QuotedNothing", "''", R"("")"},
                    Scalar{"Symbol", ":file", R"("file")"}, Scalar{"QuotedSymbol", "':file'", R"(":file")"},
                    Scalar{"Colon", "a:b", R"("a:b")"}, Scalar{"Text", "two words", R"("two words")"},
                    Scalar{"FlowList", "[1, a]", R"([1,"a"])"}, Scalar{"Nan", ".nan", R"(".nan")"},
                    Scalar{"StringTag", "!!str 30", R"("30")"}),
    [](const auto& info) { return std::string(info.param.name); });

TEST(SymbolYaml, AnEmptyFileIsAnEmptyTable) {
  EXPECT_EQ(json_of(""), "{}");
  EXPECT_EQ(json_of("# nothing\n---\n"), "{}");
}

struct Refused {
  const char* name;
  std::string text;
  std::string_view says;
};
class YamlRefuses : public testing::TestWithParam<Refused> {};
TEST_P(YamlRefuses, WithFileAndLine) {
  const auto document = read(GetParam().text);
  ASSERT_FALSE(document);
  EXPECT_EQ(document.error().kind(), Kind::invalid);
  EXPECT_THAT(document.error().sentence(), HasSubstr(GetParam().says));
}

std::string laughs() {
  std::string text = ":a: &a [x,x,x,x,x,x,x,x,x,x]\n";
  for (char c = 'b'; c < 'j'; ++c) {
    const std::string before(1, static_cast<char>(c - 1));
    text += ":" + std::string(1, c) + ": &" + c + " [";
    for (int i = 0; i < 10; ++i) text += "*" + before + (i < 9 ? "," : "]\n");
  }
  return text;
}

INSTANTIATE_TEST_SUITE_P(
    Table, YamlRefuses,
    testing::Values(Refused{"Broken", ":a: 1\n:b: [1\n:c: 2\n", "engine.conf:"},
                    Refused{"Tab", ":a:\n\t:b: 1\n", "engine.conf:2"},
                    Refused{"TopList", "- 1\n", "engine.conf:1: expected"},
                    Refused{"TopText", "hello\n", "engine.conf:1: expected"},
                    Refused{"KeyTable", ":a: 1\n? {x: 1}\n: 2\n", "engine.conf:2: a key must be a word"},
                    Refused{"Ruby", ":a: !ruby/object:Gem::Requirement x\n", "engine.conf:1: the tag"},
                    Refused{"Nul", std::string(":a: \0\n", 6), "engine.conf:1: a byte that is no UTF-8 text"},
                    Refused{"NotUtf8", ":a: 1\n:b: \xFF\n", "engine.conf:2: a byte that is no UTF-8"},
                    Refused{"TwoDocuments", ":a: 1\n---\n:b: 1\n", "engine.conf:2: a second document"},
                    Refused{"StrayComma", ",}\n:a: 1\n", "a stray sign"},
                    Refused{"StrayBracket", ":a: [1]]\n:b: 2\n", "engine.conf:1: no valid YAML"},
                    Refused{"Deep", ":a: " + std::string(200, '[') + std::string(200, ']') + "\n", "nested too deeply"},
                    Refused{"VeryDeep", ":a: " + std::string(50'000, '['), "engine.conf:"},
                    Refused{"Laughs", laughs(), "grow too large"},
                    Refused{"UnknownAlias", ":a: *b\n", "engine.conf:1: no valid YAML"}),
    [](const auto& info) { return std::string(info.param.name); });

}  // namespace
}  // namespace nephele::settings
