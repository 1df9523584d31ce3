// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstddef>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/async.h"
#include "base/clock.h"
#include "identity/quota/audit.h"
#include "identity/quota/model.h"
#include "identity/quota/serials.h"
#include "identity/quota/store.h"
#include "sql/sql.h"

namespace nephele::identity::quota {

struct Settings {
  std::size_t provisions_max = 1'000;                   ///< different holdings of one commission
  std::size_t resolved_at_once = 128;                   ///< commissions of one transaction
  std::chrono::hours log_kept = std::chrono::days(90);  ///< how long the provision log remembers
};

/// What became of each of several commissions.
struct Resolved {
  std::vector<Serial> accepted;
  std::vector<Serial> rejected;
  std::vector<std::pair<Serial, Error>> failed;
};

using ResourceQuotas = std::map<std::string, MemberQuota>;                  ///< by resource
using ProjectQuotas = std::map<std::string, ResourceQuotas>;                ///< by project's uuid
using UserQuotas = std::map<std::string, ProjectQuotas>;                    ///< by user's uuid
using WholeQuotas = std::map<std::string, std::map<std::string, Holding>>;  ///< by project's uuid and resource

/// Which holdings; an absent part is every one.
struct Selection {
  std::optional<std::vector<std::string>> users = std::nullopt;     ///< uuids
  std::optional<std::vector<std::string>> projects = std::nullopt;  ///< uuids
  std::vector<std::string> resources = {};                          ///< names; these only
};

/// What an operator changes of a resource; hiding it from the API hides it from the pages, and the other way round.
struct ResourceChange {
  std::optional<Amount> system_default = std::nullopt;
  std::optional<Amount> project_default = std::nullopt;
  std::optional<bool> ui_visible = std::nullopt;
  std::optional<bool> api_visible = std::nullopt;
};

/// The quota holder: who may use how much of what, and two-phase commissions that keep the account exact. Thread-safe.
/// Beside their own errors all calls pass on those of sql::Database. A write whose outcome is unknown (sql.h) may have
/// left a commission pending: the client finds it in its list, as it does after a crash of its own.
class Quotas {
 public:
  Quotas(sql::Database& database, const Clock& clock, Settings settings = {});
  Quotas(const Quotas&) = delete;
  Quotas& operator=(const Quotas&) = delete;

  // ---- commissions
  // ---------------------------------------------------------------------------------------------------
  /// All provisions or none. The detail "name" tells what the contract calls the refusal: `not_found` with
  /// NoHoldingError; `over_quota` with NoCapacityError or NoQuantityError and "limit", "usage"; all with "holder",
  /// "source" (absent: none), "resource", "quantity". `invalid`: too many provisions, or too much in sum.
  Task<Result<Serial>> issue(NewCommission wanted);
  /// Fails with `not_found`: unknown, another client's, or resolved already.
  Task<Result<>> resolve(std::string client, Serial serial, Verdict verdict);
  /// Each for itself: a serial in both lists fails with `invalid`, one that is not pending with `not_found`.
  Task<Result<Resolved>> resolve(std::string client, std::vector<Serial> accept, std::vector<Serial> reject);
  /// All of the client's, by serial.
  Task<Result<std::vector<Serial>>> pending(std::string client);
  /// Fails with `not_found`, also when it is another client's; an empty client sees all.
  Task<Result<Commission>> show(std::string client, Serial serial);
  /// Everybody's, without provisions, behind `after`, by serial; with `overdue` those that have waited for so long.
  Task<Result<std::vector<Commission>>> commissions(std::optional<std::chrono::seconds> overdue, Serial after,
                                                    std::size_t limit);

  // ---- reading
  // -------------------------------------------------------------------------------------------------------
  /// Of the resources that the API shows.
  Task<Result<ProjectQuotas>> quotas_of(std::string user, std::vector<std::string> projects);
  Task<Result<UserQuotas>> member_quotas(Selection selection);
  Task<Result<WholeQuotas>> project_quotas(Selection selection);  ///< users don't matter
  /// Behind `after`, at most `limit` and at most 1000, in the database's order of keys.
  Task<Result<std::vector<Holding>>> holdings(Key after, std::size_t limit);

  // ---- upkeep
  // --------------------------------------------------------------------------------------------------------
  /// For whoever decides on limits, in his transaction; holdings that are missing are made. The last of the same key
  /// counts. Fails with `invalid` for a negative limit. Usage may be over the new limit: then only releases pass.
  Result<> set_limits(sql::Tx& tx, std::span<const Limit> limits) const;
  /// Looks at every holding: does its limit equal the expected one, its usage what log and pending commissions tell?
  /// What is fixed is fixed under the locks under which it was looked at. `expected` outlives the call.
  Task<Result<std::vector<Finding>>> verify(const Expectations& expected, Audit audit);
  /// Drops log rows that are older than `log_kept`, in small transactions. How many.
  Task<Result<std::size_t>> tidy();

  // ---- resources
  // -----------------------------------------------------------------------------------------------------
  /// Of a service's import; an existing one of the same service keeps its defaults. A new one is unlimited in system
  /// projects, and 0 in others if the API shows it. True when it is new: projects/defaults.h makes limits of it. Fails
  /// with `conflict` when it is another service's, `invalid` when the pages but not the API would show it.
  Result<bool> register_resource(sql::Tx& tx, Resource resource) const;
  /// For projects/defaults.h, which makes the limits follow. Fails with `not_found`, `invalid`.
  Result<Resource> modify_resource(sql::Tx& tx, const std::string& name, const ResourceChange& change) const;
  Task<Result<std::vector<Resource>>> resources();

  // ---- in a caller's transaction: identity/quota/tx.h
  // ----------------------------------------------------------------
  Result<Serial> reserve(sql::Tx& tx, const NewCommission& wanted);
  Result<> settle(sql::Tx& tx, const std::string& client, Serial serial, Verdict verdict) const;

 private:
  struct Ended {
    Commission commission;
    Verdict verdict;
  };
  void end(sql::Tx& tx, std::span<const Ended> ended) const;
  Result<Resolved> resolve_some(sql::Tx& tx, const std::string& client,
                                std::span<const std::pair<Serial, Verdict>> wanted) const;
  Result<std::vector<Provision>> checked(const NewCommission& wanted) const;

  sql::Database& database_;
  const Clock& clock_;
  const Settings settings_;
  const Store store_;
  Serials serials_;
};

}  // namespace nephele::identity::quota
