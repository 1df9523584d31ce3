// SPDX-License-Identifier: Apache-2.0
#include "sql/sqlite_writer.h"

#include <algorithm>
#include <iterator>

namespace nephele::sql {

namespace {

constexpr Statement begin_sql{"sql.begin", "BEGIN IMMEDIATE"};
constexpr Statement commit_sql{"sql.commit", "COMMIT"};
constexpr Statement rollback_sql{"sql.rollback", "ROLLBACK"};
constexpr Statement savepoint_sql{"sql.savepoint", "SAVEPOINT turn"};
constexpr Statement release_sql{"sql.release", "RELEASE turn"};
constexpr Statement undo_sql{"sql.undo", "ROLLBACK TO turn"};

/// Answers those whose time has passed: the first ones, since the line is in order of arrival.
void drop_expired(std::vector<Turn>& turns) {
  const auto alive = std::ranges::find_if(turns, [](const Turn& turn) { return !turn.expired(); });
  for (auto turn = turns.begin(); turn != alive; ++turn) {
    turn->failed = waited_too_long();
    turn->conclude();
  }
  turns.erase(turns.begin(), alive);
}

void fail_all(std::span<Turn> turns, const Failure& why) {
  for (auto& turn : turns) {
    turn.failed = to_error(why);
    turn.committed = false;
  }
}

}  // namespace

void SqliteWriter::run(std::vector<Waiting> group) {
  std::vector<Turn> turns;
  turns.reserve(group.size());
  for (auto& waiting : group) turns.emplace_back(std::move(waiting));

  for (drop_expired(turns); !turns.empty(); drop_expired(turns)) {
    const auto refused = begin(turns);
    std::size_t settled = turns.size();
    if (!refused) {
      settled = run_together(turns);
    } else if (refused->cause() == Failure::Cause::unavailable) {
      settled = 1;  // somebody else held the file until this one's deadline
      fail_all(std::span(turns).first(settled), *refused);
    } else {
      fail_all(turns, *refused);
    }
    for (auto& turn : std::span(turns).first(settled)) turn.conclude();
    turns.erase(turns.begin(), std::next(turns.begin(), static_cast<std::ptrdiff_t>(settled)));
  }
}

/// Opens the transaction of these turns.
std::optional<Failure> SqliteWriter::begin(std::span<const Turn> turns) {
  // The line is in order of arrival, so the first deadline is the first to pass.
  connection_.limit(turns.front().waiting.deadline);
  connection_.clear_failed();
  try {
    connection_.sync_commits(
        !std::ranges::all_of(turns, [](const Turn& turn) { return turn.waiting.purpose == Purpose::passing_change; }));
    connection_.run(begin_sql, {});
    return std::nullopt;
  } catch (const Failure& failure) {
    return failure;
  }
}

std::optional<Failure> SqliteWriter::commit() {
  connection_.limit(in(wait_max_));
  connection_.clear_failed();
  try {
    connection_.run(commit_sql, {});
    return std::nullopt;
  } catch (const Failure& failure) {
    roll_back();
    return failure;
  }
}

void SqliteWriter::roll_back() {
  connection_.clear_failed();
  if (!connection_.in_transaction()) return;
  try {
    connection_.run(rollback_sql, {});
  } catch (const Failure&) {  // NOLINT(bugprone-empty-catch): then SQLite has rolled back already
  }
}

/// Runs turns in the open transaction and commits, until time is up. The number of turns that are settled.
std::size_t SqliteWriter::run_together(std::span<Turn> turns) {
  const auto enough = in(group_time);
  std::size_t ran = 0;
  while (ran < turns.size() && (ran == 0 || std::chrono::steady_clock::now() < enough)) {
    Turn& turn = turns[ran++];
    turn.committed = run_in_savepoint(turn);
    // A full disk or an interrupted statement may take the whole transaction along, and the turns before this one.
    if (!connection_.in_transaction()) {
      turn.committed = false;
      if (ran > 1) run_each_alone(turns.first(ran));
      return ran;
    }
  }
  if (const auto refused = commit()) {
    if (refused->cause() == Failure::Cause::constraint && ran > 1) {
      run_each_alone(turns.first(ran));  // a deferred constraint: only the one to blame shall hear of it
    } else {
      fail_all(turns.first(ran), *refused);
    }
  }
  return ran;
}

/// True when its changes are in the open transaction.
bool SqliteWriter::run_in_savepoint(Turn& turn) {
  connection_.limit(in(wait_max_));
  connection_.clear_failed();
  try {
    connection_.run(savepoint_sql, {});
    const bool good = turn.run(connection_);
    if (good && !connection_.failed()) {
      connection_.run(release_sql, {});
      return true;
    }
    if (good) turn.failed = to_error(swallowed_failure());
    connection_.clear_failed();
    if (connection_.in_transaction()) {
      connection_.run(undo_sql, {});
      connection_.run(release_sql, {});
    }
  } catch (const Failure& failure) {
    turn.failed = to_error(failure);
    roll_back();
  }
  return false;
}

void SqliteWriter::run_each_alone(std::span<Turn> turns) {
  for (auto& turn : turns) {
    if (turn.expired()) {
      if (!turn.failed) turn.failed = waited_too_long();
      turn.committed = false;
      continue;
    }
    turn.failed.reset();
    if (const auto refused = begin({&turn, 1})) {
      fail_all({&turn, 1}, *refused);
      continue;
    }
    run_together({&turn, 1});
  }
}

}  // namespace nephele::sql
