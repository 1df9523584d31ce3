// SPDX-License-Identifier: Apache-2.0
#include "http/client.h"

#include "http/client_loop.h"
#include "http/direct.h"
#include "http/head.h"

namespace nephele::http {

class Client::Impl {
 public:
  explicit Impl(ClientSettings s)
      : settings_(std::move(s)),
        shortcuts_(settings_.use_proxy_environment, settings_.connections_per_host),
        loop_(settings_) {}

  Task<Result<ClientResponse>> send(ClientRequest wanted, Sink* sink);

 private:
  /// One attempt; `again` tells whether another may follow.
  Task<Result<ClientResponse>> attempt(std::shared_ptr<const ClientRequest> request, const std::string& origin,
                                       Sink* sink, bool& again);
  Task<Result<ClientResponse>> by_libcurl(std::shared_ptr<const ClientRequest> request, const std::string& origin,
                                          Sink* sink, bool& again);

  const ClientSettings settings_;
  Shortcuts shortcuts_;
  ClientLoop loop_;
};

namespace {

constexpr std::size_t upload_block_bytes = std::size_t{256} * 1024;

/// Tells the loop that nobody waits any more, however the coroutine ends.
class Running {
 public:
  Running(ClientLoop& loop, std::shared_ptr<Transfer> transfer) : loop_(loop), transfer_(std::move(transfer)) {
    loop_.start(transfer_);
  }
  ~Running() {
    if (!done_) loop_.drop(transfer_);
  }
  Running(const Running&) = delete;
  Running& operator=(const Running&) = delete;
  void done() noexcept { done_ = true; }

 private:
  ClientLoop& loop_;
  std::shared_ptr<Transfer> transfer_;
  bool done_ = false;
};

Result<> check_headers(const Headers& headers) {
  for (const auto& [name, value] : headers)
    if (!is_token(name) || !is_field_value(value))
      return fail(Kind::invalid, "a header field of the request holds a line break or another control character");
  return {};
}

/// Hands blocks of the answer to the sink and blocks of the request to libcurl until the transfer is over.
Task<Result<>> attend(ClientLoop& loop, std::shared_ptr<Transfer> transfer, BodyReader* upload, Client::Sink* sink) {
  std::vector<std::byte> block;
  for (;;) {
    const auto news = transfer->take();
    if (!news.block.empty()) {
      CO_TRY_VOID(co_await sink->write(std::as_bytes(std::span(news.block))));
      if (news.paused) loop.resume(transfer);
    } else if (news.done) {
      co_return Result<>{};
    } else if (news.wants_upload) {
      if (block.empty()) block.resize(upload_block_bytes);
      CO_TRY(const std::size_t got, co_await upload->read(block));
      transfer->give({reinterpret_cast<const char*>(block.data()), got});  // NOLINT: bytes are characters on the wire
      loop.resume(transfer);
    } else if (!co_await transfer->wait()) {
      co_return fail(Kind::timeout, "the other side did not answer in time; try again");
    }
  }
}

}  // namespace

Task<Result<ClientResponse>> Client::Impl::by_libcurl(std::shared_ptr<const ClientRequest> request,
                                                      const std::string& origin, Sink* sink, bool& again) {
  const auto transfer =
      std::make_shared<Transfer>(settings_, request, origin, sink != nullptr, co_await this_executor());
  Running running(loop_, transfer);
  CO_TRY_VOID(co_await attend(loop_, transfer, request->stream, sink));
  running.done();
  again = transfer->may_be_repeated();
  auto answer = transfer->result();
  if (answer && sink == nullptr) {
    auto peer = transfer->peer();
    shortcuts_.learn(*request, origin, *answer, std::move(peer.ip), peer.port);
  }
  co_return answer;
}

Task<Result<ClientResponse>> Client::Impl::attempt(std::shared_ptr<const ClientRequest> request,
                                                   const std::string& origin, Sink* sink, bool& again) {
  const auto way = sink == nullptr ? shortcuts_.find(*request) : nullptr;
  if (!way) co_return co_await by_libcurl(std::move(request), origin, sink, again);
  auto place = co_await way->turnstile->enter(request->deadline);
  if (!place) co_return fail(explain(CURLE_OPERATION_TIMEDOUT, settings_, origin, request->deadline, false));
  auto direct = co_await ask_directly(*way, settings_, *request);
  place.end();
  if (direct.code == CURLE_OK) co_return std::move(direct.response);
  shortcuts_.forget(request->url);
  // Nobody has heard anything yet: it may have moved, and libcurl knows other addresses of that name.
  const bool in_time = std::chrono::steady_clock::now() < request->deadline;
  if (!direct.sent && (direct.code == CURLE_COULDNT_CONNECT || (direct.code == CURLE_OPERATION_TIMEDOUT && in_time)))
    co_return co_await by_libcurl(std::move(request), origin, sink, again);
  again = was_lost(direct.code) && may_be_sent_twice(*request);
  co_return fail(explain(direct.code, settings_, origin, request->deadline, direct.too_long));
}

Task<Result<ClientResponse>> Client::Impl::send(ClientRequest wanted, Sink* sink) {
  constexpr std::chrono::milliseconds first_pause{50};
  std::string origin;
  if (const auto way = shortcuts_.find(wanted)) {
    origin = way->origin;
  } else {
    CO_TRY(origin, origin_of(wanted.url));
  }
  CO_TRY_VOID(check_headers(wanted.headers));
  const auto request = std::make_shared<const ClientRequest>(std::move(wanted));
  for (int tries = 0;; ++tries) {
    if (std::chrono::steady_clock::now() >= request->deadline)
      co_return fail(Kind::timeout, origin + " was not asked: the time for it is over; try again");
    bool again = false;
    auto answer = co_await attempt(request, origin, sink, again);
    const auto next = in(first_pause * (1 << std::min(tries, 6)));
    if (answer || !again || tries >= request->retries_max || next >= request->deadline) co_return answer;
    co_await sleep_until(next);
  }
}

Client::Client(ClientSettings settings) : impl_(std::make_shared<Impl>(std::move(settings))) {}
Client::~Client() = default;

Task<Result<ClientResponse>> Client::send(ClientRequest request) {
  const auto impl = impl_;  // a call under way keeps the thread
  co_return co_await impl->send(std::move(request), nullptr);
}

Task<Result<ClientResponse>> Client::send(ClientRequest request, Sink& sink) {
  const auto impl = impl_;
  co_return co_await impl->send(std::move(request), &sink);
}

}  // namespace nephele::http
