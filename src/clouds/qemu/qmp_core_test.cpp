// SPDX-License-Identifier: Apache-2.0
#include "clouds/qemu/qmp_core.h"

#include <gtest/gtest.h>

namespace nephele::qemu {
namespace {

constexpr std::string_view greeting =
    "{\"QMP\": {\"version\": {\"qemu\": {\"micro\": 22, \"minor\": 2, \"major\": 7}}, \"capabilities\": "
    "[\"oob\"]}}\r\n";

TEST(QmpCore, ReadsAConversationHoweverItIsTorn) {
  const std::string whole = std::string(greeting) +
                            "{\"timestamp\": {\"seconds\": 1700000000, \"microseconds\": 7}, \"event\": \"STOP\"}\r\n"
                            "{\"return\": {\"status\": \"paused\"}, \"id\": 3}\r\n";
  for (std::size_t cut = 1; cut <= whole.size(); ++cut) {
    QmpCore core;
    std::vector<QmpCore::Happening> heard;
    for (std::size_t at = 0; at < whole.size(); at += cut)
      for (auto& happening : core.feed(std::string_view(whole).substr(at, cut))) heard.push_back(std::move(happening));
    ASSERT_EQ(heard.size(), 3U) << "in pieces of " << cut;
    EXPECT_TRUE(std::holds_alternative<QmpCore::Greeting>(heard[0]));
    const auto& event = std::get<QmpEvent>(heard[1]);
    EXPECT_EQ(event.name, "STOP");
    EXPECT_EQ(event.time_us, 1'700'000'000'000'007);
    const auto& reply = std::get<QmpCore::Reply>(heard[2]);
    EXPECT_EQ(reply.id, 3U);
    EXPECT_EQ(reply.value->text_at({"status"}), "paused");
  }
}

struct ErrorCase {
  const char* name;
  const char* wire;
  Kind kind;
};
class QmpErrors : public testing::TestWithParam<ErrorCase> {};

TEST_P(QmpErrors, KeepTheirClass) {
  QmpCore core;
  const auto heard =
      core.feed(std::string("{\"id\": 9, \"error\": {\"class\": \"") + GetParam().wire + "\", \"desc\": \"words\"}}\n");
  ASSERT_EQ(heard.size(), 1U);
  const auto& reply = std::get<QmpCore::Reply>(heard[0]);
  ASSERT_FALSE(reply.value);
  EXPECT_EQ(reply.value.error().kind(), GetParam().kind);
  EXPECT_EQ(reply.value.error().detail("class"), GetParam().wire);
  EXPECT_TRUE(reply.value.error().sentence().contains("words"));
}

INSTANTIATE_TEST_SUITE_P(Table, QmpErrors,
                         testing::Values(ErrorCase{"NoDevice", "DeviceNotFound", Kind::not_found},
                                         ErrorCase{"NoCommand", "CommandNotFound", Kind::internal},
                                         ErrorCase{"Generic", "GenericError", Kind::unavailable}),
                         [](const auto& info) { return std::string(info.param.name); });

class BrokenQmp : public testing::TestWithParam<const char*> {};

TEST_P(BrokenQmp, EndsTheConversationAndNothingIsReadAfterIt) {
  QmpCore core;
  const auto heard = core.feed(std::string(GetParam()) + "\n{\"return\": {}, \"id\": 1}\n");
  ASSERT_EQ(heard.size(), 1U);
  EXPECT_TRUE(std::holds_alternative<QmpCore::Broken>(heard[0]));
  EXPECT_TRUE(core.feed("{\"return\": {}, \"id\": 2}\n").empty());
}

INSTANTIATE_TEST_SUITE_P(Table, BrokenQmp,
                         testing::Values("{\"return\": {}", "nonsense", "[]", "{}", "{\"return\": {}}",
                                         "{\"return\": {}, \"id\": \"1\"}", "{\"return\": {}, \"id\": -1}",
                                         "{\"error\": {\"class\": \"GenericError\", \"desc\": \"JSON parse error\"}}"));

TEST(QmpCore, ALineWithoutAnEndIsNotKeptForEver) {
  QmpCore core;
  const std::string block(1U << 20U, 'x');
  std::size_t broken = 0;
  for (int i = 0; i < 8; ++i) broken += core.feed(block).size();
  EXPECT_EQ(broken, 1U);
}

TEST(QmpCore, WritesCommandsAsOneLine) {
  json::Object arguments;
  arguments.set("value", 5);
  EXPECT_EQ(QmpCore::command(7, "balloon", arguments),
            "{\"execute\":\"balloon\",\"arguments\":{\"value\":5},\"id\":7}\n");
  EXPECT_EQ(QmpCore::command(8, "quit", {}), "{\"execute\":\"quit\",\"id\":8}\n");
}

TEST(QmpCore, AbsurdTimesAreNoTimes) {
  for (const char* seconds : {"-5", "99999999999999999999", "9000000000000000000", "1.5"}) {
    QmpCore core;
    const auto heard = core.feed(std::string("{\"timestamp\": {\"seconds\": ") + seconds +
                                 ", \"microseconds\": 1}, \"event\": \"STOP\"}\n");
    ASSERT_EQ(heard.size(), 1U);
    EXPECT_LE(std::get<QmpEvent>(heard[0]).time_us, 1) << seconds;
  }
}

}  // namespace
}  // namespace nephele::qemu
