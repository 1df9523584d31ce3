// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "base/secret.h"

namespace nephele::compute {

using ContextValues = std::vector<std::pair<std::string, Secret>>;

/// The text of context.sh: KEY='value' lines as guests of the Provision Engine source them. A quote inside a value
/// becomes '\''. Fails with `invalid` for a key that would be code and for a value with a NUL.
Result<Secret> context_script(const ContextValues& values);

bool is_context_key(std::string_view key) noexcept;

}  // namespace nephele::compute
