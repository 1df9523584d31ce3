// SPDX-License-Identifier: Apache-2.0
#include "clouds/occi/location.h"

#include <algorithm>

namespace nephele::occi {

bool is_location(std::string_view text) {
  return text.starts_with("http://") || text.starts_with("https://") || text.starts_with('/');
}

Result<std::string> id_of_location(std::string_view url) {
  const auto slash = url.rfind('/');
  const auto id = slash == std::string_view::npos ? url : url.substr(slash + 1);
  const bool plain = std::ranges::all_of(id, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_' ||
           c == '.' || c == ':';
  });
  const bool whole = slash == std::string_view::npos || is_location(url);
  if (id.empty() || !plain || !whole || id == "." || id == "..")
    return fail(Kind::invalid, "it has a machine without an id");
  return std::string(id);
}

Result<std::string> id_of_url(std::string_view text) {
  return is_location(text) ? id_of_location(text) : fail(Kind::invalid, "it has a location that is no URL");
}

}  // namespace nephele::occi
