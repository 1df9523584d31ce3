// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "base/result.h"

namespace nephele::http {

/// "https://host:443": what an error may name of a URL. Fails with `invalid` when it is none that Client can call: is
/// neither http nor https, or holds credentials.
Result<std::string> origin_of(const std::string& url);

}  // namespace nephele::http
