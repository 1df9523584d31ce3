// SPDX-License-Identifier: Apache-2.0
#include "base/settings/python_literal.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/json.h"
#include "base/settings/config_files.h"
#include "base/settings/python_call.h"
#include "base/temp_directory.h"

namespace nephele::settings {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

std::string json_of(std::string_view text) {
  const auto document = read_python_literal(text, "f.conf");
  return document ? json::write(document->root.to_json()) : document.error().sentence();
}

struct Literal {
  const char* name;
  std::string_view python;
  std::string_view json;
};
class PythonValue : public testing::TestWithParam<Literal> {};
TEST_P(PythonValue, IsReadAsPythonReadsIt) {
  EXPECT_EQ(json_of("A = " + std::string(GetParam().python) + "\n"), "{\"A\":" + std::string(GetParam().json) + "}");
}
INSTANTIATE_TEST_SUITE_P(Texts, PythonValue,
                         testing::Values(Literal{"Single", "'a b'", R"("a b")"},
                                         Literal{"Double", "\"it's\"", R"("it's")"}, Literal{"Empty", "''", R"("")"},
                                         Literal{"Unicode", "u'x'", R"("x")"},
                                         Literal{"Raw", R"(r'\n\'')", R"("\\n\\'")"},
                                         Literal{"BytesRaw", R"(bR"\d")", R"("\\d")"},
                                         Literal{"Joined", "'a' \"b\" r'c'", R"("abc")"},
                                         Literal{"JoinedOverLines", "('a'\n  'b'  # why\n\n 'c')", R"("abc")"},
                                         Literal{"Escapes", R"('\\ \' \" \n \t \x41 \101 \u00e9 \U0001F600')",
                                                 "\"\\\\ ' \\\" \\n \\t A A \xC3\xA9 \xF0\x9F\x98\x80\""},
                                         Literal{"UnknownEscape", R"('\d\ ')", R"("\\d\\ ")"},
                                         Literal{"EscapedLineEnd", "'a\\\nb'", R"("ab")"},
                                         Literal{"Triple", "'''a\n'b' \"c\"\n'''", R"("a\n'b' \"c\"\n")"},
                                         Literal{"TripleDouble", "\"\"\"a\"\"b\"\"\"", R"("a\"\"b")"},
                                         Literal{"KeyWithAnyCharacters", "'example_recaptcha_public_key!@#$%^&*('",
                                                 R"("example_recaptcha_public_key!@#$%^&*(")"},
                                         Literal{"HashInside", "'a # b' # c", R"("a # b")"},
                                         Literal{"Utf8", "'h\xC3\xA9'", "\"h\xC3\xA9\""}),
                         [](const auto& info) { return std::string(info.param.name); });
INSTANTIATE_TEST_SUITE_P(Numbers, PythonValue,
                         testing::Values(Literal{"Zero", "0", "0"}, Literal{"Negative", "-5", "-5"},
                                         Literal{"Signs", "- -+5", "5"}, Literal{"Long", "10L", "10"},
                                         Literal{"Hex", "0xfF", "255"}, Literal{"Octal", "0o22", "18"},
                                         Literal{"OldOctal", "0022", "18"}, Literal{"Binary", "0b101", "5"},
                                         Literal{"Grouped", "1_000", "1000"}, Literal{"Real", "2.50", "2.5"},
                                         Literal{"Exponent", "1e-3", "0.001"}, Literal{"PointFirst", ".5", "0.5"},
                                         Literal{"PointLast", "5.", "5.0"}, Literal{"ZeroPoint", "0.25", "0.25"},
                                         Literal{"Day", "24 * 60 * 60", "86400"},
                                         Literal{"Order", "2 + 3 * 4 - 1", "13"},
                                         Literal{"Brackets", "(2 + 3) * 4", "20"}, Literal{"Floor", "-7 // 2", "-4"},
                                         Literal{"FloorExact", "-8 // -2", "4"}, Literal{"Mixed", "1.5 * 2", "3.0"},
                                         Literal{"NoBlanks", "60*60-1", "3599"},
                                         Literal{"Smallest", "-9223372036854775807 - 1", "-9223372036854775808"}),
                         [](const auto& info) { return std::string(info.param.name); });
INSTANTIATE_TEST_SUITE_P(
    Containers, PythonValue,
    testing::Values(Literal{"True", "True", "true"}, Literal{"False", "False", "false"},
                    Literal{"None", "None", "null"}, Literal{"List", "[1, 'a', None,]", R"([1,"a",null])"},
                    Literal{"EmptyList", "[]", "[]"}, Literal{"Tuple", "(1, 2)", "[1,2]"},
                    Literal{"OneTuple", "(1,)", "[1]"}, Literal{"EmptyTuple", "()", "[]"},
                    Literal{"Parenthesised", "((1))", "1"}, Literal{"BareTuple", "1, 2", "[1,2]"},
                    Literal{"BareOneTuple", "1,", "[1]"},
                    Literal{"Dict", "{'a': 1, 2: [3], 'b': {}}", R"({"a":1,"2":[3],"b":{}})"},
                    Literal{"Set", "{1, 'a', }", R"([1,"a"])"}, Literal{"OneSet", "{1}", "[1]"},
                    Literal{"OverLines", "[\n  1,\n\n  # two\n  2\n]", "[1,2]"}, Literal{"Continued", "\\\n  5", "5"},
                    Literal{"ListSum", "[1] + [2, 3]", "[1,2,3]"}, Literal{"TextSum", "'a' + 'b'", R"("ab")"},
                    Literal{"ContinuedSum", "'a' + \\\n 'b'", R"("ab")"}, Literal{"Semicolon", "1;", "1"}),
    [](const auto& info) { return std::string(info.param.name); });

TEST(PythonLiteral, ReadsTheGuidesSettings) {
  EXPECT_EQ(
      json_of("ASTAKOS_RECAPTCHA_PUBLIC_KEY = 'example_recaptcha_public_key!@#$%^&*('\n"
              "ASTAKOS_RECAPTCHA_PRIVATE_KEY = 'example_recaptcha_private_key!@#$%^&*('\n\n"
              "ASTAKOS_RECAPTCHA_ENABLED = True"),
      R"({"ASTAKOS_RECAPTCHA_PUBLIC_KEY":"example_recaptcha_public_key!@#$%^&*(",)"
      R"("ASTAKOS_RECAPTCHA_PRIVATE_KEY":"example_recaptcha_private_key!@#$%^&*(","ASTAKOS_RECAPTCHA_ENABLED":true})");
}

TEST(PythonLiteral, ReadsALoggingDictionary) {
  const auto document = read_python_literal(R"(# -*- coding: utf-8 -*-
LOGGING_SETUP = {
    'version': 1,
    'disable_existing_loggers': False,
    'formatters': {
        'simple': {'format': '%(asctime)s [%(process)d] %(name)s %(module)s [%(levelname)s] %(message)s'},
    },
    'handlers': {
        'syslog': {
            'class': 'logging.handlers.SysLogHandler',
            'address': '/dev/log',
            # 'address': ('localhost', 514),
            'facility': 'daemon',
            'formatter': 'simple',
        },
    },
    'loggers': {
        '': {'handlers': ['syslog'], 'level': 'INFO'},
        'synnefo.api': {'handlers': ['syslog'], 'level': 'DEBUG', 'propagate': 0},
    }
}
)",
                                            "10-snf-webproject-logging.conf");
  ASSERT_TRUE(document) << document.error().sentence();
  const Entry* level = document->root.at("LOGGING_SETUP.loggers.synnefo.api.level");
  ASSERT_NE(level, nullptr);
  EXPECT_EQ(*level->value.if_text(), "DEBUG");
  EXPECT_EQ(level->value.place().text(), "10-snf-webproject-logging.conf:19");
}

TEST(PythonLiteral, KnowsNamesAssignedBefore) {
  EXPECT_EQ(json_of("A = 2\nB = A * 3\nC = {'x': [A, B]}\nA = 5\n"), R"({"A":5,"B":6,"C":{"x":[2,6]}})");
  EXPECT_EQ(json_of("A = ['x']\nA += ['y']\n"), R"({"A":["x","y"]})");
  EXPECT_EQ(json_of("A = 1; B = 2 ;C=3\n"), R"({"A":1,"B":2,"C":3})");
}

TEST(PythonLiteral, WarnsWhenANameOrKeyStandsTwice) {
  EXPECT_THAT(read_python_literal("A = 1\n\nA = 2\n", "f.conf")->warnings,
              ElementsAre("f.conf:3: A was assigned before, in line 1; this value wins"));
  EXPECT_THAT(read_python_literal("A = {'x': 1,\n 'x': 2}\n", "f.conf")->warnings,
              ElementsAre("f.conf:2: the key 'x' stands twice; the last wins"));
}

struct Refused {
  const char* name;
  std::string text;
  std::string_view says;
};
class PythonRefuses : public testing::TestWithParam<Refused> {};
TEST_P(PythonRefuses, WithFileLineAndWhatIsAllowed) {
  const auto document = read_python_literal(GetParam().text, "f.conf");
  ASSERT_FALSE(document);
  EXPECT_EQ(document.error().kind(), Kind::invalid);
  EXPECT_THAT(document.error().sentence(), HasSubstr(GetParam().says));
}

std::string doubled() {
  std::string text = "A = 'xxxxxxxxxx'\n";
  for (int i = 0; i < 60; ++i) text += "A = A + A\n";
  return text;
}
std::string chained() {
  std::string text = "A = []\n";
  for (int i = 0; i < 1000; ++i) text += "A = [A]\n";
  return text;
}

INSTANTIATE_TEST_SUITE_P(
    Table, PythonRefuses,
    testing::Values(
        Refused{"Import", "\nimport os\n", "f.conf:2: expected NAME = value, found 'import os'; allowed is"},
        Refused{"Call", "A = 1\nB = os.path.join('a')\n", "f.conf:2: 'os.path.join('a')' is not a value"},
        Refused{"CallOfName", "A = 1\nB = A(1)\n", "f.conf:2:"},
        Refused{"Unknown", "A = B\n", "B was not assigned before"},
        Refused{"Condition", "if True:\n  A = 1\n", "f.conf:1: expected NAME = value"},
        Refused{"Indented", "A = 1\n  B = 2\n", "f.conf:2: this line is indented"},
        Refused{"TwoValues", "A = 1 2\n", "f.conf:1: unexpected '2' after the value of A"},
        Refused{"Subscript", "A = {}\nA['x'] = 1\n", "f.conf:2: expected NAME = value"},
        Refused{"Comparison", "A == 1\n", "expected NAME = value"},
        Refused{"Nothing", "A =\n", "found the end of the line"}, Refused{"NothingAtAll", "A", "expected NAME = value"},
        Refused{"Format", "A = '%s' % 'x'\n", "unexpected '% 'x''"},
        Refused{"Power", "A = 2 ** 9\n", "unexpected '** 9'"}, Refused{"Division", "A = 1 / 2\n", "unexpected '/ 2'"},
        Refused{"ByZero", "A = 1 // 0\n", "division by zero"},
        Refused{"SmallestByMinusOne", "A = (-9223372036854775807 - 1) // -1\n", "too large"},
        Refused{"Overflow", "A = 9223372036854775807 + 1\n", "the result is too large"},
        Refused{"TooLarge", "A = 99999999999999999999\n", "this number is too large"},
        Refused{"NoNumber", "A = 12abc\n", "this is no number: 12abc"},
        Refused{"BadOctal", "A = 089\n", "this is no number"}, Refused{"TwoPoints", "A = 1..2\n", "this is no number"},
        Refused{"Complex", "A = 1j\n", "this is no number"},
        Refused{"OpenText", "A = 1\nB = 'x\nC = 'y'\n", "f.conf:2: this text has no closing quote on its line"},
        Refused{"OpenTriple", "A = '''x\n\n", "f.conf:1: this text has no closing quote"},
        Refused{"OpenAtBackslash", "A = 'x\\", "no closing quote"}, Refused{"OpenRaw", "A = r'x\\", "no closing quote"},
        Refused{"Formatted", "A = f'x'\n", "f'...' texts"}, Refused{"BadEscape", R"(A = '\xZZ')", "needs 2 hex digits"},
        Refused{"NamedEscape", R"(A = '\N{BULLET}')", "write the character itself"},
        Refused{"Surrogate", R"(A = '\ud800')", "no character"},
        Refused{"OpenList", "A = [1,\n2\nB = 3\n", "f.conf:3: expected ',' or ']'"},
        Refused{"OpenListAtEnd", "A = [1,\n", "found the end of the file"},
        Refused{"WrongClose", "A = [1)\n", "expected ',' or ']', found ')'"},
        Refused{"SetAfterKey", "A = {1: 2, 3}\n", "expected ':' after a key"},
        Refused{"SetNotClosed", "A = {1 2}\n", "expected ':' after a key"},
        Refused{"SetOpen", "A = {1, 2\n", "the bracket was opened in line 1"},
        Refused{"CallOfSet", "A = set([1])\n", "set was not assigned before"},
        Refused{"ImportLine", "import ldap\n", "expected NAME = value"},
        Refused{"ListKey", "A = {(1,): 2}\n", "a key must be a text"},
        Refused{"NoComma", "A = [1 2]\n", "expected ',' or ']'"},
        Refused{"OnlyComma", "A = [,]\n", "expected a value, found ',]'"},
        Refused{"TextPlusNumber", "A = 'a' + 1\n", "a text and a number do not go together with +"},
        Refused{"NegativeText", "A = -'a'\n", "do not go together"},
        Refused{"TextTimes", "A = 'a' * 3\n", "do not go together with *"},
        Refused{"AddToNothing", "A += 1\n", "A += needs a value of A before it"},
        Refused{"Deep", "A = " + std::string(100, '[') + std::string(100, ']'), "nested too deeply"},
        Refused{"VeryDeep", "A = " + std::string(1'000'000, '('), "nested too deeply"},
        Refused{"DeepByNames", chained(), "nested too deeply"}, Refused{"Doubling", doubled(), "grow too large"},
        Refused{"Nul", std::string("A = 1\nB = '\0'\n", 14), "f.conf:2: the file holds a NUL byte"},
        Refused{"Rubbish", "\xFF\xFE\x01", "f.conf:1: expected NAME = value, found '?"}),
    [](const auto& info) { return std::string(info.param.name); });

const PythonExtras django{.calls = true, .needed = [](std::string_view name) { return name.starts_with("AUTH_"); }};

TEST(PythonCalls, AreTablesAndSetsAreLists) {
  const auto document = read_python_literal(
      "import ldap\n"
      "from django_auth_ldap.config import (\n    LDAPSearch,\n)\n"
      "AUTH_SEARCH = LDAPSearch('ou=x', ldap.SCOPE_SUBTREE,\n  filter=\"(uid=%(user)s)\", more = [1])\n"
      "AUTH_TYPE = config.GroupOfNamesType()\n"
      "AUTH_OPTIONS = {ldap.OPT_REFERRALS: 0}\n"
      "ADMINS = set([])\nB = set(['a', 'b'])\nC = dict(a=1, b=tuple())\n",
      "f.conf", nullptr, django);
  ASSERT_TRUE(document) << document.error().sentence();
  EXPECT_THAT(document->warnings, testing::IsEmpty());
  const auto call = call_of(document->root.at("AUTH_SEARCH")->value);
  ASSERT_TRUE(call);
  EXPECT_EQ(call->name, "LDAPSearch");
  ASSERT_EQ(call->arguments->size(), 2U);
  EXPECT_EQ(*(*call->arguments)[1].if_text(), "ldap.SCOPE_SUBTREE");
  EXPECT_EQ(json::write(call->keywords->to_json()), R"j({"filter":"(uid=%(user)s)","more":[1]})j");
  EXPECT_EQ(call_of(document->root.at("AUTH_TYPE")->value)->name, "GroupOfNamesType");
  EXPECT_FALSE(call_of(document->root.at("C")->value));
  const auto value = [&](const char* name) { return json::write(document->root.at(name)->value.to_json()); };
  EXPECT_EQ(value("AUTH_OPTIONS"), R"({"ldap.OPT_REFERRALS":0})");
  EXPECT_EQ(value("ADMINS"), "[]");
  EXPECT_EQ(value("B"), R"(["a","b"])");
  EXPECT_EQ(value("C"), R"({"a":1,"b":[]})");
}

TEST(PythonCalls, OfForeignSettingsThatCannotBeReadAreLeftOut) {
  const auto document = read_python_literal(
      "A = 1\n"
      "FOREIGN = [x for x in\n  range(3)\n]\n"
      "if A:\n    B = 2\n"
      "FOREIGN['a'] = 3\n"
      "C = 4\n",
      "f.conf", nullptr, django);
  ASSERT_TRUE(document) << document.error().sentence();
  EXPECT_EQ(json::write(document->root.to_json()), R"({"A":1,"C":4})");
  EXPECT_THAT(document->warnings,
              ElementsAre(testing::StartsWith("f.conf:2: "), testing::StartsWith("f.conf:5: "),
                          testing::AllOf(testing::StartsWith("f.conf:7: "), HasSubstr("FOREIGN is left out"))));
  const auto refused = read_python_literal("A = 1\nAUTH_X = a.b.c[1]\n", "f.conf", nullptr, django);
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().sentence(), testing::StartsWith("f.conf:2: "));
  for (const char* text :
       {"AUTH_X = f(\n", "AUTH_X = f(1 2)\n", "AUTH_X = f(a=)\n", "AUTH_X = a.\n", "AUTH_X = f(a==1)\n"})
    EXPECT_FALSE(read_python_literal(text, "f.conf", nullptr, django)) << text;
}

TEST(PythonLiteral, EmptyFilesAndCommentsAreNothing) {
  for (const std::string_view text : {"", "\n\n", "# only\n   # comments", "   \n\t\n", "\xEF\xBB\xBF# mark\r\n\r\n"})
    EXPECT_EQ(json_of(text), "{}");
}

TEST(PythonFiles, AreReadInOrderAndSeeEarlierNames) {
  const TempDirectory dir;
  dir.write("20-b.conf", "B = A + '/b'\nA = 'second'\n");
  dir.write("10-a.conf", "A = 'first'\n");
  dir.write("9-z.conf", "Z = B\n");
  dir.write("ignored.txt", "?");
  dir.write(".hidden.conf", "?");
  dir.write("folder.conf/x", "?");
  const auto paths = conf_files(dir.path().string());
  ASSERT_TRUE(paths);
  EXPECT_THAT(*paths, ElementsAre(dir / "10-a.conf", dir / "20-b.conf", dir / "9-z.conf"));
  const auto document = read_python_files(*paths);
  ASSERT_TRUE(document) << document.error().sentence();
  EXPECT_EQ(json::write(document->root.to_json()), R"({"A":"second","B":"first/b","Z":"first/b"})");
  EXPECT_EQ(document->root.at("A")->value.place().text(), dir / "20-b.conf" + ":2");
  EXPECT_THAT(*conf_files(dir / "none"), testing::IsEmpty());
}

TEST(SettingsFile, SaysWhyItCannotBeRead) {
  const TempDirectory dir;
  EXPECT_EQ(read_file(dir / "none").error().kind(), Kind::not_found);
  EXPECT_EQ(read_file(dir.path().string()).error().kind(), Kind::unavailable);
  dir.write("large", std::string(2U << 20U, '#'));
  EXPECT_EQ(read_file(dir / "large").error().kind(), Kind::invalid);
}

}  // namespace
}  // namespace nephele::settings
