// SPDX-License-Identifier: Apache-2.0
#include "sql/engine.h"

#include <pthread.h>

#include <algorithm>
#include <boost/asio/associated_executor.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <condition_variable>
#include <mutex>

namespace nephele::sql {

void QueuedDatabase::enqueue(Waiting waiting) {
  if (line_for(waiting.purpose).push(waiting)) return;
  waiting.done(Error(Kind::busy, "the database has too many waiting transactions; try again in a moment"));
}

Task<std::optional<Error>> QueuedDatabase::submit(Purpose purpose, Body body) {
  co_return co_await asio::async_initiate<const asio::use_awaitable_t<>, void(std::optional<Error>)>(
      [this](auto handler, Purpose what_for, Body work) {
        auto executor = asio::prefer(asio::get_associated_executor(handler), asio::execution::outstanding_work.tracked);
        auto done = [handler = std::move(handler),
                     executor = std::move(executor)](std::optional<Error> failed) mutable {
          asio::post(executor, [handler = std::move(handler), failed = std::move(failed)]() mutable {
            std::move(handler)(std::move(failed));
          });
        };
        enqueue({std::move(work), std::move(done), in(wait_max_), what_for});
      },
      asio::use_awaitable, purpose, std::move(body));
}

std::optional<Error> QueuedDatabase::run_now(Purpose purpose, Body body) {
  const auto me = std::this_thread::get_id();
  if (std::ranges::any_of(threads_, [me](const std::jthread& thread) { return thread.get_id() == me; }))
    return Error(Kind::internal, "a transaction or its hook waits for another transaction: it would wait for itself");
  std::mutex mutex;
  std::condition_variable told;
  bool finished = false;
  std::optional<Error> failed;
  auto done = [&](std::optional<Error> why) {
    const std::lock_guard lock(mutex);  // held while notifying: the waiter's stack goes away right afterwards
    failed = std::move(why);
    finished = true;
    told.notify_one();
  };
  enqueue({std::move(body), std::move(done), in(wait_max_), purpose});
  std::unique_lock lock(mutex);
  told.wait(lock, [&] { return finished; });  // bounded: the line and the connection both have deadlines
  return failed;
}

void QueuedDatabase::start_thread(const char* name, std::move_only_function<void()> serve) {
  threads_.emplace_back(std::move(serve));
  pthread_setname_np(threads_.back().native_handle(), name);
}

}  // namespace nephele::sql
