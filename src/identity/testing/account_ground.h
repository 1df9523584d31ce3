// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gtest/gtest.h>

#include <future>
#include <memory>
#include <utility>
#include <vector>

#include "base/eventually.h"
#include "base/io_threads.h"
#include "identity/life/life.h"
#include "identity/testing/letterbox.h"
#include "sql/testing/test_databases.h"

namespace nephele::identity::testing {

/// Accounts with their life, quota and mails over a fresh database of either engine: what most of the house stands on.
class AccountGround : public sql::testing::TestDatabases {
 protected:
  static constexpr const char* base = "https://cloud.example.org";

  void SetUp() override {
    std::vector<sql::Migration> all(Identity::migrations().begin(), Identity::migrations().end());
    all.insert(all.end(), operations::Operations::migrations().begin(), operations::Operations::migrations().end());
    migrate(all);
    threads = std::make_unique<IoThreads>(2);
    identity = std::make_unique<Identity>(database(), key, clock, identity::Settings{}, log::Logger{});
    quotas = std::make_unique<quota::Quotas>(database(), clock);
    operations::Settings quick;
    quick.poll = std::chrono::milliseconds{20};
    work = std::make_unique<operations::Operations>(database(), key, clock, threads->first(), quick, log::Logger{});
    work->handle(std::string(mail_operation), handler);
    ASSERT_TRUE(threads->run(work->start()));
    outbox = std::make_unique<MailOutbox>(*work, MailAddress{"Cloud", "cloud@example.org"}, MailTimes{});
    live({.base_url = base});
  }
  /// What a test has put on the ground goes first.
  virtual void clear() {}
  void TearDown() override {
    threads->run(work->stop());
    threads->halt();
    clear();
    life.reset();
    outbox.reset();
    work.reset();
    quotas.reset();
    identity.reset();
    close_database();
  }
  /// Lives by other settings from now on.
  void live(life::Settings settings) {
    life = std::make_unique<life::AccountLife>(database(), *identity, *quotas, key, clock, outbox.get(), texts,
                                               std::move(settings), log::Logger{});
  }
  template <class T>
  T run(Task<T> task) {
    return threads->run(std::move(task));
  }
  /// What `other` answers, which begins in the middle of a transaction that `body` is, and which that transaction ends
  /// only when the other waits for it: what the other has read before is old then. On SQLite, where one writes at a
  /// time, the other comes later.
  template <class Body, class Other>
  auto overtaken(Body body, Other other) {
    static constexpr sql::Statement waiting{
        "test.waiting",
        "SELECT COUNT(*) FROM pg_locks WHERE NOT granted AND pg_backend_pid() = ANY(pg_blocking_pids(pid))"};
    std::future<decltype(other())> answer;
    EXPECT_TRUE(database().write_now([&](sql::Tx& tx) {
      body(tx);
      answer = std::async(std::launch::async, other);
      if (GetParam() == sql::Engine::postgresql)
        EXPECT_TRUE(eventually([&] { return tx.one(waiting).integer(0) > 0; }));
    }));
    return answer.get();
  }
  /// Names of what the audit log tells of an account, with who did it.
  std::vector<std::string> told_of(const AccountId& account) {
    const auto events =
        database().read_now([&](sql::Tx& tx) { return life::store::audit_of(tx, account, 1000); }).value();
    std::vector<std::string> out;
    for (const auto& event : events) out.push_back(event.event + " by " + event.actor + ": " + event.details);
    return out;
  }
  /// The key in the latest link to somebody, once it has arrived.
  std::string key_for(const std::string& mailbox) {
    EXPECT_TRUE(eventually([&] { return !letterbox.key_for(mailbox).empty(); }, std::chrono::seconds{20}));
    return letterbox.key_for(mailbox);
  }

  SecretKey key = SecretKey::random();
  ManualClock clock{from_ms(1'700'000'000'000)};
  MailTexts texts{MailSite{.name = "Cloud", .base_url = base, .support = "help@example.org"}};
  Letterbox letterbox;
  MailHandler handler{letterbox, MailTimes{}, log::Logger{}};
  std::unique_ptr<IoThreads> threads;
  std::unique_ptr<Identity> identity;
  std::unique_ptr<quota::Quotas> quotas;
  std::unique_ptr<operations::Operations> work;
  std::unique_ptr<MailOutbox> outbox;
  std::unique_ptr<life::AccountLife> life;
};

}  // namespace nephele::identity::testing
