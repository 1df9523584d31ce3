// SPDX-License-Identifier: Apache-2.0
// Ten GiB each way through server and client, every byte compared, in memory that does not grow. Minutes of CPU: a
// test of its own, `scripts/test -L slow`.
#include <algorithm>
#include <cstring>
#include <fstream>
#include <string>
#include <vector>

#include "http/body_sender.h"
#include "http/client.h"
#include "http/server_fixture.h"

namespace nephele::http {
namespace {

using namespace std::chrono_literals;

constexpr std::uint64_t long_body_bytes = 10ULL << 30U;
constexpr std::uint64_t memory_may_grow_by = 16ULL << 20U;

/// Bytes that tell their position: a pattern whose length divides no block size, over and over.
class Pattern {
 public:
  void write(std::uint64_t at, std::span<std::byte> into) const {
    each(at, into.size(), [&](std::size_t done, const std::byte* from, std::size_t count) {
      std::memcpy(into.data() + done, from, count);
    });
  }
  bool matches(std::uint64_t at, std::span<const std::byte> block) const {
    bool same = true;
    each(at, block.size(), [&](std::size_t done, const std::byte* from, std::size_t count) {
      same = same && std::memcmp(block.data() + done, from, count) == 0;
    });
    return same;
  }

 private:
  static constexpr std::size_t length = 65'521;  // a prime
  template <class F>
  void each(std::uint64_t at, std::size_t size, F&& take) const {
    for (std::size_t done = 0; done < size;) {
      const auto from = static_cast<std::size_t>((at + done) % length);
      const std::size_t count = std::min(size - done, length - from);
      take(done, bytes_.data() + from, count);
      done += count;
    }
  }
  static std::vector<std::byte> made() {
    std::vector<std::byte> out(length);
    std::uint32_t state = 1;
    for (auto& byte : out) {
      state = state * 1'664'525U + 1'013'904'223U;
      byte = static_cast<std::byte>(state >> 24U);
    }
    return out;
  }
  std::vector<std::byte> bytes_ = made();
};

const Pattern& pattern() {
  static const Pattern the;
  return the;
}

/// Gives `total` bytes of the pattern; of a server's answer and of a client's request.
template <class Interface>
class Giver final : public Interface {
 public:
  explicit Giver(std::uint64_t total) : total_(total) {}
  Task<Result<std::size_t>> read(std::span<std::byte> into) override {
    const auto count = static_cast<std::size_t>(std::min<std::uint64_t>(into.size(), total_ - at_));
    pattern().write(at_, into.first(count));
    at_ += count;
    co_return count;
  }

 private:
  std::uint64_t total_;
  std::uint64_t at_ = 0;
};

class Taker final : public Client::Sink {
 public:
  Task<Result<>> write(std::span<const std::byte> block) override {
    if (!pattern().matches(taken, block)) co_return fail(Kind::internal, "other bytes after " + std::to_string(taken));
    taken += block.size();
    co_return Result<>{};
  }
  std::uint64_t taken = 0;
};

struct Api {
  Task<Response> upload(Request& request) {
    std::vector<std::byte> block(64UZ * 1024);
    for (Taker taker;;) {
      const auto got = co_await request.body->read(block);
      if (!got) co_return text_response(400, got.error().sentence());
      if (*got == 0) co_return text_response(200, std::to_string(taker.taken));
      const auto same = co_await taker.write(std::span(block).first(*got));
      if (!same) co_return text_response(400, same.error().sentence());
    }
  }
  Task<Response> download(Request& request) {
    Response response;
    Stream stream{std::make_unique<Giver<BodySource>>(long_body_bytes), {}};
    if (request.query_value("length")) stream.length = long_body_bytes;
    response.body = std::move(stream);
    co_return response;
  }
  static constexpr Route<Api> routes[] = {
      {Verb::put, "/upload", Access::open, &Api::upload, SIZE_MAX},
      {Verb::get, "/download", Access::open, &Api::download},
  };
};

std::uint64_t peak_resident_bytes() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);)
    if (line.starts_with("VmHWM:")) return std::stoull(line.substr(6)) * 1024;
  return 0;
}

class HttpLongBody : public ::testing::Test {
 protected:
  /// After a first small exchange, so that what is made once is made.
  HttpLongBody() {
    Giver<BodyReader> small(1U << 20U);
    EXPECT_TRUE(send({.verb = Verb::put, .url = url("/upload"), .stream = &small}));
    std::ofstream("/proc/self/clear_refs") << "5";  // the peak begins here
    before_ = peak_resident_bytes();
  }
  ~HttpLongBody() override {
    const auto after = peak_resident_bytes();
    EXPECT_GT(before_, 0U);
    EXPECT_LT(after, before_ + memory_may_grow_by) << "for " << long_body_bytes << " bytes";
    std::cout << "peak resident: " << before_ / 1024 << " KiB before, " << after / 1024 << " KiB after\n";
  }
  std::string url(const std::string& path) const { return "http://127.0.0.1:" + std::to_string(server_.port()) + path; }
  Result<ClientResponse> send(ClientRequest request) {
    request.deadline = in(30min);
    return threads_.run(client_.send(std::move(request)), 31min);
  }
  Result<ClientResponse> fetch(const std::string& path, Taker& taker) {
    return threads_.run(client_.send({.url = url(path), .deadline = in(30min)}, taker), 31min);
  }

 private:
  testing::RunningServer<Api> server_;
  IoThreads threads_{1};
  Client client_;
  std::uint64_t before_ = 0;
};

TEST_F(HttpLongBody, GoesUpWithItsLength) {
  Giver<BodyReader> body(long_body_bytes);
  const auto got = send({.verb = Verb::put, .url = url("/upload"), .stream = &body, .stream_length = long_body_bytes});
  ASSERT_TRUE(got) << got.error().sentence();
  EXPECT_EQ(got->body, std::to_string(long_body_bytes));
}

TEST_F(HttpLongBody, GoesUpInChunks) {
  Giver<BodyReader> body(long_body_bytes);
  const auto got = send({.verb = Verb::put, .url = url("/upload"), .stream = &body});
  ASSERT_TRUE(got) << got.error().sentence();
  EXPECT_EQ(got->body, std::to_string(long_body_bytes));
}

TEST_F(HttpLongBody, ComesDownWithItsLength) {
  Taker taker;
  const auto got = fetch("/download?length=known", taker);
  ASSERT_TRUE(got) << got.error().sentence();
  EXPECT_EQ(taker.taken, long_body_bytes);
}

TEST_F(HttpLongBody, ComesDownInChunks) {
  Taker taker;
  const auto got = fetch("/download", taker);
  ASSERT_TRUE(got) << got.error().sentence();
  EXPECT_EQ(taker.taken, long_body_bytes);
}

}  // namespace
}  // namespace nephele::http
