// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "manage/verb.h"

namespace nephele::manage {

/// The program that the verbs belong to.
struct Program {
  std::string name;  ///< as it was called: "snf-manage"
  std::string version;
  std::string about;              ///< the first lines of its help
  std::vector<Option> options{};  ///< that every verb takes, beside the common ones
};

/// What a command line comes to: a verb and its call, or words to print and an exit status.
struct Parsed {
  const Verb* verb = nullptr;
  std::optional<Call> call{};
  std::vector<std::string> masked{};  ///< the words without what is secret, for logs
  std::string out{};
  std::string err{};
  int status = 0;
};

/// `VERB [ARGUMENT…] [OPTION…]`, `help [VERB]`, `VERB --help`, `--version`. Common to all verbs: --output-format,
/// --verbosity, and what callers of Django's programs pass along (--settings, --pythonpath, --traceback, --no-color),
/// which changes nothing here. Status 2 for a wrong option or argument, 1 for a verb that does not exist.
Parsed parse(const Program& program, std::span<const Verb> verbs, const std::vector<std::string>& words);

}  // namespace nephele::manage
