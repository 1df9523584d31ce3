// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <string>

#include "apps/vcycled/log_lines.h"
#include "base/async.h"
#include "fleet/files.h"

namespace nephele::apps::vcycle {

/// The responder beside a factory: the same program as a child. When it ends it is started again; when the factory is
/// killed it goes on, until the next factory's responder takes its place.
class ResponderProcess {
 public:
  ResponderProcess(const fleet::Files& files, LogLines& log) : files_(files), log_(log) {}
  ~ResponderProcess() { end(); }
  ResponderProcess(const ResponderProcess&) = delete;
  ResponderProcess& operator=(const ResponderProcess&) = delete;

  /// Called at each cycle: one that runs reads its configuration again.
  void keep(bool wanted);
  /// Called each second or so: starts it again when it has ended.
  void look();
  void end();

 private:
  void start();
  bool has_ended();

  const fleet::Files& files_;
  LogLines& log_;
  bool wanted_ = false;
  pid_t pid_ = 0;
  SteadyTime started_{};
};

}  // namespace nephele::apps::vcycle
