// SPDX-License-Identifier: Apache-2.0
// 64 clients at once, some of whom forget what they have issued; then their history, in the order in which the database
// took it, is told to a simple model. Each outcome must be the model's, and so must everything at the end.
#include <gtest/gtest.h>

#include <algorithm>
#include <mutex>
#include <variant>

#include "identity/quota/testing/model.h"
#include "identity/quota/testing/random_client.h"
#include "sql/testing/postgres_server.h"

namespace nephele::identity::quota {
namespace {

using testing::Dice;
using testing::few_keys;
using testing::Model;
using testing::QuotasTest;

constexpr std::size_t clients = 64;
constexpr std::size_t steps = 150;

constexpr sql::Statement tick{"test.tick", "UPDATE test_order SET value = value + 1 RETURNING value"};

struct Issued {
  NewCommission wanted;
  Result<Serial> outcome;
};
struct Settled {
  Serial serial;
  Verdict verdict;
  bool found;
};
struct Event {
  std::int64_t order = 0;
  std::variant<Issued, Settled, Limit> what;
};

/// What crashed clients left behind, for others to find.
class Orphans {
 public:
  void add(std::vector<Serial> serials) {
    const std::lock_guard lock(mutex_);
    serials_.insert(serials_.end(), serials.begin(), serials.end());
  }
  std::optional<Serial> take(Dice& dice) {
    const std::lock_guard lock(mutex_);
    if (serials_.empty()) return std::nullopt;
    std::swap(serials_[dice.roll(serials_.size())], serials_.back());
    const Serial serial = serials_.back();
    serials_.pop_back();
    return serial;
  }

 private:
  std::mutex mutex_;
  std::vector<Serial> serials_;
};

/// One of the many. Its transactions end with a row that tells their order, refusals too: until then they hold their
/// locks, so no other order is possible.
class Client {
 public:
  Client(sql::Database& database, Quotas& quotas, Orphans& orphans, std::uint64_t seed)
      : database_(database), quotas_(quotas), orphans_(orphans), dice_(seed) {}

  Task<> run() {
    for (std::size_t step = 0; step < steps; ++step) {
      if (dice_.chance(50))
        co_await issue();
      else if (dice_.chance(90))
        co_await settle();
      else if (dice_.chance(60))
        co_await limit();
      else
        orphans_.add(std::exchange(mine_, {}));  // it crashes and comes back without its memory
    }
  }

  std::vector<Event> events;
  std::vector<std::string> surprises;

 private:
  Task<> issue() {
    const auto wanted = dice_.commission("cyclades", "random");
    Result<Serial> outcome = Serial(0);
    const auto order = co_await database_.write([&](sql::Tx& tx) {
      outcome = identity::reserve(tx, quotas_, wanted);
      return tx.one(tick).integer(0);
    });
    if (!order) {
      surprises.push_back(order.error().sentence());
      co_return;
    }
    if (outcome && !wanted.auto_accept) mine_.push_back(*outcome);
    events.push_back({*order, Issued{wanted, outcome}});
  }

  Task<> settle() {
    std::optional<Serial> serial = dice_.chance(20) ? orphans_.take(dice_) : std::nullopt;
    if (!serial && !mine_.empty()) {
      serial = mine_.back();
      if (dice_.chance(95)) mine_.pop_back();  // else it will be told twice
    }
    if (!serial) co_return;
    const Verdict verdict = dice_.chance(70) ? Verdict::accept : Verdict::reject;
    bool found = false;
    const auto order = co_await database_.write([&](sql::Tx& tx) {
      found = identity::settle(tx, quotas_, "cyclades", *serial, verdict).has_value();
      return tx.one(tick).integer(0);
    });
    if (!order)
      surprises.push_back(order.error().sentence());
    else
      events.push_back({*order, Settled{*serial, verdict, found}});
  }

  Task<> limit() {
    static const auto keys = few_keys();
    const std::vector<Limit> one{{dice_.one_of(keys), dice_.limit()}};
    const auto order = co_await database_.write([&](sql::Tx& tx) -> Result<std::int64_t> {
      TRY_VOID(quotas_.set_limits(tx, one));
      return tx.one(tick).integer(0);
    });
    if (!order)
      surprises.push_back(order.error().sentence());
    else
      events.push_back({*order, one.front()});
  }

  sql::Database& database_;
  Quotas& quotas_;
  Orphans& orphans_;
  Dice dice_;
  std::vector<Serial> mine_;
};

class History : public QuotasTest {
 protected:
  History() {
    execute("CREATE TABLE test_order (value BIGINT NOT NULL)");
    execute("INSERT INTO test_order (value) VALUES (0)");
    start.client = "cyclades";
    start.auto_accept = true;
    for (const auto& key : few_keys()) {
      limits.push_back({key, 120});
      start.provisions.push_back({key, 60});
    }
    limit(limits);
    loop.run(quotas.issue(start)).value();
  }

  /// Deadlocks that the server of this database has seen; none on SQLite.
  std::int64_t deadlocks() {
    if (GetParam() == sql::Engine::sqlite) return 0;
    const sql::Statement seen{"test.deadlocks",
                              "SELECT CAST(deadlocks AS BIGINT) FROM pg_stat_database WHERE datname = "
                              "current_database()"};
    return database().read_now([&](sql::Tx& tx) { return tx.one(seen).integer(0); }).value();
  }

  /// In one process of several, with connections of its own.
  std::vector<Event> play(std::uint64_t seed, IoThreads& threads) {
    auto settings = fresh().settings();
    settings.readers = 15;
    settings.wait_max = std::chrono::minutes(1);
    const auto first = fresh().open(settings);
    const auto second = fresh().open(settings);
    Quotas here(*first, clock);
    Quotas there(*second, clock);
    Orphans orphans;
    std::vector<std::unique_ptr<Client>> all;
    std::vector<std::future<void>> ends;
    for (std::size_t i = 0; i < clients; ++i) {
      all.push_back(std::make_unique<Client>(i % 2 == 0 ? *first : *second, i % 2 == 0 ? here : there, orphans,
                                             seed * clients + i));
      ends.push_back(asio::co_spawn(threads.executors()[i % 2], all.back()->run(), asio::use_future));
    }
    for (auto& end : ends) {
      EXPECT_EQ(end.wait_for(std::chrono::minutes(5)), std::future_status::ready);
      end.get();
    }
    std::vector<Event> events;
    for (auto& client : all) {
      for (const auto& surprise : client->surprises) ADD_FAILURE() << surprise;
      events.insert(events.end(), client->events.begin(), client->events.end());
    }
    std::ranges::sort(events, {}, &Event::order);
    return events;
  }

  std::vector<Limit> limits;
  NewCommission start;  ///< so that there is something to release
};
INSTANTIATE_TEST_SUITE_P(Engines, History, sql::testing::all_engines(), sql::testing::engine_name);

void compare(const Issued& event, Model& model, std::int64_t order) {
  const auto expected = model.issue(event.outcome ? *event.outcome : Serial(0), event.wanted);
  ASSERT_EQ(event.outcome.has_value(), !expected) << "at " << order;
  if (!expected) return;
  const Error& error = event.outcome.error();
  EXPECT_EQ(error.detail("name"), expected->name) << "at " << order;
  EXPECT_EQ(error.detail("holder"), expected->key.holder) << "at " << order;
  EXPECT_EQ(error.detail("resource"), expected->key.resource) << "at " << order;
  if (expected->name != "NoHoldingError")
    EXPECT_EQ(error.detail("usage"), std::to_string(expected->usage)) << "at " << order;
}

TEST_P(History, AgreesWithTheModelInEachStepAndAtTheEnd) {
  const std::uint64_t seed = testing::history_seed();
  SCOPED_TRACE("NEPHELE_TEST_SEED=" + std::to_string(seed));
  std::printf("NEPHELE_TEST_SEED=%llu\n", static_cast<unsigned long long>(seed));
  const auto deadlocks_before = deadlocks();
  std::vector<Event> events;
  {
    IoThreads threads(2);
    events = play(seed, threads);
  }

  Model model;
  for (const auto& [key, limit] : limits) model.limit(key, limit);
  ASSERT_FALSE(model.issue(Serial(1), start));
  std::size_t refused = 0;
  for (std::size_t i = 0; i < events.size(); ++i) {
    const auto& [order, what] = events[i];
    ASSERT_EQ(order, static_cast<std::int64_t>(i) + 1) << "no step is lost or told twice";
    if (const auto* issued = std::get_if<Issued>(&what)) {
      compare(*issued, model, order);
      if (!issued->outcome) ++refused;
    } else if (const auto* settled = std::get_if<Settled>(&what)) {
      EXPECT_EQ(model.end(settled->serial, settled->verdict), settled->found) << "at " << order;
    } else {
      const auto& limit = std::get<Limit>(what);
      model.limit(limit.key, limit.limit);
    }
    ASSERT_FALSE(HasFailure());
  }
  EXPECT_GT(events.size(), clients * steps / 2);
  EXPECT_GT(refused, events.size() / 50) << "limits are narrow";
  EXPECT_LT(refused, events.size() / 2) << "but not so narrow that nothing happens";

  auto holdings = loop.run(quotas.holdings({}, 1000)).value();
  std::ranges::sort(holdings, {}, &Holding::key);
  EXPECT_EQ(holdings, model.holdings());
  EXPECT_EQ(loop.run(quotas.pending("cyclades")).value(), model.pending());
  EXPECT_FALSE(model.pending().empty()) << "crashes leave some";
  EXPECT_TRUE(loop.run(quotas.verify(testing::Given(), {})).value().empty());

  // Whoever finds them later ends them all, and then nothing is open.
  ASSERT_TRUE(loop.run(quotas.resolve("cyclades", model.pending(), {})));
  for (const auto& [key, limit, min, max] : loop.run(quotas.holdings({}, 1000)).value()) EXPECT_EQ(min, max);
  EXPECT_TRUE(loop.run(quotas.verify(testing::Given(), {})).value().empty());
  EXPECT_EQ(deadlocks(), deadlocks_before);
}

}  // namespace
}  // namespace nephele::identity::quota
