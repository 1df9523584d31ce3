// SPDX-License-Identifier: Apache-2.0
#include "apps/synnefo/log_format.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <ctime>

#include "apps/synnefo/log_names.h"

namespace nephele::apps {

namespace {

std::string local_time(Time time, const char* format) {
  const std::time_t seconds = std::chrono::system_clock::to_time_t(time);
  std::tm local{};
  ::localtime_r(&seconds, &local);
  std::array<char, 256> text{};
  return {text.data(), std::strftime(text.data(), text.size(), format, &local)};
}

std::int64_t milliseconds_of(Time time) {
  const auto rest = to_ms(time) % 1000;
  return rest < 0 ? rest + 1000 : rest;
}

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

}  // namespace

int python_level(log::Level level) noexcept {
  return 10 * (static_cast<int>(level) + 1);
}

std::string_view python_level_name(log::Level level) noexcept {
  return level == log::Level::warn ? "WARNING" : log::to_string(level);
}

Result<PythonFormat> PythonFormat::parse(std::string_view format, std::string datefmt) {
  PythonFormat made;
  made.datefmt_ = std::move(datefmt);
  Part text;
  const auto flush = [&] {
    if (!text.text.empty()) made.parts_.push_back(std::exchange(text, {}));
  };
  while (!format.empty()) {
    const bool percent = format.starts_with("%%");
    if (!percent && format.front() == '%') {
      TRY(Part part, take_field(format));
      flush();
      made.parts_.push_back(std::move(part));
    } else {
      text.text += format.front();
      format.remove_prefix(percent ? 2 : 1);
    }
  }
  flush();
  return made;
}

Result<PythonFormat::Part> PythonFormat::take_field(std::string_view& format) {
  struct Known {
    std::string_view name;
    Field field;
  };
  // Where Python names its file or function, we name our module.
  constexpr std::array fields{Known{"asctime", Field::asctime}, Known{"created", Field::created},
                              Known{"msecs", Field::msecs},     Known{"levelname", Field::levelname},
                              Known{"levelno", Field::levelno}, Known{"name", Field::name},
                              Known{"module", Field::module},   Known{"message", Field::message},
                              Known{"process", Field::process}, Known{"processName", Field::process_name},
                              Known{"thread", Field::thread},   Known{"threadName", Field::thread_name},
                              Known{"filename", Field::module}, Known{"pathname", Field::module},
                              Known{"funcName", Field::module}, Known{"lineno", Field::lineno}};
  const std::size_t close = format.find(')');
  if (!format.starts_with("%(") || close == std::string_view::npos)
    return fail(Kind::invalid, fmt::format("\"{}\" is no field; write %(name)s or %%", format.substr(0, 20)));
  const std::string_view name = format.substr(2, close - 2);
  const auto known = std::ranges::find(fields, name, &Known::name);
  if (known == fields.end())
    return fail(Kind::invalid,
                fmt::format("there is no field %({})s; there are asctime, created, msecs, levelname, levelno, name, "
                            "module, message, process, processName, thread, threadName",
                            name.substr(0, 40)));
  format.remove_prefix(close + 1);
  Part part{.field = known->field};
  for (; format.starts_with('-') || format.starts_with('0'); format.remove_prefix(1)) {
    part.left = part.left || format.front() == '-';
    if (format.front() == '0') part.fill = '0';
  }
  constexpr std::size_t width_max = 1000;
  for (; !format.empty() && is_digit(format.front()) && part.width < width_max; format.remove_prefix(1))
    part.width = part.width * 10 + static_cast<std::size_t>(format.front() - '0');
  while (!format.empty() && (format.front() == '.' || is_digit(format.front()))) format.remove_prefix(1);  // precision
  if (format.empty() || std::string_view("sdfr").find(format.front()) == std::string_view::npos)
    return fail(Kind::invalid, fmt::format("%({}) ends without its letter; write %({})s", name, name));
  format.remove_prefix(1);
  return part;
}

std::string PythonFormat::value_of(const Part& part, const log::Event& event) const {
  switch (part.field) {
    case Field::text:
      return part.text;
    case Field::asctime:
      if (!datefmt_.empty()) return local_time(event.time, datefmt_.c_str());
      return local_time(event.time, "%Y-%m-%d %H:%M:%S") + fmt::format(",{:03}", milliseconds_of(event.time));
    case Field::created:
      return fmt::format("{}.{:03}", to_ms(event.time) / 1000, milliseconds_of(event.time));
    case Field::msecs:
      return std::to_string(milliseconds_of(event.time));
    case Field::levelname:
      return std::string(python_level_name(event.level));
    case Field::levelno:
      return std::to_string(python_level(event.level));
    case Field::lineno:
      return "0";
    case Field::name:
      return event.logger.empty() ? "root" : synnefo_logger(event.logger);
    case Field::module: {
      const std::size_t dot = event.logger.rfind('.');
      return std::string(dot == std::string_view::npos ? event.logger : event.logger.substr(dot + 1));
    }
    case Field::message:
      return log::format_ruby_message(event);
    case Field::process:
      return std::to_string(::getpid());
    case Field::process_name:
      return "MainProcess";
    case Field::thread:
      return std::to_string(::gettid());
    case Field::thread_name:
      return ::gettid() == ::getpid() ? "MainThread" : fmt::format("Thread-{}", ::gettid());
  }
  return {};
}

std::string PythonFormat::operator()(const log::Event& event) const {
  std::string line;
  for (const Part& part : parts_) {
    const std::string value = value_of(part, event);
    const std::string padding(part.width > value.size() ? part.width - value.size() : 0, part.left ? ' ' : part.fill);
    line += part.left ? value + padding : padding + value;
  }
  std::ranges::replace(line, '\n', ' ');  // of the format itself
  return line;
}

}  // namespace nephele::apps
