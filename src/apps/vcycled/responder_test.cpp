// SPDX-License-Identifier: Apache-2.0
#include "apps/vcycled/responder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "apps/vcycled/status.h"
#include "apps/vcycled/vac_client.h"
#include "base/temp_directory.h"
#include "fleet/vacuum_pipes.h"

namespace nephele::apps::vcycle {
namespace {

using fleet::Question;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Pair;
using ::testing::SizeIs;

constexpr std::string_view space = "s.example.com";

struct Ground {
  Ground() {
    configure("");
    fleet::SpaceReport report{.space = std::string(space), .site = "UKI-TEST"};
    report.types.resize(2);
    report.types[0].name = "a";
    report.types[1].name = "b";
    for (const char* manager : {"vm.example.com", "other.example.com", "", "vm.example.com"}) {
      auto& machine = report.seen.emplace_back();
      machine.name = "vcycle-a-" + std::to_string(report.seen.size());
      machine.manager = manager;
      machine.state = fleet::State::running;
    }
    EXPECT_TRUE(write_report(files, report));
  }
  void configure(const std::string& settings) {
    directory.write("etc/vcycle.conf", "[settings]\nresponder_port = 9950\n" + settings + "[space " +
                                           std::string(space) +
                                           "]\napi = nephele\n[machinetype a]\nuser_data = u\nbackoff_seconds = 1\n"
                                           "fizzle_seconds = 1\n");
  }
  std::vector<std::string> ask(Question question, std::string_view about = space) {
    return responder.answers({.question = question, .space = std::string(about), .cookie = "c"}, fleet::Instant{});
  }

  TempDirectory directory;
  fleet::Files files{directory.path().string(), "vm.example.com"};
  LogLines log{directory / "log"};
  Responder responder{files, log};
};

TEST(Responder, TellsWhatTheLastCycleLeft) {
  Ground g;
  ASSERT_TRUE(g.responder.configure());
  std::vector<std::string> names;
  for (const auto& text : g.ask(Question::machines)) {
    const auto reply = fleet::read_reply(text);
    ASSERT_TRUE(reply);
    EXPECT_EQ(reply->envelope.cookie, "c");
    EXPECT_EQ(reply->envelope.site, "UKI-TEST");
    const auto& status = std::get<fleet::MachineStatus>(reply->status);
    EXPECT_EQ(status.num_machines, 3);
    names.push_back(status.machine.name);
  }
  EXPECT_THAT(names, ElementsAre("vcycle-a-1", "vcycle-a-3", "vcycle-a-4")) << "another manager tells of its own";
  EXPECT_THAT(g.ask(Question::machinetypes), SizeIs(2));
  EXPECT_THAT(g.ask(Question::factory), ElementsAre(HasSubstr(R"("num_machines":3,"num_machinetypes":2)")));
  // A later cycle is seen.
  EXPECT_TRUE(write_report(g.files, {.space = std::string(space)}));
  EXPECT_THAT(g.ask(Question::machines), IsEmpty());
  EXPECT_THAT(g.ask(Question::factory), ElementsAre(HasSubstr(R"("num_machines":0)")));
}

TEST(Responder, IsSilentAboutSpacesThatAreNotItsOwn) {
  Ground g;
  ASSERT_TRUE(g.responder.configure());
  for (const char* other : {"t.example.com", "", "../status/s.example.com", "s.example.com/"})
    EXPECT_THAT(g.ask(Question::factory, other), IsEmpty()) << other;
}

TEST(Responder, AnswersForASpaceThatLivesByAPipeAlone) {
  Ground g;
  g.directory.write("etc/vcycle.conf", "[settings]\nresponder_port = 9950\n[space " + std::string(space) +
                                           "]\napi = nephele\n[vacuum_pipe " + std::string(space) +
                                           " p]\nvacuum_pipe_url = https://pipe.example.com/p\ntarget_share = 1\n");
  ASSERT_TRUE(g.responder.configure());
  EXPECT_THAT(g.ask(Question::factory), SizeIs(1)) << "its types are not known yet; what runs there is looked after";
  ASSERT_TRUE(fleet::PipeCache(g.files).keep("https://pipe.example.com/p",
                                             R"({"machinetypes":[{"suffix":"a","target_share":1,"user_data":"u",)"
                                             R"("backoff_seconds":1,"fizzle_seconds":1}]})",
                                             fleet::Instant{}));
  ASSERT_TRUE(g.responder.configure());
  EXPECT_THAT(g.ask(Question::machines), SizeIs(3));
}

TEST(Responder, IsThereWhenTheConfigurationWantsIt) {
  Ground g;
  EXPECT_TRUE(g.responder.configure());
  g.configure("responder_port = 0\n");
  EXPECT_FALSE(g.responder.configure());
}

TEST(VacClient, AsksAgainOnlyWhereSomethingIsMissing) {
  // One answers at once, one leaves out a machine at first, one is silent.
  struct Server {
    explicit Server(std::uint16_t at) : socket(*UdpSocket::open(fleet::Address::from("127.0.0.1"), at)) {}
    UdpSocket socket;
    std::map<Question, int> asked;
  };
  constexpr std::uint16_t first = 21'950;
  std::vector<Server> servers;
  for (int i = 0; i < 3; ++i) servers.emplace_back(static_cast<std::uint16_t>(first + i));
  std::atomic<bool> over = false;
  std::jthread thread([&] {
    while (!over)
      for (std::size_t i = 0; i < servers.size(); ++i) {
        const auto received = servers[i].socket.receive(std::chrono::steady_clock::now());
        const auto query = received ? fleet::read_query(received->datagram) : std::nullopt;
        if (!query) continue;
        const int times = ++servers[i].asked[query->question];
        if (i == 2) continue;
        const fleet::Envelope envelope{.daemon_version = "Vcycle 1 vcycled",
                                       .cookie = query->cookie,
                                       .space = query->space,
                                       .site = "",
                                       .factory = "f" + std::to_string(i)};
        const auto send = [&](fleet::Status status) {
          (void)servers[i].socket.send(received->from, datagram(envelope, std::move(status), fleet::Dialect::vacquery));
        };
        if (query->question == Question::factory) send(fleet::FactoryStatus{});
        if (query->question != Question::machines) continue;
        for (const char* name : {"m1", "m2"}) {
          if (i == 1 && times == 1 && std::string_view(name) == "m2") continue;
          fleet::MachineStatus status;
          status.num_machines = 2;
          status.machine.name = name;
          send(status);
          auto forged = envelope;
          forged.cookie = "0";
          status.machine.name = "forged";
          (void)servers[i].socket.send(received->from, datagram(forged, status, fleet::Dialect::vacquery));
        }
      }
  });
  std::vector<FactoryAt> factories;
  for (int i = 0; i < 3; ++i)
    factories.push_back({"f" + std::to_string(i), {"127.0.0.1", static_cast<std::uint16_t>(first + i)}});
  const auto began = std::chrono::steady_clock::now();
  const auto answers = ask(factories, {.questions = {Question::machines},
                                       .space = std::string(space),
                                       .program = "test",
                                       .timeout = std::chrono::milliseconds(500)});
  const auto took = std::chrono::steady_clock::now() - began;
  over = true;
  thread.join();
  ASSERT_THAT(answers, SizeIs(3));
  for (std::size_t i = 0; i < 2; ++i) {
    EXPECT_EQ(answers[i].error, "");
    EXPECT_THAT(answers[i].machines, SizeIs(2));
  }
  EXPECT_EQ(answers[2].error, "it does not answer");
  EXPECT_THAT(servers[0].asked, ElementsAre(Pair(Question::factory, 1), Pair(Question::machines, 1)));
  EXPECT_THAT(servers[1].asked, ElementsAre(Pair(Question::factory, 1), Pair(Question::machines, 2)));
  EXPECT_THAT(servers[2].asked, ElementsAre(Pair(Question::factory, 6), Pair(Question::machines, 6)));
  EXPECT_GE(took, std::chrono::milliseconds(600)) << "six rounds of a fifth of the timeout";
}

}  // namespace
}  // namespace nephele::apps::vcycle
