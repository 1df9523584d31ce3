// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

namespace nephele::fleet {

/// Of a web server, and no path of this host.
constexpr bool is_url(std::string_view text) noexcept {
  return text.starts_with("http://") || text.starts_with("https://");
}

/// The file name that stands for a URL in a cache: percent-encoded whole, or a hash where that is too long.
std::string cache_name(const std::string& url);

}  // namespace nephele::fleet
