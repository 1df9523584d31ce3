// SPDX-License-Identifier: Apache-2.0
#include "apps/vcycled/manager.h"

#include <algorithm>

#include "apps/vcycled/findings.h"
#include "apps/vcycled/status.h"
#include "fleet/adapters/options.h"
#include "fleet/config_copies.h"
#include "nephele_version.h"

namespace nephele::apps::vcycle {

/// One cycle under way, with all that it looks at.
struct Manager::Job {
  Job(const fleet::Space& configured, fleet::Cloud& on, const fleet::Files& files, fleet::CycleSettings how,
      fleet::SpaceCycle::Say say, fleet::Remote& remote)
      : space(configured), cycle(space, on, files, std::move(how), std::move(say), &remote) {}
  const fleet::Space space;
  fleet::SpaceCycle cycle;
  std::future<fleet::SpaceReport> report;
  std::uint64_t round = 0;
};

Manager::Manager(const fleet::Files& files, IoThreads& threads, Clouds& clouds, fleet::Remote& remote, LogLines& log,
                 Settings settings, fleet::PipeFetcher* pipes)
    : files_(files),
      clouds_(clouds),
      remote_(remote),
      log_(log),
      settings_(settings),
      threads_(threads),
      pipes_(pipes) {}

Manager::~Manager() {
  // Whatever has not ended stops between two steps, as at a crash, and is taken up at the next start.
  threads_.halt();
}

void Manager::begin(const fleet::Space& space, const fleet::WatchedTime& time, std::uint64_t seed) {
  const auto cloud = clouds_.of(space);
  if (!cloud) {
    log_.say("Skipping " + space.name + " this cycle: " + cloud.error().sentence());
    problems_[space.name] = cloud.error().sentence();
    return;
  }
  fleet::CycleSettings how{
      .now = time.now, .seed = seed, .version = std::string(version), .call_limit = settings_.call_limit};
  how.ending = &ending_;
  how.keys = &keys_;
  how.files_behind = std::max(-time.jumped.value_or(fleet::seconds{0}), fleet::seconds{0});
  if (settings_.heard_for)
    if (const auto heard = settings_.heard_for()) how.heard_since = time.now - *heard;
  auto job = std::make_unique<Job>(
      space, **cloud, files_, std::move(how),
      [this](const std::string& line) {
        log_.say(line);
        if (line.starts_with("Created ")) beat(files_);
      },
      remote_);
  const auto executors = threads_.executors();
  job->report = asio::co_spawn(executors[next_thread_++ % executors.size()], job->cycle.run(), asio::use_future);
  job->round = round_;
  jobs_[space.name] = std::move(job);
}

fleet::SpaceReport Manager::outcome_of(Job& job) {
  try {
    return job.report.get();
  } catch (const std::exception& error) {
    log_.say("Space " + job.space.name + " fails with: " + error.what());
    fleet::SpaceReport out{.space = job.space.name};
    out.error = error.what();
    return out;
  }
}

void Manager::collect(std::vector<fleet::SpaceReport>& into) {
  std::erase_if(jobs_, [&](auto& entry) {
    Job& job = *entry.second;
    if (job.report.wait_for(std::chrono::seconds(0)) != std::future_status::ready) return false;
    auto report = outcome_of(job);
    if (report.error.empty())
      problems_.erase(report.space);
    else
      problems_[report.space] = report.error;
    for (auto* const witness : settings_.witnesses) witness->reported(job.space, report);
    keep(report);
    into.push_back(std::move(report));
    return true;
  });
}

/// Writes it for those who look. A cycle that saw nothing leaves what the last one saw, under its time.
void Manager::keep(const fleet::SpaceReport& report) {
  auto last = last_seen_.find(report.space);
  if (last == last_seen_.end())
    if (auto before = read_reports(files_, report.space); !before.empty())
      last = last_seen_.emplace(report.space, std::move(before.front())).first;
  fleet::SpaceReport shown = report;
  if (last != last_seen_.end() && !report.error.empty()) {
    shown = last->second;
    shown.error = report.error;
    shown.decisions = report.decisions;
  } else if (last != last_seen_.end()) {
    for (auto& type : shown.types) {
      const auto before = std::ranges::find(last->second.types, type.name, &fleet::TypeView::name);
      if (before == last->second.types.end() || type.last_stopped) continue;
      type.last_machine = before->last_machine;
      type.last_message = before->last_message;
      type.last_stopped = before->last_stopped;
    }
  }
  if (const auto written = write_report(files_, shown); !written)
    log_.say("The report of " + report.space + " cannot be written: " + written.error().sentence());
  last_seen_.insert_or_assign(report.space, std::move(shown));
}

/// With vacuum pipes as new as they may be.
fleet::Configuration Manager::configuration(const fleet::ConfigFiles& found, fleet::Instant now,
                                            const std::function<void()>& wait) {
  if (pipes_ == nullptr) return fleet::read_configuration(found.texts);
  pipes_->collect(now);  // of rounds before
  auto config = fleet::read_configuration(found.texts, &pipes_->copies());
  if (pipes_->begin(config.pipes, now) == 0) return config;
  const auto limit = std::chrono::steady_clock::now() + settings_.pipes_limit;
  while (pipes_->is_waited_for() && !ending_ && std::chrono::steady_clock::now() < limit) wait();
  if (pipes_->collect(now)) config = fleet::read_configuration(found.texts, &pipes_->copies());
  return config;
}

/// What somebody lives with for years is said when it is written, not every minute.
void Manager::tell_new_warnings(const std::vector<std::string>& warnings) {
  std::set<std::string> now;
  for (const auto& warning : warnings)
    if (now.insert(warning).second && !warned_of_.contains(warning)) log_.say("Configuration: warning: " + warning);
  warned_of_ = std::move(now);
}

std::vector<fleet::SpaceReport> Manager::round(const fleet::WatchedTime& time, std::uint64_t seed,
                                               const std::function<void()>& wait) {
  std::vector<fleet::SpaceReport> out;
  ++round_;
  log_.say("=============== Start cycle ===============");
  beat(files_);
  const auto found = fleet::config_in_force(files_);
  if (const auto kept = fleet::ConfigCopies(files_).keep(found); !kept)
    log_.say("The configuration cannot be kept: " + kept.error().sentence());
  auto config = configuration(found, time.now, wait);
  fleet::place_files(files_, config);
  config.problems.insert(config.problems.begin(), found.problems.begin(), found.problems.end());
  for (const auto& problem : config.problems) log_.say("Configuration: " + problem.sentence);
  tell_new_warnings(warnings_of(files_, found, config));
  configuration_problem_ = config.spaces.empty() ? "the configuration names no space" : "";
  if (!config.problems.empty()) configuration_problem_ = config.problems.front().sentence;
  if (time.jumped) {
    const std::string jump = "the clock of this host is " + std::to_string(time.jumped->count()) +
                             " seconds away from where it was going; it is not followed for a day. Set it right, or "
                             "remove " +
                             files_.lib("clock") + " if it is";
    log_.say("Warning: " + jump);
    if (configuration_problem_.empty()) configuration_problem_ = jump;
  }
  for (auto* const witness : settings_.witnesses) witness->configured(config);
  if (const auto made = files_.make_folder(files_.shared("tmp"), 0750); !made)
    log_.say("The state cannot be written: " + made.error().sentence());

  collect(out);  // of rounds before
  const auto is_configured = [&](const std::string& space) {
    return std::ranges::find(config.spaces, space, &fleet::Space::name) != config.spaces.end();
  };
  std::erase_if(problems_, [&](const auto& problem) { return !is_configured(problem.first); });
  if (config.problems.empty()) forget_reports(files_, is_configured);  // else it may be one that cannot be read now
  for (const auto& space : config.spaces) {
    if (ending_) break;
    log_.say("--- Space " + space.name + " ---------------------------");
    if (jobs_.contains(space.name))
      log_.say("Skipping " + space.name + " this cycle: its last one is still under way");
    else
      begin(space, time, seed++);
  }
  const auto limit = std::chrono::steady_clock::now() + settings_.round_limit;
  const auto begun = [&] {
    return std::ranges::any_of(jobs_, [&](const auto& job) { return job.second->round == round_; });
  };
  while (begun() && !ending_ && std::chrono::steady_clock::now() < limit) {
    wait();
    collect(out);
  }
  std::ranges::sort(out, {}, &fleet::SpaceReport::space);
  write_counts(files_, read_reports(files_));
  tell_first_problem();
  beat(files_);
  log_.say("================ End cycle ================");
  return out;
}

void Manager::tend() {
  std::vector<fleet::SpaceReport> ended;
  collect(ended);
  if (ended.empty()) return;
  write_counts(files_, read_reports(files_));
  tell_first_problem();
}

void Manager::tell_first_problem() const {
  std::string problem = configuration_problem_;
  if (problem.empty() && !problems_.empty()) problem = problems_.begin()->first + ": " + problems_.begin()->second;
  if (problem.empty()) problem = log_.trouble();
  write_factory_error(files_, problem);
}

void Manager::end(std::chrono::milliseconds patience) {
  ending_ = true;
  const auto limit = std::chrono::steady_clock::now() + patience;
  std::vector<fleet::SpaceReport> ended;
  while (!jobs_.empty() && std::chrono::steady_clock::now() < limit) {
    for (auto& [name, job] : jobs_)
      job->report.wait_until(std::min(limit, std::chrono::steady_clock::now() + std::chrono::milliseconds(100)));
    collect(ended);
  }
}

}  // namespace nephele::apps::vcycle
