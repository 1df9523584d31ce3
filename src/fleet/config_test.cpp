// SPDX-License-Identifier: Apache-2.0
#include "fleet/config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "base/temp_directory.h"
#include "fleet/testing/config_texts.h"

namespace nephele::fleet {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

using testing::base;
using testing::read;
using testing::sentences;
using testing::space_s;
using testing::type_a;

TEST(FleetConfig, TheGuidesSettingsAreASpaceOnOurOwnCloud) {
  const auto config =
      read_configuration({{"/etc/vcycle.conf",
                           "[settings]\nVcycle_space = Vcycle01.example.com\nfactories = f.example.com\n"
                           "total_machines = 3\nuser_data_option_x = y\n[machinetype example]\n"
                           "user_data = u\nbackoff_seconds = 1\nfizzle_seconds = 2\n"}});
  EXPECT_TRUE(config.problems.empty()) << config.problems.front().sentence;
  ASSERT_EQ(config.spaces.size(), 1U);
  EXPECT_EQ(config.spaces[0].name, "vcycle01.example.com");
  EXPECT_EQ(config.spaces[0].api, "nephele");
  EXPECT_EQ(config.spaces[0].machines_limit, 3);
  ASSERT_EQ(config.spaces[0].types.size(), 1U);
  EXPECT_EQ(config.spaces[0].types[0].user_data_options.at("x"), "y");
  EXPECT_TRUE(config.warnings.empty()) << config.warnings.front();
}

TEST(FleetConfig, ReadsASpaceAndItsMachinetype) {
  const auto read_now = read({base("https_port = 8443\n", "target_share = 2.5\nflavor_names = small large\n")});
  EXPECT_THAT(sentences(read_now), IsEmpty());
  EXPECT_THAT(read_now.warnings, IsEmpty());
  ASSERT_THAT(read_now.spaces, SizeIs(1));
  const Space& space = read_now.spaces[0];
  EXPECT_EQ(space.name, "s");
  EXPECT_EQ(space.processors_limit, 20);
  EXPECT_EQ(space.https_port, 8443);
  ASSERT_THAT(space.types, SizeIs(1));
  EXPECT_EQ(space.types[0].name, "a");
  EXPECT_EQ(space.types[0].target_share, 2.5);
  EXPECT_EQ(space.types[0].max_wallclock, seconds{86'400});
  EXPECT_THAT(space.types[0].flavor_names, ElementsAre("small", "large"));
}

TEST(FleetConfig, TakesTheContractsMinimalOne) {
  const auto read_now = read({R"([space vcycle01.example.com]
api = openstack
api_version = 3
glance_api = 2
url = https://keystone.example.com:5000/v3
project_name = demo
username = u
password_base64 = UA==
processors_limit = 20

[machinetype vcycle01.example.com example]
flavor_names = small
root_image = image:cernvm4
user_data = user_data
backoff_seconds = 600
fizzle_seconds = 600
target_share = 1.0
)"});
  EXPECT_THAT(sentences(read_now), IsEmpty());
  EXPECT_THAT(read_now.warnings, IsEmpty());
  ASSERT_THAT(read_now.spaces, SizeIs(1));
  EXPECT_EQ(*read_now.spaces[0].options.entry("url")->value.if_text(), "https://keystone.example.com:5000/v3");
}

struct Wrong {
  const char* name;
  std::string text;
  const char* sentence;
};
class FleetConfigRefuses : public ::testing::TestWithParam<Wrong> {};
TEST_P(FleetConfigRefuses, AndSaysWhereAndWhy) {
  const auto read_now = read({GetParam().text});
  for (const auto& space : read_now.spaces) EXPECT_THAT(space.types, IsEmpty());
  ASSERT_FALSE(read_now.problems.empty());
  EXPECT_THAT(read_now.problems.front().sentence, AllOf(HasSubstr("f1.conf:"), HasSubstr(GetParam().sentence)));
}
INSTANTIATE_TEST_SUITE_P(
    Each, FleetConfigRefuses,
    ::testing::Values(
        Wrong{"NoApi", "[space s]\nprocessors_limit=1\n" + std::string(type_a), "api missing"},
        Wrong{"UnknownApi", "[space s]\napi=zzz\n" + std::string(type_a), "api zzz is not a supported API"},
        Wrong{"CapitalApi", "[space s]\napi=Sim\n" + std::string(type_a), "api Sim is not a supported API"},
        Wrong{"SpaceName", "[space s_1]\napi=nephele\n", "letters, digits, dots and hyphens"},
        Wrong{"TypeName", std::string(space_s) + "[machinetype s a_b]\n", "letters, digits and hyphens"},
        Wrong{"FourWords", std::string(space_s) + "[machinetype s a b]\n", "write [machinetype SPACE NAME]"},
        Wrong{"OneWordSpace", "[space]\napi=nephele\n", "write [space NAME]"},
        Wrong{"Fraction", base("", "backoff_seconds=1.5\n"), "backoff_seconds is \"1.5\""},
        Wrong{"Share", base("", "target_share=x\n"), "target_share is \"x\""},
        Wrong{"Processors", base("", "min_processors=4\nmax_processors=2\n"), "max_processors 2 is below"},
        Wrong{"TypeLimit", base("", "processors_limit=x\n"), "processors_limit is \"x\""},
        Wrong{"Benchmark", base("", "hs06_per_processor=x\n"), "hs06_per_processor is \"x\""},
        Wrong{"OptionName", base("", "user_data_option_a-b=1\n"), "only letters, digits and _"},
        Wrong{"ProxyPort", base("", "cvmfs_proxy_machinetype=a:x\n"), "\"x\" is no port"},
        Wrong{"HeartbeatOfADot", base("", "heartbeat_file=.hb\n"), "f1.conf:9: heartbeat_file: \".hb\" is no name"},
        Wrong{"HeartbeatInAFolder", base("", "heartbeat_file=dir/hb\n"), "letters, digits, dots, hyphens and _"},
        Wrong{"HeartbeatWithABlank", base("", "heartbeat_file=hb 1\n"), "do not begin with a dot"},
        Wrong{"VacMon", base("vacmon_hostport=foo\n"), "foo is no HOST:PORT"},
        Wrong{"SpaceLimit", base("processors_limit=many\n"), "processors_limit is \"many\""},
        Wrong{"ShutdownTime", base("shutdown_time=soon\n"), "shutdown_time is \"soon\""}),
    [](const auto& info) { return std::string(info.param.name); });

TEST(FleetConfig, NamesEachMissingOption) {
  const auto read_now = read({std::string(space_s) + "[machinetype s a]\n"});
  EXPECT_THAT(sentences(read_now), ::testing::Contains(HasSubstr("user_data missing")));
  EXPECT_THAT(sentences(read_now), ::testing::Contains(HasSubstr("backoff_seconds missing")));
  EXPECT_THAT(sentences(read_now), ::testing::Contains(HasSubstr("fizzle_seconds missing")));
}

TEST(FleetConfig, PassesOverWhatSitesHaveLivedWith) {
  const auto read_now =
      read({base("https_port=foo\ncleanup_hours=ever\n",
                 "backoff_seconds=-1\nmin_processors=x\nuser_data_option_AB=1\nuser_data_proxy=maybe\n")});
  EXPECT_THAT(sentences(read_now), IsEmpty());
  ASSERT_THAT(read_now.spaces, SizeIs(1));
  EXPECT_EQ(read_now.spaces[0].https_port, 443);
  EXPECT_EQ(read_now.spaces[0].types[0].min_processors, 1);
  EXPECT_EQ(read_now.spaces[0].types[0].backoff, seconds{-1});
  EXPECT_EQ(read_now.spaces[0].types[0].user_data_options.at("ab"), "1");
  EXPECT_FALSE(read_now.spaces[0].types[0].user_data_proxy);
  EXPECT_THAT(read_now.warnings, SizeIs(4));
}

TEST(FleetConfig, AMistakeStopsOnlyWhatItIsAbout) {
  const auto read_now = read({base() + "[machinetype s b]\nuser_data=x\n[foo s]\n[space t]\napi=nephele\n"
                                       "[machinetype nowhere z]\nbackoff_seconds=x\n"});
  ASSERT_THAT(read_now.spaces, SizeIs(1));
  ASSERT_THAT(read_now.spaces[0].types, SizeIs(1));
  EXPECT_EQ(read_now.spaces[0].types[0].name, "a");
  EXPECT_THAT(sentences(read_now), ::testing::Contains(HasSubstr("[foo s] its type is not recognised")));
  EXPECT_THAT(sentences(read_now), ::testing::Contains(HasSubstr("the space t has no machinetype")));
  EXPECT_THAT(sentences(read_now),
              ::testing::Contains(HasSubstr("backoff_seconds missing; set it in [machinetype s b]")));
  EXPECT_THAT(sentences(read_now), SizeIs(4)) << "the machinetype of no space is passed over";
}

TEST(FleetConfig, ASpaceWithoutAMachinetypeInOrderLooksAfterItsMachines) {
  const auto slipped = read({base("", "backoff_seconds = 0x\n")});
  EXPECT_THAT(sentences(slipped),
              ElementsAre(HasSubstr("backoff_seconds is \"0x\""), HasSubstr("s has no machinetype that can be used")));
  ASSERT_THAT(slipped.spaces, SizeIs(1)) << "its machines go on to be ended, deleted and accounted for";
  EXPECT_THAT(slipped.spaces[0].types, IsEmpty());
  EXPECT_EQ(slipped.spaces[0].processors_limit, 20);
  const auto piped = read({std::string(space_s) + "[vacuum_pipe s p]\nvacuum_pipe_url = https://h/p\n"});
  EXPECT_THAT(piped.spaces, SizeIs(1)) << "its document may be away for a while";
  EXPECT_THAT(read({std::string(space_s)}).spaces, IsEmpty()) << "nothing was ever made there";
}

TEST(FleetConfig, NamesAreOfLowerCase) {
  const auto read_now =
      read({"[Space S]\napi=nephele\nprocessors_limit=3\n[Machinetype S A]\nuser_data=u\n"
            "backoff_seconds=1\nfizzle_seconds=1\n"});
  EXPECT_THAT(sentences(read_now), IsEmpty());
  ASSERT_THAT(read_now.spaces, SizeIs(1));
  EXPECT_EQ(read_now.spaces[0].name, "s");
  EXPECT_EQ(read_now.spaces[0].types[0].name, "a");
}

TEST(FleetConfig, ReadsTheGuidesLayout) {
  // The guide's shares file merges with main sections of either kind.
  const std::string shares =
      "[machinetype example1]\ntarget_share = 5.0\n[machinetype example2]\ntarget_share = 6.0\n"
      "[machinetype example3]\ntarget_share = 7.0\n";
  const auto type = [](const std::string& words) {
    return "[machinetype " + words + "]\nuser_data=u\nbackoff_seconds=600\nfizzle_seconds=600\n";
  };
  for (const std::string prefix : {"vcycle01.example.com ", ""}) {
    const auto read_now = read({shares,
                                "[settings]\nVcycle_space = Vcycle01.example.com\nfactories = f1.example.com\n"
                                "total_machines = 3\ngocdb_sitename = UKI\nroot_public_key = /k\n"
                                "[space Vcycle01.example.com]\napi = nephele\n" +
                                    type(prefix + "example1") + type(prefix + "example2") + type(prefix + "example3")});
    EXPECT_THAT(sentences(read_now), IsEmpty());
    ASSERT_THAT(read_now.spaces, SizeIs(1));
    const Space& space = read_now.spaces[0];
    EXPECT_EQ(space.machines_limit, 3);
    EXPECT_EQ(space.gocdb_sitename, "UKI");
    EXPECT_THAT(read_now.factory.factories, ElementsAre("f1.example.com"));
    ASSERT_THAT(space.types, SizeIs(3));
    EXPECT_EQ(space.types[0].target_share, 5);
    EXPECT_EQ(space.types[1].target_share, 6);
    EXPECT_EQ(space.types[2].target_share, 7);
    EXPECT_EQ(space.types[0].root_public_key, "/k");
  }
}

TEST(FleetConfig, AOneWordMachinetypeNeedsToKnowItsSpace) {
  const auto read_now = read({base() + "[space t]\napi=nephele\n[machinetype t x]\nuser_data=u\nbackoff_seconds=1\n"
                                       "fizzle_seconds=1\n[machinetype b]\nuser_data=u\n"});
  EXPECT_THAT(sentences(read_now), ElementsAre(HasSubstr("names no space and there are 2")));
  EXPECT_THAT(read_now.spaces, SizeIs(2));
}

TEST(FleetConfig, ALaterPlaceWins) {
  const auto read_now = read({base("gocdb_sitename=first\n"), "[space s]\ngocdb_sitename=second\n",
                              "[machinetype a]\nfizzle_seconds=5\n", "[machinetype s a]\nfizzle_seconds=7\n"});
  ASSERT_THAT(read_now.spaces, SizeIs(1));
  EXPECT_EQ(read_now.spaces[0].gocdb_sitename, "second");
  EXPECT_EQ(read_now.spaces[0].types[0].fizzle, seconds{7});
}

TEST(FleetConfig, AFileThatIsNoConfigurationIsLeftOutWhole) {
  const auto read_now = read({"[space s]\nprocessors_limit=7\nthis is no option\n", base()});
  ASSERT_THAT(read_now.spaces, SizeIs(1));
  EXPECT_EQ(read_now.spaces[0].processors_limit, 20);
  EXPECT_THAT(sentences(read_now), ElementsAre(AllOf(HasSubstr("Failed to parse f1.conf"), HasSubstr("f1.conf:3"))));
}

TEST(FleetConfig, OldNamesGoOnWorking) {
  const auto read_now = read({base("max_processors = 9\n",
                                   "root_disk = image:y\nflavor_name = tiny\ncpu_per_machine=4\n"
                                   "log_joboutputs = True\ntarget_shere = 3\n")});
  EXPECT_THAT(sentences(read_now), IsEmpty());
  ASSERT_THAT(read_now.spaces, SizeIs(1));
  EXPECT_EQ(read_now.spaces[0].processors_limit, 9) << "the old name wins";
  EXPECT_EQ(read_now.spaces[0].types[0].root_image, "image:y");
  EXPECT_THAT(read_now.spaces[0].types[0].flavor_names, ElementsAre("tiny"));
  EXPECT_EQ(read_now.spaces[0].types[0].min_processors, 4);
  EXPECT_THAT(read_now.warnings, ::testing::Contains(HasSubstr("root_disk is deprecated; use root_image")));
  EXPECT_THAT(read_now.warnings, ::testing::Contains(HasSubstr("log_joboutputs")));
  EXPECT_THAT(read_now.warnings, ::testing::Contains(AllOf(HasSubstr("target_shere"), HasSubstr("target_share"))));
}

TEST(FleetConfigFiles, AreReadInTheContractsOrder) {
  const TempDirectory dir;
  const std::string root = dir.path();
  const auto write = [&](const std::string& path, const std::string& text) {
    std::filesystem::create_directories(std::filesystem::path(root + path).parent_path());
    std::ofstream(root + path) << text;
  };
  const auto limit = [&] {
    const auto files = find_config_files(root);
    EXPECT_THAT(files.problems, IsEmpty());
    const auto read_now = read_configuration(files.texts);
    return read_now.spaces.empty() ? std::nullopt : read_now.spaces[0].processors_limit;
  };
  const auto with = [](const std::string& value) { return "[space s]\nprocessors_limit=" + value + "\n"; };
  write("/etc/vcycle.d/0.conf", base());
  write("/var/lib/vcycle/shared/vcycle.d/z.conf", with("9"));
  write("/etc/vcycle.d/a.conf", with("1"));
  write("/etc/vcycle.d/b.conf", with("2"));
  write("/etc/vcycle.d/c.conf.rpmsave", with("77"));
  EXPECT_EQ(limit(), 2);
  write("/etc/vcycle.d/A.conf", with("65"));
  write("/etc/vcycle.d/10.conf", with("10"));
  EXPECT_EQ(limit(), 2) << "small letters come after capitals and digits";
  write("/etc/Vcycle.conf", with("5"));
  EXPECT_EQ(limit(), 5) << "the guide's spelling";
  write("/etc/vcycle.conf", with("6"));
  EXPECT_EQ(limit(), 6);
  EXPECT_THAT(find_config_files(root).warnings, ElementsAre(HasSubstr("is passed over")));
}

TEST(FleetConfigFiles, OfTheGuidesThreeTheMostSpecificWins) {
  const auto read_now = read_configuration({{"site.conf", base("gocdb_sitename=site\n")},
                                            {"space.conf", "[space s]\ngocdb_sitename=space\n"},
                                            {"subspace.conf", "[space s]\ngocdb_sitename=subspace\n"}});
  ASSERT_THAT(read_now.spaces, SizeIs(1));
  EXPECT_EQ(read_now.spaces[0].gocdb_sitename, "subspace");
}

TEST(FleetConfig, TheBenchmarkOfAMachineIsSharedByItsProcessors) {
  const auto config = read({base("", "cpu_per_machine = 8\nhs06 = 84\nfizzle_ignores_codes = 100 200\n")});
  ASSERT_THAT(config.spaces, SizeIs(1)) << ::testing::PrintToString(sentences(config));
  EXPECT_EQ(config.spaces[0].types[0].hs06_per_processor, 10.5);
  EXPECT_THAT(config.spaces[0].types[0].fizzle_ignores_codes, ElementsAre(100, 200));
}

TEST(FleetConfig, AResponderIsThereWhereFactoriesAreNamedOrAPortIs) {
  struct Case {
    const char* settings;
    int port;             ///< 0: none
    const char* problem;  ///< empty: none
  };
  for (const auto& c :
       {Case{"", 0, ""}, Case{"factories = f1.example.com f2.example.com:9950 [::1]:9951\n", 995, ""},
        Case{"responder_port = 9950\n", 9'950, ""}, Case{"factories = f\nresponder_port = 0\n", 0, ""},
        Case{"responder_port = 70000\n", 0, "responder_port is \"70000\""},
        Case{"factories = f a:b\n", 995, ":3: factories: \"a:b\" is no host"},
        Case{"factories = f\nresponder_networks = 10.0.0.0/8 10.0.0.0/33\n", 995,
             ":4: responder_networks: \"10.0.0.0/33\" is no network"},
        Case{"factories = f\nresponder_address = f.example.com\n", 0, "\"f.example.com\" is no address"},
        Case{"responder_requests_per_minute = 0\n", 0, "responder_requests_per_minute is \"0\""}}) {
    const auto config = read({"[settings]\nudp_timeout_seconds = 3\n" + std::string(c.settings) + base()});
    EXPECT_EQ(config.factory.responder().value_or(0), c.port) << c.settings;
    EXPECT_THAT(config.spaces, SizeIs(1)) << "that is none of its business";
    if (*c.problem == '\0')
      EXPECT_THAT(sentences(config), IsEmpty());
    else
      EXPECT_THAT(sentences(config), ElementsAre(HasSubstr(c.problem)));
    if (std::string_view(c.problem).contains("network")) EXPECT_THAT(config.factory.responder_networks, IsEmpty());
  }
}

TEST(FleetConfig, VacMonAndGlueMayStandForAllSpaces) {
  const auto config =
      read({"[settings]\nvacmon_hostport = vacmon.example.com:8884 [2001:db8::1]:1\nwrite_glue = yes\n" + base()});
  EXPECT_THAT(sentences(config), IsEmpty());
  ASSERT_THAT(config.spaces, SizeIs(1));
  EXPECT_THAT(config.spaces[0].vacmon_hostports, ElementsAre("vacmon.example.com:8884", "[2001:db8::1]:1"));
  EXPECT_TRUE(config.spaces[0].write_glue);
  EXPECT_FALSE(read({base()}).spaces[0].write_glue);
}

TEST(FleetConfig, TheWebServersSettingsStandInSettings) {
  const auto usual = read({base("", "")});
  EXPECT_EQ(usual.factory.web_http_port, 80);
  EXPECT_EQ(usual.factory.joboutputs_file, Bytes::mib(10));
  const auto config =
      read({base("", "") + "[settings]\nweb_http_port = 0\nweb_https_port = 8443\nweb_addresses = 10.0.0.1 ::1\n"
                           "joboutputs_file_mb = 2\njoboutputs_need_token = yes\n"});
  EXPECT_THAT(sentences(config), IsEmpty());
  EXPECT_EQ(config.factory.web_http_port, 0);
  EXPECT_EQ(config.factory.web_https_port, 8443);
  EXPECT_THAT(config.factory.web_addresses, ElementsAre("10.0.0.1", "::1"));
  EXPECT_EQ(config.factory.joboutputs_file, Bytes::mib(2));
  EXPECT_TRUE(config.factory.joboutputs_need_token);
  for (const char* wrong : {"web_http_port = 65536", "web_https_port = 65536", "joboutputs_files = many"}) {
    const auto told = sentences(read({base("", "") + "[settings]\n" + wrong + "\n"}));
    ASSERT_THAT(told, SizeIs(1)) << wrong;
    EXPECT_THAT(told[0], HasSubstr(std::string(wrong).substr(0, 9)));
  }
}

TEST(FleetConfig, ASlipInSettingsLeavesWhatElseStandsThere) {
  const auto config = read({base("", "") + "[settings]\nudp_timeout_seconds = soon\njoboutputs_need_token = yes\n"
                                           "joboutputs_files = many\nresponder_networks = 10.0.0.0/8\n"});
  EXPECT_THAT(sentences(config),
              ElementsAre(HasSubstr("udp_timeout_seconds is \"soon\""), HasSubstr("joboutputs_files")));
  EXPECT_TRUE(config.factory.joboutputs_need_token);
  EXPECT_THAT(config.factory.responder_networks, ElementsAre("10.0.0.0/8"));
  const auto unclear = read({base("", "") + "[settings]\njoboutputs_need_token = perhaps\n"});
  EXPECT_THAT(sentences(unclear), SizeIs(1));
  EXPECT_TRUE(unclear.factory.joboutputs_need_token) << "what lets less in holds";
}

TEST(FleetConfigManual, KnowsWhatEachOptionMeans) {
  for (const auto& option : documented_options()) EXPECT_FALSE(option.key.doc.meaning.empty()) << option.key.name;
}

TEST(FleetConfigManual, ThePageHasEveryOptionAndNoOther) {
  const char* source = std::getenv("NEPHELE_SOURCE_DIR");  // NOLINT(concurrency-mt-unsafe): one thread
  if (source == nullptr) GTEST_SKIP() << "the page is in the checkout; ctest says where";
  std::ifstream page(std::string(source) + "/share/man/vcycle.conf.5");
  ASSERT_TRUE(page);
  std::set<std::string> told, known;
  std::string section;
  for (std::string line; std::getline(page, line);) {
    if (line.starts_with(".SH \"["))
      section = line.substr(6, line.find_first_of(" ]", 6) - 6);
    else if (line.starts_with(".SH"))
      section.clear();
    if (line.starts_with(".B ") && !section.empty()) told.insert(section + " " + line.substr(3));
  }
  for (const auto& option : documented_options()) known.insert(option.section + " " + option.key.name);
  EXPECT_EQ(told, known);
}

}  // namespace
}  // namespace nephele::fleet
