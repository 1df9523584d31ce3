// SPDX-License-Identifier: Apache-2.0
#include "http/client_loop.h"

#include <pthread.h>

#include <stdexcept>

namespace nephele::http {

ClientLoop::ClientLoop(const ClientSettings& settings) {
  if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) throw std::runtime_error("libcurl does not start");
  multi_.reset(curl_multi_init());
  if (!multi_) throw std::bad_alloc();
  curl_multi_setopt(multi_.get(), CURLMOPT_MAX_HOST_CONNECTIONS, static_cast<long>(settings.connections_per_host));
  thread_ = std::jthread([this] { run(); });
  pthread_setname_np(thread_.native_handle(), "http-client");
}

ClientLoop::~ClientLoop() {
  {
    const std::lock_guard lock(mutex_);
    closing_ = true;
  }
  curl_multi_wakeup(multi_.get());
}

void ClientLoop::start(std::shared_ptr<Transfer> transfer) {
  tell(Wish::start, std::move(transfer));
}
void ClientLoop::resume(std::shared_ptr<Transfer> transfer) {
  tell(Wish::resume, std::move(transfer));
}
void ClientLoop::drop(std::shared_ptr<Transfer> transfer) {
  tell(Wish::drop, std::move(transfer));
}

void ClientLoop::tell(Wish wish, std::shared_ptr<Transfer> transfer) {
  {
    const std::lock_guard lock(mutex_);
    commands_.push_back({wish, std::move(transfer)});
  }
  curl_multi_wakeup(multi_.get());  // the one call of libcurl's that any thread may make
}

bool ClientLoop::take_commands(std::vector<Command>& into) {
  into.clear();
  const std::lock_guard lock(mutex_);
  into.swap(commands_);
  return !closing_;
}

void ClientLoop::obey(const Command& command) {
  Transfer& transfer = *command.transfer;
  const bool running = running_.contains(&transfer);
  switch (command.wish) {
    case Wish::start:
      if (CURL* const handle = transfer.open();
          handle == nullptr || curl_multi_add_handle(multi_.get(), handle) != CURLM_OK) {
        transfer.finish(CURLE_OUT_OF_MEMORY);
        return;
      }
      running_.emplace(&transfer, command.transfer);
      return;
    case Wish::resume:
      if (running) curl_easy_pause(transfer.handle(), CURLPAUSE_CONT);
      return;
    case Wish::drop:
      if (running) end(transfer, CURLE_ABORTED_BY_CALLBACK);
      return;
  }
}

void ClientLoop::end(Transfer& transfer, CURLcode code) {
  const auto keeps_alive = running_.extract(&transfer);
  curl_multi_remove_handle(multi_.get(), transfer.handle());
  transfer.finish(code);
}

void ClientLoop::collect_finished() {
  int left = 0;
  while (const CURLMsg* const message = curl_multi_info_read(multi_.get(), &left)) {
    if (message->msg != CURLMSG_DONE) continue;
    const CURLcode code = message->data.result;
    char* owner = nullptr;
    curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &owner);
    end(*reinterpret_cast<Transfer*>(owner), code);  // NOLINT: a char* is how libcurl hands it back
  }
}

void ClientLoop::run() {
  constexpr int poll_ms = 60'000;  // libcurl wakes earlier for its own time limits
  std::vector<Command> commands;
  while (take_commands(commands)) {
    for (const auto& command : commands) obey(command);
    int running = 0;
    curl_multi_perform(multi_.get(), &running);
    collect_finished();
    curl_multi_poll(multi_.get(), nullptr, 0, poll_ms, nullptr);
  }
  for (const auto& command : commands)
    if (command.wish == Wish::start) command.transfer->finish(CURLE_ABORTED_BY_CALLBACK);
  while (!running_.empty()) end(*running_.begin()->first, CURLE_ABORTED_BY_CALLBACK);
}

}  // namespace nephele::http
