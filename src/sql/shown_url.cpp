// SPDX-License-Identifier: Apache-2.0
#include "sql/shown_url.h"

#include <algorithm>
#include <string_view>

namespace nephele::sql {

std::string without_password(std::string url) {
  constexpr std::string_view stars = "***";
  const auto scheme = url.find("://");
  if (scheme == std::string::npos) return url;
  const auto authority = scheme + 3;
  // As libpq reads it: the user's part ends at the first @ in front of the first slash.
  if (const auto at = url.find('@', authority); at < url.find('/', authority))
    if (const auto colon = url.find(':', authority); colon < at) url.replace(colon + 1, at - colon - 1, stars);
  for (const std::string_view name : {"password=", "sslpassword="})
    for (auto found = url.find(name, authority); found != std::string::npos; found = url.find(name, found + 1))
      if (const char before = url[found - 1]; before == '?' || before == '&') {
        const auto value = found + name.size();
        url.replace(value, std::min(url.find('&', value), url.size()) - value, stars);
      }
  return url;
}

}  // namespace nephele::sql
