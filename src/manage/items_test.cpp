// SPDX-License-Identifier: Apache-2.0
#include "manage/items.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>

namespace nephele::manage {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class Text final : public Out {
 public:
  void print(std::string_view words) override { text += words; }
  std::string text;
};

struct Removed {
  std::vector<std::string> items{};
  Result<> operator()(const std::string& item) {
    if (item == "2") return fail(Kind::conflict, "it is in use");
    items.push_back(item);
    return {};
  }
};

Call call(bool force) {
  Call::Words words{{"ID", {"1", "2", "3"}}};
  if (force) words["--force"] = {};
  return {std::move(words), Format::pretty, 1};
}

TEST(Items, OfWhichOneFailsAreTriedToTheEnd) {
  Text out;
  Removed removed;
  const auto done = for_each_item(call(false), "ID", out, std::ref(removed));
  EXPECT_THAT(removed.items, ElementsAre("1", "3"));
  EXPECT_EQ(out.text, "Error -- 2: it is in use\n");
  EXPECT_EQ(done.error().sentence(), "1 of 3 failed");
}

TEST(Items, AreRemovedAfterAYesOnly) {
  for (const char* no : {"", "\n", "n\n", "maybe\n", "yes please\n"}) {
    Text out;
    Removed removed;
    std::istringstream in(no);
    EXPECT_FALSE(remove_each_item(call(false), "ID", {"--force"}, out, in, std::ref(removed)).has_value());
    EXPECT_THAT(removed.items, IsEmpty());
    EXPECT_EQ(out.text, "remove 1, 2, 3? [y/N] ");
  }
  for (const char* yes : {"y\n", "YES\n", "y"}) {
    Text out;
    Removed removed;
    std::istringstream in(yes);
    (void)remove_each_item(call(false), "ID", {"--force"}, out, in, std::ref(removed));
    EXPECT_THAT(removed.items, ElementsAre("1", "3"));
  }
}

TEST(Items, AreNotAskedForWithForce) {
  Text out;
  Removed removed;
  std::istringstream in;
  (void)remove_each_item(call(true), "ID", {"--force", "--no-confirm"}, out, in, std::ref(removed));
  EXPECT_THAT(removed.items, ElementsAre("1", "3"));
  EXPECT_EQ(out.text, "Error -- 2: it is in use\n");
}

}  // namespace
}  // namespace nephele::manage
