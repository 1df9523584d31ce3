// SPDX-License-Identifier: Apache-2.0
#include "runtimes/flavour.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

namespace nephele::runtimes {
namespace {

struct TupleCase {
  const char* name;
  std::string faas, daas, tuple;
  std::optional<std::string> fallback;
};

class FlavourTuple : public testing::TestWithParam<TupleCase> {};

TEST_P(FlavourTuple, NamesTheFlavour) {
  EXPECT_EQ(flavour_tuple(GetParam().faas, GetParam().daas), GetParam().tuple);
  EXPECT_EQ(flavour_fallback(GetParam().faas, GetParam().daas), GetParam().fallback);
}

INSTANTIATE_TEST_SUITE_P(
    Table, FlavourTuple,
    testing::Values(TupleCase{"FunctionAlone", "nature", "", "nature", std::nullopt},
                    TupleCase{"Pair", "nature", "s3", "nature-s3", std::nullopt},
                    TupleCase{"PairSpelledOutInFaas", "Function-Data", "Data", "Function-Data-Data", "Function-Data"},
                    TupleCase{"EndsAlikeWithoutDash", "FunctionData", "Data", "FunctionData-Data", std::nullopt},
                    TupleCase{"OnlyDashAndData", "-Data", "Data", "-Data-Data", std::nullopt},
                    TupleCase{"Same", "Data", "Data", "Data-Data", std::nullopt}),
    [](const auto& info) { return std::string(info.param.name); });

TEST(Sizes, ComeFromTheCallerElseTheTemplateElseTheConfiguration) {
  const CapacitySettings capacity;
  RoleTemplate role;
  role.cpu = 0;  // a template without VCPU
  role.memory_mib = 128;
  EXPECT_EQ(resolve_sizes({}, role, capacity), (FunctionSizes{.cpu = 2, .memory_mib = 128, .disk_mib = 1024}));
  EXPECT_EQ(resolve_sizes({.cpu = 3, .memory_mib = 197, .disk_mib = 1337}, role, capacity),
            (FunctionSizes{.cpu = 3, .memory_mib = 197, .disk_mib = 1337}));
  EXPECT_EQ(resolve_sizes({.cpu = std::nullopt, .memory_mib = 133, .disk_mib = std::nullopt}, role, capacity),
            (FunctionSizes{.cpu = 2, .memory_mib = 133, .disk_mib = 1024}));
}

TEST(ShippedFlavours, ServeBothPrintedSpecifications) {
  const auto shipped = shipped_flavours();
  for (const auto* name : {"nature", "s3", "Function", "Data", "nature-s3", "Function-Data"})
    EXPECT_TRUE(std::ranges::any_of(shipped, [&](const Flavour& f) { return f.name == name; })) << name;
  for (const auto& flavour : shipped) {
    EXPECT_TRUE(check_flavour(flavour)) << flavour.name;
    EXPECT_EQ(flavour.daas.has_value(), flavour.name.find('-') != std::string::npos) << flavour.name;
  }
}

TEST(FlavourJson, ReadsBackWhatItWrote) {
  Flavour flavour{.name = "own", .faas = {}, .daas = RoleTemplate{}};
  flavour.faas.cpu = 2;
  flavour.faas.disk_mib = 512;
  flavour.faas.ports = {8000, 9000};
  flavour.faas.environment = {{"MODEL", "it's \"x\""}};
  flavour.faas.context = {{"FUNCTION_TIMEOUT", "5"}};
  flavour.faas.function = std::string("#!/bin/sh\n\0cat\n", 15);
  const auto again = flavour_from_json("own", to_json(flavour));
  ASSERT_TRUE(again) << again.error().sentence();
  EXPECT_EQ(*again, flavour);
}

struct BadFlavour {
  const char* name;
  std::string text, says;
};
class BadFlavours : public testing::TestWithParam<BadFlavour> {};

TEST_P(BadFlavours, AreRefusedWithASentence) {
  const auto flavour = flavour_from_json("x", *json::parse(GetParam().text));
  ASSERT_FALSE(flavour);
  EXPECT_NE(flavour.error().sentence().find(GetParam().says), std::string::npos) << flavour.error().sentence();
}

INSTANTIATE_TEST_SUITE_P(Table, BadFlavours,
                         testing::Values(BadFlavour{"NoObject", "5", "an object"},
                                         BadFlavour{"UnknownMember", R"({"cpus":1})", "cpus"},
                                         BadFlavour{"CpuText", R"({"cpu":"1"})", "cpu is not a whole number"},
                                         BadFlavour{"CpuNegative", R"({"cpu":-1})", "cpu is -1"},
                                         BadFlavour{"PortRange", R"({"ports":[70000]})", "ports"},
                                         BadFlavour{"PortTwice", R"({"ports":[80,80]})", "twice"},
                                         BadFlavour{"VariableName", R"({"environment":{"a b":"c"}})", "a b"},
                                         BadFlavour{"VariableType", R"({"environment":{"A":1}})", "environment.A"},
                                         BadFlavour{"EngineVariable", R"({"context":{"SR_AUTH":"x"}})", "SR_AUTH"},
                                         BadFlavour{"NetworkVariable", R"({"context":{"ETH0_IP":"x"}})", "ETH0_IP"},
                                         BadFlavour{"NoImage", R"({"image":""})", "image"},
                                         BadFlavour{"DaasToo", R"({"daas":{"memory":1.5}})", "memory"}),
                         [](const auto& info) { return std::string(info.param.name); });

TEST(Flavour, ADefaultNameIsTheTupleAndAUuidAndNeverTooLong) {
  EXPECT_THAT(default_name("nature-s3"), testing::MatchesRegex("nature-s3_[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"));
  const std::string cut(name_bytes_max - 37, 'x');
  for (const auto* more : {"", "x", "\xC3\xA9", "xxxxxxxxxxxxxxxxxxxxxxxx"}) {
    const auto name = default_name(cut + more);
    EXPECT_EQ(name.size(), name_bytes_max) << more;
    EXPECT_TRUE(name.starts_with(cut + "_")) << more;
  }
  EXPECT_EQ(default_name(cut.substr(1) + "\xC3\xA9").size(), name_bytes_max - 1) << "no half of a character";
}

TEST(BadFlavours, NameOfAFlavourHasLimits) {
  EXPECT_FALSE(check_flavour({.name = "", .faas = {}, .daas = std::nullopt}));
  EXPECT_FALSE(check_flavour({.name = std::string(129, 'x'), .faas = {}, .daas = std::nullopt}));
}

}  // namespace
}  // namespace nephele::runtimes
