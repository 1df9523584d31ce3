// SPDX-License-Identifier: Apache-2.0
// The context CD-ROM: found by its label, mounted where nobody else sees it, read, and left as it was.
#pragma once

#include <optional>
#include <string>

namespace guest {

struct ContextDisc {
  std::string device;
  std::string text;  ///< context.sh as it stands
};

/// Reads the first medium labelled CONTEXT. When it carries a file `function`, that is copied to `function_copy`
/// (mode 0500) and otherwise nothing is written there.
std::optional<ContextDisc> read_context_disc(const std::string& function_copy);

/// True when a drive exists that may still become readable.
bool may_have_disc();

}  // namespace guest
