// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"
#include "clouds/opennebula/session.h"

/// Who wants to know of each call to OpenNebula: a log file of its own, metrics.
namespace nephele::opennebula {

/// One call that has ended. Its views live as long as the call to CallLog::ended. Holds no secret: no password, and of
/// the texts nothing whose name says that it is one (without_secrets).
struct CallRecord {
  std::string_view system;             ///< "oned" or "oneflow"
  std::string_view call;               ///< "one.vm.info", "POST /service_template/3/action"
  std::optional<std::int64_t> object;  ///< id of what it is about; of a new object once it is known
  std::string_view user;
  std::chrono::milliseconds took{0};
  const Error* error = nullptr;  ///< null: it went well
  /// What was sent and what came back, for calls whose log is read for it: everything sent, and of answers those that
  /// hold services or documents. Empty unless wants_text().
  std::string_view sent;
  std::string_view received;
};

/// Called on the thread of the call, by many at once.
class CallLog {
 public:
  virtual ~CallLog() = default;
  /// Whether `sent` and `received` are worth their cost (debug).
  virtual bool wants_text() const noexcept { return false; }
  virtual void ended(const CallRecord& record) noexcept = 0;
};

/// `text` with `***` for the session's own credentials (as `user:password`, also in base64) and for every value in it
/// whose name speaks of a secret (SR_AUTH, PASSWORD, TOKEN, KEY, ...), in template text, XML or JSON, also when that is
/// quoted in another text.
std::string without_secrets(std::string_view text, const Session& session);

/// Only the first of that: for words that people are to read, such as an error that quotes what was sent.
std::string without_credentials(std::string text, const Session& session);

/// One call under way: tells the log how it ended, also when its coroutine is cancelled.
class CallNote {
 public:
  /// `log` may be null.
  CallNote(CallLog* log, std::string_view system, std::string_view call, std::optional<std::int64_t> object,
           const Session& session);
  ~CallNote();
  CallNote(const CallNote&) = delete;
  CallNote& operator=(const CallNote&) = delete;

  bool wants_text() const noexcept { return log_ != nullptr && log_->wants_text(); }
  void sent(std::string_view text);
  void received(std::string_view text);
  void about(std::int64_t object) { object_ = object; }
  void ended(const Error* error) noexcept;

 private:
  CallLog* log_;
  std::string system_;
  std::string call_;
  std::optional<std::int64_t> object_;
  const Session& session_;
  SteadyTime begin_ = std::chrono::steady_clock::now();
  std::string sent_;
  std::string received_;
};

}  // namespace nephele::opennebula
