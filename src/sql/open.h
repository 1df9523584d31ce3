// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>

#include "sql/sql.h"

/// The two engines behind Database::open. Private to sql/.
namespace nephele::sql {

Result<std::unique_ptr<Database>> open_sqlite(const std::string& path, const Settings& settings);
Result<std::unique_ptr<Database>> open_postgres(const Settings& settings);

}  // namespace nephele::sql
