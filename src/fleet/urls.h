// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

namespace nephele::fleet {

/// Of a web server, and no path of this host.
constexpr bool is_url(std::string_view text) noexcept {
  return text.starts_with("http://") || text.starts_with("https://");
}

/// Whom http:// goes to, where that is another host than this one: what is sent there can be read on its way. Empty for
/// anything else.
std::string host_in_the_clear(std::string_view url);

/// The file name that stands for a URL in a cache: percent-encoded whole, or a hash where that is too long.
std::string cache_name(const std::string& url);

}  // namespace nephele::fleet
