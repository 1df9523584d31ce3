// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "identity/quota/model.h"
#include "sql/sql.h"

namespace nephele::identity::quota {

/// Serials of commissions: unique for ever, growing within a process. Drawn a thousand at a time, so that commissions
/// don't queue for one counter row until the one before is on disk. What a process has drawn and not used is skipped.
/// Thread-safe.
class Serials {
 public:
  Serials();
  ~Serials();
  Serials(const Serials&) = delete;
  Serials& operator=(const Serials&) = delete;

  /// Before other locks of the transaction: once in a thousand it takes the counter's.
  Serial take(sql::Tx& tx);

 private:
  struct Pool;
  std::shared_ptr<Pool> pool_;  ///< shared with transactions that are about to fill it
};

}  // namespace nephele::identity::quota
