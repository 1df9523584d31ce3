// SPDX-License-Identifier: Apache-2.0
#include "base/settings/config_parser.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "base/json.h"
#include "base/settings/config_files.h"
#include "base/settings/test_data.h"

namespace nephele::settings {
namespace {

using testing::HasSubstr;
using Sections = std::map<std::string, std::map<std::string, std::string>>;

Sections sections_of(const json::Value& tree) {
  Sections out;
  for (const auto& [section, options] : *tree.if_object()) {
    auto& to = out[section];
    for (const auto& [name, value] : *options.if_object()) to[name] = *value.if_string();
  }
  return out;
}

Result<Sections> parsed(const std::vector<std::string>& files, Dialect dialect) {
  ConfigParser parser(dialect);
  int number = 0;
  for (const std::string& text : files) TRY_VOID(parser.read(text, "f" + std::to_string(++number)));
  TRY(const Node tree, parser.tree());
  return sections_of(tree.to_json());
}

TEST(ConfigParserPython3, AgreesWithPython) {
  const auto cases = json::parse(*read_file(test_data("config_parser_cases.json")));
  ASSERT_TRUE(cases) << cases.error().sentence();
  EXPECT_GT(cases->if_array()->size(), 300U);
  for (const json::Value& one : *cases->if_array()) {
    std::vector<std::string> files;
    for (const json::Value& file : *one.at_path({"files"})->if_array()) files.push_back(*file.if_string());
    const auto ours = parsed(files, Dialect::python3);
    const json::Value* tree = one.at_path({"tree"});
    ASSERT_EQ(ours.has_value(), tree != nullptr) << json::write(one) << (ours ? "" : "\n" + ours.error().sentence());
    if (tree != nullptr) EXPECT_EQ(*ours, sections_of(*tree)) << json::write(one);
  }
}

struct Refused {
  const char* name;
  std::string_view text;
  std::string_view sentence;
};
class ConfigParserRefuses : public testing::TestWithParam<Refused> {};
TEST_P(ConfigParserRefuses, WithFileLineAndWhatToDo) {
  const auto sections = parsed({std::string(GetParam().text)}, Dialect::python3);
  ASSERT_FALSE(sections);
  EXPECT_EQ(sections.error().sentence(), GetParam().sentence);
}
using namespace std::string_view_literals;
INSTANTIATE_TEST_SUITE_P(
    Table, ConfigParserRefuses,
    testing::Values(
        Refused{"DuplicateOption", "[a]\nx=1\n\nX=2\n", "f1:4: the option x stands twice in [a]; remove one"},
        Refused{"DuplicateSection", "[a]\n[b]\n[a]\n", "f1:3: the section [a] stands twice; join the two"},
        Refused{"NoSection", "\nx=1\n", "f1:2: 'x ...' stands before any [section]"},
        Refused{"NoDelimiter", "[a]\nhello\x1b\n",
                "f1:2: expected [section], name = value or name: value, found 'hello?'"},
        Refused{"NoDelimiterAndASecret", "[a]\npassword hush\n",
                "f1:2: expected [section], name = value or name: value, found 'password ...'"},
        Refused{"Missing", "[a]\nx = %(none)s\n", "f1:2: x: %(none)s names an option that is not in [a] or [DEFAULT]"},
        Refused{"Percent", "[a]\nX = 5%\n",
                "f1:2: X: '%' must be followed by '%' or '(name)s'; write %% for a percent sign"},
        Refused{"Circle", "[a]\nx = %(x)s\n",
                "f1:2: x: its references go more than ten deep; do they run in a circle?"},
        Refused{"Nul", "[a]\nx = \0\n"sv, "f1:2: the file holds a NUL byte; it is no text file"},
        Refused{"ByteOrderMark", "\xEF\xBB\xBF[a]\n", "f1:1: begins with a byte order mark; save the file without it"}),
    [](const auto& info) { return std::string(info.param.name); });

TEST(ConfigParserPython3, BoundsWhatReferencesMake) {
  std::string text = "[a]\nv0 = " + std::string(1000, 'x') + "\n";
  for (int i = 1; i < 10; ++i) {
    text += "v" + std::to_string(i) + " =";
    for (int k = 0; k < 20; ++k) text += " %(v" + std::to_string(i - 1) + ")s";
    text += "\n";
  }
  const auto sections = parsed({text}, Dialect::python3);
  ASSERT_FALSE(sections);
  EXPECT_THAT(sections.error().sentence(), HasSubstr("grow too long"));
}

TEST(ConfigParser, KeepsNothingOfABrokenFile) {
  ConfigParser parser(Dialect::python2_raw);
  ASSERT_TRUE(parser.read("[a]\nx=1\n", "good"));
  EXPECT_FALSE(parser.read("[a]\nx=2\n[b]\nbroken\n", "bad"));
  EXPECT_EQ(json::write(parser.tree()->to_json()), R"({"a":{"x":"1"}})");
}

TEST(ConfigParser, KnowsTheLineOfEveryValue) {
  ConfigParser parser(Dialect::python3);
  ASSERT_TRUE(parser.read("[DEFAULT]\nd=0\n\n[a]\nX = 1\n  2\ny = 3\n", "f.conf"));
  const auto tree = parser.tree();
  EXPECT_EQ(tree->at("a.x")->value.place().text(), "f.conf:5");
  EXPECT_EQ(tree->at("a.x")->spelled, "X");
  EXPECT_EQ(tree->at("a.y")->value.place().text(), "f.conf:7");
  EXPECT_EQ(tree->at("a.d")->value.place().text(), "f.conf:2");
}

// Python 2 is not here to be asked: these are the rows of the Vcycle specification, 1.2.
struct Raw {
  const char* name;
  std::string_view line;
  std::string_view value;
};
class ConfigParserPython2 : public testing::TestWithParam<Raw> {};
TEST_P(ConfigParserPython2, ReadsTheSpecificationsExamples) {
  const auto sections = parsed({"[s]\n" + std::string(GetParam().line) + "\n"}, Dialect::python2_raw);
  ASSERT_TRUE(sections) << sections.error().sentence();
  EXPECT_EQ(sections->at("s").at("x"), GetParam().value);
}
INSTANTIATE_TEST_SUITE_P(
    Table, ConfigParserPython2,
    testing::Values(Raw{"Url", "x = http://h:5000/v3", "http://h:5000/v3"}, Raw{"Colon", "X: a=b", "a=b"},
                    Raw{"Quotes", R"(x="q")", R"("q")"}, Raw{"EmptyQuotes", R"(x="")", ""}, Raw{"Empty", "x=", ""},
                    Raw{"Inline", "x = 1 ; c", "1"}, Raw{"NoBlank", "x=2;y", "2;y"}, Raw{"Hash", "x = 3 # k", "3 # k"},
                    Raw{"FirstSemicolonOnly", "x = a;b ; c", "a;b ; c"},
                    Raw{"Percent", "x = 5% %(y)s %%", "5% %(y)s %%"}, Raw{"Continued", "x = 1\n 2\n\n\t3", "1\n2\n3"},
                    Raw{"IndentedComment", "x = 1\n  # in\n# out\n; out\nREM out\n  y = 2", "1\n# in\ny = 2"},
                    Raw{"LastWins", "x = 1\nX = 2", "2"}, Raw{"Crlf", "x = 1\r\n 2\r", "1\n2"}),
    [](const auto& info) { return std::string(info.param.name); });

TEST(ConfigParserPython2Sections, KeepBlanksAndDropTails) {
  const auto sections =
      parsed({"[s a] # x\nk=1\n[ space  x ]\nk=2\n[DEFAULT]\nd=3\n[s a]\nk=4\n"}, Dialect::python2_raw);
  EXPECT_EQ(*sections, (Sections{{"DEFAULT", {{"d", "3"}}},
                                 {"s a", {{"d", "3"}, {"k", "4"}}},
                                 {" space  x ", {{"d", "3"}, {"k", "2"}}}}));
}

TEST(ConfigParserPython2Sections, RefuseLinesOfNoKind) {
  EXPECT_FALSE(parsed({"[s]\nremark\n"}, Dialect::python2_raw));
  EXPECT_FALSE(parsed({"x = 1\n"}, Dialect::python2_raw));
  EXPECT_FALSE(parsed({"[s]\n= 1\n"}, Dialect::python2_raw));
}

}  // namespace
}  // namespace nephele::settings
