// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "bus/bus.h"

/// All SQL of the in-process bus.
namespace nephele::bus::store {

struct Journaled {
  Message message;
  std::string topic;
  std::string origin;  ///< the process that published it
};

Message insert(sql::Tx& tx, const Topic& topic, std::string key, json::Value body, std::string_view origin, Time now);
/// The oldest waiting message of a work topic, locked until the end of the transaction. `lock` is
/// Database::lock_clause().
std::optional<Message> oldest(sql::Tx& tx, std::string_view topic, bool lock);
void remove(sql::Tx& tx, std::int64_t id);
/// Out of the way of the others; kept for people.
void bury(sql::Tx& tx, std::int64_t id);
std::int64_t last_id(sql::Tx& tx);
std::vector<Journaled> notifications_after(sql::Tx& tx, std::int64_t id, std::string_view not_from);
void drop_notifications(sql::Tx& tx, Time before);
std::int64_t waiting(sql::Tx& tx);

}  // namespace nephele::bus::store
