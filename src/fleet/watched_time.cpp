// SPDX-License-Identifier: Apache-2.0
#include "fleet/watched_time.h"

#include <time.h>

#include <chrono>
#include <sstream>

namespace nephele::fleet {

namespace {

constexpr seconds tolerated{300};  // what is no jump: clocks that are corrected bit by bit
constexpr seconds believed_after{86'400};

/// "BOOT UPTIME TIME SINCE": the last reading, and the uptime at which the host's clock was first away from it; -1: it
/// is not.
struct Note {
  std::string boot;
  std::int64_t uptime = 0, time = 0, since = -1;
};

std::optional<Note> note_in(const std::string& path) {
  const auto text = read_state(path);
  if (!text) return std::nullopt;
  std::istringstream words(*text);
  Note out;
  if (!(words >> out.boot >> out.uptime >> out.time >> out.since)) return std::nullopt;
  return out;
}

}  // namespace

ClockReading read_clocks() {
  timespec up{};
  ::clock_gettime(CLOCK_BOOTTIME, &up);
  return {.wall = std::chrono::floor<seconds>(std::chrono::system_clock::now()),
          .uptime = seconds{up.tv_sec},
          .boot = read_state("/proc/sys/kernel/random/boot_id").value_or("unknown")};
}

WatchedTime watched_time(const Files& files, const ClockReading& reading) {
  const std::string path = files.lib("clock");
  const std::int64_t uptime = reading.uptime.count();
  WatchedTime out{.now = reading.wall};
  Note next{.boot = reading.boot, .uptime = uptime};
  if (const auto last = note_in(path); last && last->boot == reading.boot && last->uptime <= uptime) {
    const Instant expected{seconds{last->time + uptime - last->uptime}};
    const seconds away = reading.wall - expected;
    const std::int64_t since = last->since < 0 ? uptime : last->since;
    if (std::chrono::abs(away) > tolerated && uptime - since < believed_after.count()) {
      out = {.now = expected, .jumped = away};
      next.since = since;
    }
  }
  next.time = out.now.time_since_epoch().count();
  // Where it cannot be written, the next one reckons from the last that was.
  (void)files.make_folder(files.lib(), 0755);
  (void)files.write(path,
                    next.boot + " " + std::to_string(next.uptime) + " " + std::to_string(next.time) + " " +
                        std::to_string(next.since) + "\n",
                    0644, Durable::no);
  return out;
}

}  // namespace nephele::fleet
