// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <condition_variable>
#include <map>
#include <thread>
#include <vector>

#include "http/client_transfer.h"

namespace nephele::http {

/// The one thread that runs libcurl, and the pool of connections.
class ClientLoop {
 public:
  explicit ClientLoop(const ClientSettings& settings);
  ~ClientLoop();
  ClientLoop(const ClientLoop&) = delete;
  ClientLoop& operator=(const ClientLoop&) = delete;

  void start(std::shared_ptr<Transfer> transfer);
  /// Goes on after the sink has taken a block or the next one was given.
  void resume(std::shared_ptr<Transfer> transfer);
  /// Nobody waits any more.
  void drop(std::shared_ptr<Transfer> transfer);

 private:
  enum class Wish : std::uint8_t { start, resume, drop };
  struct Command {
    Wish wish;
    std::shared_ptr<Transfer> transfer;
  };
  struct CloseMulti {
    void operator()(CURLM* multi) const noexcept { curl_multi_cleanup(multi); }
  };

  void tell(Wish wish, std::shared_ptr<Transfer> transfer);
  bool take_commands(std::vector<Command>& into);
  void obey(const Command& command);
  void collect_finished();
  void end(Transfer& transfer, CURLcode code);
  void run();

  std::unique_ptr<CURLM, CloseMulti> multi_;
  std::map<Transfer*, std::shared_ptr<Transfer>> running_;  // of the thread
  std::mutex mutex_;
  std::vector<Command> commands_;
  bool closing_ = false;
  std::jthread thread_;
};

}  // namespace nephele::http
