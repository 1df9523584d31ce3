// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "base/settings/tree.h"

/// Settings files of the form `NAME = literal`, as Synnefo's /etc/synnefo/*.conf are. They are Python by origin and
/// never executed here. Understood: texts with prefixes, escapes, triple quotes and implicit joining, numbers, True,
/// False, None, lists, tuples and sets (read as lists), dicts, names assigned before, `+` of texts, lists or numbers,
/// and `-`, `*`, `//` of numbers (`60 * 60`). Anything else is refused with its line.
namespace nephele::settings {

/// What more is taken of files that were written for Django.
struct PythonExtras {
  /// `LDAPSearch("ou=x", ldap.SCOPE_SUBTREE, filter="y")` is a table (python_call.h); a dotted name is its own text;
  /// `import` lines are passed over; set(), tuple(), list() and dict() are what they make.
  bool calls = false;
  /// A statement that is not understood and begins with a name of which this is false is left out with a warning.
  /// Empty: nothing is.
  std::function<bool(std::string_view name)> needed{};
};

/// `earlier` holds names that files read before have assigned; the answer holds only this file's own.
Result<Document> read_python_literal(std::string_view text, const std::string& file, const Node* earlier = nullptr,
                                     const PythonExtras& extras = {});

}  // namespace nephele::settings
