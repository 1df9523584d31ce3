// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <future>
#include <map>
#include <vector>

#include "fleet/space_cycle.h"
#include "fleet/vacuum_pipes.h"

namespace nephele::fleet {

/// Keeps the copies of vacuum pipes new. A server that does not answer delays nobody for long, is asked less and less,
/// and what it said last goes on being true. Used from one thread.
class PipeFetcher {
 public:
  using Say = std::function<void(const std::string& line)>;
  /// All outlive this; what is under way ends with `executor`.
  PipeFetcher(const Files& files, Remote& remote, Executor executor, Say say);

  const PipeCopies& copies() const noexcept { return cache_; }
  /// Begins to fetch what is due; how many that are.
  std::size_t begin(const std::vector<PipeUse>& uses, Instant now);
  /// Some of those that begin() began last have not ended.
  bool is_waited_for() const;
  /// Takes in what has come; true: a copy is new.
  bool collect(Instant now);

 private:
  struct Fetch {
    std::future<Result<std::string>> answer;
    std::uint64_t round = 0;
  };
  struct Trouble {
    int failures = 0;
    Instant again{};
  };
  bool is_due(const PipeUse& use, Instant now) const;
  Result<> keep(const std::string& url, const Result<std::string>& answer, Instant now) const;

  PipeCache cache_;
  Remote& remote_;
  Executor executor_;
  Say say_;
  std::uint64_t round_ = 0;
  std::map<std::string, Fetch> fetches_;     ///< under way, by URL
  std::map<std::string, Trouble> troubles_;  ///< by URL
};

}  // namespace nephele::fleet
