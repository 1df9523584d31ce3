// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/settings/tree.h"

namespace nephele::settings {

/// Two numbers under `+`, `-`, `*`, or `/` for Python's `//`; errors stand at `place`.
Result<Node> arithmetic(const Place& place, const Node& left, const Node& right, char op);

}  // namespace nephele::settings
