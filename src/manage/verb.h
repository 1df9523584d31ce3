// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "manage/call.h"
#include "manage/listing.h"

/// The verbs of `snf-manage` are rows of a table. A service adds its own in its manage.cpp:
///
///   std::vector<manage::Verb> manage_verbs(Desk& desk) {
///     return {manage::list_verb("user-list", "users, by name", users(desk)),
///             {.name = "user-show", .help = "one user", .arguments = {{"USER", "id or name"}},
///              .run = [&desk](const manage::Call& call, manage::Out& out) { return show_user(desk, call, out); }}};
///   }
namespace nephele::manage {

/// "NAME" on the command line; with `many` one or more of them.
struct Argument {
  std::string name;
  std::string help{};
  bool many = false;
  bool optional = false;
};

struct Option {
  std::string names;    ///< "--group" or "-g,--group"; Call knows it by the long one
  std::string value{};  ///< "GROUP"; empty for a flag; "RES MEMBER PROJECT" takes three words
  std::string help{};
  bool repeated = false;
  bool secret = false;  ///< masked in the log of commands
};

struct Verb {
  std::string name;
  std::string help;
  std::vector<Argument> arguments{};
  std::vector<Option> options{};
  std::function<Result<>(const Call&, Out&)> run;
  bool logged = true;  ///< false: it only tells what the program knows, and leaves no log of the command
};

/// A verb that prints a list, with -o, --list-fields, --filter-by, --list-filters, --no-headers and `-c`.
Verb list_verb(std::string name, std::string help, Listing listing, std::vector<Option> options = {});

}  // namespace nephele::manage
