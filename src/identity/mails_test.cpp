// SPDX-License-Identifier: Apache-2.0
#include "identity/mails.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <deque>
#include <fstream>
#include <iterator>
#include <mutex>

#include "base/eventually.h"
#include "base/io_threads.h"
#include "sql/testing/test_databases.h"

namespace nephele::identity {
namespace {

using namespace std::chrono_literals;
using operations::State;
using ::testing::HasSubstr;
using ::testing::Not;

/// Answers as it is told, then well; keeps what it was given.
class ScriptedMailer final : public Mailer {
 public:
  Task<Result<>> send(Mail mail) override {
    const std::lock_guard lock(mutex_);
    given_.push_back(std::move(mail));
    if (answers_.empty()) co_return Result<>{};
    const Kind kind = answers_.front();
    if (answers_.size() > 1 || !for_ever_) answers_.pop_front();
    co_return fail(kind, "relay:25 says no");
  }
  void answer(std::deque<Kind> kinds, bool for_ever = false) {
    const std::lock_guard lock(mutex_);
    answers_ = std::move(kinds);
    for_ever_ = for_ever;
  }
  std::vector<Mail> given() const {
    const std::lock_guard lock(mutex_);
    return given_;
  }

 private:
  mutable std::mutex mutex_;
  std::deque<Kind> answers_;
  bool for_ever_ = false;
  std::vector<Mail> given_;
};

class KeptLines final : public log::Sink {
 public:
  explicit KeptLines(std::string& into, std::mutex& mutex) : into_(into), mutex_(mutex) {}
  void write(const log::Event& event) noexcept override {
    const std::lock_guard lock(mutex_);
    into_ += log::format_line(event) + "\n";
  }

 private:
  std::string& into_;
  std::mutex& mutex_;
};

constexpr const char* link = "https://cloud/ui/activate?auth=THE-CODE";

class MailsTest : public sql::testing::TestDatabases {
 protected:
  void SetUp() override {
    migrate(operations::Operations::migrations());
    logging.add(std::make_unique<KeptLines>(lines, lines_mutex));
    database_of_process = fresh().open();
    operations::Settings settings;
    settings.place = "here";
    settings.poll = 20ms;
    work.emplace(*database_of_process, key, clock, threads.first(), settings, logging.logger("operations"));
    times.first_retry = 5ms;
    times.retry_max = 20ms;
  }
  void TearDown() override {
    if (started) threads.run(work->stop());
  }
  void start() {
    handler.emplace(mailer, times, logging.logger("identity"));
    work->handle(std::string(mail_operation), *handler);
    threads.run(work->start()).value();
    started = true;
  }
  static NewMail activation() {
    return {.what = "activation",
            .to = {"Ada", "ada@example.org"},
            .reply_to = MailAddress{"Help", "help@example.org"},
            .subject = "My Cloud account verification",
            .text = std::string("Follow ") + link + "\n",
            .actor = "admin",
            .request_id = "r-1"};
  }
  operations::OperationId enqueue(const NewMail& mail) {
    const MailOutbox outbox(*work, {"Cloud", "cloud@example.org"}, times);
    return database_of_process->write_now([&](sql::Tx& tx) { return outbox.enqueue(tx, mail); }).value();
  }
  operations::Outcome end_of(operations::OperationId id) { return threads.run(work->wait(id, in(30s))).value(); }
  std::string log_lines() {
    const std::lock_guard lock(lines_mutex);
    return lines;
  }

  IoThreads threads{1};  // outlives the database's threads, which answer on it
  SystemClock clock;
  std::mutex lines_mutex;
  std::string lines;
  log::Logging logging{clock};
  SecretKey key = SecretKey::random();
  ScriptedMailer mailer;
  MailTimes times;
  std::unique_ptr<sql::Database> database_of_process;
  std::optional<MailHandler> handler;
  std::optional<operations::Operations> work;
  bool started = false;
};

TEST_P(MailsTest, AMailThatIsWrittenDownIsSentAsItWas) {
  const auto id = enqueue(activation());
  EXPECT_TRUE(mailer.given().empty());
  start();  // the process that enqueued it need not live
  EXPECT_EQ(end_of(id).state, State::done);
  ASSERT_EQ(mailer.given().size(), 1u);
  const Mail mail = mailer.given().front();
  EXPECT_EQ(mail.from, (MailAddress{"Cloud", "cloud@example.org"}));
  EXPECT_EQ(mail.to, (MailAddress{"Ada", "ada@example.org"}));
  EXPECT_EQ(mail.reply_to, (MailAddress{"Help", "help@example.org"}));
  EXPECT_EQ(mail.subject, "My Cloud account verification");
  EXPECT_EQ(mail.text, std::string("Follow ") + link + "\n");
  EXPECT_THAT(mail.message_id, ::testing::EndsWith("@example.org"));
  EXPECT_THAT(log_lines(), HasSubstr("mail.sent"));
  EXPECT_THAT(log_lines(), Not(HasSubstr("THE-CODE")));
}

TEST_P(MailsTest, ARolledBackUseCaseSendsNothing) {
  const MailOutbox outbox(*work, {"Cloud", "cloud@example.org"}, times);
  const auto answer = database_of_process->write_now([&](sql::Tx& tx) -> Result<> {
    outbox.enqueue(tx, activation());
    return fail(Kind::conflict, "no");
  });
  EXPECT_FALSE(answer);
  start();
  EXPECT_EQ(end_of(enqueue(activation())).state, State::done);
  EXPECT_EQ(mailer.given().size(), 1u);
}

TEST_P(MailsTest, EveryTryIsTheSameMail) {
  mailer.answer({Kind::unavailable, Kind::timeout, Kind::unavailable});
  start();
  EXPECT_EQ(end_of(enqueue(activation())).state, State::done);
  const auto given = mailer.given();
  ASSERT_EQ(given.size(), 4u);
  for (const auto& mail : given) {
    EXPECT_EQ(mail.message_id, given.front().message_id);
    EXPECT_EQ(mail.date, given.front().date);
    EXPECT_EQ(mail.text, given.front().text);
  }
}

TEST_P(MailsTest, TwoMailsAreTwo) {
  start();
  end_of(enqueue(activation()));
  end_of(enqueue(activation()));
  ASSERT_EQ(mailer.given().size(), 2u);
  EXPECT_NE(mailer.given()[0].message_id, mailer.given()[1].message_id);
}

TEST_P(MailsTest, WhatIsRefusedForGoodIsNotTriedAgainAndTold) {
  mailer.answer({Kind::invalid});
  start();
  const auto end = end_of(enqueue(activation()));
  EXPECT_EQ(end.state, State::failed);
  EXPECT_THAT(end.error, HasSubstr("says no"));
  EXPECT_EQ(mailer.given().size(), 1u);
  EXPECT_THAT(log_lines(), HasSubstr("mail.given_up mail=activation to=ada@example.org attempts=1"));
  EXPECT_THAT(log_lines(), Not(HasSubstr("THE-CODE")));
}

TEST_P(MailsTest, AfterItsTimeAMailIsGivenUp) {
  times.give_up = 300ms;
  mailer.answer({Kind::unavailable}, true);
  start();
  EXPECT_EQ(end_of(enqueue(activation())).state, State::failed);
  EXPECT_GT(mailer.given().size(), 1u);
  EXPECT_THAT(log_lines(), HasSubstr("mail.given_up"));
}

TEST_P(MailsTest, NobodyReadsTheTextInTheDatabase) {
  const auto id = enqueue(activation());
  const auto row = threads.run(work->show(id)).value();
  EXPECT_THAT(json::write(row.payload), Not(HasSubstr("activate")));
  EXPECT_EQ(row.payload.text_at({"to", "mailbox"}), "ada@example.org");
  if (!fresh().file().empty()) {
    for (const char* part : {"", "-wal"}) {
      std::ifstream in(fresh().file() + part, std::ios::binary);
      const std::string bytes{std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
      EXPECT_THAT(bytes, Not(HasSubstr("THE-CODE")));
    }
  }
}

TEST_P(MailsTest, ThePausesGrow) {
  MailHandler longer(mailer, MailTimes{}, {});
  operations::Record record;
  std::vector<std::int64_t> seconds;
  for (record.attempt = 1; record.attempt <= 9; ++record.attempt)
    seconds.push_back(longer.pause(record, Error(Kind::unavailable, "x"))->count() / 1000);
  EXPECT_THAT(seconds, ::testing::ElementsAre(30, 60, 120, 240, 480, 960, 1920, 3600, 3600));
  EXPECT_EQ(*longer.pause(record, Error(Kind::busy, "x")), 5s);
}

INSTANTIATE_TEST_SUITE_P(Engines, MailsTest, sql::testing::all_engines(), sql::testing::engine_name);

}  // namespace
}  // namespace nephele::identity
