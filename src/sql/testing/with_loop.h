// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/io_threads.h"

namespace nephele::sql::testing {

/// Stands before TestDatabases in a list of bases, because an executor outlives the database that resumes on it
/// (sql/sql.h).
struct WithLoop {
  IoThreads loop{1};
};

}  // namespace nephele::sql::testing
