// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>

#include "apps/provision_engine/conf.h"
#include "base/log.h"
#include "clouds/opennebula/call_log.h"
#include "runtimes/engine_tale.h"

/// engine.log, CloudClient.log and syslog, as the Provision Engine's guide shows them.
namespace nephele::apps::engine {

/// The component that speaks with OpenNebula; the name of its logger and of its file.
inline constexpr std::string_view cloud_client = "CloudClient";
inline constexpr std::string_view engine_component = "engine";

/// The file that begins anew with each engine call: when one begins while none is under way, and the file has lines of
/// an earlier one. The old ones are kept as NAME.UNIXTIME, only a few of them.
class CallFile final : public log::Sink {
 public:
  /// Fails when the file cannot be opened.
  static Result<std::unique_ptr<CallFile>> open(std::string path, log::Level level);
  void write(const log::Event& event) noexcept override;
  void reopen() noexcept override;
  void call_begins();
  void call_ends();

 private:
  CallFile(std::string path, std::unique_ptr<log::Sink> file, log::Level level);
  void begin_anew();
  void name_component() noexcept;

  const std::string path_;
  std::mutex mutex_;
  std::unique_ptr<log::Sink> file_;
  const log::Level level_;
  std::deque<std::string> old_;  ///< their names; the newest last
  int under_way_ = 0;
  bool has_lines_ = false;  ///< of calls: a file without any serves the next one
};

/// Sets the sinks up as the configuration says; engine.log of before is kept as engine.log.UNIXTIME. The answer, which
/// may be null, belongs to `logging`.
Result<CallFile*> open_logs(const Conf& conf, log::Logging& logging);

/// What begins and ends with each request; `file` may be null, and outlives the tale.
runtimes::EngineTale::Frame frame_of(CallFile* file);

/// One DEBUG line for each call to OpenNebula, with what was sent and received.
class CallLines final : public opennebula::CallLog {
 public:
  explicit CallLines(log::Logger log) : log_(std::move(log)) {}
  bool wants_text() const noexcept override { return log_.on(log::Level::debug); }
  void ended(const opennebula::CallRecord& record) noexcept override;

 private:
  log::Logger log_;
};

}  // namespace nephele::apps::engine
