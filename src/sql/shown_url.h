// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

namespace nephele::sql {

/// Settings::url for people's eyes: `***` stands for each password in it.
std::string without_password(std::string url);

}  // namespace nephele::sql
