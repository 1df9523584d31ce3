// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>

#include "base/result.h"
#include "compute/model.h"
#include "operations/operations.h"
#include "sql/sql.h"

/// For services above that must act in the same transaction as compute. Nothing here waits: each call writes the wanted
/// state and the operation that brings it about.
namespace nephele::compute {

class Compute;

/// Who asks, for the audit and the log.
struct Actor {
  std::string account;
  std::string request_id;
};

struct Created {
  Server server;
  operations::OperationId operation;
};

/// Row, address, admission and operation. Fails with `over_quota` (does not fit: the numbers are in the sentence),
/// `not_found` (image) or `invalid`.
Result<Created> create_server(sql::Tx& tx, Compute& compute, NewServer wanted, const Actor& actor);

/// Wanted sizes and the operation that brings the machine there. Fails with `not_found`, `over_quota`, `invalid`
/// (disk would shrink) or `busy` (another change is under way).
Result<operations::OperationId> resize_server(sql::Tx& tx, Compute& compute, ServerId id, Sizes sizes,
                                              const Actor& actor);

/// Overtakes whatever is under way. The address is free again when the machine is gone. Absent: success.
Result<std::optional<operations::OperationId>> remove_server(sql::Tx& tx, Compute& compute, ServerId id,
                                                             const Actor& actor);

/// Starts a stopped or failed one from its disk. Fails with `busy` when something is under way.
Result<operations::OperationId> start_server(sql::Tx& tx, Compute& compute, ServerId id, const Actor& actor);
Result<operations::OperationId> stop_server(sql::Tx& tx, Compute& compute, ServerId id, bool forced,
                                            const Actor& actor);
Result<operations::OperationId> reboot_server(sql::Tx& tx, Compute& compute, ServerId id, const Actor& actor);

std::optional<Server> find_server(sql::Tx& tx, ServerId id);

}  // namespace nephele::compute
