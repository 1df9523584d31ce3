// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "manage/value.h"

namespace nephele::manage {

/// A column of a list: what --list-fields and --list-filters show, what -o and --filter-by name.
struct Column {
  std::string name;
  Type type = Type::text;
  std::string help;
  bool shown = true;         ///< without -o
  std::string shown_with{};  ///< also with this flag, such as "--display-mails"
};

}  // namespace nephele::manage
