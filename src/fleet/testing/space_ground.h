// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "base/io_threads.h"
#include "base/temp_directory.h"
#include "fleet/space_cycle.h"
#include "fleet/testing/deaths.h"
#include "fleet/testing/fake_cloud.h"

namespace nephele::fleet::testing {

/// Seconds after the beginning of these stories.
inline Instant moment(std::int64_t second) {
  return Instant{seconds{1'700'000'000 + second}};
}

/// A space with one machinetype on a cloud that does what it is told, below a folder of its own.
struct Ground {
  explicit Ground(std::int64_t limit = 10) {
    space.name = "s.example.com";
    space.processors_limit = limit;
    MachineType type;
    type.name = "a";
    type.user_data = "/template";
    type.target_share = 1;
    type.backoff = type.fizzle = seconds{60};
    type.flavor_names = {"small"};
    space.types.push_back(type);
    directory.write("template", "#!/bin/sh\n# ##user_data_machine_hostname## ##user_data_option_x##\n");
  }

  SpaceReport cycle(std::int64_t second, const std::string& node = "vm", int die_at = 0) {
    int steps = 0;
    const Files files(directory.path().string(), node, [&](std::string_view what) {
      steps_seen.emplace_back(what);
      if (++steps == die_at) throw Died{};
      if (at_step) at_step(steps);
    });
    cloud.now = moment(second);
    lines.clear();
    SpaceCycle cycle(space, cloud, files,
                     {.now = moment(second),
                      .seed = static_cast<std::uint64_t>(second) + 7,
                      .version = "04.00",
                      .call_limit = call_limit,
                      .files_behind = files_behind,
                      .heard_since = heard_since,
                      .longest = longest,
                      .keys = keys},
                     [this](const std::string& line) { lines.push_back(line); });
    return threads.run(cycle.run());
  }

  std::string folder(const std::string& where = "current") const {
    return directory / ("var/lib/vcycle/shared/spaces/s.example.com/" + where);
  }
  std::vector<std::string> names(const std::string& where = "current") const {
    return names_in(folder(where)).value_or(std::vector<std::string>{});
  }
  std::string state(const std::string& file) const { return read_state(folder() + "/" + file).value_or("(none)"); }
  /// The jobs of all records below, in order.
  std::vector<std::string> jobs(const std::string& where) const {
    std::vector<std::string> out;
    const std::filesystem::path below = directory.path() / "var/lib/vcycle" / where;
    if (!std::filesystem::exists(below)) return out;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(below)) {
      if (!entry.is_regular_file()) continue;
      const std::string text = directory.read(std::filesystem::relative(entry.path(), directory.path()).string());
      const auto begin = text.find("LocalJobId: ") + 12;
      out.push_back(text.substr(begin, text.find('\n', begin) - begin));
    }
    std::ranges::sort(out);
    return out;
  }
  /// What ssmsend does.
  void send() {
    for (const auto& job : jobs("apel-outgoing")) sent.push_back(job);
    std::filesystem::remove_all(directory.path() / "var/lib/vcycle/apel-outgoing");
  }

  InMemory first;
  TempDirectory directory;
  Space space;
  FakeCloud cloud;
  seconds longest = lease_length, files_behind{0};
  std::optional<Instant> heard_since;
  std::chrono::milliseconds call_limit{500};
  std::function<void(int)> at_step;
  Workers* keys = nullptr;
  IoThreads threads{1};
  std::vector<std::string> lines, steps_seen, sent;
};

}  // namespace nephele::fleet::testing
