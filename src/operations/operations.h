// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/async.h"
#include "base/clock.h"
#include "base/id.h"
#include "base/json.h"
#include "base/log.h"
#include "base/secret.h"
#include "sql/sql.h"

/// Durable work: the outbox of every service. A use case writes a row in its own transaction; a worker claims it with
/// a lease, runs its handler step by step, retries it, ends it. Kill -9 anywhere: another worker goes on.
namespace nephele::operations {

using OperationId = NumericId<struct OperationTag>;

enum class State : std::uint8_t { pending, running, done, failed, cancelled };
std::string_view to_string(State state) noexcept;

/// What a use case asks for.
struct NewOperation {
  std::string kind;                          ///< "compute.create": who handles it
  std::string object;                        ///< "server:42": one runs at a time per object, in order of their ids
  std::string actor;                         ///< account that asked, for the audit
  std::string request_id;                    ///< of the request that asked
  json::Value payload;                       ///< no secrets
  std::optional<Secret> sealed;              ///< encrypted at rest, erased by the transaction that ends the operation
  std::string runs_on;                       ///< a place (Settings::place); empty: any
  std::chrono::milliseconds limit{600'000};  ///< no attempt starts later than this after the enqueueing
  int version = 1;                           ///< of the payload
  std::chrono::milliseconds delay{0};        ///< the first attempt starts no earlier
};

/// A row, as people and handlers see it. Without the secret.
struct Record {
  OperationId id;
  std::string kind;
  int version = 1;
  std::string object;
  std::string actor;
  std::string request_id;
  std::string runs_on;
  State state = State::pending;
  int attempt = 0;
  std::string progress;
  std::string last_error;
  json::Value payload;
  Time created;
  Time updated;
  Time deadline;
  bool cancel_requested = false;
};

/// How an operation ended, for wait().
struct Outcome {
  State state = State::done;
  std::string error;  ///< last_error of a failed or cancelled one
  std::optional<Kind> kind;
};

/// A row whose work is done by who wrote it (Operations::hold).
struct Held {
  OperationId id;
  std::int64_t epoch = 0;
};

class Operations;

/// One attempt at one operation, in the hands of its handler. Every write is fenced by the lease epoch: a worker whose
/// lease was lost gets an Error of kind `conflict` and must return at once.
class Work {
 public:
  const Record& record() const noexcept { return record_; }
  /// The secret, decrypted.
  Result<Secret> sealed() const;

  /// True when the step `name` is not recorded yet and must be run. Its border is a fault point
  /// ("compute.create/disk:before").
  bool starts(std::string_view name) const;
  /// Records the step with its result; the border after it is a fault point (":after").
  Task<Result<>> finished(std::string_view name, json::Value result = {});
  /// The recorded result of a finished step.
  std::optional<json::Value> result_of(std::string_view name) const;

  Task<Result<>> progress(std::string text);
  /// A transaction of the handler, rolled back when the lease is lost.
  template <class F>
  Task<Result<>> write(F body) {
    co_return co_await database_.write([this, &body](sql::Tx& tx) -> Result<> {
      TRY_VOID(fence(tx));
      body(tx);
      return {};
    });
  }
  /// The same, and ends the operation as done.
  template <class F>
  Task<Result<>> finish_with(F body) {
    auto answer = co_await database_.write([this, &body](sql::Tx& tx) -> Result<> {
      TRY_VOID(fence(tx));
      body(tx);
      return end_done(tx);
    });
    if (answer) ended_ = true;
    co_return answer;
  }
  bool ended() const noexcept { return ended_; }

 private:
  friend class Operations;
  Work(Operations& operations, sql::Database& database, Record record, std::string sealed_text, std::int64_t epoch,
       std::map<std::string, json::Value, std::less<>> steps);
  Result<> fence(sql::Tx& tx) const;
  Result<> end_done(sql::Tx& tx);

  Operations& operations_;
  sql::Database& database_;
  Record record_;
  std::string sealed_text_;
  std::int64_t epoch_;
  std::map<std::string, json::Value, std::less<>> steps_;
  bool ended_ = false;
};

/// One kind of operation. Called again from its first unrecorded step after a crash or a failure, so each call to the
/// outside looks first whether it has already happened.
class Handler {
 public:
  virtual ~Handler() = default;
  /// Errors of kind busy, unavailable and timeout are tried again with back-off until the deadline; others end it.
  virtual Task<Result<>> run(Work& work) = 0;
  /// How long the next attempt waits, for work that can take days; nothing: as Settings say.
  virtual std::optional<std::chrono::milliseconds> pause(const Record&, const Error&) { return std::nullopt; }
  /// In the transaction that puts it back for another attempt: tell the owner what it waits for.
  virtual void retried(sql::Tx&, const Record&, const Error&) {}
  /// In the transaction that ends the operation as failed.
  virtual void failed(sql::Tx& tx, const Record& record, const Error& error) = 0;
  /// In the transaction that ends it as cancelled (a later operation on the object takes over).
  virtual void cancelled(sql::Tx&, const Record&) {}
};

struct Settings {
  /// What this process works for, and no other one at the same time: rows with `runs_on` are claimed only there, and
  /// what a dead process of the same place had claimed is due at once.
  std::string place;
  std::size_t running_max = 256;
  std::chrono::milliseconds lease{30'000};
  std::chrono::milliseconds poll{1'000};  ///< for rows written by other processes
  std::chrono::milliseconds first_retry{500};
  std::chrono::milliseconds retry_max{30'000};
  std::chrono::hours keep{168};  ///< ended rows
};

struct Page {
  std::optional<State> state;
  std::string object;  ///< empty: all
  OperationId before;  ///< keyset: ids below this; none: from the newest
  std::size_t limit = 50;
};

class Operations {
 public:
  Operations(sql::Database& database, const SecretKey& key, const Clock& clock, Executor executor, Settings settings,
             log::Logger log);
  ~Operations();
  Operations(const Operations&) = delete;
  Operations& operator=(const Operations&) = delete;

  static std::span<const sql::Migration> migrations();

  /// Writes the row in the caller's transaction; a worker of this process is woken after its commit.
  OperationId enqueue(sql::Tx& tx, NewOperation wanted);
  /// Asks every unfinished operation of the object to stop; its worker cancels it and ends it as cancelled, before any
  /// later one of the object starts. For a delete that overtakes a create.
  void cancel_object(sql::Tx& tx, std::string_view object);
  /// Unfinished operations of one place become another's, which has taken over all that it works for.
  void hand_over(sql::Tx& tx, std::string_view from, std::string_view to);
  /// Any unfinished operation of the object?
  bool busy(sql::Tx& tx, std::string_view object) const;
  /// Any that is older than `than`?
  bool busy_before(sql::Tx& tx, std::string_view object, OperationId than) const;

  /// Awaits the end, whichever process does the work. A time-out (kind `timeout`) leaves the work running.
  Task<Result<Outcome>> wait(OperationId id, SteadyTime deadline);

  /// For work that a use case does itself while somebody waits for it: the row is in the hands of this process from the
  /// start. When the process dies in the middle, or lets go of it, a worker does what the handler of its kind says.
  /// After start(), which keeps the leases.
  Held hold(sql::Tx& tx, NewOperation wanted);
  /// The work is done, or nothing is left of it. `conflict` when another process has taken the row over.
  Result<> settle(sql::Tx& tx, const Held& held);
  /// A worker goes on, at once; `payload` replaces what was written at the start, and `object` too where it is not
  /// empty: the old one is free then.
  Result<> let_go(sql::Tx& tx, const Held& held, json::Value payload, std::string_view object = {});

  /// Whoever held it cannot say how it ended: a worker goes on when the lease has run out. Touches no database.
  void abandon(const Held& held) noexcept;

  /// Before start(). The handler outlives the workers.
  void handle(std::string kind, Handler& handler);
  /// Claims what it has handlers for and works until stop(). Leases of dead processes of this place are released first.
  /// A process without handlers only enqueues and waits: it need not call this.
  Task<Result<>> start();
  /// Finishes the steps under way within the grace, then gives the rows back.
  Task<> stop();

  // For `nephele operations`.
  Task<Result<std::vector<Record>>> list(Page page);
  Task<Result<Record>> show(OperationId id);
  Task<Result<>> retry(OperationId id);  ///< a failed one becomes pending again
  Task<Result<>> cancel(OperationId id);

  /// Age of the claiming loop's last turn, and rows by state: for /metrics and /readyz.
  std::chrono::milliseconds loop_age() const;
  std::size_t running() const;

 private:
  friend class Work;
  class Impl;
  std::unique_ptr<Impl> impl_;
};

/// Refuses a key that is not the one of this database with `conflict`: the nodes of an installation share one. The
/// first key that comes becomes the one, unless it cannot open what is sealed there already. Blocking: for start-up.
Result<> check_key(sql::Database& database, const SecretKey& key);

}  // namespace nephele::operations
