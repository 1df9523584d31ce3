// SPDX-License-Identifier: Apache-2.0
#include "fleet/vacuum_pipes.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "base/eventually.h"
#include "base/io_threads.h"
#include "base/temp_directory.h"
#include "fleet/pipe_fetcher.h"
#include "fleet/shares.h"

namespace nephele::fleet {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::DoubleEq;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using ::testing::UnorderedElementsAre;

class Copies final : public PipeCopies {
 public:
  explicit Copies(std::string text) : text_(std::move(text)) {}
  std::optional<Copy> find(const std::string& url) const override {
    return url == "https://e.org/pipe" ? std::optional(Copy{.text = text_}) : std::nullopt;
  }

 private:
  std::string text_;
};

const std::string space = "[space s]\napi = nephele\nprocessors_limit = 20\n";

Configuration read(const std::string& document, const std::string& of_pipe = "target_share = 8\n",
                   const std::string& more = "") {
  const Copies copies(document);
  return read_configuration(
      {{"/etc/vcycle.conf", space + "[vacuum_pipe s p]\nvacuum_pipe_url = https://e.org/pipe\n" + of_pipe + more}},
      &copies);
}
std::string one(const std::string& options) {
  return R"({"machinetypes":[{"suffix":"x","target_share":1,"user_data":"u","backoff_seconds":1,"fizzle_seconds":2,)" +
         options + "}]}";
}
std::vector<std::string> sentences(const Configuration& configuration) {
  std::vector<std::string> out;
  for (const auto& problem : configuration.problems) out.push_back(problem.sentence);
  return out;
}

TEST(VacuumPipes, AreMachinetypesWithTheirPartOfTheShare) {
  // The contract's own example (8.5).
  const std::string common = R"("user_data":"https://e.org/u","fizzle_seconds":600,"backoff_seconds":600)";
  const auto config = read(R"({"cache_seconds":600,"machinetypes":[{"suffix":"prod","target_share":3,)" + common +
                               R"(},{"suffix":"test","target_share":1,)" + common +
                               R"(},{"suffix":"d","machine_model":"docker","target_share":4},{"target_share":2}]})",
                           "target_share = 8\nbackoff_seconds = 77\n", "[machinetype s p-test]\nfizzle_seconds = 66\n");
  EXPECT_THAT(sentences(config), IsEmpty());
  ASSERT_THAT(config.spaces, SizeIs(1));
  const auto& types = config.spaces[0].types;
  ASSERT_THAT(types, SizeIs(2));
  EXPECT_EQ(types[0].name, "p-prod");
  EXPECT_THAT(types[0].target_share, DoubleEq(2.4));
  EXPECT_EQ(types[0].fizzle, seconds{600});
  EXPECT_EQ(types[1].name, "p-test");
  EXPECT_THAT(types[1].target_share, DoubleEq(0.8));
  EXPECT_EQ(types[1].fizzle, seconds{66}) << "what the site says wins";
  for (const auto& type : types) {
    EXPECT_EQ(type.backoff, seconds{77});
    EXPECT_EQ(type.path, "/var/lib/vcycle/spaces/s/machinetypes/p");
  }
  ASSERT_THAT(config.pipes, SizeIs(1));
  EXPECT_EQ(config.pipes[0].cache, seconds{600});
  EXPECT_THAT(config.warnings,
              AllOf(Contains(HasSubstr("docker")), Contains(HasSubstr("without a suffix")), SizeIs(2)));
}

TEST(VacuumPipes, MayNotTakeWhatTheSiteDoesNotGive) {
  struct Case {
    const char *option, *told;
  };
  for (const auto& [option, told] :
       {Case{R"("heartbeat_file":"..")", "heartbeat_file = .. begins with a dot"},
        Case{R"("heartbeat_file":"a/b")", "has a / in it"},
        Case{R"("user_data_file_k":"/etc/shadow")", "user_data_file_k = /etc/shadow has a / in it"},
        Case{R"("root_image":"/dev/sda")", "names a folder"}, Case{R"("root_image":"image:dir/x")", "names a folder"},
        Case{R"("root_image":"https://e.org/../x")", "has /../ in it"},
        Case{R"("root_image":"../x")", "names a folder"}, Case{R"("root_image":"")", "is empty"}}) {
    const auto config = read(one(option));
    for (const auto& one_of : config.spaces) EXPECT_THAT(one_of.types, IsEmpty()) << option;
    EXPECT_THAT(sentences(config), Contains(AllOf(HasSubstr("https://e.org/pipe"), HasSubstr("[machinetype s p-x]"),
                                                  HasSubstr(told), HasSubstr("no machines are made of it"))));
  }
  // Limits, keys, folders and certificates are the site's.
  const auto config = read(one(R"("processors_limit":999,"machinetype_path":"/etc","root_public_key":"/etc/passwd",
      "https_x509dn":"/CN=me","flavor_names":"huge","user_data_option_a":"b","cvmfs_repositories":"x")"),
                           "target_share = 8\nprocessors_limit = 4\n");
  ASSERT_THAT(config.spaces, SizeIs(1)) << ::testing::PrintToString(sentences(config));
  const auto& type = config.spaces[0].types.at(0);
  EXPECT_EQ(type.processors_limit, 4);
  EXPECT_EQ(type.pipe, 1U);
  EXPECT_EQ(type.pipe_processors_limit, 4);
  EXPECT_EQ(type.path, "/var/lib/vcycle/spaces/s/machinetypes/p");
  EXPECT_THAT(type.root_public_key + type.https_x509dn, IsEmpty());
  EXPECT_THAT(type.flavor_names, IsEmpty());
  EXPECT_EQ(type.user_data_options.at("a"), "b");
  EXPECT_THAT(config.warnings, SizeIs(3)) << "processors_limit stands in the site's own section";
}

TEST(VacuumPipes, NeverGetMoreThanTheirShareTogether) {
  for (const char* shares : {"-100,101", "1e308,1e308", "0,0", "\"x\",2", "1,3"}) {
    const std::string text(shares);
    const auto comma = text.find(',');
    const auto entry = [](const std::string& suffix, const std::string& share) {
      return R"({"suffix":")" + suffix + R"(","user_data":"u","backoff_seconds":1,"fizzle_seconds":2,"target_share":)" +
             share + "}";
    };
    const auto config = read(R"({"machinetypes":[)" + entry("a", text.substr(0, comma)) + "," +
                             entry("b", text.substr(comma + 1)) + "]}");
    ASSERT_THAT(config.spaces, SizeIs(1)) << shares << ::testing::PrintToString(sentences(config));
    double sum = 0;
    for (const auto& type : config.spaces[0].types) {
      EXPECT_GE(type.target_share, 0) << shares;
      sum += type.target_share;
    }
    EXPECT_LE(sum, 8.0000001) << shares;
  }
}

TEST(VacuumPipes, TheirLimitsHoldForAllOfThemTogether) {
  // Two types of one pipe, which already has a machine of each, and one of the site's own.
  ShareRules piped{.target_share = 1, .machine_processors = 2};
  piped.pipe = 1;
  piped.pipe_processors_limit = 8;
  const std::vector<ShareRules> rules{piped, piped, {.target_share = 0.001}};
  const std::vector<Machine> machines{{.state = State::running, .type = 0, .processors = 2},
                                      {.state = State::running, .type = 1, .processors = 2}};
  const std::vector<TypeHistory> histories(3);
  const Instant now{seconds{1'700'000'000}};
  const auto made = [&](const std::vector<ShareRules>& by) {
    Shares shares({.processors_limit = 100}, by, histories, totals_of(machines, by, 0, now), now, 1);
    std::vector<int> out(by.size());
    for (auto choice = shares.choose(); choice.type; choice = shares.choose()) {
      ++out[*choice.type];
      shares.created(*choice.type);
    }
    return out;
  };
  auto limited = made(rules);
  EXPECT_EQ(limited[0] + limited[1], 2) << "4 processors are in use, 4 more are not";
  EXPECT_GT(limited[2], 0) << "the site's own is not held back";
  auto few = rules;
  for (auto* one : {&few[0], &few[1]}) {
    one->pipe_processors_limit.reset();
    one->pipe_machines_limit = 3;
  }
  limited = made(few);
  EXPECT_EQ(limited[0] + limited[1], 1);
  few[1].pipe = 2;
  limited = made(few);
  EXPECT_GE(limited[0], 2) << "of another pipe";
}

TEST(VacuumPipes, OneThatIsWrongStopsItselfOnly) {
  const std::string other = "[machinetype s a]\nuser_data=u\nbackoff_seconds=1\nfizzle_seconds=1\n";
  struct Case {
    std::string document, told;
  };
  std::string many = R"({"machinetypes":[)";
  for (int i = 0; i < 101; ++i) many += (i == 0 ? "{}" : ",{}");
  for (const auto& [document, told] :
       {Case{"<html>", "is not there"}, Case{"{}", "no list"}, Case{R"({"machinetypes":[1]})", "is no object"},
        Case{many + "]}", "101 machinetypes; 100 are let in"}}) {
    const auto config = read(document, "target_share = 8\n", other);
    ASSERT_THAT(config.spaces, SizeIs(1));
    EXPECT_THAT(config.spaces[0].types, SizeIs(1));
    EXPECT_THAT(sentences(config), ElementsAre(AllOf(HasSubstr("/etc/vcycle.conf:4"), HasSubstr(told))));
  }
  const auto unread =
      read_configuration({{"/etc/vcycle.conf", space + other +
                                                   "[vacuum_pipe p]\nvacuum_pipe_url=http://x/\n[vacuum_pipe s q]\n"
                                                   "[vacuum_pipe s a_b]\n[vacuum_pipe gone x]\n"}});
  ASSERT_THAT(unread.spaces, SizeIs(1));
  EXPECT_THAT(sentences(unread),
              UnorderedElementsAre(HasSubstr("letters, digits and hyphens"), HasSubstr("has not been fetched yet"),
                                   HasSubstr("vacuum_pipe_url missing")));
}

/// Answers what it is told, at once or never.
class Server final : public Remote {
 public:
  Task<Result<std::string>> get(std::string url, SteadyTime deadline) override {
    ++asked;
    if (silent) co_await sleep_until(deadline);
    if (silent || !answer) co_return fail(Kind::invalid, "Failed to read " + url + ": it answers HTTP code 500");
    co_return *answer;
  }
  std::atomic<int> asked = 0;
  std::optional<std::string> answer;
  bool silent = false;
};

TEST(PipeFetcher, FetchesWhatIsDueAndKeepsWhatItHad) {
  const TempDirectory directory;
  const Files files(directory.path().string(), "vm");
  Server server;
  std::vector<std::string> said;
  IoThreads threads{1};
  PipeFetcher pipes(files, server, threads.first(), [&](const std::string& line) { said.push_back(line); });
  const std::string url = "https://e.org/pipe?a=b";
  const auto at = [](std::int64_t second) { return Instant{seconds{1'700'000'000 + second}}; };
  /// As a round does it; true: a new copy is there.
  const auto round = [&](std::int64_t second) {
    PipeUse use{.url = url, .header = {}, .fetched = {}, .cache = seconds{600}};
    if (const auto copy = pipes.copies().find(url)) use.fetched = copy->fetched;
    pipes.begin({use, use}, at(second));
    EXPECT_TRUE(eventually([&] { return !pipes.is_waited_for(); }));
    return pipes.collect(at(second));
  };
  EXPECT_FALSE(round(0));
  EXPECT_THAT(said, Contains(AllOf(HasSubstr("HTTP code 500; asked again in 60 s"))));
  EXPECT_FALSE(round(59)) << "asked less and less";
  EXPECT_FALSE(round(60));
  EXPECT_FALSE(round(120));
  EXPECT_EQ(server.asked, 2);
  server.answer = one(R"("accounting_fqan":"/a")");
  EXPECT_TRUE(round(180));
  EXPECT_EQ(directory.read("var/lib/vcycle/pipescache/https%3A%2F%2Fe.org%2Fpipe%3Fa%3Db"), *server.answer);
  const auto mode = [&](const char* of) { return std::filesystem::status(directory / of).permissions(); };
  EXPECT_EQ(mode("var/lib/vcycle/pipescache"), std::filesystem::perms::owner_all) << "they may have secrets in them";
  EXPECT_EQ(mode("var/lib/vcycle/pipescache/https%3A%2F%2Fe.org%2Fpipe%3Fa%3Db"),
            std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
  EXPECT_FALSE(round(779));
  EXPECT_EQ(server.asked, 3);
  for (const char* bad : {"<html>down</html>", R"({"machinetypes":7})"}) {
    server.answer = bad;
    EXPECT_FALSE(round(780 + 10'000 * server.asked));
    EXPECT_THAT(said.back(),
                AllOf(HasSubstr("Failed to load the vacuum pipe"), HasSubstr("what it said last goes on")));
    EXPECT_THAT(pipes.copies().find(url)->text, HasSubstr("accounting_fqan"));
  }
  EXPECT_EQ(server.asked, 5);
}

TEST(PipeFetcher, CopiesOfEarlierReleasesAreClosed) {
  const TempDirectory directory;
  const Files files(directory.path().string(), "vm");
  directory.write("var/lib/vcycle/pipescache/x", "");
  const std::string folder = directory / "var/lib/vcycle/pipescache";
  std::filesystem::permissions(folder, std::filesystem::perms::owner_all | std::filesystem::perms::others_read);
  Server server;
  IoThreads threads{1};
  const PipeFetcher pipes(files, server, threads.first(), [](const std::string&) {});
  EXPECT_EQ(std::filesystem::status(folder).permissions(), std::filesystem::perms::owner_all);
}

TEST(PipeFetcher, ATimeToComeIsThatOfAClockThatWasAhead) {
  const TempDirectory directory;
  const Files files(directory.path().string(), "vm");
  Server server;
  IoThreads threads{1};
  PipeFetcher pipes(files, server, threads.first(), [](const std::string&) {});
  const Instant now{seconds{1'700'000'000}}, ahead = now + std::chrono::days{90};
  PipeUse use{.url = "https://e.org/pipe", .header = {}, .fetched = ahead, .cache = seconds{600}};
  EXPECT_EQ(pipes.begin({use}, ahead + seconds{599}), 0U);
  EXPECT_EQ(pipes.begin({use}, now), 1U);
  EXPECT_TRUE(eventually([&] { return !pipes.is_waited_for(); }));
  EXPECT_FALSE(pipes.collect(ahead)) << "the server is down";
  EXPECT_EQ(pipes.begin({use}, ahead + seconds{-30}), 0U);
  EXPECT_EQ(pipes.begin({use}, now), 1U);
  EXPECT_TRUE(eventually([&] { return !pipes.is_waited_for(); }));
}

}  // namespace
}  // namespace nephele::fleet
