// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "base/eventually.h"
#include "base/temp_directory.h"
#include "base/workers.h"
#include "clouds/openstack/cloud_fixture.h"

namespace nephele::openstack {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr const char* detail = "GET /v2.1/servers/detail";
constexpr const char* ed25519 =
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHUBj6mEJqOAlYRPhkiJyEkXLlDIm5cwKXSn2WFEB4ra root@site\n";

class OpenStackCloud : public testing::CloudTest {};

// ---- the contract's own sequence ------------------------------------------------------------------------------------

TEST_F(OpenStackCloud, GoesThroughACycleWithTheCallsOfTheContract) {
  const TempDirectory folder;
  const auto path = folder.write("img.iso", "CD001 of a machine");
  Workers workers("hashing", 1, 4);
  const auto one = cloud();
  ASSERT_TRUE(wait(one->connect(soon())));
  const auto flavors = wait(one->compute().flavors(soon()));
  ASSERT_TRUE(flavors) << flavors.error().sentence();
  EXPECT_EQ(flavors->at(2).name, "y");
  EXPECT_EQ(flavors->at(2).vcpus, 4);
  EXPECT_EQ(wait(one->compute().limits(soon()))->cores, 20);
  EXPECT_TRUE(wait(one->compute().servers("", soon()))->empty());
  const auto images = wait(one->images().list(soon()));
  ASSERT_TRUE(images);
  EXPECT_EQ(find_upload(*images, path, 1'500'000'000), nullptr);
  const auto image = wait(one->images().upload(
      {.name = path, .disk_format = std::string(disk_format_of(path)), .last_modified = 1'500'000'000}, path, workers,
      soon()));
  ASSERT_TRUE(image) << image.error().sentence();
  EXPECT_EQ(image->size, 18);
  const auto key = wait(one->compute().ensure_keypair(*SshPublicKey::parse(ed25519), "vcycle-", "vcycle", soon()));
  ASSERT_TRUE(key) << key.error().sentence();
  NewServer wanted{.name = "vcycle-a-0000000001",
                   .flavor = flavors->at(2).id,
                   .image = image->id,
                   .user_data = "#!/bin/sh\necho vcycle01.example.com",
                   .metadata = {{"cern-services", "false"}, {"name", "vcycle-a-0000000001"}, {"machinetype", "a"}},
                   .key_name = *key,
                   .networks = {network("net")},
                   .zone = "nova",
                   .security_groups = {"default", "vc"}};
  const auto id = wait(one->compute().create(wanted, soon()));
  ASSERT_TRUE(id) << id.error().sentence();
  EXPECT_THAT(calls(),
              ElementsAre("POST /v3/auth/tokens", "GET /v2.1/flavors/detail", "GET /v2.1/limits", detail,
                          "GET /v2/images", "POST /v2/images", "PUT /v2/images/{id}/file", "GET /v2/images/{id}",
                          "GET /v2.1/os-keypairs", "POST /v2.1/os-keypairs", "POST /v2.1/servers"));
  EXPECT_EQ(last_body("POST /v2.1/servers"),
            R"({"server":{"name":"vcycle-a-0000000001","imageRef":")" + image->id.text() +
                R"(","flavorRef":"f4","user_data":"IyEvYmluL3NoCmVjaG8gdmN5Y2xlMDEuZXhhbXBsZS5jb20=",)"
                R"("metadata":{"cern-services":"false","name":"vcycle-a-0000000001","machinetype":"a"},"key_name":")" +
                *key + R"(","networks":[{"uuid":")" + network("net").text() +
                R"("}],"availability_zone":"nova","security_groups":[{"name":"default"},{"name":"vc"}]}})");
  EXPECT_EQ(last_body("POST /v2/images"),
            R"({"id":")" + image->id.text() + R"(","name":")" + path +
                R"(","disk_format":"iso","container_format":"bare","visibility":"private","tags":)"
                R"(["last_modified: 1500000000","architecture: x86_64"]})");

  const auto servers = wait(one->compute().servers("vcycle-", soon()));
  ASSERT_TRUE(servers) << servers.error().sentence();
  ASSERT_EQ(servers->size(), 1U);
  const auto& server = servers->front();
  EXPECT_EQ(server.id, *id);
  EXPECT_EQ(server.label(), "vcycle-a-0000000001");
  EXPECT_EQ(server.metadata.at("machinetype"), "a");
  EXPECT_EQ(phase_of(server), Phase::running);
  EXPECT_EQ(server.address(), "10.0.0.0");
  EXPECT_EQ(server.zone, "nova");
  EXPECT_EQ(server.flavor, FlavorId("f4"));
  EXPECT_TRUE(server.created && server.launched && server.updated);
  const auto again = wait(one->images().list(soon()));
  ASSERT_NE(find_upload(*again, path, 1'500'000'000), nullptr);
  EXPECT_EQ(find_upload(*again, path, 1'500'000'001), nullptr);
  EXPECT_EQ(wait(one->compute().ensure_keypair(*SshPublicKey::parse(ed25519), "vcycle-", "vcycle", soon())), *key);
  EXPECT_EQ(there_are("keypairs"), 1U);
  EXPECT_TRUE(wait(one->compute().remove(server.id, soon())));
  EXPECT_EQ(there_are("servers"), 0U);
  EXPECT_EQ(count("POST /v3/auth/tokens"), 1U);
}

TEST_F(OpenStackCloud, TellsEachRequestToTheLog) {
  const auto one = cloud();
  fault(
      R"({"kind":"http","method":"GET /v2.1/limits","status":403,"text":"{\"forbidden\":{\"message\":\"not you\"}}"})");
  EXPECT_FALSE(wait(one->compute().limits(soon())));
  const auto entries = log_.entries();
  ASSERT_EQ(entries.size(), 2U);
  EXPECT_EQ(entries[0].service + " " + entries[0].call, "identity POST /auth/tokens");
  EXPECT_EQ(entries[0].status, 201);
  EXPECT_THAT(entries[0].request_id, HasSubstr("req-"));
  EXPECT_EQ(entries[1].status, 403);
  EXPECT_THAT(entries[1].error, HasSubstr("compute service answered GET /limits with status 403: not you"));
}

// ---- signing in -----------------------------------------------------------------------------------------------------

TEST_F(OpenStackCloud, SignsInInEveryWay) {
  const auto project = std::string(world().text_at({"projects", "fleet"}));
  const auto root = account().url.substr(0, account().url.size() - 3);
  std::vector<Account> ways(7, account());
  ways[1].url = root;
  ways[2].url = root + "/v3/";
  ways[3].project_name.clear();
  ways[3].project_id = project;
  ways[4].domain_name.clear();
  ways[4].domain_id = "default";
  ways[5].credentials = {.application_credential_id = "c0ffee00c0ffee00c0ffee00c0ffee00",
                         .application_credential_secret = Secret(testing::application_secret)};
  ways[6].region = "RegionOne";
  for (auto v2 : {ways[1], ways[3], ways[6]}) {
    v2.url = root + (v2.project_id.empty() ? "/v2.0" : "");
    v2.keystone = KeystoneApi::v2;
    v2.region = "RegionOne";
    ways.push_back(v2);
  }
  for (auto& way : ways) way.region = "RegionOne";
  for (std::size_t i = 0; i < ways.size(); ++i) {
    Cloud one(ways[i], &log_);
    const auto done = wait(one.connect(soon()));
    ASSERT_TRUE(done) << i << ": " << done.error().sentence();
    EXPECT_TRUE(wait(one.compute().limits(soon()))) << i;
  }
  EXPECT_EQ(count("POST /v2.0/tokens"), 3U);
}

TEST_F(OpenStackCloud, AsksKeystoneOnceForAllWhoComeAtOnce) {
  const auto one = cloud();
  fault(R"({"kind":"slow","method":"POST /v3/auth/tokens","seconds":0.1})");
  std::vector<std::future<Result<Limits>>> waiting;
  for (int i = 0; i < 12; ++i) waiting.push_back(threads_.begin(one->compute().limits(soon())));
  for (auto& answer : waiting) EXPECT_TRUE(answer.get());
  EXPECT_EQ(count("POST /v3/auth/tokens"), 1U);
  EXPECT_EQ(count("GET /v2.1/limits"), 12U);
}

TEST_F(OpenStackCloud, TriesAWrongPasswordOnceForAllWhoComeAtOnce) {
  const auto one = cloud();
  control(http::Verb::post, "/password", R"({"password":"another"})");
  fault(R"({"kind":"slow","method":"POST /v3/auth/tokens","seconds":1})");
  std::vector<std::future<Result<Limits>>> waiting;
  for (int i = 0; i < 12; ++i) waiting.push_back(threads_.begin(one->compute().limits(soon())));
  for (auto& answer : waiting) expect_error(answer.get().error(), Kind::unauthorized, "refused");
  EXPECT_EQ(count("POST /v3/auth/tokens"), 1U);
}

TEST_F(OpenStackCloud, WhoHasLessTimeDoesNotTakeTheOthersAlong) {
  const auto one = cloud();
  fault(R"({"kind":"hang","method":"POST /v3/auth/tokens","count":1})");
  auto hasty = threads_.begin(one->compute().limits(in(1s)));
  auto patient = threads_.begin(one->compute().limits(soon()));
  expect_error(hasty.get().error(), Kind::timeout, "timeout");
  EXPECT_TRUE(patient.get());
  EXPECT_EQ(count("POST /v3/auth/tokens"), 2U);
}

TEST_F(OpenStackCloud, RenewsATokenThatIsGoodNoMore) {
  const auto one = cloud();
  ASSERT_TRUE(wait(one->compute().limits(soon())));
  control(http::Verb::post, "/expire");
  const auto made = wait(one->compute().create(a_server(), soon()));  // a change too: a 401 says that nothing was done
  ASSERT_TRUE(made) << made.error().sentence();
  EXPECT_EQ(there_are("servers"), 1U);
  EXPECT_EQ(count("POST /v3/auth/tokens"), 2U);
}

TEST_F(OpenStackCloud, AsksForAnotherTokenBeforeTheOldOneEnds) {
  set(R"({"token_seconds":3})");
  const auto one = cloud();
  // Who is stopped for so long that the token ends on the way to the service gets a 401; who asks only then, no other.
  EXPECT_TRUE(eventually([&] {
    EXPECT_TRUE(wait(one->compute().limits(soon())));
    const auto all = log_.entries();
    const auto tokens = std::ranges::count(all, "POST /auth/tokens", &testing::KeptLog::Entry::call);
    return tokens > 1 + std::ranges::count(all, 401, &testing::KeptLog::Entry::status);
  })) << "no token was asked for but the first, and those after a 401";
}

TEST_F(OpenStackCloud, GivesUpAfterASecond401) {
  const auto one = cloud();
  fault(R"({"kind":"http","server":"compute","status":401,"text":"{}"})");
  expect_error(wait(one->compute().servers("", soon())).error(), Kind::unauthorized, "refused");
  EXPECT_EQ(count("POST /v3/auth/tokens"), 2U);
  EXPECT_EQ(count(detail), 2U);
}

TEST_F(OpenStackCloud, SaysWhatTheCatalogDoesNotHave) {
  set(R"({"without":["image"]})");
  auto error = wait(cloud()->connect(soon())).error();
  expect_error(error, Kind::unavailable, "no_endpoint");
  EXPECT_THAT(error.sentence(), HasSubstr("no public image service"));
  auto elsewhere = account();
  elsewhere.region = "Mars";
  error = wait(Cloud(elsewhere, &log_).connect(soon())).error();
  expect_error(error, Kind::unavailable, "no_endpoint");
  EXPECT_THAT(error.sentence(), AllOf(HasSubstr("in region \"Mars\""), HasSubstr("public in region \"RegionOne\"")));
}

TEST_F(OpenStackCloud, TakesAddressesWithAndWithoutVersions) {
  set(R"({"compute_version":"","image_version":"/v2/","network_version":"/v2.0"})");
  const auto one = cloud();
  EXPECT_TRUE(wait(one->compute().limits(soon())));
  EXPECT_TRUE(wait(one->images().list(soon())));
  EXPECT_EQ(wait(one->networks().list(soon()))->size(), 4U);
}

TEST_F(OpenStackCloud, AnAnswerOfKeystoneWithoutATokenIsGarbage) {
  set(R"({"subject_header":false})");
  expect_error(wait(cloud()->connect(soon())).error(), Kind::unavailable, "garbage");
  fault(R"({"kind":"garbage","server":"identity"})");
  expect_error(wait(cloud()->connect(soon())).error(), Kind::unavailable, "garbage");
}

// ---- lists: all or nothing ------------------------------------------------------------------------------------------

TEST_F(OpenStackCloud, ReadsAllPages) {
  set(R"({"servers_page":100,"cores":-1})");
  add_servers(R"({"count":1500})");
  add_servers(R"({"count":3,"prefix":"somebody-else-"})");
  add_servers(R"({"count":2,"other":true})");
  const auto one = cloud();
  EXPECT_EQ(wait(one->compute().servers("", soon()))->size(), 1503U);
  EXPECT_EQ(count(detail), 16U);
  EXPECT_EQ(wait(one->compute().servers("vcycle-", soon()))->size(), 1500U);
  EXPECT_EQ(wait(one->compute().servers("vcycle-a-00001", soon()))->size(), 1U);
  EXPECT_EQ(wait(one->compute().limits(soon()))->cores, std::nullopt);
  auto wishes = account();
  wishes.page_rows = 7;
  Cloud other(wishes, &log_);
  EXPECT_EQ(wait(other.compute().servers("somebody-else-", soon()))->size(), 3U);
  EXPECT_EQ(wait(other.compute().flavors(soon()))->size(), 4U);
}

TEST_F(OpenStackCloud, NeverGivesAPartOfAList) {
  set(R"({"servers_page":10})");
  add_servers(R"({"count":25})");
  auto once = account();
  once.repeats_max = 0;
  Cloud one(once, &log_);
  for (const auto* const spoiled :
       {R"("kind":"http","status":500,"text":"{}")", R"("kind":"cut","bytes":700)", R"("kind":"truncate","bytes":700)",
        R"("kind":"hang")", R"("kind":"garbage")", R"("kind":"reset")",
        R"("kind":"http","status":200,"content_type":"application/json","text":"{\"servers\":[{\"id\":\"x\"}]}")",
        R"("kind":"http","status":200,"content_type":"application/json","text":"{\"servers\":[7]}")",
        R"("kind":"http","status":200,"content_type":"application/json","text":"{\"servers\":{}}")",
        R"("kind":"http","status":200,"content_type":"application/json","text":"{}")"}) {
    clear_faults();
    // Reads are also repeated when their connection breaks, so it breaks each time from then on.
    fault(R"({"method":"GET /v2.1/servers/detail","first":3,)" + std::string(spoiled) + "}");
    const bool silent = std::string_view(spoiled).contains("hang");
    const auto got = wait(one.compute().servers("", silent ? in(2s) : soon()));
    ASSERT_FALSE(got) << spoiled << ": " << got->size();
    testing::expect_no_secret(got.error().sentence());
  }
  clear_faults();
  EXPECT_EQ(wait(one.compute().servers("", soon()))->size(), 25U);
}

TEST_F(OpenStackCloud, BeginsAnewWhenTheRowBeforeAPageIsGone) {
  set(R"({"servers_page":10})");
  add_servers(R"({"count":25})");
  const auto one = cloud();
  fault(R"({"kind":"http","method":"GET /v2.1/servers/detail","first":2,"count":1,"status":400,)"
        R"("text":"{\"badRequest\":{\"message\":\"marker [x] not found\"}}"})");
  EXPECT_EQ(wait(one->compute().servers("", soon()))->size(), 25U);
  EXPECT_EQ(count(detail), 5U);  // one page, the marker that is gone, three pages
  clear_faults();
  fault(R"({"kind":"http","method":"GET /v2.1/servers/detail","status":400,"text":"{}"})");
  expect_error(wait(one->compute().servers("", soon())).error(), Kind::invalid, "refused");
  EXPECT_EQ(count(detail), 6U);  // the first page has no marker: that 400 is about something else
}

TEST_F(OpenStackCloud, GivesUpOnAListWhoseRowsGoWhileItIsRead) {
  set(R"({"servers_page":10})");
  add_servers(R"({"count":25})");
  fault(R"({"kind":"http","method":"GET /v2.1/servers/detail","first":2,"count":1,"status":400,"text":"{}"})");
  fault(R"({"kind":"http","method":"GET /v2.1/servers/detail","first":4,"count":1,"status":400,"text":"{}"})");
  fault(R"({"kind":"http","method":"GET /v2.1/servers/detail","first":6,"count":1,"status":400,"text":"{}"})");
  fault(R"({"kind":"http","method":"GET /v2.1/servers/detail","first":8,"count":1,"status":400,"text":"{}"})");
  expect_error(wait(cloud()->compute().servers("", soon())).error(), Kind::unavailable, "partial");
  EXPECT_EQ(count(detail), 8U);
}

TEST_F(OpenStackCloud, FollowsNoLinkElsewhereAndNoneInACircle) {
  const auto one = cloud();
  const auto page = [this](const std::string& link) {
    clear_faults();
    fault(R"({"kind":"http","method":"GET /v2.1/servers/detail","status":200,"content_type":"application/json",)"
          R"("text":"{\"servers\":[{\"id\":\"1\",\"name\":\"a\",\"status\":\"ACTIVE\"}],\"servers_links\":[{\"rel\":)"
          R"(\"next\",\"href\":\")" +
          link + R"(\"}]}"})");
  };
  page("http://192.0.2.1/steal?marker=1");  // only its query is taken: this goes in a circle here, and nowhere else
  expect_error(wait(one->compute().servers("", soon())).error(), Kind::unavailable, "partial");
  EXPECT_EQ(count(detail), 2U);
  for (const auto* const link : {"", "http://h/servers/detail", "?", "?a b"}) {
    page(link);
    expect_error(wait(one->compute().servers("", soon())).error(), Kind::unavailable, "partial");
  }
}

TEST_F(OpenStackCloud, SeesACellThatIsDownWhereTheMicroversionTells) {
  const auto ids = add_servers(R"({"count":3})");
  control(http::Verb::post, "/servers/" + ids[1], R"({"cell_down":true})");
  EXPECT_EQ(wait(cloud()->compute().servers("", soon()))->size(), 2U);  // Nova 2.1 does not say a word
  auto newer = account();
  newer.compute_microversion = "2.69";
  Cloud one(newer, &log_);
  expect_error(wait(one.compute().servers("", soon())).error(), Kind::unavailable, "partial");
  control(http::Verb::post, "/servers/" + ids[1], R"({"cell_down":false})");
  const auto servers = wait(one.compute().servers("", soon()));
  ASSERT_TRUE(servers) << servers.error().sentence();
  EXPECT_EQ(servers->front().vcpus, 1);
  newer.compute_microversion = "9.1";
  expect_error(wait(Cloud(newer, &log_).compute().limits(soon())).error(), Kind::invalid, "refused");
}

}  // namespace
}  // namespace nephele::openstack
