// SPDX-License-Identifier: Apache-2.0
// check-vcycled [SECONDS]: for Nagios (contract vcycle, 6.4). 0: all is well, 2: it is not, 3: it was not called well.
#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <charconv>
#include <iostream>
#include <optional>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "fleet/files.h"
#include "nephele_version.h"

namespace {

using nephele::fleet::Files;
using nephele::fleet::read_state;

constexpr std::int64_t usual_limit = 600;

struct Arguments {
  std::int64_t limit = usual_limit;
  std::optional<std::int64_t> now;
  std::string root;
};

std::optional<std::int64_t> number(std::string_view text) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc{} && end == text.data() + text.size() ? std::optional(value) : std::nullopt;
}

/// " (3/10 24/80)" of the file that vcycled writes.
std::string counts_of(const Files& files) {
  std::istringstream in(read_state(files.lib("counts")).value_or(""));
  std::string running, machines, running_processors, processors;
  if (!(in >> running >> machines >> running_processors >> processors)) return {};
  return " (" + running + "/" + machines + " " + running_processors + "/" + processors + ")";
}

std::optional<std::int64_t> time_of(const std::string& path) {
  struct stat info{};
  if (::stat(path.c_str(), &info) != 0) return std::nullopt;
  return info.st_ctim.tv_sec;
}

/// What is wrong with a heartbeat; empty: nothing.
std::string complaint(const Files& files, const std::string& who, const Arguments& arguments, std::int64_t now) {
  const auto beat = time_of(files.lib(who + "-heartbeat"));
  if (!beat) return "No vcycled " + who + " heartbeat file";
  if (*beat >= now - arguments.limit) return {};
  return fmt::format("No vcycled {} heartbeat in {:.2f} hours", who, static_cast<double>(now - *beat) / 3'600);
}

/// The one line that Nagios shows; behind a | it would look for figures of performance.
void say(std::string words) {
  std::ranges::replace(words, '|', '/');
  std::ranges::replace_if(words, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }, ' ');
  std::cout << words << '\n';
}

int check(const Arguments& arguments) {
  const Files files(arguments.root, "");
  const auto now = arguments.now.value_or(nephele::to_ms(nephele::SystemClock().now()) / 1'000);
  const auto end = [&](int status, const std::string& words) {
    say(words + counts_of(files));
    return status;
  };
  // A factory without a responder has none to watch.
  const bool responds = time_of(files.lib("responder-heartbeat")).has_value();
  if (const auto wrong = complaint(files, "factory", arguments, now); !wrong.empty()) return end(2, wrong);
  if (responds)
    if (const auto wrong = complaint(files, "responder", arguments, now); !wrong.empty()) return end(2, wrong);
  if (const auto error = read_state(files.lib("factory-error"))) return end(2, error->substr(0, error->find('\n')));
  return end(0, responds ? "Factory + responder ok" : "Factory ok");
}

constexpr const char* usage = "check-vcycled [SECONDS] [--root DIRECTORY] [--now EPOCH]";

int help() {
  std::cout << usage
            << "\n\n"
               "For Nagios: is vcycled's heartbeat younger than so many seconds (default 600), and is all well?\n"
               "0 it is, 2 it is not, 3 this was not called well.\n";
  return 0;
}

/// Nagios reads standard output only.
int misused(const std::string& why) {
  say("check-vcycled was not called well: " + why + "; write " + usage);
  return 3;
}

}  // namespace

int main(int argc, char** argv) {
  Arguments arguments;
  const std::vector<std::string> words(argv + 1, argv + argc);
  bool limited = false;
  for (std::size_t i = 0; i < words.size(); ++i) {
    const auto& word = words[i];
    if (word == "--help" || word == "-h") return help();
    if (word == "--version") {
      std::cout << nephele::version << '\n';
      return 0;
    }
    if (word == "--root" || word == "--now") {
      if (++i == words.size()) return misused(word + " is without its value");
      if (word == "--root") arguments.root = words[i];
      if (word == "--now") arguments.now = number(words[i]);
      if (word == "--now" && !arguments.now) return misused("--now " + words[i] + " is no time");
      continue;
    }
    if (word.starts_with("--")) return misused(word + " is no option of it");
    if (limited) return misused(word + " is one word too many");
    limited = true;
    arguments.limit = number(word).value_or(usual_limit);
  }
  return check(arguments);
}
