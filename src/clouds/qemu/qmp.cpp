// SPDX-License-Identifier: Apache-2.0
#include "clouds/qemu/qmp.h"

#include <fmt/format.h>

#include <array>
#include <boost/asio/buffer.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/write.hpp>
#include <utility>

namespace nephele::qemu {

namespace {
template <class... F>
struct Overloaded : F... {
  using F::operator()...;
};
}  // namespace

Qmp::Qmp(Executor executor, FileHandle socket, OnEvent on_event)
    : socket_(executor, asio::local::stream_protocol(), socket.release()),
      on_event_(std::move(on_event)),
      changed_(std::move(executor)) {}

Task<> Qmp::serve() {
  std::array<char, std::size_t{16} * 1024> block{};
  while (open_) {
    boost::system::error_code ec;
    const std::size_t got =
        co_await socket_.async_read_some(asio::buffer(block), asio::redirect_error(asio::use_awaitable, ec));
    if (ec) break;
    for (auto& happening : core_.feed({block.data(), got})) take(std::move(happening));
  }
  close();
}

void Qmp::take(QmpCore::Happening happening) {
  std::visit(Overloaded{[this](QmpCore::Greeting) { greeted_ = true; },
                        [this](QmpCore::Reply reply) {
                          // An answer that nobody waits for any more came after its deadline.
                          if (const auto it = waiting_.find(reply.id); it != waiting_.end())
                            it->second->answer.emplace(std::move(reply.value));
                        },
                        [this](QmpEvent event) { on_event_(std::move(event)); },
                        [this](QmpCore::Broken broken) {
                          why_closed_ = std::move(broken.why);
                          close();
                        }},
             std::move(happening));
  changed_.tell();
}

void Qmp::close() {
  if (!open_) return;
  open_ = false;
  boost::system::error_code ignored;
  socket_.close(ignored);
  changed_.tell();
}

Task<Result<>> Qmp::greet(SteadyTime until) {
  const bool heard = co_await wait_for(changed_, [this] { return greeted_ || !open_; }, until);
  if (!heard) co_return fail(Kind::timeout, "the hypervisor's monitor does not greet; another program may be using it");
  if (!open_) co_return fail(Kind::unavailable, "the hypervisor closed its monitor");
  CO_TRY_VOID(co_await run("qmp_capabilities"));
  co_return Result<>{};
}

Task<Result<json::Value>> Qmp::run(std::string command, json::Object arguments, std::chrono::milliseconds limit) {
  const SteadyTime until = in(limit);
  if (!open_)
    co_return fail(Kind::unavailable,
                   "the hypervisor's monitor is closed" + (why_closed_.empty() ? "" : " after " + why_closed_));
  const std::uint64_t id = ++last_id_;
  Waiting mine;
  waiting_.emplace(id, &mine);
  const auto forget = [this](const std::uint64_t* number) { waiting_.erase(*number); };
  const std::unique_ptr<const std::uint64_t, decltype(forget)> guard(&id, forget);

  // Commands are far smaller than the socket's buffer, so this write waits only for a monitor that hangs; close() or
  // cancellation ends it then.
  const std::string line = QmpCore::command(id, command, std::move(arguments));
  boost::system::error_code ec;
  co_await asio::async_write(socket_, asio::buffer(line), asio::redirect_error(asio::use_awaitable, ec));
  if (ec) {
    close();
    co_return fail(Kind::unavailable, fmt::format("the hypervisor does not take {}: {}", command, ec.message()));
  }
  co_await wait_for(changed_, [this, &mine] { return mine.answer.has_value() || !open_; }, until);
  if (mine.answer) co_return std::move(*mine.answer);
  if (!open_) co_return fail(Kind::unavailable, fmt::format("the hypervisor ended during {}", command));
  co_return fail(Kind::timeout, fmt::format("the hypervisor did not answer {} within {} ms", command, limit.count()));
}

}  // namespace nephele::qemu
