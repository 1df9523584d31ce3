// SPDX-License-Identifier: Apache-2.0
#include "operations/impl.h"

namespace nephele::operations {

namespace {

constexpr sql::Statement keep{"operations.key_keep",
                              "INSERT INTO operations_key (name, value) VALUES ('check', $1) ON CONFLICT (name) DO "
                              "NOTHING"};
constexpr sql::Statement kept{"operations.key_kept", "SELECT value FROM operations_key WHERE name = 'check'"};
constexpr sql::Statement sealed_row{
    "operations.key_sealed",
    "SELECT sealed FROM operations_operation WHERE sealed NOT IN ('', '" OPERATION_ERASED "') LIMIT 1"};

std::unexpected<Error> another_key() {
  return fail(Kind::conflict,
              "this node's secret key is not the one of the database, so it could not open what others sealed: copy "
              "DATA/secret.key from the node that made the database, or name it with SECRET_KEY_FILE");
}

}  // namespace

Result<> check_key(sql::Database& database, const SecretKey& key) {
  // A keyed hash tells whether two keys are the same, and nothing else about them.
  const std::string own = key.keyed_hash("the key of this installation", "operations.key_check");
  return database.write_now([&](sql::Tx& tx) -> Result<> {
    const auto value = tx.maybe_one(kept);
    if (value) return equal_in_constant_time(value->text(0), own) ? Result<>{} : another_key();
    const auto sealed = tx.maybe_one(sealed_row);
    if (sealed && !key.open(sealed->text(0), seal_context)) return another_key();
    tx.execute(keep, own);
    // Another node may have been first: then its key is the one.
    return equal_in_constant_time(tx.one(kept).text(0), own) ? Result<>{} : another_key();
  });
}

}  // namespace nephele::operations
