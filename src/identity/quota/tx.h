// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "base/result.h"
#include "identity/quota/model.h"
#include "sql/sql.h"

/// For services above that reserve in their own transaction: what is reserved is on disk together with what it is for.
/// A component's name ("cyclades") is the client key, as for one that speaks HTTP.
namespace nephele::identity {

namespace quota {
class Quotas;
}

/// Issues a commission, or accepts it at once. Call it after the caller's own locks (locks are taken in floor order)
/// and once in a transaction: two that take holdings in different orders could wait for each other, and the database
/// would run one of them again. Fails as quota::Quotas::issue(); nothing has been changed then.
Result<quota::Serial> reserve(sql::Tx& tx, quota::Quotas& quotas, const quota::NewCommission& wanted);

/// Ends a reservation. `not_found`: resolved already, as after a crash behind the transaction that did it.
Result<> settle(sql::Tx& tx, quota::Quotas& quotas, const std::string& client, quota::Serial serial,
                quota::Verdict verdict);

}  // namespace nephele::identity
