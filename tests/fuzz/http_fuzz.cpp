// SPDX-License-Identifier: Apache-2.0
// A whole connection: header, body, chunks, pipelining, answers. The input is what the client sends; its first byte
// says in which portions it arrives.
#include <algorithm>
#include <boost/asio/error.hpp>
#include <boost/asio/io_context.hpp>
#include <cstdint>
#include <cstdlib>
#include <cstring>

#include "http/shard.h"

namespace {

using namespace nephele;
using namespace nephele::http;

class Faulty final : public Faults {
 public:
  Response not_found(const Request&) const override { return text_response(404, "no"); }
  Response method_not_allowed(const Request&, std::string) const override { return text_response(405, "no"); }
  Response internal(const Request&) const override { return text_response(500, "no"); }
  Response too_large(const Request&, std::size_t) const override { return text_response(413, "no"); }
  Response refused(const Request&, const Error&) const override { return text_response(401, "no"); }
};

struct Api {
  Task<Response> echo(Request& request) {
    auto body = co_await read_all(*request.body, 1 << 16U);
    if (!body) co_return text_response(400, body.error().sentence());
    co_return text_response(200, std::move(*body));
  }
  Task<Response> show(Request& request) {
    std::string text = request.parameters.at(0) + request.query_value("a").value_or("");
    for (const auto& [name, value] : request.headers) text += name + value;
    co_return text_response(200, std::move(text));
  }
  static constexpr Route<Api> routes[] = {
      {Verb::post, "/echo", Access::open, &Api::echo, 5000},
      {Verb::put, "/{name}", Access::late, &Api::show, 10},
      {Verb::get, "/{name}", Access::open, &Api::show},
  };
};

/// Gives the input in portions, takes answers, and never waits.
class Memory final : public Transport {
 public:
  Memory(std::string_view input, std::size_t portion, std::string& output)
      : input_(input), portion_(portion), output_(output) {}
  Task<Io> handshake() override { co_return Io{}; }
  Task<Io> read_some(std::span<std::byte> into) override {
    const auto n = std::min({into.size(), portion_, input_.size()});
    if (n == 0) co_return Io{asio::error::eof, 0};
    std::memcpy(into.data(), input_.data(), n);
    input_.remove_prefix(n);
    co_return Io{{}, n};
  }
  std::size_t write_now(std::string_view first, std::string_view second) noexcept override {
    output_.append(first).append(second);
    return first.size() + second.size();
  }
  Task<Io> write_some(std::string_view, std::string_view) override { co_return Io{asio::error::broken_pipe, 0}; }
  Task<Io> send_file_some(int, std::uint64_t, std::uint64_t) override { co_return Io{asio::error::broken_pipe, 0}; }
  void acknowledge() noexcept override {}
  void cancel() noexcept override {}
  void shutdown_send() noexcept override {}
  void close() noexcept override {}
  bool tls() const noexcept override { return false; }

 private:
  std::string_view input_;
  std::size_t portion_;
  std::string& output_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static Api api;
  static const Faulty faults;
  static Router router(faults);
  static const bool routed = (router.add(api, std::span<const Route<Api>>(Api::routes)), true);
  if (!routed || size == 0) return 0;
  const std::size_t portion = data[0] == 0 ? SIZE_MAX : data[0];
  const std::string_view input(reinterpret_cast<const char*>(data) + 1, size - 1);

  asio::io_context io(1);
  const std::shared_ptr<ServerState> state(new ServerState{router, Limits{}, {}, {}, {}, {}});
  const auto shard = std::make_shared<Shard>(state, io.get_executor());
  const auto nobody = std::make_shared<const Listen>();
  std::string output;
  ++state->metrics.connections_open;
  shard->start(std::make_unique<Memory>(input, portion, output), Peer{"127.0.0.1", nobody});
  io.run();
  if (state->metrics.connections_open != 0 || state->metrics.responses_5xx != 0) std::abort();
  if (!output.empty() && !output.starts_with("HTTP/1.1 ")) std::abort();
  return 0;
}
