// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "base/settings/tree.h"

/// Settings files of the form `NAME = literal`, as Synnefo's /etc/synnefo/*.conf are. They are Python by origin and
/// never executed here. Understood: texts with prefixes, escapes, triple quotes and implicit joining, numbers, True,
/// False, None, lists, tuples (read as lists), dicts, names assigned before, `+` of texts, lists or numbers, and `-`,
/// `*`, `//` of numbers (`60 * 60`). Anything else is refused with its line.
namespace nephele::settings {

/// `earlier` holds names that files read before have assigned; the answer holds only this file's own.
Result<Document> read_python_literal(std::string_view text, const std::string& file, const Node* earlier = nullptr);

}  // namespace nephele::settings
