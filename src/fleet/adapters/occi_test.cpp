// SPDX-License-Identifier: Apache-2.0
#include "fleet/adapters/occi.h"

#include <gmock/gmock.h>

#include <filesystem>
#include <thread>

#include "fleet/adapters/ca_bundle.h"
#include "fleet/adapters/testing/space_on_standin.h"

namespace nephele::fleet {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

constexpr const char* access_token = "eyJhbGciOi.access-token.of-the-robot_0123456789";

class FleetOnOcci : public testing::SpaceOnStandIn {
 protected:
  FleetOnOcci() : SpaceOnStandIn("occi") {}
  void SetUp() override {
    StandInTest::SetUp();
    furnish();
    space.api = "occi";
    space.processors_limit = 80;  // a tenth of them a cycle: two machines of the flavor
    auto& type = space.types[0];
    type.root_image = "image:CernVM 4, \"the; new\"";
    type.flavor_names = {"y"};
    type.root_public_key = "/key.pub";
    options.account.url = address() + "/occi1.1/";
    options.account.link.timeout = std::chrono::seconds(10);
    options.account.link.first_pause = std::chrono::milliseconds(5);
    options.flavors = {"y"};
    secrets = {"access-token"};
    begin_anew();
  }
  void furnish() override { set(R"({"certificate_needed":false})"); }
  std::unique_ptr<Cloud> adapter() override { return std::make_unique<OcciCloud>(options); }
  std::size_t living() override { return machines().size(); }
  json::Array machines() { return *world().at_path({"machines"})->if_array(); }
  std::string id_of(std::size_t index) { return std::string(machines().at(index).text_at({"id"})); }
  void change(const std::string& id, const std::string& members) {
    control(http::Verb::post, "/machines/" + id, members);
  }

  OcciOptions options;
};

TEST_F(FleetOnOcci, MakesItsMachinesWithTheCallsOfTheContract) {
  cycle(0);
  EXPECT_THAT(calls(), ElementsAre("HEAD /-/", "POST /v2.0/tokens", "GET /v2.0/tenants/", "POST /v2.0/tokens",
                                   "POST /v2.0/tokens", "GET /-/", "GET /compute/", "POST /compute/", "POST /compute/"))
      << ::testing::PrintToString(lines);
  ASSERT_THAT(machines(), SizeIs(2));
  const auto one = machines().at(0);
  EXPECT_THAT(folders("current"), Contains(std::string(one.text_at({"name"}))));
  EXPECT_EQ(one.text_at({"user_data"}), "#!/bin/sh\necho vcycle01.example.com");
  EXPECT_EQ(one.text_at({"key"}),
            "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHUBj6mEJqOAlYRPhkiJyEkXLlDIm5cwKXSn2WFEB4ra vcycle");
  EXPECT_EQ(one.text_at({"size"}), "4");
  cycle(60);
  EXPECT_THAT(calls(), ElementsAre("GET /-/", "GET /compute/", "GET /compute/ID", "GET /compute/ID", "POST /compute/",
                                   "POST /compute/"))
      << "the token is good until it is refused";
  EXPECT_THAT(lines, Contains(HasSubstr(" 4 10.2.0.0 Running"))) << ::testing::PrintToString(lines);
}

TEST_F(FleetOnOcci, SpeaksWithServicesOfEveryKind) {
  space.processors_limit = 4;
  options.sizes["y"] = {.name = "y", .processors = 4};
  for (const std::string knobs : {R"("formats":["text/occi"])", R"("formats":["text/plain"])",
                                  R"("formats":["text/plain"],"style":"rocci","auth":"none","user_data":"ogf")",
                                  R"("whole_lists":true,"style":"rocci")", R"("keystone":"v3")", R"("auth":"basic")"}) {
    const bool password = knobs.contains("basic") || knobs.contains("v3");
    options.account.username = password ? "vcycle" : "";
    options.account.password = Secret(password ? "p:a ss%w\"rd\\" : "");
    anew();
    set("{" + knobs + "}");
    EXPECT_THAT(cycle(0).error, IsEmpty()) << knobs;
    EXPECT_EQ(cycle(60).running_machines, 1) << knobs << ::testing::PrintToString(lines);
    EXPECT_THAT(lines, Contains(HasSubstr(" 4 10.2.0.0 Running"))) << knobs;
    if (knobs.contains("whole_lists")) EXPECT_EQ(count("GET /compute/ID"), 0U);
    const auto id = id_of(0);
    cycle(660);
    change(id, R"({"state":"off"})");
    cycle(720);
    EXPECT_EQ(count("DELETE /compute/ID"), 1U) << knobs;
    ASSERT_THAT(records(), SizeIs(1)) << knobs;
    EXPECT_THAT(records().front(), AllOf(HasSubstr("LocalJobId: " + id + "\n"), HasSubstr("Processors: 4\n"),
                                         HasSubstr("WallDuration: 600\n")));
  }
}

TEST_F(FleetOnOcci, AFederationGivesATokenAndProjectsAreTriedInTurn) {
  directory.write("token", std::string(access_token) + "\n");
  options.account.identity_provider = "egi.eu";
  options.account.protocol = "openid";
  options.account.token_file = directory.path() / "token";
  options.account.project = "fleet";
  begin_anew();
  set(R"({"certificate_needed":true})");
  EXPECT_THAT(cycle(0).error, IsEmpty());
  EXPECT_THAT(calls(), Contains("POST /v3/OS-FEDERATION/identity_providers/egi.eu/protocols/openid/auth"));
  EXPECT_EQ(count("POST /v3/auth/tokens"), 1U) << "project_name comes first";
  control(http::Verb::post, "/expire");
  EXPECT_THAT(cycle(60).error, IsEmpty());
  EXPECT_EQ(count("POST /v3/auth/tokens"), 1U) << "once for a token that is not taken any more";
  directory.write("token", "wrong\n");
  control(http::Verb::post, "/expire");
  EXPECT_THAT(cycle(120).error, HasSubstr("401"));
  EXPECT_THAT(machines(), SizeIs(4));
  directory.write("token", "");
  EXPECT_THAT(cycle(180).error, HasSubstr("holds no token"));
}

TEST_F(FleetOnOcci, NoErrorRepeatsWhatBasicShowsOrWhatControlsATerminal) {
  set(R"({"auth":"basic"})");
  options.account.username = "vcycle";
  options.account.password = Secret("p:a ss%w\"rd\\");
  begin_anew();
  EXPECT_THAT(cycle(0).error, IsEmpty());
  fault(R"({"kind":"error","status":403,"method":"GET /compute/",)"
        R"("text":"vcycle (dmN5Y2xlOnA6YSBzcyV3InJkXA==) may not, with p:a ss%w\"rd\\"})");
  const auto told = cycle(60).error;
  EXPECT_THAT(told, AllOf(HasSubstr("vcycle (***) may not"), Not(HasSubstr("ss%w")))) << told;
  set(R"({"auth":"keystone","tenants":["a\u001b[31m\nb"]})");
  begin_anew();
  EXPECT_THAT(cycle(120).error, HasSubstr(R"(any of the projects a\u001b[31m\nb: )"));
}

TEST_F(FleetOnOcci, WithoutACertificateThereIsNoToken) {
  set(R"({"certificate_needed":true})");
  EXPECT_THAT(cycle(0).error, HasSubstr("X.509 Proxy Certificate"));
  EXPECT_THAT(machines(), IsEmpty());
}

TEST_F(FleetOnOcci, WhatIsBeingBuiltIsNotOver) {
  space.processors_limit = 4;
  set(R"({"boot":null})");
  cycle(0);
  for (int second = 60; second < 3'600; second += 600) {
    cycle(second);
    EXPECT_THAT(lines, Contains(HasSubstr("Starting"))) << "ooi says inactive of it";
    EXPECT_EQ(count("DELETE /compute/ID"), 0U);
  }
  cycle(3'700);
  EXPECT_EQ(count("DELETE /compute/ID"), 1U) << "an hour is enough";
  EXPECT_THAT(records(), IsEmpty());
}

TEST_F(FleetOnOcci, NoAnswerEndsAMachineOrMakesOneMore) {
  space.processors_limit = 8;
  survives_each_answer(2);
}

TEST_F(FleetOnOcci, NothingIsDoubledOrForgottenWhereverTheManagerDies) {
  space.processors_limit = 8;
  dies_at_each_step(2);
}

TEST_F(FleetOnOcci, AnAnswerThatIsLostIsNoMachineMore) {
  space.processors_limit = 4;
  for (const std::string how : {R"("kind":"close","execute":true)", R"("kind":"garbage","execute":true)",
                                R"("kind":"http","status":500,"execute":true)"}) {
    anew();
    fault("{" + how + R"(,"method":"POST /compute/","count":1})");
    cycle(0);
    EXPECT_EQ(count("POST /compute/"), 1U);
    for (int second = 60; second < 1'800; second += 60) cycle(second);
    EXPECT_THAT(machines(), SizeIs(1)) << how;
    EXPECT_THAT(folders("current"), SizeIs(1)) << how;
  }
}

TEST_F(FleetOnOcci, HalfAListChangesNothing) {
  cycle(0);
  cycle(60);
  for (const char* const formats : {R"(["application/occi+json"])", R"(["text/plain"])"}) {
    set(R"({"formats":)" + std::string(formats) + "}");
    options.sizes["y"] = {.name = "y", .processors = 4};
    begin_anew();
    for (const std::string spoiled :
         {R"("method":"GET /compute/","kind":"http","status":500,"count":5)",
          R"("method":"GET /compute/","kind":"truncate","bytes":190)", R"("method":"GET /compute/","kind":"garbage")",
          R"("method":"GET /compute/ID","kind":"http","status":500,"first":3,"count":9)",
          R"("method":"GET /compute/ID","kind":"http","status":404,"first":2,"count":40)",
          R"("method":"GET /compute/ID","kind":"garbage","first":4)",
          R"("method":"GET /compute/ID","kind":"close","count":90)"}) {
      clear_faults();
      fault("{" + spoiled + "}");
      EXPECT_THAT(cycle(120).error, Not(IsEmpty())) << formats << spoiled;
      EXPECT_EQ(count("POST /compute/") + count("DELETE /compute/ID"), 0U) << spoiled;
      EXPECT_THAT(folders("current"), SizeIs(4)) << spoiled;
      EXPECT_THAT(folders("deleted"), IsEmpty());
    }
    clear_faults();
  }
  EXPECT_THAT(cycle(180).error, IsEmpty());
  EXPECT_THAT(machines(), SizeIs(6)) << "and goes on as if nothing had been";
}

TEST_F(FleetOnOcci, AListThatWasCutInTheMiddleOfAnIdIsReadOnceMore) {
  set(R"({"formats":["text/plain"]})");
  options.sizes["y"] = {.name = "y", .processors = 4};
  begin_anew();
  cycle(0);
  cycle(60);
  ASSERT_THAT(machines(), SizeIs(4));
  const std::string line = "X-OCCI-Location: " + address() + "/occi1.1/compute/" + id_of(0) + "\n";
  // Two whole ids and most of the third; the fourth is not there at all.
  fault(R"({"method":"GET /compute/","kind":"truncate","count":1,"bytes":)" + std::to_string((line.size() * 3) - 6) +
        "}");
  space.processors_limit = 16;
  const auto report = cycle(120);
  EXPECT_THAT(report.error, IsEmpty());
  EXPECT_EQ(report.running_machines, 4) << ::testing::PrintToString(lines);
  EXPECT_EQ(count("GET /compute/ID"), 5U) << "nobody is read twice";
  EXPECT_THAT(records(), IsEmpty());
}

TEST_F(FleetOnOcci, ThoseThatAreLeftOutOfAListAreWaitedFor) {
  space.processors_limit = 8;
  cycle(0);
  cycle(60);
  ASSERT_THAT(machines(), SizeIs(2));
  set(R"({"drop_listed":2})");
  for (int second = 120; second < 600; second += 60) EXPECT_THAT(cycle(second).error, IsEmpty());
  EXPECT_THAT(machines(), SizeIs(2)) << "they count";
  set(R"({"drop_listed":0})");
  EXPECT_EQ(cycle(660).running_machines, 2);
  EXPECT_THAT(records(), IsEmpty());
}

TEST_F(FleetOnOcci, OneThatGoesBetweenListAndLookIsGone) {
  space.processors_limit = 8;
  cycle(0);
  cycle(60);
  set(R"({"gone_after_list":true})");
  // Both go: the second one after the list that is to tell about the first.
  EXPECT_THAT(cycle(120).error, IsEmpty());
  EXPECT_EQ(count("GET /compute/"), 2U);
  set(R"({"gone_after_list":false})");
  EXPECT_THAT(machines(), IsEmpty());
  EXPECT_THAT(folders("current"), SizeIs(2)) << "they are waited for";
}

TEST_F(FleetOnOcci, AQuotaEndsCreationsOfTheCycle) {
  set(R"({"cores":4})");
  cycle(0);
  EXPECT_EQ(count("POST /compute/"), 2U) << "one that was made, one that was refused";
  EXPECT_THAT(machines(), SizeIs(1));
  EXPECT_THAT(lines, Contains(HasSubstr("the cloud gives no more now")));
}

TEST_F(FleetOnOcci, MachinesOfOthersCountAndAreSeldomRead) {
  space.processors_limit = 44;
  control(http::Verb::post, "/machines", R"({"count":5,"size":"8","state":"active"})");
  cycle(0);
  EXPECT_EQ(count("GET /compute/ID"), 5U);
  for (int second = 60; second < 300; second += 60) cycle(second);
  EXPECT_EQ(count("GET /compute/ID"), 1U) << "ours";
  EXPECT_THAT(machines(), SizeIs(6)) << "40 of 44 processors were taken";
  EXPECT_EQ(count("DELETE /compute/ID"), 0U);
}

TEST_F(FleetOnOcci, WhatTheServiceDoesNotTellIsAskedOfTheOperator) {
  set(R"({"tells_cores":false})");
  cycle(0);
  EXPECT_THAT(lines, Contains(HasSubstr("write flavor_processors = y:NUMBER")));
  options.flavors = {"none"};
  begin_anew();
  cycle(60);
  EXPECT_THAT(lines, Contains(HasSubstr("no resource template that is none")));
  options.flavors = {"y"};
  options.sizes["y"] = {.name = "y", .processors = 8};
  begin_anew();
  space.types[0].root_image = "image:none";
  cycle(120);
  EXPECT_THAT(lines, Contains(HasSubstr("Failed to find image:none")));
  set(R"({"user_data":""})");
  space.types[0].root_image = "image:other";
  begin_anew();
  cycle(1'000);
  EXPECT_THAT(lines, Contains(HasSubstr("no mixin for user data")));
  EXPECT_THAT(machines(), IsEmpty());
}

TEST(CaBundle, IsMadeAnewWhenACertificateIsNewer) {
  const TempDirectory place;
  const auto folder = place / "certificates", bundle = place / "occi.ca-certs";
  EXPECT_TRUE(refresh_ca_bundle(folder, bundle)) << "no grid host";
  EXPECT_FALSE(std::filesystem::exists(bundle));
  std::filesystem::create_directory(folder);
  EXPECT_FALSE(refresh_ca_bundle(folder, bundle)) << "no certificates";
  const std::string pem = "-----BEGIN CERTIFICATE-----\n";
  place.write("certificates/b.pem", pem + "b");
  place.write("certificates/a.pem", pem + "a\n");
  place.write("certificates/c.0", pem + "c\n");
  place.write("certificates/d.pem", "no certificate\n");
  const auto an_hour_ago = std::filesystem::file_time_type::clock::now() - std::chrono::hours(1);
  const auto age = [&] {
    for (const char* const name : {"", "/a.pem", "/b.pem", "/c.0", "/d.pem"})
      if (std::filesystem::exists(folder + name)) std::filesystem::last_write_time(folder + name, an_hour_ago);
  };
  age();
  ASSERT_TRUE(refresh_ca_bundle(folder, bundle));
  EXPECT_EQ(place.read("occi.ca-certs"), pem + "a\n" + pem + "b\n");
  place.write("occi.ca-certs", "kept");
  ASSERT_TRUE(refresh_ca_bundle(folder, bundle));
  EXPECT_EQ(place.read("occi.ca-certs"), "kept") << "nothing is newer";
  std::filesystem::last_write_time(bundle, an_hour_ago - std::chrono::hours(1));
  ASSERT_TRUE(refresh_ca_bundle(folder, bundle));
  EXPECT_EQ(place.read("occi.ca-certs"), pem + "a\n" + pem + "b\n");
  std::filesystem::remove(folder + "/b.pem");  // the folder is newer
  std::filesystem::last_write_time(bundle, an_hour_ago);
  ASSERT_TRUE(refresh_ca_bundle(folder, bundle));
  EXPECT_EQ(place.read("occi.ca-certs"), pem + "a\n");
}

TEST(CaBundle, WhatADeadManagerLeftGoesWhenItIsMadeAnew) {
  const TempDirectory place;
  const auto bundle = place / "occi.ca-certs";
  place.write("certificates/a.pem", "-----BEGIN CERTIFICATE-----\na\n");
  const std::string uuid = ".0f8fad5b-d9cb-469f-a165-70867728950e", other = ".7c9e6679-7425-40de-944b-e07fc1f90ae7";
  const auto old = std::filesystem::file_time_type::clock::now() - std::chrono::hours(1);
  for (const auto& name : {uuid, uuid + ".new", std::string(".saved")}) {
    place.write("occi.ca-certs" + name, "x");
    std::filesystem::last_write_time(bundle + name, old);
  }
  place.write("occi.ca-certs" + other, "another thread is at it");
  ASSERT_TRUE(refresh_ca_bundle(place / "certificates", bundle));
  for (const auto& [name, there] : {std::pair(uuid, false), std::pair(uuid + ".new", false), std::pair(other, true),
                                    std::pair(std::string(".saved"), true), std::pair(std::string(), true)})
    EXPECT_EQ(std::filesystem::exists(bundle + name), there) << name;
}

TEST(CaBundle, IsWholeThoughSeveralSpacesMakeItAtOnce) {
  const TempDirectory place;
  const auto folder = place / "certificates", bundle = place / "occi.ca-certs";
  std::filesystem::create_directory(folder);
  const std::string pem = "-----BEGIN CERTIFICATE-----\n" + std::string(100'000, 'A') + "\n";
  place.write("certificates/a.pem", pem);
  const auto begun = std::filesystem::file_time_type::clock::now();
  ASSERT_TRUE(refresh_ca_bundle(folder, bundle));
  EXPECT_LT(std::filesystem::last_write_time(bundle), begun) << "what changes while it is made is newer";
  std::filesystem::last_write_time(folder + "/a.pem", begun + std::chrono::hours(1));  // so each makes it
  std::vector<std::string> troubles(4);
  {
    std::vector<std::jthread> spaces;
    for (auto& trouble : troubles)
      spaces.emplace_back([&] {
        for (int i = 0; i < 25; ++i) {
          if (const auto made = refresh_ca_bundle(folder, bundle); !made) trouble = made.error().sentence();
          if (place.read("occi.ca-certs") != pem) trouble = "half a bundle";
        }
      });
  }
  for (const auto& trouble : troubles) EXPECT_THAT(trouble, IsEmpty());
  const std::filesystem::directory_iterator all(place.path());
  EXPECT_EQ(std::distance(begin(all), end(all)), 2) << "nothing else is left";
}

}  // namespace
}  // namespace nephele::fleet
