// SPDX-License-Identifier: Apache-2.0
#include "identity/sign_ins.h"
#include "base/eventually.h"
#include "base/io_threads.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/use_future.hpp>
#include <condition_variable>
#include <functional>
#include <future>
#include <new>
#include <thread>

namespace nephele::identity {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

/// Counts its runs and holds them while it is shut. The hash of a password is a dollar and the password; of a hash in
/// Django's form "right" is the password.
class HeldPasswords final : public Passwords {
 public:
  std::string hash(const Secret& password) override {
    run();
    return "$" + password.reveal();
  }
  bool matches(const Secret& password, std::string_view hash) override {
    if (is_django_hash(hash)) {
      spend(work_of(hash), password);
      return password.reveal() == "right";
    }
    run();
    return "$" + password.reveal() == hash;
  }
  void spend(const DjangoWork& work, const Secret&) override {
    const std::lock_guard lock(mutex_);
    work_.sha1 += work.sha1;
    work_.sha256 += work.sha256;
  }

  void shut() {
    const std::lock_guard lock(mutex_);
    open_ = false;
  }
  void open() {
    const std::lock_guard lock(mutex_);
    open_ = true;
    changed_.notify_all();
  }
  void break_down() { broken_ = true; }
  /// False when so many runs did not start in time.
  bool started(int runs) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, seconds{20}, [&] { return runs_ >= runs; });
  }
  int runs() {
    const std::lock_guard lock(mutex_);
    return runs_;
  }
  DjangoWork work() {
    const std::lock_guard lock(mutex_);
    return work_;
  }
  int most_at_once() {
    const std::lock_guard lock(mutex_);
    return most_;
  }

 private:
  void run() {
    if (broken_) throw std::bad_alloc();
    std::unique_lock lock(mutex_);
    ++runs_;
    most_ = std::max(most_, ++now_);
    changed_.notify_all();
    changed_.wait(lock, [&] { return open_; });
    --now_;
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  bool open_ = true;
  std::atomic<bool> broken_{false};
  int runs_ = 0;
  int now_ = 0;
  int most_ = 0;
  DjangoWork work_;
};

Settings quick() {
  Settings settings;
  settings.slow_down_first = milliseconds{10};
  settings.slow_down_max = milliseconds{40};
  return settings;
}

class SignInsTest : public testing::Test {
 protected:
  void TearDown() override {
    passwords.open();
    threads.finish();  // nobody may be resumed in the middle of taking down
  }

  SignIns& with(Settings settings) {
    sign_ins = std::make_unique<SignIns>(settings, passwords, clock, log::Logger{});
    return *sign_ins;
  }

  std::shared_ptr<SignIn> sign_in(const std::string& name, const std::string& password,
                                  const std::string& address = "192.0.2.1") {
    auto wanted = std::make_shared<SignIn>();
    wanted->stored =
        store::Stored{.account = {.id = AccountId(name), .name = name, .created = {}}, .password_hash = "$right"};
    wanted->password = Secret(password);
    wanted->name_key = name;
    wanted->digest = name + "/" + password;
    wanted->address_group = address;
    return wanted;
  }

  std::future<Result<Verdict>> verify(std::shared_ptr<const SignIn> wanted) {
    return asio::co_spawn(next(), sign_ins->verify(std::move(wanted)), asio::use_future);
  }
  static Result<Verdict> get(std::future<Result<Verdict>> answer) {
    if (answer.wait_for(seconds{20}) != std::future_status::ready) throw std::runtime_error("no verdict in 20 s");
    return answer.get();
  }
  Executor next() { return threads.executors().at(turn_++ % 2); }  ///< as the server's connections are spread
  Verdict verdict(const std::string& name, const std::string& password, const std::string& address = "192.0.2.1") {
    return get(verify(sign_in(name, password, address))).value();
  }

  IoThreads threads{2};  // outlives the workers of SignIns, which answer on it
  ManualClock clock{from_ms(1'000'000)};
  HeldPasswords passwords;
  std::unique_ptr<SignIns> sign_ins;
  std::size_t turn_ = 0;
};

TEST_F(SignInsTest, TellRightFromWrong) {
  with(quick());
  EXPECT_EQ(verdict("ada", "right"), Verdict::right);
  EXPECT_EQ(verdict("ada", "wrong"), Verdict::wrong);
  EXPECT_EQ(verdict("ada", ""), Verdict::wrong);
}

TEST_F(SignInsTest, NeedNoHashForAWhileAfterTheRightPassword) {
  auto& way = with(quick());
  EXPECT_FALSE(way.verified(*sign_in("ada", "right")));
  EXPECT_EQ(verdict("ada", "right"), Verdict::right);
  EXPECT_TRUE(way.verified(*sign_in("ada", "right")));
  EXPECT_TRUE(way.verified(*sign_in("ada", "right", "198.51.100.9")));
  EXPECT_FALSE(way.verified(*sign_in("ada", "wrong")));
  clock.advance(seconds{10});
  EXPECT_FALSE(way.verified(*sign_in("ada", "right")));
  EXPECT_EQ(passwords.runs(), 1);
}

TEST_F(SignInsTest, OfAnUnknownNameCostAHashToo) {
  with(quick());
  auto unknown = sign_in("nobody", "right");
  unknown->stored.reset();
  EXPECT_EQ(get(verify(unknown)).value(), Verdict::wrong);
  EXPECT_EQ(passwords.runs(), 1);
}

TEST_F(SignInsTest, ThatAreWrongCostTheSameWhoseEver) {
  with(quick());
  const std::string sha1 = "$salt$z8uI+Wl4zj9ngVTOBcFxL2SxGng=";
  const std::string sha256 = "$salt$oksQ9Bdi8Bce0okH61Cis7qICJfP+cYfDOnMdNPMzK8=";
  struct Case {
    std::optional<std::string> hash;  ///< nothing: no account has the name
    std::string password;
    bool enabled = true;
  };
  const std::vector<Case> cases{{std::nullopt, "right"},
                                {"$right", "wrong"},
                                {"$right", "right", false},
                                {"pbkdf2_sha256$1000" + sha256, "wrong"},
                                {"pbkdf2_sha256$1000" + sha256, "right", false},
                                {"pbkdf2_sha256$5000" + sha256, "wrong"},
                                {"pbkdf2_sha1$300" + sha1, "wrong"},
                                {"pbkdf2_sha1$300" + sha1, "right", false},
                                {"sha1$salt$55eef163bf2e349b9946e3183eef620dde0247f5", "wrong"},
                                {"none that Django writes", "wrong"}};
  for (const DjangoWork dearest : {DjangoWork{}, DjangoWork{.sha1 = 300, .sha256 = 5000}}) {
    for (std::size_t i = 0; i < cases.size(); ++i) {
      const auto& each = cases[i];
      if (each.hash && work_of(*each.hash).iterations() > dearest.iterations()) continue;
      auto wanted = sign_in("user" + std::to_string(i) + "/" + std::to_string(dearest.sha1), each.password);
      wanted->stored->account.enabled = each.enabled;
      wanted->dearest = dearest;
      if (each.hash)
        wanted->stored->password_hash = *each.hash;
      else
        wanted->stored.reset();
      const auto runs = passwords.runs();
      const auto work = passwords.work();
      const auto before = sign_ins->figures();
      EXPECT_EQ(get(verify(wanted)).value(), Verdict::wrong);
      EXPECT_EQ(passwords.runs() - runs, 1) << each.hash.value_or("unknown");
      const auto after = passwords.work();
      EXPECT_EQ((DjangoWork{.sha1 = after.sha1 - work.sha1, .sha256 = after.sha256 - work.sha256}), dearest)
          << each.hash.value_or("unknown");
      EXPECT_EQ(sign_ins->figures().hashes - before.hashes, 1U);
      EXPECT_EQ(sign_ins->figures().iterations - before.iterations, dearest.iterations());
    }
  }
}

TEST_F(SignInsTest, OfADisabledAccountAreWrongAndCostAHashEachTime) {
  auto& way = with(quick());
  auto disabled = sign_in("ada", "right");
  disabled->stored->account.enabled = false;
  for (int i = 1; i <= 3; ++i) {
    EXPECT_NE(get(verify(disabled)).value(), Verdict::right);
    EXPECT_FALSE(way.verified(*disabled));
    EXPECT_EQ(passwords.runs(), i);
  }
}

TEST_F(SignInsTest, FromOnePlaceWithOnePasswordShareOneHash) {
  with(quick());
  passwords.shut();
  std::vector<std::future<Result<Verdict>>> answers;
  for (int i = 0; i < 64; ++i) answers.push_back(verify(sign_in("ada", "right")));
  EXPECT_TRUE(passwords.started(1));
  passwords.open();
  for (auto& answer : answers) EXPECT_EQ(get(std::move(answer)).value(), Verdict::right);
  EXPECT_EQ(passwords.runs(), 1);
}

TEST_F(SignInsTest, FromManyPlacesOfOneAccountNeedAFewHashesOnly) {
  with(quick());
  passwords.shut();
  std::vector<std::future<Result<Verdict>>> answers;
  for (int i = 0; i < 64; ++i) answers.push_back(verify(sign_in("ada", "right", "192.0.2." + std::to_string(i))));
  EXPECT_TRUE(passwords.started(2));
  passwords.open();
  for (auto& answer : answers) EXPECT_EQ(get(std::move(answer)).value(), Verdict::right);
  EXPECT_LE(passwords.runs(), 3);  // those that ran before the first was right
}

TEST_F(SignInsTest, OfSixtyFourAccountsAtOnceHashTwoAtATime) {
  with(quick());
  passwords.shut();
  std::vector<std::future<Result<Verdict>>> answers;
  for (int i = 0; i < 64; ++i) answers.push_back(verify(sign_in("user" + std::to_string(i), "right")));
  EXPECT_TRUE(passwords.started(2));
  passwords.open();
  for (auto& answer : answers) EXPECT_EQ(get(std::move(answer)).value(), Verdict::right);
  EXPECT_EQ(passwords.runs(), 64);
  EXPECT_EQ(passwords.most_at_once(), 2);
}

TEST_F(SignInsTest, BeyondTheRoomAreToldToComeAgainAndAreNotHeldAgainstAnyone) {
  Settings small = quick();
  small.hashes_waiting = 3;
  auto& way = with(small);
  passwords.shut();
  std::vector<std::future<Result<Verdict>>> answers;
  for (int i = 0; i < 2; ++i) answers.push_back(verify(sign_in("user" + std::to_string(i), "right")));
  EXPECT_TRUE(passwords.started(2));
  for (int i = 2; i < 20; ++i) answers.push_back(verify(sign_in("user" + std::to_string(i), "right")));
  EXPECT_TRUE(eventually([&] { return way.figures().busy == 15; }));  // 2 run and 3 wait
  passwords.open();
  int busy = 0;
  for (auto& answer : answers) {
    const auto told = get(std::move(answer));
    if (told) continue;
    EXPECT_EQ(told.error().kind(), Kind::busy);
    EXPECT_EQ(told.error().detail("retry_after_ms"), "1000");
    ++busy;
  }
  EXPECT_EQ(busy, 15);
  for (int i = 0; i < 20; ++i) EXPECT_EQ(verdict("user" + std::to_string(i), "right"), Verdict::right);
  EXPECT_EQ(way.figures().slowed, 0U);
}

TEST_F(SignInsTest, FromOneAddressLeaveRoomForOthers) {
  Settings small = quick();
  small.hashes_waiting = 16;
  small.hashes_per_address = 4;
  with(small);
  passwords.shut();
  std::vector<std::future<Result<Verdict>>> flood;
  for (int i = 0; i < 40; ++i) flood.push_back(verify(sign_in("user" + std::to_string(i), "wrong")));
  auto other = verify(sign_in("ada", "right", "198.51.100.9"));
  EXPECT_TRUE(passwords.started(2));
  passwords.open();
  EXPECT_EQ(get(std::move(other)).value(), Verdict::right);
  int busy = 0;
  for (auto& answer : flood) busy += get(std::move(answer)) ? 0 : 1;
  EXPECT_GE(busy, 1);
}

TEST(ShareOfAddress, ShrinksWithWhatAWrongGuessCosts) {
  EXPECT_EQ(share_of_address(96, {}), 96U);
  EXPECT_EQ(share_of_address(96, {.sha256 = 10'000}), 76U);
  EXPECT_EQ(share_of_address(96, {.sha1 = 20'000, .sha256 = 20'000}), 48U);
  EXPECT_EQ(share_of_address(96, {.sha256 = 1'000'000}), 3U);
  EXPECT_EQ(share_of_address(96, {.sha1 = 2'000'000, .sha256 = 2'000'000}), 2U) << "one guess holds up no other";
  EXPECT_EQ(share_of_address(1, {.sha256 = 2'000'000}), 1U);
}

TEST_F(SignInsTest, WhatCostsMoreHasASmallerShare) {
  Settings small = quick();
  small.hashes_waiting = 16;
  small.hashes_per_address = 4;
  auto& way = with(small);
  passwords.shut();
  std::vector<std::future<Result<Verdict>>> flood;
  for (int i = 0; i < 4; ++i) {
    auto guess = sign_in("user" + std::to_string(i), "wrong");
    guess->dearest = {.sha256 = 2'000'000};
    flood.push_back(verify(std::move(guess)));
  }
  EXPECT_TRUE(eventually([&] { return way.figures().busy == 2; }));
  passwords.open();
  int judged = 0;
  for (auto& answer : flood) judged += get(std::move(answer)) ? 1 : 0;
  EXPECT_EQ(judged, 2);
}

TEST_F(SignInsTest, NewPasswordsOfAnAddressAreInItsShare) {
  Settings small = quick();
  small.hashes_waiting = 16;
  small.hashes_per_address = 4;
  with(small);
  passwords.shut();
  std::vector<std::future<Result<std::string>>> flood;
  for (int i = 0; i < 12; ++i)
    flood.push_back(asio::co_spawn(next(), sign_ins->hash(Secret("new password"), "192.0.2.1"), asio::use_future));
  auto own = asio::co_spawn(next(), sign_ins->hash(Secret("new password")), asio::use_future);
  EXPECT_TRUE(passwords.started(2));
  passwords.open();
  EXPECT_TRUE(own.get());
  int busy = 0;
  for (auto& answer : flood) busy += answer.get() ? 0 : 1;
  EXPECT_GE(busy, 1);
  EXPECT_LE(busy, 8);
}

TEST_F(SignInsTest, WaitingHaveALimit) {
  Settings small = quick();
  small.sign_ins_waiting = 5;
  auto& way = with(small);
  passwords.shut();
  std::vector<std::future<Result<Verdict>>> answers;
  for (int i = 0; i < 10; ++i) answers.push_back(verify(sign_in("ada", "right")));
  EXPECT_TRUE(eventually([&] { return way.figures().busy == 5; }));
  passwords.open();
  int right = 0;
  for (auto& answer : answers) right += get(std::move(answer)) ? 1 : 0;
  EXPECT_EQ(right, 5);
  EXPECT_EQ(passwords.runs(), 1);
}

TEST_F(SignInsTest, WithWrongPasswordsInAStormAreFewAndSlow) {
  auto& way = with(quick());
  std::vector<std::future<Result<Verdict>>> storm;
  for (int i = 0; i < 200; ++i) storm.push_back(verify(sign_in("ada", "guess" + std::to_string(i))));
  const auto begun = std::chrono::steady_clock::now();
  EXPECT_EQ(verdict("ada", "right", "198.51.100.9"), Verdict::right);  // the owner, from elsewhere
  EXPECT_LT(std::chrono::steady_clock::now() - begun, seconds{5});
  int guessed = 0;
  int sent_away = 0;
  for (auto& one : storm) {
    const auto answer = get(std::move(one));
    if (answer) {
      EXPECT_NE(*answer, Verdict::right);
      ++guessed;
      continue;
    }
    EXPECT_EQ(answer.error().kind(), Kind::busy);
    EXPECT_FALSE(answer.error().detail("retry_after_ms").empty());
    ++sent_away;
  }
  EXPECT_GE(guessed, 3);
  EXPECT_GE(sent_away, 1);
  EXPECT_GE(way.figures().slowed, static_cast<std::uint64_t>(sent_away));
}

TEST_F(SignInsTest, ThatAreSlowedHoldNoThread) {
  Settings slow = quick();
  slow.slow_down_first = slow.slow_down_max = milliseconds{600'000};
  auto& way = with(slow);
  for (int i = 0; i < 3; ++i)
    EXPECT_EQ(verdict("ada", "wrong" + std::to_string(i)), i < 2 ? Verdict::wrong : Verdict::slowed);
  auto sleeping = asio::co_spawn(
      next(), with_deadline(sign_ins->verify(sign_in("ada", "late")), in(milliseconds{500}), "the sign-in"),
      asio::use_future);
  for (int i = 0; i < 10; ++i) EXPECT_EQ(verdict("user" + std::to_string(i), "right"), Verdict::right);
  EXPECT_EQ(verdict("ada", "right", "198.51.100.9"), Verdict::right);
  EXPECT_EQ(get(std::move(sleeping)).error().kind(), Kind::timeout);
  EXPECT_EQ(way.figures().slowed, 1U);
}

TEST_F(SignInsTest, ForgetEarlierMistakesAfterTheRightPassword) {
  auto& way = with(quick());
  for (int round = 0; round < 5; ++round) {
    for (int i = 0; i < 2; ++i) EXPECT_EQ(verdict("ada", "typo" + std::to_string(i)), Verdict::wrong);
    EXPECT_EQ(verdict("ada", "right"), Verdict::right);
  }
  EXPECT_EQ(way.figures().slowed, 0U);
}

TEST_F(SignInsTest, WhoseLeaderGoesAwayGuessThemselves) {
  Settings slow = quick();
  slow.slow_down_first = slow.slow_down_max = milliseconds{300};
  with(slow);
  for (int i = 0; i < 3; ++i)
    EXPECT_EQ(verdict("ada", "wrong" + std::to_string(i)), i < 2 ? Verdict::wrong : Verdict::slowed);
  // The leader sleeps for its turn and is cancelled there.
  auto leader = asio::co_spawn(
      next(), with_deadline(sign_ins->verify(sign_in("ada", "right")), in(milliseconds{100}), "the sign-in"),
      asio::use_future);
  EXPECT_TRUE(eventually([&] { return sign_ins->figures().slowed == 1; }));
  auto follower = verify(sign_in("ada", "right"));
  EXPECT_EQ(get(std::move(leader)).error().kind(), Kind::timeout);
  const auto told = get(std::move(follower));
  // It stands behind the leader's turn: right when that is near enough, else told when to come again.
  if (told) {
    EXPECT_EQ(*told, Verdict::right);
  } else {
    EXPECT_EQ(told.error().kind(), Kind::busy);
  }
}

TEST_F(SignInsTest, WithoutMemoryForAHashAreToldToComeAgain) {
  with(quick());
  passwords.break_down();
  EXPECT_EQ(get(verify(sign_in("ada", "right"))).error().kind(), Kind::busy);
  auto hashed = asio::co_spawn(next(), sign_ins->hash(Secret("new password")), asio::use_future);
  EXPECT_EQ(hashed.get().error().kind(), Kind::busy);
}

}  // namespace
}  // namespace nephele::identity
