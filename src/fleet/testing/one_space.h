// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "base/io_threads.h"
#include "base/temp_directory.h"
#include "fleet/space_cycle.h"
#include "fleet/testing/deaths.h"

/// One space with one machinetype and its files in a temporary directory, for tests of cycles on some cloud.
namespace nephele::fleet::testing {

class OneSpace {
 public:
  OneSpace() {
    space.name = "vcycle01.example.com";
    MachineType type;
    type.name = "a";
    type.user_data = "/template";
    type.target_share = 1;
    type.backoff = type.fizzle = seconds{60};
    space.types.push_back(type);
    directory.write("template", "\n#!/bin/sh\necho ##user_data_space##\n\n");
    directory.write("key.pub",
                    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHUBj6mEJqOAlYRPhkiJyEkXLlDIm5cwKXSn2WFEB4ra root\n");
  }

  static Instant at(std::int64_t second) { return Instant{seconds{1'700'000'000 + second}}; }

  /// Throws Died before its step number `die_at`; `steps` are those that it came to.
  SpaceReport cycle(Cloud& cloud, IoThreads& threads, std::int64_t second, int die_at = 0) {
    return cycle(cloud, threads, at(second), die_at);
  }
  SpaceReport cycle(Cloud& cloud, IoThreads& threads, Instant now, int die_at = 0) {
    steps.clear();
    lines.clear();
    const Files files(directory.path().string(), "vm", [&](std::string_view what) {
      steps.emplace_back(what);
      if (static_cast<int>(steps.size()) == die_at) throw Died{};
    });
    SpaceCycle one(space, cloud, files,
                   {.now = now,
                    .seed = static_cast<std::uint64_t>(now.time_since_epoch().count()),
                    .version = "04.00",
                    .call_limit = std::chrono::seconds(20)},
                   [this](const std::string& line) { lines.push_back(line); });
    return threads.run(one.run());
  }

  std::string place(const std::string& below) const {
    return directory / ("var/lib/vcycle/shared/spaces/vcycle01.example.com/" + below);
  }
  std::vector<std::string> folders(const std::string& where) const {
    return names_in(place(where)).value_or(std::vector<std::string>{});
  }
  /// "(none)" where there is no such file.
  std::string state(const std::string& file) const { return read_state(place(file)).value_or("(none)"); }
  /// The texts of all accounting records.
  std::vector<std::string> records() const {
    std::vector<std::string> out;
    const auto archive = directory.path() / "var/lib/vcycle/apel-archive";
    if (!std::filesystem::exists(archive)) return out;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(archive))
      if (entry.is_regular_file())
        out.push_back(directory.read(std::filesystem::relative(entry.path(), directory.path()).string()));
    return out;
  }

  InMemory first;
  TempDirectory directory;
  Space space;
  std::vector<std::string> lines, steps;
};

}  // namespace nephele::fleet::testing
