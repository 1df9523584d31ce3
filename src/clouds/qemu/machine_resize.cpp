// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "clouds/qemu/command_line.h"
#include "clouds/qemu/machine.h"

namespace nephele::qemu {

namespace {
constexpr std::chrono::milliseconds plug_limit{5'000};
constexpr std::chrono::milliseconds balloon_look{50};
constexpr std::chrono::milliseconds balloon_stuck{5'000};  // without a step: the guest cannot give more

json::Object object(std::initializer_list<std::pair<const char*, json::Value>> members) {
  json::Object out;
  for (const auto& [name, value] : members) out.append(name, value);
  return out;
}
}  // namespace

Task<Result<Machine::Resized>> Machine::resize(Sizes wanted) {
  const Pointer self = shared_from_this();
  if (wanted.disk < record_.sizes.disk)
    co_return fail(Kind::invalid, fmt::format("a disk never shrinks: it has {} MiB and {} were asked for",
                                              record_.sizes.disk.in_mib(), wanted.disk.in_mib()));
  if (process_ended_) co_return fail(Kind::conflict, "the machine is not running");
  if (disk_stopped_) co_return fail(Kind::unavailable, "the machine is paused because its disk cannot be written");
  if (wanted.cpus < record_.sizes.cpus || wanted.cpus > std::max(record_.cpus_max, record_.sizes.cpus) ||
      wanted.memory > std::max(record_.memory_max, record_.memory_at_start) || !record_.ready)
    co_return Resized::needs_restart;

  if (wanted.disk > record_.sizes.disk) {
    CO_TRY_VOID(co_await grow_disk(wanted.disk));
  }
  CO_TRY(const bool memory_done, co_await set_memory(wanted.memory));
  if (memory_done) record_.sizes.memory = wanted.memory;
  bool cpus_done = false;
  if (memory_done) {
    CO_TRY(cpus_done, co_await add_cpus(wanted.cpus));
    if (cpus_done) record_.sizes.cpus = wanted.cpus;
  }
  co_await save();
  co_return memory_done&& cpus_done ? Resized::live : Resized::needs_restart;
}

Task<Result<>> Machine::grow_disk(Bytes size) {
  CO_TRY_VOID(co_await ask("block_resize", object({{"node-name", "d0"}, {"size", size.count()}})));
  record_.sizes.disk = size;
  co_return Result<>{};
}

Task<Result<std::uint64_t>> Machine::balloon_now() {
  CO_TRY(const json::Value answer, co_await ask("query-balloon"));
  const json::Value* actual = answer.at_path({"actual"});
  const std::int64_t bytes = actual != nullptr ? actual->integer().value_or(-1) : -1;
  if (bytes < 0) co_return fail(Kind::unavailable, "the hypervisor does not tell the machine's memory");
  co_return static_cast<std::uint64_t>(bytes);
}

/// True when the machine has exactly `wanted`; false when the guest did not follow (then it has what it had).
Task<Result<bool>> Machine::set_memory(Bytes wanted) {
  CO_TRY(const std::uint64_t before, co_await balloon_now());
  if (before == wanted.count()) co_return true;
  if (wanted > record_.memory_at_start) {
    CO_TRY_VOID(co_await plug_memory());
  }
  CO_TRY(const bool reached, co_await reach_balloon(wanted));
  if (reached) co_return true;
  CO_TRY(const bool back, co_await reach_balloon(Bytes::of(before)));
  if (!back) around_.log.warn("vm.memory_between", {{"vm", record_.id}});
  co_return false;
}

// One device up to the ceiling, plugged at the first growth; the balloon takes what is too much.
Task<Result<>> Machine::plug_memory() {
  CO_TRY(const json::Value devices, co_await ask("query-memory-devices"));
  if (const json::Array* list = devices.if_array(); list != nullptr && !list->empty()) co_return Result<>{};
  const Bytes size = growth_device(record_.memory_at_start, record_.memory_max);
  if (size.count() == 0) co_return Result<>{};
  // Left by an earlier controller that died between the two commands.
  (void)co_await ask("object-del", object({{"id", "mem1"}}));
  CO_TRY_VOID(co_await ask("object-add",
                           object({{"qom-type", "memory-backend-memfd"}, {"id", "mem1"}, {"size", size.count()}})));
  accepted_devices_.erase("dimm1");
  CO_TRY_VOID(co_await ask("device_add", object({{"driver", "pc-dimm"}, {"id", "dimm1"}, {"memdev", "mem1"}})));
  // Before the guest has taken it, the balloon would grow out of the memory that it works with.
  co_await wait_for(changed_, [this] { return accepted_devices_.contains("dimm1") || process_ended_; }, in(plug_limit));
  co_return Result<>{};
}

Task<Result<bool>> Machine::reach_balloon(Bytes target) {
  CO_TRY_VOID(co_await ask("balloon", object({{"value", target.count()}})));
  std::uint64_t seen = 0;
  SteadyTime last_step = std::chrono::steady_clock::now();
  for (;;) {
    CO_TRY(const std::uint64_t now, co_await balloon_now());
    if (now == target.count()) co_return true;
    if (now != seen) last_step = std::chrono::steady_clock::now();
    if (std::chrono::steady_clock::now() - last_step > balloon_stuck) co_return false;
    seen = now;
    co_await sleep_for(balloon_look);
  }
}

Task<Result<bool>> Machine::add_cpus(Cpus wanted) {
  std::uint32_t have = record_.sizes.cpus.count();
  if (wanted.count() <= have) co_return true;
  CO_TRY(const json::Value places, co_await ask("query-hotpluggable-cpus"));
  std::vector<std::pair<std::int64_t, const json::Value*>> free;
  if (const json::Array* list = places.if_array()) {
    for (const json::Value& place : *list) {
      const json::Value* core = place.at_path({"props", "core-id"});
      if (place.at_path({"qom-path"}) == nullptr && core != nullptr)
        free.emplace_back(core->integer().value_or(0), &place);
    }
  }
  std::sort(free.begin(), free.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  for (const auto& [core, place] : free) {
    if (have == wanted.count()) break;
    const json::Value* props = place->at_path({"props"});
    json::Object arguments = props->if_object() != nullptr ? *props->if_object() : json::Object{};
    const std::string id = fmt::format("cpu{}", core);
    arguments.set("driver", place->text_at({"type"}));
    arguments.set("id", id);
    accepted_devices_.erase(id);
    CO_TRY_VOID(co_await ask("device_add", std::move(arguments)));
    record_.sizes.cpus = Cpus(++have);
    const auto accepted = [this, id] { return accepted_devices_.contains(id) || process_ended_; };
    if (!co_await wait_for(changed_, accepted, in(plug_limit))) co_return false;
    if (accepted_devices_[id] != 0) co_return false;
  }
  co_return have == wanted.count();
}

}  // namespace nephele::qemu
