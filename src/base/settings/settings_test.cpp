// SPDX-License-Identifier: Apache-2.0
#include "base/settings/settings.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "base/settings/config_parser.h"
#include "base/settings/python_literal.h"
#include "base/settings/symbol_yaml.h"

namespace nephele::settings {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

enum class LogSystem : std::uint8_t { file, syslog };

struct Capacity {
  std::uint32_t cpu = 2;
  Bytes memory = Bytes::mib(1024);
};

struct Engine {
  std::string host = "127.0.0.1";
  std::uint16_t port = 1337;
  std::chrono::seconds timeout{30};
  Capacity capacity;
  LogSystem log_system = LogSystem::file;
  bool debug = false;
  double share = 0.5;
  Secret password;
  std::vector<std::string> brokers{"a:1"};
  std::optional<std::string> proxy;
  Node logging;
};

Table<Engine> engine_table() {
  return Table<Engine>("engine")
      .add("host", &Engine::host, {.meaning = "address to listen on"})
      .add(
          "port", &Engine::port,
          {.meaning = "port to listen on", .aliases = {"ENGINE_PORT"}, .environment = "NEPHELE_PORT", .flag = "--port"},
          {.min = 1})
      .add("timeout", &Engine::timeout, {.meaning = "how long to wait", .unit = "seconds"}, {.min = 1, .max = 3600})
      .add("capacity.cpu.default", [](Engine& e) -> auto& { return e.capacity.cpu; }, {.meaning = "processors"},
           {.min = 1, .max = 64})
      .add("capacity.memory.default", [](Engine& e) -> auto& { return e.capacity.memory; },
           {.meaning = "memory", .unit = "MiB", .aliases = {"MEMORY"}}, {.min = 16, .max = 1 << 20})
      .add_choice("log.system", &Engine::log_system,
                  std::vector<Word<LogSystem>>{{"file", LogSystem::file}, {"syslog", LogSystem::syslog}},
                  {.meaning = "where logs go"})
      .add("debug", &Engine::debug, {.meaning = "say more"})
      .add("share", &Engine::share, {.meaning = "how much"}, {.min = 0, .max = 1})
      .add("password", &Engine::password, {.meaning = "of the database", .environment = "ENGINE_PASSWORD"})
      .add("brokers", &Engine::brokers, {.meaning = "message brokers"})
      .add("proxy", &Engine::proxy, {.meaning = "way out"})
      .add("LOGGING_SETUP", &Engine::logging, {.meaning = "as logging.config.dictConfig takes it"})
      .obsolete("mapping", "flavours have their own files");
}

Node yaml(std::string_view text) {
  return read_symbol_yaml(text, "engine.conf")->root;
}
Node python(std::string_view text) {
  return read_python_literal(text, "20.conf")->root;
}

Environment environment(std::map<std::string, std::string> variables) {
  return [variables](const std::string& name) -> std::optional<std::string> {
    const auto found = variables.find(name);
    return found == variables.end() ? std::nullopt : std::optional(found->second);
  };
}

std::string origin_of(const Table<Engine>& table, const Loaded<Engine>& loaded, std::string_view name) {
  for (const Shown& shown : table.show(loaded))
    if (shown.name == name) return shown.value + " from " + shown.origin;
  return "";
}

TEST(Settings, WithoutSourcesAreTheDefaults) {
  const auto table = engine_table();
  const auto loaded = table.load({});
  ASSERT_TRUE(loaded);
  EXPECT_EQ((*loaded)->port, 1337);
  EXPECT_EQ(origin_of(table, *loaded, "timeout"), "30 from default");
  EXPECT_EQ(origin_of(table, *loaded, "capacity.memory.default"), "1 GiB from default");
  EXPECT_EQ(origin_of(table, *loaded, "log.system"), "file from default");
}

TEST(Settings, TakeDefaultThenFilesThenEnvironmentThenFlags) {
  const auto table = engine_table();
  Sources sources{
      .files = {yaml("\n:port: 1\n:host: first\n"), python("ENGINE_PORT = 1 + 1")}, .environment = {}, .flags = {}};
  EXPECT_EQ(origin_of(table, *table.load(sources), "host"), "first from engine.conf:3");
  EXPECT_EQ(origin_of(table, *table.load(sources), "port"), "2 from 20.conf:1");
  sources.environment = environment({{"NEPHELE_PORT", "3"}});
  EXPECT_EQ(origin_of(table, *table.load(sources), "port"), "3 from environment NEPHELE_PORT");
  sources.flags = {{"--port", "4"}, {"--port", "5"}};
  EXPECT_EQ(origin_of(table, *table.load(sources), "port"), "5 from flag --port");
}

TEST(Settings, ReadEveryTypeFromEveryKindOfFile) {
  ConfigParser ini(Dialect::python3);
  ASSERT_TRUE(
      ini.read("[engine]\nhost = ::1\nport = 80\ntimeout=5\ndebug = yes\nshare = 0.25\nbrokers = a:1, b:2\n  c:3\n"
               "MEMORY = 2G\npassword = secret\nproxy = p\n",
               "e.ini"));
  const Node section = ini.tree()->entry("engine")->value;
  for (const Node& file :
       {yaml(":host: '::1'\n:port: 80\n:timeout: 5\n:debug: true\n:share: 0.25\n:brokers: [a:1, b:2, c:3]\n"
             ":capacity:\n  :memory:\n    :default: 2048\n:password: secret\n:proxy: p\n"),
        python("host = '::1'\nport = 80\ntimeout = 5\ndebug = True\nshare = 0.25\nbrokers = ('a:1', 'b:2', 'c:3')\n"
               "MEMORY = 2 * 1024\npassword = 'secret'\nproxy = 'p'\n"),
        section}) {
    auto table = engine_table();
    const auto loaded = Table<Engine>(table).load({.files = {file}, .environment = {}, .flags = {}});
    ASSERT_TRUE(loaded) << loaded.error().sentence();
    const Engine& engine = **loaded;
    EXPECT_EQ(engine.host, "::1");
    EXPECT_EQ(engine.port, 80);
    EXPECT_EQ(engine.timeout, std::chrono::seconds(5));
    EXPECT_TRUE(engine.debug);
    EXPECT_EQ(engine.share, 0.25);
    EXPECT_THAT(engine.brokers, ElementsAre("a:1", "b:2", "c:3"));
    EXPECT_EQ(engine.password.reveal(), "secret");
    EXPECT_EQ(engine.proxy, "p");
    if (file.at("MEMORY") != nullptr || file.at("capacity") != nullptr)
      EXPECT_EQ(engine.capacity.memory, Bytes::gib(2));
  }
}

struct Bad {
  const char* name;
  std::string_view yaml;
  std::string_view sentence;
};
class BadSetting : public testing::TestWithParam<Bad> {};
TEST_P(BadSetting, IsToldWithPlaceNameValueAndWhatIsAllowed) {
  const auto loaded = engine_table().load({.files = {yaml(GetParam().yaml)}, .environment = {}, .flags = {}});
  ASSERT_FALSE(loaded);
  EXPECT_EQ(loaded.error().kind(), Kind::invalid);
  EXPECT_EQ(loaded.error().sentence(), GetParam().sentence);
}
INSTANTIATE_TEST_SUITE_P(
    Table, BadSetting,
    testing::Values(
        Bad{"Word", "\n:port: abc\n", R"(engine.conf:2: :port: is "abc"; write a number from 1 to 65535)"},
        Bad{"TooLarge", ":port: 65536\n", "engine.conf:1: :port: is 65536; write a number from 1 to 65535"},
        Bad{"TooSmall", "port: 0\n", "engine.conf:1: port is 0; write a number from 1 to 65535"},
        Bad{"Unit", ":timeout: 0\n", "engine.conf:1: :timeout: is 0; write a number of seconds from 1 to 3600"},
        Bad{"Real", ":timeout: 1.5\n", "engine.conf:1: :timeout: is 1.5; write a number of seconds from 1 to 3600"},
        Bad{"Nested", ":capacity:\n  :cpu:\n    :default: many\n",
            R"(engine.conf:3: :default: is "many"; write a number from 1 to 64)"},
        Bad{"Bytes", ":capacity: {:memory: {:default: 2X}}\n",
            R"(engine.conf:1: :default: is "2X"; write a number of MiB from 16 to 1048576, or a size such as 512M)"},
        Bad{"Choice", ":log:\n  :system: journal\n",
            R"(engine.conf:2: :system: is "journal"; write one of file, syslog)"},
        Bad{"Boolean", ":debug: maybe\n", R"(engine.conf:1: :debug: is "maybe"; write true or false)"},
        Bad{"Range", ":share: 1.5\n", "engine.conf:1: :share: is 1.5; write a number from 0 to 1"},
        Bad{"Text", ":host: [1]\n", "engine.conf:1: :host: is [1]; write a text"},
        Bad{"NoTable", ":capacity: 5\n", "engine.conf:1: :capacity: is 5; write a table with cpu.default in it"},
        Bad{"Secret", ":password: {hunter: 2}\n",
            "engine.conf:1: :password: is not a value that can be used; write a text"}),
    [](const auto& info) { return std::string(info.param.name); });

TEST(Settings, TellAllBadValuesAtOnce) {
  const auto loaded = engine_table().load({.files = {yaml(":port: a\n:timeout: b\n")}, .environment = {}, .flags = {}});
  ASSERT_FALSE(loaded);
  EXPECT_THAT(loaded.error().sentence(), HasSubstr(":port:"));
  EXPECT_THAT(loaded.error().detail("also"), HasSubstr(":timeout:"));
}

TEST(Settings, NameTheVariableOrFlagThatIsWrong) {
  EXPECT_EQ(engine_table()
                .load({.files = {}, .environment = environment({{"NEPHELE_PORT", "x"}}), .flags = {}})
                .error()
                .sentence(),
            R"(environment: NEPHELE_PORT is "x"; write a number from 1 to 65535)");
  EXPECT_EQ(engine_table().load({.files = {}, .environment = {}, .flags = {{"--port", ""}}}).error().sentence(),
            R"(command line: --port is ""; write a number from 1 to 65535)");
}

TEST(Settings, AValueLeftEmptyLeavesTheDefault) {
  const auto loaded =
      engine_table().load({.files = {yaml(":port:\n:log:\n:capacity: ~\n:proxy:\n")}, .environment = {}, .flags = {}});
  ASSERT_TRUE(loaded) << loaded.error().sentence();
  EXPECT_EQ((*loaded)->port, 1337);
  EXPECT_EQ((*loaded)->proxy, std::nullopt);
}

TEST(Settings, KeepWholeTables) {
  const auto loaded = engine_table().load(
      {.files = {python("LOGGING_SETUP = {'loggers': {'a.b': {'level': 'DEBUG'}}}")}, .environment = {}, .flags = {}});
  ASSERT_TRUE(loaded);
  EXPECT_EQ(*(*loaded)->logging.at("loggers.a.b.level")->value.if_text(), "DEBUG");
}

TEST(Settings, NeverShowASecret) {
  const auto table = engine_table();
  const auto loaded =
      table.load({.files = {}, .environment = environment({{"ENGINE_PASSWORD", "hunter2"}}), .flags = {}});
  for (const Shown& shown : table.show(*loaded)) EXPECT_THAT(shown.value, Not(HasSubstr("hunter2")));
  EXPECT_EQ(origin_of(table, *loaded, "password"), "(hidden) from environment ENGINE_PASSWORD");
  EXPECT_EQ(origin_of(table, *table.load({}), "password"), " from default");
}

TEST(UnknownKeys, AreToldWithTheNearestName) {
  const auto table = engine_table();
  const auto warnings = unknown_keys(yaml(":prot: 1\n:capacity:\n  :cpu:\n    :defualt: 1\n  :gpu: 1\n:mapping: {a: "
                                          "1}\n:log:\n  :system: file\n:xyz: 1\n"),
                                     table.keys(), table.obsolete());
  EXPECT_THAT(warnings, ElementsAre("engine.conf:1: :prot: is not a known setting; did you mean :port:?",
                                    "engine.conf:4: :defualt: is not a known setting; did you mean :default:?",
                                    "engine.conf:5: :gpu: is not a known setting",
                                    "engine.conf:6: :mapping: is no longer used; flavours have their own files",
                                    "engine.conf:9: :xyz: is not a known setting"));
  EXPECT_THAT(unknown_keys(python("ENGINE_PORTS = 1\nLOGGING_SETUP = {'any': 1}\n"), table.keys()),
              ElementsAre("20.conf:1: ENGINE_PORTS is not a known setting; did you mean ENGINE_PORT?"));
  EXPECT_THAT(unknown_keys(Node(), table.keys()), IsEmpty());
}

TEST(DidYouMean, AnswersOnlyNearNames) {
  const std::vector<std::string> names{"port", "host", "timeout", "capacity.cpu.default"};
  EXPECT_EQ(did_you_mean("timeuot", names), "timeout");
  EXPECT_EQ(did_you_mean("PORT", names), "port");
  EXPECT_EQ(did_you_mean("capacity.cpu.defaults", names), "capacity.cpu.default");
  EXPECT_EQ(did_you_mean("zzz", names), std::nullopt);
  EXPECT_EQ(did_you_mean("", names), std::nullopt);
  EXPECT_EQ(did_you_mean(std::string(100'000, 'a'), names), std::nullopt);
}

TEST(Manual, NamesEveryRow) {
  const auto keys = engine_table().keys();
  const std::string text = manual(keys);
  for (const Key& key : keys) EXPECT_THAT(text, HasSubstr(key.name));
  EXPECT_THAT(text, HasSubstr("port\n    a number from 1 to 65535; default 1337\n    port to listen on\n"
                              "    also: ENGINE_PORT, environment NEPHELE_PORT, flag --port\n"));
  EXPECT_THAT(text, HasSubstr("timeout\n    a number of seconds from 1 to 3600; default 30\n"));
}

}  // namespace
}  // namespace nephele::settings
