// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <string>
#include <vector>

#include "apps/vcycled/log_lines.h"
#include "apps/vcycled/manager.h"
#include "apps/vcycled/responder_process.h"
#include "base/io_threads.h"
#include "base/workers.h"

namespace nephele::apps::vcycle {

/// Tells others of each cycle: VacMon, GLUE files, and the responder of this host, which it keeps and asks. What takes
/// long (names that nobody resolves) goes on beside the cycles, and what fails is told in the log only.
class Publisher final : public Witness {
 public:
  /// `responder`: none in rehearsals, nor is then anything sent.
  Publisher(const fleet::Files& files, IoThreads& threads, LogLines& log, ResponderProcess* responder)
      : files_(files), threads_(threads), log_(log), responder_(responder) {}
  ~Publisher() override { ending_ = true; }
  Publisher(const Publisher&) = delete;
  Publisher& operator=(const Publisher&) = delete;

  void configured(const fleet::Configuration& config) override;
  void reported(const fleet::Space& space, const fleet::SpaceReport& report) override;

 private:
  void write_glue(const fleet::SpaceReport& report);
  void forget_glue(const fleet::Configuration& config);
  void send(const std::vector<std::string>& hostports, std::vector<std::string> datagrams, const std::string& what);
  void ask_responder(const fleet::FactorySettings& settings, const std::string& space);

  const fleet::Files& files_;
  IoThreads& threads_;
  LogLines& log_;
  ResponderProcess* const responder_;
  std::atomic<bool> ending_ = false;
  Workers senders_{"monitoring", 1, 256};
  Workers asker_{"the responder's check", 1, 1};
};

}  // namespace nephele::apps::vcycle
