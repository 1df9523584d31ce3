// SPDX-License-Identifier: Apache-2.0
#include "identity/astakos/user_catalogs.h"

#include "identity/testing/directory_fixture.h"

namespace nephele::identity::astakos {

namespace {

constexpr int many = 10'000;

class UserCatalogs : public testing::DirectoryFixture {
 protected:
  static std::string name_of(int n) { return "user" + std::to_string(n) + "@example.org"; }
  static std::string uuid_of(int n) { return "uuid-" + std::to_string(n); }

  void add_many() {
    write([](sql::Tx& tx) {
      for (int n = 0; n < many; ++n) {
        Account account{.id = AccountId(uuid_of(n)), .name = name_of(n)};
        ASSERT_EQ(store::insert(tx, account, {.name = account.name, .email = ""}, ""), store::Written::done);
      }
    });
  }
};

TEST_P(UserCatalogs, TellsTenThousandNamesAtOnce) {
  add_many();
  std::vector<std::string> uuids, names;
  for (int n = 0; n < many; ++n) {
    uuids.push_back(uuid_of(many - 1 - n));
    names.push_back(name_of(n));
  }
  const auto by_uuid = write([&](sql::Tx& tx) { return names_of(tx, uuids); });
  const auto by_name = write([&](sql::Tx& tx) { return uuids_of(tx, names); });
  ASSERT_EQ(by_uuid.size(), many);
  ASSERT_EQ(by_name.size(), many);
  int n = 0;
  for (const auto& [name, uuid] : by_name) {
    ASSERT_EQ(name, name_of(n));
    ASSERT_EQ(uuid, json::Value(uuid_of(n)));
    ++n;
  }
  for (const auto& [uuid, name] : by_uuid) {  // in the order asked
    --n;
    ASSERT_EQ(uuid, uuid_of(n));
    ASSERT_EQ(name, json::Value(name_of(n)));
  }
}

TEST_P(UserCatalogs, TellsEachOnceAndLeavesOutWhatIsUnknown) {
  const auto ada = add_account("ada@example.org");
  const auto by_name = write([](sql::Tx& tx) {
    return uuids_of(
        tx, {"ADA@example.org", "nobody", "ada@example.org", "ADA@example.org", "a:b", "", std::string(200, 'x')});
  });
  json::Object wanted;
  wanted.append("ADA@example.org", ada.text());
  wanted.append("ada@example.org", ada.text());
  EXPECT_EQ(by_name, wanted);
  const auto by_uuid = write([&](sql::Tx& tx) {
    return names_of(tx, {ada.text(), std::string("x\0y", 3), "", "0", ada.text(), std::string(100'000, 'x')});
  });
  json::Object known;
  known.append(ada.text(), "ada@example.org");
  EXPECT_EQ(by_uuid, known);
  EXPECT_TRUE(write([](sql::Tx& tx) { return names_of(tx, {}); }).empty());
}

TEST_P(UserCatalogs, TellsAll) {
  for (int n = 0; n < 3; ++n) add_account(name_of(n));
  const auto all = write([](sql::Tx& tx) { return all_users(tx); });
  EXPECT_EQ(all.names.size(), 3);
  EXPECT_EQ(all.uuids.size(), 3);
}

INSTANTIATE_TEST_SUITE_P(Engines, UserCatalogs, sql::testing::all_engines(), sql::testing::engine_name);

}  // namespace

}  // namespace nephele::identity::astakos
