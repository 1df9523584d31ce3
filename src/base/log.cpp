// SPDX-License-Identifier: Apache-2.0
#include "base/log.h"

#include <fmt/format.h>

#include <unistd.h>

#include <algorithm>
#include <array>
#include <ctime>

#include "base/ascii.h"
#include "base/visible.h"

namespace nephele::log {

namespace {

struct LevelName {
  std::string_view name;
  Level level;
};
constexpr std::array level_names{LevelName{"debug", Level::debug}, LevelName{"info", Level::info},
                                 LevelName{"warn", Level::warn}, LevelName{"warning", Level::warn},
                                 LevelName{"error", Level::error}};

bool same_word(std::string_view a, std::string_view b) noexcept {
  return std::ranges::equal(a, b, [](char x, char y) { return ascii::lower(x) == y; });
}

bool stands_alone(std::string_view text) noexcept {
  if (text.empty()) return false;
  return std::ranges::all_of(text, [](char c) { return c > ' ' && c != '"' && c != '=' && c != '\\' && c != '\x7f'; });
}

void quote_to(std::string_view text, std::string& out) {
  out += '"';
  append_visible(text, Quotes::escaped, out);
  out += '"';
}

void value_to(std::string_view text, std::string& out) {
  constexpr std::size_t value_bytes_max = 4096;
  if (stands_alone(text) && text.size() <= value_bytes_max) {
    out += text;
    return;
  }
  if (text.size() <= value_bytes_max) {
    quote_to(text, out);
    return;
  }
  std::size_t end = value_bytes_max;
  while (end > value_bytes_max - 4 && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80) --end;
  quote_to(std::string(text.substr(0, end)) + "...", out);
}

void fields_to(const Event& event, std::string& out) {
  for (const Field& field : event.fields) {
    out += ' ';
    value_to(field.key, out);
    out += '=';
    value_to(field.value, out);
  }
}

}  // namespace

std::string_view to_string(Level level) noexcept {
  switch (level) {
    case Level::debug:
      return "DEBUG";
    case Level::info:
      return "INFO";
    case Level::warn:
      return "WARN";
    case Level::error:
      return "ERROR";
  }
  return "ERROR";
}

std::optional<Level> level_from(std::string_view text) noexcept {
  for (const auto& [name, level] : level_names)
    if (same_word(text, name)) return level;
  return std::nullopt;
}

std::string format_message(const Event& event) {
  std::string out;
  value_to(event.logger.empty() ? std::string_view("-") : event.logger, out);
  out += ' ';
  value_to(event.name, out);
  fields_to(event, out);
  return out;
}

std::string format_line(const Event& event) {
  return fmt::format("{} {} {}", iso8601(event.time), to_string(event.level), format_message(event));
}

std::string format_ruby_message(const Event& event) {
  std::string out;
  append_visible(event.name, Quotes::as_they_are, out);
  fields_to(event, out);
  return out;
}

namespace {

/// The local time of lines, made once a second: strftime and the time zone cost more than the rest of a line.
std::string_view local_second(std::time_t seconds) {
  struct Made {
    std::time_t of = -1;
    std::array<char, 32> text{};
    std::size_t length = 0;
  };
  thread_local Made made;
  if (made.of != seconds || made.length == 0) {
    std::tm local{};
    ::localtime_r(&seconds, &local);
    made.length = std::strftime(made.text.data(), made.text.size(), "%Y-%m-%d %H:%M:%S", &local);
    made.of = seconds;
  }
  return {made.text.data(), made.length};
}

}  // namespace

std::string format_ruby_line(const Event& event) {
  constexpr std::size_t level_width = 5;
  const auto level = to_string(event.level);
  std::string out;
  out.reserve(64 + event.name.size());
  out += level.front();
  out.append(", [").append(local_second(std::chrono::system_clock::to_time_t(event.time)));
  out.append(" #").append(std::to_string(::getpid())).append("] ");
  out.append(level_width - std::min(level_width, level.size()), ' ').append(level).append(" -- : ");
  append_visible(event.name, Quotes::as_they_are, out);
  fields_to(event, out);
  return out;
}

Logging::Logging(const Clock& clock, Level level) : clock_(clock), default_(level) {}
Logging::~Logging() = default;

void Logging::add(std::unique_ptr<Sink> sink) {
  sinks_.push_back(std::move(sink));
}

void Logging::set_level(std::string prefix, Level level) {
  const auto present = std::ranges::find(levels_, prefix, &std::pair<std::string, Level>::first);
  if (present != levels_.end()) {
    present->second = level;
  } else {
    levels_.emplace_back(std::move(prefix), level);
  }
}

Level Logging::level_of(std::string_view logger) const noexcept {
  Level found = default_;
  std::size_t longest = 0;
  for (const auto& [prefix, level] : levels_) {
    // "compute" covers "compute" and "compute.qemu", not "computer"
    const bool covers = logger.starts_with(prefix) &&
                        (prefix.empty() || logger.size() == prefix.size() || logger[prefix.size()] == '.');
    if (!covers || prefix.size() < longest) continue;
    found = level;
    longest = prefix.size();
  }
  return found;
}

Logger Logging::logger(std::string name) {
  const Level level = level_of(name);
  return {*this, std::move(name), level};
}

void Logging::reopen() noexcept {
  for (const auto& sink : sinks_) sink->reopen();
}

void Logging::write(Level level, std::string_view logger, std::string_view event, Fields fields) noexcept {
  const Event one{.time = clock_.now(), .level = level, .logger = logger, .name = event, .fields = fields};
  for (const auto& sink : sinks_) sink->write(one);
}

void Logger::write(Level level, std::string_view event, Fields fields) const noexcept {
  if (on(level)) logging_->write(level, name_, event, fields);
}

}  // namespace nephele::log
