// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "base/log.h"
#include "base/result.h"

namespace nephele::apps {

/// The numbers that Python gives to levels: 10 DEBUG, 20 INFO, 30 WARNING, 40 ERROR, 50 CRITICAL.
int python_level(log::Level level) noexcept;
std::string_view python_level_name(log::Level level) noexcept;

/// A format of Python's logging: "%(asctime)s [%(levelname)-7s] %(name)s %(message)s".
class PythonFormat {
 public:
  /// `datefmt` is strftime's; empty: "2026-03-01 12:00:00,250". Fails for a field that no record of ours has.
  static Result<PythonFormat> parse(std::string_view format, std::string datefmt);

  /// Local time; the logger by Synnefo's name. One line whatever the event holds.
  std::string operator()(const log::Event& event) const;

 private:
  enum class Field : std::uint8_t {
    text,
    asctime,
    created,
    msecs,
    levelname,
    levelno,
    lineno,
    name,
    module,
    message,
    process,
    process_name,
    thread,
    thread_name
  };
  struct Part {
    Field field = Field::text;
    std::string text{};  // for Field::text
    std::size_t width = 0;
    bool left = false;
    char fill = ' ';
  };
  /// The field that `format` begins with; it loses it.
  static Result<Part> take_field(std::string_view& format);
  std::string value_of(const Part& part, const log::Event& event) const;

  std::vector<Part> parts_;
  std::string datefmt_;
};

}  // namespace nephele::apps
