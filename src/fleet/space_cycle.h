// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <map>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "base/workers.h"
#include "fleet/cloud.h"
#include "fleet/config.h"
#include "fleet/files.h"
#include "fleet/machine_record.h"
#include "fleet/report.h"

namespace nephele::fleet {

/// Files of the configuration that lie on somebody's web server.
class Remote {
 public:
  virtual ~Remote() = default;
  virtual Task<Result<std::string>> get(std::string url, SteadyTime deadline) = 0;
};

/// How long a manager may create alone; it asks anew before each machine.
inline constexpr seconds lease_length{600};

struct CycleSettings {
  Instant now{};
  std::uint64_t seed = 0;                        ///< of ties, names, and whose take-over comes first
  std::string version = {};                      ///< of this manager, for machines
  std::chrono::milliseconds call_limit{90'000};  ///< of each call to the cloud
  seconds files_behind{0};                       ///< how far the times of files are behind `now`
  /// Since when this host has taken heartbeats without a gap; nothing where somebody else does.
  std::optional<Instant> heard_since = {};
  seconds longest = lease_length;             ///< then the next cycle goes on with deletions, and with creations
  const std::atomic<bool>* ending = nullptr;  ///< set: nothing more is begun
  /// Where keys are made, which can take a second: other cycles go on meanwhile. Null: on the cycle's own thread.
  Workers* keys = nullptr;
};

/// One cycle of one space (contract vcycle, 2.2): looks, deals with what ended, deletes, creates. State lives in files
/// and on the cloud only. A cycle may die between any two steps; the next one, of any manager, goes on.
class SpaceCycle {
 public:
  using Say = std::function<void(const std::string& line)>;

  /// All of these outlive it.
  SpaceCycle(const Space& space, Cloud& cloud, const Files& files, CycleSettings settings, Say say,
             Remote* remote = nullptr);

  Task<SpaceReport> run();

 private:
  /// One machine of ours: on the cloud, in the files, or both.
  struct Known {
    std::string name;
    const CloudMachine* seen = nullptr;  ///< null: not in the listing
    MachineRecord record = {};
    bool has_folder = false;
    bool untold = false;                       ///< what is known of it could not be written: it stays until that works
    Machine machine = {};                      ///< as the rules see it
    const MachineType* type = nullptr;         ///< null: not configured
    std::optional<Instant> last_running = {};  ///< when its manager saw it last, before this cycle
    std::string message = {};
    std::string folder = {};
  };

  // space_cycle.cpp
  Task<Result<>> look();
  Result<> tell_what_is_written();
  void meet(Known& known);
  void resolve(Known& known) const;
  Result<> keep_up(Known& known);
  Result<> doubt_heartbeat(Known& known) const;
  Result<> keep_limits(Known& known);
  Result<> keep_last_running(Known& known);
  bool is_pending(const Known& known) const;
  void count();
  void say_status(const Known& known);
  void report_machines();
  MachineView view_of(const Known& known) const;

  // recognition.cpp
  bool is_another_spaces(const CloudMachine& seen) const;
  std::string id_written_for(const std::string& name) const;
  Result<> write_id(const std::string& folder, const std::string& id);
  Result<> place_folder(const CloudMachine& seen);
  Result<> make_folder_of(const CloudMachine& seen);
  void leave_alone(const CloudMachine& like, const std::string& ours);

  // endings.cpp
  Result<> deal_with_end(Known& known, Instant stopped, bool vanished);
  void go_on_with_records();
  Task<> delete_some();
  Task<Result<>> delete_one(const Known& known, std::string message);
  Result<> note_deletion(const Known& known, const std::string& message);
  bool is_enough(const Result<>& last, const std::string& done);
  bool are_all_missing() const;
  Result<> settle_missing(Known& known);

  // creation.cpp
  Task<> create_some(Result<SpaceLease>& lease);
  std::vector<ShareRules> share_rules(std::vector<const Flavor*>& flavors);
  const Flavor* flavor_of(const MachineType& type);
  void say_choice(const Choice& choice, const Totals& totals, std::span<const TypeHistory> histories,
                  std::set<std::string>& said);
  Task<Result<std::string>> user_data_of(const MachineType& type, const std::string& name, const Secret& token);
  std::vector<std::pair<std::string, std::string>> metadata_of(const std::string& type, const std::string& name) const;
  Task<Result<std::string>> file_of(const MachineType& type, std::string path);
  Result<std::string> proxies_for(const MachineType& type);
  Task<Result<>> create_one(const MachineType& type, const Flavor& flavor);
  Result<> write_folder(const MachineType& type, const Flavor& flavor, const std::string& name, const std::string& zone,
                        const std::string& user_data, const Secret& token);
  Result<> write_features(const MachineType& type, const Flavor& flavor, const std::string& folder);
  std::string choose_zone();
  std::string new_name(const std::string& type);
  std::string image_of(const MachineType& type) const;
  Result<std::string> public_key_of(const MachineType& type) const;

  // fetched.cpp
  Task<Result<std::string>> fetched(std::string url);
  Task<Result<Secret>> proxy_of(const MachineType& type, std::string machine);

  // housekeeping.cpp
  void write_heartbeat_lists();
  void clean_up();
  Result<> mark_accounted(const std::string& folder);
  void forget_accounted();
  void take_over();

  /// now_, and the time that this cycle has taken.
  Instant moment() const {
    return now_ + std::chrono::duration_cast<seconds>(std::chrono::steady_clock::now() - begun_);
  }
  bool is_ending() const { return settings_.ending != nullptr && settings_.ending->load(); }
  SteadyTime deadline() const { return in(settings_.call_limit); }
  const MachineType* type_named(const std::string& name) const;
  void say(const std::string& line) const {
    if (say_) say_(line);
  }
  void decide(std::string what, std::string machine, std::string type, const std::string& reason);
  void failed(const std::string& doing, const Error& error);

  const Space& space_;
  Cloud& cloud_;
  const Files& files_;
  const CycleSettings settings_;
  const Instant now_;
  const SteadyTime begun_ = std::chrono::steady_clock::now();
  const Say say_;
  Remote* const remote_;
  std::map<std::string, Result<std::string>> fetched_;  ///< in this cycle, by URL
  std::mt19937_64 random_;
  CloudAbilities abilities_;
  CloudFacts facts_;
  std::vector<CloudMachine> listed_;
  std::vector<Known> known_;
  std::set<std::string> adopted_;  ///< in this cycle: acted on from the next one on
  std::int64_t foreign_processors_ = 0;
  Totals totals_;
  bool creates_ = false;  ///< this manager has the lease
  bool all_missing_ = false;
  SpaceReport report_;
};

/// So long a machine may be left out of listings, young or old, and is waited for.
inline constexpr seconds listing_grace{600};
/// So long when the listing has none of those that are known to have been made, and they are several: more likely it is
/// the list that is wrong.
inline constexpr seconds empty_listing_grace{3'600};

}  // namespace nephele::fleet
