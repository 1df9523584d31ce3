// SPDX-License-Identifier: Apache-2.0
#include "identity/sign_ins.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
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

/// Counts its runs and holds them while it is shut. The hash of a password is the password.
class HeldPasswords final : public Passwords {
 public:
  std::string hash(const Secret& password) override {
    run();
    return password.reveal();
  }
  bool matches(const Secret& password, std::string_view hash) override {
    run();
    return password.reveal() == hash;
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
};

/// Two threads with an executor each, as the server has them.
class Threads {
 public:
  Threads() {
    for (auto& io : io_) threads_.emplace_back([&io] { io.run(); });
  }
  ~Threads() {
    for (auto& guard : guards_) guard.reset();
  }
  asio::io_context& next() { return io_.at(turn_++ % io_.size()); }

 private:
  std::array<asio::io_context, 2> io_;
  std::array<asio::executor_work_guard<asio::io_context::executor_type>, 2> guards_{asio::make_work_guard(io_[0]),
                                                                                    asio::make_work_guard(io_[1])};
  std::size_t turn_ = 0;
  std::vector<std::jthread> threads_;
};

Settings quick() {
  Settings settings;
  settings.slow_down_first = milliseconds{10};
  settings.slow_down_max = milliseconds{40};
  return settings;
}

class SignInsTest : public testing::Test {
 protected:
  void TearDown() override { passwords.open(); }

  SignIns& with(Settings settings) {
    sign_ins = std::make_unique<SignIns>(settings, passwords, clock, log::Logger{});
    return *sign_ins;
  }

  std::shared_ptr<SignIn> sign_in(const std::string& name, const std::string& password,
                                  const std::string& address = "192.0.2.1") {
    auto wanted = std::make_shared<SignIn>();
    wanted->stored =
        store::Stored{.account = {.id = AccountId(name), .name = name, .created = {}}, .password_hash = "right"};
    wanted->password = Secret(password);
    wanted->name_key = name;
    wanted->digest = name + "/" + password;
    wanted->address_group = address;
    return wanted;
  }

  std::future<Result<Verdict>> verify(std::shared_ptr<const SignIn> wanted) {
    return asio::co_spawn(threads.next(), sign_ins->verify(std::move(wanted)), asio::use_future);
  }
  static Result<Verdict> get(std::future<Result<Verdict>> answer) {
    if (answer.wait_for(seconds{20}) != std::future_status::ready) throw std::runtime_error("no verdict in 20 s");
    return answer.get();
  }
  Verdict verdict(const std::string& name, const std::string& password, const std::string& address = "192.0.2.1") {
    return get(verify(sign_in(name, password, address))).value();
  }

  /// False when it did not come true in 20 s.
  static bool eventually(const std::function<bool()>& is_so) {
    const auto limit = in(seconds{20});
    while (!is_so()) {
      if (std::chrono::steady_clock::now() > limit) return false;
      std::this_thread::sleep_for(milliseconds{1});
    }
    return true;
  }

  ManualClock clock{from_ms(1'000'000)};
  HeldPasswords passwords;
  std::unique_ptr<SignIns> sign_ins;
  Threads threads;  // ends first: nobody may be resumed in the middle of taking down
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

TEST_F(SignInsTest, OfADisabledAccountAreWrongAndCostAHashEachTime) {
  auto& way = with(quick());
  auto disabled = sign_in("ada", "right");
  disabled->stored->account.enabled = false;
  for (int i = 1; i <= 3; ++i) {
    EXPECT_EQ(get(verify(disabled)).value(), Verdict::wrong);
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
      EXPECT_EQ(*answer, Verdict::wrong);
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
  for (int i = 0; i < 3; ++i) EXPECT_EQ(verdict("ada", "wrong" + std::to_string(i)), Verdict::wrong);
  auto sleeping = asio::co_spawn(
      threads.next(), with_deadline(sign_ins->verify(sign_in("ada", "late")), in(milliseconds{500}), "the sign-in"),
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
  for (int i = 0; i < 3; ++i) EXPECT_EQ(verdict("ada", "wrong" + std::to_string(i)), Verdict::wrong);
  // The leader sleeps for its turn and is cancelled there.
  auto leader = asio::co_spawn(
      threads.next(), with_deadline(sign_ins->verify(sign_in("ada", "right")), in(milliseconds{100}), "the sign-in"),
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
  auto hashed = asio::co_spawn(threads.next(), sign_ins->hash(Secret("new password")), asio::use_future);
  EXPECT_EQ(hashed.get().error().kind(), Kind::busy);
}

}  // namespace
}  // namespace nephele::identity
