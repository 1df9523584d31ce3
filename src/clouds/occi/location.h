// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

/// Where machines are, and the ids in that.
namespace nephele::occi {

/// http, https, or from the service's root.
bool is_location(std::string_view text);
/// "abc-1" of "https://h/compute/abc-1", and of itself. Fails for what is no id.
Result<std::string> id_of_location(std::string_view url);
/// Of what has to be a URL: half of one is none.
Result<std::string> id_of_url(std::string_view text);

}  // namespace nephele::occi
