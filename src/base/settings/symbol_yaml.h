// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "base/settings/tree.h"

/// YAML with Ruby symbols for keys (`:port: 1337`), as Provision Engine's engine.conf is, also as Ruby dumps it. Plain
/// keys are the same keys; where both stand, the symbol wins. Scalars have Ruby's types: 30 is a number, '30' a text,
/// `:file` the text "file".
namespace nephele::settings {

/// A section whose members may stand unindented behind it, as the engine's guide prints its `:log:` section
/// (decision M6): taken into the section with a warning; a member inside the section wins.
struct Unindented {
  std::string_view section;
  std::span<const std::string_view> members;
};

/// An empty file is an empty table. The top level must be a table.
Result<Document> read_symbol_yaml(std::string_view text, const std::string& file,
                                  std::span<const Unindented> unindented = {});

}  // namespace nephele::settings
