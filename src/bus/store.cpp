// SPDX-License-Identifier: Apache-2.0
#include "bus/store.h"

namespace nephele::bus::store {

namespace {

constexpr sql::Statement next_id{"bus.next_id",
                                 "UPDATE bus_counter SET value = value + 1 WHERE name = 'message' RETURNING value"};
constexpr sql::Statement insert_row{
    "bus.insert",
    "INSERT INTO bus_message (id, topic, kind, object, body, origin, created_ms) VALUES ($1, $2, $3, $4, $5, $6, $7)"};
constexpr sql::Statement oldest_row{
    "bus.oldest", "SELECT id, object, body FROM bus_message WHERE topic = $1 AND kind = 'work' ORDER BY id LIMIT 1"};
constexpr sql::Statement oldest_row_locked{
    "bus.oldest_locked",
    "SELECT id, object, body FROM bus_message WHERE topic = $1 AND kind = 'work' ORDER BY id LIMIT 1 FOR UPDATE"};
constexpr sql::Statement remove_row{"bus.remove", "DELETE FROM bus_message WHERE id = $1"};
constexpr sql::Statement bury_row{"bus.bury", "UPDATE bus_message SET kind = 'dead' WHERE id = $1"};
constexpr sql::Statement last_row{"bus.last", "SELECT value FROM bus_counter WHERE name = 'message'"};
constexpr sql::Statement notify_rows{
    "bus.notifications",
    "SELECT id, object, body, topic, origin FROM bus_message WHERE kind = 'notify' AND id > $1 AND origin <> $2 "
    "ORDER BY id LIMIT 1000"};
constexpr sql::Statement drop_rows{"bus.drop", "DELETE FROM bus_message WHERE kind = 'notify' AND created_ms < $1"};
constexpr sql::Statement waiting_rows{"bus.waiting", "SELECT COUNT(*) FROM bus_message WHERE kind = 'work'"};

std::string_view kind_of(const Topic& topic) {
  return topic.kind == Topic::Kind::work ? "work" : "notify";
}

Message message_from(const sql::Row& row) {
  auto body = json::parse(row.text(2));
  if (!body) throw sql::Failure(sql::Failure::Cause::corrupt, "bus message with unreadable JSON");
  return {row.integer(0), row.text(1), std::move(*body)};
}

}  // namespace

Message insert(sql::Tx& tx, const Topic& topic, std::string key, json::Value body, std::string_view origin, Time now) {
  const std::int64_t id = tx.one(next_id).integer(0);
  tx.execute(insert_row, id, topic.name, kind_of(topic), key, json::write(body), origin, now);
  return {id, std::move(key), std::move(body)};
}

std::optional<Message> oldest(sql::Tx& tx, std::string_view topic, bool lock) {
  const auto row = tx.maybe_one(lock ? oldest_row_locked : oldest_row, topic);
  return row ? std::optional(message_from(*row)) : std::nullopt;
}

void remove(sql::Tx& tx, std::int64_t id) {
  tx.execute(remove_row, id);
}
void bury(sql::Tx& tx, std::int64_t id) {
  tx.execute(bury_row, id);
}
std::int64_t last_id(sql::Tx& tx) {
  return tx.one(last_row).integer(0);
}

std::vector<Journaled> notifications_after(sql::Tx& tx, std::int64_t id, std::string_view not_from) {
  std::vector<Journaled> found;
  for (const auto& row : tx.query(notify_rows, id, not_from))
    found.push_back({message_from(row), row.text(3), row.text(4)});
  return found;
}

void drop_notifications(sql::Tx& tx, Time before) {
  tx.execute(drop_rows, before);
}
std::int64_t waiting(sql::Tx& tx) {
  return tx.one(waiting_rows).integer(0);
}

}  // namespace nephele::bus::store
