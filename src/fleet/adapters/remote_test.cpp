// SPDX-License-Identifier: Apache-2.0
// Templates and images from a real web server: Debian's nginx.
#include <gmock/gmock.h>

#include <filesystem>
#include <future>

#include "base/io_threads.h"
#include "base/secret.h"
#include "base/text_file.h"
#include "fleet/adapters/image_cache.h"
#include "fleet/adapters/remote_files.h"
#include "fleet/adapters/testing/web_server.h"
#include "fleet/urls.h"

namespace nephele::fleet {
namespace {

namespace fs = std::filesystem;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::WebServer;

class FromTheWeb : public ::testing::Test {
 protected:
  Result<std::string> read(const std::string& path) {
    return threads.run<Result<std::string>>(files.get(server.url(path), in(std::chrono::seconds(20))));
  }
  Result<ImageFile> image(const std::string& path, std::chrono::seconds time = std::chrono::seconds(20)) {
    said.clear();
    return threads.run<Result<ImageFile>>(images.file_of(server.url(path), in(time)));
  }
  std::string content(const ImageFile& file) { return read_text_file(file.path, 10'000'000).value_or("(none)"); }
  /// Everything that lies in the cache, without its locks and notes.
  std::vector<std::string> cached() {
    std::vector<std::string> out;
    if (!fs::exists(folder)) return out;
    for (const auto& entry : fs::directory_iterator(folder))
      if (const auto name = entry.path().filename().string(); !name.starts_with(".") || name.ends_with(".part"))
        out.push_back(name);
    return out;
  }

  WebServer server;
  IoThreads threads{2};
  Workers workers{"files", 1, 64};
  TempDirectory directory;
  std::string folder = directory / "imagecache";
  std::vector<std::string> said;
  RemoteFiles files{{.agent = "Vcycle 04.00"}};
  ImageCache images{
      folder, {.agent = "Vcycle 04.00"}, workers, [this](const std::string& line) { said.push_back(line); }};
};

TEST_F(FromTheWeb, ATemplateThatHasNotChangedIsNotSentAgain) {
  EXPECT_EQ(read("/hello"), "hello");
  EXPECT_EQ(read("/hello"), "hello");
  server.put("hello", "goodbye", 10);
  EXPECT_EQ(read("/hello"), "goodbye");
  EXPECT_EQ(read("/moved/hello"), "goodbye");
  EXPECT_EQ(read("/undated/hello"), "goodbye");
  EXPECT_THAT(server.calls(), ElementsAre("GET /hello 200", "GET /hello 304", "GET /hello 200", "GET /moved/hello 302",
                                          "GET /hello 200", "GET /undated/hello 200"));
}

TEST_F(FromTheWeb, TheGridsCertificatesProveAServerBesideTheSystems) {
  const auto from = [&](RemoteFiles& client) {
    return threads.run<Result<std::string>>(client.get(server.tls_url("/hello"), in(std::chrono::seconds(20))));
  };
  RemoteFiles trusting({.ca_folder = server.trusting()});
  EXPECT_EQ(from(trusting), "hello");
  const auto refused = from(files);
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().sentence(), HasSubstr("not trusted"));
  RemoteFiles without({.ca_folder = "/nowhere"});
  EXPECT_FALSE(from(without));
}

TEST_F(FromTheWeb, NothingButAWholeAnswerIsATemplate) {
  server.put("long", std::string(65'537, 'x'));
  struct Case {
    const char *path, *told;
  };
  for (const auto& [path, told] : {Case{"/gone", "HTTP code 404"}, Case{"/broken", "HTTP code 500"},
                                   Case{"/long", "longer than 65536 bytes"}, Case{"/loop", "redirected without end"}}) {
    const auto got = read(path);
    ASSERT_FALSE(got) << path;
    EXPECT_EQ(got.error().kind(), Kind::invalid) << "no machine was made";
    EXPECT_THAT(got.error().sentence(), HasSubstr("Failed to read " + server.url(path)));
    EXPECT_THAT(got.error().sentence(), HasSubstr(told));
  }
  ASSERT_EQ(read("/hello"), "hello");
  server.remove("hello");
  EXPECT_FALSE(read("/hello")) << "a template that was taken away is not used";
  server.stop();
  EXPECT_FALSE(read("/hello"));
}

TEST_F(FromTheWeb, AnImageIsDownloadedOnceAndWhenItIsNew) {
  server.put("x.iso", std::string(1'000'000, 'a'), 1);
  const auto first = image("/x.iso");
  ASSERT_TRUE(first) << first.error().sentence();
  EXPECT_EQ(content(*first), std::string(1'000'000, 'a'));
  EXPECT_EQ(first->modified, WebServer::base + 1);
  EXPECT_EQ(first->sha256, sha256_hex(std::string(1'000'000, 'a')));
  EXPECT_THAT(cached(), ElementsAre(cache_name(server.url("/x.iso"))));
  EXPECT_EQ(fs::last_write_time(first->path),
            std::chrono::file_clock::from_sys(std::chrono::sys_seconds{std::chrono::seconds{WebServer::base + 1}}));
  EXPECT_EQ(image("/x.iso")->sha256, first->sha256);
  server.put("x.iso", "new", 2);
  EXPECT_EQ(content(*image("/x.iso")), "new");
  EXPECT_THAT(server.calls(),
              ElementsAre("HEAD /x.iso 200", "GET /x.iso 200", "HEAD /x.iso 304", "HEAD /x.iso 200", "GET /x.iso 200"));
  // Of an earlier release: no checksum beside it.
  for (const auto& entry : fs::directory_iterator(folder))
    if (entry.path().extension() == ".sum") fs::remove(entry.path());
  EXPECT_EQ(image("/x.iso")->sha256, sha256_hex("new"));
}

TEST_F(FromTheWeb, WhatCannotBeHadIsTakenFromTheCacheAndSaid) {
  server.put("x.iso", "image", 1);
  ASSERT_TRUE(image("/x.iso"));
  server.remove("x.iso");
  const auto gone = image("/x.iso");
  ASSERT_TRUE(gone) << gone.error().sentence();
  EXPECT_EQ(content(*gone), "image");
  EXPECT_THAT(said, Contains(HasSubstr("HTTP code 404; the copy of Sun, 09 Sep 2001 01:46:41 GMT is used")));
  server.stop();
  EXPECT_EQ(content(*image("/x.iso")), "image");
  EXPECT_THAT(said, Contains(HasSubstr("the copy of")));
}

TEST_F(FromTheWeb, WhatIsNoImageLeavesNothing) {
  server.put("empty.iso", "", 1);
  struct Case {
    const char *path, *told;
  };
  for (const auto& [path, told] : {Case{"/gone.iso", "HTTP code 404"}, Case{"/broken", "HTTP code 500"},
                                   Case{"/undated/hello", "no Last-Modified"}, Case{"/empty.iso", "it is empty"},
                                   Case{"/loop", "redirected without end"}}) {
    const auto got = image(path);
    ASSERT_FALSE(got) << path;
    EXPECT_THAT(got.error().sentence(), HasSubstr("Failed to fetch " + server.url(path)));
    EXPECT_THAT(got.error().sentence(), HasSubstr(told));
    EXPECT_THAT(cached(), IsEmpty()) << path;
  }
  EXPECT_TRUE(image("/nohead/hello")) << "a server that knows GET only";
}

TEST_F(FromTheWeb, ManyWantOneImageAndItIsDownloadedOnce) {
  server.put("x.iso", std::string(5'000'000, 'b'), 1);
  ImageCache other{folder, {}, workers, [](const std::string&) {}};  // of another process
  const auto executors = threads.executors();
  std::vector<std::future<Result<ImageFile>>> all;
  for (std::size_t i = 0; i < 6; ++i)
    all.push_back(asio::co_spawn(
        executors[i % 2], (i % 3 == 0 ? other : images).file_of(server.url("/x.iso"), in(std::chrono::seconds(20))),
        asio::use_future));
  for (auto& one : all) {
    const auto got = one.get();
    ASSERT_TRUE(got) << got.error().sentence();
    EXPECT_EQ(got->sha256, sha256_hex(std::string(5'000'000, 'b')));
  }
  EXPECT_EQ(std::ranges::count(server.calls(), "GET /x.iso 200"), 1);
}

}  // namespace
}  // namespace nephele::fleet
