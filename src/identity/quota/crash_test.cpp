// SPDX-License-Identifier: Apache-2.0
// Processes full of clients are killed, and so is PostgreSQL. What clients were told must be what is on disk, once, and
// holdings must be what it adds up to.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <spawn.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>

#include "base/eventually.h"
#include "base/temp_directory.h"
#include "identity/quota/testing/random_client.h"
#include "sql/testing/postgres_server.h"

namespace nephele::identity::quota {
namespace {

using namespace std::chrono_literals;
using testing::Dice;
using testing::few_keys;
using testing::QuotasTest;

/// What clients intend and what they are told, a line each, in a file that outlives them.
///   intends NAME ROWS | issued NAME SERIAL | refused NAME | will NAME REASON | did NAME REASON
class Ledger {
 public:
  explicit Ledger(const std::string& path)
      : file_(::open(path.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600)) {
    if (file_ < 0) throw std::runtime_error(path + " cannot be opened");
  }
  ~Ledger() { ::close(file_); }
  Ledger(const Ledger&) = delete;
  Ledger& operator=(const Ledger&) = delete;

  void add(const std::string& line) {
    const std::string whole = line + "\n";
    if (::write(file_, whole.data(), whole.size()) != static_cast<ssize_t>(whole.size())) std::abort();
  }

 private:
  int file_;
};

constexpr const char* client_key = "cyclades";

std::string reason(Verdict verdict) {
  return verdict == Verdict::accept ? "ACCEPT:" : "REJECT:";
}

Task<> settle(Quotas& quotas, Ledger& ledger, std::string name, Serial serial, Verdict verdict) {
  ledger.add("will " + name + " " + reason(verdict));
  if (co_await quotas.resolve(client_key, serial, verdict)) ledger.add("did " + name + " " + reason(verdict));
}

/// Ends several at once, some of which others may be ending.
Task<> settle_all(Quotas& quotas, Ledger& ledger, std::vector<std::pair<std::string, Serial>> some, Dice& dice) {
  std::map<Serial, std::string> names;
  std::vector<Serial> accept;
  std::vector<Serial> reject;
  for (const auto& [name, serial] : some) {
    if (!names.emplace(serial, name).second) continue;
    const Verdict verdict = dice.chance(50) ? Verdict::accept : Verdict::reject;
    (verdict == Verdict::accept ? accept : reject).push_back(serial);
    ledger.add("will " + name + " " + reason(verdict));
  }
  const auto resolved = co_await quotas.resolve(client_key, accept, reject);
  if (!resolved) co_return;
  for (const auto serial : resolved->accepted) ledger.add("did " + names[serial] + " ACCEPT:");
  for (const auto serial : resolved->rejected) ledger.add("did " + names[serial] + " REJECT:");
}

/// The first pending ones, whoever issued them.
Task<> settle_others(Quotas& quotas, Ledger& ledger, Dice& dice) {
  std::vector<std::pair<std::string, Serial>> some;
  const auto pending = co_await quotas.commissions(std::nullopt, Serial(0), 8);
  if (!pending) co_return;
  for (const auto& commission : *pending) some.emplace_back(commission.name, commission.serial);
  co_await settle_all(quotas, ledger, std::move(some), dice);
}

/// Issues and settles until its process is killed.
Task<> one_client(Quotas& quotas, Ledger& ledger, std::string prefix, std::uint64_t seed) {
  Dice dice(seed);
  std::vector<std::pair<std::string, Serial>> mine;
  for (int step = 0;; ++step) {
    if (mine.empty() || dice.chance(50)) {
      const std::string name = prefix + "." + std::to_string(step);
      auto wanted = dice.commission(client_key, name);
      std::set<Key> keys;
      for (const auto& provision : wanted.provisions) keys.insert(provision.key);
      const bool at_once = wanted.auto_accept;
      ledger.add("intends " + name + " " + std::to_string(keys.size()));
      if (at_once) ledger.add("will " + name + " ACCEPT:");
      const auto serial = co_await quotas.issue(std::move(wanted));
      if (serial) {
        ledger.add("issued " + name + " " + serial->text());
        if (at_once)
          ledger.add("did " + name + " ACCEPT:");
        else
          mine.emplace_back(name, *serial);
      } else if (!serial.error().detail("name").empty()) {
        ledger.add("refused " + name);
      } else if (serial.error().kind() != Kind::unavailable) {
        ledger.add("surprise " + serial.error().sentence());
      }
    } else if (dice.chance(10)) {
      co_await settle_all(quotas, ledger, std::exchange(mine, {}), dice);
    } else if (dice.chance(5)) {
      co_await settle_others(quotas, ledger, dice);
    } else {
      const auto [name, serial] = mine.back();
      mine.pop_back();
      co_await settle(quotas, ledger, name, serial, dice.chance(70) ? Verdict::accept : Verdict::reject);
    }
  }
}

/// What a component does when it comes back: it looks at what is pending, and ends what it does not know.
Task<> recover(Quotas& quotas, Ledger& ledger, std::uint64_t seed) {
  Dice dice(seed);
  const auto pending = co_await quotas.pending(client_key);
  if (!pending) co_return;
  for (const auto serial : *pending) {
    const auto shown = co_await quotas.show(client_key, serial);
    if (!shown) continue;
    if (dice.chance(60))
      co_await settle(quotas, ledger, shown->name, serial, dice.chance(50) ? Verdict::accept : Verdict::reject);
  }
}

std::string given(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

/// Not a test: the process that is killed.
TEST(QuotaProcess, DISABLED_RunsUntilItIsKilled) {
  const auto url = given("NEPHELE_QUOTA_URL");
  if (url.empty()) GTEST_SKIP() << "only as a child of the test below";
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  const auto round = given("NEPHELE_QUOTA_ROUND");
  const std::uint64_t seed = testing::history_seed();
  IoThreads threads(1);
  const auto database = sql::testing::TestDatabase::open(
      {.url = url, .readers = 7, .wait_max = std::chrono::minutes(1)});  // a busy machine is no fault
  const SystemClock clock;
  Quotas quotas(*database, clock);
  Ledger ledger(given("NEPHELE_QUOTA_LEDGER"));
  threads.run(recover(quotas, ledger, seed));
  std::vector<std::future<void>> clients;
  for (std::uint64_t i = 0; i < 64; ++i)
    clients.push_back(threads.begin(one_client(quotas, ledger, "r" + round + ".c" + std::to_string(i), seed + i)));
  clients.front().wait_for(2min);  // whoever should kill it is gone, too
  ::_exit(1);
}

struct Fate {
  std::string serial;
  std::string state;  ///< "pending", or the log's reason
  std::int64_t rows = 0;
};

class Crash : public QuotasTest {
 protected:
  Crash() {
    std::vector<Limit> limits;
    NewCommission start{.client = "start", .auto_accept = true};
    for (const auto& key : few_keys()) {
      limits.push_back({key, 400});
      start.provisions.push_back({key, 200});
    }
    limit(limits);
    loop.run(quotas.issue(start)).value();
  }

  pid_t start_process(int round, std::uint64_t seed) {
    ::setenv("NEPHELE_QUOTA_URL", fresh().url().c_str(), 1);
    ::setenv("NEPHELE_QUOTA_LEDGER", ledger_path.c_str(), 1);
    ::setenv("NEPHELE_QUOTA_ROUND", std::to_string(round).c_str(), 1);
    ::setenv("NEPHELE_TEST_SEED", std::to_string(seed).c_str(), 1);
    std::string program = std::filesystem::read_symlink("/proc/self/exe").string();
    std::string filter = "--gtest_filter=QuotaProcess.*";
    std::string disabled = "--gtest_also_run_disabled_tests";
    std::array<char*, 4> words{program.data(), filter.data(), disabled.data(), nullptr};
    posix_spawn_file_actions_t actions;
    ::posix_spawn_file_actions_init(&actions);
    ::posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0);
    pid_t child = 0;
    if (::posix_spawn(&child, program.c_str(), &actions, nullptr, words.data(), environ) != 0)
      throw std::runtime_error("no child process");
    ::posix_spawn_file_actions_destroy(&actions);
    for (const char* name : {"NEPHELE_QUOTA_URL", "NEPHELE_TEST_SEED"}) ::unsetenv(name);
    return child;
  }

  bool grows_by(std::uintmax_t bytes) {
    const auto size = [&] {
      std::error_code none;
      const auto found = std::filesystem::file_size(ledger_path, none);
      return none ? 0 : found;
    };
    const auto goal = size() + bytes;
    return eventually([&] { return size() >= goal; }, 60s);
  }

  /// What the database holds, by the commissions' names.
  std::multimap<std::string, Fate> fates() {
    const sql::Statement logged{"test.logged", R"(
      SELECT name, serial, reason, COUNT(*) FROM identity_provision_log WHERE client = 'cyclades'
       GROUP BY name, serial, reason)"};
    const sql::Statement pending{"test.pending", R"(
      SELECT c.name, c.serial, 'pending', COUNT(p.serial) FROM identity_commission c
        LEFT JOIN identity_provision p ON p.serial = c.serial GROUP BY c.name, c.serial)"};
    return database()
        .read_now([&](sql::Tx& tx) {
          std::multimap<std::string, Fate> all;
          for (const auto& statement : {logged, pending})
            for (const auto& row : tx.query(statement))
              all.emplace(row.text(0), Fate{std::to_string(row.integer(1)), row.text(2), row.integer(3)});
          return all;
        })
        .value();
  }

  /// What clients know, by the commissions' names.
  struct Told {
    std::int64_t rows = 0;
    std::string issued;
    bool refused = false;
    std::set<std::string> will;
    std::set<std::string> did;
  };
  std::map<std::string, Told> told() {
    std::map<std::string, Told> all;
    std::ifstream lines(ledger_path);
    for (std::string line; std::getline(lines, line);) {
      std::istringstream words(line);
      std::string what;
      std::string name;
      std::string value;
      words >> what >> name >> value;
      Told& one = all[name];
      if (what == "intends") one.rows = std::stoll(value);
      if (what == "issued") one.issued = value;
      if (what == "refused") one.refused = true;
      if (what == "will") one.will.insert(value);
      if (what == "did") one.did.insert(value);
      if (what == "surprise") ADD_FAILURE() << line;
    }
    return all;
  }

  /// Number of commissions that were told of as issued.
  std::size_t compare() {
    const auto on_disk = fates();
    const auto known = told();
    std::size_t issued_count = 0;
    for (const auto& [name, fate] : on_disk) EXPECT_TRUE(known.contains(name)) << name << " came from nowhere";
    for (const auto& [name, one] : known) {
      const auto count = on_disk.count(name);
      EXPECT_LE(count, 1U) << name << " is there twice";
      EXPECT_LE(one.did.size(), 1U) << name << " ended in two ways";
      if (one.refused) EXPECT_EQ(count, 0U) << name << " was refused and is there";
      if (!one.issued.empty()) EXPECT_EQ(count, 1U) << name << " was issued and is lost";
      if (!one.issued.empty()) ++issued_count;
      if (count != 1) continue;
      const Fate& fate = on_disk.find(name)->second;
      EXPECT_EQ(fate.rows, one.rows) << name << " is there in part";
      if (!one.issued.empty()) EXPECT_EQ(fate.serial, one.issued) << name;
      if (!one.did.empty()) EXPECT_EQ(fate.state, *one.did.begin()) << name << " did not end as told";
      if (fate.state != "pending") EXPECT_TRUE(one.will.contains(fate.state)) << name << " ended as nobody wanted";
    }
    EXPECT_TRUE(loop.run(quotas.verify(testing::Given(), {})).value().empty());
    return issued_count;
  }

  TempDirectory folder;
  const std::string ledger_path = folder / "ledger";
};
INSTANTIATE_TEST_SUITE_P(Engines, Crash, sql::testing::all_engines(), sql::testing::engine_name);

TEST_P(Crash, LosesNothingThatWasToldAndDoublesNothing) {
  const std::uint64_t seed = testing::history_seed();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::printf("seed %llu\n", static_cast<unsigned long long>(seed));
  Dice dice(seed);
  std::size_t issued_before = 0;
  for (int round = 1; round <= 4; ++round) {
    const pid_t child = start_process(round, seed + static_cast<std::uint64_t>(round) * 1000);
    EXPECT_TRUE(grows_by(10'000 + dice.roll(20'000)));
    if (round == 2 && GetParam() == sql::Engine::postgresql) {
      sql::testing::shared_postgres().crash();
      ASSERT_TRUE(sql::testing::shared_postgres().restart());
      EXPECT_TRUE(grows_by(10'000)) << "clients go on by themselves";
    }
    ::kill(child, SIGKILL);
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFSIGNALED(status)) << "the process ended by itself: " << status;
    const auto issued_now = compare();
    EXPECT_GT(issued_now, issued_before);
    issued_before = issued_now;
    if (HasFailure()) return;
  }
}

}  // namespace
}  // namespace nephele::identity::quota
