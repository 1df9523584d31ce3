// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "identity/astakos/conventions.h"
#include "identity/astakos/identity_callers.h"

/// What there is in numbers (contract astakos, 6.8): a little for everybody, the rest for members of some groups.
namespace nephele::identity::astakos {

class StatisticsApi {
 public:
  /// All outlive it.
  StatisticsApi(sql::Database& database, const Clock& clock, IdentityCallers& callers, std::vector<std::string> groups,
                std::chrono::seconds kept_for, log::Logger log);
  static std::span<const http::Route<StatisticsApi>> routes();

 private:
  /// Counted numbers stay for a while: counting reads all accounts, and anybody may ask.
  struct Counted {
    Time at;
    std::string text;
  };

  Task<http::Response> few(http::Request& request);
  Task<http::Response> all(http::Request& request);
  Task<Result<std::string>> counted(bool detailed);
  Task<http::Response> answered(http::Request& request, bool detailed);

  sql::Database& database_;
  const Clock& clock_;
  IdentityCallers& callers_;
  std::vector<std::string> groups_;
  std::chrono::seconds kept_for_;
  log::Logger log_;
  std::mutex mutex_;
  std::optional<Counted> kept_few_, kept_all_;  // guarded by mutex_
};

}  // namespace nephele::identity::astakos
