// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <utility>

#include "base/file_handle.h"
#include "base/log.h"
#include "base/result.h"

/// A process that goes on when the one that started it has ended: what every program here that is a server does alike.
namespace nephele::apps {

/// Tells the process that waits for us how the start went: "ok ..." or the reason.
class Starter {
 public:
  Starter() = default;  ///< nobody waits
  explicit Starter(FileHandle pipe) : pipe_(std::move(pipe)) {}
  void tell(const std::string& text);

 private:
  FileHandle pipe_;
};

/// What became of a child.
struct Started {
  int pid = 0;
  std::string told;  ///< what it told its Starter; empty when it ended without a word
};

/// Runs `body` in a child with a session of its own, whose standard streams are `output` (its standard input is empty),
/// and waits until it has told how its start went, or has ended; `timeout` after `limit`, and the child goes on. Before
/// any thread runs.
Result<Started> start_detached(FileHandle output, const std::function<int(Starter&)>& body,
                               std::chrono::milliseconds limit = std::chrono::minutes(10));

/// Blocks until SIGTERM or SIGINT; SIGHUP opens the log anew.
void wait_for_end(log::Logging& logging, const std::function<void()>& every_hour = [] {});

}  // namespace nephele::apps
