// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <functional>
#include <future>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "apps/vcycled/clouds.h"
#include "apps/vcycled/log_lines.h"
#include "base/io_threads.h"
#include "base/workers.h"
#include "fleet/pipe_fetcher.h"
#include "fleet/space_cycle.h"
#include "fleet/watched_time.h"

namespace nephele::apps::vcycle {

/// Hears what the manager comes by, on its thread: never waits.
class Witness {
 public:
  virtual ~Witness() = default;
  virtual void configured(const fleet::Configuration& config) = 0;
  /// A cycle has ended.
  virtual void reported(const fleet::Space& space, const fleet::SpaceReport& report) = 0;
};

/// Rounds over all spaces. A space whose cloud is slow is still in its last cycle when the next round begins: that
/// round leaves it alone, and the others have theirs.
class Manager {
 public:
  struct Settings {
    std::chrono::milliseconds call_limit{90'000};
    /// So long a round waits for the cycles that it has begun; those of slower clouds go on beside the next rounds.
    std::chrono::milliseconds round_limit{10'000};
    /// And so long for vacuum pipes that are fetched; what comes later is true from the next round on.
    std::chrono::milliseconds pipes_limit{5'000};
    std::vector<Witness*> witnesses = {};  ///< they outlive the manager
    /// How long heartbeats have been taken here without a gap; nothing where somebody else does. Empty: nobody knows.
    std::function<std::optional<fleet::seconds>()> heard_for = {};
  };

  /// Cycles run on `threads`, which outlive what the clouds stand on.
  Manager(const fleet::Files& files, IoThreads& threads, Clouds& clouds, fleet::Remote& remote, LogLines& log,
          Settings settings, fleet::PipeFetcher* pipes = nullptr);
  ~Manager();
  Manager(const Manager&) = delete;
  Manager& operator=(const Manager&) = delete;

  /// One round; the reports of the spaces whose cycles ended in it. `wait` is called again and again while it goes on.
  std::vector<fleet::SpaceReport> round(const fleet::WatchedTime& time, std::uint64_t seed,
                                        const std::function<void()>& wait);
  /// Between rounds: takes in what slower clouds have come to.
  void tend();
  /// What is under way ends after its present step; waits for that for a moment.
  void end(std::chrono::milliseconds patience);

 private:
  struct Job;
  fleet::Configuration configuration(const fleet::ConfigFiles& found, fleet::Instant now,
                                     const std::function<void()>& wait);
  void begin(const fleet::Space& space, const fleet::WatchedTime& time, std::uint64_t seed);
  void collect(std::vector<fleet::SpaceReport>& into);
  fleet::SpaceReport outcome_of(Job& job);
  void keep(const fleet::SpaceReport& report);
  void tell_new_warnings(const std::vector<std::string>& warnings);
  void tell_first_problem() const;

  const fleet::Files& files_;
  Clouds& clouds_;
  fleet::Remote& remote_;
  LogLines& log_;
  const Settings settings_;
  std::atomic<bool> ending_ = false;
  Workers keys_{"keys", 1, 256};
  IoThreads& threads_;
  fleet::PipeFetcher* const pipes_;
  std::size_t next_thread_ = 0;
  std::uint64_t round_ = 0;
  std::map<std::string, std::unique_ptr<Job>> jobs_;
  std::set<std::string> warned_of_;                      ///< by the configuration of the last round
  std::string configuration_problem_;                    ///< the first; empty: none
  std::map<std::string, std::string> problems_;          ///< of the spaces whose last cycle failed
  std::map<std::string, fleet::SpaceReport> last_seen_;  ///< of each space the last report of a whole listing
};

}  // namespace nephele::apps::vcycle
