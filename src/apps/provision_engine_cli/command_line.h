// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "http/message.h"

namespace nephele::apps {

/// The two lines of the user guide; they name the tool as it does.
inline constexpr std::string_view client_usage =
    "CLI HTTP Client Usage:\n"
    "client.rb [get|post|put|delete] <URI> <JSON file path (for POST and PUT only)>\n";

struct CommandLine {
  bool usage = false;  ///< no or other words: the guide's client prints its usage and ends well
  bool help = false, version = false;
  http::Verb verb = http::Verb::get;
  std::string url;
  std::optional<std::string> file;
  bool fail = false;
  std::string ca_file;
  std::chrono::seconds timeout{120};
};

/// `[OPTION...] <get|post|put|delete> <URI> [FILE]`; the verb in any case. Only a wrong option is an error.
Result<CommandLine> parse_command_line(std::span<const std::string> words);

}  // namespace nephele::apps
