// SPDX-License-Identifier: Apache-2.0
#include "compute/admission.h"

#include <fmt/format.h>

namespace nephele::compute {

namespace {
std::string mib(Bytes bytes) {
  return std::to_string(bytes.in_mib());
}
}  // namespace

std::optional<Error> does_not_fit(const Capacity& capacity, const Reserved& reserved,
                                  const std::optional<Sizes>& before, const Sizes& after) {
  if (after.cpus.count() > capacity.cpus_per_machine)
    return Error(Kind::over_quota, fmt::format("not enough CPU: {} asked, a server of this cloud may have {}",
                                               after.cpus.count(), capacity.cpus_per_machine))
        .with("cpus_asked", std::to_string(after.cpus.count()))
        .with("cpus_max", std::to_string(capacity.cpus_per_machine));

  if (after.memory < capacity.memory_least)
    return Error(Kind::over_quota, fmt::format("not enough memory: {} MiB asked, a server of this cloud needs {}",
                                               mib(after.memory), mib(capacity.memory_least)))
        .with("memory_asked_mib", mib(after.memory))
        .with("memory_least_mib", mib(capacity.memory_least));

  const Bytes overhead = capacity.overhead_per_machine * (reserved.machines + (before ? 0 : 1));
  const Bytes memory_used = reserved.memory + overhead - (before ? before->memory : Bytes{});
  const bool grows_memory = !before || after.memory > before->memory;
  if (grows_memory && memory_used + after.memory > capacity.memory)
    return Error(Kind::over_quota, fmt::format("not enough memory: {} MiB asked, {} MiB left of {}", mib(after.memory),
                                               mib(capacity.memory - memory_used), mib(capacity.memory)))
        .with("memory_asked_mib", mib(after.memory))
        .with("memory_left_mib", mib(capacity.memory - memory_used));

  const Bytes disk_used = reserved.disk - (before ? before->disk : Bytes{});
  const bool grows_disk = !before || after.disk > before->disk;
  if (grows_disk && disk_used + after.disk > capacity.disk)
    return Error(Kind::over_quota, fmt::format("not enough disk: {} MiB asked, {} MiB left of {}", mib(after.disk),
                                               mib(capacity.disk - disk_used), mib(capacity.disk)))
        .with("disk_asked_mib", mib(after.disk))
        .with("disk_left_mib", mib(capacity.disk - disk_used));
  return std::nullopt;
}

std::optional<Error> disk_too_small(const Image& image, Bytes disk) {
  if (disk >= image.disk_least) return std::nullopt;
  const auto least = std::to_string(image.disk_least.in_mib_rounded_up());
  return Error(Kind::over_quota,
               fmt::format("not enough disk: {} MiB asked, image {} needs {}", mib(disk), image.id.text(), least))
      .with("disk_asked_mib", mib(disk))
      .with("disk_least_mib", least);
}

}  // namespace nephele::compute
