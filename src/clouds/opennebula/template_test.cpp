// SPDX-License-Identifier: Apache-2.0
#include "clouds/opennebula/template.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <map>
#include <random>

#include "clouds/opennebula/template_text.h"

namespace nephele::opennebula {
namespace {

using ::testing::HasSubstr;

Result<Template> from_xml(std::string text) {
  TRY(const auto document, xml::Document::parse(std::move(text)));
  return template_of(document.root());
}

struct TextCase {
  const char* name;
  std::string text;
  Template expected;
};
class TemplateTexts : public ::testing::TestWithParam<TextCase> {};
TEST_P(TemplateTexts, AreRead) {
  const auto got = read_text(GetParam().text);
  ASSERT_TRUE(got) << got.error().sentence();
  EXPECT_TRUE(*got == GetParam().expected) << write_text(*got).value_or("?");
}
INSTANTIATE_TEST_SUITE_P(
    Table, TemplateTexts,
    ::testing::Values(
        TextCase{"Empty", "", {}}, TextCase{"OnlyBlanks", " \n\t\n", {}},
        TextCase{"Bare", "CPU = 0.5", Template().add("CPU", std::string("0.5"))},
        TextCase{"LowerCaseName", "cpu=1\n", Template().add("CPU", std::string("1"))},
        TextCase{"SameLine", "A=1 B=2", Template().add("A", std::string("1")).add("B", std::string("2"))},
        TextCase{"Quoted", "A=\"x y = [ # ]\"", Template().add("A", std::string("x y = [ # ]"))},
        TextCase{"EscapedQuote", R"(A="say \"hi\"")", Template().add("A", std::string("say \"hi\""))},
        TextCase{"BackslashesInside", R"(A="c:\dir \\ x")", Template().add("A", std::string(R"(c:\dir \\ x)"))},
        TextCase{"OverLines", "A=\"one\ntwo\"\nB=3",
                 Template().add("A", std::string("one\ntwo")).add("B", std::string("3"))},
        TextCase{"EmptyQuoted", "A=\"\"", Template().add("A", std::string())},
        TextCase{"EmptyByLineEnd", "A =  \nB=1", Template().add("A", std::string()).add("B", std::string("1"))},
        TextCase{"EmptyVector", "A = []\nB=[ \n ]", Template().add("A", Vector{}).add("B", Vector{})},
        TextCase{"Vector", "DISK = [ IMAGE_ID = 0,\n  size=\"10\" ]",
                 Template().add("DISK", Vector{{"IMAGE_ID", "0"}, {"SIZE", "10"}})},
        TextCase{"RepeatedVectors", "NIC=[A=1]NIC=[A=2]\n",
                 Template().add("NIC", Vector{{"A", "1"}}).add("NIC", Vector{{"A", "2"}})},
        TextCase{"FirstMemberWins", "A=[X=1,X=2]", Template().add("A", Vector{{"X", "1"}})},
        TextCase{"Comments", "# one\nA=1 # two\n  # three\nB=[ # four\nC=2, # five\nD=3] # six\n",
                 Template().add("A", std::string("1")).add("B", Vector{{"C", "2"}, {"D", "3"}})},
        TextCase{"QuoteInsideAWord", "A=x\"y", Template().add("A", std::string("x\"y"))},
        TextCase{"QuotedAndMoreIsOneWord", "A=\"x\"y", Template().add("A", std::string("\"x\"y"))},
        TextCase{"LastQuoteWhenNoneIsFree", "A=\"x\\\"", Template().add("A", std::string("x\\"))},
        // As the engine of the contract sends it.
        TextCase{"Override",
                 "HOT_RESIZE=[CPU_HOT_ADD_ENABLED=YES,\nMEMORY_HOT_ADD_ENABLED=YES]\nMEMORY_RESIZE_MODE=BALLOONING\n"
                 "CONTEXT=[NETWORK=\"YES\",\nSR_AUTH=\"YWxpY2U6cA==\n\"]\nDEVICE_INFO=[]\nFLAVOURS=\"0\"",
                 Template()
                     .add("HOT_RESIZE", Vector{{"CPU_HOT_ADD_ENABLED", "YES"}, {"MEMORY_HOT_ADD_ENABLED", "YES"}})
                     .add("MEMORY_RESIZE_MODE", std::string("BALLOONING"))
                     .add("CONTEXT", Vector{{"NETWORK", "YES"}, {"SR_AUTH", "YWxpY2U6cA==\n"}})
                     .add("DEVICE_INFO", Vector{})
                     .add("FLAVOURS", std::string("0"))}),
    [](const auto& info) { return std::string(info.param.name); });

struct Wrong {
  const char* name;
  std::string text;
  const char* part;
};
class WrongTemplateText : public ::testing::TestWithParam<Wrong> {};
TEST_P(WrongTemplateText, IsRefusedWithItsLine) {
  const auto got = read_text(GetParam().text);
  ASSERT_FALSE(got);
  EXPECT_EQ(got.error().kind(), Kind::invalid);
  EXPECT_THAT(got.error().sentence(), HasSubstr(GetParam().part));
}
INSTANTIATE_TEST_SUITE_P(
    Table, WrongTemplateText,
    ::testing::Values(Wrong{"NoEquals", "A=1\nB 2", "line 2: expected \"=\""},
                      Wrong{"NoName", "=1", "line 1: expected a name"}, Wrong{"NoValue", "A=", "expected a value"},
                      Wrong{"OpenVector", "A=[X=1", "expected \",\" or \"]\""},
                      Wrong{"CommaAtTheEnd", "A=[X=1,]", "expected a name"},
                      Wrong{"EmptyMember", "A=[X=\n]", "expected a value"},
                      Wrong{"NestedVector", "A=[X=[Y=1]]", "expected a value"},
                      Wrong{"EndOfCdata", "A=\"x\"\nB=\"y]]>\"", "line 2: the value holds \"]]>\""},
                      Wrong{"CommentWithoutLineEnd", "A=1 # x", "a comment needs a line end"},
                      Wrong{"Control", "A=\"\x01\"", "control characters"}, Wrong{"NoUtf8", "A=\"\xff\"", "UTF-8"}),
    [](const auto& info) { return std::string(info.param.name); });

/// oned's Template::to_xml: names in order, those of vectors too.
std::string as_oned_writes(const Template& what) {
  const auto cdata = [](const std::string& text) { return "<![CDATA[" + text + "]]>"; };
  std::multimap<std::string, std::string> attributes;
  for (const auto& one : what) {
    std::string inside = one.single() != nullptr ? cdata(*one.single()) : "";
    if (one.vector() != nullptr)
      for (const auto& [name, value] : std::map<std::string, std::string>(one.vector()->begin(), one.vector()->end()))
        inside += "<" + name + ">" + cdata(value) + "</" + name + ">";
    attributes.emplace(one.name, "<" + one.name + ">" + inside + "</" + one.name + ">");
  }
  std::string out;
  for (const auto& [name, text] : attributes) out += text;
  return "<TEMPLATE>" + out + "</TEMPLATE>";
}

// testdata/template_cases.json is what the lexer and parser of OpenNebula 6.8 themselves make of these texts.
TEST(TemplateText, IsWhatOnedMakesOfIt) {
  const char* source = std::getenv("NEPHELE_SOURCE_DIR");  // NOLINT(concurrency-mt-unsafe): never changed
  std::ifstream file(
      std::string(source != nullptr ? source : ".") + "/src/clouds/opennebula/testdata/template_cases.json",
      std::ios::binary);
  const auto cases = json::parse(std::string{std::istreambuf_iterator<char>(file), {}});
  ASSERT_TRUE(cases) << cases.error().sentence();
  std::size_t read = 0;
  for (const auto& one : *cases->if_array()) {
    const auto text = one.text_at({"text"});
    const auto got = read_text(text);
    if (!got) continue;  // we may be stricter, never more lenient
    ++read;
    ASSERT_FALSE(one.at_path({"xml"})->is_null()) << "oned refuses: " << text;
    EXPECT_EQ(as_oned_writes(*got), one.text_at({"xml"})) << text;
    if (const auto written = write_text(*got))  // not a value with a backslash at its end
      EXPECT_EQ(as_oned_writes(*read_text(*written)), one.text_at({"xml"})) << text;
  }
  EXPECT_GT(read, 500U);
}

TEST(TemplateWriting, StrayCharactersAreNotDroppedAsInOned) {
  EXPECT_FALSE(read_text("A=\"1\" ; B=2"));
}

TEST(TemplateWriting, WritesOneAttributeALine) {
  const auto text = write_text(Template()
                                   .add("name", std::string("a \"b\" \\ c"))
                                   .add("DISK", Vector{{"IMAGE_ID", "0"}, {"SIZE", "10"}})
                                   .add("EMPTY", Vector{}));
  EXPECT_EQ(text.value_or("?"), "NAME=\"a \\\"b\\\" \\ c\"\nDISK=[IMAGE_ID=\"0\",\nSIZE=\"10\"]\nEMPTY=[]\n");
}

TEST(TemplateWriting, RefusesWhatCannotBeWritten) {
  for (const std::string value : {"ends\\", "a]]>b", "a\x01", "a\rb", "\xff"}) {
    EXPECT_FALSE(write_text(Template().add("A", value))) << value;
    EXPECT_FALSE(write_text(Template().add("A", Vector{{"B", value}}))) << value;
  }
  EXPECT_FALSE(write_text(Template().add("A", std::string("\0", 1))));
  for (const auto* const name : {"", "A B", "A=B", "\xc3\xa9", "5G", "A-B", "A]"}) {
    EXPECT_FALSE(write_text(Template().add(name, std::string("x")))) << name;
    EXPECT_FALSE(write_text(Template().add(name, Vector{}))) << name;
    EXPECT_FALSE(write_text(Template().add("A", Vector{{name, "x"}}))) << name;
  }
}

TEST(TemplateWriting, MakesTextsWritable) {
  EXPECT_EQ(writable("plain, \"quoted\" {x} \n é"), "plain, \"quoted\" {x} \n é");
  EXPECT_EQ(writable("a\r\nb\x01"
                     "c\xff"
                     "d"),
            "a\nbcd");
  EXPECT_EQ(writable("a]]>b]]>"), "a]] >b]] >");
  EXPECT_EQ(writable("]]\x01>"), "]] >");
  EXPECT_EQ(writable("a\\\\"), "a");
  EXPECT_EQ(writable("a\\\x01"), "a");
}

TEST(TemplateWriting, PartsReferences) {
  EXPECT_EQ(without_references("${x} $x $${y}$"), "$ {x} $x $$ {y}$");
  EXPECT_EQ(without_references("a"), "a");
  EXPECT_EQ(without_references(without_references("${a}")), "$ {a}");
}

TEST(TemplateXml, ReadsTheAnswersOfOned) {
  const auto got = from_xml(
      "<TEMPLATE><CONTEXT><NETWORK><![CDATA[YES]]></NETWORK><SR_AUTH><![CDATA[]]></SR_AUTH></CONTEXT>"
      "<CPU><![CDATA[1]]></CPU><DISK><SIZE><![CDATA[ 10 ]]></SIZE></DISK><DISK><SIZE>20</SIZE></DISK>"
      "<EMPTY></EMPTY><NOTHING><![CDATA[]]></NOTHING></TEMPLATE>");
  ASSERT_TRUE(got);
  EXPECT_TRUE(*got == Template()
                          .add("CONTEXT", Vector{{"NETWORK", "YES"}, {"SR_AUTH", ""}})
                          .add("CPU", std::string("1"))
                          .add("DISK", Vector{{"SIZE", " 10 "}})
                          .add("DISK", Vector{{"SIZE", "20"}})
                          .add("EMPTY", Vector{})
                          .add("NOTHING", std::string()));
}

TEST(Template, SetsInPlaceAndFindsWithoutCase) {
  Template one = Template()
                     .add("A", std::string("1"))
                     .add("DISK", Vector{{"X", "1"}})
                     .add("B", std::string("2"))
                     .add("DISK", Vector{{"X", "2"}});
  EXPECT_EQ(one.text("a"), "1");
  EXPECT_EQ(one.vectors("disk").size(), 2U);
  EXPECT_EQ(one.find("DISK"), nullptr);
  one.set("disk", Vector{{"x", "3"}});
  EXPECT_TRUE(one == Template().add("A", std::string("1")).add("DISK", Vector{{"X", "3"}}).add("B", std::string("2")));
  one.erase("A");
  one.set("C", std::string("3"));
  EXPECT_TRUE(one == Template().add("DISK", Vector{{"X", "3"}}).add("B", std::string("2")).add("C", std::string("3")));
}

TEST(TemplateObject, IsTheFormOf7) {
  const auto what = Template()
                        .add("CPU", std::string("2"))
                        .add("NIC", Vector{{"A", "1"}})
                        .add("CONTEXT", Vector{{"SR_AUTH", "a \"b\""}})
                        .add("NIC", Vector{{"A", "2"}});
  const auto object = write_object(what);
  ASSERT_TRUE(object);
  EXPECT_EQ(json::write(json::Value(*object)),
            R"({"CPU":"2","NIC":[{"A":"1"},{"A":"2"}],"CONTEXT":{"SR_AUTH":"a \"b\""}})");
  EXPECT_FALSE(write_object(Template().add("A", Vector{{"B", "one\ntwo"}})));
  EXPECT_TRUE(write_object(Template().add("A", std::string("one\ntwo"))));
  EXPECT_FALSE(write_object(Template().add("A", std::string("x\\"))));
  EXPECT_FALSE(write_object(Template().add("5G", Vector{})));
  const auto numbers = json::parse(R"({"CPU":2,"MEMORY":1.50,"X":true,"N":null,"V":{"A":1,"B":null},"L":["a","b"]})");
  const auto read = read_object(*numbers->if_object());
  ASSERT_TRUE(read);
  EXPECT_TRUE(*read == Template()
                           .add("CPU", std::string("2"))
                           .add("MEMORY", std::string("1.50"))
                           .add("X", std::string("true"))
                           .add("V", Vector{{"A", "1"}})
                           .add("L", std::string("a"))
                           .add("L", std::string("b")));
  EXPECT_FALSE(read_object(*json::parse(R"({"V":{"A":{"B":1}}})")->if_object()));
}

class RandomTemplates : public ::testing::TestWithParam<unsigned> {
 protected:
  std::string text() {
    static const std::vector<std::string> pieces{"a",  "Z", "\"",   "\\", "\\\"", " ", "\n", "#",  "=",  ",", "[",  "]",
                                                 "]]", "$", "${x}", "&",  "<",    ">", "é",  "漢", "\t", "'", "/VM"};
    std::string out;
    for (auto left = random_() % 12; left > 0; --left) out += pieces[random_() % pieces.size()];
    return writable(out);
  }
  std::string name() {
    return std::string(1, static_cast<char>('A' + random_() % 6)) + (random_() % 2 == 0 ? "_1" : "");
  }
  Template some() {
    Template out;
    for (auto left = random_() % 8; left > 0; --left) {
      if (random_() % 2 == 0) {
        out.add(name(), text());
        continue;
      }
      Vector vector;
      for (auto members = random_() % 4; members > 0; --members) vector.set(name(), text());
      out.add(name(), std::move(vector));
    }
    return out;
  }

  std::mt19937 random_{GetParam()};
};

TEST_P(RandomTemplates, ComeBackFromTextAndXml) {
  for (int i = 0; i < 400; ++i) {
    const Template what = some();
    const auto text = write_text(what);
    ASSERT_TRUE(text) << text.error().sentence();
    const auto from_text = read_text(*text);
    ASSERT_TRUE(from_text) << from_text.error().sentence() << "\n" << *text;
    ASSERT_TRUE(*from_text == what) << *text;
    const auto written = write_xml(what);
    ASSERT_TRUE(written) << written.error().sentence();
    const auto back = from_xml(*written);
    ASSERT_TRUE(back) << back.error().sentence() << "\n" << *written;
    // An empty value and an empty vector look the same in XML.
    Template expected;
    for (const auto& attribute : what) {
      if (attribute.single() != nullptr && !attribute.single()->empty())
        expected.add(attribute.name, *attribute.single());
      else
        expected.add(attribute.name, attribute.vector() != nullptr ? *attribute.vector() : Vector{});
    }
    ASSERT_TRUE(*back == expected) << *written;
  }
}

TEST_P(RandomTemplates, ComeBackFromJsonGroupedByName) {
  for (int i = 0; i < 400; ++i) {
    const Template what = some();
    const auto object = write_object(what);
    if (!object) continue;  // a line break inside a vector
    const auto back = read_object(*json::parse(json::write(json::Value(*object)))->if_object());
    ASSERT_TRUE(back) << back.error().sentence();
    std::vector<Attribute> expected(what.begin(), what.end());
    std::vector<std::string> order;
    for (const auto& one : what)
      if (std::ranges::find(order, one.name) == order.end()) order.push_back(one.name);
    Template grouped;
    for (const auto& name : order)
      for (const auto& one : expected)
        if (one.name == name)
          one.single() != nullptr ? grouped.add(name, *one.single()) : grouped.add(name, *one.vector());
    ASSERT_TRUE(*back == grouped) << json::write(json::Value(*object));
  }
}
INSTANTIATE_TEST_SUITE_P(Seeds, RandomTemplates, ::testing::Range(1U, 6U));

}  // namespace
}  // namespace nephele::opennebula
