// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace nephele::identity {

using Variables = std::vector<std::pair<std::string_view, std::string>>;

/// `export NAME='value'`, a line each: a shell takes every value as it is, whatever it holds.
std::string exported(const Variables& variables);

}  // namespace nephele::identity
