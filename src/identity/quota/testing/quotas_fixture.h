// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "identity/identity.h"
#include "identity/quota/quotas.h"
#include "identity/quota/testing/given.h"
#include "identity/quota/tx.h"
#include "sql/testing/test_databases.h"
#include "sql/testing/with_loop.h"

namespace nephele::identity::quota::testing {

inline Key member(std::string_view user, std::string_view project, std::string_view resource) {
  return {user_ref(user), project_ref(project), std::string(resource)};
}
inline Key whole(std::string_view project, std::string_view resource) {
  return {project_ref(project), "", std::string(resource)};
}
/// What clients send: the user's provision and its project's.
inline std::vector<Provision> pair_of(std::string_view user, std::string_view project, std::string_view resource,
                                      Amount quantity) {
  return {{member(user, project, resource), quantity}, {whole(project, resource), quantity}};
}

class QuotasTest : public sql::testing::WithLoop, public sql::testing::TestDatabases {
 protected:
  QuotasTest() { migrate(Identity::migrations()); }

  void limit(std::vector<Limit> limits) {
    database().write_now([&](sql::Tx& tx) { return quotas.set_limits(tx, limits); }).value();
  }
  Result<Serial> issue(std::vector<Provision> provisions, bool force = false, bool auto_accept = false) {
    return loop.run(quotas.issue({.client = "cyclades",
                                  .name = "test",
                                  .provisions = std::move(provisions),
                                  .force = force,
                                  .auto_accept = auto_accept}));
  }
  Result<> resolve(Serial serial, Verdict verdict, std::string client = "cyclades") {
    return loop.run(quotas.resolve(std::move(client), serial, verdict));
  }
  Holding holding(const Key& key) {
    for (const auto& found : loop.run(quotas.holdings({}, 1000)).value())
      if (found.key == key) return found;
    ADD_FAILURE() << "no holding of " << key.resource << " for " << key.holder;
    return {};
  }
  Usage usage(const Key& key) {
    const auto found = holding(key);
    return {found.usage_min, found.usage_max};
  }
  std::int64_t count(const char* table) {
    const std::string text = std::string("SELECT COUNT(*) FROM ") + table;
    return database().read_now([&](sql::Tx& tx) { return tx.one({text, text}).integer(0); }).value();
  }
  void execute(const std::string& text) {
    database().write_now([&](sql::Tx& tx) { return tx.execute({text, text}); }).value();
  }

  ManualClock clock{from_ms(1772366400250)};
  Quotas quotas{database(), clock};
};

}  // namespace nephele::identity::quota::testing
