// SPDX-License-Identifier: Apache-2.0
#include "base/error.h"

#include <algorithm>

namespace nephele {

std::string_view to_string(Kind kind) noexcept {
  switch (kind) {
    case Kind::invalid:
      return "invalid";
    case Kind::unauthorized:
      return "unauthorized";
    case Kind::forbidden:
      return "forbidden";
    case Kind::not_found:
      return "not_found";
    case Kind::conflict:
      return "conflict";
    case Kind::over_quota:
      return "over_quota";
    case Kind::busy:
      return "busy";
    case Kind::unavailable:
      return "unavailable";
    case Kind::timeout:
      return "timeout";
    case Kind::internal:
      return "internal";
  }
  return "internal";
}

std::string_view Error::detail(std::string_view name) const noexcept {
  const auto found = std::ranges::find(details_, name, &std::pair<std::string, std::string>::first);
  return found == details_.end() ? std::string_view{} : std::string_view{found->second};
}

Error&& Error::about(std::string_view subject) && {
  sentence_.insert(0, std::string(subject) + ": ");
  return std::move(*this);
}

}  // namespace nephele
