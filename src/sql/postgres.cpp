// SPDX-License-Identifier: Apache-2.0
#include "sql/open.h"

namespace nephele::sql {

Result<std::unique_ptr<Database>> open_postgres(const Settings&) {
  return fail(Kind::unavailable, "this build cannot speak to PostgreSQL yet; use sqlite:/path/to/file");
}

}  // namespace nephele::sql
