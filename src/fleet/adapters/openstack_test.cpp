// SPDX-License-Identifier: Apache-2.0
#include "fleet/adapters/openstack.h"

#include <gmock/gmock.h>

#include "base/secret.h"
#include "clouds/openstack/standin_fixture.h"
#include "fleet/adapters/image_cache.h"
#include "fleet/adapters/testing/space_on_standin.h"
#include "fleet/adapters/testing/web_server.h"

namespace nephele::fleet {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

constexpr const char* detail = "GET /v2.1/servers/detail";
constexpr const char* post = "POST /v2.1/servers";
constexpr const char* sign_in = "POST /v3/auth/tokens";

/// The contract's own sequences (vcycle, 8.9): a space with two machines a cycle to make, on the stand-in.
class FleetOnOpenStack : public testing::SpaceOnStandIn {
 protected:
  FleetOnOpenStack() : SpaceOnStandIn("openstack") {}
  void SetUp() override {
    StandInTest::SetUp();
    set(R"({"cores":80})");  // a tenth of them a cycle: two machines of the flavor
    space.api = "openstack";
    space.zones = {"nova"};
    auto& type = space.types[0];
    type.root_image = "/img.iso";
    type.flavor_names = {"y"};
    type.root_public_key = "/key.pub";
    directory.write("img.iso", "CD001 of a machine");
    options.security_groups = {"default", "vc"};
    options.account = openstack::testing::account_at(address());
    options.space = space.name;
    secrets = {openstack::testing::password};
    furnish();
    begin_anew();
  }
  void TearDown() override {
    made.reset();
    SpaceOnStandIn::TearDown();
    for (const auto& entry : log_.entries()) openstack::testing::expect_no_secret(entry.call + " " + entry.error);
  }
  /// The networks of a fresh world have other ids.
  void furnish() override { options.network_uuid = world().at_path({"networks"})->if_array()->front().text_at({"id"}); }
  std::unique_ptr<Cloud> adapter() override { return std::make_unique<OpenStackCloud>(options, workers, &log_, cache); }
  std::size_t living() override { return there_are("servers"); }

  void boot_from_volumes() {
    space.volume_gb_per_processor = 5;
    options.volumes = true;
    begin_anew();
  }

  Workers workers{"files", 1, 4};
  openstack::testing::KeptLog log_;
  OpenStackOptions options;
  ImageCache* cache = nullptr;
};

TEST_F(FleetOnOpenStack, MakesItsMachinesWithTheCallsOfTheContract) {
  cycle(0);
  EXPECT_THAT(calls(), ElementsAre(sign_in, "GET /v2.1/flavors/detail", "GET /v2.1/limits", detail, "GET /v2/images",
                                   "POST /v2/images", "PUT /v2/images/{id}/file", "GET /v2/images/{id}",
                                   "GET /v2.1/os-keypairs", "POST /v2.1/os-keypairs", post, post))
      << ::testing::PrintToString(lines);
  EXPECT_EQ(there_are("servers"), 2U);
  const std::string body = last_body(post);
  for (const char* part : {R"("flavorRef":"f4")", R"("user_data":"IyEvYmluL3NoCmVjaG8gdmN5Y2xlMDEuZXhhbXBsZS5jb20=")",
                           R"("availability_zone":"nova")", R"("security_groups":[{"name":"default"},{"name":"vc"}])",
                           R"("cern-services":"false")", R"("machinetype":"a")", R"("space":"vcycle01.example.com")"})
    EXPECT_THAT(body, HasSubstr(part));
  EXPECT_THAT(body, HasSubstr("\"networks\":[{\"uuid\":\"" + options.network_uuid + "\"}]"));

  cycle(60);
  EXPECT_THAT(calls(),
              AllOf(Not(Contains("POST /v2/images")), Not(Contains("POST /v2.1/os-keypairs")), Not(Contains(sign_in))))
      << "nothing is uploaded or made twice";
  EXPECT_EQ(there_are("servers"), 4U);
}

TEST_F(FleetOnOpenStack, HalfAListChangesNothing) {
  cycle(0);
  set(R"({"servers_page":1})");
  fault(R"({"kind":"http","method":"GET /v2.1/servers/detail","first":2,"status":500})");
  const auto report = cycle(60);
  EXPECT_THAT(report.error, Not(IsEmpty()));
  EXPECT_EQ(there_are("servers"), 2U);
  EXPECT_EQ(count(post), 0U);
  EXPECT_THAT(folders("current"), SizeIs(2));
  EXPECT_THAT(folders("deleted"), IsEmpty());
  clear_faults();
  set(R"({"servers_page":1000})");
  EXPECT_THAT(cycle(120).error, IsEmpty());
  EXPECT_THAT(folders("current"), SizeIs(4)) << "and goes on as if nothing had been";
}

TEST_F(FleetOnOpenStack, NothingIsDoubledOrForgottenWhereverTheManagerDies) {
  space.processors_limit = 8;
  dies_at_each_step(2);
}

TEST_F(FleetOnOpenStack, NoAnswerEndsAMachineOrMakesOneMore) {
  space.processors_limit = 8;
  survives_each_answer(2);
}

TEST_F(FleetOnOpenStack, OneOldTokenIsOneNewSignIn) {
  cycle(0);
  control(http::Verb::post, "/expire", "{}");
  EXPECT_THAT(cycle(60).error, IsEmpty());
  EXPECT_EQ(count(sign_in), 1U);
  EXPECT_EQ(there_are("servers"), 4U);
}

TEST_F(FleetOnOpenStack, OneWithoutALaunchTimeHasRunSinceItWasSeenTo) {
  // 8.9, 6: launched_at absent, ACTIVE, power 1.
  space.processors_limit = 4;
  space.gocdb_sitename = "UKI-TEST";
  set(R"({"cores":80,"boot":100000})");
  const auto created =
      (std::chrono::floor<seconds>(clock.now()) - at(0)).count();  // the stand-in's clock is the real one
  cycle(created);
  ASSERT_EQ(there_are("servers"), 1U);
  const auto server = world().at_path({"servers"})->if_array()->front();
  const auto control_path = "/servers/" + std::string(server.text_at({"id"}));
  const auto folder = "current/" + std::string(server.text_at({"name"})) + "/";
  control(http::Verb::post, control_path, R"({"status":"ACTIVE","power_state":1})");
  cycle(created + 120);
  EXPECT_EQ(state(folder + "started"), to_text(at(created + 120)));
  // The cloud's time of the last change: that of the creation.
  EXPECT_NEAR(std::stod(state(folder + "updated")), std::stod(to_text(at(created))), 2);
  cycle(created + 180);
  EXPECT_EQ(state(folder + "started"), to_text(at(created + 120))) << "the first sight counts";

  const auto stopped = at(created + 1'000);
  control(http::Verb::post, control_path, R"({"status":"SHUTOFF","power_state":4,"stopped":)" + to_text(stopped) + "}");
  cycle(created + 7'200);
  ASSERT_THAT(records(), SizeIs(1));
  EXPECT_THAT(records().front(),
              AllOf(HasSubstr("\nStartTime: " + to_text(at(created + 120)) + "\n"),
                    HasSubstr("\nEndTime: " + to_text(stopped) + "\n"), HasSubstr("\nWallDuration: 880\n")));
}

TEST_F(FleetOnOpenStack, AQuotaEndsCreationsOfTheCycle) {
  set(R"({"instances":1})");
  cycle(0);
  EXPECT_EQ(count(post), 2U) << "one that was made, one that was refused";
  EXPECT_EQ(there_are("servers"), 1U);
  EXPECT_THAT(lines, Contains(HasSubstr("the cloud gives no more now")));
}

TEST_F(FleetOnOpenStack, MachinesOfOthersCountAndStay) {
  set(R"({"cores":20})");
  control(http::Verb::post, "/servers", R"({"count":4,"flavor":"f4","prefix":"other-"})");
  cycle(0);
  EXPECT_EQ(there_are("servers"), 5U) << "16 of 20 processors were taken";
}

TEST_F(FleetOnOpenStack, AnImageThatIsNotThereIsAskedForOnce) {
  space.types[0].root_image = "image:gone";
  space.types.push_back(space.types[0]);
  space.types[1].name = "b";
  cycle(0);
  EXPECT_EQ(count("GET /v2/images"), 1U);
  EXPECT_EQ(count(post), 0U);
  EXPECT_THAT(lines, Contains(HasSubstr("the cloud has no active image of this name")));
}

TEST_F(FleetOnOpenStack, AnImageFromAUrlIsUploadedWithItsChecksumAndAgainWhenItIsNew) {
  testing::WebServer web;
  std::vector<std::string> said;
  ImageCache images(directory / "imagecache", {}, workers, [&](const std::string& line) { said.push_back(line); });
  options.account.compute_microversion = "2.60";
  cache = &images;
  begin_anew();
  web.put("cernvm.iso", "CD001 of a machine", 1);
  space.types[0].root_image = web.url("/cernvm.iso");
  cycle(0);
  EXPECT_EQ(there_are("servers"), 2U) << ::testing::PrintToString(lines);
  EXPECT_THAT(last_body("POST /v2/images"),
              AllOf(HasSubstr("\"name\":\"" + web.url("/cernvm.iso") + "\""), HasSubstr(R"("disk_format":"iso")"),
                    HasSubstr("last_modified: 1000000001"),
                    HasSubstr("\"sha256\":\"" + sha256_hex("CD001 of a machine") + "\"")));
  cycle(60);
  EXPECT_EQ(count("POST /v2/images"), 0U);
  EXPECT_EQ(there_are("servers"), 4U);
  EXPECT_THAT(web.calls(), ElementsAre("HEAD /cernvm.iso 200", "GET /cernvm.iso 200", "HEAD /cernvm.iso 304"))
      << "once a cycle, though there are two machines";

  web.put("cernvm.iso", "CD001 of a newer one", 2);
  space.types[0].image_signing_dn = "CN=cvm-sign01.cern.ch";
  cycle(120);
  EXPECT_THAT(lines, Contains(HasSubstr("too short for one"))) << "who must be signed and is not stays here";
  EXPECT_EQ(count("POST /v2/images"), 0U);
  space.types[0].image_signing_dn.clear();
  cycle(1'000);
  EXPECT_EQ(count("POST /v2/images"), 1U);
  EXPECT_EQ(there_are("images"), 2U);

  web.stop();
  cycle(2'000);
  EXPECT_EQ(count("POST /v2/images"), 0U) << "the copy serves";
  EXPECT_THAT(said, Contains(HasSubstr("the copy of")));
}

TEST_F(FleetOnOpenStack, BootsFromVolumesThatGoWithTheirMachines) {
  boot_from_volumes();
  cycle(0);
  EXPECT_EQ(there_are("volumes"), 2U);
  EXPECT_THAT(last_body(post), HasSubstr(R"("delete_on_termination":true)"));
}

TEST_F(FleetOnOpenStack, AVolumeOfARefusedMachineGoes) {
  boot_from_volumes();
  set(R"({"instances":0})");
  cycle(0);
  EXPECT_EQ(there_are("servers"), 0U);
  EXPECT_EQ(there_are("volumes"), 0U);
}

TEST_F(FleetOnOpenStack, AVolumeThatNobodyWantsAnyMoreGoes) {
  options.volume_grace = std::chrono::minutes(0);
  boot_from_volumes();
  fault(R"({"kind":"close","method":"POST /v2.1/servers","count":1})");  // heard or not: nobody knows
  cycle(0);
  EXPECT_EQ(there_are("servers"), 0U);
  EXPECT_EQ(there_are("volumes"), 1U);
  cycle(60);
  EXPECT_GT(there_are("servers"), 0U);
  EXPECT_EQ(there_are("volumes"), there_are("servers"));
}

TEST_F(FleetOnOpenStack, VolumesOfOthersStayWhateverTheirNames) {
  options.volume_grace = std::chrono::minutes(0);
  boot_from_volumes();
  space.types[0].target_share = 0;
  cycle(0);
  auto one = std::make_unique<openstack::Cloud>(options.account, &log_);
  ASSERT_TRUE(wait(one->connect(soon())));
  const auto of_space = [](const std::string& name) {
    return std::vector<std::pair<std::string, std::string>>{{"space", name}};
  };
  for (openstack::NewVolume volume : {openstack::NewVolume{.name = "vcycle-squid-cache"},
                                      {.name = "vcycle-a-0123456789"},
                                      {.name = "vcycle-a-1123456789", .metadata = of_space("other.example.com")},
                                      {.name = "vcycle-squid-cache", .metadata = of_space(space.name)},
                                      {.name = "vcycle-a-2123456789", .metadata = of_space(space.name)}}) {
    volume.size_gib = 1;
    ASSERT_TRUE(wait(one->volumes().create(volume, soon())));
  }
  ASSERT_EQ(there_are("volumes"), 5U);
  for (int second = 60; second < 240; second += 60) EXPECT_THAT(cycle(second).error, IsEmpty());
  EXPECT_EQ(there_are("volumes"), 4U) << "the last one is ours, and nobody wants it";
}

TEST_F(FleetOnOpenStack, CleaningUpVolumesCostsNoListing) {
  boot_from_volumes();
  cycle(0);
  fault(R"({"kind":"hang","method":"GET /v3/*/volumes/detail"})");
  ASSERT_TRUE(wait(made->facts(soon())));
  const auto until = in(std::chrono::seconds(4));
  const auto listed = wait(made->list(until));
  EXPECT_LT(std::chrono::steady_clock::now(), until);
  ASSERT_TRUE(listed) << listed.error().sentence();
  EXPECT_THAT(*listed, SizeIs(2));
}

}  // namespace
}  // namespace nephele::fleet
