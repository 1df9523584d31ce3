// SPDX-License-Identifier: Apache-2.0
// What is told to others: reports, VacMon and VacQuery, GLUE; and who may ask.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "fleet/addresses.h"
#include "fleet/glue.h"
#include "fleet/vac_messages.h"

namespace nephele::fleet {
namespace {

using ::testing::IsSupersetOf;
using ::testing::Not;
using ::testing::SizeIs;

constexpr Instant now{seconds{1'500'009'000}};

/// Each field another value, so that a mix-up shows.
SpaceReport report() {
  SpaceReport out{.space = "s.example.com", .site = "UKI-TEST", .began = now, .error = "e"};
  out.processors_limit = 100;
  out.machines_limit = 12;
  out.machines = 4;
  out.processors = 5;
  out.running_machines = 2;
  out.running_processors = 3;
  out.running_hs06 = 31.5;
  out.max_hs06 = 1'050;
  TypeView type;
  type.name = "a";
  type.target_share = 0.5;
  type.totals = {.machines = 6,
                 .processors = 7,
                 .starting_machines = 8,
                 .starting_processors = 9,
                 .running_machines = 10,
                 .running_processors = 11,
                 .running_hs06 = 12.5,
                 .weight = 13.25,
                 .not_passed_fizzle = 14};
  type.max_wallclock = 86'400;
  type.bytes_per_processor = 2'147'483'648;
  type.fqan = "/gridpp/Role=NULL/Capability=NULL";
  type.max_processors = 15;
  type.machines_limit = 16;
  type.last_machine = "vcycle-a-9";
  type.last_message = "300 Nothing to do";
  type.last_stopped = now - seconds{17};
  out.types.resize(2);
  out.types[0] = type;
  out.types[1].name = "b";
  MachineView machine;
  machine.name = "vcycle-a-0";
  machine.id = "u-1";
  machine.ip = "10.0.0.1";
  machine.zone = "z";
  machine.machinetype = "a";
  machine.manager = "vm.example.com";
  machine.message = "200 \"quoted\" \xc3\xa9";
  machine.state = State::shut_down;
  machine.processors = 8;
  machine.hs06 = 84;
  machine.created = now - seconds{60};
  machine.started = now - seconds{50};
  machine.updated = now - seconds{10};
  machine.stopped = now - seconds{20};
  machine.heartbeat = now - seconds{30};
  machine.passed_fizzle = true;
  out.seen = {machine, {}};
  out.seen[1].name = "vcycle-b-1";
  out.ended = {machine};
  out.decisions = {{"created", "vcycle-a-0", "a", "there was room"}};
  return out;
}

HostFacts host() {
  return {.root_disk_kb = 1,
          .root_disk_inodes = 2,
          .daemon_disk_kb = 3,
          .daemon_disk_inodes = 4,
          .load_average = 0.5,
          .kernel = "6.1",
          .os_issue = "Debian",
          .booted = Instant{seconds{6}},
          .factory_heartbeat = Instant{seconds{7}},
          .responder_heartbeat = Instant{seconds{8}},
          .mjf_heartbeat = Instant{seconds{9}},
          .swap_used_kb = 10,
          .swap_free_kb = 11,
          .mem_used_kb = 12,
          .mem_total_kb = 13};
}

Envelope envelope(std::string cookie = "0") {
  return {.daemon_version = "Vcycle 1 vcycled",
          .cookie = std::move(cookie),
          .space = "s.example.com",
          .site = "UKI-TEST",
          .factory = "vm.example.com",
          .sent = now};
}

std::set<std::string> keys(const std::string& text) {
  std::set<std::string> out;
  const auto value = json::parse(text);
  if (value && value->if_object() != nullptr)
    for (const auto& [key, ignored] : *value->if_object()) out.insert(key);
  return out;
}

TEST(FleetReport, IsReadBackAsItWasWritten) {
  const auto written = to_json(report());
  const auto read = report_from(written);
  ASSERT_TRUE(read);
  EXPECT_EQ(json::write(to_json(*read)), json::write(written));
  EXPECT_EQ(read->types[0].totals.weight, 13.25);
  EXPECT_EQ(read->seen[0].heartbeat, now - seconds{30});
  EXPECT_EQ(read->seen[1].started, std::nullopt);
  EXPECT_FALSE(report_from(json::Value(json::Array{})));
  EXPECT_FALSE(report_from(json::Value(3)));
}

// Contract 5.3; what the original sends.
const std::set<std::string> common{"message_type", "daemon_version", "vacquery_version", "cookie",
                                   "space",        "site",           "factory",          "time_sent"};
const std::set<std::string> factory_keys{"running_processors",
                                         "running_machines",
                                         "max_processors",
                                         "max_machines",
                                         "root_disk_avail_kb",
                                         "root_disk_avail_inodes",
                                         "daemon_disk_avail_kb",
                                         "daemon_disk_avail_inodes",
                                         "load_average",
                                         "kernel_version",
                                         "os_issue",
                                         "boot_time",
                                         "mjf_heartbeat_time",
                                         "factory_heartbeat_time",
                                         "metadata_heartbeat_time",
                                         "swap_used_kb",
                                         "swap_free_kb",
                                         "mem_used_kb",
                                         "mem_total_kb",
                                         "max_hs06",
                                         "running_hs06"};
const std::set<std::string> type_keys{
    "num_machinetypes",      "machinetype", "bytes_per_processor", "running_machines", "running_processors",
    "max_wallclock_seconds", "fqan",        "running_hs06",        "max_processors"};
const std::set<std::string> machine_keys{
    "num_machines", "machine",          "state",          "uuid",        "created_time",
    "started_time", "heartbeat_time",   "num_processors", "cpu_seconds", "cpu_percentage",
    "machinetype",  "shutdown_message", "shutdown_time",  "hs06",        "fqan"};

std::set<std::string> with_common(std::set<std::string> more) {
  more.insert(common.begin(), common.end());
  return more;
}

TEST(VacMon, MessagesHaveTheKeysOfTheContractAndNoOther) {
  const auto r = report();
  EXPECT_EQ(keys(datagram(envelope(), factory_status(r, host()), Dialect::vacmon)), with_common(factory_keys));
  EXPECT_EQ(keys(datagram(envelope(), machinetype_statuses(r)[0], Dialect::vacmon)), with_common(type_keys));
  EXPECT_EQ(keys(datagram(envelope(), machine_status(r, r.seen[0], now), Dialect::vacmon)), with_common(machine_keys));
  // Where HS06 and accounting_fqan are not used they are left out.
  auto plain = r;
  plain.max_hs06.reset();
  plain.types[0].fqan.clear();
  plain.seen[0].hs06.reset();
  auto fewer = factory_keys;
  for (const char* gone : {"max_hs06", "running_hs06"}) fewer.erase(gone);
  EXPECT_EQ(keys(datagram(envelope(), factory_status(plain, host()), Dialect::vacmon)), with_common(fewer));
  EXPECT_THAT(keys(datagram(envelope(), machinetype_statuses(plain)[0], Dialect::vacmon)),
              Not(::testing::AnyOf(::testing::Contains("fqan"), ::testing::Contains("running_hs06"))));
  EXPECT_THAT(keys(datagram(envelope(), machine_status(plain, plain.seen[0], now), Dialect::vacmon)),
              Not(::testing::AnyOf(::testing::Contains("fqan"), ::testing::Contains("hs06"))));
}

TEST(VacMon, SaysWhatTheReportSays) {
  const auto r = report();
  const auto value = json::parse(datagram(envelope(), machine_status(r, r.seen[0], now), Dialect::vacmon));
  ASSERT_TRUE(value);
  EXPECT_EQ(
      json::write(*value),
      R"({"message_type":"machine_status","vacquery_version":"VacQuery 01.02","daemon_version":"Vcycle 1 vcycled",)"
      R"("cookie":"0","space":"s.example.com","site":"UKI-TEST","factory":"vm.example.com","time_sent":1500009000,)"
      R"("num_machines":1,"machine":"vcycle-a-0","state":"Shut down","uuid":"u-1","created_time":1500008940,)"
      R"("started_time":1500008950,"heartbeat_time":1500008970,"num_processors":8,"cpu_seconds":30,)"
      R"("cpu_percentage":100.0,"machinetype":"a","shutdown_message":"200 \"quoted\" )"
      "\xc3\xa9"
      R"(","shutdown_time":1500008980,"hs06":84.0,"fqan":"/gridpp/Role=NULL/Capability=NULL"})");
}

// What shared.py of Vac looks for in each answer before it believes it.
TEST(VacQuery, HasWhatVacsOwnClientsWant) {
  auto r = report();
  r.max_hs06.reset();
  const auto machine = datagram(envelope("c"), machine_status(r, r.seen[1], now), Dialect::vacquery);
  EXPECT_THAT(keys(machine), IsSupersetOf({"vac_version", "num_cpus", "hs06", "heartbeat_time", "started_time",
                                           "shutdown_message", "shutdown_time", "machine_model", "cpu_percentage"}));
  EXPECT_THAT(machine, ::testing::HasSubstr(R"("started_time":null)"));
  EXPECT_THAT(machine, ::testing::HasSubstr(R"("hs06":1.0)"));
  EXPECT_THAT(keys(datagram(envelope("c"), machinetype_statuses(r)[1], Dialect::vacquery)),
              IsSupersetOf({"num_machinetypes", "running_hs06", "num_before_fizzle", "shutdown_message",
                            "shutdown_time", "shutdown_machine", "running_cpus"}));
  EXPECT_THAT(keys(datagram(envelope("c"), factory_status(r, host()), Dialect::vacquery)),
              IsSupersetOf({"vac_version", "running_cpus", "max_cpus", "total_cpus", "total_machines", "total_hs06",
                            "running_hs06", "vac_disk_avail_kb", "vac_disk_avail_inodes", "responder_heartbeat_time"}));
  EXPECT_LT(machine.size(), 1'400U) << "one Ethernet frame";
}

TEST(VacQuery, AnswersAreReadBackAsTheyWereWritten) {
  const auto r = report();
  auto factory = factory_status(r, host());
  factory.num_machines = 20;
  factory.num_machinetypes = 21;
  for (const Status& status : {Status(factory), Status(machinetype_statuses(r)[0]),
                               Status(machine_status(r, r.seen[0], now)), Status(machine_status(r, r.seen[1], now))}) {
    const auto text = datagram(envelope("cookie"), status, Dialect::vacquery);
    const auto reply = read_reply(text);
    ASSERT_TRUE(reply) << text;
    EXPECT_EQ(datagram(reply->envelope, reply->status, Dialect::vacquery), text);
  }
  for (const char* bad : {"", "{", "[]", "3", R"({"message_type":"machines_query"})"}) EXPECT_FALSE(read_reply(bad));
}

TEST(VacQuery, QuestionsOfEachAgeAreUnderstood) {
  struct Case {
    std::string text;
    std::optional<Question> question;
  };
  const std::string rest = R"("space":"s.example.com","cookie":"c")";
  for (const auto& [text, question] : std::vector<Case>{
           {"{" + rest + R"(,"message_type":"machines_query"})", Question::machines},
           {"{" + rest + R"(,"message_type":"machinetypes_query"})", Question::machinetypes},
           {"{" + rest + R"(,"message_type":"factory_query"})", Question::factory},
           {"{" + rest + R"(,"method":"machines"})", Question::machines},
           {"{" + rest + R"(,"method":"machinetypes"})", Question::machinetypes},
           {"{" + rest + R"(,"method":"factories"})", Question::factory},
           {"{" + rest + R"(,"message_type":"machine_status"})", {}},
           {"{" + rest + "}", {}},
           {R"({"space":"s.example.com","message_type":"machines_query"})", {}},
           {R"({"space":"s.example.com","cookie":7,"message_type":"machines_query"})", {}},
           {R"({"cookie":"c","message_type":"machines_query"})", {}},
           {R"({"space":"s.example.com","cookie":")" + std::string(300, 'c') + R"(","method":"machines"})", {}},
           {"{" + rest + R"(,"method":"machines"})" + std::string(query_max, ' '), {}},
           {"nonsense", {}},
           {"", {}}}) {
    const auto query = read_query(text);
    EXPECT_EQ(query ? std::optional(query->question) : std::nullopt, question) << text;
  }
  for (const auto question : {Question::factory, Question::machinetypes, Question::machines}) {
    const auto query = read_query(query_text({.question = question, .space = "s", .cookie = "c"}, "Vcycle 1 vcycle"));
    ASSERT_TRUE(query);
    EXPECT_EQ(query->question, question);
    EXPECT_EQ(query->space + query->cookie, "sc");
  }
}

TEST(Glue, IsKnownAgain) {
  for (const auto version : {Glue::v2_0, Glue::v2_1}) {
    const auto other = version == Glue::v2_0 ? Glue::v2_1 : Glue::v2_0;
    const auto document = glue_of(report(), version);
    EXPECT_TRUE(is_glue_of(document, "s.example.com", version));
    EXPECT_FALSE(is_glue_of(document, "t.example.com", version));
    EXPECT_FALSE(is_glue_of(document, "s.example.com", other));
  }
  for (const char* text : {"[]", "{}", R"({"ComputingService":[]})", R"({"ComputingService":7})",
                           R"({"ComputingService":[{"ID":"urn:glue2:ComputingService:s.example.com","Type":"x"}]})"})
    EXPECT_FALSE(is_glue_of(*json::parse(text), "s.example.com", Glue::v2_0)) << text;
}

TEST(Glue, TellsOfTheSpaceAndItsShares) {
  const auto old = json::write(glue_of(report(), Glue::v2_0));
  for (const char* part :
       {R"("ComputingService":[{"CreationTime":"2017-07-14T05:10:00Z","ID":"urn:glue2:ComputingService:s.example.com")",
        R"("RunningJobs":2,"TotalJobs":4)", R"("ID":"urn:glue2:ComputingShare:s.example.com:a")",
        R"("MaxWallTime":86400,"MaxCPUTime":86400,"MaxTotalJobs":16,"MaxRunningJobs":16,"TotalJobs":6)",
        R"("Rule":["VO:gridpp","VOMS:/gridpp/Role=NULL/Capability=NULL"],"Scheme":"org.glite.standard")",
        R"("ExecutionEnvironment":[)", R"("OSName":"CernVM 3")"})
    EXPECT_THAT(old, ::testing::HasSubstr(part));
  const auto value = glue_of(report(), Glue::v2_1);
  EXPECT_THAT(*value.at_path({"CloudComputingShare"})->if_array(), SizeIs(2));
  EXPECT_THAT(*value.at_path({"MappingPolicy"})->if_array(), SizeIs(1)) << "b has no accounting_fqan";
  const auto text = json::write(value);
  for (const char* part :
       {R"("RunningVM":2,"TotalVM":4)", R"("MaxVM":16,"TotalVM":6)", R"("CloudComputeInstanceType":[)",
        R"("ShareID":"urn:glue2:CloudComputingShare:s.example.com:a")"})
    EXPECT_THAT(text, ::testing::HasSubstr(part));
}

TEST(HostPorts, AreTakenApart) {
  struct Case {
    const char* text;
    std::optional<std::uint16_t> usual;
    const char* host;
    int port;  ///< 0: refused
  };
  for (const auto& c :
       {Case{"vacmon.example.com:8884", {}, "vacmon.example.com", 8'884},
        Case{"[2001:db8::1]:8884", {}, "2001:db8::1", 8'884},
        Case{"factory1.example.com", 995, "factory1.example.com", 995}, Case{"[::1]", 995, "::1", 995},
        Case{"a:1", 995, "a", 1}, Case{"foo", {}, "", 0}, Case{"foo:", {}, "", 0}, Case{":1", {}, "", 0},
        Case{"foo:0", {}, "", 0}, Case{"foo:65536", {}, "", 0}, Case{"foo:1x", {}, "", 0}, Case{"::1:995", {}, "", 0},
        Case{"[foo]:1", {}, "", 0}, Case{"a b:1", {}, "", 0}, Case{"", 995, "", 0}}) {
    const auto read = host_port(c.text, c.usual);
    EXPECT_EQ(read ? read->port : 0, c.port) << c.text;
    if (read) EXPECT_EQ(read->host, c.host);
  }
}

TEST(Networks, HoldWhatIsInThem) {
  struct Case {
    const char* network;
    const char* address;
    bool in;
  };
  for (const auto& c :
       {Case{"10.1.0.0/16", "10.1.255.255", true}, Case{"10.1.0.0/16", "10.2.0.0", false},
        Case{"10.1.2.3", "10.1.2.3", true}, Case{"10.1.2.3", "10.1.2.4", false}, Case{"10.1.2.0/31", "10.1.2.1", true},
        Case{"10.1.2.0/31", "10.1.2.2", false}, Case{"0.0.0.0/0", "203.0.113.9", true},
        Case{"0.0.0.0/0", "2001:db8::1", false}, Case{"::/0", "2001:db8::1", true},
        Case{"2001:db8::/33", "2001:db8:7fff::1", true}, Case{"2001:db8::/33", "2001:db8:8000::1", false},
        Case{"10.0.0.0/8", "::ffff:10.9.9.9", true}}) {
    const auto networks = Networks::parse({"192.0.2.0/24", c.network});
    ASSERT_TRUE(networks);
    EXPECT_EQ(networks->contain(*Address::from(c.address)), c.in) << c.network << " " << c.address;
  }
  for (const char* bad : {"10.0.0.0/33", "10.0.0.0/x", "10.0.0/8", "2001:db8::/129", "example.com", "/8", "10.0.0.0/"})
    EXPECT_FALSE(Networks::parse({bad})) << bad;
  EXPECT_FALSE(Networks::parse({})->contain(*Address::from("127.0.0.1")));
  for (const char* own : {"127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1"})
    EXPECT_TRUE(Address::from(own)->is_loopback()) << own;
  for (const char* other : {"128.0.0.1", "::2", "::", "0.0.0.0"}) EXPECT_FALSE(Address::from(other)->is_loopback());
}

TEST(SourceRates, LetsEachSourceAskSoOften) {
  SourceRates rates(60);
  const std::chrono::steady_clock::time_point begin{};
  const auto asks = [&](const char* who, int times, std::chrono::seconds at) {
    int taken = 0;
    for (int i = 0; i < times; ++i) taken += rates.take(*Address::from(who), begin + at) ? 1 : 0;
    return taken;
  };
  using std::chrono::seconds;
  EXPECT_EQ(asks("10.0.0.1", 1'000, seconds(0)), 60);
  EXPECT_EQ(asks("10.0.0.2", 10, seconds(0)), 10) << "one source is not another";
  EXPECT_EQ(asks("10.0.0.1", 1'000, seconds(5)), 5);
  EXPECT_EQ(asks("10.0.0.1", 1'000, seconds(600)), 60);
  EXPECT_EQ(asks("2001:db8::1", 50, seconds(600)), 50);
  EXPECT_EQ(asks("2001:db8::2", 50, seconds(600)), 10) << "its owner changes the second half at will";
  for (int i = 0; i < 10'000; ++i)
    rates.take(*Address::from("11.0." + std::to_string(i / 256) + "." + std::to_string(i % 256)), begin + seconds(600));
  EXPECT_EQ(asks("10.0.0.3", 1, seconds(600)), 1);
}

}  // namespace
}  // namespace nephele::fleet
