// SPDX-License-Identifier: Apache-2.0
#include "base/temp_directory.h"
#include "base/workers.h"
#include "clouds/openstack/cloud_fixture.h"

namespace nephele::openstack {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;

// ---- images ---------------------------------------------------------------------------------------------------------

class OpenStackImages : public testing::CloudTest {
 protected:
  Account of(GlanceApi glance) const {
    auto out = account();
    out.glance = glance;
    return out;
  }
  static NewImage an_image() { return {.name = "https://h/a.raw", .disk_format = "raw", .last_modified = 1234}; }

  TempDirectory folder_;
  std::string path_ = folder_.write("a.raw", std::string(700'000, 'r'));
  Workers workers_{"hashing", 1, 4};
};

TEST_F(OpenStackImages, AreListedToTheEndAndFoundByName) {
  control(http::Verb::post, "/images", R"({"name":"cernvm4","count":40,"public":true})");
  control(http::Verb::post, "/images", R"({"name":"cernvm4","status":"queued","later":9})");
  control(http::Verb::post, "/images", R"({"name":"cernvm4","later":7})");
  control(http::Verb::post, "/images", R"({"name":"https://h/i:1","later":8,"count":2})");
  for (const auto glance : {GlanceApi::v2, GlanceApi::v1}) {
    Cloud one(of(glance), &log_);
    const auto all = wait(one.images().list(soon()));
    ASSERT_TRUE(all) << all.error().sentence();
    EXPECT_EQ(all->size(), 44U);
    ASSERT_NE(first_named(*all, "cernvm4"), nullptr);
    EXPECT_NE(first_named(*all, "https://h/i:1"), nullptr);
    EXPECT_EQ(first_named(*all, "cernvm"), nullptr);
  }
  EXPECT_EQ(count("GET /v2/images"), 2U);
  EXPECT_EQ(count("GET /v1/images/detail"), 3U);
}

TEST_F(OpenStackImages, AreUploadedWithBothVersions) {
  for (const auto glance : {GlanceApi::v2, GlanceApi::v1}) {
    Cloud one(of(glance), &log_);
    const auto image = wait(one.images().upload(an_image(), path_, workers_, soon()));
    ASSERT_TRUE(image) << image.error().sentence();
    EXPECT_TRUE(image->active());
    EXPECT_EQ(image->size, 700'000);
    const auto all = wait(one.images().list(soon()));
    const auto* const found = find_upload(*all, "https://h/a.raw", 1234);
    ASSERT_NE(found, nullptr);
    EXPECT_EQ(found->id, image->id);
    EXPECT_EQ(wait(one.images().image(image->id, soon()))->last_modified, 1234);
    EXPECT_TRUE(wait(one.images().remove(image->id, soon())));
    EXPECT_TRUE(wait(one.images().remove(image->id, soon())));
    EXPECT_EQ(there_are("images"), 0U);
  }
}

TEST_F(OpenStackImages, WaitUntilTheServiceHasThemAndAreCompared) {
  set(R"({"image_delay":0.2})");
  for (const auto glance : {GlanceApi::v2, GlanceApi::v1})
    EXPECT_TRUE(wait(Cloud(of(glance), &log_).images().upload(an_image(), path_, workers_, soon())));
  set(R"({"image_corrupt":true})");
  for (const auto* const hash : {R"({"image_hash":"sha512"})", R"({"image_hash":"sha256"})", R"({"image_hash":""})"})
    for (const auto glance : {GlanceApi::v2, GlanceApi::v1}) {
      set(hash);
      const auto spoiled = wait(Cloud(of(glance), &log_).images().upload(an_image(), path_, workers_, soon()));
      ASSERT_FALSE(spoiled);
      EXPECT_EQ(spoiled.error().detail("cause"), "checksum") << spoiled.error().sentence();
    }
  EXPECT_EQ(there_are("images"), 2U);
}

TEST_F(OpenStackImages, HalfMadeOnesAreRemoved) {
  Cloud one(of(GlanceApi::v2), &log_);
  fault(R"({"kind":"http","method":"PUT /v2/images/{id}/file","status":500,"count":1})");
  expect_error(wait(one.images().upload(an_image(), path_, workers_, soon())).error(), Kind::unavailable, "server");
  EXPECT_EQ(there_are("images"), 0U);
  fault(R"({"kind":"close","method":"PUT /v2/images/{id}/file","count":1})");
  expect_error(wait(one.images().upload(an_image(), path_, workers_, soon())).error(), Kind::unavailable, "lost");
  EXPECT_EQ(there_are("images"), 0U);
  fault(R"({"kind":"hang","method":"PUT /v2/images/{id}/file","count":1})");
  expect_error(wait(one.images().upload(an_image(), path_, workers_, in(3s))).error(), Kind::timeout, "timeout");
  EXPECT_EQ(there_are("images"), 0U);
  EXPECT_EQ(wait(one.images().upload(an_image(), folder_ / "none", workers_, soon())).error().kind(), Kind::invalid);
}

/// Made, while nobody here hears of it: none stays behind.
TEST_F(OpenStackImages, WhoseAnswerIsLostAreRemoved) {
  struct Row {
    const char* how;
    const char* cause;
  };
  for (const auto glance : {GlanceApi::v2, GlanceApi::v1}) {
    Cloud one(of(glance), &log_);
    const std::string version = glance == GlanceApi::v2 ? "v2" : "v1";
    for (const auto& row : {Row{R"("kind":"close")", "lost"}, Row{R"("kind":"cut","bytes":20)", "lost"},
                            Row{R"("kind":"garbage")", "garbage"}, Row{R"("kind":"http","status":502)", "server"},
                            Row{R"("kind":"hang")", "timeout"}}) {
      const std::string fault_of = R"({"method":"POST /)" + version + R"(/images","execute":true,"count":1,)";
      fault(fault_of + row.how + "}");
      const auto gone = count("DELETE /" + version + "/images/{id}");
      const bool silent = std::string_view(row.how).contains("hang");
      const auto lost = wait(one.images().upload(an_image(), path_, workers_, silent ? in(2s) : soon()));
      ASSERT_FALSE(lost) << row.how;
      EXPECT_EQ(lost.error().detail("cause"), row.cause) << version << " " << lost.error().sentence();
      EXPECT_EQ(lost.error().detail("left_behind"), "");
      EXPECT_EQ(count("DELETE /" + version + "/images/{id}"), gone + 1) << version << " " << row.how;
      EXPECT_EQ(there_are("images"), 0U) << version << " " << row.how;
    }
    fault(R"({"kind":"http","method":"POST /)" + version + R"(/images","status":403,"count":1})");
    const auto gone = count("DELETE /" + version + "/images/{id}");
    expect_error(wait(one.images().upload(an_image(), path_, workers_, soon())).error(), Kind::forbidden, "refused");
    EXPECT_EQ(count("DELETE /" + version + "/images/{id}"), gone) << "nothing was made";
    fault(R"({"kind":"close","method":"POST /)" + version + R"(/images","execute":true,"count":1})");
    fault(R"({"kind":"http","method":"DELETE /)" + version + R"(/images/{id}","status":500})");
    const auto left = wait(one.images().upload(an_image(), path_, workers_, soon()));
    ASSERT_FALSE(left);
    ASSERT_EQ(there_are("images"), 1U);
    clear_faults();
    EXPECT_TRUE(wait(one.images().remove(ImageId(std::string(left.error().detail("left_behind"))), soon())));
    EXPECT_EQ(there_are("images"), 0U);
  }
}

TEST_F(OpenStackImages, AreSentAgainWithANewToken) {
  for (const auto glance : {GlanceApi::v2, GlanceApi::v1}) {
    Cloud one(of(glance), &log_);
    const std::string put = glance == GlanceApi::v2 ? "PUT /v2/images/{id}/file" : "POST /v1/images";
    fault(R"({"kind":"http","method":")" + put + R"(","status":401,"text":"<html></html>","count":1})");
    const auto image = wait(one.images().upload(an_image(), path_, workers_, soon()));
    ASSERT_TRUE(image) << image.error().sentence();
    EXPECT_EQ(image->size, 700'000);
    EXPECT_EQ(count(put), 2U);
  }
}

TEST_F(OpenStackImages, InUseAreKept) {
  Cloud one(of(GlanceApi::v2), &log_);
  const auto image = wait(one.images().upload(an_image(), path_, workers_, soon()));
  ASSERT_TRUE(image) << image.error().sentence();
  control(http::Verb::post, "/images/" + image->id.text(), R"({"in_use":true})");
  const auto refused = wait(one.images().remove(image->id, soon()));
  ASSERT_FALSE(refused);
  expect_error(refused.error(), Kind::conflict, "refused");
  EXPECT_THAT(refused.error().detail("text"), HasSubstr("could not be deleted because it is in use"));
}

}  // namespace
}  // namespace nephele::openstack
