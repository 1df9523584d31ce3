// SPDX-License-Identifier: Apache-2.0
#include "runtimes/store.h"

#include <gtest/gtest.h>

#include "bus/bus.h"
#include "runtimes/flavours.h"
#include "sql/testing/test_databases.h"
#include "sql/testing/with_loop.h"

namespace nephele::runtimes {
namespace {

using std::chrono::hours;

store::Record record(std::int64_t id, const std::string& owner) {
  store::Record out;
  out.id = RuntimeId(id);
  out.service_id = id - 1;
  out.owner = owner;
  out.name = "n" + std::to_string(id);
  out.document = *json::parse(R"({"FAAS":{"FLAVOUR":"nature","x":1.50}})")->if_object();
  out.functions.push_back({.role = Role::faas,
                           .vm_id = id * 10,
                           .state = FunctionState::pending,
                           .error = {},
                           .endpoint = "127.96.0.1",
                           .sizes = {.cpu = 1, .memory_mib = 128, .disk_mib = 256}});
  out.functions.push_back(out.functions.front());
  out.functions.back().role = Role::daas;
  out.functions.back().vm_id = id * 10 + 1;
  return out;
}

class RuntimesStore : protected sql::testing::WithLoop, public sql::testing::TestDatabases {
 protected:
  void SetUp() override { migrate(migrations()); }

  template <class F>
  auto write(F body) {
    auto answer = database().write_now(std::move(body));
    if (!answer) throw std::runtime_error(answer.error().sentence());
    if constexpr (!std::is_void_v<typename decltype(answer)::Value>) return std::move(*answer);
  }

  const Time now = from_ms(1'700'000'000'000);
};

TEST_P(RuntimesStore, DrawsTwoNumbersPerRuntimeFromOneSequence) {
  for (std::int64_t turn = 1; turn <= 3; ++turn) {
    const auto ids = write([](sql::Tx& tx) { return store::draw_ids(tx); });
    ASSERT_TRUE(ids);
    EXPECT_EQ(ids->service_id, turn * 2 - 1);
    EXPECT_EQ(ids->id.number(), turn * 2);
  }
}

TEST_P(RuntimesStore, RefusesToDrawBeyondThirtyTwoBits) {
  write([](sql::Tx& tx) { tx.execute({"test.exhaust", "UPDATE runtimes_counter SET last = 2147483644"}); });
  EXPECT_EQ(write([](sql::Tx& tx) { return store::draw_ids(tx); })->id.number(), 2147483646);
  EXPECT_FALSE(write([](sql::Tx& tx) { return store::draw_ids(tx); }));
}

TEST_P(RuntimesStore, GivesBackWhatItWasGiven) {
  auto wanted = record(2, "ada");
  write([&](sql::Tx& tx) { store::insert(tx, wanted); });
  auto found = write([](sql::Tx& tx) { return store::take(tx, RuntimeId(2)); });
  ASSERT_TRUE(found);
  EXPECT_EQ(found->service_id, 1);
  EXPECT_EQ(json::write(found->document), R"({"FAAS":{"FLAVOUR":"nature","x":1.50}})");
  ASSERT_EQ(found->functions.size(), 2U);
  EXPECT_EQ(found->functions.front().role, Role::faas);
  EXPECT_EQ(found->functions.front().vm_id, 20);

  found->name = "other";
  found->functions.front().state = FunctionState::error;
  found->functions.front().error = "it broke";
  found->last_event = 7;
  write([&](sql::Tx& tx) { store::save(tx, *found, now); });
  const auto view = write([](sql::Tx& tx) { return store::view(tx, RuntimeId(2)); });
  EXPECT_EQ(view->owner, "ada");
  EXPECT_NE(view->body.find(R"("NAME":"other","ID":2,"FAAS":{"FLAVOUR":"nature","x":1.50,"VM_ID":20,"STATE":"ERROR")"),
            std::string::npos)
      << view->body;
  EXPECT_EQ(write([](sql::Tx& tx) { return store::find(tx, RuntimeId(2)); })->last_event, 7);
  EXPECT_EQ(write([](sql::Tx& tx) { return store::runtime_of_server(tx, 21); }), RuntimeId(2));

  write([](sql::Tx& tx) { store::erase(tx, RuntimeId(2)); });
  EXPECT_FALSE(write([](sql::Tx& tx) { return store::view(tx, RuntimeId(2)); }));
  EXPECT_FALSE(write([](sql::Tx& tx) { return store::runtime_of_server(tx, 21); }));
}

TEST_P(RuntimesStore, PagesByOwnerAndId) {
  write([](sql::Tx& tx) {
    for (std::int64_t id = 2; id <= 10; id += 2) store::insert(tx, record(id, id == 6 ? "bob" : "ada"));
  });
  const auto page = write([](sql::Tx& tx) { return store::page(tx, "ada", RuntimeId(2), 2); });
  ASSERT_EQ(page.size(), 2U);
  EXPECT_EQ(page[0].id.number(), 4);
  EXPECT_EQ(page[1].id.number(), 8);
  const auto counts = write([](sql::Tx& tx) { return store::count_by_state(tx); });
  ASSERT_EQ(counts.size(), 1U);
  EXPECT_EQ(counts[0].functions, 10);
}

TEST_P(RuntimesStore, RemembersAnIdempotencyKeyForItsTime) {
  const auto claim = [&](const std::string& hash, Time at) {
    return write([&](sql::Tx& tx) {
      auto used = store::claim_key(tx, "ada", "k", hash, at, at - hours(24));
      if (!used) store::answer_key(tx, "ada", "k", RuntimeId(2), "answer of " + hash);
      return used;
    });
  };
  EXPECT_FALSE(claim("h1", now));
  const auto again = claim("h1", now + hours(23));
  ASSERT_TRUE(again);
  EXPECT_EQ(again->answer, "answer of h1");
  EXPECT_EQ(claim("h2", now + hours(23))->body_hash, "h1");
  EXPECT_FALSE(claim("h2", now + hours(25))) << "a day later the key is free again";
}

TEST_P(RuntimesStore, PurgesWhatIsOldAndNothingElse) {
  write([&](sql::Tx& tx) {
    store::insert_event(tx, RuntimeId(2), "ada", now, {1, "created", "{}"});
    store::insert_event(tx, RuntimeId(2), "ada", now + hours(10), {2, "state", "{}"});
    store::claim_key(tx, "ada", "old", "h", now, now);
    store::claim_key(tx, "ada", "new", "h", now + hours(10), now);
  });
  EXPECT_EQ(write([&](sql::Tx& tx) { return store::purge(tx, now + hours(1), now + hours(1), 100); }), 2);
  const auto left = write([](sql::Tx& tx) { return store::events_after(tx, RuntimeId(2), 0, 10); });
  ASSERT_EQ(left.size(), 1U);
  EXPECT_EQ(left[0].sequence, 2);
}

TEST_P(RuntimesStore, AdminsAddShowListAndRemoveFlavours) {
  const ManualClock clock(now);
  Flavours flavours(database(), clock);
  EXPECT_TRUE(*loop.run(flavours.seed()));
  EXPECT_FALSE(*loop.run(flavours.seed())) << "only where there is none";
  EXPECT_EQ(loop.run(flavours.list("", 100))->size(), 6U);
  Flavour own{.name = "own", .faas = {}, .daas = std::nullopt};
  own.faas.cpu = 2;
  EXPECT_TRUE(loop.run(flavours.add(own)));
  EXPECT_EQ(loop.run(flavours.add(own)).error().kind(), Kind::conflict);
  EXPECT_EQ(*loop.run(flavours.show("own")), own);
  EXPECT_TRUE(loop.run(flavours.remove("own")));
  EXPECT_EQ(loop.run(flavours.remove("own")).error().kind(), Kind::not_found);
  EXPECT_EQ(loop.run(flavours.show("own")).error().kind(), Kind::not_found);
  own.name = "";
  EXPECT_EQ(loop.run(flavours.add(own)).error().kind(), Kind::invalid);
}

INSTANTIATE_TEST_SUITE_P(Engines, RuntimesStore, sql::testing::all_engines(), sql::testing::engine_name);

}  // namespace
}  // namespace nephele::runtimes
