// SPDX-License-Identifier: Apache-2.0
#include "manage/command_line.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <list>

#include "base/settings/settings.h"
#include "base/visible.h"

namespace nephele::manage {

namespace {

const std::vector<Option>& common_options() {
  static const std::vector<Option> options{
      {"--output-format", "FORMAT", "pretty, csv or json"},
      {"-v,--verbosity", "LEVEL", "0 says least, 3 says most; 1 is usual"},
      {"--settings", "MODULE", "accepted for Django's sake, without effect"},
      {"--pythonpath", "DIRECTORY", "accepted for Django's sake, without effect"},
      {"--traceback", "", "accepted for Django's sake, without effect"},
      {"--no-color", "", "accepted for Django's sake, without effect"},
  };
  return options;
}

/// The name that Call knows an option by: its long one.
std::string long_name(const Option& option) {
  const std::size_t comma = option.names.rfind(',');
  return comma == std::string::npos ? option.names : option.names.substr(comma + 1);
}

std::string overview(const Program& program, std::span<const Verb> verbs) {
  std::string out = fmt::format("{}\n\nUsage: {} VERB [ARGUMENT...] [OPTION...]\n       {} help VERB\n\nVerbs:\n",
                                program.about, program.name, program.name);
  std::size_t width = 0;
  for (const Verb& verb : verbs) width = std::max(width, verb.name.size());
  std::vector<const Verb*> sorted;
  for (const Verb& verb : verbs) sorted.push_back(&verb);
  std::ranges::sort(sorted, {}, [](const Verb* verb) { return std::string_view(verb->name); });
  for (const Verb* verb : sorted) out += fmt::format("  {:<{}}  {}\n", verb->name, width, verb->help);
  return out;
}

/// One verb's command line. Its answers land in lists whose nodes stay where they are.
class VerbLine {
 public:
  VerbLine(const Program& program, const Verb& verb) : app_(verb.help, program.name + " " + verb.name) {
    app_.set_version_flag("--version", program.version);
    for (const Argument& argument : verb.arguments) add(argument);
    for (const Option& option : verb.options) add(option, "Options");
    for (const Option& option : program.options) add(option, "Common options");
    for (const Option& option : common_options()) add(option, "Common options");
  }

  void parse(const std::vector<std::string>& words) {
    std::vector<std::string> reversed(words.rbegin(), words.rend());  // as CLI11 takes them
    app_.parse(std::move(reversed));
  }

  Call::Words words() const {
    Call::Words out;
    for (const auto& [name, values] : values_)
      if (!values.empty()) out[name] = values;
    for (const auto& [name, count] : flags_)
      if (count > 0) out[name] = {};
    return out;
  }

  CLI::App& app() noexcept { return app_; }

 private:
  void add(const Argument& argument) {
    auto& values = values_.emplace_back(argument.name, std::vector<std::string>{}).second;
    auto* added = app_.add_option(argument.name, values, argument.help);
    if (!argument.optional) added->required();
    // At least one, where there is one at all: CLI11 gives no word to a positional that wants none.
    if (argument.many)
      added->expected(1, CLI::detail::expected_max_vector_size);
    else
      added->expected(1)->allow_extra_args(false);
  }
  void add(const Option& option, const std::string& group) {
    const std::string name = long_name(option);
    if (option.value.empty()) {
      auto& count = flags_.emplace_back(name, 0).second;
      app_.add_flag(option.names, count, option.help)->group(group)->disable_flag_override();
      return;
    }
    auto& values = values_.emplace_back(name, std::vector<std::string>{}).second;
    auto* added = app_.add_option(option.names, values, option.help)->type_name(option.value)->group(group);
    const auto blanks = static_cast<int>(std::ranges::count(option.value, ' '));
    added->type_size(blanks + 1)->expected(1)->allow_extra_args(false);
    option.repeated ? added->take_all() : added->take_last();
  }

  CLI::App app_;
  std::list<std::pair<std::string, std::vector<std::string>>> values_;
  std::list<std::pair<std::string, int>> flags_;
};

/// The words with a mask over what follows a secret option.
std::vector<std::string> masked(const Verb& verb, const std::vector<std::string>& words) {
  std::vector<std::string> out;
  bool hide = false;
  for (const std::string& word : words) {
    const std::size_t equals = word.find('=');
    const auto names = [&](const Option& option) {
      const std::string typed = word.substr(0, equals);
      return option.secret &&
             (option.names == typed || option.names.starts_with(typed + ",") || option.names.ends_with("," + typed));
    };
    // "-pSECRET": a short option whose value begins at once
    const auto glued = [&](const Option& option) {
      return option.secret && option.names.size() > 2 && option.names[2] == ',' && word.size() > 2 &&
             word.starts_with(option.names.substr(0, 2));
    };
    const bool named = std::ranges::any_of(verb.options, names);
    if (hide) {
      out.emplace_back("***");
    } else if (named && equals != std::string::npos) {
      out.push_back(word.substr(0, equals) + "=***");
    } else if (!named && std::ranges::any_of(verb.options, glued)) {
      out.push_back(word.substr(0, 2) + "***");
    } else {
      out.push_back(word);
    }
    hide = !hide && named && equals == std::string::npos;
  }
  return out;
}

Parsed no_such_verb(const Program& program, std::span<const Verb> verbs, const std::string& word) {
  std::vector<std::string> names{"help"};
  for (const Verb& verb : verbs) names.push_back(verb.name);
  const auto near = settings::did_you_mean(word, names);
  Parsed parsed{.status = 1};
  parsed.err = fmt::format("Unknown command: '{}'{}\nType '{} help' for usage.\n", visible(word).substr(0, 80),
                           near ? "; did you mean " + *near + "?" : "", program.name);
  return parsed;
}

/// Format and verbosity, which every verb has.
Result<Call> call_from(Call::Words words) {
  Format format = Format::pretty;
  std::int64_t verbosity = 1;
  const auto typed = [&words](std::string_view name) -> const std::string* {
    const auto found = words.find(name);
    return found == words.end() || found->second.empty() ? nullptr : &found->second.back();
  };
  if (const auto* name = typed("--output-format")) {
    TRY(format, format_from(*name));
  }
  if (const auto* level = typed("--verbosity")) {
    const auto value = value_from(Type::integer, *level);
    const auto* number = value ? std::get_if<std::int64_t>(&*value) : nullptr;
    if (number == nullptr || *number < 0 || *number > 3)
      return fail(Kind::invalid, fmt::format("--verbosity is \"{}\"; write 0, 1, 2 or 3", level->substr(0, 80)));
    verbosity = *number;
  }
  return Call(std::move(words), format, static_cast<int>(verbosity));
}

Parsed parse_verb(const Program& program, const Verb& verb, const std::vector<std::string>& words) {
  VerbLine line(program, verb);
  Parsed parsed{.verb = &verb, .masked = masked(verb, words)};
  const auto wrong = [&](const std::string& sentence) {
    parsed.verb = nullptr;
    parsed.err = fmt::format("{} {}: {}\n{} {} --help shows what it takes\n", program.name, verb.name, sentence,
                             program.name, verb.name);
    parsed.status = 2;
    return parsed;
  };
  try {
    line.parse(words);
  } catch (const CLI::CallForHelp&) {
    return {.out = line.app().help()};
  } catch (const CLI::CallForVersion& version) {
    return {.out = std::string(version.what()) + "\n"};
  } catch (const CLI::ParseError& error) {
    return wrong(error.what());
  }
  auto call = call_from(line.words());
  if (!call) return wrong(call.error().sentence());
  parsed.call = std::move(*call);
  return parsed;
}

}  // namespace

Parsed parse(const Program& program, std::span<const Verb> verbs, const std::vector<std::string>& words) {
  const auto find = [verbs](const std::string& name) -> const Verb* {
    const auto found = std::ranges::find(verbs, name, &Verb::name);
    return found == verbs.end() ? nullptr : &*found;
  };
  const std::string first = words.empty() ? "help" : words.front();
  if (first == "--version" || first == "version") return {.out = program.version + "\n"};
  if (first == "-h" || first == "--help" || first == "help") {
    if (first != "help" || words.size() < 2) return {.out = overview(program, verbs)};
    const Verb* verb = find(words[1]);
    return verb == nullptr ? no_such_verb(program, verbs, words[1]) : parse_verb(program, *verb, {"--help"});
  }
  const Verb* verb = find(first);
  if (verb == nullptr) return no_such_verb(program, verbs, first);
  return parse_verb(program, *verb, {words.begin() + 1, words.end()});
}

}  // namespace nephele::manage
