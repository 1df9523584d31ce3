// SPDX-License-Identifier: Apache-2.0
#include "apps/provision_engine_cli/command_line.h"

#include <algorithm>
#include <charconv>
#include <vector>

namespace nephele::apps {

namespace {

constexpr std::int64_t timeout_s_max = 86'400;

Result<std::chrono::seconds> seconds_of(std::string_view text) {
  std::int64_t count = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
  if (error != std::errc() || end != text.data() + text.size() || count < 1 || count > timeout_s_max)
    return fail(Kind::invalid, "--timeout wants a number of seconds from 1 to " + std::to_string(timeout_s_max));
  return std::chrono::seconds(count);
}

std::optional<http::Verb> verb_of(std::string_view word) {
  for (const auto verb : {http::Verb::get, http::Verb::post, http::Verb::put, http::Verb::del})
    if (http::same_name(http::to_string(verb), word)) return verb;
  return std::nullopt;
}

/// `--name VALUE` or `--name=VALUE`: the value, and `i` stands on the last word that was used.
Result<std::string> value_of(std::span<const std::string> words, std::size_t& i, std::string_view name) {
  if (words[i].size() > name.size()) return words[i].substr(name.size() + 1);
  if (i + 1 == words.size()) return fail(Kind::invalid, std::string(name) + " wants a value");
  return words[++i];
}

bool is_option(const std::string& word, std::string_view name) {
  return word == name || (word.starts_with(name) && word[name.size()] == '=');
}

Result<> take_option(CommandLine& line, std::span<const std::string> words, std::size_t& i) {
  const auto& word = words[i];
  if (word == "--fail") {
    line.fail = true;
  } else if (word == "--help" || word == "-h") {
    line.help = true;
  } else if (word == "--version") {
    line.version = true;
  } else if (is_option(word, "--ca-file")) {
    TRY(line.ca_file, value_of(words, i, "--ca-file"));
  } else if (is_option(word, "--timeout")) {
    TRY(const auto text, value_of(words, i, "--timeout"));
    TRY(line.timeout, seconds_of(text));
  } else {
    return fail(Kind::invalid, "there is no option \"" + word + "\"; --help shows those that are");
  }
  return {};
}

}  // namespace

Result<CommandLine> parse_command_line(std::span<const std::string> words) {
  CommandLine line;
  std::vector<std::string> plain;
  bool options = true;
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (options && words[i] == "--") {
      options = false;
    } else if (options && words[i].size() > 1 && words[i].starts_with('-')) {
      TRY_VOID(take_option(line, words, i));
    } else {
      plain.push_back(words[i]);
    }
  }
  const auto verb = plain.empty() ? std::nullopt : verb_of(plain[0]);
  line.usage = !verb || plain.size() < 2;
  if (line.usage) return line;
  line.verb = *verb;
  line.url = plain[1];
  const bool takes_file = *verb == http::Verb::post || *verb == http::Verb::put;
  if (takes_file && plain.size() > 2) line.file = plain[2];
  return line;
}

}  // namespace nephele::apps
