// SPDX-License-Identifier: Apache-2.0
#include "http/shown_path.h"

#include <algorithm>

namespace nephele::http {

namespace {

constexpr std::string_view mark = "{secret:";

bool is_parameter(std::string_view segment) {
  return segment.starts_with('{') && segment.ends_with('}');
}

/// Hides what stands in `path` where `route` has a secret, up to the first segment that the two do not share.
std::string hide(std::string_view route, std::string_view path) {
  std::string out;
  std::size_t from = 0, at = 0;  // the slashes before the present segments
  while (from < route.size() && at < path.size()) {
    const auto route_end = std::min(route.find('/', from + 1), route.size());
    const auto end = std::min(path.find('/', at + 1), path.size());
    const auto wanted = route.substr(from + 1, route_end - from - 1);
    const auto text = path.substr(at + 1, end - at - 1);
    if (!is_parameter(wanted) && percent_decode(text) != wanted) break;
    out += '/';
    if (wanted.starts_with(mark) && !text.empty())
      out.append("{").append(wanted.substr(mark.size()));
    else
      out += text;
    from = route_end;
    at = end;
  }
  return out.append(path.substr(at));
}

}  // namespace

std::string shown_path(std::string_view path, const Router::Entry* matched, std::span<const Router::Entry> all) {
  std::string shown(path);
  if (shown.empty() || shown.front() != '/') return shown;
  const auto first = shown.find_first_not_of('/');
  shown.erase(0, first == std::string::npos ? shown.size() - 1 : first - 1);  // as Router::find reads it
  for (const auto& entry : matched != nullptr ? std::span(matched, 1) : all)
    if (entry.path.contains(mark)) shown = hide(entry.path, shown);
  return shown;
}

}  // namespace nephele::http
