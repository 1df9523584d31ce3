// SPDX-License-Identifier: Apache-2.0
#include "sql/postgres_connection.h"

#include <fmt/format.h>
#include <poll.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>

#include "sql/statement_text.h"

namespace nephele::sql {

namespace {

// Time beyond the server's own limit after which the network, not the statement, is to blame.
constexpr std::chrono::seconds grace{5};

constexpr const char* begin_write = "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE";
constexpr const char* begin_read = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";

// Type numbers of the server's catalog (pg_type.dat): stable since there is one.
enum : Oid { type_bool = 16, type_int8 = 20, type_int2 = 21, type_int4 = 23, type_oid = 26, type_numeric = 1700 };

int milliseconds_until(SteadyTime until) {
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - std::chrono::steady_clock::now()).count();
  return static_cast<int>(std::clamp<std::int64_t>(left, 0, std::numeric_limits<int>::max()));
}

enum class Woken : std::uint8_t { socket, wake, time };

Woken wait_for(int socket, short events, int wake, SteadyTime until) {
  std::array<pollfd, 2> watched{pollfd{socket, events, 0}, pollfd{wake, POLLIN, 0}};  // poll skips a negative one
  for (;;) {
    const int ready = ::poll(watched.data(), watched.size(), milliseconds_until(until));
    if (ready > 0) return watched[1].revents != 0 ? Woken::wake : Woken::socket;
    if (ready == 0) return Woken::time;
    if (errno != EINTR) return Woken::socket;  // libpq will find out what is wrong with it
  }
}

std::optional<std::int64_t> as_integer(std::string_view text) {
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return number;
}

Value column_value(const PGresult* result, int row, int column) {
  if (PQgetisnull(result, row, column) != 0) return std::monostate{};
  const std::string_view text(PQgetvalue(result, row, column),
                              static_cast<std::size_t>(PQgetlength(result, row, column)));
  switch (PQftype(result, column)) {
    case type_bool:
      return std::int64_t{text == "t" ? 1 : 0};
    case type_int2:
    case type_int4:
    case type_int8:
    case type_oid:
    case type_numeric:  // sum() of BIGINT answers it
      if (const auto number = as_integer(text)) return *number;
      [[fallthrough]];
    default:
      return std::string(text);
  }
}

Rows rows_of(const PGresult* result) {
  Rows rows;
  const int count = PQntuples(result);
  const int columns = PQnfields(result);
  rows.reserve(static_cast<std::size_t>(count));
  for (int row = 0; row < count; ++row) {
    std::vector<Value> values;
    values.reserve(static_cast<std::size_t>(columns));
    for (int column = 0; column < columns; ++column) values.push_back(column_value(result, row, column));
    rows.emplace_back(std::move(values));
  }
  return rows;
}

std::int64_t changed_by(PGresult* result) {
  if (std::string_view(PQcmdStatus(result)).starts_with("SELECT")) return 0;
  return as_integer(PQcmdTuples(result)).value_or(0);
}

}  // namespace

PostgresConnection::PostgresConnection(const PostgresAddress& address, PostgresLimits limits, SteadyTime until,
                                       int wake)
    : shown_(address.shown()), patience_(limits.statement + grace) {
  connect(address, until, wake);
  if (const char* encoding = PQparameterStatus(connection_.get(), "server_encoding");
      encoding == nullptr || std::string_view(encoding) != "UTF8")
    throw Failure(Failure::Cause::unavailable,
                  fmt::format("{}: its encoding is {}; create it with ENCODING 'UTF8' TEMPLATE template0", shown_,
                              encoding == nullptr ? "unknown" : encoding));
  script(
      fmt::format("SET statement_timeout = {}; SET lock_timeout = {}; SET idle_in_transaction_session_timeout = {};"
                  "SET client_min_messages = error",
                  limits.statement.count(), limits.lock.count(), (2 * patience_).count()));
  failed_.reset();
}

void PostgresConnection::connect(const PostgresAddress& address, SteadyTime until, int wake) {
  const auto refuse_connection = [&](std::string_view why) {
    return Failure(Failure::Cause::unavailable,
                   fmt::format("{}: PostgreSQL cannot be reached ({}); see that it runs, and check the address, the "
                               "user and the password",
                               shown_, why));
  };
  constexpr std::array<const char*, 4> keys{"dbname", "fallback_application_name", "client_encoding", nullptr};
  const std::array<const char*, 4> values{address.url().c_str(), "nephele", "UTF8", nullptr};
  connection_.reset(PQconnectStartParams(keys.data(), values.data(), 1));
  if (!connection_) throw refuse_connection("no memory");
  PGconn* raw = connection_.get();

  for (auto step = PGRES_POLLING_WRITING; step != PGRES_POLLING_OK; step = PQconnectPoll(raw)) {
    if (step == PGRES_POLLING_FAILED || PQstatus(raw) == CONNECTION_BAD)
      throw refuse_connection(address.clean(PQerrorMessage(raw)));
    const short events = step == PGRES_POLLING_READING ? POLLIN : POLLOUT;
    switch (wait_for(PQsocket(raw), events, wake, until)) {
      case Woken::socket:
        break;
      case Woken::wake:
        throw refuse_connection("the database is being closed");
      case Woken::time:
        throw refuse_connection("no answer in time");
    }
  }
  PQsetnonblocking(raw, 1);  // so that a long text on a dead network cannot hold us
}

bool PostgresConnection::usable() const noexcept {
  return !abandoned_ && PQstatus(connection_.get()) == CONNECTION_OK &&
         PQtransactionStatus(connection_.get()) == PQTRANS_IDLE;
}

void PostgresConnection::refuse(const Failure& failure) {
  if (!failed_) failed_ = failure.cause();
  throw failure;  // NOLINT(cert-err09-cpp): a copy is what is thrown
}

void PostgresConnection::lose() {
  abandoned_ = true;
  refuse({Failure::Cause::unavailable, fmt::format("{}: the connection was lost; see that PostgreSQL runs, then the "
                                                   "work goes on by itself",
                                                   shown_)});
}

void PostgresConnection::too_late() {
  abandoned_ = true;
  refuse({Failure::Cause::unavailable,
          fmt::format("{}: PostgreSQL does not answer; look at it and at the network between", shown_)});
}

void PostgresConnection::check_sent(int sent) {
  if (sent == 0) lose();
}

void PostgresConnection::flush() {
  PGconn* raw = connection_.get();
  for (int left = PQflush(raw); left != 0; left = PQflush(raw)) {
    if (left < 0) {
      PQconsumeInput(raw);  // the server may have said why
      lose();
    }
    if (wait_for(PQsocket(raw), POLLIN | POLLOUT, -1, limit_) != Woken::socket) too_late();
    if (PQconsumeInput(raw) == 0) lose();
  }
}

void PostgresConnection::await_answer() {
  PGconn* raw = connection_.get();
  while (PQisBusy(raw) != 0) {
    if (wait_for(PQsocket(raw), POLLIN, -1, limit_) != Woken::socket) too_late();
    if (PQconsumeInput(raw) == 0) lose();
  }
}

PostgresResult PostgresConnection::next_result() {
  await_answer();
  return PostgresResult(PQgetResult(connection_.get()));
}

void PostgresConnection::check(std::string_view doing, const PGresult* result) {
  switch (PQresultStatus(result)) {
    case PGRES_COMMAND_OK:
    case PGRES_TUPLES_OK:
    case PGRES_EMPTY_QUERY:
      return;
    default:
      break;
  }
  const char* state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
  if (state == nullptr) lose();  // made by libpq, not by the server
  // What was prepared no longer fits the schema, or is gone: begin anew with another connection.
  if (std::string_view(state) == "0A000" || std::string_view(state) == "26000") abandoned_ = true;
  refuse(postgres_failure(doing, shown_, result, writes_));
}

/// The result of one statement that was sent; several of a script are checked and the last is kept.
PostgresResult PostgresConnection::only_result(std::string_view doing) {
  flush();
  PostgresResult last;
  PostgresResult wrong;
  while (PostgresResult result = next_result()) {
    const auto status = PQresultStatus(result.get());
    const bool good = status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK || status == PGRES_EMPTY_QUERY;
    if (!good && status != PGRES_FATAL_ERROR) lose();  // COPY: nothing of ours
    (good ? last : wrong) = std::move(result);
  }
  if (wrong) check(doing, wrong.get());
  if (!last) lose();
  return last;
}

void PostgresConnection::script(std::string_view text) {
  limit_ = in(patience_);
  check_sent(PQsendQuery(connection_.get(), std::string(text).c_str()));
  only_result("a script");
}

void PostgresConnection::begin(bool writes) {
  failed_.reset();
  writes_ = writes;
  begin_text_ = writes ? begin_write : begin_read;
}

Rows PostgresConnection::run(const Statement& statement, std::span<const Value> parameters) {
  if (failed_) already_failed(statement);
  try {
    limit_ = in(patience_);
    check_texts(statement, parameters);
    const Prepared& ready = prepared(statement);
    if (ready.parameters != parameters.size()) wrong_count(statement, ready.parameters, parameters.size());
    PostgresResult result;
    if (begin_text_ != nullptr) {
      result = begin_and_run(statement, ready, parameters);
    } else {
      send(ready, parameters);
      result = only_result(statement.name);
    }
    changed_ = changed_by(result.get());
    return rows_of(result.get());
  } catch (const Failure& failure) {
    if (!failed_) failed_ = failure.cause();
    throw;
  }
}

const PostgresConnection::Prepared& PostgresConnection::prepared(const Statement& statement) {
  if (const auto found = statements_.find(statement.name); found != statements_.end()) {
    if (found->second.text != statement.text) two_texts(statement);
    return found->second;
  }
  if (statements_.size() >= prepared_max) {
    script("DEALLOCATE ALL");
    statements_.clear();
  }
  Prepared made{std::string(statement.text), fmt::format("n{}", ++prepared_count_), 0};
  check_sent(PQsendPrepare(connection_.get(), made.server_name.c_str(), made.text.c_str(), 0, nullptr));
  only_result(statement.name);
  check_sent(PQsendDescribePrepared(connection_.get(), made.server_name.c_str()));
  made.parameters = static_cast<std::size_t>(PQnparams(only_result(statement.name).get()));
  return statements_.emplace(std::string(statement.name), std::move(made)).first->second;
}

void PostgresConnection::send(const Prepared& ready, std::span<const Value> parameters) {
  std::vector<std::string> numbers;  // numbers travel as text, so that the server takes the type from the place
  numbers.reserve(parameters.size());
  std::vector<const char*> values;
  values.reserve(parameters.size());
  for (const auto& parameter : parameters) {
    if (const auto* number = std::get_if<std::int64_t>(&parameter)) {
      values.push_back(numbers.emplace_back(std::to_string(*number)).c_str());
    } else if (const auto* text = std::get_if<std::string>(&parameter)) {
      values.push_back(text->c_str());
    } else {
      values.push_back(nullptr);
    }
  }
  check_sent(PQsendQueryPrepared(connection_.get(), ready.server_name.c_str(), static_cast<int>(values.size()),
                                 values.data(), nullptr, nullptr, 0));
}

/// BEGIN and the first statement in one round trip (libpq's pipeline mode).
PostgresResult PostgresConnection::begin_and_run(const Statement& statement, const Prepared& ready,
                                                 std::span<const Value> parameters) {
  PGconn* raw = connection_.get();
  if (PQenterPipelineMode(raw) == 0) lose();
  check_sent(PQsendQueryParams(raw, begin_text_, 0, nullptr, nullptr, nullptr, nullptr, 0));
  begin_text_ = nullptr;
  send(ready, parameters);
  check_sent(PQpipelineSync(raw));
  flush();

  const PostgresResult begun = next_result();
  const PostgresResult end_of_begun = next_result();
  PostgresResult answer = next_result();
  const PostgresResult end_of_answer = next_result();
  const PostgresResult synced = next_result();
  const bool whole = begun && answer && PQresultStatus(synced.get()) == PGRES_PIPELINE_SYNC;
  if (!whole || PQexitPipelineMode(raw) == 0) abandoned_ = true;
  check("BEGIN", begun.get());
  check(statement.name, answer.get());
  if (!whole) lose();
  return answer;
}

void PostgresConnection::commit() {
  if (std::exchange(begin_text_, nullptr) != nullptr) return;  // nothing was done
  limit_ = in(patience_);
  check_sent(PQsendQuery(connection_.get(), "COMMIT"));
  const PostgresResult result = only_result("COMMIT");
  if (std::string_view(PQcmdStatus(result.get())) != "COMMIT")
    refuse({Failure::Cause::bug, "the transaction had already failed when it was to be committed"});
}

void PostgresConnection::roll_back() noexcept {
  if (std::exchange(begin_text_, nullptr) != nullptr) return;
  if (abandoned_ || PQstatus(connection_.get()) != CONNECTION_OK) return;
  try {
    limit_ = in(patience_);
    check_sent(PQsendQuery(connection_.get(), "ROLLBACK"));
    only_result("ROLLBACK");
  } catch (const std::exception&) {
    abandoned_ = true;
  }
}

}  // namespace nephele::sql
