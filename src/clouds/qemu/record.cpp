// SPDX-License-Identifier: Apache-2.0
#include "clouds/qemu/record.h"

#include <fmt/format.h>

#include <array>
#include <limits>
#include <utility>

#include "base/json.h"

namespace nephele::qemu {

namespace {

constexpr std::array<std::string_view, 4> phases{"prepared", "starting", "running", "ended"};
constexpr std::array<std::string_view, 7> ends{"none",    "asked",        "guest_shutdown", "panicked",
                                               "crashed", "start_failed", "host_restarted"};

template <class Enum, std::size_t N>
Enum from_name(const std::array<std::string_view, N>& names, std::string_view name, Enum otherwise) {
  for (std::size_t i = 0; i < N; ++i)
    if (names[i] == name) return static_cast<Enum>(i);
  return otherwise;
}

std::uint64_t number(const json::Value& value, std::string_view name) {
  const json::Value* member = value.at_path({name});
  const std::int64_t n = member != nullptr ? member->integer().value_or(0) : 0;
  return n > 0 ? static_cast<std::uint64_t>(n) : 0;
}

bool flag(const json::Value& value, std::string_view name) {
  const json::Value* member = value.at_path({name});
  const bool* b = member != nullptr ? member->if_bool() : nullptr;
  return b != nullptr && *b;
}

Cpus cpus(const json::Value& value, std::string_view name) {
  const std::uint64_t n = number(value, name);
  return Cpus(n <= std::numeric_limits<std::uint16_t>::max() ? static_cast<std::uint32_t>(n) : 0);
}

}  // namespace

std::string_view to_string(Record::Phase phase) noexcept {
  return phases[std::to_underlying(phase)];
}
std::string_view to_string(Record::End end) noexcept {
  return ends[std::to_underlying(end)];
}

std::string write_record(const Record& record) {
  json::Object o;
  o.append("id", record.id);
  o.append("uuid", record.uuid);
  o.append("generation", record.generation);
  o.append("phase", to_string(record.phase));
  o.append("how", to_string(record.how));
  o.append("reason", record.reason);
  o.append("ready", record.ready);
  o.append("stopping", record.stopping);
  o.append("rebooting", record.rebooting);
  o.append("pid", static_cast<std::int64_t>(record.pid));
  o.append("started", record.started);
  o.append("boot_id", record.boot_id);
  o.append("cpus", record.sizes.cpus.count());
  o.append("memory", record.sizes.memory.count());
  o.append("disk", record.sizes.disk.count());
  o.append("cpus_max", record.cpus_max.count());
  o.append("memory_at_start", record.memory_at_start.count());
  o.append("memory_max", record.memory_max.count());
  json::Array links;
  for (const std::string& link : record.links) links.emplace_back(link);
  o.append("links", std::move(links));
  return json::write(o) + "\n";
}

Result<Record> read_record(std::string_view text) {
  TRY(const json::Value value, json::parse(text));
  if (value.if_object() == nullptr) return fail(Kind::invalid, "a machine's record must be an object");
  Record out;
  out.id = value.text_at({"id"});
  out.uuid = value.text_at({"uuid"});
  if (out.id.empty() || out.uuid.empty()) return fail(Kind::invalid, "a machine's record needs id and uuid");
  out.generation = static_cast<std::int64_t>(number(value, "generation"));
  out.phase = from_name(phases, value.text_at({"phase"}), Record::Phase::prepared);
  out.how = from_name(ends, value.text_at({"how"}), Record::End::none);
  out.reason = value.text_at({"reason"});
  out.ready = flag(value, "ready");
  out.stopping = flag(value, "stopping");
  out.rebooting = flag(value, "rebooting");
  const std::uint64_t pid = number(value, "pid");
  out.pid = pid <= std::numeric_limits<pid_t>::max() ? static_cast<pid_t>(pid) : 0;
  out.started = number(value, "started");
  out.boot_id = value.text_at({"boot_id"});
  out.sizes = {cpus(value, "cpus"), Bytes::of(number(value, "memory")), Bytes::of(number(value, "disk"))};
  out.cpus_max = cpus(value, "cpus_max");
  out.memory_at_start = Bytes::of(number(value, "memory_at_start"));
  out.memory_max = Bytes::of(number(value, "memory_max"));
  const json::Value* links = value.at_path({"links"});
  if (const json::Array* list = links != nullptr ? links->if_array() : nullptr)
    for (const json::Value& link : *list)
      if (const std::string* name = link.if_string()) out.links.push_back(*name);
  return out;
}

}  // namespace nephele::qemu
