// SPDX-License-Identifier: Apache-2.0
// What only a file can do: be full, damaged, locked by others, copied.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sqlite3.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <functional>
#include <memory>
#include <thread>

#include "base/file_handle.h"
#include "base/temp_directory.h"
#include "sql/contract_fixture.h"
#include "sql/sqlite_file.h"

namespace nephele::sql {
namespace {

using std::chrono::milliseconds;

mode_t mode_of(const std::string& path) {
  struct stat status{};
  return ::stat(path.c_str(), &status) == 0 ? status.st_mode & 0777 : 0;
}

/// Stands for another program: SQLite's own connection.
class Other {
 public:
  explicit Other(const std::string& file) {
    sqlite3* raw = nullptr;
    sqlite3_open(file.c_str(), &raw);
    db_.reset(raw);
    sqlite3_busy_timeout(raw, 5000);
  }
  void run(const char* text) { ASSERT_EQ(sqlite3_exec(db_.get(), text, nullptr, nullptr, nullptr), SQLITE_OK) << text; }

 private:
  struct Close {
    void operator()(sqlite3* db) const noexcept { sqlite3_close_v2(db); }
  };
  std::unique_ptr<sqlite3, Close> db_;
};

/// No file of this process may grow beyond a size: what a full disk is like, for anybody who is not root.
class SmallDisk {
 public:
  explicit SmallDisk(rlim_t bytes) {
    ::getrlimit(RLIMIT_FSIZE, &before_);
    handler_ = ::signal(SIGXFSZ, SIG_IGN);
    const rlimit limit{bytes, before_.rlim_max};
    ::setrlimit(RLIMIT_FSIZE, &limit);
  }
  ~SmallDisk() {
    ::setrlimit(RLIMIT_FSIZE, &before_);
    ::signal(SIGXFSZ, handler_);
  }
  SmallDisk(const SmallDisk&) = delete;
  SmallDisk& operator=(const SmallDisk&) = delete;

 private:
  rlimit before_{};
  void (*handler_)(int) = SIG_DFL;
};

class Sqlite : public ::testing::Test {
 protected:
  std::unique_ptr<Database> open(milliseconds wait_max = milliseconds(10'000)) {
    Settings settings = file_.settings();
    settings.wait_max = wait_max;
    auto database = testing::TestDatabase::open(settings);
    const auto migrated = database->migrate(demo_steps);
    if (!migrated) throw std::runtime_error(migrated.error().sentence());
    return database;
  }
  const std::string& path() { return file_.file(); }
  void overwrite(std::size_t at, std::size_t count) {
    std::fstream file(path(), std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(static_cast<std::streamoff>(at));
    file << std::string(count, '\x5a');
  }

  testing::TestDatabase file_{Engine::sqlite};
};

TEST_F(Sqlite, TheFileAndItsLogAreForTheOwnerOnly) {
  const auto database = open();
  EXPECT_EQ(mode_of(path()), 0600U);
  EXPECT_EQ(mode_of(path() + "-wal"), 0600U);
  EXPECT_EQ(mode_of(path() + "-shm"), 0600U);
}

TEST_F(Sqlite, ClosingMovesTheLogIntoTheFile) {
  open().reset();
  EXPECT_FALSE(std::filesystem::exists(path() + "-wal"));
  EXPECT_EQ(counter(*open()), 0);
}

struct BadAddress {
  const char* name;
  std::string url;
  const char* says;
};

TEST_F(Sqlite, AddressesThatCannotBeAreRefusedWithAReason) {
  const std::string folder = std::filesystem::path(path()).parent_path().string();
  const BadAddress table[] = {
      {"no folder", "sqlite:" + folder + "/missing/nephele.db", "create its folder"},
      {"a folder", "sqlite:" + folder, "folder"},
      {"nothing", "sqlite:", "names no file"},
      {"memory", "sqlite::memory:", "names no file"},
      {"unknown engine", "mysql://user:secret@host/name", "sqlite:/path/to/file"},
      {"a device", "sqlite:/dev/null", "not a regular file"},
  };
  for (const auto& bad : table) {
    const auto opened = Database::open({.url = bad.url});
    ASSERT_FALSE(opened) << bad.name;
    EXPECT_NE(opened.error().sentence().find(bad.says), std::string::npos)
        << bad.name << ": " << opened.error().sentence();
    EXPECT_EQ(opened.error().sentence().find("secret"), std::string::npos);
  }
}

TEST_F(Sqlite, ADamagedFileIsToldAtOpenWithTheWayOut) {
  const std::function<void()> damages[] = {
      [&] { std::ofstream(path()) << "this is a letter, not a database, and long enough to be seen as one"; },
      [&] { overwrite(0, 100); },
      [&] { overwrite(4096, 4096); },
      [&] { std::filesystem::resize_file(path(), 4096); },
  };
  for (const auto& damage : damages) {
    std::filesystem::remove(path());
    open().reset();
    damage();
    const auto opened = Database::open(file_.settings());
    ASSERT_FALSE(opened);
    EXPECT_EQ(opened.error().detail("sql"), "corrupt") << opened.error().sentence();
    EXPECT_NE(opened.error().sentence().find("`nephele restore DIRECTORY`"), std::string::npos)
        << opened.error().sentence();
  }
}

TEST_F(Sqlite, DamageInABigFileIsFoundWhereItIsRead) {
  {
    const auto database = open();
    ASSERT_TRUE(database->write_now([](Tx& tx) {
      const std::string body(100'000, 'x');
      for (int id = 0; id < 120; ++id) tx.execute(demo::put, id, body, "a");
    }));
  }
  const auto size = std::filesystem::file_size(path());
  ASSERT_GT(size, 8U << 20);
  overwrite(8UL * 4096, size - 8UL * 4096);
  Settings careful = file_.settings();
  careful.check_whole = true;
  EXPECT_EQ(Database::open(careful).error().detail("sql"), "corrupt") << "who asks for it hears of it at once";
  const auto opened = Database::open(file_.settings());
  ASSERT_TRUE(opened) << opened.error().sentence();
  const auto read = (*opened)->read_now([](Tx& tx) {
    for (int id = 0; id < 120; ++id) tx.query(demo::note, id);
  });
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().detail("sql"), "corrupt");
  EXPECT_EQ(read.error().kind(), Kind::unavailable);
}

TEST_F(Sqlite, ADamagedFileAndItsLogAreLeftAsTheyAre) {
  const TempDirectory other;
  const std::string copy = other / "copy.db";
  const auto put = [&](Database& database, int from, int to) {
    return database.write_now([&](Tx& tx) {
      for (int id = from; id < to; ++id) tx.execute(demo::put, id, std::string(10'000, 'x'), "a");
    });
  };
  ASSERT_TRUE(put(*open(), 0, 40));  // in the file once it is closed
  {
    const auto database = open();
    ASSERT_TRUE(put(*database, 40, 41));                                                              // in the log
    for (const std::string end : {"", "-wal"}) std::filesystem::copy_file(path() + end, copy + end);  // as kill -9 does
  }
  std::fstream file(copy, std::ios::in | std::ios::out | std::ios::binary);
  file.seekp(std::streamoff{16} * 4096);
  file << std::string(std::size_t{32} * 4096, '\x5a');
  file.close();
  const auto database_before = other.read("copy.db");
  const auto log_before = other.read("copy.db-wal");
  ASSERT_FALSE(log_before.empty());
  const auto opened = Database::open({.url = "sqlite:" + copy});
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().detail("sql"), "corrupt");
  EXPECT_TRUE(other.read("copy.db") == database_before);
  EXPECT_TRUE(other.read("copy.db-wal") == log_before);
}

TEST_F(Sqlite, RoomForItsLogIsKeptBeforeOthersFillTheDisk) {
  const std::string trial = path() + ".trial";
  const FileHandle file(::open(trial.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
  if (::fallocate(file.get(), FALLOC_FL_KEEP_SIZE, 0, 4096) != 0) GTEST_SKIP() << "this file system keeps no room";
  const auto database = open();
  struct stat status{};
  ASSERT_EQ(::stat((path() + "-wal").c_str(), &status), 0);
  EXPECT_GE(status.st_blocks * 512, log_reserve_bytes);
  EXPECT_LT(status.st_size, log_reserve_bytes) << "behind its end, where SQLite does not look";
}

TEST_F(Sqlite, AFullDiskIsAClearErrorAndTheWorkGoesOnWhenThereIsRoom) {
  const auto database = open();
  const std::string body(20'000, 'x');
  const auto put = [&](int id) {
    return database->write_now([&](Tx& tx) {
      tx.execute(demo::put, id, body, "a");
      tx.execute(demo::add, 1, "a");
    });
  };
  int stored = 0;
  std::optional<Error> why;
  {
    const SmallDisk disk(400'000);
    while (stored < 1000 && !why) {
      const auto done = put(stored);
      done ? void(++stored) : void(why = done.error());
    }
    ASSERT_TRUE(why);
    EXPECT_EQ(why->kind(), Kind::unavailable);
    EXPECT_EQ(why->detail("sql"), "disk_full") << why->sentence();
    EXPECT_NE(why->sentence().find("make room"), std::string::npos);
    EXPECT_FALSE(put(stored));
    EXPECT_EQ(notes(*database), stored) << "reading goes on, and what was answered is there";
  }
  EXPECT_GT(stored, 0);
  for (int i = 0; i < 20; ++i) {
    const auto done = put(stored);
    ASSERT_TRUE(done) << done.error().sentence();
    ++stored;
  }
  EXPECT_EQ(counter(*database), stored);
  EXPECT_EQ(notes(*database), stored);
}

TEST_F(Sqlite, WritersAtOnceOnAFullDiskAreAllAnswered) {
  const auto database = open();
  std::atomic<int> stored = 0;
  {
    const SmallDisk disk(400'000);
    std::vector<std::jthread> writers;
    for (int w = 0; w < 8; ++w) {
      writers.emplace_back([&, w] {
        for (int i = 0; i < 20; ++i) {
          const auto done = database->write_now([&](Tx& tx) {
            tx.execute(demo::put, w * 100 + i, std::string(20'000, 'x'), "a");
            tx.execute(demo::add, 1, "a");
          });
          stored += done ? 1 : 0;
          if (!done) EXPECT_EQ(done.error().detail("sql"), "disk_full") << done.error().sentence();
        }
      });
    }
  }
  EXPECT_EQ(counter(*database), stored);
  EXPECT_EQ(notes(*database), stored);
  EXPECT_TRUE(database->write_now([&](Tx& tx) { tx.execute(demo::put, 10'000, std::string(20'000, 'x'), "a"); }));
}

TEST_F(Sqlite, AnotherProgramsLockIsWaitedFor) {
  const auto database = open();
  Other other(path());
  other.run("BEGIN IMMEDIATE");
  std::jthread later([&] {
    std::this_thread::sleep_for(milliseconds(100));
    other.run("UPDATE demo_counter SET n = 10 WHERE name = 'a'; COMMIT");
  });
  EXPECT_EQ(counter(*database), 0) << "readers do not wait";
  ASSERT_TRUE(database->write_now([](Tx& tx) { tx.execute(demo::add, 1, "a"); }));
  EXPECT_EQ(counter(*database), 11);
}

TEST_F(Sqlite, ALockThatIsHeldForTooLongIsAnErrorAndGoesOnAfterwards) {
  const auto database = open(milliseconds(100));
  Other other(path());
  other.run("BEGIN IMMEDIATE");
  const auto before = std::chrono::steady_clock::now();
  std::vector<std::jthread> writers;
  for (int i = 0; i < 5; ++i) {
    writers.emplace_back([&] {
      const auto refused = database->write_now([](Tx& tx) { tx.execute(demo::add, 1, "a"); });
      ASSERT_FALSE(refused);
      EXPECT_TRUE(refused.error().kind() == Kind::unavailable || refused.error().kind() == Kind::timeout)
          << refused.error().sentence();
    });
  }
  writers.clear();
  EXPECT_LT(std::chrono::steady_clock::now() - before, milliseconds(5000));
  other.run("ROLLBACK");
  EXPECT_TRUE(database->write_now([](Tx& tx) { tx.execute(demo::add, 1, "a"); }));
  EXPECT_EQ(counter(*database), 1);
}

TEST_F(Sqlite, AStatementWithoutEndIsEnded) {
  const auto database = open(milliseconds(150));
  constexpr Statement endless{"t.endless", R"(
    WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n)"};
  constexpr Statement endless_change{"t.endless_change", R"(
    UPDATE demo_counter SET n = (WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n))"};
  const auto read = database->read_now([&](Tx& tx) { tx.query(endless); });
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().kind(), Kind::timeout) << read.error().sentence();
  const auto write = database->write_now([&](Tx& tx) { tx.query(endless_change); });
  ASSERT_FALSE(write);
  EXPECT_EQ(write.error().kind(), Kind::timeout) << write.error().sentence();
  EXPECT_TRUE(database->write_now([](Tx& tx) { tx.execute(demo::add, 1, "a"); }));
  EXPECT_EQ(counter(*database), 1);
}

/// Another program: writes, and tells each answer through a pipe, until it is killed.
pid_t start_writer(const Settings& settings, int tell) {
  const pid_t child = ::fork();
  if (child != 0) return child;
  auto opened = Database::open(settings);
  if (!opened) ::_exit(1);
  for (int id = 1;; ++id) {
    const auto done = (*opened)->write_now([id](Tx& tx) {
      tx.execute(demo::put, id, "x", "b");
      tx.execute(demo::add, 1, "b");
    });
    if (!done || ::write(tell, "x", 1) != 1) ::_exit(1);
  }
}

TEST_F(Sqlite, TwoProgramsWriteAndOneThatIsKilledLosesNothingThatItWasTold) {
  open().reset();
  int pipe[2];
  ASSERT_EQ(::pipe(pipe), 0);
  const FileHandle in(pipe[0]);
  FileHandle out(pipe[1]);
  const pid_t child = start_writer(file_.settings(), out.get());
  out.reset();

  const auto database = open();
  int mine = 0;
  int told = 0;
  char one = 0;
  while (told < 50 && ::read(in.get(), &one, 1) == 1) {
    ++told;
    const auto done = database->write_now([](Tx& tx) { tx.execute(demo::add, 1, "a"); });
    ASSERT_TRUE(done) << done.error().sentence();
    ++mine;
  }
  ASSERT_EQ(told, 50);
  ::kill(child, SIGKILL);
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  while (::read(in.get(), &one, 1) == 1) ++told;

  EXPECT_TRUE(database->write_now([](Tx& tx) { tx.execute(demo::add, 1, "a"); })) << "its lock died with it";
  EXPECT_EQ(counter(*database, "a"), mine + 1);
  EXPECT_GE(counter(*database, "b"), told);
  EXPECT_LE(counter(*database, "b"), told + 1) << "one may be on disk without being told";
  EXPECT_EQ(counter(*database, "b"), notes(*database));
}

TEST_F(Sqlite, ABackupIsAWholeDatabaseWhileOthersWrite) {
  const auto database = open();
  const std::string copy = path() + ".copy";
  std::atomic<bool> enough = false;
  std::jthread writer([&] {
    for (int id = 0; !enough; ++id) {
      const auto done = database->write_now([&](Tx& tx) {
        tx.execute(demo::put, id, "x", "a");
        tx.execute(demo::add, 1, "a");
      });
      ASSERT_TRUE(done) << done.error().sentence();
    }
  });
  while (counter(*database) < 20) std::this_thread::yield();
  const auto copied = database->backup_to(copy);
  enough = true;
  writer.join();
  ASSERT_TRUE(copied) << copied.error().sentence();
  EXPECT_EQ(mode_of(copy), 0600U);

  const auto restored = testing::TestDatabase::open({.url = "sqlite:" + copy});
  EXPECT_GE(counter(*restored), 20);
  const auto both = restored->read_now(
      [](Tx& tx) { return std::pair(tx.one(demo::get, "a").integer(0), tx.one(demo::count).integer(0)); });
  ASSERT_TRUE(both);
  EXPECT_EQ(both->first, both->second);
  EXPECT_TRUE(restored->migrate(demo_steps));

  const auto again = database->backup_to(copy);
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().kind(), Kind::conflict) << "a backup is never overwritten";
  EXPECT_FALSE(database->backup_to("/no/such/folder/copy.db"));
}

}  // namespace
}  // namespace nephele::sql
