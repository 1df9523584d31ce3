// SPDX-License-Identifier: Apache-2.0
#include "base/secret.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <regex>
#include <set>
#include <thread>

#include "base/temp_directory.h"

namespace nephele {
namespace {

using testing::HasSubstr;
using testing::MatchesRegex;
using testing::Not;

TEST(Secret, MovesAndCopiesLikeText) {
  Secret first("short");
  Secret second(std::move(first));
  EXPECT_EQ(second.reveal(), "short");
  EXPECT_TRUE(first.empty());  // NOLINT(bugprone-use-after-move): that is what is tested
  first = second;
  second = Secret(std::string(200, 'x'));
  EXPECT_EQ(first.reveal(), "short");
  EXPECT_EQ(second.reveal().size(), 200U);
}

TEST(Random, UuidsAreVersion4AndDiffer) {
  std::set<std::string> seen;
  const std::regex form("[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}");
  for (int i = 0; i < 200; ++i) {
    const std::string uuid = random_uuid();
    EXPECT_TRUE(std::regex_match(uuid, form)) << uuid;
    EXPECT_TRUE(seen.insert(uuid).second);
  }
}

TEST(Random, PasswordsHaveNoLookAlikes) {
  const std::string password = random_password(4000);
  EXPECT_EQ(password.size(), 4000U);
  EXPECT_EQ(password.find_first_not_of("abcdefghijkmnpqrstuvwxyz23456789"), std::string::npos);
  EXPECT_NE(random_password(16), random_password(16));
  EXPECT_EQ(random_bytes(0), "");
}

TEST(Encoding, HexAndBase64AreTheStandardOnes) {
  EXPECT_EQ(to_hex(std::string("\x00\x7f\xff", 3)), "007fff");
  EXPECT_EQ(to_hex(""), "");
  EXPECT_EQ(to_base64("oneadmin:opennebula"), "b25lYWRtaW46b3Blbm5lYnVsYQ==");
  EXPECT_EQ(to_base64(""), "");
  EXPECT_EQ(to_base64url("\xfb\xff\xfe!"), "-__-IQ");
}

struct Lenient {
  const char* name;
  std::string_view text;
  std::string_view bytes;
};
class Base64 : public testing::TestWithParam<Lenient> {};
TEST_P(Base64, IsReadLeniently) {
  EXPECT_EQ(from_base64_lenient(GetParam().text), GetParam().bytes);
}
INSTANTIATE_TEST_SUITE_P(Table, Base64,
                         testing::Values(Lenient{"Padded", "YTpi", "a:b"}, Lenient{"OnePad", "YTpiYw==", "a:bc"},
                                         Lenient{"NoPadding", "YTpiYw", "a:bc"},
                                         Lenient{"LineBreaks", "YT\npi\r\nYw", "a:bc"},
                                         Lenient{"Rubbish", "*Y!T-p_i Y.w\x80", "a:bc"},
                                         Lenient{"AfterPadding", "YTpiYw==YTpi", "a:bc"}, Lenient{"Empty", "", ""},
                                         Lenient{"OneDigit", "Y", ""}, Lenient{"OnlyPadding", "====", ""}),
                         [](const auto& info) { return std::string(info.param.name); });

TEST(Encoding, Base64ReadsBackAnyBytes) {
  for (std::size_t size = 0; size < 70; ++size) {
    const std::string bytes = random_bytes(size);
    EXPECT_EQ(from_base64_lenient(to_base64(bytes)), bytes);
  }
}

TEST(Hashing, Sha256IsTheStandardOne) {
  EXPECT_EQ(sha256_hex("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(sha256_hex(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

TEST(Hashing, ComparesInConstantTime) {
  EXPECT_TRUE(equal_in_constant_time("abc", "abc"));
  EXPECT_TRUE(equal_in_constant_time("", ""));
  EXPECT_FALSE(equal_in_constant_time("abc", "abd"));
  EXPECT_FALSE(equal_in_constant_time("abc", "abcd"));
}

TEST(Password, VerifiesOnlyItself) {
  const std::string hash = hash_password(Secret("correct horse"));
  EXPECT_THAT(hash, testing::StartsWith("$argon2id$v=19$m=19456,t=2,p=1$"));
  EXPECT_TRUE(verify_password(Secret("correct horse"), hash));
  EXPECT_FALSE(verify_password(Secret("correct horse "), hash));
  EXPECT_FALSE(verify_password(Secret(""), hash));
  EXPECT_NE(hash, hash_password(Secret("correct horse")));
}

TEST(Password, ABrokenHashIsAWrongPassword) {
  for (const std::string& hash : {std::string(), std::string("x"), std::string("$argon2id$v=19$m=19456"),
                                  std::string(500, '$'), std::string("$argon2id$\0abc", 14)})
    EXPECT_FALSE(verify_password(Secret("x"), hash));
}

TEST(Password, MayHoldAnyBytesAndAnyLength) {
  const Secret odd(std::string("a\0b\xff", 4));
  EXPECT_TRUE(verify_password(odd, hash_password(odd)));
  EXPECT_FALSE(verify_password(Secret("a"), hash_password(odd)));
  const Secret large(std::string(100'000, 'p'));
  EXPECT_TRUE(verify_password(large, hash_password(large)));
}

TEST(Sealing, OpensWithTheSameKeyAndContext) {
  const SecretKey key = SecretKey::random();
  const std::string sealed = key.seal(Secret("user:password"), "operation:17");
  EXPECT_THAT(sealed, Not(HasSubstr("password")));
  EXPECT_EQ(key.open(sealed, "operation:17")->reveal(), "user:password");
  EXPECT_NE(sealed, key.seal(Secret("user:password"), "operation:17"));
  EXPECT_EQ(key.open(key.seal(Secret(), "c"), "c")->reveal(), "");
}

TEST(Sealing, RefusesAnotherContextAnotherKeyAndAnyChange) {
  const SecretKey key = SecretKey::random();
  const std::string sealed = key.seal(Secret("secret"), "a");
  EXPECT_EQ(key.open(sealed, "b").error().kind(), Kind::invalid);
  EXPECT_FALSE(SecretKey::random().open(sealed, "a"));
  const std::string bytes = from_base64_lenient(sealed);
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    std::string changed = bytes;
    changed[i] = static_cast<char>(changed[i] ^ 1);
    EXPECT_FALSE(key.open(to_base64(changed), "a")) << i;
    EXPECT_FALSE(key.open(to_base64(bytes.substr(0, i)), "a")) << i;
  }
  EXPECT_FALSE(key.open("", "a"));
}

TEST(KeyedHash, DependsOnKeyContextAndText) {
  const SecretKey key = SecretKey::random();
  EXPECT_EQ(key.keyed_hash("t", "c"), key.keyed_hash("t", "c"));
  EXPECT_THAT(key.keyed_hash("t", "c"), MatchesRegex("[0-9a-f]{64}"));
  EXPECT_NE(key.keyed_hash("t", "c"), key.keyed_hash("t", "d"));
  EXPECT_NE(key.keyed_hash("bc", "a"), key.keyed_hash("c", "ab"));
  EXPECT_NE(key.keyed_hash("t", "c"), SecretKey::random().keyed_hash("t", "c"));
}

TEST(KeyFile, IsMadeOnceAndPrivate) {
  const TempDirectory dir;
  const std::string path = dir / "secret.key";
  const auto first = SecretKey::open_or_create(path);
  ASSERT_TRUE(first) << first.error().sentence();
  struct stat status{};
  ASSERT_EQ(::stat(path.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777U, 0600U);
  const auto second = SecretKey::open_or_create(path);
  ASSERT_TRUE(second);
  EXPECT_EQ(second->open(first->seal(Secret("s"), "c"), "c")->reveal(), "s");
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(dir.path()), {}), 1) << "a draft was left behind";
}

TEST(KeyFile, IsTheSameForAllWhoStartAtOnce) {
  const TempDirectory dir;
  std::vector<std::string> hashes(8);
  {
    std::vector<std::jthread> threads;
    for (auto& hash : hashes)
      threads.emplace_back([&hash, &dir] { hash = SecretKey::open_or_create(dir / "key")->keyed_hash("t", "c"); });
  }
  EXPECT_THAT(hashes, testing::Each(hashes.front()));
}

TEST(KeyFile, RefusesWhatOthersCanRead) {
  const TempDirectory dir;
  const std::string path = dir / "key";
  ASSERT_TRUE(SecretKey::open_or_create(path));
  for (const mode_t mode : {0640U, 0604U, 0666U}) {
    ASSERT_EQ(::chmod(path.c_str(), mode), 0);
    EXPECT_THAT(SecretKey::open_or_create(path).error().sentence(), HasSubstr("chmod 600"));
  }
}

struct Damage {
  const char* name;
  std::string text;
};
class DamagedKey : public testing::TestWithParam<Damage> {};
TEST_P(DamagedKey, IsRefusedAndNeverReplaced) {
  const TempDirectory dir;
  const std::string path = dir.write("key", GetParam().text);
  ASSERT_EQ(::chmod(path.c_str(), 0600), 0);
  EXPECT_THAT(SecretKey::open_or_create(path).error().sentence(), HasSubstr("64 hex digits"));
  EXPECT_EQ(dir.read("key"), GetParam().text);
}
INSTANTIATE_TEST_SUITE_P(Table, DamagedKey,
                         testing::Values(Damage{"Empty", ""}, Damage{"Short", std::string(62, 'a')},
                                         Damage{"Long", std::string(66, 'a')}, Damage{"NotHex", std::string(64, 'g')},
                                         Damage{"Bytes", std::string(32, '\xff')}),
                         [](const auto& info) { return std::string(info.param.name); });

TEST(KeyFile, ThatIsOnlyLoadedIsNeverMade) {
  const TempDirectory dir;
  const std::string path = dir / "named.key";
  EXPECT_THAT(SecretKey::load(path).error().sentence(), HasSubstr("does not exist; copy the key"));
  EXPECT_FALSE(std::filesystem::exists(path));
  const auto made = SecretKey::open_or_create(path);
  EXPECT_EQ(SecretKey::load(path)->keyed_hash("t", "c"), made->keyed_hash("t", "c"));
}

TEST(KeyFile, SaysWhyItCannotBeMade) {
  const TempDirectory dir;
  EXPECT_THAT(SecretKey::open_or_create(dir / "none/key").error().sentence(), HasSubstr("No such file"));
  EXPECT_THAT(SecretKey::open_or_create(dir.path().string()).error().sentence(), HasSubstr("is not a file"));
  ASSERT_EQ(::symlink("/dev/null", (dir / "link").c_str()), 0);
  EXPECT_FALSE(SecretKey::open_or_create(dir / "link"));
}

TEST(RandomToken, IsNeverTakenForAnOption) {
  for (int i = 0; i < 2'000; ++i) {
    const auto token = random_token(32);
    EXPECT_EQ(token.size(), 43U);
    EXPECT_NE(token.front(), '-');
  }
}

}  // namespace
}  // namespace nephele
