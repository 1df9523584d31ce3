// SPDX-License-Identifier: Apache-2.0
// Runs the user's function: one process tree per call, unprivileged, in its own PID and mount namespace, with limits
// on time, memory, processes, input and output.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <unordered_set>

#include "context.h"
#include "http_server.h"
#include "loop.h"

namespace guest {

struct FunctionLimits {
  static constexpr std::uint64_t input_bytes = 64ULL << 20;
  static constexpr std::size_t output_bytes = 1 << 20;
  static constexpr std::size_t error_bytes = std::size_t{4} * 1024;
  static constexpr std::size_t waiting_calls = 32;
};

class FunctionCall;

class FunctionRunner {
 public:
  FunctionRunner(Loop& loop, const Settings& settings);
  ~FunctionRunner();

  /// Looks again whether a function is there, and makes it executable for its user.
  void refresh();
  bool installed() const { return installed_; }

  /// Answers through the reply: 200 with the function's output, or what went wrong.
  std::unique_ptr<Exchange> call(const Request& request, Reply reply);
  void stop_all();

 private:
  friend class FunctionCall;

  bool has_slot() const;
  void ended(FunctionCall* call);
  void limit_memory();

  Loop& loop_;
  const Settings& settings_;
  bool installed_ = false;
  Fd cgroup_procs_;
  std::unordered_set<FunctionCall*> running_;
  std::deque<FunctionCall*> waiting_;
};

}  // namespace guest
