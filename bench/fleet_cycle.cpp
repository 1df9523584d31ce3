// SPDX-License-Identifier: Apache-2.0
// What a cycle costs: 10,000 machines that run in 10 spaces, and 30,000 that have ended in the last days, on clouds
// that answer at once, with their files in the folder given. Prints of the second cycle, in which nothing is created or
// ended: seconds, seconds of CPU, and the most memory in MiB.
#include <sys/resource.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <memory>

#include "base/io_threads.h"
#include "fleet/space_cycle.h"
#include "fleet/testing/fake_cloud.h"

namespace {

using namespace nephele;         // NOLINT(google-build-using-namespace): a program of its own
using namespace nephele::fleet;  // NOLINT(google-build-using-namespace)

constexpr int spaces = 10;
constexpr int machines_of_space = 1'000;
constexpr int ended_of_space = 3'000;
constexpr Instant now{seconds{1'800'000'000}};

struct Place {
  Place(const Files& files, int number) : cycle_files(files) {
    space.name = "s" + std::to_string(number) + ".example.com";
    space.processors_limit = machines_of_space;
    auto& type = space.types.emplace_back();
    type.name = "a";
    type.user_data = "u";
    type.backoff = type.fizzle = seconds{600};
    type.target_share = 1;
    for (int i = 0; i < machines_of_space; ++i) add("vcycle-a-" + std::to_string(1'000'000'000 + i));
    for (int i = 0; i < ended_of_space; ++i) add_ended("vcycle-a-" + std::to_string(2'000'000'000 + i));
  }
  void add_ended(const std::string& name) {
    const std::string folder = cycle_files.deleted(space.name, name);
    std::filesystem::create_directories(folder);
    const auto put = [&](const char* file, const std::string& text) { std::ofstream(folder + "/" + file) << text; };
    put("moved", to_text(now - seconds{3'600}));
    put("manager", cycle_files.node());
    put("ended", R"({"state":"staged","stopped":1799990000,"publish":false,"name":"20270115/00000000000000","node":")" +
                     cycle_files.node() + R"(","record":"a page of text"})");
  }
  void add(const std::string& name) {
    const std::string folder = cycle_files.current(space.name, name);
    std::filesystem::create_directories(folder + "/jobfeatures");
    std::filesystem::create_directories(folder + "/joboutputs");
    const auto put = [&](const char* file, const std::string& text) { std::ofstream(folder + "/" + file) << text; };
    const std::string then = to_text(now - seconds{3'600});
    for (const char* file : {"created", "updated", "started", "manager_heartbeat"}) put(file, then);
    put("manager", cycle_files.node());
    put("machinetype_name", "a");
    put("limits", limits_text(space.types[0].lifetime(), "", ""));
    put("jobfeatures/job_id", "u-" + name);
    put("jobfeatures/allocated_cpu", "1");
    put("jobfeatures/max_rss_bytes", "2147483648");
    CloudMachine machine{.id = "u-" + name, .name = name, .state = State::running, .machinetype = "a"};
    machine.processors = 1;
    machine.started = now - seconds{3'600};
    cloud.machines.push_back(std::move(machine));
  }

  const Files& cycle_files;
  Space space;
  testing::FakeCloud cloud;
};

double round(IoThreads& threads, std::vector<std::unique_ptr<Place>>& places, Instant when) {
  const auto began = std::chrono::steady_clock::now();
  std::vector<std::unique_ptr<SpaceCycle>> cycles;
  std::vector<std::future<SpaceReport>> reports;
  const auto executors = threads.executors();
  std::size_t lines = 0;
  for (auto& place : places) {
    cycles.push_back(std::make_unique<SpaceCycle>(place->space, place->cloud, place->cycle_files,
                                                  CycleSettings{.now = when, .seed = 1}, [](const std::string&) {}));
    reports.push_back(asio::co_spawn(executors[lines++ % executors.size()], cycles.back()->run(), asio::use_future));
  }
  for (auto& report : reports)
    if (report.get().seen.size() != machines_of_space) return -1;
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
}

}  // namespace

int main(int count, char** arguments) {
  if (count != 2) {
    std::fputs("usage: fleet_cycle DIRECTORY\n", stderr);
    return 2;
  }
  const Files files(arguments[1], "bench.example.com");
  std::vector<std::unique_ptr<Place>> places;
  for (int i = 0; i < spaces; ++i) places.push_back(std::make_unique<Place>(files, i));
  IoThreads threads(2);
  round(threads, places, now);
  rusage before{}, used{};
  ::getrusage(RUSAGE_SELF, &before);
  const double took = round(threads, places, now + seconds{60});
  ::getrusage(RUSAGE_SELF, &used);
  const auto spent = [](const timeval& from, const timeval& to) {
    return static_cast<double>(to.tv_sec - from.tv_sec) + static_cast<double>(to.tv_usec - from.tv_usec) / 1e6;
  };
  const double cpu = spent(before.ru_utime, used.ru_utime) + spent(before.ru_stime, used.ru_stime);
  std::printf("%.3f %.3f %.1f\n", took, cpu, static_cast<double>(used.ru_maxrss) / 1'024);
  return took < 0 ? 1 : 0;
}
