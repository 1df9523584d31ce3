// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/units.h"

namespace nephele::qemu {

/// What a machine has, or is asked to have.
struct Sizes {
  Cpus cpus;
  Bytes memory;
  Bytes disk;
  friend bool operator==(const Sizes&, const Sizes&) = default;
};

/// vm.json: which process is this machine, and what we know about it. What it *should* be is somebody else's
/// knowledge. Written as a whole before a start, when the pid is known, and when something of it changes.
struct Record {
  enum class Phase : std::uint8_t {
    prepared,  ///< disks exist, never started
    starting,  ///< a process may exist; its pid may not be written yet
    running,   ///< the process answered
    ended,     ///< see `how` and `reason`
  };
  enum class End : std::uint8_t { none, asked, guest_shutdown, panicked, crashed, start_failed, host_restarted };

  std::string id;
  std::string uuid;
  std::int64_t generation = 0;
  Phase phase = Phase::prepared;
  End how = End::none;
  std::string reason;
  bool ready = false;      ///< the guest said so and has not restarted since
  bool stopping = false;   ///< we asked it to end: its end is no news
  bool rebooting = false;  ///< a power-off now is one half of our reboot
  pid_t pid = 0;
  std::uint64_t started = 0;  ///< start time of the process in clock ticks
  std::string boot_id;        ///< of the host
  Sizes sizes;
  Cpus cpus_max;
  Bytes memory_at_start;
  Bytes memory_max;
  std::vector<std::string> links;  ///< "NAME/END" of its ends of private links
};

std::string_view to_string(Record::Phase phase) noexcept;
std::string_view to_string(Record::End end) noexcept;

std::string write_record(const Record& record);
/// `invalid` names what is wrong with the text.
Result<Record> read_record(std::string_view text);

}  // namespace nephele::qemu
