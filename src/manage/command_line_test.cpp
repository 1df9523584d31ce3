// SPDX-License-Identifier: Apache-2.0
#include "manage/command_line.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace nephele::manage {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;

const Program program{
    .name = "snf-manage", .version = "1.2.3", .about = "Does things.", .options = {{"--data", "DIRECTORY", "where"}}};

const std::vector<Verb>& verbs() {
  static const std::vector<Verb> table{
      {.name = "user-add",
       .help = "a new user",
       .arguments = {{"EMAIL", "his address"}, {"FIRST"}, {"LAST", "", false, true}},
       .options = {{"-p,--password", "PASSWORD", "his password", false, true},
                   {"-g,--group", "GROUP", "a group of his", true},
                   {"--limit", "RES MEMBER PROJECT", "three words", true},
                   {"--admin", "", "may do everything"}},
       .run = [](const Call&, Out&) { return Result<>(); }},
      {.name = "user-remove", .help = "users go", .arguments = {{"ID", "", true}}, .run = [](const Call&, Out&) {
         return Result<>();
       }}};
  return table;
}

Parsed typed(std::vector<std::string> words) {
  return parse(program, verbs(), words);
}

TEST(CommandLine, FindsVerbArgumentsAndOptions) {
  const auto parsed = typed({"user-add", "a@b.org", "--password=s ecret",
                             "-g",       "x",       "Ada",
                             "-g",       "y",       "--admin",
                             "--limit",  "vm",      "1",
                             "2",        "--limit", "cpu",
                             "3",        "inf",     "--output-format",
                             "json",     "-v",      "2"});
  ASSERT_TRUE(parsed.call.has_value()) << parsed.err;
  EXPECT_EQ(parsed.verb->name, "user-add");
  EXPECT_EQ(parsed.call->text("EMAIL"), "a@b.org");
  EXPECT_EQ(parsed.call->text("FIRST"), "Ada");
  EXPECT_FALSE(parsed.call->text("LAST").has_value());
  EXPECT_EQ(parsed.call->text("--password"), "s ecret");
  EXPECT_THAT(parsed.call->all("--group"), ElementsAre("x", "y"));
  EXPECT_THAT(parsed.call->all("--limit"), ElementsAre("vm", "1", "2", "cpu", "3", "inf"));
  EXPECT_TRUE(parsed.call->has("--admin"));
  EXPECT_FALSE(parsed.call->has("--data"));
  EXPECT_EQ(parsed.call->format(), Format::json);
  EXPECT_EQ(parsed.call->verbosity(), 2);
}

TEST(CommandLine, TakesSeveralArgumentsWhereTheVerbDoes) {
  EXPECT_THAT(typed({"user-remove", "1", "2", "3"}).call->all("ID"), ElementsAre("1", "2", "3"));
  EXPECT_EQ(typed({"user-remove"}).status, 2);
  EXPECT_THAT(typed({"user-remove", "--", "-1"}).call->all("ID"), ElementsAre("-1"));
}

TEST(CommandLine, AcceptsWhatDjangosCallersPass) {
  const auto parsed = typed({"user-remove", "1", "--settings=synnefo.settings", "--pythonpath", "/x", "--traceback"});
  EXPECT_TRUE(parsed.call.has_value()) << parsed.err;
}

TEST(CommandLine, MasksSecretsForTheLog) {
  EXPECT_THAT(typed({"user-add", "a", "b", "--password", "hunter2"}).masked,
              ElementsAre("a", "b", "--password", "***"));
  EXPECT_THAT(typed({"user-add", "a", "b", "--password=hunter2"}).masked, ElementsAre("a", "b", "--password=***"));
  EXPECT_THAT(typed({"user-add", "a", "b", "-p", "hunter2"}).masked, ElementsAre("a", "b", "-p", "***"));
  EXPECT_THAT(typed({"user-add", "a", "b", "-phunter2"}).masked, ElementsAre("a", "b", "-p***"));
}

TEST(CommandLine, HelpsAndSaysItsVersion) {
  for (const std::vector<std::string>& words : {std::vector<std::string>{}, {"help"}, {"--help"}, {"-h"}}) {
    const auto parsed = typed(words);
    EXPECT_EQ(parsed.status, 0);
    EXPECT_THAT(parsed.out, HasSubstr("  user-add     a new user\n  user-remove  users go\n"));
  }
  for (const std::vector<std::string>& words :
       {std::vector<std::string>{"help", "user-add"}, {"user-add", "--help"}, {"user-add", "-h"}}) {
    const auto parsed = typed(words);
    EXPECT_EQ(parsed.status, 0) << parsed.err;
    for (const char* each : {"EMAIL", "--password", "his password", "--data", "--output-format", "snf-manage user-add"})
      EXPECT_THAT(parsed.out, HasSubstr(each));
  }
  EXPECT_EQ(typed({"--version"}).out, "1.2.3\n");
  EXPECT_EQ(typed({"user-add", "--version"}).out, "1.2.3\n");
}

TEST(CommandLine, RefusesAVerbThatDoesNotExistAsDjangoDoes) {
  const auto parsed = typed({"user-ad", "x"});
  EXPECT_EQ(parsed.status, 1);
  EXPECT_THAT(parsed.err, StartsWith("Unknown command: 'user-ad'; did you mean user-add?\nType 'snf-manage help'"));
  EXPECT_EQ(typed({"help", "nothing-like-it"}).status, 1);
}

TEST(CommandLine, RefusesWrongUseWithStatus2) {
  for (const std::vector<std::string>& words : {std::vector<std::string>{"user-add"},
                                                {"user-add", "a", "b", "c", "d"},
                                                {"user-add", "a", "b", "--nothing"},
                                                {"user-add", "a", "b", "--group"},
                                                {"user-add", "a", "b", "--limit", "x", "1"},
                                                {"user-add", "a", "b", "--admin=3x"},
                                                {"user-add", "a", "b", "--output-format=xml"},
                                                {"user-add", "a", "b", "-v", "7"}}) {
    const auto parsed = typed(words);
    EXPECT_EQ(parsed.status, 2) << words.back();
    EXPECT_THAT(parsed.err, StartsWith("snf-manage user-add: "));
    EXPECT_THAT(parsed.out, IsEmpty());
    EXPECT_EQ(parsed.verb, nullptr);
  }
}

}  // namespace
}  // namespace nephele::manage
