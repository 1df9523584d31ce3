// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "base/json.h"
#include "sql/sql.h"

/// Names to uuids and back (contract astakos, 6.2): what is unknown is left out, what is asked twice is told once.
namespace nephele::identity::astakos {

/// {uuid: name}
json::Object names_of(sql::Tx& tx, const std::vector<std::string>& uuids);
/// {name as given: uuid}; names compare without the case of ASCII letters.
json::Object uuids_of(sql::Tx& tx, const std::vector<std::string>& names);

/// Of all accounts there are.
struct AllUsers {
  json::Object names, uuids;
};
AllUsers all_users(sql::Tx& tx);

}  // namespace nephele::identity::astakos
