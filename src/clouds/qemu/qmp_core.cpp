// SPDX-License-Identifier: Apache-2.0
#include "clouds/qemu/qmp_core.h"

#include <fmt/format.h>

#include <utility>

namespace nephele::qemu {

namespace {

// Only the class is stable; the text is for people.
Error error_of(const json::Value& error) {
  const std::string_view name = error.text_at({"class"});
  const std::string_view text = error.text_at({"desc"});
  Kind kind = Kind::unavailable;
  if (name == "DeviceNotFound") kind = Kind::not_found;
  if (name == "CommandNotFound") kind = Kind::internal;
  return Error(kind, fmt::format("the hypervisor answers: {}", text)).with("class", std::string(name));
}

std::int64_t time_of(const json::Value& message) {
  const json::Value* seconds = message.at_path({"timestamp", "seconds"});
  const json::Value* micros = message.at_path({"timestamp", "microseconds"});
  const std::int64_t s = seconds != nullptr ? seconds->integer().value_or(0) : 0;
  const std::int64_t us = micros != nullptr ? micros->integer().value_or(0) : 0;
  constexpr std::int64_t s_max = 1LL << 40;  // keeps the product inside 64 bits whatever was sent
  if (s < 0 || s > s_max || us < 0 || us >= 1'000'000) return 0;
  return s * 1'000'000 + us;
}

}  // namespace

std::vector<QmpCore::Happening> QmpCore::feed(std::string_view bytes) {
  std::vector<Happening> out;
  if (broken_) return out;
  rest_ += bytes;
  std::size_t start = 0;
  for (;;) {
    const std::size_t end = rest_.find('\n', start);
    if (end == std::string::npos) break;
    std::string_view line(rest_.data() + start, end - start);
    start = end + 1;
    while (!line.empty() && (line.back() == '\r' || line.back() == ' ')) line.remove_suffix(1);
    if (line.empty()) continue;
    out.push_back(read_line(line));
    if (std::holds_alternative<Broken>(out.back())) {
      broken_ = true;
      return out;
    }
  }
  rest_.erase(0, start);
  if (rest_.size() > line_bytes_max) {
    broken_ = true;
    out.emplace_back(Broken{"a line of more than 4 MiB"});
  }
  return out;
}

QmpCore::Happening QmpCore::read_line(std::string_view line) {
  auto parsed = json::parse(line);
  if (!parsed) return Broken{parsed.error().sentence()};
  const json::Object* message = parsed->if_object();
  if (message == nullptr) return Broken{"a message that is no object"};
  if (message->contains("QMP")) return Greeting{};
  if (message->contains("event")) {
    const json::Value* data = message->find("data");
    return QmpEvent{std::string(parsed->text_at({"event"})), data != nullptr ? *data : json::Value(json::Object{}),
                    time_of(*parsed)};
  }
  const json::Value* id = message->find("id");
  const std::int64_t number = id != nullptr ? id->integer().value_or(-1) : -1;
  if (number < 0) {
    // QEMU answers without an id only what it could not read: the conversation is out of step.
    return Broken{fmt::format("an answer without our id: {}", parsed->text_at({"error", "desc"}))};
  }
  if (const json::Value* value = message->find("return")) return Reply{static_cast<std::uint64_t>(number), *value};
  if (const json::Value* error = message->find("error"))
    return Reply{static_cast<std::uint64_t>(number), fail(error_of(*error))};
  return Broken{"a message that is neither greeting, event nor answer"};
}

std::string QmpCore::command(std::uint64_t id, std::string_view name, json::Object arguments) {
  json::Object line;
  line.append("execute", name);
  if (!arguments.empty()) line.append("arguments", std::move(arguments));
  line.append("id", id);
  return json::write(line) + "\n";
}

}  // namespace nephele::qemu
