// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <concepts>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"

/// Logs are events with fields: `log.info("server.created", {{"server", id}, {"ms", took}})`. An event's name is
/// stable and greppable; a field's value never holds a secret.
namespace nephele::log {

enum class Level : std::uint8_t { debug, info, warn, error };

std::string_view to_string(Level level) noexcept;
/// "debug", "info", "warn"/"warning", "error" in any case.
std::optional<Level> level_from(std::string_view text) noexcept;

struct Field {
  std::string_view key;
  std::string value;

  Field(std::string_view k, std::string v) : key(k), value(std::move(v)) {}
  Field(std::string_view k, std::string_view v) : key(k), value(v) {}
  Field(std::string_view k, const char* v) : key(k), value(v) {}
  Field(std::string_view k, std::integral auto v) : key(k), value(std::to_string(v)) {}
  Field(std::string_view k, bool v) : key(k), value(v ? "true" : "false") {}
  template <class T>
    requires requires(const T& t) {
      { t.text() } -> std::convertible_to<std::string>;
    }
  Field(std::string_view k, const T& id) : key(k), value(id.text()) {}
};
using Fields = std::initializer_list<Field>;

/// One event on its way to the sinks.
struct Event {
  Time time;
  Level level;
  std::string_view logger;
  std::string_view name;
  Fields fields;
};

/// Where events go. Called by many threads; an implementation locks for itself and never throws.
class Sink {
 public:
  virtual ~Sink() = default;
  virtual void write(const Event& event) noexcept = 0;
  /// Opens its file anew (log rotation by rename).
  virtual void reopen() noexcept {}
};

/// `2026-03-01T12:00:00.250Z INFO compute server.created server=42 ms=12`, without a line end. Values with blanks,
/// controls, quotes or `=` are quoted as in JSON, so one event is one line whatever it holds; what is longer than
/// 4 KiB is cut.
std::string format_line(const Event& event);
/// The same without time and level, which syslog adds for itself.
std::string format_message(const Event& event);

/// `I, [2023-09-06 10:51:55 #41286]  INFO -- : the event's name key=value`, in local time: the lines of Ruby's Logger,
/// as tools of that world read them. Controls in the name are escaped, and nothing is cut.
std::string format_ruby_line(const Event& event);
/// What stands behind its " -- : ".
std::string format_ruby_message(const Event& event);

/// Makes a line of an event, without its end. Called by many threads.
using Format = std::function<std::string(const Event&)>;

/// How a log file looks.
struct FileStyle {
  Format format = format_line;
  std::string maker = {};  ///< an empty file begins with "# Logfile created on DATE by MAKER"; without, with nothing
};

/// Standard error, one line an event.
std::unique_ptr<Sink> standard_error_sink(Format format = format_line);
/// The same on standard output.
std::unique_ptr<Sink> standard_output_sink(Format format = format_line);
/// A file of mode 0640, opened for appending, reopened after reopen(). Fails when it cannot be opened. Lines that a
/// full disk refuses are counted, and the count is written when there is room again.
Result<std::unique_ptr<Sink>> file_sink(std::string path, FileStyle style = {});
/// syslog(3) with this ident, facility USER, option PID.
std::unique_ptr<Sink> syslog_sink(std::string ident, Format format = format_message);

class Logger;

/// The sinks and the level of each named logger ("compute", or "compute.qemu": the longest prefix wins).
/// Composed by main, outlives every Logger.
class Logging {
 public:
  explicit Logging(const Clock& clock, Level level = Level::info);
  ~Logging();
  Logging(const Logging&) = delete;
  Logging& operator=(const Logging&) = delete;

  void add(std::unique_ptr<Sink> sink);
  /// Only before threads start.
  void set_level(std::string prefix, Level level);
  Level level_of(std::string_view logger) const noexcept;
  Logger logger(std::string name);
  void reopen() noexcept;

 private:
  friend class Logger;
  void write(Level level, std::string_view logger, std::string_view event, Fields fields) noexcept;

  const Clock& clock_;
  Level default_;
  std::vector<std::pair<std::string, Level>> levels_;
  std::vector<std::unique_ptr<Sink>> sinks_;
};

/// A named handle, cheap to copy. A default-constructed one drops everything (tests).
class Logger {
 public:
  Logger() = default;

  bool on(Level level) const noexcept { return logging_ != nullptr && level >= level_; }
  void debug(std::string_view event, Fields fields = {}) const noexcept { write(Level::debug, event, fields); }
  void info(std::string_view event, Fields fields = {}) const noexcept { write(Level::info, event, fields); }
  void warn(std::string_view event, Fields fields = {}) const noexcept { write(Level::warn, event, fields); }
  void error(std::string_view event, Fields fields = {}) const noexcept { write(Level::error, event, fields); }

 private:
  friend class Logging;
  Logger(Logging& logging, std::string name, Level level) : logging_(&logging), name_(std::move(name)), level_(level) {}
  void write(Level level, std::string_view event, Fields fields) const noexcept;

  Logging* logging_ = nullptr;
  std::string name_;
  Level level_ = Level::error;
};

}  // namespace nephele::log
