// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "identity/quota/quotas.h"
#include "sql/sql.h"

/// How a resource's default reaches the projects that say nothing of it, and their members: at once, in the transaction
/// that registers the resource or changes its default. Of very many projects the first some; the others follow in
/// transactions of their own, so that they stop nobody, and `quota-verify --fix` makes up for what a crash leaves out.
namespace nephele::identity::projects {

/// A default that has reached the projects up to `after`, and must go on.
struct Spreading {
  std::string resource;
  std::string after;
};

/// Takes the directory's counter, as all do who change a project: no project that changes meanwhile is missed. Absent:
/// it has reached everybody. `at_once`: projects that are looked at.
Result<std::optional<Spreading>> spread_default(sql::Tx& tx, const quota::Quotas& quotas, Spreading from,
                                                std::size_t at_once = 5'000);
/// The others.
Task<Result<>> spread_defaults(sql::Database& database, const quota::Quotas& quotas, std::vector<Spreading> rest);

/// `note` stands in the transaction that changes it. Fails with `not_found`, or `invalid` for what cannot be.
Task<Result<quota::Resource>> modify_resource(sql::Database& database, const quota::Quotas& quotas, std::string name,
                                              quota::ResourceChange change,
                                              std::function<void(sql::Tx&, const quota::Resource&)> note = {});

}  // namespace nephele::identity::projects
