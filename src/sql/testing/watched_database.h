// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>

#include "sql/sql.h"

namespace nephele::sql::testing {

/// Another one's transactions, counted; from `writes_left` on no write succeeds, as after a kill -9 or on a full disk.
class WatchedDatabase final : public Database {
 public:
  explicit WatchedDatabase(Database& inner) : inner_(inner) {}

  std::atomic<int> reads = 0, writes = 0;
  std::atomic<int> writes_left = 1'000'000;

  Engine engine() const noexcept override { return inner_.engine(); }
  Result<> migrate(std::span<const Migration> migrations) override { return inner_.migrate(migrations); }
  Result<> backup_to(const std::string& path) override { return inner_.backup_to(path); }

 protected:
  Task<std::optional<Error>> submit(Purpose purpose, Body body) override {
    const bool changes = purpose != Purpose::look;
    if (auto refused = count(changes)) co_return refused;
    if (!changes) {
      const auto seen = co_await inner_.read([&](Tx& tx) { (void)body(tx); });
      co_return seen ? std::nullopt : std::optional(seen.error());
    }
    bool given_up = false;
    const auto kept = co_await inner_.write([&](Tx& tx) -> Result<> { return one(tx, body, given_up); },
                                            purpose == Purpose::passing_change ? Outlasts::kill : Outlasts::power_cut);
    co_return kept || given_up ? std::nullopt : std::optional(kept.error());
  }
  std::optional<Error> run_now(Purpose purpose, Body body) override {
    const bool changes = purpose != Purpose::look;
    if (auto refused = count(changes)) return refused;
    bool given_up = false;
    const auto all = [&](Tx& tx) -> Result<> { return one(tx, body, given_up); };
    const auto kept = changes ? inner_.write_now(all) : inner_.read_now(all);
    return kept || given_up ? std::nullopt : std::optional(kept.error());
  }

 private:
  std::optional<Error> count(bool changes) {
    ++(changes ? writes : reads);
    if (changes && writes_left-- <= 0) return Error(Kind::unavailable, "the database takes no changes at the moment");
    return std::nullopt;
  }
  static Result<> one(Tx& tx, Body& body, bool& given_up) {
    given_up = !body(tx);
    if (given_up) return fail(Kind::internal, "rolled back");
    return {};
  }

  Database& inner_;
};

}  // namespace nephele::sql::testing
