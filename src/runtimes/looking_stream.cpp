// SPDX-License-Identifier: Apache-2.0
#include "runtimes/looking_stream.h"

#include <algorithm>
#include <array>
#include <limits>
#include <string>
#include <utility>

#include "runtimes/document.h"

namespace nephele::runtimes {
namespace {

/// When the cloud does not answer.
constexpr std::chrono::milliseconds look_again{10'000};

/// A reader may claim to have read any; ids go on for long enough behind this one.
constexpr std::int64_t last_max = std::numeric_limits<std::int64_t>::max() / 2;

constexpr std::array<std::string_view, 4> told_of_a_function{"STATE", "ERROR", "ENDPOINT", "VM_ID"};

const json::Object* function_in(const json::Object& runtime, Role role) {
  const auto* found = runtime.find(to_string(role));
  return found == nullptr ? nullptr : found->if_object();
}

/// What `state` tells of; empty when there is no such function.
json::Object life_of(const json::Object& runtime, Role role) {
  json::Object out;
  const auto* function = function_in(runtime, role);
  if (function == nullptr || !function->contains("STATE")) return out;
  for (const auto name : told_of_a_function)
    if (const auto* value = function->find(name)) out.append(std::string(name), *value);
  return out;
}

/// What `updated` tells of: all else.
json::Object definition_of(json::Object runtime) {
  for (const Role role : roles)
    if (auto* found = runtime.find(to_string(role)); found != nullptr && found->if_object() != nullptr)
      for (const auto name : told_of_a_function) found->if_object()->erase(name);
  return runtime;
}

bool is_let_in(const Refusal& refusal) {
  return !refusal.cause || (refusal.cause->kind() != Kind::unauthorized && refusal.cause->kind() != Kind::forbidden);
}

}  // namespace

LookingStream::LookingStream(RuntimeCloud& cloud, const EventLog& log, Caller caller, const View& present,
                             std::int64_t last)
    : cloud_(cloud), log_(log), caller_(std::move(caller)), id_(present.id), last_(std::min(last, last_max)) {
  compare(present);
}

void LookingStream::tell(std::string_view type, json::Object data) {
  waiting_.push_back(
      {.id = std::to_string(++last_), .event = std::string(type), .data = log_.told(id_, std::move(data))});
}

void LookingStream::compare(const View& view) {
  auto parsed = json::parse(view.runtime, document_limits);
  if (!parsed || parsed->if_object() == nullptr) return;  // it is our own text
  auto now = std::move(*parsed->if_object());
  for (const Role role : roles) {
    auto life = life_of(now, role);
    if (life.empty() || life == life_of(seen_, role)) continue;
    life.erase("VM_ID");
    json::Object data;
    data.append("FUNCTION", to_string(role));
    for (auto& [name, value] : life) data.append(name, std::move(value));
    tell("state", std::move(data));
  }
  if (!seen_.empty() && definition_of(now) != definition_of(seen_)) {
    json::Object data;
    if (const auto* name = now.find("NAME")) data.append("NAME", *name);
    tell("updated", std::move(data));
  }
  seen_ = std::move(now);
}

Task<Result<std::optional<http::ServerEvent>>> LookingStream::next() {
  auto pause = look_every;
  while (waiting_.empty() && !ended_) {
    co_await sleep_for(pause);
    const auto view = co_await cloud_.read(caller_, id_);
    pause = view ? look_every : look_again;
    if (view) {
      compare(*view);
    } else if (view.error().code == Code::not_found) {
      tell("deleted", {});
      ended_ = true;
    } else if (!is_let_in(view.error())) {
      ended_ = true;
    }
  }
  if (waiting_.empty()) co_return std::nullopt;
  auto event = std::move(waiting_.front());
  waiting_.pop_front();
  co_return event;
}

}  // namespace nephele::runtimes
