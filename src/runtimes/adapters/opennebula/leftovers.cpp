// SPDX-License-Identifier: Apache-2.0
#include "runtimes/adapters/opennebula/leftovers.h"

#include <algorithm>
#include <utility>

#include "operations/process_identity.h"

namespace nephele::runtimes::one {
namespace {

using opennebula::Session;
using operations::Held;
using operations::Work;
using std::chrono::milliseconds;

constexpr std::string_view kind = "runtimes.leftover";
constexpr std::string_view turn_kind = "runtimes.turn";

constexpr std::chrono::hours give_up{24 * 7};

/// A turn of somebody who died leaves nothing to do.
class DeadTurn final : public operations::Handler {
 public:
  Task<Result<>> run(Work&) override { co_return Result<>{}; }
  void failed(sql::Tx&, const operations::Record&, const Error&) override {}
};

std::string object_of(RuntimeId id) {
  return "runtime:" + id.text();
}

Secret credentials_of(const Caller& caller) {
  return Secret(caller.user + ":" + caller.password.reveal());
}

}  // namespace

Session session_of(const Caller& caller, SteadyTime deadline) {
  return {.user = caller.user, .password = caller.password, .deadline = deadline};
}

Leftovers::Leftovers(sql::Database& database, operations::Operations& operations, Upstream upstream, const Clock& clock,
                     const Settings& settings, log::Logger log)
    : database_(database),
      operations_(operations),
      upstream_(upstream),
      clock_(clock),
      keys_keep_(settings.idempotency_keep),
      late_arrivals_(late_arrivals(settings)),
      boot_(operations::ProcessIdentity::own().boot_id),
      log_(std::move(log)),
      dead_turn_(std::make_unique<DeadTurn>()) {}

Journal::Journal(Leftovers& leftovers, Held held, Remains what)
    : remains(std::move(what)), leftovers_(leftovers), held_(held) {}

Journal::~Journal() {
  if (!ended_) leftovers_.operations_.abandon(held_);
}

Task<Result<>> Journal::settle(std::optional<View> answer) {
  auto settled = co_await leftovers_.settle(held_, *this, std::move(answer));
  ended_ = settled.has_value();
  co_return settled;
}

Task<> Journal::hand_over() {
  ended_ = co_await leftovers_.hand_over(held_, remains);
}

void Leftovers::register_handlers() {
  operations_.handle(std::string(kind), *this);
  operations_.handle(std::string(turn_kind), *dead_turn_);
}

Task<Result<Begun>> Leftovers::begin(const Caller& caller, Remains remains, std::optional<IdempotencyKey> key,
                                     SteadyTime deadline) {
  // Where another server keeps the rows, a machine's boot says nothing about them.
  if (!key && database_.engine() == sql::Engine::sqlite) remains.boot = boot_;
  operations::NewOperation row{
      .kind = std::string(kind),
      .object = key ? "key:" + sha256_hex(caller.user + ":" + key->key) : "request:" + remains.tag,
      .actor = caller.user,
      .request_id = caller.request_id,
      .payload = to_json(remains),
      .sealed = credentials_of(caller),
      .runs_on = {},
      .limit = give_up};
  std::optional<store::UsedKey> used;
  const auto held = co_await alone(row, deadline, "another request with this Idempotency-Key is under way",
                                   [&](sql::Tx& tx, const Held& mine) -> Result<> {
                                     used.reset();  // it may run twice
                                     if (key)
                                       used = store::find_key(tx, caller.user, key->key, clock_.now() - keys_keep_);
                                     return used ? operations_.settle(tx, mine) : Result<>{};
                                   });
  if (!held) co_return fail(held.error());
  if (used) co_return Begun{.journal = nullptr, .used = std::move(used)};
  const bool tells_its_boot = !remains.boot.empty();
  auto journal = std::make_unique<Journal>(*this, *held, std::move(remains));
  if (tells_its_boot) journal->end_outlasts = sql::Outlasts::kill;
  journal->owner = caller.user;
  journal->key = std::move(key);
  co_return Begun{.journal = std::move(journal), .used = std::nullopt};
}

Task<std::unique_ptr<Journal>> Leftovers::try_turn(const Caller& caller, RuntimeId id) {
  auto taken = co_await take_turn(caller, id, std::nullopt, std::chrono::steady_clock::now());
  co_return taken ? std::move(*taken) : nullptr;
}

Task<Result<std::unique_ptr<Journal>>> Leftovers::take_turn(const Caller& caller, RuntimeId id,
                                                            std::optional<Remains> remains, SteadyTime deadline) {
  operations::NewOperation row{.kind = std::string(remains ? kind : turn_kind),
                               .object = object_of(id),
                               .actor = caller.user,
                               .request_id = caller.request_id,
                               .payload = remains ? to_json(*remains) : json::Value(json::Object{}),
                               .sealed = remains ? std::optional(credentials_of(caller)) : std::nullopt,
                               .runs_on = {},
                               .limit = give_up};
  // What leaves nothing to do when it is lost waits for no disk.
  const auto outlasts = remains ? sql::Outlasts::power_cut : sql::Outlasts::kill;
  const auto held = co_await alone(
      row, deadline, "another request changes runtime " + id.text(),
      [](sql::Tx&, const Held&) -> Result<> { return {}; }, outlasts);
  if (!held) co_return fail(held.error());
  auto journal = std::make_unique<Journal>(*this, *held, std::move(remains).value_or(Remains{}));
  journal->end_outlasts = outlasts;
  co_return journal;
}

/// Writes the row and does `also` in the same transaction, once no older row of the object is unfinished.
Task<Result<Held>> Leftovers::alone(operations::NewOperation row, SteadyTime deadline, std::string otherwise,
                                    std::function<Result<>(sql::Tx&, const Held&)> also, sql::Outlasts outlasts) {
  constexpr milliseconds longest{500};
  for (milliseconds pause{25};; pause = std::min(pause * 2, longest)) {
    auto held = co_await database_.write(
        [&](sql::Tx& tx) -> Result<Held> {
          // The row first: drawing its number is what lets one writer in at a time (decision 0008).
          auto mine = operations_.hold(tx, row);
          if (operations_.busy_before(tx, row.object, mine.id))
            return fail(Kind::busy, otherwise + "; try again when it has ended");
          TRY_VOID(also(tx, mine));
          return mine;
        },
        outlasts);
    if (held || held.error().kind() != Kind::busy || in(pause) > deadline) co_return held;
    co_await sleep_for(pause);
  }
}

Task<Result<>> Leftovers::settle(Held held, const Journal& journal, std::optional<View> answer) {
  co_return co_await database_.write(
      [&](sql::Tx& tx) -> Result<> {
        TRY_VOID(operations_.settle(tx, held));
        if (!journal.key || !answer) return {};
        const Time now = clock_.now();
        (void)store::claim_key(tx, journal.owner, journal.key->key, journal.key->body_hash, now, now - keys_keep_);
        store::answer_key(tx, journal.owner, journal.key->key, answer->id, answer->runtime);
        return {};
      },
      journal.end_outlasts);
}

Task<bool> Leftovers::hand_over(Held held, Remains remains) {
  remains.boot.clear();
  const auto payload = to_json(remains);
  // A create that is cleared up no longer keeps its key, nor do machines that end keep those waiting who would change a
  // runtime that is gone.
  std::string object;
  if (!remains.tag.empty()) {
    object = "request:" + remains.tag;
  } else if (!remains.document) {
    object = "removed:" + held.id.text();
  }
  const auto done =
      co_await database_.write([&](sql::Tx& tx) { return operations_.let_go(tx, held, payload, object); });
  // The lease runs out instead, and a worker begins with what was written at the start.
  if (!done) log_.warn("leftover.not_handed_over", {{"operation", held.id}, {"reason", done.error().sentence()}});
  co_return done.has_value();
}

}  // namespace nephele::runtimes::one
