// SPDX-License-Identifier: Apache-2.0
#include "base/cli_table.h"

#include <gtest/gtest.h>
#include <pty.h>
#include <unistd.h>

#include <cstdlib>

#include "base/file_handle.h"

namespace nephele::cli {
namespace {

Table servers() {
  Table table({{.name = "id", .heading = "ID", .align = Align::right},
               {.name = "name", .heading = "NAME"},
               {.name = "state", .heading = "STATE"}});
  table.add({1, "web", {"RUNNING", Colour::green}});
  table.add({1200, "a longer name", {"ERROR", Colour::red}});
  table.add({3, nullptr, "PENDING"});
  return table;
}

TEST(CliTable, AlignsColumnsWithoutTrailingBlanks) {
  EXPECT_EQ(servers().text({}),
            "  ID  NAME           STATE\n"
            "   1  web            RUNNING\n"
            "1200  a longer name  ERROR\n"
            "   3  -              PENDING\n");
}

TEST(CliTable, GivesScriptsTypesAndNames) {
  EXPECT_EQ(json::write(servers().to_json()),
            R"([{"id":1,"name":"web","state":"RUNNING"},{"id":1200,"name":"a longer name","state":"ERROR"},)"
            R"({"id":3,"name":null,"state":"PENDING"}])");
  EXPECT_EQ(json::write(Table({{.name = "a", .heading = "A"}}).to_json()), "[]");
}

TEST(CliTable, CutsTheWidestColumnOnANarrowTerminal) {
  EXPECT_EQ(servers().text({.terminal = true, .colours = false, .width = 24}),
            "  ID  NAME       STATE\n"
            "   1  web        RUNNING\n"
            "1200  a longer\xE2\x80\xA6  ERROR\n"
            "   3  -          PENDING\n");
  EXPECT_EQ(servers().text({.terminal = true, .colours = false, .width = 1}).find("RUNNING"), 38U)
      << "columns stop at a width that still tells something";
}

TEST(CliTable, ColoursOnlyWhereTheyAreSeen) {
  const std::string coloured = servers().text({.terminal = true, .colours = true, .width = 80});
  EXPECT_NE(coloured.find("\x1b[32mRUNNING\x1b[0m"), std::string::npos);
  EXPECT_EQ(servers().text({.terminal = true, .colours = false, .width = 80}).find('\x1b'), std::string::npos);
}

TEST(CliTable, ShowsNoControls) {
  Table table({{.name = "name", .heading = "NAME"}});
  table.add({std::string("a\x1b[2J\nb\x7f\xC2\x9B\xFF")});
  EXPECT_EQ(table.text({}), "NAME\na?[2J?b???\n");
}

TEST(CliTable, CountsColumnsNotBytes) {
  EXPECT_EQ(display_width("h\xC3\xA9llo"), 5U);
  EXPECT_EQ(display_width(""), 0U);
}

TEST(CliScreen, APipeIsNoTerminal) {
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  const FileHandle in(ends[0]);
  const FileHandle out(ends[1]);
  EXPECT_FALSE(screen_of(out.get()).terminal);
  EXPECT_FALSE(screen_of(out.get()).colours);
}

TEST(CliScreen, ATerminalTellsItsWidthAndHonoursNoColor) {
  int master = -1;
  int slave = -1;
  winsize size{.ws_row = 24, .ws_col = 61, .ws_xpixel = 0, .ws_ypixel = 0};
  ASSERT_EQ(::openpty(&master, &slave, nullptr, nullptr, &size), 0);
  const FileHandle ours(master);
  const FileHandle theirs(slave);
  ::unsetenv("COLUMNS");         // NOLINT(concurrency-mt-unsafe): one thread here
  ::unsetenv("NO_COLOR");        // NOLINT(concurrency-mt-unsafe)
  ::setenv("TERM", "xterm", 1);  // NOLINT(concurrency-mt-unsafe)
  EXPECT_TRUE(screen_of(theirs.get()).terminal);
  EXPECT_TRUE(screen_of(theirs.get()).colours);
  EXPECT_EQ(screen_of(theirs.get()).width, 61U);
  ::setenv("COLUMNS", "100", 1);  // NOLINT(concurrency-mt-unsafe)
  ::setenv("NO_COLOR", "1", 1);   // NOLINT(concurrency-mt-unsafe)
  EXPECT_EQ(screen_of(theirs.get()).width, 100U);
  EXPECT_FALSE(screen_of(theirs.get()).colours);
  ::unsetenv("COLUMNS");   // NOLINT(concurrency-mt-unsafe)
  ::unsetenv("NO_COLOR");  // NOLINT(concurrency-mt-unsafe)
}

}  // namespace
}  // namespace nephele::cli
